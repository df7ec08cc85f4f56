-- A sign-in in two round trips: one that counts the attempt and says what the password is compared with, one that makes
-- the session or notes the refusal. Between them the password is hashed, which is nine tenths of the work.
set local role probity_owner;
grant select (user_id, provider_id, password) on identity.account to probity_door;
grant update (password, updated_at) on identity.account to probity_door;
grant insert on identity.session to probity_door;
-- A row of a person is locked, never changed, where a sign-in must not pass by the setting up of a second factor.
grant update (updated_at) on identity."user" to probity_door;
grant select, insert, update, delete on identity.sign_in_guard to probity_door;
grant execute on function identity.claim_sign_in(text, text, integer, interval), identity.forgive_sign_in(text, text) to probity_door;

set local role probity_door;

-- Counts the attempt before anything is compared. What a crash of the database may forget of the count is its last
-- fraction of a second, and nobody who guesses crashes it: so the answer does not wait for the disk.
create function kernel.begin_sign_in(p_secret text, p_source text, p_account text, p_email text, p_limit integer, p_window interval,
  p_address text default null)
returns table (allowed boolean, locks boolean, user_id uuid, name text, disabled boolean, hash text, places jsonb)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform 1 from kernel.system_credential c
  where c.secret_hash = sha256(convert_to(p_secret, 'UTF8')) and 'kernel.session.note' = any (c.permissions);
  if not found then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  perform set_config('synchronous_commit', 'off', true);
  allowed := identity.claim_sign_in(p_source, p_account, p_limit, p_window);
  if not allowed then
    return next;
    return;
  end if;
  -- Where a workspace of theirs has locked this address for trying account after account, no password of its people is right.
  select u.id, u.name, u.disabled_at is not null, case when not exists (
      select from kernel.anomaly x join kernel.membership k on k.tenant_id = x.tenant_id
      where k.user_id = u.id and k.status = 'active' and k.deleted_at is null and x.kind = 'credential_stuffing' and x.locked
        and x.released_at is null and x.source = p_address and x.created_at > now() - interval '1 day') then a.password end,
    g.locked_until is not null, coalesce(m.places, '[]')
  into user_id, name, disabled, hash, locks, places
  from (select 1) one
  left join identity."user" u on u.email = p_email
  left join identity.account a on a.user_id = u.id and a.provider_id = 'credential'
  left join identity.sign_in_guard g on g.key = p_account
  left join lateral (
    select jsonb_agg(jsonb_build_object('tenant', w.id, 'membership', k.id, 'slug', w.slug, 'name', w.name, 'role', k.role,
      'frozen', w.frozen_at is not null, 'mfa', w.mfa_required) order by k.created_at) as places
    from kernel.membership k join kernel.workspace w on w.id = k.tenant_id and w.closed_at is null
    where k.user_id = u.id and k.status = 'active' and k.deleted_at is null) m on true;
  return next;
end $$;

-- Leaves of the server itself, one workspace after the other: [{"tenant", "leaf" (base64), "openings"}].
create function kernel.stage_as_system(p_leaves jsonb) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  each_leaf record;
begin
  for each_leaf in select l.tenant, l.leaf, l.openings from jsonb_to_recordset(p_leaves) as l (tenant uuid, leaf text, openings jsonb) loop
    perform kernel.bind(each_leaf.tenant, '00000000-0000-0000-0000-000000000001', 'kernel.session.note');
    perform kernel.stage_leaf(decode(each_leaf.leaf, 'base64'), each_leaf.openings);
    perform set_config('kernel.binding', '', true);
  end loop;
end $$;
revoke all on function kernel.stage_as_system(jsonb) from public;

-- The password was right: a session, or half of one where a second factor is due. It must still be the account's: one that was changed meanwhile opens nothing.
create function kernel.finish_sign_in(p_secret text, p_source text, p_account text, p_user uuid, p_hash text, p_new_hash text,
  p_session jsonb, p_leaves jsonb) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  made identity.session;
begin
  perform 1 from kernel.system_credential c
  where c.secret_hash = sha256(convert_to(p_secret, 'UTF8')) and 'kernel.session.note' = any (c.permissions);
  if not found then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  perform 1 from identity.account a join identity."user" u on u.id = a.user_id and u.disabled_at is null
  where a.user_id = p_user and a.provider_id = 'credential' and a.password = p_hash
  for share of a;
  if not found then
    return 'refused';
  end if;
  if p_new_hash is not null then
    update identity.account a set password = p_new_hash, updated_at = now()
    where a.user_id = p_user and a.provider_id = 'credential' and a.password = p_hash;
  end if;
  perform identity.forgive_sign_in(p_source, p_account);
  if p_session ->> 'previous' is not null then
    delete from identity.session s where s.token = p_session ->> 'previous';
  end if;
  insert into identity.session (id, user_id, token, ip_address, user_agent, expires_at)
  values ((p_session ->> 'id')::uuid, p_user, p_session ->> 'token', p_session ->> 'address', p_session ->> 'agent',
    (p_session ->> 'expires')::timestamptz)
  returning * into made;
  perform kernel.stage_as_system(p_leaves);
  return case when to_jsonb(made) -> 'awaits_factor' = 'true' then 'half' else 'made' end;
end $$;

-- The password was wrong: what happened is noted, and where this try locked the account its person is told.
create function kernel.refuse_sign_in(p_secret text, p_leaves jsonb, p_mail jsonb) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform 1 from kernel.system_credential c
  where c.secret_hash = sha256(convert_to(p_secret, 'UTF8')) and 'kernel.session.note' = any (c.permissions);
  if not found then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  perform kernel.stage_as_system(p_leaves);
  if p_mail is not null then
    insert into identity.mail (id, template, sealed, user_id)
    select (p_mail ->> 'id')::uuid, p_mail ->> 'template', decode(p_mail ->> 'sealed', 'base64'), (p_mail ->> 'user')::uuid
    -- Who guesses on and on fills nobody's mailbox.
    where not exists (select 1 from identity.mail m where m.user_id = (p_mail ->> 'user')::uuid
      and m.template = p_mail ->> 'template' and m.created_at > now() - interval '6 hours');
  end if;
end $$;
grant execute on function kernel.begin_sign_in(text, text, text, text, integer, interval, text),
  kernel.finish_sign_in(text, text, text, uuid, text, text, jsonb, jsonb),
  kernel.refuse_sign_in(text, jsonb, jsonb) to probity_app;
