-- People whom an app's records name though they are no members, such as a customer's contact, are forgotten like members
-- (LED-06). An app says once, beside its table, which columns name somebody; the kernel's erasure then finds these rows by the
-- address, whoever is erased: a member who is a contact too, or somebody who never had an account.
set local role probity_door;

create function kernel.register_personal(p_table regclass, p_personal jsonb) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  update kernel.governed_table g set options = g.options || jsonb_build_object('personal', p_personal) where g.relation = p_table;
  if not found then
    raise exception 'govern % first', p_table;
  end if;
end $$;
revoke all on function kernel.register_personal(regclass, jsonb) from public;
grant execute on function kernel.register_personal(regclass, jsonb) to probity_owner;

set local role probity_owner;

-- select kernel.govern_personal('lab.contact', '{"name": "name", "address": "email", "columns": {"name": "Erased person",
--   "email": null}, "ends": ["deleted_at"]}');
-- name and address: the columns that say who somebody is. columns: what is put in place of what names them, in the row and in
-- every version of it; null stands for an address of nobody's. ends: times that are set, in the row alone, if they are not yet.
-- link: a column with a signed link that ends with them. acts: events of the row by which they, and no member, did something:
-- the address they came from is theirs.
create function kernel.govern_personal(p_table regclass, p_personal jsonb) returns void
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
declare
  named text;
begin
  for named in select p_personal ->> 'name' union all select p_personal ->> 'address' union all select p_personal ->> 'link'
    union all select jsonb_object_keys(p_personal -> 'columns') union all select jsonb_array_elements_text(p_personal -> 'ends') loop
    if named is not null and not exists (select from pg_attribute a where a.attrelid = p_table and a.attname = named and not a.attisdropped) then
      raise exception '% has no column %', p_table, named;
    end if;
  end loop;
  if not (p_personal ? 'name' and p_personal ? 'address' and p_personal -> 'columns' ?& array[p_personal ->> 'name', p_personal ->> 'address']) then
    raise exception 'what names somebody in % is put nothing in place of', p_table;
  end if;
  perform kernel.register_personal(p_table, p_personal);
end $$;
revoke all on function kernel.govern_personal(regclass, jsonb) from public;

-- Who is meant: a member, or somebody a row of an app names. Of somebody who is both it is the member, with all of theirs.
create function kernel.erasure_subject(p_subject uuid) returns table (id uuid, membership_id uuid, record text, email text, name text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  kept record;
  found_email text;
  found_name text;
begin
  return query select m.id, m.id, null::text, m.email, m.name from kernel.membership m where m.tenant_id = kernel.tenant() and m.id = p_subject;
  if found then
    return;
  end if;
  for kept in select g.record, g.relation, g.options -> 'personal' as personal from kernel.governed_table g where g.options ? 'personal' order by 1 loop
    execute format('select t.%I, t.%I from %s t where t.id = $1', kept.personal ->> 'address', kept.personal ->> 'name', kept.relation)
      into found_email, found_name using p_subject;
    if found_email is not null then
      return query select m.id, m.id, null::text, m.email, m.name from kernel.membership m
        where m.tenant_id = kernel.tenant() and lower(m.email) = lower(found_email) order by m.created_at desc limit 1;
      if not found then
        return query select p_subject, null::uuid, kept.record, found_email, found_name;
      end if;
      return;
    end if;
  end loop;
end $$;
revoke all on function kernel.erasure_subject(uuid) from public;
grant execute on function kernel.erasure_subject(uuid) to probity_app, probity_door;

-- Rows of apps that name somebody, by their address; and links that end with them.
create function kernel.named_outside(p_email text)
returns table (record text, row_id uuid, version integer, columns jsonb, acts jsonb)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  kept record;
begin
  if p_email is null or p_email = '' then
    return;
  end if;
  for kept in select g.record, g.relation, g.options -> 'personal' as personal from kernel.governed_table g where g.options ? 'personal' order by 1 loop
    return query execute format(
      'select %L::text, t.id, t.version, (select jsonb_object_agg(c.key, case when c.value = ''null''
           then to_jsonb(''erased-'' || t.id || ''@erased.invalid'') else c.value end) from jsonb_each(%L::jsonb) c), %L::jsonb
       from %s t where lower(t.%I) = lower($1)',
      kept.record, kept.personal -> 'columns', coalesce(kept.personal -> 'acts', '[]'), kept.relation, kept.personal ->> 'address') using p_email;
    if kept.personal ? 'link' then
      return query execute format(
        'select ''kernel.link''::text, l.id, l.version, ''{}''::jsonb, ''[]''::jsonb from %s t
         join kernel.link l on l.tenant_id = t.tenant_id and l.id = t.%I where lower(t.%I) = lower($1) and l.revoked_at is null',
        kept.relation, kept.personal ->> 'link', kept.personal ->> 'address') using p_email;
    end if;
  end loop;
end $$;
revoke all on function kernel.named_outside(text) from public;
grant execute on function kernel.named_outside(text) to probity_door;

-- Every row that names a person. As before, and those of apps.
create or replace function kernel.person_rows(p_membership uuid) returns table (record text, row_id uuid, version integer, columns jsonb)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with self as (
    select m.* from kernel.membership m where m.tenant_id = kernel.tenant() and m.id = p_membership
  ), named as (
    select kernel.tenant() as tenant_id, s.id, s.email from kernel.erasure_subject(p_membership) s
  )
  select 'kernel.membership', s.id, s.version, jsonb_build_object('name', 'Erased person', 'email', 'erased-' || s.id || '@erased.invalid') from self s
  union all
  select 'kernel.invitation', i.id, i.version, jsonb_build_object('email', 'erased-' || s.id || '@erased.invalid')
  from named s join kernel.invitation i on i.tenant_id = s.tenant_id and lower(i.email) = lower(s.email)
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
  union all
  select o.record, o.row_id, o.version, o.columns from named s cross join lateral kernel.named_outside(s.email) o
