-- SCIM 2.0 (RFC 7643, 7644): a workspace's directory writes who belongs here, with a token that is the workspace's own.
set local role probity_owner;

create table kernel.scim_token (
  tenant_id uuid not null default kernel.tenant() references kernel.workspace,
  id uuid not null,
  name text not null check (length(name) between 1 and 80),
  secret_hash bytea not null unique,
  expires_at timestamptz not null,
  revoked_at timestamptz,
  primary key (tenant_id, id)
);
select kernel.govern('kernel.scim_token', '{"door": true}');

-- What the directory says of a member. The row's id is the membership's: SCIM names people by it.
create table kernel.scim_user (
  tenant_id uuid not null default kernel.tenant() references kernel.workspace,
  id uuid not null,
  external_id text check (length(external_id) <= 200),
  user_name text not null check (length(user_name) <= 254),
  given_name text check (length(given_name) <= 200),
  family_name text check (length(family_name) <= 200),
  active boolean not null,
  primary key (tenant_id, id),
  foreign key (tenant_id, id) references kernel.membership (tenant_id, id)
);
select kernel.govern('kernel.scim_user');
create unique index scim_user_name on kernel.scim_user (tenant_id, lower(user_name)) where deleted_at is null;
create index scim_user_external on kernel.scim_user (tenant_id, external_id);

create table kernel.scim_group (
  tenant_id uuid not null default kernel.tenant() references kernel.workspace,
  id uuid not null,
  external_id text check (length(external_id) <= 200),
  display_name text not null check (length(display_name) between 1 and 200),
  -- What its members become; null: the group says nothing about roles. Set by an admin here, never by the directory.
  role text check (role in ('admin', 'member')),
  primary key (tenant_id, id)
);
select kernel.govern('kernel.scim_group');
create unique index scim_group_name on kernel.scim_group (tenant_id, lower(display_name)) where deleted_at is null;

create table kernel.scim_group_member (
  tenant_id uuid not null default kernel.tenant() references kernel.workspace,
  id uuid not null,
  group_id uuid not null,
  membership_id uuid not null,
  primary key (tenant_id, id),
  foreign key (tenant_id, group_id) references kernel.scim_group (tenant_id, id),
  foreign key (tenant_id, membership_id) references kernel.scim_user (tenant_id, id)
);
select kernel.govern('kernel.scim_group_member');
create unique index scim_group_member_once on kernel.scim_group_member (tenant_id, group_id, membership_id) where deleted_at is null;
create index scim_group_of_member on kernel.scim_group_member (tenant_id, membership_id);

create trigger entered_for before insert or update on kernel.scim_token for each statement
  execute function kernel.entered_for('kernel.sso.change');
create trigger entered_for before insert or update on kernel.scim_user for each statement
  execute function kernel.entered_for('kernel.people.change');
create trigger entered_for before insert or update on kernel.scim_group for each statement
  execute function kernel.entered_for('kernel.people.change', 'kernel.sso.change');
create trigger entered_for before insert or update on kernel.scim_group_member for each statement
  execute function kernel.entered_for('kernel.people.change');

set local role probity_door;

-- Which workspace a directory's token belongs to: unknown, revoked, past its end, of a frozen workspace or from an address
-- that is not on its list, it is nobody's.
create function kernel.scim_of_token(p_token text, p_source inet) returns table (tenant_id uuid, token_id uuid)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select t.tenant_id, t.id from kernel.scim_token t
  join kernel.workspace w on w.id = t.tenant_id and w.frozen_at is null and w.closed_at is null
  where t.secret_hash = sha256(convert_to(p_token, 'UTF8')) and t.revoked_at is null and t.deleted_at is null and t.expires_at > now()
    and (w.ip_allow is null or (p_source is not null and p_source <<= any (w.ip_allow)))
$$;
grant execute on function kernel.scim_of_token(text, inet) to probity_app;
