-- kernel.govern: one line gives a table every control the database can enforce.
set local role probity_door;

create table kernel.governed_table (
  record text primary key,
  relation regclass not null unique,
  options jsonb not null
);
comment on table kernel.governed_table is 'which tables are governed, and with which options; the judge compares this with the catalogue';

create table kernel.exempt_table (
  relation text primary key,
  reason text not null check (length(reason) > 20)
);
comment on table kernel.exempt_table is 'tables the application may touch though they are not governed, each with its reason';
grant select on kernel.governed_table, kernel.exempt_table to probity_app;
grant insert on kernel.exempt_table to probity_owner;
insert into kernel.exempt_table values
  ('kernel.governed_table', 'the register of governed tables itself: no tenant data'),
  ('kernel.exempt_table', 'this list itself: no tenant data'),
  ('kernel.ledger_event', 'written by the sequencer alone; the application may only read its own tenant through row-level security'),
  ('kernel.ledger_opening', 'written with its leaf alone; the application may only read its own tenant through row-level security'),
  ('kernel.version_history', 'written by the guard alone; the application may only read its own tenant through row-level security');

create table kernel.version_history (
  tenant_id uuid not null,
  row_id uuid not null,
  version integer not null,
  record text not null,
  at timestamptz not null,
  actor_id uuid not null,
  body jsonb not null,
  primary key (tenant_id, row_id, version)
);
alter table kernel.version_history enable row level security;
create policy tenant on kernel.version_history for select to probity_app using (tenant_id = (select kernel.tenant()));
grant select on kernel.version_history to probity_app;

-- Stamps who and when from the binding, never from the statement, and refuses what no statement may do.
create function kernel.stamp() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
begin
  if tg_op = 'INSERT' then
    new.version := 1;
    new.created_at := date_trunc('milliseconds', clock_timestamp());
    new.created_by := bound[2]::uuid;
  else
    if new.id <> old.id or new.tenant_id <> old.tenant_id then
      raise exception 'a row keeps its id and tenant' using errcode = 'PB409';
    end if;
    if old.locked_at is not null and new.locked_at is not null then
      raise exception 'locked' using errcode = 'PB423';
    end if;
    new.version := old.version + 1;
    new.created_at := old.created_at;
    new.created_by := old.created_by;
  end if;
  new.updated_at := date_trunc('milliseconds', clock_timestamp());
  new.updated_by := bound[2]::uuid;
  return new;
end $$;

-- No leaf, no commit: a change without its staged leaf in this very transaction is refused; each version is kept.
create function kernel.guard() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  name constant text := tg_table_schema || '.' || tg_table_name;
begin
  perform 1 from kernel.ledger_inbox
  where row_id = new.id and version = new.version and record = name
    and tenant_id = new.tenant_id and xid = pg_current_xact_id();
  if not found then
    raise exception 'change of % without its leaf', name using errcode = 'PB004';
  end if;
  insert into kernel.version_history (tenant_id, row_id, version, record, at, actor_id, body)
  values (new.tenant_id, new.id, new.version, name, new.updated_at, new.updated_by, to_jsonb(new));
  return null;
end $$;

-- No event without its change: a leaf that claims a row version must find it in the history when the transaction ends.
create function kernel.leaf_has_change() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform 1 from kernel.version_history
  where tenant_id = new.tenant_id and row_id = new.row_id and version = new.version and record = new.record;
  if not found then
    raise exception 'leaf without its change' using errcode = 'PB005';
  end if;
  return null;
end $$;
create constraint trigger leaf_has_change after insert on kernel.ledger_inbox
deferrable initially deferred for each row when (new.version is not null) execute function kernel.leaf_has_change();

create function kernel.register_governed(p_table regclass, p_options jsonb) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into kernel.governed_table (record, relation, options)
  select n.nspname || '.' || c.relname, c.oid, p_options from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = p_table
$$;
grant execute on function kernel.register_governed(regclass, jsonb) to probity_owner;
grant execute on function kernel.stamp(), kernel.guard() to probity_owner;
grant execute on function kernel.checked_binding() to probity_owner;

set local role probity_owner;

-- select kernel.govern('lab.sample');  options: {"door": true} lets the door's own functions read the table (needed to
-- check a credential before a tenant is bound). The table brings id uuid and tenant_id uuid default kernel.tenant();
-- the rest comes from here.
create function kernel.govern(p_table regclass, p_options jsonb default '{}') returns void
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  execute format('alter table %s
    add column version integer not null default 1,
    add column created_at timestamptz not null default now(),
    add column created_by uuid not null,
    add column updated_at timestamptz not null default now(),
    add column updated_by uuid not null,
    add column locked_at timestamptz,
    add column deleted_at timestamptz,
    add column retain_until timestamptz', p_table);
  -- Set apart: ADD COLUMN would evaluate the default now, with no tenant bound. The stamp trigger writes the true value.
  execute format('alter table %s alter column created_by set default kernel.actor(), alter column updated_by set default kernel.actor()', p_table);
  execute format('alter table %s enable row level security', p_table);
  execute format('alter table %s force row level security', p_table);
  execute format('create policy tenant on %s for all to probity_app, probity_owner
    using (tenant_id = (select kernel.tenant())) with check (tenant_id = (select kernel.tenant()))', p_table);
  execute format('create policy across on %s for select to probity_across using (true)', p_table);
  execute format('grant select on %s to probity_across', p_table);
  execute format('grant select, insert, update on %s to probity_app', p_table);
  if p_options ->> 'door' = 'true' then
    execute format('create policy door on %s for select to probity_door using (true)', p_table);
    execute format('grant select on %s to probity_door', p_table);
  end if;
  execute format('create trigger stamp before insert or update on %s for each row execute function kernel.stamp()', p_table);
  execute format('create trigger guard after insert or update on %s for each row execute function kernel.guard()', p_table);
  perform kernel.register_governed(p_table, p_options);
end $$;
