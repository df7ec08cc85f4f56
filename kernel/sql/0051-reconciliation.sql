-- Reconciliation: what the tables say and what the log says are compared, both ways, for one workspace. The guard keeps them
-- together while it is in force; who owns the database can take it away, and this is how it shows.
set local role probity_door;

-- Where a pruned log begins, and what stands for what is gone: the roots of the whole subtrees left of it (RFC 6962), so that
-- the root of the log is still computed. Its signed statement is the leaf.
create table kernel.ledger_minimum (
  tenant_id uuid primary key,
  minimum bigint not null check (minimum > 0),
  before timestamptz not null,
  frontier jsonb not null,
  statement_id uuid not null
);
alter table kernel.ledger_minimum enable row level security;
create policy tenant on kernel.ledger_minimum for select to probity_app using (tenant_id = (select kernel.tenant()));
grant select on kernel.ledger_minimum to probity_app;

-- A row that is gone for good, with the leaf that says so. Nothing of the row is in it.
create table kernel.tombstone (
  tenant_id uuid not null,
  row_id uuid not null,
  record text not null,
  leaf_id uuid not null,
  primary key (tenant_id, row_id)
);
alter table kernel.tombstone enable row level security;
create policy tenant on kernel.tombstone for select to probity_app using (tenant_id = (select kernel.tenant()));
grant select on kernel.tombstone to probity_app;

create table kernel.reconciliation (
  tenant_id uuid primary key references kernel.workspace,
  at timestamptz not null,
  noted_at timestamptz not null,
  events bigint not null,
  changes bigint not null,
  rows_seen bigint not null,
  found bigint not null,
  findings jsonb not null
);
comment on table kernel.reconciliation is 'the newest comparison of each workspace; findings name records and ids, never values';
alter table kernel.reconciliation enable row level security;
create policy tenant on kernel.reconciliation for select to probity_app using (tenant_id = (select kernel.tenant()));
grant select on kernel.reconciliation to probity_app;

insert into kernel.exempt_table values
  ('kernel.ledger_minimum', 'where a pruned log begins; written by the pruning function with its leaf alone'),
  ('kernel.tombstone', 'rows that are gone, each with its leaf; written by the functions that remove them alone'),
  ('kernel.reconciliation', 'the newest comparison of log and tables; written by the system credential alone');

-- The log against itself and against the history, for the bound workspace. STABLE: everything is seen by the snapshot of the
-- query that calls it, so that what is being written meanwhile is no finding.
create function kernel.reconcile_log()
returns table (kind text, seq bigint, record text, row_id uuid, version integer)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  tenant constant uuid := ((kernel.checked_binding())[1])::uuid;
  first_kept bigint;
  kept_from timestamptz;
