-- Electronic signatures (21 CFR 11.50, 11.70, 11.100, 11.200, 11.300). Whose identity was verified may sign; a signature
-- answers a challenge that was made for one version of one record, one meaning and one session, and was proved by the
-- signer's own credentials. It is written by one function, once, and never changed.
set local role probity_door;
grant execute on function kernel.use_step_up(text, text, text, text), kernel.member_permissions(uuid, uuid) to probity_owner;

set local role probity_owner;

create table kernel.signer (
  tenant_id uuid not null default kernel.tenant() references kernel.workspace,
  id uuid not null,
  membership_id uuid not null,
  user_id uuid not null,
  printed_name text not null check (length(printed_name) between 1 and 120),
  verified_by uuid not null,
  verified_at timestamptz not null,
  method text not null check (method in ('government-id', 'in-person', 'employment-record', 'video-call')),
  evidence text not null check (length(evidence) between 1 and 500),
  acknowledged_at timestamptz,
  acknowledgement_hash text check (length(acknowledgement_hash) = 64),
  revoked_at timestamptz,
  revoked_by uuid,
  revoked_reason text check (length(revoked_reason) between 1 and 500),
  primary key (tenant_id, id),
  unique (tenant_id, membership_id),
  foreign key (tenant_id, membership_id) references kernel.membership (tenant_id, id),
  foreign key (tenant_id, verified_by) references kernel.membership (tenant_id, id),
  foreign key (tenant_id, revoked_by) references kernel.membership (tenant_id, id),
  check (verified_by <> membership_id),
  check ((acknowledged_at is null) = (acknowledgement_hash is null)),
  check ((revoked_at is null) = (revoked_by is null) and (revoked_at is null) = (revoked_reason is null))
);
comment on table kernel.signer is 'who verified whose identity, when and how, before they may sign (11.100(b)), and that the person took their signature as binding (11.100(c))';
select kernel.govern('kernel.signer', '{"door": true}');
revoke insert, update on kernel.signer from probity_app;

create table kernel.signature (
  tenant_id uuid not null default kernel.tenant() references kernel.workspace,
  id uuid not null,
  record text not null,
  row_id uuid not null,
  signed_version integer not null,
  record_hash text not null check (record_hash ~ '^[0-9a-f]{64}$'),
  membership_id uuid not null,
  user_id uuid not null,
  printed_name text not null,
  role text not null,
  step text not null,
  meaning text not null,
  reason_code text,
  reason text,
  signed_at timestamptz not null,
  zone text not null,
  auth jsonb not null,
  challenge_id uuid not null unique,
  manifest text not null,
  manifest_hash text not null,
  primary key (tenant_id, id),
  unique (tenant_id, row_id, signed_version, user_id),
  foreign key (tenant_id, membership_id) references kernel.membership (tenant_id, id)
);
comment on column kernel.signature.printed_name is 'as it was verified, kept here and not looked up later (11.50(a))';
comment on column kernel.signature.manifest is 'the canonical bytes (RFC 8785) that the leaf commits to: every other column is read from them';
select kernel.govern('kernel.signature', '{"door": true}');
revoke insert, update on kernel.signature from probity_app;
create policy audience on kernel.signature as restrictive for select to probity_app
  using ((select kernel.audience_open()) or kernel.may_see(record, row_id));

create table identity.signing_challenge (
  id uuid primary key,
  secret_hash bytea not null unique,
  session_id uuid not null references identity.session on delete cascade,
  user_id uuid not null references identity."user" on delete cascade,
  tenant_id uuid not null,
  membership_id uuid not null,
  record text not null,
  row_id uuid not null,
  signed_version integer not null,
  record_hash text not null,
  step text not null,
  meaning text not null,
  reason_code text,
  reason text,
  components text not null check (components in ('all', 'one')),
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  methods text[],
  proven_at timestamptz,
  used_at timestamptz
);
create index signing_challenge_of_session on identity.signing_challenge (session_id);
create index signing_challenge_of_user on identity.signing_challenge (user_id);
create index signing_challenge_end on identity.signing_challenge (expires_at);
grant select, delete, update (methods, proven_at) on identity.signing_challenge to probity_identity;

create table identity.signing_session (
  session_id uuid not null references identity.session on delete cascade,
  tenant_id uuid not null,
  standing text not null,
  last_at timestamptz not null,
  primary key (session_id, tenant_id)
);
comment on table identity.signing_session is 'a series of signings within one continuous session (11.200(a)(1)(i)); standing is a hash over role, permissions and credentials, so that a change of any ends it';
grant select, delete on identity.signing_session to probity_identity;

create table identity.signing_guard (
  tenant_id uuid not null,
  user_id uuid not null references identity."user" on delete cascade,
  tries integer not null,
  locked_at timestamptz,
  primary key (tenant_id, user_id)
);
create index signing_guard_of_user on identity.signing_guard (user_id);
grant select, insert, update, delete on identity.signing_guard to probity_identity;

