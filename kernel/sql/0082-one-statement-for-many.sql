-- What every request pays for, paid for many at once: leases of rate budgets, and the events of what was read.
set local role probity_door;

-- Many leases as one statement: each is granted what kernel.lease_budget grants it alone, answered in the order they were asked
-- for. A key is asked for once. The rows are locked in the order of their keys, so two processes that ask for the same ones wait
-- for each other and never in a circle; for the same reason rows that somebody else is forgetting are left to them.
create function kernel.lease_budgets(
  p_names text[], p_sources text[], p_windows_seconds integer[], p_limits integer[], p_blocks integer[]
) returns table (granted integer, ends_at timestamptz)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  most constant integer := 1000000000;
  second constant bigint := floor(extract(epoch from now()))::bigint;
begin
  perform set_config('synchronous_commit', 'off', true);
  return query
  with asked as materialized (
    select a.place, a.name, a.source, a.window_seconds, a.units, least(greatest(a.block, 0), 1000000) as block,
      to_timestamp(second / a.window_seconds * a.window_seconds) as start
    from unnest(p_names, p_sources, p_windows_seconds, p_limits, p_blocks)
      with ordinality as a (name, source, window_seconds, units, block, place)
  ), taken as (
    insert into kernel.budget as b (name, source, window_start, used)
    select a.name, a.source, a.start, a.block from asked a order by a.name collate "C", a.source collate "C", a.start
    on conflict (name, source, window_start) do update set used = least(b.used, most) + excluded.used
    returning b.name, b.source, b.window_start, b.used
  )
  select greatest(0, least(a.block, a.units - (t.used - a.block))), a.start + make_interval(secs => a.window_seconds)
  from asked a join taken t on t.name = a.name and t.source = a.source and t.window_start = a.start
  order by a.place;
  if random() < 0.001 * cardinality(p_names) then
    delete from kernel.budget b where b.ctid = any (array(
      select o.ctid from kernel.budget o where o.window_start < now() - interval '2 days' for update skip locked));
  end if;
end $$;
revoke all on function kernel.lease_budgets(text[], text[], integer[], integer[], integer[]) from public;
grant execute on function kernel.lease_budgets(text[], text[], integer[], integer[], integer[]) to probity_app;

-- What was read, of a few workspaces, with the leaf of each: a kind is told once (its workspace's place among the leaves, who,
-- what, from where), an event only what is its own. One that names a kind nobody told is refused with all others.
-- kernel.note_access stays: a server of the release before may still run, and what it writes is not to be lost.
create function kernel.note_accesses(
  p_secret text, p_tenants uuid[], p_leaves bytea[], p_openings jsonb[], p_kinds json,
  p_events_kinds integer[], p_ids uuid[], p_times timestamptz[], p_rows uuid[], p_counts integer[]
) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  leaves uuid[];
  written bigint;
begin
  perform 1 from kernel.system_credential c
  where c.secret_hash = sha256(convert_to(p_secret, 'UTF8')) and 'kernel.access.note' = any (c.permissions);
  if not found then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  with told as (
    select t.place, t.tenant, t.leaf, convert_from(t.leaf, 'UTF8')::jsonb as body
    from unnest(p_tenants, p_leaves) with ordinality as t (tenant, leaf, place)
  ), staged as (
    insert into kernel.ledger_inbox (tenant_id, leaf, action)
    select t.tenant, t.leaf, t.body ->> 'action' from told t order by t.place
  )
  select array_agg((t.body ->> 'id')::uuid order by t.place) into leaves from told t;
  insert into kernel.ledger_opening (tenant_id, leaf_id, openings)
  select t.tenant, t.leaf, t.openings from unnest(p_tenants, leaves, p_openings) as t (tenant, leaf, openings)
  where t.openings <> '{}';
  insert into kernel.access_event (tenant_id, id, batch_id, at, actor_id, permission, record, row_id, outcome, source, count, via)
  select p_tenants[k.batch], e.id, leaves[k.batch], e.at, k.actor, k.permission, k.record, e.row, k.outcome, k.source, e.count, k.via
  from unnest(p_events_kinds, p_ids, p_times, p_rows, p_counts) as e (kind, id, at, row, count)
  join json_to_recordset(p_kinds) as k
    (place integer, batch integer, actor uuid, permission text, record text, outcome text, source text, via uuid) on k.place = e.kind;
  get diagnostics written = row_count;
  if written <> cardinality(p_ids) then
    raise exception 'an event of no kind' using errcode = '22023';
  end if;
end $$;
revoke all on function kernel.note_accesses(text, uuid[], bytea[], jsonb[], json, integer[], uuid[], timestamptz[], uuid[], integer[]) from public;
grant execute on function kernel.note_accesses(text, uuid[], bytea[], jsonb[], json, integer[], uuid[], timestamptz[], uuid[], integer[]) to probity_app;
