-- An API key may be limited to the records of named people and to named records (ACC-04): it then sees, of what has an
-- owner, no more than these, and no more than its person sees. The binding of such a key names it; the policies of
-- kernel.govern_audience ask what they always ask, so a key's limit holds for every statement, whatever a route forgot.
set local role probity_owner;

alter table kernel.api_key
  add column member_ids uuid[] check (cardinality(member_ids) <= 100),
  add column record_ids uuid[] check (cardinality(record_ids) <= 500);
comment on column kernel.api_key.member_ids is 'whose records the key may see; with record_ids null too: all that its person sees';
comment on column kernel.api_key.record_ids is 'which records with an owner the key may see, and all that comes of them';

set local role probity_door;

-- The last part of a binding: whether records have an audience here, and which limited key was let in.
create function kernel.tail_of(p_tenant uuid, p_key uuid, p_tail text) returns text
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce((select case p_tail when '|o' then '|ok|' else '|k|' end || k.id from kernel.api_key k
    where k.tenant_id = p_tenant and k.id = p_key and (k.member_ids is not null or k.record_ids is not null)), p_tail)
$$;
revoke all on function kernel.tail_of(uuid, uuid, text) from public;

-- What a pass keeps of a key is what the first entry bound: a limit is no more than that entry's last part.
create function kernel.pass_limited() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  new.tail := kernel.tail_of(new.tenant_id, new.key_id, new.tail);
  return new;
end $$;
create trigger limited before insert on kernel.pass for each row when (new.key_id is not null) execute function kernel.pass_limited();

