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
