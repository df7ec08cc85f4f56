-- A workspace's identity provider that is changed, switched off or taken away: sessions it vouched for end with it, and where
-- another one stands in its place, its names for people go too: they were another's.
set local role probity_owner;
grant select (provider_id), delete on identity.account to probity_door;

set local role probity_door;

create function kernel.end_sso_ways(p_connection uuid, p_links boolean) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
  ended integer;
begin
  if bound[3] <> 'kernel.sso.change' then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  perform 1 from kernel.sso_connection k where k.tenant_id = bound[1]::uuid and k.id = p_connection;
  if not found then
    raise exception 'not_found' using errcode = 'PB404';
  end if;
  delete from identity.session s where s.sso_tenant_id = bound[1]::uuid;
  get diagnostics ended = row_count;
  if p_links then
    delete from identity.account a where a.provider_id = 'sso:' || p_connection;
  end if;
  return ended;
end $$;
revoke all on function kernel.end_sso_ways(uuid, boolean) from public;
grant execute on function kernel.end_sso_ways(uuid, boolean) to probity_app;
