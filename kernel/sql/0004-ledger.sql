-- The ledger: a leaf is inserted without a lock in the transaction of the change it records; one fenced sequencer gives
-- it its place. Nobody holds UPDATE or DELETE on either table, the sequencer's definer function apart.
set local role probity_door;

create table kernel.ledger_inbox (
  xid xid8 not null default pg_current_xact_id(),
  id bigint generated always as identity,
  tenant_id uuid not null,
  leaf bytea not null check (length(leaf) <= 1024),
  action text not null,
  record text,
  row_id uuid,
  version integer,
  primary key (xid, id)
);
comment on table kernel.ledger_inbox is 'leaves that wait for their place; read in (xid, id) order below the oldest running transaction';
create index ledger_inbox_row on kernel.ledger_inbox (row_id, version);

create table kernel.ledger_event (
  tenant_id uuid not null,
  seq bigint not null,
  leaf_id uuid not null,
  leaf bytea not null,
  leaf_hash bytea not null,
  at timestamptz not null,
  actor_id uuid not null,
  action text not null,
  record text,
  row_id uuid,
  version integer,
  outcome text not null,
  primary key (tenant_id, seq)
);
comment on column kernel.ledger_event.leaf is 'the stored bytes are what is hashed (RFC 6962); every other column is read from them';
create index ledger_event_row on kernel.ledger_event (tenant_id, row_id, version);
create index ledger_event_at on kernel.ledger_event (tenant_id, at);

create table kernel.ledger_head (
  tenant_id uuid primary key,
  size bigint not null
);

-- What opens a leaf's field commitments: {field: {salt, value?}}; the value is kept here only where no record keeps it
-- (the caller's address). Forgetting a person removes their openings: the leaf still hashes, and nothing in it can be guessed.
create table kernel.ledger_opening (
  tenant_id uuid not null,
  leaf_id uuid not null,
  openings jsonb not null,
  primary key (tenant_id, leaf_id)
);

alter table kernel.ledger_inbox enable row level security;
alter table kernel.ledger_event enable row level security;
alter table kernel.ledger_opening enable row level security;
create policy tenant on kernel.ledger_event for select to probity_app using (tenant_id = (select kernel.tenant()));
create policy tenant on kernel.ledger_opening for select to probity_app using (tenant_id = (select kernel.tenant()));
grant select on kernel.ledger_event, kernel.ledger_opening to probity_app;

-- Puts one leaf into the inbox. The leaf speaks for itself: tenant and actor in its bytes must be the bound ones, so
-- that no caller writes history in another's name.
create function kernel.stage_leaf(p_leaf bytea, p_openings jsonb default '{}') returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
  body constant jsonb := convert_from(p_leaf, 'UTF8')::jsonb;
begin
  if body ->> 'tenant' is distinct from bound[1] or body ->> 'actor' is distinct from bound[2] then
    raise exception 'leaf of another tenant or actor' using errcode = 'PB003';
  end if;
  insert into kernel.ledger_inbox (tenant_id, leaf, action, record, row_id, version)
  values (bound[1]::uuid, p_leaf, body ->> 'action', body ->> 'record', (body ->> 'row')::uuid, (body ->> 'version')::integer);
  if p_openings <> '{}' then
    insert into kernel.ledger_opening (tenant_id, leaf_id, openings) values (bound[1]::uuid, (body ->> 'id')::uuid, p_openings);
  end if;
end $$;
grant execute on function kernel.stage_leaf(bytea, jsonb) to probity_app;

-- Gives waiting leaves their (tenant, seq): contiguous, in (xid, id) order, never past a running transaction. A reader
-- of "id > last" loses commits, because ids are drawn before commit. The advisory lock is the fence: a second
-- sequencer gets 0 and tries again later.
create function kernel.sequence(p_limit integer) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  moved integer;
begin
  if not pg_try_advisory_xact_lock(7071, 1) then
    return 0;
  end if;
  with taken as (
    delete from kernel.ledger_inbox i
    where (i.xid, i.id) in (
      select w.xid, w.id from kernel.ledger_inbox w
      where w.xid < pg_snapshot_xmin(pg_current_snapshot())
      order by w.xid, w.id limit p_limit)
    returning i.*
  ), grown as (
    insert into kernel.ledger_head as h (tenant_id, size)
    select tenant_id, count(*) from taken group by tenant_id
    on conflict (tenant_id) do update set size = h.size + excluded.size
    returning h.tenant_id, h.size
  ), counted as (
    select tenant_id, count(*) as n from taken group by tenant_id
  ), placed as (
    insert into kernel.ledger_event (tenant_id, seq, leaf_id, leaf, leaf_hash, at, actor_id, action, record, row_id, version, outcome)
    select t.tenant_id,
      g.size - c.n + row_number() over (partition by t.tenant_id order by t.xid, t.id) - 1,
      (b.body ->> 'id')::uuid, t.leaf, sha256('\x00'::bytea || t.leaf),
      (b.body ->> 'at')::timestamptz, (b.body ->> 'actor')::uuid, t.action, t.record, t.row_id, t.version,
      b.body ->> 'outcome'
    from taken t
    join grown g using (tenant_id)
    join counted c using (tenant_id)
    cross join lateral (select convert_from(t.leaf, 'UTF8')::jsonb as body) b
    returning 1
  )
  select count(*) into moved from placed;
  return moved;
end $$;
grant execute on function kernel.sequence(integer) to probity_worker;

-- How far the log is behind: the trust page shows it, and a long transaction anywhere in the cluster lets it grow.
create function kernel.ledger_lag() returns table (waiting bigint, oldest_ms double precision)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select count(*), coalesce(max(extract(epoch from clock_timestamp() - (convert_from(leaf, 'UTF8')::jsonb ->> 'at')::timestamptz) * 1000), 0)
  from kernel.ledger_inbox
$$;
grant execute on function kernel.ledger_lag() to probity_app, probity_worker;
