-- Roles beyond the three of the platform (ACC-01): one role in each app, and roles a workspace makes itself. What a
-- member may do is one function; whoever gives a role gives nothing they do not hold (the triggers below), by whatever
-- statement.
set local role probity_owner;

alter table kernel.membership
  drop constraint membership_role_check,
  add constraint membership_role_check check (role in ('owner', 'admin', 'member', 'operator')),
  add column until timestamptz,
  add constraint operator_ends check ((role = 'operator') = (until is not null));
comment on column kernel.membership.until is 'when a time-boxed membership ends by itself (IDN-11); null for everybody who belongs here';

create table kernel.custom_role (
  tenant_id uuid not null default kernel.tenant() references kernel.workspace,
  id uuid not null,
  name text not null check (length(name) between 1 and 80),
  description text not null default '' check (length(description) <= 500),
  permissions text[] not null check (cardinality(permissions) between 1 and 300 and array_position(permissions, null) is null),
  primary key (tenant_id, id)
);
select kernel.govern('kernel.custom_role', '{"door": true}');
create unique index custom_role_name on kernel.custom_role (tenant_id, lower(name)) where deleted_at is null;

create table kernel.member_role (
  tenant_id uuid not null default kernel.tenant() references kernel.workspace,
  id uuid not null,
  membership_id uuid not null,
  app text,
  role text,
  custom_role_id uuid,
  primary key (tenant_id, id),
  foreign key (tenant_id, membership_id) references kernel.membership (tenant_id, id),
  foreign key (tenant_id, custom_role_id) references kernel.custom_role (tenant_id, id),
  check ((app is null) = (role is null) and (app is null) <> (custom_role_id is null)),
  unique (tenant_id, membership_id, app),
  unique (tenant_id, membership_id, custom_role_id)
);
comment on table kernel.member_role is
  'a member''s role in one app, in place of the one the platform role gives there; or a custom role, beside what they hold. A row that is deleted is taken back and may be given again';
select kernel.govern('kernel.member_role', '{"door": true}');

set local role probity_door;

create function kernel.app_role_permissions(p_app text, p_role text) returns text[]
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(array_agg(p.permission), '{}') from kernel.role_permission p where p.role = p_app || '.' || p_role
$$;

-- What the platform role gives in one app, or (null) in all of them and in the workspace itself.
create function kernel.platform_role_permissions(p_role text, p_app text) returns text[]
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(array_agg(p.permission), '{}') from kernel.role_permission p
  where p.role = p_role and (p_app is null or split_part(p.permission, '.', 1) = p_app)
$$;

-- Everything a member may do: the platform role, but in an app with a role of their own that one; and their custom
-- roles. An owner holds their platform role whole. What only owners hold comes by no other way. Nothing for who has
-- left, and nothing for whose time is over.
create function kernel.member_permissions(p_tenant uuid, p_membership uuid) returns text[]
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(array_agg(distinct g.permission), '{}')
  from kernel.membership m
  cross join lateral (
    select p.permission from kernel.role_permission p
    where p.role = m.role and (m.role = 'owner' or not exists (
      select from kernel.member_role a
      where a.tenant_id = m.tenant_id and a.membership_id = m.id and a.app = split_part(p.permission, '.', 1) and a.deleted_at is null))
    union all
    select p.permission from kernel.member_role a join kernel.role_permission p on p.role = a.app || '.' || a.role
    where a.tenant_id = m.tenant_id and a.membership_id = m.id and a.deleted_at is null and m.role in ('admin', 'member')
    union all
    select c.permission
    from kernel.member_role a
    join kernel.custom_role r on r.tenant_id = a.tenant_id and r.id = a.custom_role_id and r.deleted_at is null
    cross join lateral unnest(r.permissions) c (permission)
    where a.tenant_id = m.tenant_id and a.membership_id = m.id and a.deleted_at is null and m.role in ('admin', 'member')
      and exists (select from kernel.role_permission p where p.permission = c.permission and p.role <> 'owner')
  ) g
  where m.tenant_id = p_tenant and m.id = p_membership and m.status = 'active' and m.deleted_at is null
    and (m.until is null or m.until > now())
$$;
revoke all on function kernel.member_permissions(uuid, uuid) from public;

-- The same of a member of the bound workspace, for its pages.
create function kernel.permissions_of(p_membership uuid) returns text[]
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select kernel.member_permissions((kernel.checked_binding())[1]::uuid, p_membership)
$$;
grant execute on function kernel.permissions_of(uuid) to probity_app;

