-- When the members of the bound workspace were last seen: of their sessions an admin learns this and nothing else.
set local role probity_door;

create function kernel.members_last_seen() returns table (membership_id uuid, last_seen_at timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select m.id, max(s.last_seen_at)
  from kernel.membership m join identity.session s on s.user_id = m.user_id
  where m.tenant_id = kernel.tenant()
  group by m.id
$$;
grant execute on function kernel.members_last_seen() to probity_app;
