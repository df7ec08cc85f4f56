-- Locks (SIG-02): what is locked changes by nothing but its unlocking, which needs the permission the record names and a
-- fresh proof of who acts; what lies beneath a locked record is locked with it. A regulated record's change asks why (SIG-06).
set local role probity_door;

create table kernel.unlock_permit (
  tenant_id uuid not null,
  row_id uuid not null,
  version integer not null,
  record text not null,
  xid xid8 not null default pg_current_xact_id(),
  primary key (tenant_id, row_id, version)
);
comment on table kernel.unlock_permit is 'the one version that an unlocking may make, in the transaction that proved who unlocks';

-- As before, and: a lock is set at the database's own time, and is taken off by a permitted unlocking that changes nothing else.
create or replace function kernel.stamp() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
begin
  if tg_op = 'INSERT' then
    -- The default stands for "the bound one"; any other is for the policy to refuse.
    if new.tenant_id = '00000000-0000-0000-0000-000000000000' then
      new.tenant_id := bound[1]::uuid;
    end if;
    new.version := 1;
    new.created_at := date_trunc('milliseconds', clock_timestamp());
    new.created_by := bound[2]::uuid;
    new.updated_at := new.created_at;
    new.updated_by := new.created_by;
    if new.locked_at is not null then
      new.locked_at := new.created_at;
    end if;
    return new;
  end if;
  if new.id <> old.id or new.tenant_id <> old.tenant_id then
    raise exception 'a row keeps its id and tenant' using errcode = 'PB409';
  end if;
  if old.locked_at is not null then
    if new.locked_at is not null or to_jsonb(new) - 'locked_at' <> to_jsonb(old) - 'locked_at'
      or not exists (select from kernel.unlock_permit p
        where p.tenant_id = old.tenant_id and p.row_id = old.id and p.version = old.version + 1
          and p.record = tg_table_schema || '.' || tg_table_name and p.xid = pg_current_xact_id()) then
      raise exception 'locked' using errcode = 'PB423';
    end if;
  end if;
  new.version := old.version + 1;
  new.created_at := old.created_at;
  new.created_by := old.created_by;
  new.updated_at := date_trunc('milliseconds', clock_timestamp());
  new.updated_by := bound[2]::uuid;
  if new.locked_at is not null then
    new.locked_at := new.updated_at;
  end if;
  return new;
end $$;

create function kernel.register_lock(p_table regclass, p_lock jsonb) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  update kernel.governed_table g set options = g.options || jsonb_build_object('lock', p_lock) where g.relation = p_table;
  if not found then
    raise exception 'govern % first', p_table;
  end if;
end $$;
grant execute on function kernel.register_lock(regclass, jsonb) to probity_owner;

