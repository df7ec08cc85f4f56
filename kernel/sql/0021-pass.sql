-- A credential is judged once and the verdict kept as a pass: the next request finds one row instead of joining six
-- tables. A pass is never trusted longer than what it was made from: whoever changes a session, person, membership,
-- workspace, key or role deletes the passes made from it in the same transaction (0021 and every later fact with its own
-- trigger), and times are compared at every entry. No pass, or one that does not fit: the credential is judged anew.
set local role probity_door;

create unlogged table kernel.pass (
  hash bytea not null,
  asked_id uuid not null,
  kind text not null,
  who text not null,
  bound text not null,
  tail text not null default '',
  tenant_id uuid not null,
  actor_id uuid not null,
  user_id uuid not null,
  session_id uuid,
  key_id uuid,
  permissions text[] not null,
  networks cidr[],
  key_networks cidr[],
  good_until timestamptz not null,
  idle interval,
  seen_at timestamptz not null,
  primary key (hash, asked_id)
) with (fillfactor = 80);
-- The statistics say what is so: one row.
analyze kernel.door_secret;
comment on table kernel.pass is 'credentials judged before, by SHA-256 of the secret and the workspace asked for; a crash empties it and they are judged anew';
create index pass_of_user on kernel.pass (user_id);
create index pass_of_tenant on kernel.pass (tenant_id);
create index pass_of_session on kernel.pass (session_id);
create index pass_of_key on kernel.pass (key_id);

-- Who makes a pass holds the gates of its tenant and person shared, who takes rights away holds them alone until commit:
-- a pass can't be made from facts that a running transaction is changing. Gate 0 is everybody's.
create table kernel.pass_gate (
  gate integer primary key,
  turned bigint not null default 0
) with (fillfactor = 50);
insert into kernel.pass_gate (gate) select generate_series(0, 1024);

create function kernel.gate_of(p_id uuid) returns integer
language sql immutable parallel safe return 1 + (hashtext(p_id::text) & 1023);

-- A facts' row changed: the passes of this person, or of this whole workspace, end.
create function kernel.end_passes_of_user(p_user uuid) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  update kernel.pass_gate set turned = turned + 1 where gate = kernel.gate_of(p_user);
  delete from kernel.pass where user_id = p_user;
end $$;
create function kernel.end_passes_of_tenant(p_tenant uuid) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  update kernel.pass_gate set turned = turned + 1 where gate = kernel.gate_of(p_tenant);
  delete from kernel.pass where tenant_id = p_tenant;
end $$;

-- Triggers: on a table of people or sessions, on one of a workspace, and on what concerns all.
create function kernel.pass_user_changed() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform kernel.end_passes_of_user((to_jsonb(old) ->> tg_argv[0])::uuid);
  return null;
end $$;
create function kernel.pass_tenant_changed() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform kernel.end_passes_of_tenant((to_jsonb(coalesce(old, new)) ->> tg_argv[0])::uuid);
  return null;
end $$;
create function kernel.pass_all_changed() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  update kernel.pass_gate set turned = turned + 1 where gate = 0;
  delete from kernel.pass;
  return null;
end $$;
revoke all on function kernel.end_passes_of_user(uuid), kernel.end_passes_of_tenant(uuid) from public;
grant execute on function kernel.pass_user_changed(), kernel.pass_tenant_changed() to probity_owner;

create trigger pass_tenant_changed after update on kernel.workspace for each row execute function kernel.pass_tenant_changed('id');
create trigger pass_all_changed after insert or update or delete on kernel.role_permission for each statement execute function kernel.pass_all_changed();

-- The judge of a session or key: the facts, and the first reason to refuse. Network and permission are the entry's to judge.
create function kernel.judge(p_kind text, p_secret text, p_workspace uuid) returns kernel.pass
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  pass kernel.pass;
  person record;
  key record;
  space record;
