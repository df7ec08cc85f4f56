-- Sharing (TEN-06): where a workspace's policy says so, a record with an owner, and all that derives from it, is seen by
-- its owner and those it is shared with alone. It is a restrictive policy beside the tenant's own, so it can only narrow;
-- where the policy is `workspace` it costs one look at the binding a statement.
set local role probity_door;

alter table kernel.workspace add column sharing text not null default 'workspace' check (sharing in ('workspace', 'owner'));

create function kernel.apply_sharing_gate() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  update kernel.workspace set sharing = new.value #>> '{}' where id = new.tenant_id;
  return null;
end $$;
grant execute on function kernel.apply_sharing_gate() to probity_owner;

create function kernel.register_audience(p_table regclass, p_audience jsonb) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  name text;
begin
  update kernel.governed_table g set options = g.options || jsonb_build_object('audience', p_audience)
  where g.relation = p_table returning g.record into name;
  if name is null then
    raise exception 'govern % first', p_table;
  end if;
  return name;
end $$;
grant execute on function kernel.register_audience(regclass, jsonb) to probity_owner;

set local role probity_owner;

create trigger sharing_gate after insert or update on kernel.policy_value for each row
  when (new.name = 'access.sharing') execute function kernel.apply_sharing_gate();

create table kernel.share (
  tenant_id uuid not null default kernel.tenant() references kernel.workspace,
  id uuid not null,
  record text not null,
  row_id uuid not null,
  membership_id uuid not null,
  primary key (tenant_id, id),
  unique (tenant_id, row_id, membership_id),
  foreign key (tenant_id, membership_id) references kernel.membership (tenant_id, id)
);
comment on table kernel.share is 'who else sees a record with an owner; a deleted row is a share taken back';
select kernel.govern('kernel.share', '{"door": true}');
create index share_of_member on kernel.share (tenant_id, membership_id, record) where deleted_at is null;

set local role probity_door;

-- True where everybody in the workspace sees what the tenant policy shows; for the server itself always. The binding says
-- which (0044): what a policy reads of it costs no look at a table.
create function kernel.audience_open() returns boolean
language plpgsql stable parallel restricted security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
begin
  return bound[4] is null or bound[2] = '00000000-0000-0000-0000-000000000001';
end $$;

