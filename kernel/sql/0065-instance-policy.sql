-- Numbers the operator sets for the whole instance (limits before sign-in) are policies of the instance's own workspace:
-- versioned, with their reason and leaf, like every other. Only the server changes them, entered for that alone.
set local role probity_owner;

drop trigger entered_for on kernel.policy_value;
create trigger entered_for before insert or update on kernel.policy_value for each statement
  execute function kernel.entered_for('kernel.policy.change', 'kernel.workspace.found', 'kernel.instance.change');

-- Of nobody's workspace, so nobody's session, key or job changes or plants one: the instance's own alone holds them.
create function kernel.instance_policy_apart() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if (new.name like 'instance.%') is distinct from (new.tenant_id = '00000000-0000-0000-0000-000000000000') then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  return null;
end $$;
create trigger instance_apart after insert or update on kernel.policy_value for each row execute function kernel.instance_policy_apart();

-- What is said of a change is said: a reason of blanks says nothing.
alter table kernel.policy_value add constraint reason_says_something check (reason ~ '\S') not valid;
alter table kernel.operator_grant add constraint reason_says_something check (reason ~ '\S') not valid;
