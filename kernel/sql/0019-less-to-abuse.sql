-- What an injected statement can still do is made less: a job does what its transaction was entered for, and no count is driven
-- over its type. (Leaves and people who have left: 0045 and 0044.)
set local role probity_door;

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