-- Whose records are the actor's: their own; the server's (sample data, everybody's); and for an owner of the workspace
-- those of people who have left, so that nothing is lost with them.
create function kernel.mine() returns setof uuid
language plpgsql stable parallel restricted security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
begin
  return next bound[2]::uuid;
  return next '00000000-0000-0000-0000-000000000001'::uuid;
  return query select l.id from kernel.membership l
    where l.tenant_id = bound[1]::uuid and (l.status <> 'active' or l.deleted_at is not null)
      and exists (select from kernel.membership m
        where m.tenant_id = bound[1]::uuid and m.id = bound[2]::uuid and m.role = 'owner' and m.status = 'active' and m.deleted_at is null);
end $$;

create function kernel.shared_to_me(p_record text) returns setof uuid
language plpgsql stable parallel restricted security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
begin
  return query select s.row_id from kernel.share s
    where s.tenant_id = bound[1]::uuid and s.membership_id = bound[2]::uuid and s.record = p_record and s.deleted_at is null;
end $$;
grant execute on function kernel.audience_open(), kernel.mine(), kernel.shared_to_me(text) to probity_app, probity_owner;

-- Whether the caller sees a row of a governed table: for what is kept beside it (versions, sealed values). No definer: the
-- row's own policies answer. A table without an audience is everybody's in its workspace.
create function kernel.may_see(p_record text, p_row uuid) returns boolean
language plpgsql stable parallel restricted security invoker set search_path = pg_catalog, pg_temp as $$
declare
  kept kernel.governed_table;
  seen boolean;
begin
  select * into kept from kernel.governed_table g where g.record = p_record;
  if not found or kept.options -> 'audience' is null then
    return true;
  end if;
  execute format('select exists (select from %s where id = $1)', kept.relation) into seen using p_row;
  return seen;
end $$;
grant execute on function kernel.may_see(text, uuid) to probity_app;

create policy audience on kernel.version_history as restrictive for select to probity_app
  using ((select kernel.audience_open()) or kernel.may_see(record, row_id));
create policy audience on kernel.job as restrictive for select to probity_app
  using ((select kernel.audience_open()) or actor_id in (select kernel.mine()));

set local role probity_owner;

create policy audience on kernel.sealed_value as restrictive for select to probity_app
  using ((select kernel.audience_open()) or kernel.may_see(record, row_id));
create policy audience on kernel.share as restrictive for all to probity_app
  using ((select kernel.audience_open()) or membership_id = (select kernel.actor()) or created_by in (select kernel.mine()))
  with check ((select kernel.audience_open()) or created_by in (select kernel.mine()));

-- select kernel.govern_audience('contracts.contract', '{"owner": true}');
-- select kernel.govern_audience('contracts.clause', '{"column": "contract_id", "from": "contracts.contract"}');
-- A record with an owner is seen by whoever made it and by whom it is shared with; a derived one by who sees what it
-- derives from. Both may be said of one table. Asked on top of kernel.govern, after it.
create function kernel.govern_audience(p_table regclass, p_audience jsonb) returns void
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
declare
  name constant text := kernel.register_audience(p_table, p_audience);
  shape text := '(select kernel.audience_open())';
begin
  if p_audience ->> 'owner' = 'true' then
    shape := shape || format(' or created_by in (select kernel.mine()) or id in (select kernel.shared_to_me(%L))', name);
  end if;
  if p_audience ? 'column' then
    shape := shape || format(' or %I in (select s.id from %s s)', p_audience ->> 'column', (p_audience ->> 'from')::regclass);
  end if;
  execute format('create policy audience on %s as restrictive for all to probity_app using (%s) with check (%s)', p_table, shape, shape);
end $$;

-- A record is shared by who owns it; the row itself says who that is, under the sharer's own policies.
create function kernel.share_within() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
declare
  kept kernel.governed_table;
  owned boolean;
begin
  if tg_op = 'UPDATE' and (new.record, new.row_id, new.membership_id) is distinct from (old.record, old.row_id, old.membership_id) then
    raise exception 'permission_missing' using errcode = 'PB403';
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
create trigger within after insert or update on kernel.share for each row execute function kernel.share_within();

-- Roles once more: an invitation, a key or a link made for somebody else gives nothing its maker does not hold.
set local role probity_door;

create function kernel.delegate_within() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  giver record;
  given text[];
begin
  select * into giver from kernel.giver();
  if not found then
    return null;
  end if;
  case tg_table_name
    when 'invitation' then
      if new.role = 'owner' or new.role <> 'member' and giver.role not in ('owner', 'admin') then
        raise exception 'permission_missing' using errcode = 'PB403';
      end if;
      given := kernel.platform_role_permissions(new.role, null);
    when 'api_key' then
      if new.membership_id = giver.id and (tg_op = 'INSERT' or old.membership_id = giver.id) then
        return null;
      end if;
      if tg_op = 'UPDATE' and new.membership_id <> old.membership_id then
        raise exception 'permission_missing' using errcode = 'PB403';
      end if;
      given := array(select each from unnest(new.permissions) each where tg_op = 'INSERT' or each <> all (old.permissions));
    when 'link' then
      if tg_op = 'INSERT' and new.membership_id <> giver.id
        or tg_op = 'UPDATE' and (new.membership_id, new.permission, new.subject_id) is distinct from (old.membership_id, old.permission, old.subject_id) then
        raise exception 'permission_missing' using errcode = 'PB403';
      end if;
      return null;
  end case;
  if giver.role <> 'owner' and not given <@ giver.permissions then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  return null;
end $$;
grant execute on function kernel.delegate_within() to probity_owner;

set local role probity_owner;
create trigger within after insert or update on kernel.invitation for each row execute function kernel.delegate_within();
create trigger within after insert or update on kernel.api_key for each row execute function kernel.delegate_within();
create trigger within after insert or update on kernel.link for each row execute function kernel.delegate_within();
