-- API keys of people: from which networks, and when last used. Short-lived tokens made from them, with refresh tokens that
-- are taken once, and the keys that sign them.
set local role probity_owner;

alter table kernel.api_key add column networks cidr[];
comment on column kernel.api_key.networks is 'where the key may be used from; null: wherever its workspace allows';
grant references on kernel.api_key to probity_door;
drop trigger entered_for on kernel.api_key;
create trigger entered_for before insert or update on kernel.api_key for each statement
  execute function kernel.entered_for('kernel.key.change', 'kernel.key.manage', 'kernel.people.change', 'kernel.workspace.found', 'kernel.probe');

set local role probity_door;

-- Beside the key and not in it: each use would be a change of a governed row.
create table kernel.api_key_use (
  tenant_id uuid not null,
  key_id uuid not null,
  used_at timestamptz not null,
  source inet,
  primary key (tenant_id, key_id),
  foreign key (tenant_id, key_id) references kernel.api_key (tenant_id, id)
);
comment on table kernel.api_key_use is 'when and from where a key was last used, noted at most once a minute by each server';

-- One row a token. The access token is compared whole, by its hash, like every other credential: what it claims is for its
-- reader, what it opens is decided here. The rows of one exchange and its refreshes are a family.
create table kernel.token_grant (
  tenant_id uuid not null,
  id uuid not null,
  family_id uuid not null,
  key_id uuid not null,
  access_hash bytea not null unique,
  access_expires_at timestamptz not null,
  refresh_hash bytea not null unique,
  refresh_expires_at timestamptz not null,
  refreshed_at timestamptz,
  ended_at timestamptz,
  created_at timestamptz not null default now(),
  primary key (tenant_id, id),
  foreign key (tenant_id, key_id) references kernel.api_key (tenant_id, id)
);
comment on table kernel.token_grant is 'access tokens that live and refresh tokens, as hashes; out of reach of the application';
create index token_grant_family on kernel.token_grant (tenant_id, family_id);
create index token_grant_key on kernel.token_grant (tenant_id, key_id);

create table kernel.signing_key (
  kid text primary key,
  public_key jsonb not null,
  sealed bytea not null,
  signs_from timestamptz not null,
  created_at timestamptz not null default now()
);
comment on table kernel.signing_key is 'keys that sign access tokens, the private half sealed under the root key; published before they sign and after';

