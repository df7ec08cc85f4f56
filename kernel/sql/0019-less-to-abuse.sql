-- What an injected statement and a person who has left can still do is made less: nobody's leaf stops the log of all, a
-- job does what its transaction was entered for, and keys, links and jobs end with their person.
set local role probity_door;

-- A leaf is checked before it is taken: one that the sequencer could not place would stop the log of every tenant. Its
-- bytes must be the RFC 8785 form of a flat object of strings, so that two readers can't read two things in them; its
-- time is near the database's, so that history is not written backwards.
create or replace function kernel.stage_leaf(p_leaf bytea, p_openings jsonb default '{}') returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
  body constant jsonb := convert_from(p_leaf, 'UTF8')::jsonb;
begin
  if body ->> 'tenant' is distinct from bound[1] or body ->> 'actor' is distinct from bound[2] then
    raise exception 'leaf of another tenant or actor' using errcode = 'PB003';
  end if;
  -- One that is too long is refused by the inbox itself.
  if length(p_leaf) <= 1024 and (body ?& '{v,id,at,action,outcome,request,root}'
    and body ->> 'outcome' in ('done', 'refused', 'failed')
    and (body ->> 'id')::uuid is not null
    and (body ->> 'at')::timestamptz between clock_timestamp() - interval '1 day' and clock_timestamp() + interval '1 day'
    and convert_from(p_leaf, 'UTF8') = (
      select '{' || string_agg(to_json(e.key)::text || ':' || to_json(e.value)::text, ',' order by e.key collate "C") || '}'
      from jsonb_each_text(body) e)) is not true then
    raise exception 'leaf out of shape' using errcode = 'PB003';
  end if;
  insert into kernel.ledger_inbox (tenant_id, leaf, action, record, row_id, version)
  values (bound[1]::uuid, p_leaf, body ->> 'action', body ->> 'record', (body ->> 'row')::uuid, (body ->> 'version')::integer);
  if p_openings <> '{}' then
    insert into kernel.ledger_opening (tenant_id, leaf_id, openings) values (bound[1]::uuid, (body ->> 'id')::uuid, p_openings);
  end if;
end $$;

-- A job may do what the transaction that makes it was entered for: a key with one permission makes no job with its
-- person's others.
create or replace function kernel.enqueue(p_task text, p_subject uuid, p_permissions text[], p_grant_id uuid, p_secret text, p_total integer) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
begin
  if bound[2] <> '00000000-0000-0000-0000-000000000001' and (p_permissions <@ array[bound[3]]) is not true then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  insert into kernel.job_grant (id, secret_hash, tenant_id, actor_id, permissions, expires_at)
  values (p_grant_id, sha256(convert_to(p_secret, 'UTF8')), bound[1]::uuid, bound[2]::uuid, p_permissions, now() + interval '1 day');
  insert into kernel.job (tenant_id, id, task, subject_id, actor_id, total)
  values (bound[1]::uuid, p_grant_id, p_task, p_subject, bound[2]::uuid, p_total);
  perform graphile_worker.probity_add_job(p_task, json_build_object('job', p_grant_id, 'secret', p_secret, 'subject', p_subject), p_grant_id::text);
end $$;

create or replace function kernel.enter_otherwise(p_kind text, p_secret text, p_workspace uuid, p_permission text, p_source inet)
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
    left join identity."user" u on u.id = m.user_id
    where u.disabled_at is null and k.secret_hash = hash and k.revoked_at is null and k.deleted_at is null and k.expires_at > now()
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
    left join identity."user" u on u.id = m.user_id
    where u.disabled_at is null and l.secret_hash = hash and l.revoked_at is null and l.deleted_at is null and l.expires_at > now()
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
    -- A person's job ends with what its person may do: removed, disabled or given a lesser role, they do nothing by it.
    if actor_id <> '00000000-0000-0000-0000-000000000001' then
      perform 1 from kernel.membership m
      join kernel.role_permission r on r.role = m.role and r.permission = p_permission
      left join identity."user" u on u.id = m.user_id
      where u.disabled_at is null and m.tenant_id = enter_otherwise.tenant_id and m.id = enter_otherwise.actor_id and m.status = 'active' and m.deleted_at is null;
      if not found then
        raise exception 'job_ended' using errcode = 'PB401';
      end if;
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

-- A block is bounded, and a window that is used up counts no further: the count can't be driven over its type.
create or replace function kernel.lease_budget(p_name text, p_source text, p_window_seconds integer, p_limit integer, p_block integer)
returns table (granted integer, ends_at timestamptz)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  start constant timestamptz := to_timestamp(floor(extract(epoch from now()) / p_window_seconds) * p_window_seconds);
  most constant integer := 1000000000;
  block constant integer := least(greatest(p_block, 0), 1000000);
  total integer;
begin
  perform set_config('synchronous_commit', 'off', true);
  insert into kernel.budget as b (name, source, window_start, used) values (p_name, p_source, start, block)
  on conflict (name, source, window_start) do update set used = least(b.used, most) + block
  returning b.used into total;
  granted := greatest(0, least(block, p_limit - (total - block)));
  ends_at := start + make_interval(secs => p_window_seconds);
  if random() < 0.001 then
    delete from kernel.budget b where b.window_start < now() - interval '2 days';
  end if;
  return next;
end $$;

-- The history keeps what changed, never what opens something: a destroyed key must not live on in it (ENC-06).
create or replace function kernel.guard() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  name constant text := tg_table_schema || '.' || tg_table_name;
begin
  perform 1 from kernel.ledger_inbox
  where row_id = new.id and version = new.version and record = name
    and tenant_id = new.tenant_id and xid = pg_current_xact_id();
  if not found then
    raise exception 'change of % without its leaf', name using errcode = 'PB004';
  end if;
  insert into kernel.version_history (tenant_id, row_id, version, record, at, actor_id, body)
  values (new.tenant_id, new.id, new.version, name, new.updated_at, new.updated_by, to_jsonb(new) - '{secret_hash,wrapped}'::text[]);
  return null;
end $$;
update kernel.version_history set body = body - '{secret_hash,wrapped}'::text[] where body ?| '{secret_hash,wrapped}';

-- Of somebody who has left, a workspace learns and ends nothing: their sessions are other workspaces' by then.
create or replace function kernel.members_last_seen() returns table (membership_id uuid, last_seen_at timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select m.id, max(s.last_seen_at)
  from kernel.membership m join identity.session s on s.user_id = m.user_id
  where m.tenant_id = kernel.tenant() and m.status = 'active' and m.deleted_at is null
  group by m.id
$$;
create or replace function kernel.end_member_sessions(p_membership uuid) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
  ended integer;
begin
  if bound[3] <> 'kernel.people.change' then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  delete from identity.session s using kernel.membership m
  where m.tenant_id = bound[1]::uuid and m.id = p_membership and s.user_id = m.user_id
    and m.status = 'active' and m.deleted_at is null;
  get diagnostics ended = row_count;
  return ended;
end $$;
