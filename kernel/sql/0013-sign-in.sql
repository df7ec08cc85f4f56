-- Sign-in: the lockout, what a session may still show, and the few questions about people that are asked before a
-- workspace is bound.
set local role probity_owner;

-- Keys are keyed hashes of an address or account name: the table tells nobody who tried. Unknown accounts lock as known
-- ones do, so a lock says nothing about whether an account exists.
create table identity.sign_in_guard (
  key text primary key,
  attempts timestamptz[] not null,
  locked_until timestamptz
);
comment on table identity.sign_in_guard is 'attempts in the running window, counted before the password is checked and given back when it was right';
grant select, insert, update, delete on identity.sign_in_guard to probity_identity;

-- Counts one attempt, or refuses it. Counting first and checking after is what stops parallel guesses: each key is one
-- atomic upsert, the row lock puts racing guesses in a line, and the one that fills the window closes it. Source before
-- account, always: two callers can't wait for each other.
create function identity.claim_sign_in(p_source text, p_account text, p_limit integer, p_window interval) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  wanted text;
begin
  foreach wanted in array array[p_source, p_account] loop
    insert into identity.sign_in_guard as g (key, attempts) values (wanted, array[clock_timestamp()])
    on conflict (key) do update set (attempts, locked_until) = (
      select coalesce(array_agg(a order by a), '{}') || clock_timestamp(),
        case when count(*) + 1 >= p_limit then clock_timestamp() + p_window end
      from unnest(g.attempts) a where a > clock_timestamp() - p_window)
    where g.locked_until is null or g.locked_until <= clock_timestamp();
    if not found then
      return false;
    end if;
  end loop;
  if random() < 0.01 then
    delete from identity.sign_in_guard g where g.key in (
      select o.key from identity.sign_in_guard o
      where o.attempts[cardinality(o.attempts)] < now() - interval '1 day' for update skip locked);
  end if;
  return true;
end $$;

-- The password was right: the account's count ends; the source gets this one attempt back and keeps its other failures,
-- or one's own account would wash away guesses at others'.
create function identity.forgive_sign_in(p_source text, p_account text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  update identity.sign_in_guard g set attempts = g.attempts[:cardinality(g.attempts) - 1], locked_until = null where g.key = p_source;
  delete from identity.sign_in_guard g where g.key = p_account;
end $$;
grant execute on function identity.claim_sign_in(text, text, integer, interval), identity.forgive_sign_in(text, text) to probity_identity;
-- For kernel.end_member_sessions below.
grant delete on identity.session to probity_door;

set local role probity_door;

-- As before, and now a session that every one of its workspaces would refuse for its age or idleness shows nothing.
-- A person without a workspace has the shortest limits that a workspace starts with.
create or replace function kernel.session_profile(p_secret text)
returns table (user_id uuid, session_id uuid, name text, email text, workspaces jsonb)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select u.id, s.id, u.name, u.email, coalesce(jsonb_agg(
      jsonb_build_object('id', w.id, 'slug', w.slug, 'name', w.name, 'role', m.role) order by m.created_at) filter (where w.id is not null), '[]'::jsonb)
  from identity.session s
  join identity."user" u on u.id = s.user_id and u.disabled_at is null
  left join (kernel.membership m join kernel.workspace w on w.id = m.tenant_id and w.closed_at is null)
    on m.user_id = u.id and m.status = 'active' and m.deleted_at is null
  where s.token = encode(sha256(convert_to(p_secret, 'UTF8')), 'hex') and s.expires_at > now()
  group by u.id, s.id, s.created_at, s.last_seen_at
  having s.created_at > now() - make_interval(hours => coalesce(max(w.absolute_hours), 12))
    and s.last_seen_at > now() - make_interval(mins => coalesce(max(w.idle_minutes), 30))
$$;

-- Where a person belongs: a sign-in leaves its event in each of these workspaces.
create function kernel.memberships_of_user(p_secret text, p_user uuid) returns table (tenant_id uuid, membership_id uuid)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform 1 from kernel.system_credential c
  where c.secret_hash = sha256(convert_to(p_secret, 'UTF8')) and 'kernel.session.note' = any (c.permissions);
  if not found then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  return query select m.tenant_id, m.id from kernel.membership m join kernel.workspace w on w.id = m.tenant_id
    where m.user_id = p_user and m.status = 'active' and m.deleted_at is null and w.frozen_at is null and w.closed_at is null
    order by m.created_at;
end $$;
grant execute on function kernel.memberships_of_user(text, uuid) to probity_app;

-- The set-up founds the first workspace and no other: of two set-ups at once the second waits here and is refused.
create function kernel.only_workspace() returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant uuid := kernel.tenant();
begin
  perform pg_advisory_xact_lock(7071, 13);
  return not exists (select 1 from kernel.workspace w where w.id not in (bound, '00000000-0000-0000-0000-000000000000'));
end $$;
grant execute on function kernel.only_workspace() to probity_app;

-- Ends the sessions of one member of the bound workspace, in the transaction that removes them or changes their role.
create function kernel.end_member_sessions(p_membership uuid) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
  ended integer;
begin
  if bound[3] <> 'kernel.people.change' then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  delete from identity.session s using kernel.membership m
  where m.tenant_id = bound[1]::uuid and m.id = p_membership and s.user_id = m.user_id;
  get diagnostics ended = row_count;
  return ended;
end $$;
grant execute on function kernel.end_member_sessions(uuid) to probity_app;

create function kernel.permissions_of_role(p_role text) returns text[]
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(array_agg(r.permission order by r.permission), '{}') from kernel.role_permission r where r.role = p_role
$$;
grant execute on function kernel.permissions_of_role(text) to probity_app;
