-- The judge with every fact there is: single sign-on that opens one workspace and may be forced, second factors for
-- people, their keys and operators, roles of the apps and of the workspace's own making, memberships that end by
-- themselves, access tokens made from keys, networks of a key, and the thaw that a frozen workspace still lets in.
set local role probity_door;

-- The judge of a session, key or token: the facts, and the first reason to refuse. Network and permission are the entry's.
create function kernel.judge(p_kind text, p_secret text, p_workspace uuid) returns kernel.pass
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  hash constant bytea := sha256(convert_to(p_secret, 'UTF8'));
  pass kernel.pass;
  person record;
  key record;
  member record;
  space record;
begin
  pass.kind := p_kind;
  pass.hash := hash;
  pass.asked_id := coalesce(p_workspace, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
  pass.frozen := false;
  if p_kind = 'session' then
    select s.id, s.user_id, s.assurance, s.created_at, s.last_seen_at, s.expires_at, s.sso_tenant_id into person
    from identity.session s join identity."user" u on u.id = s.user_id and u.disabled_at is null
    where s.token = encode(hash, 'hex') and s.expires_at > now();
    if not found then
      raise exception 'session_ended' using errcode = 'PB401';
    end if;
    -- A workspace's identity provider opens that workspace and no other of its people's.
    select m.tenant_id, m.id, m.user_id, m.role, m.email, m.until into member from kernel.membership m
    where m.user_id = person.user_id and m.status = 'active' and m.deleted_at is null and (m.until is null or m.until > now())
      and (p_workspace is null or m.tenant_id = p_workspace)
      and (person.sso_tenant_id is null or m.tenant_id = person.sso_tenant_id)
    order by m.created_at limit 1;
    if not found then
      raise exception 'workspace_unknown' using errcode = 'PB404';
    end if;
    pass.session_id := person.id;
    pass.seen_at := person.last_seen_at;
    pass.good_until := least(person.expires_at, member.until);
    pass.permissions := kernel.member_permissions(member.tenant_id, member.id);
  else
    select k.tenant_id, k.id, k.membership_id, k.permissions, k.networks, k.expires_at into key
    from kernel.api_key k
    where k.secret_hash = hash and p_kind = 'key' and k.revoked_at is null and k.deleted_at is null and k.expires_at > now();
    if not found then
      select k.tenant_id, k.id, k.membership_id, k.permissions, k.networks, least(k.expires_at, g.access_expires_at) as expires_at into key
      from kernel.token_grant g join kernel.api_key k on k.tenant_id = g.tenant_id and k.id = g.key_id
      where g.access_hash = hash and p_kind = 'token' and g.ended_at is null and g.access_expires_at > now()
        and k.revoked_at is null and k.deleted_at is null and k.expires_at > now();
    end if;
    if not found then
      raise exception 'key_ended' using errcode = 'PB401';
    end if;
    select m.tenant_id, m.id, m.user_id, m.role, m.email, m.until, u.second_factor_at into member
    from kernel.membership m left join identity."user" u on u.id = m.user_id
    where m.tenant_id = key.tenant_id and m.id = key.membership_id and m.status = 'active' and m.deleted_at is null
      and (m.until is null or m.until > now()) and u.disabled_at is null;
    if not found then
      raise exception 'key_ended' using errcode = 'PB401';
    end if;
    if p_workspace is not null and p_workspace <> key.tenant_id then
      raise exception 'workspace_unknown' using errcode = 'PB404';
    end if;
    pass.key_id := key.id;
    pass.key_networks := key.networks;
    pass.seen_at := now();
    pass.good_until := least(key.expires_at, member.until);
    -- A key may do what it was given AND what its person may still do.
    pass.permissions := array(select p from unnest(kernel.member_permissions(member.tenant_id, member.id)) p where p = any (key.permissions));
  end if;
  pass.tenant_id := member.tenant_id;
  pass.actor_id := member.id;
  pass.user_id := member.user_id;
  select * into space from kernel.workspace w where w.id = member.tenant_id;
  if p_kind = 'session' then
    pass.idle := make_interval(mins => space.idle_minutes);
    pass.good_until := least(pass.good_until, person.created_at + make_interval(hours => space.absolute_hours));
    if pass.good_until <= now() or pass.seen_at < now() - pass.idle then
      raise exception 'session_ended' using errcode = 'PB401';
    end if;
    if split_part(member.email, '@', 2) = any (space.sso_forced_domains) and person.sso_tenant_id is distinct from member.tenant_id then
      if member.id is distinct from space.sso_break_glass_id then
        raise exception 'sso_required' using errcode = 'PB403';
      elsif person.assurance < 2 then
        raise exception 'second_factor_required' using errcode = 'PB403';
      end if;
    end if;
    if (space.mfa_required or member.role = 'operator') and person.assurance < 2 then
      raise exception 'second_factor_required' using errcode = 'PB403';
    end if;
  elsif space.mfa_required and member.second_factor_at is null then
    raise exception 'second_factor_required' using errcode = 'PB403';
  end if;
  if space.closed_at is not null then
    raise exception 'workspace_frozen' using errcode = 'PB423';
  elsif space.frozen_at is not null then
    if p_kind <> 'session' or 'kernel.workspace.thaw' <> all (pass.permissions) then
      raise exception 'workspace_frozen' using errcode = 'PB423';
    end if;
    pass.frozen := true;
    pass.permissions := array['kernel.workspace.thaw'];
  end if;
  pass.networks := space.ip_allow;
  pass.bound := pass.tenant_id || '|' || pass.actor_id || '|';
  pass.tail := case when space.sharing = 'owner' then '|o' else '' end;
  pass.who := concat_ws('|', pass.tenant_id, pass.actor_id, coalesce(pass.user_id::text, ''), coalesce(pass.session_id::text, ''), member.role, '');
  return pass;
end $$;

revoke all on function kernel.judge(text, text, uuid) from public;

-- Judges, says why not, binds. The answer's last part asks the server to have a pass kept once its work is done.
create function kernel.enter_slowly(p_kind text, p_secret text, p_workspace uuid, p_permission text, p_source inet) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  pass kernel.pass;
  other record;
begin
  if p_kind not in ('session', 'key', 'token') then
    select * into other from kernel.enter_otherwise(p_kind, p_secret, p_workspace, p_permission, p_source);
    return concat_ws('|', other.tenant_id, other.actor_id, coalesce(other.user_id::text, ''), coalesce(other.session_id::text, ''),
      other.role, coalesce(other.subject_id::text, ''));
  end if;
  pass := kernel.judge(p_kind, p_secret, p_workspace);
  if pass.frozen and p_permission is distinct from 'kernel.workspace.thaw' then
    raise exception 'workspace_frozen' using errcode = 'PB423';
  end if;
  if pass.networks is not null and (p_source is null or not p_source <<= any (pass.networks))
    or pass.key_networks is not null and (p_source is null or not p_source <<= any (pass.key_networks)) then
    raise exception 'source_not_allowed' using errcode = 'PB403';
  end if;
  if (p_permission = any (pass.permissions)) is not true then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  perform kernel.bind(pass.tenant_id, pass.actor_id, p_permission);
  if pass.seen_at < now() - interval '1 minute' then
    update identity.session s set last_seen_at = now()
    where s.id in (select o.id from identity.session o where o.id = pass.session_id for update skip locked);
  end if;
  return pass.who || '|judged';
end $$;

revoke all on function kernel.enter_slowly(text, text, uuid, text, inet) from public;

-- Keeps what the judge says, in a transaction of its own: a pass made inside a longer one would hold its gates as long.
-- Where somebody is just changing this person or workspace no pass is kept; the next entry is judged anew.
create function kernel.keep_pass(p_kind text, p_secret text, p_workspace uuid) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  first constant kernel.pass := kernel.judge(p_kind, p_secret, p_workspace);
  pass kernel.pass;
  gates constant integer[] := array[0, kernel.gate_of(first.tenant_id), kernel.gate_of(first.user_id)];
begin
  if (select count(*) from (select 1 from kernel.pass_gate where gate = any (gates) for share skip locked) held)
    < (select count(distinct g) from unnest(gates) g) then
    return;
  end if;
  -- A new statement, a new snapshot: what was committed before the gates were held is seen now.
  pass := kernel.judge(p_kind, p_secret, p_workspace);
  if pass.frozen or pass.tenant_id <> first.tenant_id or pass.user_id <> first.user_id then
    return;
  end if;
  delete from kernel.pass p where p.hash = pass.hash and p.asked_id = pass.asked_id;
  if random() < 0.01 then
    delete from kernel.pass p where p.good_until < now();
  end if;
  insert into kernel.pass select (pass).* on conflict do nothing;
end $$;

revoke all on function kernel.keep_pass(text, text, uuid) from public;
grant execute on function kernel.keep_pass(text, text, uuid) to probity_app;

-- The binding says whether records of this workspace have an audience: what a policy reads of it costs no look at a table.
create or replace function kernel.bind(p_tenant uuid, p_actor uuid, p_permission text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text := p_tenant || '|' || p_actor || '|' || p_permission ||
    case when exists (select from kernel.workspace w where w.id = p_tenant and w.sharing = 'owner') then '|o' else '' end;
begin
  if coalesce(current_setting('kernel.binding', true), '') <> '' then
    raise exception 'already bound' using errcode = 'PB003';
  end if;
  perform set_config('kernel.binding', encode(sha256(s.inner_pad || convert_to(bound, 'UTF8')
    || int4send(pg_backend_pid()) || timestamptz_send(transaction_timestamp()) || s.outer_pad), 'hex') || bound, true)
  from kernel.door_secret s;
end $$;

-- Links, jobs and the server itself: judged each time.
create or replace function kernel.enter_otherwise(p_kind text, p_secret text, p_workspace uuid, p_permission text, p_source inet)
returns table (tenant_id uuid, actor_id uuid, user_id uuid, session_id uuid, role text, subject_id uuid)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  hash constant bytea := sha256(convert_to(p_secret, 'UTF8'));
  space record;
  allowed text[];
begin
  if p_kind = 'link' then
    select l.tenant_id, m.id, m.user_id, m.role, array[l.permission], l.subject_id into tenant_id, actor_id, user_id, role, allowed, subject_id
    from kernel.link l join kernel.membership m on m.tenant_id = l.tenant_id and m.id = l.membership_id
    left join identity."user" u on u.id = m.user_id
    where u.disabled_at is null and l.secret_hash = hash and l.revoked_at is null and l.deleted_at is null and l.expires_at > now()
      and m.status = 'active' and m.deleted_at is null and (m.until is null or m.until > now());
    if not found then
      raise exception 'link_ended' using errcode = 'PB401';
    end if;
  elsif p_kind = 'job' then
    select g.tenant_id, g.actor_id, 'job', g.permissions into tenant_id, actor_id, role, allowed from kernel.job_grant g
    where g.secret_hash = hash and g.ended_at is null and g.expires_at > now();
    if not found then
      raise exception 'job_ended' using errcode = 'PB401';
    end if;
    -- A person's job ends with what its person may do: removed, disabled or given a lesser role, they do nothing by it.
    if actor_id <> '00000000-0000-0000-0000-000000000001' and not exists (
      select from kernel.membership m left join identity."user" u on u.id = m.user_id
      where u.disabled_at is null and m.tenant_id = enter_otherwise.tenant_id and m.id = enter_otherwise.actor_id
        and m.status = 'active' and m.deleted_at is null and (m.until is null or m.until > now())
        and p_permission = any (kernel.member_permissions(m.tenant_id, m.id))) then
      raise exception 'job_ended' using errcode = 'PB401';
    end if;
  elsif p_kind = 'system' then
    select p_workspace, '00000000-0000-0000-0000-000000000001', 'system', c.permissions into tenant_id, actor_id, role, allowed
    from kernel.system_credential c where c.secret_hash = hash;
    if not found then
      raise exception 'system_unknown' using errcode = 'PB401';
    end if;
  else
    raise exception 'credential_unknown' using errcode = 'PB401';
  end if;

  select w.frozen_at, w.closed_at, w.ip_allow into space from kernel.workspace w where w.id = enter_otherwise.tenant_id;
  if not found then
    raise exception 'workspace_unknown' using errcode = 'PB404';
  end if;
  if space.frozen_at is not null or space.closed_at is not null then
    raise exception 'workspace_frozen' using errcode = 'PB423';
  end if;
  if p_kind = 'link' and space.ip_allow is not null and (p_source is null or not p_source <<= any (space.ip_allow)) then
    raise exception 'source_not_allowed' using errcode = 'PB403';
  end if;
  -- A link or job may do what it was given AND what its person may still do.
  if (p_permission = any (allowed)) is not true
    or p_kind = 'link' and (p_permission = any (kernel.member_permissions(tenant_id, actor_id))) is not true then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  perform kernel.bind(tenant_id, actor_id, p_permission);
  return next;
end $$;

create trigger pass_tenant_changed after update of ended_at on kernel.token_grant for each row execute function kernel.pass_tenant_changed('tenant_id');

-- As before, of their workspaces those alone that this session may open.
create or replace function kernel.session_profile(p_secret text)
returns table (user_id uuid, session_id uuid, name text, email text, workspaces jsonb)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select u.id, s.id, u.name, u.email, coalesce(jsonb_agg(
      jsonb_build_object('id', w.id, 'slug', w.slug, 'name', w.name, 'role', m.role) order by m.created_at) filter (where w.id is not null), '[]'::jsonb)
  from identity.session s
  join identity."user" u on u.id = s.user_id and u.disabled_at is null
  left join (kernel.membership m join kernel.workspace w on w.id = m.tenant_id and w.closed_at is null)
    on m.user_id = u.id and m.status = 'active' and m.deleted_at is null and (m.until is null or m.until > now())
    and (s.sso_tenant_id is null or m.tenant_id = s.sso_tenant_id)
  where s.token = encode(sha256(convert_to(p_secret, 'UTF8')), 'hex') and s.expires_at > now()
  group by u.id, s.id, s.created_at, s.last_seen_at
  having s.created_at > now() - make_interval(hours => coalesce(max(w.absolute_hours), 12))
    and s.last_seen_at > now() - make_interval(mins => coalesce(max(w.idle_minutes), 30))
$$;

set local role probity_owner;
create trigger pass_user_fact_changed after update of sso_tenant_id, awaits_factor on identity.session
  for each row execute function kernel.pass_user_changed('user_id');
create trigger pass_user_fact_changed after update of second_factor_at on identity."user"
  for each row execute function kernel.pass_user_changed('id');
create trigger pass_tenant_changed after insert or update on kernel.member_role for each row execute function kernel.pass_tenant_changed('tenant_id');
create trigger pass_tenant_changed after insert or update on kernel.custom_role for each row execute function kernel.pass_tenant_changed('tenant_id');