begin
  pass.kind := p_kind;
  pass.hash := sha256(convert_to(p_secret, 'UTF8'));
  pass.asked_id := coalesce(p_workspace, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
  if p_kind = 'session' then
    select s.id, s.user_id, s.assurance, s.created_at, s.last_seen_at, s.expires_at into person
    from identity.session s join identity."user" u on u.id = s.user_id and u.disabled_at is null
    where s.token = encode(pass.hash, 'hex') and s.expires_at > now();
    if not found then
      raise exception 'session_ended' using errcode = 'PB401';
    end if;
    select m.tenant_id, m.id, m.role into key from kernel.membership m
    where m.user_id = person.user_id and m.status = 'active' and m.deleted_at is null
      and (p_workspace is null or m.tenant_id = p_workspace)
    order by m.created_at limit 1;
    if not found then
      raise exception 'workspace_unknown' using errcode = 'PB404';
    end if;
    pass.session_id := person.id;
    pass.user_id := person.user_id;
    pass.seen_at := person.last_seen_at;
    pass.good_until := person.expires_at;
    pass.permissions := array(select r.permission from kernel.role_permission r where r.role = key.role);
  else
    select k.tenant_id, k.id as key_id, k.permissions, k.expires_at, m.id, m.user_id, m.role into key
    from kernel.api_key k join kernel.membership m on m.tenant_id = k.tenant_id and m.id = k.membership_id
    left join identity."user" u on u.id = m.user_id
    where u.disabled_at is null and k.secret_hash = pass.hash and k.revoked_at is null and k.deleted_at is null and k.expires_at > now()
      and m.status = 'active' and m.deleted_at is null;
    if not found then
      raise exception 'key_ended' using errcode = 'PB401';
    end if;
    if p_workspace is not null and p_workspace <> key.tenant_id then
      raise exception 'workspace_unknown' using errcode = 'PB404';
    end if;
    pass.key_id := key.key_id;
    pass.user_id := key.user_id;
    pass.seen_at := now();
    pass.good_until := key.expires_at;
    -- A key may do what it was given AND what its person's role may still do.
    pass.permissions := array(select r.permission from kernel.role_permission r where r.role = key.role and r.permission = any (key.permissions));
  end if;
  pass.tenant_id := key.tenant_id;
  pass.actor_id := key.id;
  select * into space from kernel.workspace w where w.id = key.tenant_id;
  if p_kind = 'session' then
    pass.idle := make_interval(mins => space.idle_minutes);
    pass.good_until := least(pass.good_until, person.created_at + make_interval(hours => space.absolute_hours));
    if pass.good_until <= now() or pass.seen_at < now() - pass.idle then
      raise exception 'session_ended' using errcode = 'PB401';
    end if;
    if space.mfa_required and person.assurance < 2 then
      raise exception 'second_factor_required' using errcode = 'PB403';
    end if;
  end if;
  if space.frozen_at is not null or space.closed_at is not null then
    raise exception 'workspace_frozen' using errcode = 'PB423';
  end if;
  pass.networks := space.ip_allow;
  pass.bound := pass.tenant_id || '|' || pass.actor_id || '|';
  pass.who := concat_ws('|', pass.tenant_id, pass.actor_id, coalesce(pass.user_id::text, ''), coalesce(pass.session_id::text, ''), key.role, '');
  return pass;
end $$;
revoke all on function kernel.judge(text, text, uuid) from public;

-- The proof of a binding: SHA-256 over what is bound, the backend and the start of its transaction, between the two halves
-- of the secret (a key before and after leaves no room for a longer message under the same hash). Half the work of RFC
-- 2104, and it is done twice a request. The one row of the secret is counted, so that the planner knows it is one.
create or replace function kernel.checked_binding() returns text[]
language plpgsql stable parallel restricted security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text := current_setting('kernel.binding', true);
  proved boolean;
begin
  select left(bound, 64) = encode(sha256(s.inner_pad || convert_to(substr(bound, 65), 'UTF8')
    || int4send(pg_backend_pid()) || timestamptz_send(transaction_timestamp()) || s.outer_pad), 'hex')
  into proved from kernel.door_secret s;
  if proved then
    return string_to_array(substr(bound, 65), '|');
  end if;
  if coalesce(bound, '') = '' then
    raise exception 'no tenant bound' using errcode = 'PB001';
  end if;
  raise exception 'binding without proof' using errcode = 'PB002';
end $$;
-- The same check with the tenant alone as its answer: what every policy asks, once a statement.
create or replace function kernel.tenant() returns uuid
language plpgsql stable parallel restricted security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text := current_setting('kernel.binding', true);
  proved boolean;
begin
  select left(bound, 64) = encode(sha256(s.inner_pad || convert_to(substr(bound, 65), 'UTF8')
    || int4send(pg_backend_pid()) || timestamptz_send(transaction_timestamp()) || s.outer_pad), 'hex')
  into proved from kernel.door_secret s;
  if proved then
    return substr(bound, 65, 36)::uuid;
  end if;
  if coalesce(bound, '') = '' then
    raise exception 'no tenant bound' using errcode = 'PB001';
  end if;
  raise exception 'binding without proof' using errcode = 'PB002';
end $$;

create or replace function kernel.bind(p_tenant uuid, p_actor uuid, p_permission text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text := p_tenant || '|' || p_actor || '|' || p_permission;
begin
  if coalesce(current_setting('kernel.binding', true), '') <> '' then
    raise exception 'already bound' using errcode = 'PB003';
  end if;
  perform set_config('kernel.binding', encode(sha256(s.inner_pad || convert_to(bound, 'UTF8')
    || int4send(pg_backend_pid()) || timestamptz_send(transaction_timestamp()) || s.outer_pad), 'hex') || bound, true)
  from kernel.door_secret s;
end $$;

-- Judges, says why not, binds. The answer's last part asks the server to have a pass kept once its work is done.
create function kernel.enter_slowly(p_kind text, p_secret text, p_workspace uuid, p_permission text, p_source inet) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  pass kernel.pass;
  other record;
begin
  if p_kind not in ('session', 'key') then
    select * into other from kernel.enter_otherwise(p_kind, p_secret, p_workspace, p_permission, p_source);
    return concat_ws('|', other.tenant_id, other.actor_id, coalesce(other.user_id::text, ''), coalesce(other.session_id::text, ''),
      other.role, coalesce(other.subject_id::text, ''));
  end if;
  pass := kernel.judge(p_kind, p_secret, p_workspace);
  if pass.networks is not null and (p_source is null or not p_source <<= any (pass.networks))
    or pass.key_networks is not null and (p_source is null or not p_source <<= any (pass.key_networks)) then
    raise exception 'source_not_allowed' using errcode = 'PB403';
  end if;
  if (p_permission = any (pass.permissions)) is not true then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  perform kernel.bind(pass.tenant_id, pass.actor_id, p_permission);
  if pass.seen_at < now() - interval '1 minute' then
    update identity.session s set last_seen_at = now() where s.id = pass.session_id;
  end if;
  return pass.who || '|judged';
end $$;
revoke all on function kernel.enter_slowly(text, text, uuid, text, inet) from public;

drop function kernel.enter(text, text, uuid, text, inet);
-- Who entered, as text: tenant|actor|user|session|role|subject. One value costs a fraction of what a row does.
create function kernel.enter(p_kind text, p_secret text, p_workspace uuid, p_permission text, p_source inet) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  entered text;
  stale uuid;
begin
  select p.who, case when p.seen_at < now() - interval '1 minute' then p.session_id end, set_config('kernel.binding',
    encode(sha256(s.inner_pad || convert_to(p.bound || p_permission || p.tail, 'UTF8')
      || int4send(pg_backend_pid()) || timestamptz_send(transaction_timestamp()) || s.outer_pad), 'hex')
    || p.bound || p_permission || p.tail, true)
  into entered, stale
  from kernel.pass p, kernel.door_secret s
  where p.hash = sha256(convert_to(p_secret, 'UTF8')) and p.asked_id = coalesce(p_workspace, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
    and p.kind = p_kind and p_permission = any (p.permissions) and p.good_until > now()
    and (p.idle is null or p.seen_at >= now() - p.idle)
    and (p.networks is null or p_source <<= any (p.networks))
    and (p.key_networks is null or p_source <<= any (p.key_networks))
    and coalesce(current_setting('kernel.binding', true), '') = '';
  if entered is null then
    return kernel.enter_slowly(p_kind, p_secret, p_workspace, p_permission, p_source);
  end if;
  -- Once a minute at most: a read writes nothing of its own.
  if stale is not null then
    -- Where another request is just doing the same, this one doesn't wait for it.
    update kernel.pass p set seen_at = now()
    where (p.hash, p.asked_id) in (select o.hash, o.asked_id from kernel.pass o where o.session_id = stale for update skip locked);
    update identity.session s set last_seen_at = now()
    where s.id in (select o.id from identity.session o where o.id = stale for update skip locked);
  end if;
  return entered;
end $$;
revoke all on function kernel.enter(text, text, uuid, text, inet) from public;
grant execute on function kernel.enter(text, text, uuid, text, inet) to probity_app;

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
  if pass.tenant_id <> first.tenant_id or pass.user_id <> first.user_id then
    return;
  end if;
  insert into kernel.pass select (pass).*
  on conflict (hash, asked_id) do update set kind = excluded.kind, who = excluded.who, bound = excluded.bound,
    tenant_id = excluded.tenant_id, actor_id = excluded.actor_id, user_id = excluded.user_id, session_id = excluded.session_id,
    key_id = excluded.key_id, permissions = excluded.permissions, networks = excluded.networks, key_networks = excluded.key_networks,
    good_until = excluded.good_until, idle = excluded.idle, seen_at = excluded.seen_at;
  if random() < 0.01 then
    delete from kernel.pass where good_until < now();
  end if;
end $$;
revoke all on function kernel.keep_pass(text, text, uuid) from public;
grant execute on function kernel.keep_pass(text, text, uuid) to probity_app;

set local role probity_owner;
create trigger pass_user_changed after update of token, user_id, assurance, created_at, expires_at or delete on identity.session
  for each row execute function kernel.pass_user_changed('user_id');
create trigger pass_user_changed after update of disabled_at or delete on identity."user"
  for each row execute function kernel.pass_user_changed('id');
create trigger pass_user_changed after update on kernel.membership for each row execute function kernel.pass_user_changed('user_id');
create trigger pass_tenant_changed after update on kernel.membership for each row execute function kernel.pass_tenant_changed('tenant_id');
create trigger pass_tenant_changed after update on kernel.api_key for each row execute function kernel.pass_tenant_changed('tenant_id');
