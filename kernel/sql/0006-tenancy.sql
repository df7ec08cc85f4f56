-- Workspaces (tenants), who belongs to them, and what each role may do.
set local role probity_door;

-- The gate columns are copies of policy values, kept here so that the door checks all of them in one look-up.
create table kernel.workspace (
  id uuid primary key,
  slug text not null unique check (slug ~ '^[a-z0-9][a-z0-9-]{1,62}$'),
  name text not null,
  preset text not null,
  created_at timestamptz not null default now(),
  frozen_at timestamptz,
  closed_at timestamptz,
  idle_minutes integer not null default 30 check (idle_minutes > 0),
  absolute_hours integer not null default 12 check (absolute_hours > 0),
  mfa_required boolean not null default false,
  ip_allow cidr[]
);
alter table kernel.workspace enable row level security;
create policy tenant on kernel.workspace for select to probity_app using (id = (select kernel.tenant()));
create policy across on kernel.workspace for select to probity_across using (true);
grant select on kernel.workspace to probity_app, probity_across;
insert into kernel.exempt_table values ('kernel.workspace', 'its key is the tenant itself; the application may only read its own row');

-- Events of nobody's workspace (a refused sign-in, the set-up, an operator's act) belong to the instance itself.
insert into kernel.workspace (id, slug, name, preset) values ('00000000-0000-0000-0000-000000000000', 'instance', 'This instance', 'regulatory-docs');

create table kernel.role_permission (
  role text not null,
  permission text not null,
  primary key (role, permission)
);
comment on table kernel.role_permission is 'written at migration from the declarations of the enabled apps; no role, no row, nobody';

-- Tasks of the server itself (sequencer, buffers, probes): a credential derived from the root key, its hash kept here.
create table kernel.system_credential (
  name text primary key,
  secret_hash bytea not null unique,
  permissions text[] not null
);
grant select, insert, update, delete on kernel.role_permission, kernel.system_credential to probity_owner;
grant references on kernel.workspace to probity_owner;

set local role probity_owner;

create table kernel.membership (
  tenant_id uuid not null default kernel.tenant() references kernel.workspace,
  id uuid not null,
  user_id uuid not null,
  name text not null,
  email text not null,
  role text not null check (role in ('owner', 'admin', 'member')),
  status text not null check (status in ('active', 'disabled')),
  primary key (tenant_id, id),
  unique (tenant_id, user_id)
);
comment on column kernel.membership.id is 'the actor''s pseudonym in this workspace: leaves name it and nothing else of the person';
select kernel.govern('kernel.membership', '{"door": true}');
create index membership_of_user on kernel.membership (user_id);

create table kernel.invitation (
  tenant_id uuid not null default kernel.tenant() references kernel.workspace,
  id uuid not null,
  email text not null,
  role text not null check (role in ('admin', 'member')),
  secret_hash bytea not null unique,
  expires_at timestamptz not null,
  accepted_at timestamptz,
  primary key (tenant_id, id)
);
select kernel.govern('kernel.invitation', '{"door": true}');

create table kernel.api_key (
  tenant_id uuid not null default kernel.tenant() references kernel.workspace,
  id uuid not null,
  membership_id uuid not null,
  name text not null,
  secret_hash bytea not null unique,
  permissions text[] not null,
  expires_at timestamptz not null,
  revoked_at timestamptz,
  primary key (tenant_id, id),
  foreign key (tenant_id, membership_id) references kernel.membership (tenant_id, id)
);
select kernel.govern('kernel.api_key', '{"door": true}');

create table kernel.link (
  tenant_id uuid not null default kernel.tenant() references kernel.workspace,
  id uuid not null,
  secret_hash bytea not null unique,
  purpose text not null,
  subject_id uuid not null,
  permission text not null,
  membership_id uuid not null,
  expires_at timestamptz not null,
  revoked_at timestamptz,
  primary key (tenant_id, id),
  foreign key (tenant_id, membership_id) references kernel.membership (tenant_id, id)
);
comment on table kernel.link is 'signed one-purpose links: a download address that ends (FIL-03)';
select kernel.govern('kernel.link', '{"door": true}');