create function kernel.keys_used() returns table (key_id uuid, used_at timestamptz, source text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select u.key_id, u.used_at, host(u.source) from kernel.api_key_use u where u.tenant_id = ((kernel.checked_binding())[1])::uuid
$$;
grant execute on function kernel.keys_used() to probity_app;

-- By hashes of tokens that were just let in: a key's own, or one of its access tokens.
create function kernel.note_key_use(p_hashes bytea[], p_sources text[]) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into kernel.api_key_use as u (tenant_id, key_id, used_at, source)
  select distinct on (k.tenant_id, k.id) k.tenant_id, k.id, now(), n.source::inet
  from unnest(p_hashes, p_sources) as n (hash, source)
  left join kernel.token_grant g on g.access_hash = n.hash
  join kernel.api_key k on k.secret_hash = n.hash or (k.tenant_id = g.tenant_id and k.id = g.key_id)
  order by k.tenant_id, k.id
  on conflict (tenant_id, key_id) do update set used_at = excluded.used_at, source = excluded.source
$$;
grant execute on function kernel.note_key_use(bytea[], text[]) to probity_app;

-- One thing a key, or a token made from it, may do now: the door is entered for it when tokens are made. Null: it opens
-- nothing. PL/pgSQL reads the names of its body when it runs: member_permissions comes with a later migration.
create function kernel.key_permission(p_secret text) returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  hash constant bytea := sha256(convert_to(p_secret, 'UTF8'));
  own record;
begin
  select k.tenant_id, k.membership_id, k.permissions into own from kernel.api_key k where k.secret_hash = hash;
  if not found then
    select k.tenant_id, k.membership_id, k.permissions into own
    from kernel.token_grant g join kernel.api_key k on k.tenant_id = g.tenant_id and k.id = g.key_id
    where g.access_hash = hash;
  end if;
  return (select min(p) from unnest(kernel.member_permissions(own.tenant_id, own.membership_id)) p where p = any (own.permissions));
end $$;
grant execute on function kernel.key_permission(text) to probity_app;

-- The key the transaction was entered with: it must be the bound member's own, and still open.
create function kernel.bound_key(p_secret text) returns table (key_id uuid, expires_at timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select k.id, k.expires_at
  from (select kernel.checked_binding() as part) b
  join kernel.api_key k on k.tenant_id = b.part[1]::uuid and k.membership_id = b.part[2]::uuid
  where k.secret_hash = sha256(convert_to(p_secret, 'UTF8')) and k.revoked_at is null and k.deleted_at is null and k.expires_at > now()
$$;
grant execute on function kernel.bound_key(text) to probity_app;

create function kernel.issue_token(p_id uuid, p_secret text, p_access_hash bytea, p_access_expires_at timestamptz, p_refresh_hash bytea, p_refresh_expires_at timestamptz) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  own record;
begin
  select b.key_id, b.expires_at into own from kernel.bound_key(p_secret) b;
  if not found then
    raise exception 'key_ended' using errcode = 'PB401';
  end if;
  insert into kernel.token_grant (tenant_id, id, family_id, key_id, access_hash, access_expires_at, refresh_hash, refresh_expires_at)
  values (((kernel.checked_binding())[1])::uuid, p_id, p_id, own.key_id,
    p_access_hash, least(p_access_expires_at, own.expires_at), p_refresh_hash, least(p_refresh_expires_at, own.expires_at));
  if random() < 0.01 then
    delete from kernel.token_grant g where g.refresh_expires_at < now() - interval '7 days';
  end if;
end $$;
grant execute on function kernel.issue_token(uuid, text, bytea, timestamptz, bytea, timestamptz) to probity_app;

-- What a new access token of this family would say. Says nothing of a token that is spent, ended or unknown.
create function kernel.refresh_subject(p_refresh text)
returns table (tenant_id uuid, membership_id uuid, key_id uuid, family_id uuid, refresh_expires_at timestamptz, access_seconds integer)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select g.tenant_id, k.membership_id, g.key_id, g.family_id, least(g.refresh_expires_at, k.expires_at),
    ceil(extract(epoch from g.access_expires_at - g.created_at))::integer
  from kernel.token_grant g join kernel.api_key k on k.tenant_id = g.tenant_id and k.id = g.key_id
  where g.refresh_hash = sha256(convert_to(p_refresh, 'UTF8'))
$$;
grant execute on function kernel.refresh_subject(text) to probity_app;

-- Takes a refresh token once. One that was taken before is in two hands: the whole family ends (RFC 9700, 4.14.2).
create function kernel.refresh_token(p_refresh text, p_id uuid, p_access_hash bytea, p_access_expires_at timestamptz, p_refresh_hash bytea)
returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  old kernel.token_grant;
begin
  select * into old from kernel.token_grant g where g.refresh_hash = sha256(convert_to(p_refresh, 'UTF8')) for update;
  if not found or old.ended_at is not null or old.refresh_expires_at <= now() then
    return 'ended';
  end if;
  if old.refreshed_at is not null then
    update kernel.token_grant g set ended_at = now()
    where g.tenant_id = old.tenant_id and g.family_id = old.family_id and g.ended_at is null;
    return 'reused';
  end if;
  update kernel.token_grant g set refreshed_at = now() where g.tenant_id = old.tenant_id and g.id = old.id;
  insert into kernel.token_grant (tenant_id, id, family_id, key_id, access_hash, access_expires_at, refresh_hash, refresh_expires_at)
  values (old.tenant_id, p_id, old.family_id, old.key_id,
    p_access_hash, least(p_access_expires_at, old.refresh_expires_at), p_refresh_hash, old.refresh_expires_at);
  return 'taken';
end $$;
grant execute on function kernel.refresh_token(text, uuid, bytea, timestamptz, bytea) to probity_app;

-- Ends the family an access or refresh token belongs to, whatever their state.
create function kernel.end_token_family(p_token text) returns table (tenant_id uuid, family_id uuid)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  select g.tenant_id, g.family_id into tenant_id, family_id from kernel.token_grant g
  where sha256(convert_to(p_token, 'UTF8')) in (g.access_hash, g.refresh_hash);
  if not found then
    return;
  end if;
  update kernel.token_grant g set ended_at = now()
  where g.tenant_id = end_token_family.tenant_id and g.family_id = end_token_family.family_id and g.ended_at is null;
  if found then
    return next;
  end if;
end $$;
grant execute on function kernel.end_token_family(text) to probity_app;

create function kernel.signing_keys() returns setof kernel.signing_key
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  if (kernel.checked_binding())[3] <> 'kernel.token.sign' then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  return query select * from kernel.signing_key k order by k.signs_from desc, k.kid;
end $$;
grant execute on function kernel.signing_keys() to probity_app;

-- Adds a key after the one the caller took for the newest; false when another server was first. Keys whose successor has
-- signed since before p_forget_before go.
create function kernel.add_signing_key(p_kid text, p_public_key jsonb, p_sealed bytea, p_signs_from timestamptz, p_newest text, p_forget_before timestamptz) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if (kernel.checked_binding())[3] <> 'kernel.token.sign' then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  lock table kernel.signing_key in share row exclusive mode;
  if (select k.kid from kernel.signing_key k order by k.signs_from desc, k.kid limit 1) is distinct from p_newest then
    return false;
  end if;
  insert into kernel.signing_key (kid, public_key, sealed, signs_from) values (p_kid, p_public_key, p_sealed, p_signs_from);
  delete from kernel.signing_key k
  where exists (select from kernel.signing_key n where n.signs_from > k.signs_from and n.signs_from < p_forget_before);
  return true;
end $$;
grant execute on function kernel.add_signing_key(text, jsonb, bytea, timestamptz, text, timestamptz) to probity_app;
