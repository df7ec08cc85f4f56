-- The door again, saying the same in fewer steps. PL/pgSQL makes each of its expressions ready anew in each transaction,
-- and a request is one: so what a request pays for is one query that judges, and one that checks, instead of a procedure.
set local role probity_door;

create or replace function kernel.checked_binding() returns text[]
language plpgsql stable parallel restricted security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound text[];
begin
  select b.part into bound
  from kernel.door_secret s
  cross join (select string_to_array(current_setting('kernel.binding', true), '|') as part) b
  where b.part[4] = encode(sha256(s.outer_pad || sha256(s.inner_pad || convert_to(
    b.part[1] || '|' || b.part[2] || '|' || b.part[3] || '|' || pg_backend_pid() || '|' || extract(epoch from transaction_timestamp()), 'UTF8'))), 'hex');
  if found then
    return bound;
  end if;
  if (string_to_array(current_setting('kernel.binding', true), '|'))[4] is null then
    raise exception 'no tenant bound' using errcode = 'PB001';
  end if;
  raise exception 'binding without proof' using errcode = 'PB002';
end $$;
-- It tells a caller no more than the setting they can read already, and only when the proof is right.
grant execute on function kernel.checked_binding() to probity_app;

-- No definers themselves, and parsed here and now, so that the planner puts their body into the query: one definer call
-- a statement instead of three.
create or replace function kernel.tenant() returns uuid
language sql stable parallel restricted return ((kernel.checked_binding())[1])::uuid;
create or replace function kernel.actor() returns uuid
language sql stable parallel restricted return ((kernel.checked_binding())[2])::uuid;

