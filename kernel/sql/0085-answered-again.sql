-- What a key made, for whoever sends it again. The row is locked, which is written down and so gives the transaction's commit
-- something to wait for: what made it may be committed and not on the disk yet, and is not to be answered for before.
set local role probity_door;

create function kernel.known_key(p_key text) returns table (fingerprint text, row_id uuid)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
begin
  return query
  select k.fingerprint, k.row_id from kernel.idempotency_key k
  where k.tenant_id = bound[1]::uuid and k.actor_id = bound[2]::uuid and k.key = p_key
  for share;
end $$;
revoke all on function kernel.known_key(text) from public;
grant execute on function kernel.known_key(text) to probity_app;
