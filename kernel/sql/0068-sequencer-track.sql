-- Logs are placed in two tracks, one for each half of the workspaces: on two processors twice as many leaves a second. A log is
-- always in the same track, so that one transaction at a time still gives its leaves their places.
set local role probity_door;

-- How many tracks there are is part of this function: a server that counted otherwise would place the leaves of one log beside
-- another. A release that changes it takes locks of other numbers, and these exclusively.
create function kernel.ledger_track(p_tenant uuid) returns integer
language sql immutable parallel safe
return get_byte(uuid_send(p_tenant), 15) & 1;
revoke all on function kernel.ledger_track(uuid) from public;

drop function kernel.sequence(integer);
drop function kernel.place_leaves(integer);

-- Places what waits, of every log of the track but those that are stopped.
create function kernel.place_leaves(p_limit integer, p_track integer) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  moved integer;
begin
  with taken as materialized (
    delete from kernel.ledger_inbox i
    where i.ctid = any (array(
      select w.ctid from kernel.ledger_inbox w
      where w.xid < pg_snapshot_xmin(pg_current_snapshot())
        and kernel.ledger_track(w.tenant_id) = p_track
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
revoke all on function kernel.place_leaves(integer, integer) from public;

-- A place that is taken means that somebody set a count back: that log is stopped, and the rest is placed.
create function kernel.sequence(p_limit integer, p_track integer) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  found_one boolean;
begin
  -- A server of an earlier release, still running, takes the first of these locks for all logs.
  if not pg_try_advisory_xact_lock_shared(7071, 1) or not pg_try_advisory_xact_lock(7071, 30 + p_track) then
    return 0;
  end if;
  begin
    return kernel.place_leaves(p_limit, p_track);
  exception when unique_violation then
    insert into kernel.ledger_stopped (tenant_id)
    select w.tenant_id from (select distinct i.tenant_id from kernel.ledger_inbox i where kernel.ledger_track(i.tenant_id) = p_track) w
    left join kernel.ledger_head h using (tenant_id)
    where exists (select from kernel.ledger_event e where e.tenant_id = w.tenant_id and e.seq >= coalesce(h.size, 0))
    on conflict do nothing;
    found_one := found;
  end;
  -- Anything else that is there twice is an error of its own.
  if not found_one then
    raise exception 'leaves could not be placed' using errcode = 'PB409';
  end if;
  return kernel.place_leaves(p_limit, p_track);
end $$;
revoke all on function kernel.sequence(integer, integer) from public;
grant execute on function kernel.sequence(integer, integer) to probity_worker;
