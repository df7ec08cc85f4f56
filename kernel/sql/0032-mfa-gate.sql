-- The policy identity.mfaRequired, copied to the gate in the statement that sets it.
set local role probity_door;

create function kernel.apply_mfa_gate() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  update kernel.workspace set mfa_required = (new.value #>> '{}')::boolean where id = new.tenant_id;
  return null;
end $$;
grant execute on function kernel.apply_mfa_gate() to probity_owner;

set local role probity_owner;
create trigger mfa_gate after insert or update on kernel.policy_value for each row
  when (new.name = 'identity.mfaRequired') execute function kernel.apply_mfa_gate();
