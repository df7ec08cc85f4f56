-- Large files are looked up by plans that know how many rows there are. Where nobody has counted them yet (a new workspace fills its
-- tables faster than PostgreSQL's own round comes by), a look-up by a thousand numbers reads every sample for each thousand.

-- Counts samples and results if they were never counted or have grown by half since. In a transaction of its own, before a file's:
-- what it locks is held until it ends. Where somebody is counting already, it doesn't wait.
create function lab.count_rows() returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if kernel.bound_permission() not in ('lab.sample.register', 'lab.result.enter') then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  if exists (select from pg_class c where c.oid in ('lab.sample'::regclass, 'lab.result'::regclass)
    and (c.reltuples <= 0 or pg_relation_size(c.oid) > c.relpages::bigint * current_setting('block_size')::bigint * 3 / 2)) then
    analyze (skip_locked) lab.sample, lab.result;
  end if;
end $$;
revoke all on function lab.count_rows() from public;
grant execute on function lab.count_rows() to probity_app;