begin
  select m.minimum, m.before into first_kept, kept_from from kernel.ledger_minimum m where m.tenant_id = tenant;
  first_kept := coalesce(first_kept, 0);

  -- The head counts every event there ever was; places are counted without a gap.
  return query
    select 'events_missing', g.seq, null::text, null::uuid, null::integer
    from (
      select e.seq + 1 as seq, lead(e.seq, 1, h.size) over (order by e.seq) as following
      from kernel.ledger_event e cross join (select coalesce((select l.size from kernel.ledger_head l where l.tenant_id = tenant), 0) as size) h
      where e.tenant_id = tenant) g
    where g.following > g.seq
    union all
    select 'events_missing', first_kept, null, null, null
    where coalesce((select min(e.seq) from kernel.ledger_event e where e.tenant_id = tenant),
        (select l.size from kernel.ledger_head l where l.tenant_id = tenant), first_kept) > first_kept
    limit 1000;
  return query
    select 'events_beyond_head', e.seq, null::text, null::uuid, null::integer
    from kernel.ledger_event e
    where e.tenant_id = tenant and e.seq >= coalesce((select l.size from kernel.ledger_head l where l.tenant_id = tenant), 0)
    limit 1000;

  -- The bytes are what counts (RFC 6962): hash and columns must be theirs.
  return query
    select 'leaf_altered', e.seq, e.record, e.row_id, e.version
    from kernel.ledger_event e
    cross join lateral (select convert_from(e.leaf, 'UTF8')::jsonb as body) b
    where e.tenant_id = tenant
      and (e.leaf_hash <> sha256('\x00'::bytea || e.leaf)
        or (e.leaf_id, e.actor_id, e.action, e.outcome, tenant, e.at) is distinct from
           ((b.body ->> 'id')::uuid, (b.body ->> 'actor')::uuid, b.body ->> 'action', b.body ->> 'outcome', (b.body ->> 'tenant')::uuid, (b.body ->> 'at')::timestamptz)
        or (e.record, e.row_id, e.version) is distinct from (b.body ->> 'record', (b.body ->> 'row')::uuid, (b.body ->> 'version')::integer))
    limit 1000;

  -- No change without its leaf. What a pruned log has left behind is answered for by its statement.
  return query
    select 'change_without_leaf', null::bigint, h.record, h.row_id, h.version
    from kernel.version_history h
    where h.tenant_id = tenant and h.at >= coalesce(kept_from, '-infinity')
      and not exists (select from kernel.ledger_event e
        where e.tenant_id = tenant and e.row_id = h.row_id and e.version = h.version and e.record = h.record and e.actor_id = h.actor_id)
      and not exists (select from kernel.ledger_inbox i
        where i.tenant_id = tenant and i.row_id = h.row_id and i.version = h.version and i.record = h.record)
    limit 1000;

  -- No leaf without its change, or the tombstone that says where it went, with a leaf of its own that names the row.
  return query
    select 'leaf_without_change', e.seq, e.record, e.row_id, e.version
    from kernel.ledger_event e
    where e.tenant_id = tenant and e.version is not null
      and not exists (select from kernel.version_history h
        where h.tenant_id = tenant and h.row_id = e.row_id and h.version = e.version and h.record = e.record)
      and not exists (select from kernel.tombstone t
        join kernel.ledger_opening o on o.tenant_id = tenant and o.leaf_id = t.leaf_id
        where t.tenant_id = tenant and t.row_id = e.row_id and t.record = e.record
          and o.openings #>> '{rows,value}' like '%' || t.row_id || '%'
          and (exists (select from kernel.ledger_event s where s.tenant_id = tenant and s.leaf_id = t.leaf_id)
            or exists (select from kernel.ledger_inbox s where s.tenant_id = tenant and (convert_from(s.leaf, 'UTF8')::jsonb ->> 'id')::uuid = t.leaf_id)))
    limit 1000;

  return query
    select 'change_twice', max(e.seq), e.record, e.row_id, e.version
    from kernel.ledger_event e
    where e.tenant_id = tenant and e.version is not null
    group by e.record, e.row_id, e.version having count(*) > 1
    limit 1000;
end $$;
grant execute on function kernel.reconcile_log() to probity_app, probity_owner;

