-- Probes: the instance tests its own promises and keeps what came of it. The results are append-only, each run leaves a
-- leaf in the instance's log, and the two workspaces the probes act in count as nobody's.
set local role probity_door;

create table kernel.probe_workspace (
  tenant_id uuid primary key references kernel.workspace
);
comment on table kernel.probe_workspace is 'scratch workspaces of the probes: they set no instance up and are no customer';

-- Only in the transaction that founds it: a workspace with people in it can't be made a probe's afterwards.
create function kernel.mark_probe_workspace() returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
begin
  if bound[3] <> 'kernel.workspace.found' then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  insert into kernel.probe_workspace (tenant_id) values (bound[1]::uuid);
end $$;
grant execute on function kernel.mark_probe_workspace() to probity_app;

create or replace function kernel.instance_is_set_up() returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select exists (select 1 from kernel.workspace w
    where w.id <> '00000000-0000-0000-0000-000000000000' and not exists (select 1 from kernel.probe_workspace p where p.tenant_id = w.id))
$$;

create or replace function kernel.only_workspace() returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant uuid := kernel.tenant();
begin
  perform pg_advisory_xact_lock(7071, 13);
  return not exists (select 1 from kernel.workspace w
    where w.id not in (bound, '00000000-0000-0000-0000-000000000000') and not exists (select 1 from kernel.probe_workspace p where p.tenant_id = w.id));
end $$;

create table kernel.probe_result (
  id uuid primary key,
  run_id uuid not null,
  at timestamptz not null default clock_timestamp(),
  control text not null,
  probe text not null,
  kind text not null check (kind in ('catalogue', 'read-only', 'scratch', 'attestation')),
  outcome text not null check (outcome in ('held', 'broken')),
  detail text not null check (length(detail) <= 2000)
);
comment on table kernel.probe_result is 'what each probe found and when; the clock is the database''s, not the caller''s';
create index probe_result_latest on kernel.probe_result (control, probe, at desc);

-- Results are added and never changed, by the owner neither: a red result can't be made to go away.
create function kernel.probe_result_stays() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  raise exception 'probe results are append-only' using errcode = 'PB003';
end $$;
create trigger stays before update or delete or truncate on kernel.probe_result for each statement execute function kernel.probe_result_stays();

-- Writes one run: its results, and the leaf that commits to them, together or not at all.
create function kernel.note_probes(p_secret text, p_run uuid, p_leaf bytea, p_openings jsonb, p_results jsonb) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform 1 from kernel.system_credential c
  where c.secret_hash = sha256(convert_to(p_secret, 'UTF8')) and 'kernel.probe' = any (c.permissions);
  if not found then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  insert into kernel.ledger_inbox (tenant_id, leaf, action)
  values ('00000000-0000-0000-0000-000000000000', p_leaf, 'kernel.probe.run');
  insert into kernel.ledger_opening (tenant_id, leaf_id, openings)
  values ('00000000-0000-0000-0000-000000000000', (convert_from(p_leaf, 'UTF8')::jsonb ->> 'id')::uuid, p_openings);
  insert into kernel.probe_result (id, run_id, control, probe, kind, outcome, detail)
  select r.id, p_run, r.control, r.probe, r.kind, r.outcome, left(r.detail, 2000)
  from jsonb_to_recordset(p_results) as r (id uuid, control text, probe text, kind text, outcome text, detail text);
end $$;
grant execute on function kernel.note_probes(text, uuid, bytea, jsonb, jsonb) to probity_app;

-- The newest result of each named probe; one look-up in the index a probe. What it tells is public.
create function kernel.latest_probes(p_names jsonb)
returns table (control text, probe text, at timestamptz, outcome text, detail text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select l.control, l.probe, l.at, l.outcome, l.detail
  from jsonb_to_recordset(p_names) as n (control text, probe text)
  cross join lateral (
    select r.* from kernel.probe_result r where r.control = n.control and r.probe = n.probe order by r.at desc limit 1) l
$$;
grant execute on function kernel.latest_probes(jsonb) to probity_app;