-- Which role holds what: the declarations of kernel and apps as the door reads them. The same in every workspace.
create function kernel.declared_roles() returns table (role text, permission text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select p.role, p.permission from kernel.role_permission p
$$;
grant execute on function kernel.declared_roles() to probity_app;

-- Who acts, and what they may give away. Null for the server itself. Anybody who is no active member here is refused.
create function kernel.giver() returns table (id uuid, role text, permissions text[])
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
begin
  if bound[2] = '00000000-0000-0000-0000-000000000001' then
    return;
  end if;
  select m.id, m.role, kernel.member_permissions(m.tenant_id, m.id) into id, role, permissions
  from kernel.membership m
  where m.tenant_id = bound[1]::uuid and m.id = bound[2]::uuid and m.status = 'active' and m.deleted_at is null;
  if not found then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  return next;
end $$;
revoke all on function kernel.giver() from public;

-- Memberships: nobody changes their own but to step down; owners are made and unmade by owners; the last one stays; an
-- admin gives no role with more than their own.
create function kernel.membership_within() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  giver record;
  was_owner constant boolean := tg_op = 'UPDATE' and old.role = 'owner' and old.status = 'active' and old.deleted_at is null;
  is_owner constant boolean := new.role = 'owner' and new.status = 'active' and new.deleted_at is null;
begin
  if was_owner and not is_owner then
    -- One at a time: of two owners who unmake each other at once the second sees what the first did.
    perform pg_advisory_xact_lock(7072, hashtext(new.tenant_id::text));
    if not exists (select from kernel.membership m
      where m.tenant_id = new.tenant_id and m.role = 'owner' and m.status = 'active' and m.deleted_at is null) then
      raise exception 'last_owner' using errcode = 'PB403';
    end if;
  end if;
  if tg_op = 'UPDATE' and new.role = old.role and new.status = old.status and new.user_id = old.user_id
    and new.deleted_at is not distinct from old.deleted_at and new.until is not distinct from old.until then
    return null;
  end if;
  select * into giver from kernel.giver();
  if not found then
    return null;
  end if;
  if tg_op = 'UPDATE' and new.user_id <> old.user_id then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  if new.id = giver.id then
    -- Stepping down is no gain, and only an owner has somewhere to step from.
    if was_owner and new.role in ('admin', 'member') and new.status = 'active' and new.deleted_at is null then
      return null;
    end if;
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  if giver.role = 'owner' then
    return null;
  end if;
  if (was_owner or new.role = 'owner')
    or giver.role <> 'admin' and (new.role <> 'member' or tg_op = 'UPDATE' and old.role <> 'member')
    or new.role = 'operator' and new.status = 'active' then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  if new.status = 'active' and new.deleted_at is null and not kernel.platform_role_permissions(new.role, null) <@
    (giver.permissions || (case when tg_op = 'UPDATE' then kernel.platform_role_permissions(old.role, null) else '{}' end)) then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  return null;
end $$;
grant execute on function kernel.membership_within() to probity_owner;

-- Roles given to a member: never one's own, never an owner's (who holds all), never more than the giver holds or the
-- member had by what is replaced.
create function kernel.member_role_within() returns trigger
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
grant execute on function kernel.member_role_within() to probity_owner;

-- A custom role holds what is declared, nothing that only owners hold, and gains nothing its maker does not hold. Asked
-- before the change: afterwards a maker who has the role would hold already what they add to it.
create function kernel.custom_role_within() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  giver record;
  gained constant text[] := array(
    select each from unnest(new.permissions) each
    where tg_op = 'INSERT' or old.deleted_at is not null or each <> all (old.permissions));
begin
  if exists (select from unnest(gained) each
    where not exists (select from kernel.role_permission p where p.permission = each and p.role <> 'owner')) then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  select * into giver from kernel.giver();
  if not found or giver.role = 'owner' then
    return new;
  end if;
  if not gained <@ giver.permissions then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  return new;
end $$;
grant execute on function kernel.custom_role_within() to probity_owner;

set local role probity_owner;

create trigger within after insert or update on kernel.membership for each row execute function kernel.membership_within();
create trigger within after insert or update on kernel.member_role for each row execute function kernel.member_role_within();
create trigger within before insert or update on kernel.custom_role for each row execute function kernel.custom_role_within();
create trigger entered_for before insert or update on kernel.member_role for each statement
  execute function kernel.entered_for('kernel.people.change', 'kernel.workspace.found');
create trigger entered_for before insert or update on kernel.custom_role for each statement
  execute function kernel.entered_for('kernel.role.change', 'kernel.workspace.found');
