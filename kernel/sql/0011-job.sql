-- Jobs: enqueued in the causing transaction through a definer wrapper; the payload holds ids, the grant says what the
-- job may do. The row carries the progress that the page shows, so that it survives a kill.
set local role probity_worker;

-- graphile-worker's tables deny everyone but their owner (it ships row-level security without policies), so the one
-- way in is this function of the owner, and only the door may call it.
create function graphile_worker.probity_add_job(p_task text, p_payload json, p_key text) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  select graphile_worker.add_job(p_task, p_payload, max_attempts => 5, job_key => p_key)
$$;
revoke all on function graphile_worker.probity_add_job(text, json, text) from public;
grant usage on schema graphile_worker to probity_door;
grant execute on function graphile_worker.probity_add_job(text, json, text) to probity_door;

set local role probity_door;

create table kernel.job (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  task text not null,
  subject_id uuid,
  actor_id uuid not null,
  state text not null default 'waiting' check (state in ('waiting', 'running', 'done', 'failed')),
  stage text not null default 'waiting',
  done integer not null default 0,
  total integer not null default 0,
  problem jsonb,
  enqueued_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, id)
);
create index job_running on kernel.job (tenant_id, enqueued_at desc);
alter table kernel.job enable row level security;
create policy tenant on kernel.job for select to probity_app using (tenant_id = (select kernel.tenant()));
grant select on kernel.job to probity_app;
insert into kernel.exempt_table values ('kernel.job', 'progress of a job, written by definer functions alone; what the job changes leaves its own leaves');

create function kernel.enqueue(p_task text, p_subject uuid, p_permissions text[], p_grant_id uuid, p_secret text, p_total integer) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
begin
  -- A job may do what its enqueuer may do and nothing more: system tasks apart, each permission is checked here.
  if bound[2] <> '00000000-0000-0000-0000-000000000001' and exists (
    select 1 from unnest(p_permissions) wanted (permission)
    where not exists (
      select 1 from kernel.membership m join kernel.role_permission r on r.role = m.role
      where m.tenant_id = bound[1]::uuid and m.id = bound[2]::uuid and r.permission = wanted.permission)) then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  insert into kernel.job_grant (id, secret_hash, tenant_id, actor_id, permissions, expires_at)
  values (p_grant_id, sha256(convert_to(p_secret, 'UTF8')), bound[1]::uuid, bound[2]::uuid, p_permissions, now() + interval '1 day');
  insert into kernel.job (tenant_id, id, task, subject_id, actor_id, total)
  values (bound[1]::uuid, p_grant_id, p_task, p_subject, bound[2]::uuid, p_total);
  perform graphile_worker.probity_add_job(p_task, json_build_object('job', p_grant_id, 'secret', p_secret, 'subject', p_subject), p_grant_id::text);
end $$;
grant execute on function kernel.enqueue(text, uuid, text[], uuid, text, integer) to probity_app;

create function kernel.report_job(p_secret text, p_state text, p_stage text, p_done integer, p_total integer, p_problem jsonb) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  update kernel.job j set state = p_state, stage = p_stage, done = p_done, total = p_total, problem = p_problem, updated_at = clock_timestamp()
  from kernel.job_grant g
  where g.secret_hash = sha256(convert_to(p_secret, 'UTF8')) and g.ended_at is null and j.tenant_id = g.tenant_id and j.id = g.id;
  if not found then
    raise exception 'job_ended' using errcode = 'PB401';
  end if;
  if p_state in ('done', 'failed') then
    update kernel.job_grant g set ended_at = now() where g.secret_hash = sha256(convert_to(p_secret, 'UTF8'));
  end if;
end $$;
grant execute on function kernel.report_job(text, text, text, integer, integer, jsonb) to probity_app;
