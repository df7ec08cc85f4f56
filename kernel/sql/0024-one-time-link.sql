-- Links that prove a mailbox, used once: to choose a new password, to finish a registration, to confirm an address. And
-- solved challenges, kept until they would have ended, so that none counts twice.
set local role probity_owner;

create table identity.one_time_link (
  token_hash bytea primary key,
  purpose text not null check (purpose in ('reset', 'register', 'verify')),
  user_id uuid references identity."user" on delete cascade,
  email text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  check (user_id is not null or purpose = 'register')
);
comment on column identity.one_time_link.token_hash is 'SHA-256 of the token; the token itself is in the mail alone';
create index one_time_link_of_email on identity.one_time_link (email, purpose, created_at);

create table identity.spent_proof (
  proof_hash bytea primary key,
  expires_at timestamptz not null
);
grant select, insert, update, delete on identity.one_time_link, identity.spent_proof to probity_identity;
