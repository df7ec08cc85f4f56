-- Step-up: a grave act needs a fresh proof of who acts. The proof gives one grant for one act on one subject, by one
-- session in one workspace, for minutes; the act's own transaction uses it up.
set local role probity_owner;

create table identity.step_up_grant (
  id uuid primary key,
  secret_hash bytea not null unique,
  session_id uuid not null references identity.session on delete cascade,
  tenant_id uuid,
  action text not null,
  subject text not null,
  method text not null check (method in ('password', 'totp', 'passkey')),
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at timestamptz
);
comment on column identity.step_up_grant.tenant_id is 'the workspace of the act; null for an act on one''s own account';
create index step_up_grant_of_session on identity.step_up_grant (session_id);
create index step_up_grant_end on identity.step_up_grant (expires_at);
grant select, insert, update, delete on identity.step_up_grant to probity_identity;
grant select, update (used_at) on identity.step_up_grant to probity_door;

set local role probity_door;

-- The clock, not the transaction's start: a grant that ended while the act waited for a lock is no proof any more. Of two
-- acts that race for one grant the second waits for the first and finds it used.
create function kernel.use_step_up(p_grant text, p_session text, p_action text, p_subject text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
begin
  update identity.step_up_grant g set used_at = clock_timestamp()
  from identity.session s, kernel.membership m
  where g.secret_hash = sha256(convert_to(p_grant, 'UTF8')) and g.used_at is null and g.expires_at > clock_timestamp()
    and g.action = p_action and g.subject = p_subject and g.tenant_id = bound[1]::uuid
    and s.id = g.session_id and s.token = encode(sha256(convert_to(p_session, 'UTF8')), 'hex')
    and m.tenant_id = bound[1]::uuid and m.id = bound[2]::uuid and m.user_id = s.user_id;
  if not found then
    raise exception 'step_up_required' using errcode = 'PB403';
  end if;
end $$;
grant execute on function kernel.use_step_up(text, text, text, text) to probity_app;
