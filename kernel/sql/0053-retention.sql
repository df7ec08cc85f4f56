-- Retention (RET-01): what a policy says is kept so long goes when that time is over, unless a legal hold stands. Each class
-- tells when it last ran and what went; what a run takes out of the log's own reach leaves its leaf.
set local role probity_door;

create table kernel.retention_run (
  tenant_id uuid not null references kernel.workspace,
  class text not null,
  at timestamptz not null,
  outcome text not null check (outcome in ('done', 'held', 'failed')),
  gone bigint not null,
  detail text not null check (length(detail) <= 500),
  primary key (tenant_id, class)
);
comment on table kernel.retention_run is 'the newest run of each class of a workspace';
alter table kernel.retention_run enable row level security;
create policy tenant on kernel.retention_run for select to probity_app using (tenant_id = (select kernel.tenant()));
grant select on kernel.retention_run to probity_app;
insert into kernel.exempt_table values ('kernel.retention_run', 'the newest run of each retention class, written by the system credential alone; what it removed has its leaf');

create function kernel.check_retirer() returns uuid
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
begin
  if bound[3] <> 'kernel.retention.run' or bound[2] <> '00000000-0000-0000-0000-000000000001' then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  if exists (select from kernel.legal_hold h where h.tenant_id = bound[1]::uuid and h.released_at is null and h.deleted_at is null) then
    raise exception 'a legal hold stands' using errcode = 'PB409';
  end if;
  return bound[1]::uuid;
end $$;
revoke all on function kernel.check_retirer() from public;
grant execute on function kernel.check_retirer() to probity_owner;

