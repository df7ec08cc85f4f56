-- Forgetting a person (LED-06, RET-02): what names them goes, in the rows, in their history, beside the log and in the account.
-- No leaf goes: what opened it does, its bare commitment stays in its place, and one leaf says which fields that were.
set local role probity_owner;

create table kernel.legal_hold (
  tenant_id uuid not null default kernel.tenant() references kernel.workspace,
  id uuid not null,
  -- Whom it is about; null: everything of the workspace.
  membership_id uuid,
  reason text not null check (length(reason) between 1 and 500),
  released_at timestamptz,
  released_by uuid,
  release_reason text check (length(release_reason) between 1 and 500),
  primary key (tenant_id, id),
  foreign key (tenant_id, membership_id) references kernel.membership (tenant_id, id),
  check ((released_at is null) = (release_reason is null) and (released_at is null) = (released_by is null))
);
comment on table kernel.legal_hold is 'while one stands, nothing it covers is erased or retired, whatever a policy says';
select kernel.govern('kernel.legal_hold', '{"door": true}');
create trigger entered_for before insert or update on kernel.legal_hold for each statement
  execute function kernel.entered_for('kernel.retention.change');

create table kernel.erasure (
  tenant_id uuid not null default kernel.tenant() references kernel.workspace,
  id uuid not null,
  membership_id uuid not null,
  basis text not null check (length(basis) between 1 and 500),
  receipt jsonb not null,
  primary key (tenant_id, id),
  foreign key (tenant_id, membership_id) references kernel.membership (tenant_id, id)
);
comment on table kernel.erasure is 'receipts: what was erased, by count and kind; nothing of the person';
select kernel.govern('kernel.erasure');
create trigger entered_for before insert or update on kernel.erasure for each statement
  execute function kernel.entered_for('kernel.person.erase');

-- The rows that name a person, and the columns that do, with what stands in their place.
create function kernel.person_rows(p_membership uuid) returns table (record text, row_id uuid, version integer, columns jsonb)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with self as (
    select m.* from kernel.membership m where m.tenant_id = kernel.tenant() and m.id = p_membership
  )
  select 'kernel.membership', s.id, s.version, jsonb_build_object('name', 'Erased person', 'email', 'erased-' || s.id || '@erased.invalid') from self s
  union all
  select 'kernel.invitation', i.id, i.version, jsonb_build_object('email', 'erased-' || s.id || '@erased.invalid')
  from self s join kernel.invitation i on i.tenant_id = s.tenant_id and lower(i.email) = lower(s.email)
  union all
  select 'kernel.scim_user', u.id, u.version, jsonb_build_object('external_id', null, 'user_name', 'erased-' || s.id, 'given_name', null, 'family_name', null)
  from self s join kernel.scim_user u on u.tenant_id = s.tenant_id and u.membership_id = s.id
  union all
  select 'kernel.access_review_item', i.id, i.version, jsonb_build_object('name', 'Erased person')
  from self s join kernel.access_review_item i on i.tenant_id = s.tenant_id and i.member_id = s.id
  union all
  select 'kernel.anomaly', a.id, a.version, jsonb_build_object('source', null, 'detail', '{}'::jsonb)
  from self s join kernel.anomaly a on a.tenant_id = s.tenant_id and a.member_id = s.id
  union all
  select 'kernel.operator_grant', g.id, g.version, jsonb_build_object('email', 'erased-' || s.id || '@erased.invalid')
  from self s join kernel.operator_grant g on g.tenant_id = s.tenant_id and (g.membership_id = s.id or lower(g.email) = lower(s.email))
$$;
grant execute on function kernel.person_rows(uuid) to probity_app, probity_door;

set local role probity_door;

-- Who may: an owner of the bound workspace, in a transaction entered for this and nothing else.
create function kernel.check_eraser() returns void
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
begin
  if bound[3] <> 'kernel.person.erase' or not exists (
    select from kernel.membership m where m.tenant_id = bound[1]::uuid and m.id = bound[2]::uuid
      and m.role = 'owner' and m.status = 'active' and m.deleted_at is null) then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
end $$;
revoke all on function kernel.check_eraser() from public;
grant execute on function kernel.check_eraser() to probity_owner;

