-- Who leaves takes nothing back in with them: roles given to them and records shared with them are taken back as the
-- membership ends, by whoever ends it. A new invitation begins with the role it names and nothing beside.
set local role probity_door;

-- As before; taken back from somebody who is no member any more is nothing given to anybody.
create or replace function kernel.member_role_within() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  giver record;
  member record;
  gives text[];
  had text[];
begin
  if tg_op = 'UPDATE' and (new.membership_id, new.app, new.custom_role_id) is distinct from (old.membership_id, old.app, old.custom_role_id) then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  if new.app is not null and new.role <> 'none' and not exists (
    select from kernel.role_permission p where p.role = new.app || '.' || new.role) then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  select m.role, m.status into member from kernel.membership m where m.tenant_id = new.tenant_id and m.id = new.membership_id;
  select * into giver from kernel.giver();
  if not found then
    return null;
  end if;
  if tg_op = 'UPDATE' and new.deleted_at is not null and member.status <> 'active' then
    return null;
  end if;
  if new.membership_id = giver.id or member.role not in ('admin', 'member') then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  if giver.role = 'owner' then
    return null;
  end if;
  if giver.role <> 'admin' and member.role <> 'member' then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  if new.app is not null then
    gives := case when new.deleted_at is null then kernel.app_role_permissions(new.app, new.role)
      else kernel.platform_role_permissions(member.role, new.app) end;
    had := case when tg_op = 'UPDATE' and old.deleted_at is null then kernel.app_role_permissions(old.app, old.role)
      else kernel.platform_role_permissions(member.role, new.app) end;
  elsif new.deleted_at is null then
    select r.permissions into gives from kernel.custom_role r where r.tenant_id = new.tenant_id and r.id = new.custom_role_id;
  end if;
  if not coalesce(gives, '{}') <@ (giver.permissions || coalesce(had, '{}')) then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  return null;
end $$;

-- Whether the transaction was entered to change people: only then are shares seen that others gave, and only taken back.
create function kernel.changes_people() returns boolean
language plpgsql stable parallel restricted security definer set search_path = pg_catalog, pg_temp as $$
begin
  return (kernel.checked_binding())[3] = 'kernel.people.change';
end $$;
revoke all on function kernel.changes_people() from public;
grant execute on function kernel.changes_people() to probity_app, probity_owner;

set local role probity_owner;

drop policy audience on kernel.share;
create policy audience on kernel.share as restrictive for all to probity_app
  using ((select kernel.audience_open()) or membership_id = (select kernel.actor()) or created_by in (select kernel.mine())
    or (select kernel.changes_people()))
  with check ((select kernel.audience_open()) or created_by in (select kernel.mine())
    or deleted_at is not null and (select kernel.changes_people()));

create or replace function kernel.share_within() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
declare
  kept kernel.governed_table;
  owned boolean;
begin
  if tg_op = 'UPDATE' and (new.record, new.row_id, new.membership_id) is distinct from (old.record, old.row_id, old.membership_id) then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  if tg_op = 'UPDATE' and new.deleted_at is not null and exists (select from kernel.membership m
    where m.tenant_id = new.tenant_id and m.id = new.membership_id and m.status <> 'active') then
    return null;
  end if;
  select * into kept from kernel.governed_table g where g.record = new.record;
  if not found or (kept.options #>> '{audience,owner}') is distinct from 'true' then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  execute format('select exists (select from %s r where r.id = $1 and r.created_by in (select kernel.mine()))', kept.relation)
    into owned using new.row_id;
  if not owned then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  return null;
end $$;

drop trigger entered_for on kernel.share;
create trigger entered_for before insert or update on kernel.share for each statement
  execute function kernel.entered_for('kernel.share.change', 'kernel.people.change');