-- How much there is to compare: a comparison of nothing must not look like one that found nothing.
create function kernel.reconcile_counts() returns table (events bigint, changes bigint, size bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select (select count(*) from kernel.ledger_event e where e.tenant_id = b.tenant),
    (select count(*) from kernel.version_history h where h.tenant_id = b.tenant),
    coalesce((select h.size from kernel.ledger_head h where h.tenant_id = b.tenant), 0)
  from (select ((kernel.checked_binding())[1])::uuid as tenant) b
$$;
grant execute on function kernel.reconcile_counts() to probity_app, probity_owner;

-- Every row of every governed table against the newest version its history keeps. No definer: it reads what its caller may.
-- The kept version is read back into the row's own type: columns that came later, and secrets the history never keeps, count
-- as they are, and no setting of the session (time zone, date style) has a say.
create function kernel.reconcile_rows()
returns table (kind text, seq bigint, record text, row_id uuid, version integer, seen bigint)
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp as $$
declare
  tenant constant uuid := kernel.tenant();
  governed record;
  counted bigint;
begin
  for governed in
    select g.record, g.relation from kernel.governed_table g where to_regclass(g.record) is not null order by 1
  loop
    return query execute format(
      'with newest as (
         select distinct on (h.row_id) h.row_id, h.version, h.body from kernel.version_history h
         where h.record = %L and h.tenant_id = %L order by h.row_id, h.version desc)
       select case when n.row_id is null then ''row_without_history'' when t.id is null then ''row_missing'' else ''row_altered'' end,
         null::bigint, %L, coalesce(t.id, n.row_id), coalesce(t.version, n.version), null::bigint
       from (select * from %s where tenant_id = %L) t full join newest n on n.row_id = t.id
       where n.row_id is null or t.id is null or jsonb_populate_record(null::%s, to_jsonb(t) || n.body) is distinct from jsonb_populate_record(null::%s, to_jsonb(t))
       limit 1000', governed.record, tenant, governed.record, governed.relation, tenant, governed.relation, governed.relation);
    execute format('select count(*) from %s where tenant_id = %L', governed.relation, tenant) into counted;
    kind := 'counted'; seq := null; record := governed.record; row_id := null; version := null; seen := counted;
    return next;
  end loop;
end $$;
grant execute on function kernel.reconcile_rows() to probity_app, probity_owner;
-- The doctor compares as the owner of the tables, bound to one workspace like everybody.
alter policy tenant on kernel.version_history to probity_app, probity_owner;
grant select on kernel.version_history to probity_owner;

create function kernel.note_reconciliation(p_noted boolean, p_events bigint, p_changes bigint, p_rows bigint, p_found bigint, p_findings jsonb) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
begin
  if bound[3] <> 'kernel.ledger.reconcile' then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  insert into kernel.reconciliation as r (tenant_id, at, noted_at, events, changes, rows_seen, found, findings)
  values (bound[1]::uuid, clock_timestamp(), clock_timestamp(), p_events, p_changes, p_rows, p_found, p_findings)
  on conflict (tenant_id) do update set at = excluded.at, noted_at = case when p_noted then excluded.at else r.noted_at end,
    events = excluded.events, changes = excluded.changes, rows_seen = excluded.rows_seen, found = excluded.found, findings = excluded.findings;
end $$;
grant execute on function kernel.note_reconciliation(boolean, bigint, bigint, bigint, bigint, jsonb) to probity_app;

-- Every workspace with a log that can be entered, those of the probes and the instance's own too. Needs the system credential.
create function kernel.logged_workspaces(p_secret text) returns setof uuid
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform 1 from kernel.system_credential c
  where c.secret_hash = sha256(convert_to(p_secret, 'UTF8')) and 'kernel.ledger.reconcile' = any (c.permissions);
  if not found then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  return query select w.id from kernel.workspace w where w.frozen_at is null and w.closed_at is null;
end $$;
grant execute on function kernel.logged_workspaces(text) to probity_app;

-- For the trust page: how the workspaces stand, none of them named. One that was never compared counts as the oldest.
create function kernel.reconciliation_state()
returns table (workspaces bigint, compared bigint, oldest timestamptz, found bigint, events bigint, changes bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select count(*), count(r.tenant_id), min(coalesce(r.at, w.created_at)), coalesce(sum(r.found), 0)::bigint,
    coalesce(sum(r.events), 0)::bigint, coalesce(sum(r.changes), 0)::bigint
  from kernel.workspace w left join kernel.reconciliation r on r.tenant_id = w.id
  where w.closed_at is null and w.frozen_at is null
$$;
grant execute on function kernel.reconciliation_state() to probity_app;

-- Openings hold what the fields of a leaf say. Where records have an audience, what a leaf says of one is for those who see it.
create index ledger_event_leaf on kernel.ledger_event (tenant_id, leaf_id);
-- No definer: the record's own policies answer.
create function kernel.may_open(p_leaf uuid) returns boolean
language plpgsql stable parallel restricted security invoker set search_path = pg_catalog, pg_temp as $$
declare
  event record;
begin
  select e.record, e.row_id into event from kernel.ledger_event e where e.tenant_id = kernel.tenant() and e.leaf_id = p_leaf;
  return found and (event.record is null or event.row_id is null or kernel.may_see(event.record, event.row_id));
end $$;
grant execute on function kernel.may_open(uuid) to probity_app;
create policy audience on kernel.ledger_opening as restrictive for select to probity_app
  using ((select kernel.audience_open()) or kernel.may_open(leaf_id));
