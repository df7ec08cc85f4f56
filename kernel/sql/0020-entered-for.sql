-- Who belongs here, with which role, key and policy, is changed by a transaction that was entered for it and by no other:
-- an injected statement of a member's transaction makes nobody an owner.
set local role probity_door;

create function kernel.entered_for() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if (kernel.checked_binding())[3] <> all (tg_argv) then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  return null;
end $$;
grant execute on function kernel.entered_for() to probity_owner;

set local role probity_owner;
create trigger entered_for before insert or update on kernel.membership for each statement
  execute function kernel.entered_for('kernel.people.change', 'kernel.membership.accept', 'kernel.workspace.found');
create trigger entered_for before insert or update on kernel.invitation for each statement
  execute function kernel.entered_for('kernel.people.change', 'kernel.membership.accept');
create trigger entered_for before insert or update on kernel.api_key for each statement
  execute function kernel.entered_for('kernel.key.change', 'kernel.people.change', 'kernel.workspace.found', 'kernel.probe');
create trigger entered_for before insert or update on kernel.policy_value for each statement
  execute function kernel.entered_for('kernel.policy.change', 'kernel.workspace.found');
