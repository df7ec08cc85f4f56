-- Rate budgets shared by all instances: a process leases units in blocks, so a request costs no round trip of its own.
-- Windows are fixed; a budget is exact to one block per process.
set local role probity_door;

create table kernel.budget (
  name text not null,
  source text not null,
  window_start timestamptz not null,
  used integer not null,
  primary key (name, source, window_start)
);

create function kernel.lease_budget(p_name text, p_source text, p_window_seconds integer, p_limit integer, p_block integer)
returns table (granted integer, ends_at timestamptz)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  start constant timestamptz := to_timestamp(floor(extract(epoch from now()) / p_window_seconds) * p_window_seconds);
  total integer;
begin
  insert into kernel.budget as b (name, source, window_start, used) values (p_name, p_source, start, p_block)
  on conflict (name, source, window_start) do update set used = b.used + p_block
  returning b.used into total;
  granted := greatest(0, least(p_block, p_limit - (total - p_block)));
  ends_at := start + make_interval(secs => p_window_seconds);
  if random() < 0.01 then
    delete from kernel.budget b where b.window_start < now() - interval '2 days';
  end if;
  return next;
end $$;
grant execute on function kernel.lease_budget(text, text, integer, integer, integer) to probity_app;