create function kernel.note_retention(p_class text, p_outcome text, p_gone bigint, p_detail text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
begin
  if bound[3] <> 'kernel.retention.run' then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  insert into kernel.retention_run as r (tenant_id, class, at, outcome, gone, detail)
  values (bound[1]::uuid, p_class, clock_timestamp(), p_outcome, p_gone, left(p_detail, 500))
  on conflict (tenant_id, class) do update set at = excluded.at, outcome = excluded.outcome, gone = excluded.gone, detail = excluded.detail;
end $$;
grant execute on function kernel.note_retention(text, text, bigint, text) to probity_app;

-- Who read what, older than the policy says. The leaf of each batch stays, with the root over its events.
create function kernel.retire_access(p_before timestamptz) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  tenant constant uuid := kernel.check_retirer();
  gone bigint;
begin
  delete from kernel.access_event a where a.tenant_id = tenant and a.at < p_before;
  get diagnostics gone = row_count;
  return gone;
end $$;
grant execute on function kernel.retire_access(timestamptz) to probity_app;

-- Jobs that ended, and mails that were sent or failed.
create function kernel.retire_traces(p_before timestamptz) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  tenant constant uuid := kernel.check_retirer();
  jobs bigint;
  mails bigint;
begin
  delete from kernel.job j where j.tenant_id = tenant and j.state in ('done', 'failed') and j.updated_at < p_before;
  get diagnostics jobs = row_count;
  delete from identity.mail m where m.tenant_id = tenant and m.state in ('sent', 'failed') and m.created_at < p_before;
  get diagnostics mails = row_count;
  return jobs + mails;
end $$;
grant execute on function kernel.retire_traces(timestamptz) to probity_app;

-- What was deleted longer ago than the policy says, and what no other row still needs: row, versions and sealed values. Each
-- gets a tombstone that names the leaf staged for it.
create function kernel.bury(p_record text, p_rows uuid[], p_leaf uuid) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  tenant constant uuid := kernel.check_retirer();
begin
  insert into kernel.tombstone (tenant_id, row_id, record, leaf_id) select tenant, r, p_record, p_leaf from unnest(p_rows) r;
  delete from kernel.version_history h where h.tenant_id = tenant and h.record = p_record and h.row_id = any (p_rows);
end $$;
revoke all on function kernel.bury(text, uuid[], uuid) from public;
grant execute on function kernel.bury(text, uuid[], uuid) to probity_owner;

set local role probity_owner;

create function kernel.retire_candidates(p_before timestamptz) returns table (record text, row_id uuid)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  governed record;
  candidate uuid;
begin
  perform kernel.check_retirer();
  -- Rows that others still point at stay until those are gone: tried one by one, and put back.
  for governed in select g.record, g.relation from kernel.governed_table g where g.record not in ('kernel.membership', 'kernel.tenant_key') order by 1 loop
    for candidate in execute format('select id from %s where deleted_at < $1 and locked_at is null
        and (retain_until is null or retain_until < now()) order by deleted_at limit 500', governed.relation) using p_before loop
      begin
        execute format('delete from %s where id = $1', governed.relation) using candidate;
        raise exception 'put back' using errcode = 'PB000';
      exception
        when sqlstate 'PB000' then
          record := governed.record; row_id := candidate;
          return next;
        when foreign_key_violation then null;
      end;
    end loop;
  end loop;
end $$;
grant execute on function kernel.retire_candidates(timestamptz) to probity_app;

create function kernel.retire_rows(p_record text, p_rows uuid[], p_leaf uuid, p_before timestamptz) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  tenant constant uuid := kernel.check_retirer();
  gone bigint;
begin
  if not exists (select from kernel.governed_table g where g.record = p_record) then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  execute format('delete from %s where id = any ($1) and deleted_at < $2 and locked_at is null and (retain_until is null or retain_until < now())', p_record::regclass)
    using p_rows, p_before;
  get diagnostics gone = row_count;
  if gone <> cardinality(p_rows) then
    raise exception 'a row came back' using errcode = 'PB409';
  end if;
  delete from kernel.sealed_value v where v.tenant_id = tenant and v.record = p_record and v.row_id = any (p_rows);
  perform kernel.bury(p_record, p_rows, p_leaf);
  return gone;
end $$;
grant execute on function kernel.retire_rows(text, uuid[], uuid, timestamptz) to probity_app;

set local role probity_door;

-- Prunes a whole prefix of the log (C2SP tlog-tiles, minimum index): leaves and what opened them. The tiles of hashes stay, so
-- every later proof holds. Whole tiles alone, and only leaves that a signed checkpoint covers.
create function kernel.prune_ledger(p_minimum bigint, p_frontier jsonb, p_statement uuid) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  tenant constant uuid := kernel.check_retirer();
  newest timestamptz;
  gone bigint;
begin
  if p_minimum % 256 <> 0 or p_minimum <= 0 or p_minimum > coalesce((select l.size from kernel.ledger_log l where l.tenant_id = tenant), 0)
    or p_minimum <= coalesce((select m.minimum from kernel.ledger_minimum m where m.tenant_id = tenant), 0) then
    raise exception 'no prefix that may be pruned' using errcode = 'PB409';
  end if;
  select max(e.at) into newest from kernel.ledger_event e where e.tenant_id = tenant and e.seq < p_minimum;
  -- An erasure explains closed fields of leaves that are still there: the openings of its leaf outlive the leaf's own time.
  if exists (select from kernel.ledger_event e where e.tenant_id = tenant and e.seq < p_minimum
      and e.action in ('privacy.erasure.executed', 'retention.rows.retired', 'kernel.ledger.epoch.opened')) then
    raise exception 'the prefix explains what is kept' using errcode = 'PB409';
  end if;
  delete from kernel.ledger_opening o using kernel.ledger_event e
  where e.tenant_id = tenant and e.seq < p_minimum and o.tenant_id = tenant and o.leaf_id = e.leaf_id;
  delete from kernel.ledger_event e where e.tenant_id = tenant and e.seq < p_minimum;
  get diagnostics gone = row_count;
  insert into kernel.ledger_minimum as m (tenant_id, minimum, before, frontier, statement_id)
  values (tenant, p_minimum, newest + interval '1 millisecond', p_frontier, p_statement)
  on conflict (tenant_id) do update set minimum = excluded.minimum, before = greatest(m.before, excluded.before), frontier = excluded.frontier,
    statement_id = excluded.statement_id;
  return gone;
end $$;
grant execute on function kernel.prune_ledger(bigint, jsonb, uuid) to probity_app;

-- The leaf of this transaction that carries a mark among its fields: rows refer to it before it has its place.
create function kernel.leaf_marked(p_mark uuid) returns uuid
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select o.leaf_id from kernel.ledger_inbox i
  join kernel.ledger_opening o on o.tenant_id = i.tenant_id and o.leaf_id = (convert_from(i.leaf, 'UTF8')::jsonb ->> 'id')::uuid
  where i.tenant_id = kernel.tenant() and i.xid = pg_current_xact_id() and o.openings #>> '{mark,value}' = to_json(p_mark)::text
$$;
grant execute on function kernel.leaf_marked(uuid) to probity_app;
