-- Policy: the numbers in force in a workspace. A value that is not set here is its preset's (kernel/policy/policy.ts).
-- Each change is a new version with its leaf; what the door checks is copied to the workspace's gate in the same statement.
set local role probity_owner;

create table kernel.policy_value (
  tenant_id uuid not null default kernel.tenant() references kernel.workspace,
  id uuid not null,
  name text not null,
  value jsonb not null,
  reason text not null check (length(reason) between 1 and 500),
  primary key (tenant_id, id),
  unique (tenant_id, name)
);
select kernel.govern('kernel.policy_value');

set local role probity_door;

create function kernel.apply_gate() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  case new.name
    when 'session.idleMinutes' then
      update kernel.workspace set idle_minutes = (new.value #>> '{}')::integer where id = new.tenant_id;
    when 'session.absoluteHours' then
      update kernel.workspace set absolute_hours = (new.value #>> '{}')::integer where id = new.tenant_id;
    when 'access.allowedNetworks' then
      update kernel.workspace
      set ip_allow = (select nullif(array_agg(each::cidr), '{}') from jsonb_array_elements_text(new.value) each)
      where id = new.tenant_id;
    else
      null;
  end case;
  return null;
end $$;
grant execute on function kernel.apply_gate() to probity_owner;

set local role probity_owner;
create trigger gate after insert or update on kernel.policy_value for each row execute function kernel.apply_gate();
