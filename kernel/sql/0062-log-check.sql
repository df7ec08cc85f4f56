-- What is kept outside is compared with the log at the start; a log whose count was set back stops alone; another cluster
-- becomes a leaf.
set local role probity_door;

create table kernel.ledger_stopped (
  tenant_id uuid primary key,
  since timestamptz not null default clock_timestamp()
);
comment on table kernel.ledger_stopped is 'logs whose count is behind leaves that have their place: their leaves wait, those of others go on';
alter table kernel.ledger_stopped enable row level security;
create policy tenant on kernel.ledger_stopped for select to probity_app using (tenant_id = (select kernel.tenant()));
grant select on kernel.ledger_stopped to probity_app;
insert into kernel.exempt_table values
  ('kernel.ledger_stopped', 'logs that wait because their count was set back, written by the sequencer''s function alone');

-- Places what waits, of every log but those that are stopped.
create function kernel.place_leaves(p_limit integer) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  moved integer;
begin
  with taken as materialized (
    delete from kernel.ledger_inbox i
    where i.ctid = any (array(
      select w.ctid from kernel.ledger_inbox w
      where w.xid < pg_snapshot_xmin(pg_current_snapshot())
        and w.tenant_id <> all (array(select s.tenant_id from kernel.ledger_stopped s))
      order by w.xid, w.id limit p_limit))
    returning i.*
  ), counted as materialized (
    select tenant_id, count(*) as n from taken group by tenant_id
  ), grown as (
    insert into kernel.ledger_head as h (tenant_id, size)
    select tenant_id, n from counted
    on conflict (tenant_id) do update set size = h.size + excluded.size
    returning h.tenant_id, h.size
  ), placed as (
    insert into kernel.ledger_event (tenant_id, seq, leaf_id, leaf, leaf_hash, at, actor_id, action, record, row_id, version, outcome)
    select t.tenant_id,
      g.size - c.n + row_number() over (partition by t.tenant_id order by t.xid, t.id) - 1,
      case when p.plain then convert_from(substring(t.leaf from p.here + 40 for 36), 'UTF8') else convert_from(t.leaf, 'UTF8')::json ->> 'id' end::uuid,
      t.leaf, sha256('\x00'::bytea || t.leaf),
      case when p.plain then convert_from(substring(t.leaf from p.here + 8 for 24), 'UTF8') else convert_from(t.leaf, 'UTF8')::json ->> 'at' end::timestamptz,
      case when p.plain then convert_from(substring(t.leaf from p.here - 36 for 36), 'UTF8') else convert_from(t.leaf, 'UTF8')::json ->> 'actor' end::uuid,
      t.action, t.record, t.row_id, t.version,
      case when p.plain then 'done' else convert_from(t.leaf, 'UTF8')::json ->> 'outcome' end
    from taken t
    join grown g using (tenant_id)
    join counted c using (tenant_id)
    -- {"action":…,"actor":"36 bytes","at":"24 bytes","id":"36 bytes","outcome":"done"…: inside a JSON string a quotation mark
    -- is escaped, so that the first of these marks is the true one.
    cross join lateral (
      select h.here, substring(t.leaf from h.here + 32 for 8) = '","id":"'::bytea
        and substring(t.leaf from h.here + 76 for 18) = '","outcome":"done"'::bytea
        and position('\x5c'::bytea in substring(t.leaf from h.here + 8 for 24)) = 0 as plain
      from (select position('","at":"'::bytea in t.leaf) as here offset 0) h offset 0) p
    returning 1
  )
  select count(*) into moved from placed;
  return moved;
end $$;
revoke all on function kernel.place_leaves(integer) from public;

-- A place that is taken means that somebody set a count back: that log is stopped, and the rest is placed.
create or replace function kernel.sequence(p_limit integer) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  found_one boolean;
begin
  if not pg_try_advisory_xact_lock(7071, 1) then
    return 0;
  end if;
  begin
    return kernel.place_leaves(p_limit);
  exception when unique_violation then
    insert into kernel.ledger_stopped (tenant_id)
    select w.tenant_id from (select distinct i.tenant_id from kernel.ledger_inbox i) w
    left join kernel.ledger_head h using (tenant_id)
    where exists (select from kernel.ledger_event e where e.tenant_id = w.tenant_id and e.seq >= coalesce(h.size, 0))
    on conflict do nothing;
    found_one := found;
  end;
  -- Anything else that is there twice is an error of its own.
  if not found_one then
    raise exception 'leaves could not be placed' using errcode = 'PB409';
  end if;
  return kernel.place_leaves(p_limit);
end $$;

-- Logs that have fewer leaves than were signed, or a count behind the leaves they have.
create or replace function kernel.ledger_shrunk(p_fence bigint) returns table (log_id uuid)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select l.tenant_id from kernel.ledger_log l left join kernel.ledger_head h on h.tenant_id = l.tenant_id
  where l.tenant_id <> 'ffffffff-ffff-ffff-ffff-ffffffffffff' and l.size > coalesce(h.size, 0)
  union
  select s.tenant_id from kernel.ledger_stopped s
  union all
  select l.tenant_id from kernel.ledger_log l
  where l.tenant_id = 'ffffffff-ffff-ffff-ffff-ffffffffffff' and l.size > (select coalesce(max(f.index) + 1, 0) from kernel.ledger_platform f)
$$;

-- A stopped log that two owners let go on counts what it has.
create function kernel.ledger_release(p_fence bigint) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform kernel.ledger_fenced(p_fence);
  with released as (
    delete from kernel.ledger_stopped s using kernel.ledger_epoch e
    where e.tenant_id = s.tenant_id and e.opened_at > s.since
    returning s.tenant_id)
  insert into kernel.ledger_head as h (tenant_id, size)
  select r.tenant_id, (select coalesce(max(e.seq) + 1, 0) from kernel.ledger_event e where e.tenant_id = r.tenant_id) from released r
  on conflict (tenant_id) do update set size = greatest(h.size, excluded.size);
end $$;

-- The newest checkpoint that was given outside, of each log, as it is remembered here.
create function kernel.ledger_anchored(p_fence bigint) returns table (holder text, note text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  (select distinct on (a.tenant_id) a.holder, a.note from kernel.anchor a
   where a.outcome = 'done' and a.note is not null and a.kind in ('mail', 'webhook', 'download') order by a.tenant_id, a.at desc)
  union all
  (select a.holder, a.note from kernel.anchor a
   where a.outcome = 'done' and a.note is not null and a.kind in ('witness', 'rfc3161') order by a.at desc limit 1)
$$;
create function kernel.ledger_witnesses(p_fence bigint) returns table (name text, address text, vkey text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select distinct on (t.address, t.vkey) t.name, t.address, t.vkey from kernel.anchor_target t
  where t.kind = 'witness' and t.deleted_at is null order by t.address, t.vkey limit 20
$$;

-- The cluster that is known stays until its change is a leaf of every log.
create or replace function kernel.ledger_acquire(p_holder text, p_host text)
returns table (fence bigint, host text, cluster text, cluster_before text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  here text;
  before text;
begin
  if not pg_try_advisory_lock(7071, 20) then
    return;
  end if;
  begin
    select system_identifier::text into here from pg_control_system();
  exception when insufficient_privilege then
    here := null;
  end;
  select p.cluster into before from kernel.ledger_publisher p for update;
  if here is not null and before is not null and here <> before then
    lock table kernel.ledger_inbox in access exclusive mode;
    update kernel.ledger_inbox set xid = pg_current_xact_id();
  end if;
  return query
    update kernel.ledger_publisher p
    set fence = p.fence + 1, holder = p_holder, host = coalesce(p.host, p_host), cluster = coalesce(p.cluster, here), beat_at = clock_timestamp()
    returning p.fence, p.host, coalesce(here, p.cluster), before;
end $$;
create function kernel.ledger_logs(p_fence bigint) returns setof uuid
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select h.tenant_id from kernel.ledger_head h order by 1
$$;
create function kernel.ledger_note_cluster(p_fence bigint, p_cluster text, p_logs uuid[], p_leaves bytea[], p_openings text[]) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform kernel.ledger_fenced(p_fence);
  update kernel.ledger_publisher p set cluster = p_cluster where p.fence = p_fence;
  insert into kernel.ledger_inbox (tenant_id, leaf, action)
  select g.log, g.leaf, 'kernel.ledger.cluster.changed' from unnest(p_logs, p_leaves) as g (log, leaf);
  insert into kernel.ledger_opening (tenant_id, leaf_id, openings)
  select g.log, (convert_from(g.leaf, 'UTF8')::jsonb ->> 'id')::uuid, g.openings::jsonb from unnest(p_logs, p_leaves, p_openings) as g (log, leaf, openings);
end $$;

grant execute on function kernel.ledger_release(bigint), kernel.ledger_anchored(bigint), kernel.ledger_witnesses(bigint), kernel.ledger_logs(bigint),
  kernel.ledger_note_cluster(bigint, text, uuid[], bytea[], text[]) to probity_worker;
