-- Connections are pooled, and one serves tenant after tenant. What a whole injected statement could leave on it for the
-- next transaction is named here: a prepared statement under one of our own names, a temporary table, a cursor or lock that
-- outlives its transaction, a channel, another role. A connection with anything left is destroyed, not cleaned.
do $$
begin
  execute format('revoke temporary on database %I from public', current_database());
end $$;

set local role probity_door;

-- With the caller's own rights and without a setting of its own: it is called after `reset all`, which a function that
-- carries settings would undo when it ends. Every name is qualified.
create function kernel.session_left() returns text[]
language plpgsql volatile as $$
begin
  perform pg_catalog.pg_advisory_unlock_all();
  return pg_catalog.array_remove(array[
    case when exists (select 1 from pg_catalog.pg_prepared_statements p where p.from_sql) then 'prepared statement' end,
    case when exists (select 1 from pg_catalog.pg_cursors c where c.is_holdable) then 'cursor' end,
    case when pg_catalog.pg_my_temp_schema() operator(pg_catalog.<>) 0::pg_catalog.oid then 'temporary schema' end,
    case when exists (select 1 from pg_catalog.pg_listening_channels() l) then 'channel' end,
    case when current_user operator(pg_catalog.<>) session_user then 'role' end
  ], null);
end $$;
revoke all on function kernel.session_left() from public;
grant execute on function kernel.session_left() to probity_app;