-- What keeps a person from being erased: a rule, and how much it is about. No row: nothing does.
create function kernel.erasure_obstacles(p_membership uuid) returns table (rule text, detail text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  return query select 'legal_hold', h.reason from kernel.legal_hold h
    where h.tenant_id = kernel.tenant() and h.released_at is null and h.deleted_at is null and (h.membership_id is null or h.membership_id = p_membership);
  return query select 'signed_records', count(*)::text from kernel.signature s
    where s.tenant_id = kernel.tenant() and s.membership_id = p_membership having count(*) > 0;
end $$;
grant execute on function kernel.erasure_obstacles(uuid) to probity_app;

-- Places of the log whose fields name a person: everything said of the rows that are theirs, the address they came from, and
-- any field that holds their name or mail address.
create function kernel.person_openings(p_membership uuid) returns table (leaf_id uuid, seq bigint, fields text[])
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with self as (
    select m.tenant_id, m.id, lower(m.email) as email, lower(m.name) as name from kernel.membership m
    where m.tenant_id = kernel.tenant() and m.id = p_membership
  ), theirs as (
    select r.row_id from kernel.person_rows(p_membership) r
  ), said as (
    select o.leaf_id, e.seq, f.key as field
    from self s
    join kernel.ledger_opening o on o.tenant_id = s.tenant_id
    join kernel.ledger_event e on e.tenant_id = o.tenant_id and e.leaf_id = o.leaf_id
    cross join lateral jsonb_each(o.openings) as f (key, value)
    where not f.value ? 'commitment' and e.action <> 'privacy.erasure.executed'
      -- The server acts for them where they came in: the address is theirs. Where a colleague acted, it is the colleague's.
      and (e.row_id in (select t.row_id from theirs t) and (f.key <> 'source' or e.actor_id in (s.id, '00000000-0000-0000-0000-000000000001'))
        or e.actor_id = s.id and f.key = 'source'
        or position(s.email in lower(f.value ->> 'value')) > 0
        or length(s.name) > 3 and position(s.name in lower(f.value ->> 'value')) > 0)
  )
  select said.leaf_id, said.seq, array_agg(said.field order by said.field) from said group by said.leaf_id, said.seq order by said.seq
$$;
revoke all on function kernel.person_openings(uuid) from public;
grant execute on function kernel.person_openings(uuid) to probity_app;

-- A field closed for good: its commitment in the place of what opened it. Without a value there is nothing to compute it
-- from, and the field goes altogether.
create function kernel.closed_opening(p_openings jsonb, p_fields text[]) returns jsonb
language sql immutable security invoker set search_path = pg_catalog, pg_temp as $$
  select coalesce(jsonb_object_agg(f.key, case when f.key <> all (p_fields) or f.value ? 'commitment' then f.value
    else jsonb_build_object('commitment', rtrim(translate(encode(sha256('\x00'::bytea
      || decode(rpad(translate(f.value ->> 'salt', '-_', '+/'), 24, '='), 'base64')
      || convert_to(f.key, 'UTF8') || '\x00'::bytea || convert_to(f.value ->> 'value', 'UTF8')), 'base64'), '+/', '-_'), '=')) end), '{}')
  from jsonb_each(p_openings) as f (key, value)
  where f.key <> all (p_fields) or f.value ? 'commitment' or f.value ? 'value'
$$;

-- Closes what `person_openings` finds and forgets the person in the history and in access events. Answers what was closed.
create function kernel.forget_person(p_membership uuid) returns table (kind text, seq bigint, fields text[], count bigint)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  tenant constant uuid := kernel.tenant();
  affected bigint;
begin
  perform kernel.check_eraser();
  return query
    with found as materialized (select * from kernel.person_openings(p_membership)), closed as (
      update kernel.ledger_opening o set openings = kernel.closed_opening(o.openings, f.fields)
      from found f where o.tenant_id = tenant and o.leaf_id = f.leaf_id
      returning o.leaf_id)
    select 'opening', f.seq, f.fields, 1::bigint from found f join closed c on c.leaf_id = f.leaf_id;
  update kernel.version_history h set body = h.body || (
      select jsonb_object_agg(c.key, c.value) from jsonb_each(r.columns) c where h.body ? c.key)
  from kernel.person_rows(p_membership) r
  where h.tenant_id = tenant and h.row_id = r.row_id and h.record = r.record;
  get diagnostics affected = row_count;
  return query select 'history', null::bigint, null::text[], affected;
  update kernel.access_event a set source = null where a.tenant_id = tenant and a.actor_id = p_membership and a.source is not null;
  get diagnostics affected = row_count;
  return query select 'access_event', null::bigint, null::text[], affected;
  update kernel.api_key_use u set source = null from kernel.api_key k
  where u.tenant_id = tenant and k.tenant_id = tenant and k.id = u.key_id and k.membership_id = p_membership and u.source is not null;
  get diagnostics affected = row_count;
  return query select 'key_use', null::bigint, null::text[], affected;
end $$;
grant execute on function kernel.forget_person(uuid) to probity_app;

set local role probity_owner;
grant delete on identity."user", identity.verification, identity.one_time_link, identity.sso_attempt, identity.mail to probity_door;
grant select on identity.verification, identity.one_time_link, identity.sso_attempt, identity.mail to probity_door;

-- Writes what stands in the place of a person into their rows. Each change has its leaf, as every change has; what else guards
-- these tables speaks of people who are there, and is set aside for this statement alone.
create function kernel.scrub_rows(p_membership uuid) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  named record;
  aside record;
  changed bigint := 0;
begin
  perform kernel.check_eraser();
  for named in select * from kernel.person_rows(p_membership) loop
    for aside in select t.tgname from pg_trigger t
      where t.tgrelid = named.record::regclass and not t.tgisinternal and t.tgname in ('entered_for', 'within') and t.tgenabled = 'O' loop
      execute format('alter table %s disable trigger %I', named.record::regclass, aside.tgname);
    end loop;
    execute format('update %s t set %s where t.id = $1', named.record::regclass,
      (select string_agg(format('%I = (jsonb_populate_record(t, $2)).%I', c.key, c.key), ', ') from jsonb_each(named.columns) c)
        || case when named.record = 'kernel.membership' then ', status = ''disabled''' else '' end)
      using named.row_id, named.columns;
    changed := changed + 1;
    for aside in select t.tgname from pg_trigger t
      where t.tgrelid = named.record::regclass and not t.tgisinternal and t.tgname in ('entered_for', 'within') and t.tgenabled = 'D' loop
      execute format('alter table %s enable trigger %I', named.record::regclass, aside.tgname);
    end loop;
  end loop;
  return changed;
end $$;
grant execute on function kernel.scrub_rows(uuid) to probity_app;

set local role probity_door;

-- The account itself, where the person belongs nowhere else: with it go sessions, factors, passkeys and mails.
create function kernel.forget_account(p_membership uuid) returns table (erased boolean, mails bigint)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  self record;
begin
  perform kernel.check_eraser();
  select m.user_id, m.email, m.tenant_id into self from kernel.membership m where m.tenant_id = kernel.tenant() and m.id = p_membership;
  delete from identity.mail l where l.tenant_id = self.tenant_id and l.user_id is null
    and exists (select from kernel.invitation i where i.tenant_id = self.tenant_id and lower(i.email) = lower(self.email)
      and l.created_at between i.created_at - interval '5 seconds' and i.created_at + interval '5 seconds');
  get diagnostics mails = row_count;
  erased := not exists (select from kernel.membership o where o.user_id = self.user_id and o.tenant_id <> self.tenant_id);
  if erased then
    delete from identity.verification v where lower(v.identifier) = lower(self.email);
    delete from identity.one_time_link k where lower(k.email) = lower(self.email);
    delete from identity.sso_attempt a where position(lower(self.email) in lower(a.outcome::text)) > 0;
    delete from identity."user" u where u.id = self.user_id;
  end if;
  return next;
end $$;
grant execute on function kernel.forget_account(uuid) to probity_app;

-- Leaves of the bound workspace that still wait for their place: an erasure names places.
create function kernel.leaves_waiting() returns bigint
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select count(*) from kernel.ledger_inbox i where i.tenant_id = kernel.tenant()
$$;
grant execute on function kernel.leaves_waiting() to probity_app;

-- The instance's own log holds the addresses an account signed in from. When the account is gone they go too.
create function kernel.forget_sign_ins(p_user uuid) returns table (seq bigint, fields text[])
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
begin
  if bound[3] <> 'kernel.retention.run' or bound[1] <> '00000000-0000-0000-0000-000000000000' or exists (select from identity."user" u where u.id = p_user) then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  return query
    with found as materialized (
      select o.leaf_id, e.seq from kernel.ledger_opening o
      join kernel.ledger_event e on e.tenant_id = o.tenant_id and e.leaf_id = o.leaf_id
      where o.tenant_id = bound[1]::uuid and o.openings #>> '{user,value}' = to_json(p_user)::text and o.openings -> 'source' ? 'value'
    ), closed as (
      update kernel.ledger_opening o set openings = kernel.closed_opening(o.openings, '{source}')
      from found f where o.tenant_id = bound[1]::uuid and o.leaf_id = f.leaf_id returning o.leaf_id)
    select f.seq, '{source}'::text[] from found f join closed c on c.leaf_id = f.leaf_id order by f.seq;
end $$;
grant execute on function kernel.forget_sign_ins(uuid) to probity_app;
