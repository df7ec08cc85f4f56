-- People and their sessions, across workspaces. better-auth reads and writes this schema with a role and pool of its
-- own and sees nothing else; the application role sees nothing of it. Session tokens are stored as SHA-256.
set local role probity_owner;

create table identity."user" (
  id uuid primary key,
  name text not null,
  email text not null unique check (email = lower(email)),
  email_verified boolean not null default false,
  image text,
  disabled_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table identity.account (
  id uuid primary key,
  user_id uuid not null references identity."user" on delete cascade,
  account_id text not null,
  provider_id text not null,
  password text,
  access_token text,
  refresh_token text,
  id_token text,
  access_token_expires_at timestamptz,
  refresh_token_expires_at timestamptz,
  scope text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (provider_id, account_id)
);
create index account_of_user on identity.account (user_id);

create table identity.session (
  id uuid primary key,
  user_id uuid not null references identity."user" on delete cascade,
  token text not null unique,
  ip_address text,
  user_agent text,
  assurance smallint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  expires_at timestamptz not null
);
comment on column identity.session.token is 'hex SHA-256 of the token; the token itself is known to its browser alone';
create index session_of_user on identity.session (user_id);

create table identity.verification (
  id uuid primary key,
  identifier text not null,
  value text not null,
  expires_at timestamptz not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index verification_identifier on identity.verification (identifier);

grant select, insert, update, delete on all tables in schema identity to probity_identity;
grant select on identity."user", identity.session to probity_door;
grant update (last_seen_at) on identity.session to probity_door;
