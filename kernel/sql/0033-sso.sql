-- Single sign-on of a workspace: its domains, its identity provider, the attempts under way.
set local role probity_owner;

create table kernel.sso_domain (
  tenant_id uuid not null default kernel.tenant() references kernel.workspace,
  id uuid not null,
  domain text not null check (domain = lower(domain) and domain ~ '^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$' and length(domain) <= 253),
  challenge text not null,
  verified_at timestamptz,
  checked_at timestamptz,
  missing_since timestamptz,
  primary key (tenant_id, id)
);
comment on column kernel.sso_domain.challenge is 'what the TXT record _probity-challenge.DOMAIN says; it is public, and worth nothing to another workspace';
select kernel.govern('kernel.sso_domain', '{"door": true}');
-- A verified domain is one workspace's.
create unique index sso_domain_of_one on kernel.sso_domain (domain) where verified_at is not null and deleted_at is null;
create unique index sso_domain_once on kernel.sso_domain (tenant_id, domain) where deleted_at is null;

create table kernel.sso_connection (
  tenant_id uuid not null default kernel.tenant() references kernel.workspace,
  id uuid not null,
  kind text not null check (kind in ('oidc', 'saml')),
  name text not null check (length(name) between 1 and 80),
  enabled boolean not null default false,
  -- OIDC: issuer and client; the client secret is a sealed value. SAML: entity id, sign-in address and certificates.
  issuer text not null check (length(issuer) between 1 and 500),
  client_id text check (length(client_id) <= 300),
  sign_in_url text check (length(sign_in_url) <= 1000),
  certificates text[] not null default '{}',
  default_role text not null default 'member' check (default_role in ('admin', 'member')),
  admits_new boolean not null default true,
  trusts_mfa boolean not null default false,
  primary key (tenant_id, id),
  check (kind <> 'oidc' or client_id is not null),
  check (kind <> 'saml' or (sign_in_url is not null and cardinality(certificates) between 1 and 5))
);
select kernel.govern('kernel.sso_connection', '{"door": true}');
create unique index sso_connection_in_use on kernel.sso_connection (tenant_id) where enabled and deleted_at is null;

create table kernel.sso_force (
  tenant_id uuid not null default kernel.tenant() references kernel.workspace,
  id uuid not null,
  forced boolean not null,
  break_glass_id uuid,
  primary key (tenant_id, id),
  foreign key (tenant_id, break_glass_id) references kernel.membership (tenant_id, id),
  check (not forced or break_glass_id is not null)
);
comment on table kernel.sso_force is 'one row a workspace: whether its verified domains sign in by its identity provider alone, and the one owner who may still use a password';
select kernel.govern('kernel.sso_force', '{"door": true}');
create unique index sso_force_once on kernel.sso_force (tenant_id);

-- Who may change any of it: only a transaction entered for policy, or the server's own re-check of domains.
create trigger entered_for before insert or update on kernel.sso_domain for each statement
  execute function kernel.entered_for('kernel.sso.change', 'kernel.sso.recheck');
create trigger entered_for before insert or update on kernel.sso_connection for each statement
  execute function kernel.entered_for('kernel.sso.change');
create trigger entered_for before insert or update on kernel.sso_force for each statement
  execute function kernel.entered_for('kernel.sso.change');

-- An attempt to sign in elsewhere: made when the browser leaves, taken once when it comes back. What it holds in clear is
-- worth nothing without the browser's own cookie, of which only the hash is here.
create table identity.sso_attempt (
  id uuid primary key,
  kind text not null check (kind in ('oidc', 'saml', 'social')),
  -- A connection's id, or a provider's name.
  connection text not null,
  tenant_id uuid,
  browser_hash bytea not null,
  state_hash bytea not null unique,
  secrets jsonb not null,
  target text not null,
  -- What the identity provider said, once it was checked; the browser that began finishes it.
  outcome jsonb,
  expires_at timestamptz not null
);
-- Assertions taken: none is taken twice while it lives (SAML 2.0 Profiles, 4.1.4.5).
create table identity.sso_replay (
  assertion_hash bytea primary key,
  expires_at timestamptz not null
);
grant select, insert, update, delete on identity.sso_attempt, identity.sso_replay to probity_identity;

-- The workspace whose identity provider vouched for this session: it opens that workspace and no other.
alter table identity.session add column sso_tenant_id uuid;

set local role probity_door;

alter table kernel.workspace
  add column sso_forced_domains text[],
  add column sso_break_glass_id uuid;

-- The gate's copy, as with policy values: the door looks in one place.
create function kernel.apply_sso_gate() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant uuid := kernel.tenant();
begin
  update kernel.workspace w set
    sso_break_glass_id = f.break_glass_id,
    sso_forced_domains = case when f.forced then (
      select array_agg(d.domain order by d.domain) from kernel.sso_domain d
      where d.tenant_id = bound and d.verified_at is not null and d.deleted_at is null) end
  from kernel.sso_force f
  where w.id = bound and f.tenant_id = bound and f.deleted_at is null;
  return null;
end $$;
grant execute on function kernel.apply_sso_gate() to probity_owner;

-- Asked before anybody is signed in, by the server alone: whose identity provider answers for a domain. It looks at
-- verified domains and nothing else, so that its answer says nothing about people.
create function kernel.sso_of_domain(p_secret text, p_domain text)
returns table (tenant_id uuid, connection_id uuid, kind text, name text, forced boolean)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform 1 from kernel.system_credential c
  where c.secret_hash = sha256(convert_to(p_secret, 'UTF8')) and 'kernel.sso.sign_in' = any (c.permissions);
  if not found then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  return query select d.tenant_id, k.id, k.kind, k.name, coalesce(p_domain = any (w.sso_forced_domains), false)
    from kernel.sso_domain d
    join kernel.sso_connection k on k.tenant_id = d.tenant_id and k.enabled and k.deleted_at is null
    join kernel.workspace w on w.id = d.tenant_id and w.frozen_at is null and w.closed_at is null
    where d.domain = p_domain and d.verified_at is not null and d.deleted_at is null;
end $$;
grant execute on function kernel.sso_of_domain(text, text) to probity_app;

-- Workspaces that force single sign-on and name this person as the owner who may still use a password.
create function kernel.break_glass_of_user(p_secret text, p_user uuid) returns table (tenant_id uuid, membership_id uuid)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform 1 from kernel.system_credential c
  where c.secret_hash = sha256(convert_to(p_secret, 'UTF8')) and 'kernel.session.note' = any (c.permissions);
  if not found then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  return query select m.tenant_id, m.id from kernel.membership m
    join kernel.workspace w on w.id = m.tenant_id and w.sso_break_glass_id = m.id and w.sso_forced_domains is not null
    where m.user_id = p_user and m.status = 'active' and m.deleted_at is null and w.frozen_at is null and w.closed_at is null
      and split_part(m.email, '@', 2) = any (w.sso_forced_domains);
end $$;
grant execute on function kernel.break_glass_of_user(text, uuid) to probity_app;

set local role probity_owner;
create trigger gate after insert or update on kernel.sso_force for each row execute function kernel.apply_sso_gate();
create trigger gate after insert or update on kernel.sso_domain for each row execute function kernel.apply_sso_gate();