-- Binds by its own statement, for what enters in other ways than a credential's.
create or replace function kernel.bind(p_tenant uuid, p_actor uuid, p_permission text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if coalesce(current_setting('kernel.binding', true), '') <> '' then
    raise exception 'already bound' using errcode = 'PB003';
  end if;
  perform set_config('kernel.binding', p_tenant || '|' || p_actor || '|' || p_permission || '|' ||
    encode(sha256(s.outer_pad || sha256(s.inner_pad || convert_to(
      p_tenant || '|' || p_actor || '|' || p_permission || '|' || pg_backend_pid() || '|' || extract(epoch from transaction_timestamp()), 'UTF8'))), 'hex'), true)
  from kernel.door_secret s;
end $$;
drop function kernel.binding_proof(text, text, text);

-- The ways in other than a browser's session; the door calls it, nobody else may.
create function kernel.enter_otherwise(p_kind text, p_secret text, p_workspace uuid, p_permission text, p_source inet)
returns table (tenant_id uuid, actor_id uuid, user_id uuid, session_id uuid, role text, subject_id uuid)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  hash constant bytea := sha256(convert_to(p_secret, 'UTF8'));
  space record;
  allowed text[];
begin
  if p_kind = 'key' then
    select k.tenant_id, m.id, m.user_id, m.role, k.permissions into tenant_id, actor_id, user_id, role, allowed
    from kernel.api_key k join kernel.membership m on m.tenant_id = k.tenant_id and m.id = k.membership_id
    where k.secret_hash = hash and k.revoked_at is null and k.deleted_at is null and k.expires_at > now()
      and m.status = 'active' and m.deleted_at is null;
    if not found then
      raise exception 'key_ended' using errcode = 'PB401';
    end if;
    if p_workspace is not null and p_workspace <> tenant_id then
      raise exception 'workspace_unknown' using errcode = 'PB404';
    end if;
  elsif p_kind = 'link' then
    select l.tenant_id, m.id, m.user_id, m.role, array[l.permission], l.subject_id into tenant_id, actor_id, user_id, role, allowed, subject_id
    from kernel.link l join kernel.membership m on m.tenant_id = l.tenant_id and m.id = l.membership_id
    where l.secret_hash = hash and l.revoked_at is null and l.deleted_at is null and l.expires_at > now()
      and m.status = 'active' and m.deleted_at is null;
    if not found then
      raise exception 'link_ended' using errcode = 'PB401';
    end if;
  elsif p_kind = 'job' then
    select g.tenant_id, g.actor_id, 'job', g.permissions into tenant_id, actor_id, role, allowed from kernel.job_grant g
    where g.secret_hash = hash and g.ended_at is null and g.expires_at > now();
    if not found then
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
  if p_kind in ('key', 'link') and space.ip_allow is not null and (p_source is null or not p_source <<= any (space.ip_allow)) then
    raise exception 'source_not_allowed' using errcode = 'PB403';
  end if;
  -- A key, link or job may do what it was given AND, for people's credentials, what its person's role may still do.
  if p_permission <> all (allowed) then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  if p_kind in ('key', 'link') then
    perform 1 from kernel.role_permission r where r.role = enter_otherwise.role and r.permission = p_permission;
    if not found then
      raise exception 'permission_missing' using errcode = 'PB403';
    end if;
  end if;
  perform kernel.bind(tenant_id, actor_id, p_permission);
  return next;
end $$;
revoke all on function kernel.enter_otherwise(text, text, uuid, text, inet) from public;

create or replace function kernel.enter(p_kind text, p_secret text, p_workspace uuid, p_permission text, p_source inet)
returns table (tenant_id uuid, actor_id uuid, user_id uuid, session_id uuid, role text, subject_id uuid)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  refusal text;
  stale boolean;
begin
  if p_kind <> 'session' then
    return query select * from kernel.enter_otherwise(p_kind, p_secret, p_workspace, p_permission, p_source);
    return;
  end if;
  select m.tenant_id, m.id, s.user_id, s.id, m.role,
    case
      when s.expires_at <= now() then 'PB401 session_ended'
      when m.tenant_id is null then 'PB404 workspace_unknown'
      when s.created_at < now() - make_interval(hours => w.absolute_hours)
        or s.last_seen_at < now() - make_interval(mins => w.idle_minutes) then 'PB401 session_ended'
      when w.mfa_required and s.assurance < 2 then 'PB403 second_factor_required'
      when w.frozen_at is not null or w.closed_at is not null then 'PB423 workspace_frozen'
      when w.ip_allow is not null and (p_source is null or not p_source <<= any (w.ip_allow)) then 'PB403 source_not_allowed'
      when p.permission is null then 'PB403 permission_missing'
      when coalesce(current_setting('kernel.binding', true), '') <> '' then 'PB003 already bound'
      when set_config('kernel.binding', m.tenant_id || '|' || m.id || '|' || p_permission || '|' ||
        encode(sha256(d.outer_pad || sha256(d.inner_pad || convert_to(
          m.tenant_id || '|' || m.id || '|' || p_permission || '|' || pg_backend_pid() || '|' || extract(epoch from transaction_timestamp()), 'UTF8'))), 'hex'), true) is null
        then 'PB003 not bound'
    end,
    s.last_seen_at < now() - interval '1 minute'
  into tenant_id, actor_id, user_id, session_id, role, refusal, stale
  from identity.session s
  join identity."user" u on u.id = s.user_id and u.disabled_at is null
  left join lateral (
    select k.tenant_id, k.id, k.role from kernel.membership k
    where k.user_id = s.user_id and k.status = 'active' and k.deleted_at is null
      and (p_workspace is null or k.tenant_id = p_workspace)
    order by k.created_at limit 1) m on true
  left join kernel.workspace w on w.id = m.tenant_id
  left join kernel.role_permission p on p.role = m.role and p.permission = p_permission
  cross join kernel.door_secret d
  where s.token = encode(sha256(convert_to(p_secret, 'UTF8')), 'hex');
  if refusal is not null or session_id is null then
    refusal := coalesce(refusal, 'PB401 session_ended');
    raise exception using message = substr(refusal, 7), errcode = left(refusal, 5);
  end if;
  -- Once a minute at most: a read writes nothing of its own.
  if stale then
    update identity.session s set last_seen_at = now() where s.id = session_id;
  end if;
  return next;
end $$;
revoke all on function kernel.enter(text, text, uuid, text, inet) from public;
grant execute on function kernel.enter(text, text, uuid, text, inet) to probity_app;

-- As before, without waiting for the disk: a count of calls that a crash forgets harms nobody, and a request would wait.
create or replace function kernel.lease_budget(p_name text, p_source text, p_window_seconds integer, p_limit integer, p_block integer)
returns table (granted integer, ends_at timestamptz)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  start constant timestamptz := to_timestamp(floor(extract(epoch from now()) / p_window_seconds) * p_window_seconds);
  total integer;
begin
  perform set_config('synchronous_commit', 'off', true);
  insert into kernel.budget as b (name, source, window_start, used) values (p_name, p_source, start, p_block)
  on conflict (name, source, window_start) do update set used = b.used + p_block
  returning b.used into total;
  granted := greatest(0, least(p_block, p_limit - (total - p_block)));
  ends_at := start + make_interval(secs => p_window_seconds);
  if random() < 0.001 then
    delete from kernel.budget b where b.window_start < now() - interval '2 days';
  end if;
  return next;
end $$;
