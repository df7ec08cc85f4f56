-- The door. Every read and write of tenant data passes kernel.enter: it checks the credential, its age and idle time,
-- the second factor, the address, the membership and the permission, and only then binds tenant and actor to the
-- transaction. Each refusal has its own SQLSTATE; the message is a code for the problem catalogue and holds no data.
--   PB401 not signed in   PB403 not allowed   PB404 no such workspace for this caller   PB423 frozen
set local role probity_door;

create table kernel.job_grant (
  id uuid primary key,
  secret_hash bytea not null unique,
  tenant_id uuid not null references kernel.workspace,
  actor_id uuid not null,
  permissions text[] not null,
  expires_at timestamptz not null,
  ended_at timestamptz
);
comment on table kernel.job_grant is 'what a job may do, made in the transaction that enqueued it; invisible to the application';

create function kernel.bind(p_tenant uuid, p_actor uuid, p_permission text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if coalesce(current_setting('kernel.binding', true), '') <> '' then
    raise exception 'already bound' using errcode = 'PB003';
  end if;
  perform set_config('kernel.binding',
    p_tenant || '|' || p_actor || '|' || p_permission || '|' || kernel.binding_proof(p_tenant::text, p_actor::text, p_permission), true);
end $$;

create function kernel.enter(p_kind text, p_secret text, p_workspace uuid, p_permission text, p_source inet)
returns table (tenant_id uuid, actor_id uuid, user_id uuid, session_id uuid, role text, subject_id uuid)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  hash constant bytea := sha256(convert_to(p_secret, 'UTF8'));
  session record;
  member record;
  space kernel.workspace;
  allowed text[];
begin
  if p_kind = 'session' then
    select s.id, s.user_id, s.assurance, s.created_at, s.last_seen_at, s.expires_at into session
    from identity.session s join identity."user" u on u.id = s.user_id and u.disabled_at is null
    where s.token = encode(hash, 'hex');
    if not found or session.expires_at <= now() then
      raise exception 'session_ended' using errcode = 'PB401';
    end if;
    select m.tenant_id, m.id, m.role into member from kernel.membership m
    where m.user_id = session.user_id and m.status = 'active' and m.deleted_at is null
      and (p_workspace is null or m.tenant_id = p_workspace)
    order by m.created_at limit 1;
    if not found then
      raise exception 'workspace_unknown' using errcode = 'PB404';
    end if;
    select * into space from kernel.workspace w where w.id = member.tenant_id;
    if session.created_at < now() - make_interval(hours => space.absolute_hours)
      or session.last_seen_at < now() - make_interval(mins => space.idle_minutes) then
      raise exception 'session_ended' using errcode = 'PB401';
    end if;
    if space.mfa_required and session.assurance < 2 then
      raise exception 'second_factor_required' using errcode = 'PB403';
    end if;
    -- Once a minute at most: a read writes nothing of its own.
    if session.last_seen_at < now() - interval '1 minute' then
      update identity.session s set last_seen_at = now() where s.id = session.id;
    end if;
    tenant_id := member.tenant_id; actor_id := member.id; user_id := session.user_id; session_id := session.id; role := member.role;
  elsif p_kind = 'key' then
    select k.tenant_id, k.permissions, m.id, m.user_id, m.role into member
    from kernel.api_key k join kernel.membership m on m.tenant_id = k.tenant_id and m.id = k.membership_id
    where k.secret_hash = hash and k.revoked_at is null and k.deleted_at is null and k.expires_at > now()
      and m.status = 'active' and m.deleted_at is null;
    if not found then
      raise exception 'key_ended' using errcode = 'PB401';
    end if;
    if p_workspace is not null and p_workspace <> member.tenant_id then
      raise exception 'workspace_unknown' using errcode = 'PB404';
    end if;
    select * into space from kernel.workspace w where w.id = member.tenant_id;
    allowed := member.permissions;
    tenant_id := member.tenant_id; actor_id := member.id; user_id := member.user_id; role := member.role;
  elsif p_kind = 'link' then
    select l.tenant_id, l.permission, l.subject_id, l.membership_id, m.user_id, m.role into member
    from kernel.link l join kernel.membership m on m.tenant_id = l.tenant_id and m.id = l.membership_id
    where l.secret_hash = hash and l.revoked_at is null and l.expires_at > now() and m.status = 'active' and m.deleted_at is null;
    if not found then
      raise exception 'link_ended' using errcode = 'PB401';
    end if;
    select * into space from kernel.workspace w where w.id = member.tenant_id;
    allowed := array[member.permission];
    tenant_id := member.tenant_id; actor_id := member.membership_id; user_id := member.user_id; role := member.role;
    subject_id := member.subject_id;
  elsif p_kind = 'job' then
    select g.tenant_id, g.actor_id, g.permissions into member from kernel.job_grant g
    where g.secret_hash = hash and g.ended_at is null and g.expires_at > now();
    if not found then
      raise exception 'job_ended' using errcode = 'PB401';
    end if;
    select * into space from kernel.workspace w where w.id = member.tenant_id;
    allowed := member.permissions;
    tenant_id := member.tenant_id; actor_id := member.actor_id; role := 'job';
  elsif p_kind = 'system' then
    select c.permissions into allowed from kernel.system_credential c where c.secret_hash = hash;
    if not found then
      raise exception 'system_unknown' using errcode = 'PB401';
    end if;
    select * into space from kernel.workspace w where w.id = p_workspace;
    if not found then
      raise exception 'workspace_unknown' using errcode = 'PB404';
    end if;
    tenant_id := space.id; actor_id := '00000000-0000-0000-0000-000000000001'; role := 'system';
  else
    raise exception 'credential_unknown' using errcode = 'PB401';
  end if;

  if space.frozen_at is not null or space.closed_at is not null then
    raise exception 'workspace_frozen' using errcode = 'PB423';
  end if;
  if p_kind <> 'system' and p_kind <> 'job' and space.ip_allow is not null and (p_source is null or not p_source <<= any (space.ip_allow)) then
    raise exception 'source_not_allowed' using errcode = 'PB403';
  end if;
  -- A key, link or job may do what it was given AND, for people's credentials, what its person may still do.
  if allowed is not null and not p_permission = any (allowed) then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  if p_kind in ('session', 'key', 'link') then
    perform 1 from kernel.role_permission r where r.role = enter.role and r.permission = p_permission;
    if not found then
      raise exception 'permission_missing' using errcode = 'PB403';
    end if;
  end if;
  perform kernel.bind(tenant_id, actor_id, p_permission);
  return next;
end $$;
grant execute on function kernel.enter(text, text, uuid, text, inet) to probity_app;

-- Who a session is, before any workspace is chosen: the user's own name and the list of their workspaces.
create function kernel.session_profile(p_secret text)
returns table (user_id uuid, session_id uuid, name text, email text, workspaces jsonb)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select u.id, s.id, u.name, u.email, coalesce((
    select jsonb_agg(jsonb_build_object('id', w.id, 'slug', w.slug, 'name', w.name, 'role', m.role) order by m.created_at)
    from kernel.membership m join kernel.workspace w on w.id = m.tenant_id
    where m.user_id = u.id and m.status = 'active' and m.deleted_at is null and w.closed_at is null), '[]'::jsonb)
  from identity.session s join identity."user" u on u.id = s.user_id and u.disabled_at is null
  where s.token = encode(sha256(convert_to(p_secret, 'UTF8')), 'hex') and s.expires_at > now()
$$;
grant execute on function kernel.session_profile(text) to probity_app;

-- Opens a new workspace and enters it as the system in the same transaction: its first rows leave leaves like any other.
create function kernel.found_workspace(p_secret text, p_id uuid, p_slug text, p_name text, p_preset text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform 1 from kernel.system_credential c
  where c.secret_hash = sha256(convert_to(p_secret, 'UTF8')) and 'kernel.workspace.found' = any (c.permissions);
  if not found then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  insert into kernel.workspace (id, slug, name, preset) values (p_id, p_slug, p_name, p_preset);
  perform kernel.bind(p_id, '00000000-0000-0000-0000-000000000001', 'kernel.workspace.found');
end $$;
grant execute on function kernel.found_workspace(text, uuid, text, text, text) to probity_app;

create function kernel.instance_is_set_up() returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select exists (select 1 from kernel.workspace where id <> '00000000-0000-0000-0000-000000000000')
$$;
grant execute on function kernel.instance_is_set_up() to probity_app;

-- An invitation is looked up by its secret before its reader belongs anywhere.
create function kernel.invitation_by_secret(p_secret text)
returns table (tenant_id uuid, id uuid, email text, role text, workspace_name text, workspace_slug text, expires_at timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select i.tenant_id, i.id, i.email, i.role, w.name, w.slug, i.expires_at
  from kernel.invitation i join kernel.workspace w on w.id = i.tenant_id
  where i.secret_hash = sha256(convert_to(p_secret, 'UTF8')) and i.accepted_at is null and i.deleted_at is null and i.expires_at > now()
$$;
grant execute on function kernel.invitation_by_secret(text) to probity_app;
