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
  frozen boolean not null default false,
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

drop function kernel.enter(text, text, uuid, text, inet);
-- The judge (kernel.enter_slowly) and what keeps its verdict come in 0044, when every fact it looks at is there.
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

set local role probity_owner;
create trigger pass_user_changed after update of token, user_id, assurance, created_at, expires_at or delete on identity.session
  for each row execute function kernel.pass_user_changed('user_id');
create trigger pass_user_changed after update of disabled_at or delete on identity."user"
  for each row execute function kernel.pass_user_changed('id');
create trigger pass_user_changed after update on kernel.membership for each row execute function kernel.pass_user_changed('user_id');
create trigger pass_tenant_changed after update on kernel.membership for each row execute function kernel.pass_tenant_changed('tenant_id');
create trigger pass_tenant_changed after update on kernel.api_key for each row execute function kernel.pass_tenant_changed('tenant_id');
