-- Guests: people from outside who are invited by an app to what concerns them, such as the customer of a laboratory. A guest
-- holds the permissions `app.portal.act` and no other, and a transaction entered by one of them is *confined*: no tenant is
-- bound for the policies of any table, so that every table is empty in it, but for those that say which rows their guests see.
set local role probity_owner;

alter table kernel.membership
  drop constraint membership_role_check,
  add constraint membership_role_check check (role in ('owner', 'admin', 'member', 'operator', 'guest'));
alter table kernel.invitation
  drop constraint invitation_role_check,
  add constraint invitation_role_check check (role in ('admin', 'member', 'guest')),
  add column membership_id uuid,
  -- New and empty: nothing to look at, and with no tenant bound nobody could.
  add foreign key (tenant_id, membership_id) references kernel.membership (tenant_id, id) not valid;
comment on column kernel.invitation.membership_id is 'who took it up; what an app binds to the invitation is theirs from then on';

set local role probity_door;

alter table kernel.role_permission
  add constraint guest_is_confined check (role <> 'guest' or permission ~ '^[a-z_]+\.portal\.[a-z_]+$');

-- As before, and null in a confined transaction. Of what is bound, permissions alone have points.
create or replace function kernel.tenant() returns uuid
language plpgsql stable parallel restricted security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text := current_setting('kernel.binding', true);
  proved boolean;
begin
  select left(bound, 64) = encode(sha256(s.inner_pad || convert_to(substr(bound, 65), 'UTF8')
    || int4send(pg_backend_pid()) || timestamptz_send(transaction_timestamp()) || s.outer_pad), 'hex')
  into proved from kernel.door_secret s;
  if proved then
    return case when position('.portal.' in bound) > 0 then null else substr(bound, 65, 36)::uuid end;
  end if;
  if coalesce(bound, '') = '' then
    raise exception 'no tenant bound' using errcode = 'PB001';
  end if;
  raise exception 'binding without proof' using errcode = 'PB002';
end $$;

create function kernel.confined() returns boolean
language sql stable parallel restricted security definer set search_path = pg_catalog, pg_temp as $$
  select (kernel.checked_binding())[3] like '%.portal.%'
$$;
-- The tenant of a transaction, confined or not: for the tables a guest sees something of.
create function kernel.portal_tenant() returns uuid
language sql stable parallel restricted security definer set search_path = pg_catalog, pg_temp as $$
  select (kernel.checked_binding())[1]::uuid
$$;
grant execute on function kernel.confined(), kernel.portal_tenant() to probity_app, probity_owner;

-- The invitations the bound guest took up: what an app ties its rows to. Of nobody else, and of nobody who is no guest any more.
create function kernel.portal_invitations() returns setof uuid
language plpgsql stable parallel restricted security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
begin
  return query select i.id from kernel.invitation i
    join kernel.membership m on m.tenant_id = i.tenant_id and m.id = i.membership_id
    where i.tenant_id = bound[1]::uuid and i.membership_id = bound[2]::uuid and i.accepted_at is not null and i.deleted_at is null
      and m.role = 'guest' and m.status = 'active' and m.deleted_at is null;
end $$;
grant execute on function kernel.portal_invitations() to probity_app, probity_owner;

create function kernel.register_portal(p_table regclass, p_portal jsonb) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  update kernel.governed_table g set options = g.options || jsonb_build_object('portal', p_portal) where g.relation = p_table;
  if not found then
    raise exception 'govern % first', p_table;
  end if;
end $$;
grant execute on function kernel.register_portal(regclass, jsonb) to probity_owner;

-- As before, and for what an app sends to people outside: its permission for that ends in `.send`.
create or replace function kernel.queue_mail(p_id uuid, p_template text, p_sealed bytea, p_user uuid) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
begin
  if bound[3] <> all (array['kernel.people.change', 'kernel.membership.accept', 'kernel.session.note', 'kernel.workspace.found', 'kernel.anchor.send'])
    and (bound[3] like 'kernel.%' or bound[3] not like '%.%.send') then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  insert into identity.mail (id, template, tenant_id, sealed, user_id) values (p_id, p_template, bound[1]::uuid, p_sealed, p_user);
end $$;

set local role probity_owner;

-- select kernel.govern_portal('lab.sample', '{"column": "id", "from": "lab.portal_samples"}');
-- A confined transaction sees the rows whose column is among those the function answers, and writes none. With
-- "file": "blob_id" it also opens the files these rows name. {"all": true}: every row, for what opens nothing by itself.
create function kernel.govern_portal(p_table regclass, p_portal jsonb) returns void
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  perform kernel.register_portal(p_table, p_portal);
  execute format('alter policy tenant on %s using (tenant_id = (select kernel.portal_tenant())) with check (tenant_id = (select kernel.tenant()))', p_table);
  if p_portal ? 'column' then
    execute format('create policy portal on %s as restrictive for select to probity_app using ((not (select kernel.confined())) or %I in (select %s()))',
      p_table, p_portal ->> 'column', (p_portal ->> 'from')::regproc);
  end if;
end $$;

-- The files named by rows the caller sees, of the tables that hand files to guests. No definer: the rows' policies answer.
create function kernel.portal_files() returns setof uuid
language plpgsql stable parallel restricted security invoker set search_path = pg_catalog, pg_temp as $$
declare
  place record;
begin
  for place in select g.relation, g.options #>> '{portal,file}' as name from kernel.governed_table g where g.options #>> '{portal,file}' is not null loop
    return query execute format('select t.%I from %s t', place.name, place.relation);
  end loop;
end $$;
revoke all on function kernel.portal_files() from public;
grant execute on function kernel.portal_files() to probity_app;

select kernel.govern_portal('kernel.blob', '{"column": "id", "from": "kernel.portal_files"}');
-- Wrapped under the root key, which no database holds.
select kernel.govern_portal('kernel.tenant_key', '{"all": true}');
