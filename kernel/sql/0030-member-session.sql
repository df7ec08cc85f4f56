-- The sessions of the members of the bound workspace: those who may change people see and end them. Where a person comes
-- from is shown only when they belong nowhere else: otherwise it would tell one organisation about another's work.
set local role probity_door;

create function kernel.member_sessions()
returns table (id uuid, membership_id uuid, created_at timestamptz, last_seen_at timestamptz, user_agent text, address text, assurance smallint)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
begin
  if bound[3] <> 'kernel.people.change' then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  return query select s.id, m.id, s.created_at, s.last_seen_at, nullif(s.user_agent, ''),
    case when not exists (
      select 1 from kernel.membership o
      where o.user_id = m.user_id and o.tenant_id <> m.tenant_id and o.status = 'active' and o.deleted_at is null) then nullif(s.ip_address, '') end,
    s.assurance
  from kernel.membership m
  join identity.session s on s.user_id = m.user_id
  join kernel.workspace w on w.id = m.tenant_id
  where m.tenant_id = bound[1]::uuid and m.status = 'active' and m.deleted_at is null
    and s.expires_at > now() and not s.awaits_factor
    and s.created_at > now() - make_interval(hours => w.absolute_hours) and s.last_seen_at > now() - make_interval(mins => w.idle_minutes)
  order by s.last_seen_at desc limit 1000;
end $$;
grant execute on function kernel.member_sessions() to probity_app;

-- Ends one of them and tells whose it was; null when it is no session of this workspace.
create function kernel.end_member_session(p_session uuid) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
  ended uuid;
begin
  if bound[3] <> 'kernel.people.change' then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  delete from identity.session s using kernel.membership m
  where s.id = p_session and s.user_id = m.user_id
    and m.tenant_id = bound[1]::uuid and m.status = 'active' and m.deleted_at is null
  returning m.id into ended;
  return ended;
end $$;
grant execute on function kernel.end_member_session(uuid) to probity_app;
