-- Mail: written in the transaction of the act it tells of, sent by a job, kept sealed because it holds links. Once it is
-- sent nothing of its text stays.
set local role probity_owner;

create table identity.mail (
  id uuid primary key,
  template text not null,
  -- The workspace whose act it tells of; null for what concerns a person alone.
  tenant_id uuid,
  -- The person it goes to, where there is one already.
  user_id uuid references identity."user" on delete cascade,
  sealed bytea,
  state text not null default 'waiting' check (state in ('waiting', 'kept', 'sent', 'failed')),
  attempts integer not null default 0,
  problem text,
  next_at timestamptz not null default now(),
  created_at timestamptz not null default now(),
  settled_at timestamptz,
  check (sealed is not null or state in ('sent', 'failed'))
);
comment on table identity.mail is 'kept: there is no mail server, an owner hands the link on; the text is sealed under a key derived from the root key';
create index mail_of_tenant on identity.mail (tenant_id, created_at desc);
create index mail_of_user on identity.mail (user_id, created_at desc);
grant select, insert, update, delete on identity.mail to probity_identity;
grant select, insert on identity.mail to probity_door;

set local role probity_worker;

create function graphile_worker.probity_add_job_at(p_task text, p_payload json, p_key text, p_at timestamptz) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  select graphile_worker.add_job(p_task, p_payload, run_at => p_at, max_attempts => 5, job_key => p_key)
$$;
revoke all on function graphile_worker.probity_add_job_at(text, json, text, timestamptz) from public;
grant execute on function graphile_worker.probity_add_job_at(text, json, text, timestamptz) to probity_door;

set local role probity_door;

-- A mail that waits has its job, whichever role wrote it: in the same transaction, or not at all.
create function kernel.mail_waits() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  job constant uuid := gen_random_uuid();
  secret constant text := encode(sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')), 'hex');
begin
  insert into kernel.job_grant (id, secret_hash, tenant_id, actor_id, permissions, expires_at)
  values (job, sha256(convert_to(secret, 'UTF8')), '00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000001', '{}',
    new.next_at + interval '1 day');
  insert into kernel.job (tenant_id, id, task, subject_id, actor_id)
  values ('00000000-0000-0000-0000-000000000000', job, 'kernel.mail', new.id, '00000000-0000-0000-0000-000000000001');
  perform graphile_worker.probity_add_job_at('kernel.mail',
    json_build_object('job', job, 'secret', secret, 'subject', new.id), job::text, new.next_at);
  if random() < 0.01 then
    delete from kernel.job j where j.task = 'kernel.mail' and j.state in ('done', 'failed') and j.updated_at < now() - interval '7 days';
    delete from kernel.job_grant g where g.permissions = '{}' and g.expires_at < now() - interval '7 days';
  end if;
  return null;
end $$;
grant execute on function kernel.mail_waits() to probity_owner;

-- For transactions of the door: the bound workspace's own mail.
create function kernel.queue_mail(p_id uuid, p_template text, p_sealed bytea, p_user uuid) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
begin
  if bound[3] <> all (array['kernel.people.change', 'kernel.membership.accept', 'kernel.session.note', 'kernel.workspace.found']) then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  insert into identity.mail (id, template, tenant_id, sealed, user_id) values (p_id, p_template, bound[1]::uuid, p_sealed, p_user);
end $$;
grant execute on function kernel.queue_mail(uuid, text, bytea, uuid) to probity_app;

-- What the bound workspace may see of the outbox. Its own mail (invitations): owners and admins. Mail to a person: owners
-- alone, and only where that person belongs to this workspace and to no other, or to none while this one is the instance's
-- first: a link in it opens an account, and an account reaches all its workspaces. Never an owner's own: whoever reads it
-- could become that owner.
create function kernel.outbox()
returns table (id uuid, template text, state text, attempts integer, problem text, created_at timestamptz, settled_at timestamptz, sealed bytea, opens boolean)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
  bound_tenant constant uuid := bound[1]::uuid;
  acting text;
  first_one boolean;
begin
  if bound[3] <> all (array['kernel.outbox.read', 'kernel.outbox.open']) then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  select m.role into acting from kernel.membership m
  where m.tenant_id = bound_tenant and m.id = bound[2]::uuid and m.status = 'active' and m.deleted_at is null;
  select bound_tenant = (select w.id from kernel.workspace w
    where w.id <> '00000000-0000-0000-0000-000000000000' order by w.created_at, w.id limit 1) into first_one;
  return query
  select o.id, o.template, o.state, o.attempts, o.problem, o.created_at, o.settled_at, o.sealed,
    o.sealed is not null and (o.tenant_id = bound_tenant or acting = 'owner')
  from identity.mail o
  where o.created_at > now() - interval '30 days' and (
    o.tenant_id = bound_tenant
    or (o.tenant_id is null and acting = 'owner' and case
      when exists (select 1 from kernel.membership m where m.user_id = o.user_id and m.deleted_at is null and m.status = 'active') then
        not exists (select 1 from kernel.membership m where m.user_id = o.user_id and m.deleted_at is null and m.status = 'active'
          and (m.tenant_id <> bound_tenant or m.role = 'owner'))
      else first_one end))
  order by o.created_at desc
  limit 200;
end $$;
grant execute on function kernel.outbox() to probity_app;

set local role probity_owner;
create trigger mail_waits after insert on identity.mail for each row when (new.state = 'waiting') execute function kernel.mail_waits();
create trigger mail_waits_again after update of next_at on identity.mail for each row
  when (new.state = 'waiting' and new.next_at is distinct from old.next_at) execute function kernel.mail_waits();