$$;

-- A receipt is of a member, or of somebody a row named.
alter table kernel.erasure
  alter column membership_id drop not null,
  add column subject_record text,
  add column subject_id uuid,
  add constraint erasure_of_somebody check ((membership_id is null) = (subject_id is not null) and (subject_id is null) = (subject_record is null));

set local role probity_door;

-- Which fields beside the log name a person. As before; of rows of apps, and with the address they themselves came from.
create or replace function kernel.person_openings(p_membership uuid) returns table (leaf_id uuid, seq bigint, fields text[])
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with self as (
    select kernel.tenant() as tenant_id, s.id, lower(s.email) as email, lower(s.name) as name from kernel.erasure_subject(p_membership) s
  ), theirs as (
    select r.row_id from kernel.person_rows(p_membership) r where r.record <> 'kernel.link'
  ), acted as (
    select o.row_id, o.acts from self s cross join lateral kernel.named_outside(s.email) o
  ), said as (
    select o.leaf_id, e.seq, f.key as field
    from self s
    join kernel.ledger_opening o on o.tenant_id = s.tenant_id
    join kernel.ledger_event e on e.tenant_id = o.tenant_id and e.leaf_id = o.leaf_id
    cross join lateral jsonb_each(o.openings) as f (key, value)
    where not f.value ? 'commitment' and e.action <> 'privacy.erasure.executed'
      -- The server acts for them where they came in: the address is theirs. Where a colleague acted, it is the colleague's.
      and (e.row_id in (select t.row_id from theirs t) and (f.key <> 'source' or e.actor_id in (s.id, '00000000-0000-0000-0000-000000000001'))
        or f.key = 'source' and exists (select from acted a where a.row_id = e.row_id and a.acts ? e.action)
        or e.actor_id = s.id and f.key = 'source'
        or position(s.email in lower(f.value ->> 'value')) > 0
        or length(s.name) > 3 and position(s.name in lower(f.value ->> 'value')) > 0)
  )
  select said.leaf_id, said.seq, array_agg(said.field order by said.field) from said group by said.leaf_id, said.seq order by said.seq
$$;

-- As before; a row that only ends keeps its versions as they were.
create or replace function kernel.forget_person(p_membership uuid) returns table (kind text, seq bigint, fields text[], count bigint)
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
  where h.tenant_id = tenant and h.row_id = r.row_id and h.record = r.record and r.columns <> '{}';
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

set local role probity_owner;

-- As before; and what ends with the person ends.
create or replace function kernel.scrub_rows(p_membership uuid) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  named record;
  aside record;
  sets text;
  changed bigint := 0;
begin
  perform kernel.check_eraser();
  for named in select * from kernel.person_rows(p_membership) loop
    for aside in select t.tgname from pg_trigger t
      where t.tgrelid = named.record::regclass and not t.tgisinternal and t.tgname in ('entered_for', 'within') and t.tgenabled = 'O' loop
      execute format('alter table %s disable trigger %I', named.record::regclass, aside.tgname);
    end loop;
    select string_agg(s.text, ', ') into sets from (
      select format('%I = (jsonb_populate_record(t, $2)).%I', c.key, c.key) as text from jsonb_each(named.columns) c
      union all
      select format('%I = coalesce(t.%I, now())', e.name, e.name) from kernel.governed_table g
        cross join lateral jsonb_array_elements_text(coalesce(g.options #> '{personal,ends}', '[]')) e (name) where g.record = named.record
      union all select 'status = ''disabled''' where named.record = 'kernel.membership'
      union all select 'revoked_at = coalesce(t.revoked_at, now())' where named.record = 'kernel.link') s;
    execute format('update %s t set %s where t.id = $1', named.record::regclass, sets) using named.row_id, named.columns;
    changed := changed + 1;
    for aside in select t.tgname from pg_trigger t
      where t.tgrelid = named.record::regclass and not t.tgisinternal and t.tgname in ('entered_for', 'within') and t.tgenabled = 'D' loop
      execute format('alter table %s enable trigger %I', named.record::regclass, aside.tgname);
    end loop;
  end loop;
  return changed;
end $$;

set local role probity_door;

-- Mails of this workspace that go to no account and still hold their text: which of them are to somebody, the server reads.
create function kernel.mails_held() returns table (id uuid, sealed bytea)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform kernel.check_eraser();
  return query select m.id, m.sealed from identity.mail m
    where m.tenant_id = kernel.tenant() and m.user_id is null and m.sealed is not null order by m.id;
end $$;
revoke all on function kernel.mails_held() from public;
grant execute on function kernel.mails_held() to probity_app;

create function kernel.forget_mails(p_ids uuid[]) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  gone bigint;
begin
  perform kernel.check_eraser();
  delete from identity.mail m where m.tenant_id = kernel.tenant() and m.user_id is null and m.id = any (p_ids);
  get diagnostics gone = row_count;
  return gone;
end $$;
revoke all on function kernel.forget_mails(uuid[]) from public;
grant execute on function kernel.forget_mails(uuid[]) to probity_app;
