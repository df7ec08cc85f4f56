-- The probes show that a list of networks keeps callers out: on their own workspaces, and on no other.
set local role probity_door;

create function kernel.probe_fence(p_networks cidr[]) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
begin
  update kernel.workspace w set ip_allow = p_networks
  where w.id = bound[1]::uuid and bound[3] = 'kernel.probe'
    and exists (select from kernel.probe_workspace p where p.tenant_id = w.id);
  if not found then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
end $$;
grant execute on function kernel.probe_fence(cidr[]) to probity_app;