alter table identity.passkey_challenge drop constraint passkey_challenge_purpose_check;
alter table identity.passkey_challenge add constraint passkey_challenge_purpose_check
  check (purpose in ('add', 'sign-in', 'factor', 'step-up', 'signing'));

-- A membership is one person's for good: no signature passes to somebody else (11.100(a)).
create function kernel.person_stays() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if new.user_id <> old.user_id then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  return new;
end $$;
grant execute on function kernel.person_stays() to probity_app;
create trigger person_stays before update on kernel.membership for each row execute function kernel.person_stays();

-- Somebody verifies the identity of somebody else, with a fresh proof of who verifies. What was verified before ends: the
-- person acknowledges anew.
create function kernel.verify_signer(p_id uuid, p_membership uuid, p_name text, p_method text, p_evidence text, p_grant text, p_session text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
  member record;
begin
  if bound[3] <> 'kernel.signing.verify' then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  perform kernel.use_step_up(p_grant, p_session, 'kernel.signing.verify', p_membership::text);
  select m.user_id into member from kernel.membership m
  where m.id = p_membership and m.status = 'active' and m.deleted_at is null and m.role <> 'operator' and p_membership::text <> bound[2];
  if not found then
    raise exception 'not_found' using errcode = 'PB404';
  end if;
  insert into kernel.signer (id, membership_id, user_id, printed_name, verified_by, verified_at, method, evidence)
  values (p_id, p_membership, member.user_id, p_name, bound[2]::uuid, date_trunc('milliseconds', clock_timestamp()), p_method, p_evidence)
  on conflict (tenant_id, membership_id) do update set printed_name = excluded.printed_name, verified_by = excluded.verified_by,
    verified_at = excluded.verified_at, method = excluded.method, evidence = excluded.evidence,
    acknowledged_at = null, acknowledgement_hash = null, revoked_at = null, revoked_by = null, revoked_reason = null;
end $$;

-- The person takes their electronic signature as binding as the one by hand, with a fresh proof of their own.
create function kernel.acknowledge_signing(p_hash text, p_grant text, p_session text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
begin
  perform kernel.use_step_up(p_grant, p_session, 'kernel.signing.acknowledge', bound[2]);
  update kernel.signer s set acknowledged_at = date_trunc('milliseconds', clock_timestamp()), acknowledgement_hash = p_hash
  where s.membership_id = bound[2]::uuid and s.acknowledged_at is null and s.revoked_at is null and s.deleted_at is null;
  if not found then
    raise exception 'not_found' using errcode = 'PB404';
  end if;
end $$;

create function kernel.revoke_signer(p_id uuid, p_reason text, p_grant text, p_session text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
begin
  if bound[3] <> 'kernel.signing.verify' then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  perform kernel.use_step_up(p_grant, p_session, 'kernel.signing.revoke', p_id::text);
  update kernel.signer s set revoked_at = date_trunc('milliseconds', clock_timestamp()), revoked_by = bound[2]::uuid, revoked_reason = p_reason
  where s.id = p_id and s.revoked_at is null and s.deleted_at is null;
  if not found then
    raise exception 'not_found' using errcode = 'PB404';
  end if;
end $$;

-- What a signing session stands on: role, permissions, the verified signer, password and second factors of the bound person.
create function kernel.signing_standing() returns text
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select encode(sha256(convert_to(concat_ws('|', m.role, m.status, array_to_string(kernel.member_permissions(m.tenant_id, m.id), ','), s.id, s.version,
    (select string_agg(a.provider_id || ':' || coalesce(a.password, ''), ',' order by a.id) from identity.account a where a.user_id = m.user_id),
    (select t.confirmed_at::text from identity.totp t where t.user_id = m.user_id),
    (select string_agg(p.credential_id, ',' order by p.id) from identity.passkey p where p.user_id = m.user_id)), 'UTF8')), 'hex')
  from kernel.membership m join kernel.signer s on s.tenant_id = m.tenant_id and s.membership_id = m.id
  where m.id = kernel.actor()
$$;

-- Opens a challenge for the bound person's own session; says whether all components of the signature are asked for or one.
create function kernel.open_signing(p_id uuid, p_secret text, p_session text, p_record text, p_row uuid, p_version integer, p_hash text,
  p_step text, p_meaning text, p_code text, p_reason text, p_minutes integer, p_session_minutes integer) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
  person record;
  needed text;
begin
  select s.id, s.user_id into person from identity.session s join kernel.membership m on m.user_id = s.user_id
  join kernel.signer g on g.membership_id = m.id and g.user_id = m.user_id and g.acknowledged_at is not null and g.revoked_at is null and g.deleted_at is null
  where s.token = encode(sha256(convert_to(p_session, 'UTF8')), 'hex') and m.id = bound[2]::uuid and s.expires_at > clock_timestamp();
  if not found then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  needed := case when exists (select from identity.signing_session o
      where o.session_id = person.id and o.tenant_id = bound[1]::uuid and o.standing = kernel.signing_standing()
        and o.last_at > clock_timestamp() - make_interval(mins => least(p_session_minutes, 60))) then 'one' else 'all' end;
  delete from identity.signing_challenge c where c.expires_at < now() - interval '1 day';
  insert into identity.signing_challenge (id, secret_hash, session_id, user_id, tenant_id, membership_id, record, row_id, signed_version,
    record_hash, step, meaning, reason_code, reason, components, expires_at)
  values (p_id, sha256(convert_to(p_secret, 'UTF8')), person.id, person.user_id, bound[1]::uuid, bound[2]::uuid, p_record, p_row, p_version,
    p_hash, p_step, p_meaning, p_code, p_reason, needed, clock_timestamp() + make_interval(mins => least(p_minutes, 15)));
  return needed;
end $$;

-- Writes a signature: uses up its proved challenge, checks that the manifest says just what the challenge was made for,
-- who signs and how they proved it, at the database's own time, and nothing else.
create function kernel.sign(p_id uuid, p_challenge text, p_session text, p_manifest text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
  said constant jsonb := p_manifest::jsonb;
  asked identity.signing_challenge;
  signer kernel.signer;
  place record;
begin
  update identity.signing_challenge c set used_at = clock_timestamp()
  from identity.session s
  where c.secret_hash = sha256(convert_to(p_challenge, 'UTF8')) and c.used_at is null and c.proven_at is not null
    and c.expires_at > clock_timestamp() and c.tenant_id = bound[1]::uuid and c.membership_id = bound[2]::uuid
    and s.id = c.session_id and s.user_id = c.user_id and s.token = encode(sha256(convert_to(p_session, 'UTF8')), 'hex')
  returning c.* into asked;
  if not found then
    raise exception 'signing_challenge_ended' using errcode = 'PB407';
  end if;
  select * into signer from kernel.signer g
  where g.membership_id = asked.membership_id and g.user_id = asked.user_id
    and g.acknowledged_at is not null and g.revoked_at is null and g.deleted_at is null;
  if not found or exists (select from identity.signing_guard l
    where l.tenant_id = asked.tenant_id and l.user_id = asked.user_id and l.locked_at is not null) then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  select m.role into place from kernel.membership m where m.id = asked.membership_id;
  if said <> jsonb_strip_nulls(jsonb_build_object('v', '1', 'id', p_id, 'tenant', asked.tenant_id, 'record', asked.record, 'row', asked.row_id,
      'version', asked.signed_version, 'recordHash', asked.record_hash, 'signer', asked.membership_id, 'person', asked.user_id,
      'printedName', signer.printed_name, 'role', place.role, 'step', asked.step, 'meaning', asked.meaning,
      'reasonCode', asked.reason_code, 'reason', asked.reason, 'signedAt', said -> 'signedAt', 'zone', 'UTC',
      'auth', jsonb_build_object('components', asked.components, 'methods', to_jsonb(asked.methods), 'session', asked.session_id,
        'verifiedAt', to_char(asked.proven_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))))
    or (said ->> 'signedAt')::timestamptz not between clock_timestamp() - interval '1 minute' and clock_timestamp() + interval '5 seconds' then
    raise exception 'signature out of shape' using errcode = 'PB004';
  end if;
  insert into kernel.signature (id, record, row_id, signed_version, record_hash, membership_id, user_id, printed_name, role, step, meaning,
    reason_code, reason, signed_at, zone, auth, challenge_id, manifest, manifest_hash)
  values (p_id, asked.record, asked.row_id, asked.signed_version, asked.record_hash, asked.membership_id, asked.user_id, signer.printed_name, place.role,
    asked.step, asked.meaning, asked.reason_code, asked.reason, (said ->> 'signedAt')::timestamptz, 'UTC', said -> 'auth', asked.id, p_manifest,
    encode(sha256(convert_to(p_manifest, 'UTF8')), 'hex'));
  insert into identity.signing_session as o (session_id, tenant_id, standing, last_at)
  values (asked.session_id, asked.tenant_id, kernel.signing_standing(), clock_timestamp())
  on conflict (session_id, tenant_id) do update set standing = excluded.standing, last_at = excluded.last_at;
end $$;

revoke all on function kernel.verify_signer(uuid, uuid, text, text, text, text, text), kernel.acknowledge_signing(text, text, text),
  kernel.revoke_signer(uuid, text, text, text), kernel.signing_standing(),
  kernel.open_signing(uuid, text, text, text, uuid, integer, text, text, text, text, text, integer, integer),
  kernel.sign(uuid, text, text, text) from public;
grant execute on function kernel.verify_signer(uuid, uuid, text, text, text, text, text), kernel.acknowledge_signing(text, text, text),
  kernel.revoke_signer(uuid, text, text, text),
  kernel.open_signing(uuid, text, text, text, uuid, integer, text, text, text, text, text, integer, integer),
  kernel.sign(uuid, text, text, text) to probity_app;