create function kernel.bind_key(p_tenant uuid, p_actor uuid, p_permission text, p_tail text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text := p_tenant || '|' || p_actor || '|' || p_permission || p_tail;
begin
  if coalesce(current_setting('kernel.binding', true), '') <> '' then
    raise exception 'already bound' using errcode = 'PB003';
  end if;
  perform set_config('kernel.binding', encode(sha256(s.inner_pad || convert_to(bound, 'UTF8')
    || int4send(pg_backend_pid()) || timestamptz_send(transaction_timestamp()) || s.outer_pad), 'hex') || bound, true)
  from kernel.door_secret s;
end $$;
revoke all on function kernel.bind_key(uuid, uuid, text, text) from public;

-- As before, but that a key is bound with its limit. The quick way in (kernel.enter) finds it in the pass.
create or replace function kernel.enter_slowly(p_kind text, p_secret text, p_workspace uuid, p_permission text, p_source inet) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  pass kernel.pass;
  other record;
begin
  if p_kind not in ('session', 'key', 'token') then
    select * into other from kernel.enter_otherwise(p_kind, p_secret, p_workspace, p_permission, p_source);
    return concat_ws('|', other.tenant_id, other.actor_id, coalesce(other.user_id::text, ''), coalesce(other.session_id::text, ''),
      other.role, coalesce(other.subject_id::text, ''));
  end if;
  pass := kernel.judge(p_kind, p_secret, p_workspace);
  if pass.frozen and p_permission is distinct from 'kernel.workspace.thaw' then
    raise exception 'workspace_frozen' using errcode = 'PB423';
  end if;
  if pass.networks is not null and (p_source is null or not p_source <<= any (pass.networks))
    or pass.key_networks is not null and (p_source is null or not p_source <<= any (pass.key_networks)) then
    raise exception 'source_not_allowed' using errcode = 'PB403';
  end if;
  if (p_permission = any (pass.permissions)) is not true then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  if pass.key_id is null then
    perform kernel.bind(pass.tenant_id, pass.actor_id, p_permission);
  else
    perform kernel.bind_key(pass.tenant_id, pass.actor_id, p_permission, kernel.tail_of(pass.tenant_id, pass.key_id, pass.tail));
  end if;
  if pass.seen_at < now() - interval '1 minute' then
    update identity.session s set last_seen_at = now()
    where s.id in (select o.id from identity.session o where o.id = pass.session_id for update skip locked);
  end if;
  return pass.who || '|judged';
end $$;
revoke all on function kernel.enter_slowly(text, text, uuid, text, inet) from public;

-- Whose records are a member's own, as kernel.mine() said it before.
create function kernel.owned_by(p_tenant uuid, p_actor uuid) returns setof uuid
language plpgsql stable parallel restricted security definer set search_path = pg_catalog, pg_temp as $$
begin
  return next p_actor;
  return next '00000000-0000-0000-0000-000000000001'::uuid;
  return query select l.id from kernel.membership l
    where l.tenant_id = p_tenant and (l.status <> 'active' or l.deleted_at is not null)
      and exists (select from kernel.membership m
        where m.tenant_id = p_tenant and m.id = p_actor and m.role = 'owner' and m.status = 'active' and m.deleted_at is null);
end $$;
revoke all on function kernel.owned_by(uuid, uuid) from public;

create or replace function kernel.mine() returns setof uuid
language plpgsql stable parallel restricted security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
begin
  if bound[5] is null then
    return next bound[2]::uuid;
    return next '00000000-0000-0000-0000-000000000001'::uuid;
    return query select l.id from kernel.membership l
      where l.tenant_id = bound[1]::uuid and (l.status <> 'active' or l.deleted_at is not null)
        and exists (select from kernel.membership m
          where m.tenant_id = bound[1]::uuid and m.id = bound[2]::uuid and m.role = 'owner' and m.status = 'active' and m.deleted_at is null);
  else
    return query select m.id from kernel.api_key k cross join unnest(k.member_ids) m (id)
      where k.tenant_id = bound[1]::uuid and k.id = bound[5]::uuid
        and (bound[4] = 'k' or m.id in (select kernel.owned_by(bound[1]::uuid, bound[2]::uuid)));
  end if;
end $$;

-- Of a limited key: its records, as far as its person sees them – all of them in an open workspace, else those shared with
-- them and those of theirs, which the first version of each says.
create or replace function kernel.shared_to_me(p_record text) returns setof uuid
language plpgsql stable parallel restricted security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
begin
  if bound[5] is null then
    return query select s.row_id from kernel.share s
      where s.tenant_id = bound[1]::uuid and s.membership_id = bound[2]::uuid and s.record = p_record and s.deleted_at is null;
  else
    return query select r.id from kernel.api_key k cross join unnest(k.record_ids) r (id)
      where k.tenant_id = bound[1]::uuid and k.id = bound[5]::uuid
        and (bound[4] = 'k'
          or exists (select from kernel.share s where s.tenant_id = bound[1]::uuid and s.membership_id = bound[2]::uuid
            and s.record = p_record and s.row_id = r.id and s.deleted_at is null)
          or exists (select from kernel.version_history h where h.tenant_id = bound[1]::uuid and h.row_id = r.id and h.version = 1
            and h.record = p_record and h.actor_id in (select kernel.owned_by(bound[1]::uuid, bound[2]::uuid))));
  end if;
end $$;

set local role probity_owner;

-- The records with an owner that the caller sees, by their own policies: what a key can be limited to. Those asked for, or
-- the newest of each table.
create function kernel.owned_records(p_ids uuid[] default null) returns table (record text, id uuid, title text)
language plpgsql stable parallel restricted security invoker set search_path = pg_catalog, pg_temp as $$
declare
  kept record;
begin
  for kept in select g.record, g.relation from kernel.governed_table g where g.options #>> '{audience,owner}' = 'true' order by 1 loop
    return query execute format(
      'select %L::text, t.id, coalesce(to_jsonb(t) ->> ''name'', to_jsonb(t) ->> ''title'', to_jsonb(t) ->> ''number'', t.id::text)
       from (select * from %s r where r.deleted_at is null and ($1 is null or r.id = any ($1)) order by r.created_at desc limit 500) t',
      kept.record, kept.relation) using p_ids;
  end loop;
end $$;
revoke all on function kernel.owned_records(uuid[]) from public;
grant execute on function kernel.owned_records(uuid[]) to probity_app;

-- A limit is never widened; it names what its maker sees; and where there is one, the key may do nothing with records the
-- limit could not hold for: those of the kernel, and of an app whose records have no owners.
create function kernel.key_limited() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if new.member_ids is null and new.record_ids is null and (tg_op = 'INSERT' or old.member_ids is null and old.record_ids is null) then
    return null;
  end if;
  if tg_op = 'UPDATE' then
    if (new.member_ids, new.record_ids) is distinct from (old.member_ids, old.record_ids) or not new.permissions <@ old.permissions then
      raise exception 'permission_missing' using errcode = 'PB403';
    end if;
    return null;
  end if;
  if exists (select from unnest(new.permissions) p where split_part(p, '.', 1) not in
      (select split_part(g.record, '.', 1) from kernel.governed_table g where g.options #>> '{audience,owner}' = 'true')) then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  if exists (select from unnest(new.member_ids) i where i not in (select m.id from kernel.membership m where m.status = 'active' and m.deleted_at is null))
    or exists (select from unnest(new.record_ids) i where i not in (select o.id from kernel.owned_records(new.record_ids) o)) then
    raise exception 'not_found' using errcode = 'PB404';
  end if;
  return null;
end $$;
create trigger limited after insert or update on kernel.api_key for each row execute function kernel.key_limited();
