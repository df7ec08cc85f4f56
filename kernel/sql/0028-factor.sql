-- Second factors. A session that has proved one factor of somebody who has two is kept under another hash: nothing that
-- looks for its token finds it, the door neither, whatever way the person signed in. Only what completes the sign-in does.
set local role probity_owner;

alter table identity."user" add column second_factor_at timestamptz;
comment on column identity."user".second_factor_at is 'since when they have a second factor; null without. Kept by triggers alone';

alter table identity.session add column awaits_factor boolean not null default false;
comment on column identity.session.awaits_factor is 'half signed in: the token''s hash is hashed once more (identity.await_factor)';

create table identity.totp (
  user_id uuid primary key references identity."user" on delete cascade,
  secret_sealed bytea not null,
  session_id uuid,
  last_step bigint not null default 0,
  created_at timestamptz not null default now(),
  confirmed_at timestamptz
);
comment on column identity.totp.last_step is 'time step of the last code taken: no code of it or before is taken again (RFC 6238 5.2)';
comment on column identity.totp.session_id is 'the session that began to set it up, which alone may confirm it';

create table identity.recovery_code (
  id uuid primary key,
  user_id uuid not null references identity."user" on delete cascade,
  code_hash bytea not null,
  created_at timestamptz not null default now(),
  used_at timestamptz,
  unique (user_id, code_hash)
);

create table identity.passkey (
  id uuid primary key,
  user_id uuid not null references identity."user" on delete cascade,
  name text not null check (length(name) between 1 and 60),
  credential_id text not null unique,
  public_key bytea not null,
  counter bigint not null,
  transports text[] not null,
  created_at timestamptz not null default now(),
  last_used_at timestamptz
);
create index passkey_of_user on identity.passkey (user_id);

create table identity.passkey_challenge (
  challenge text primary key,
  purpose text not null check (purpose in ('add', 'sign-in', 'factor', 'step-up')),
  user_id uuid references identity."user" on delete cascade,
  session_id uuid references identity.session on delete cascade,
  expires_at timestamptz not null
);
create index passkey_challenge_end on identity.passkey_challenge (expires_at);
create index passkey_challenge_of_session on identity.passkey_challenge (session_id);
create index passkey_challenge_of_user on identity.passkey_challenge (user_id);

grant select, insert, update, delete on identity.totp, identity.recovery_code, identity.passkey, identity.passkey_challenge to probity_identity;

-- The share lock makes a sign-in and the setting up of a first factor wait for one another: no session slips between them.
create function identity.await_factor() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform 1 from identity."user" u where u.id = new.user_id and u.second_factor_at is not null for share;
  if new.assurance < 2 and found then
    new.awaits_factor := true;
    new.token := encode(sha256(convert_to('awaits factor:' || new.token, 'UTF8')), 'hex');
    new.expires_at := least(new.expires_at, now() + interval '10 minutes');
  end if;
  return new;
end $$;
create trigger await_factor before insert on identity.session for each row execute function identity.await_factor();

-- The first factor ends every session that has not proved it; with the last one gone, no session has two.
create function identity.keep_second_factor() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  person constant uuid := case when tg_op = 'DELETE' then old.user_id else new.user_id end;
  has boolean;
begin
  perform 1 from identity."user" u where u.id = person for update;
  has := exists (select 1 from identity.totp t where t.user_id = person and t.confirmed_at is not null)
    or exists (select 1 from identity.passkey p where p.user_id = person);
  update identity."user" u set second_factor_at = case when has then now() end
  where u.id = person and (u.second_factor_at is not null) <> has;
  if found and has then
    delete from identity.session s where s.user_id = person and s.assurance < 2;
  elsif found then
    update identity.session s set assurance = 1 where s.user_id = person and s.assurance > 1;
    delete from identity.session s where s.user_id = person and s.awaits_factor;
    delete from identity.recovery_code r where r.user_id = person;
  end if;
  return null;
end $$;
create trigger keep_second_factor after insert or update of confirmed_at or delete on identity.totp
  for each row execute function identity.keep_second_factor();
create trigger keep_second_factor after insert or delete on identity.passkey
  for each row execute function identity.keep_second_factor();

-- What a session has proved, and what its workspaces ask for: the pages show enrolment or the freeze by it. It opens nothing.
set local role probity_door;
create function kernel.session_standing(p_secret text)
returns table (session_id uuid, assurance smallint, second_factor boolean, workspaces jsonb)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select s.id, s.assurance, u.second_factor_at is not null, coalesce(jsonb_object_agg(
      w.id, jsonb_build_object('mfaRequired', w.mfa_required, 'frozen', w.frozen_at is not null)) filter (where w.id is not null), '{}'::jsonb)
  from identity.session s
  join identity."user" u on u.id = s.user_id and u.disabled_at is null
  left join (kernel.membership m join kernel.workspace w on w.id = m.tenant_id and w.closed_at is null)
    on m.user_id = u.id and m.status = 'active' and m.deleted_at is null
  where s.token = encode(sha256(convert_to(p_secret, 'UTF8')), 'hex') and s.expires_at > now()
  group by s.id, s.assurance, u.second_factor_at
$$;
grant execute on function kernel.session_standing(text) to probity_app;
