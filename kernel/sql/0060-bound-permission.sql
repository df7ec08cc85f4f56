-- Which permission the running transaction was let in with, for the rules an app keeps about its own states: a change of
-- state is then bound to the act it belongs to, whatever statement is sent.
set local role probity_door;

create function kernel.bound_permission() returns text
language sql stable parallel restricted security definer set search_path = pg_catalog, pg_temp as $$
  select (kernel.checked_binding())[3]
$$;
grant execute on function kernel.bound_permission() to probity_app, probity_owner;