-- Permits the next version of one locked row to be its unlocking: by who entered for the permission the record names, with
-- a fresh proof given for this very row (IDN-10). Used up or not, it ends with the transaction.
create function kernel.permit_unlock(p_record text, p_row uuid, p_version integer, p_grant text, p_session text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
begin
  if not exists (select from kernel.governed_table g where g.record = p_record and g.options #>> '{lock,unlock}' = bound[3]) then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  perform kernel.use_step_up(p_grant, p_session, 'kernel.record.unlock', p_record || ':' || p_row);
  insert into kernel.unlock_permit (tenant_id, row_id, version, record) values (bound[1]::uuid, p_row, p_version, p_record)
  on conflict (tenant_id, row_id, version) do update set xid = pg_current_xact_id(), record = excluded.record;
end $$;
grant execute on function kernel.permit_unlock(text, uuid, integer, text, text) to probity_app;

-- Why a record was changed: one reason a version, the first that was given, with the leaf of that version in the same transaction.
create table kernel.change_reason (
  tenant_id uuid not null,
  row_id uuid not null,
  version integer not null,
  record text not null,
  reason_code text check (length(reason_code) <= 60),
  reason text not null check (length(reason) between 1 and 2000),
  xid xid8 not null default pg_current_xact_id(),
  primary key (tenant_id, row_id, version)
);
alter table kernel.change_reason enable row level security;
create policy tenant on kernel.change_reason for select to probity_app using (tenant_id = (select kernel.tenant()));
create policy audience on kernel.change_reason as restrictive for select to probity_app
  using ((select kernel.audience_open()) or kernel.may_see(record, row_id));
grant select on kernel.change_reason to probity_app;
insert into kernel.exempt_table values
  ('kernel.change_reason', 'written once by kernel.give_reason, with the leaf of its version; the application may only read its own tenant through row-level security');

create function kernel.give_reason(p_record text, p_row uuid, p_version integer, p_code text, p_reason text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
begin
  perform 1 from kernel.ledger_inbox i
  where i.row_id = p_row and i.version = p_version and i.record = p_record and i.tenant_id = bound[1]::uuid and i.xid = pg_current_xact_id();
  if not found then
    raise exception 'reason without its leaf' using errcode = 'PB004';
  end if;
  insert into kernel.change_reason (tenant_id, row_id, version, record, reason_code, reason)
  values (bound[1]::uuid, p_row, p_version, p_record, p_code, p_reason)
  on conflict do nothing;
end $$;
grant execute on function kernel.give_reason(text, uuid, integer, text, text) to probity_app;

-- A reason and a sealed value belong to a version that their own transaction makes: nothing is slipped under one that stands.
create function kernel.version_is_new() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform 1 from kernel.version_history h
  where h.tenant_id = new.tenant_id and h.row_id = new.row_id and h.version = new.version and h.record = new.record
    and h.xmin = pg_current_xact_id()::xid;
  if not found then
    raise exception 'written under a version that stands' using errcode = 'PB004';
  end if;
  return null;
end $$;
grant execute on function kernel.version_is_new() to probity_owner;
create constraint trigger version_is_new after insert on kernel.change_reason
deferrable initially deferred for each row execute function kernel.version_is_new();

-- tg_argv[0]: 'always'.
create function kernel.reason_given() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform 1 from kernel.change_reason r
  where r.tenant_id = new.tenant_id and r.row_id = new.id and r.version = new.version
    and r.record = tg_table_schema || '.' || tg_table_name and r.xid = pg_current_xact_id();
  if not found then
    raise exception 'change of %.% without its reason', tg_table_schema, tg_table_name using errcode = 'PB006';
  end if;
  return null;
end $$;
grant execute on function kernel.reason_given() to probity_owner;

set local role probity_owner;

create constraint trigger version_is_new after insert on kernel.sealed_value
deferrable initially deferred for each row execute function kernel.version_is_new();

-- Of a child of a record that may be locked: the share lock makes a change and the signing of its parent wait for one
-- another, so that what is signed is what stands. Argument: the parent, and the column that names it.
create function kernel.under_lock() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
declare
  parent uuid;
  locked boolean;
begin
  foreach parent in array array[(to_jsonb(new) ->> tg_argv[1])::uuid, case when tg_op = 'UPDATE' then (to_jsonb(old) ->> tg_argv[1])::uuid end] loop
    if parent is not null then
      execute format('select p.locked_at is not null from %s p where p.id = $1 for share', tg_argv[0]::regclass) into locked using parent;
      if locked then
        raise exception 'locked' using errcode = 'PB423';
      end if;
    end if;
  end loop;
  return new;
end $$;
grant execute on function kernel.under_lock() to probity_app;

-- select kernel.govern_lock('lab.result', '{"unlock": "lab.result.unlock"}');  asked on top of kernel.govern. Until it is
-- asked, nobody unlocks a locked row of the table.
create function kernel.govern_lock(p_table regclass, p_lock jsonb) returns void
language sql security invoker set search_path = pg_catalog, pg_temp as $$
  select kernel.register_lock(p_table, p_lock)
$$;

-- select kernel.govern_beneath('lab.measurement', 'lab.result', 'result_id');  rows of the first are locked with what they lie beneath.
create function kernel.govern_beneath(p_table regclass, p_parent regclass, p_column text) returns void
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  execute format('create trigger under_lock_of_%s before insert or update on %s for each row execute function kernel.under_lock(%L, %L)',
    p_column, p_table, p_parent, p_column);
end $$;

-- select kernel.govern_reason('lab.result');  every change of a row (locks and unlocks apart, which bring their own) gives its reason.
create function kernel.govern_reason(p_table regclass) returns void
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  execute format('create trigger reason_given after update on %s for each row
    when (old.locked_at is not distinct from new.locked_at) execute function kernel.reason_given()', p_table);
end $$;
