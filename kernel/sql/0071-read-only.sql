-- A transaction that was entered to read writes no record of an app, whatever statement runs in it. (The kernel's own tables
-- name the permissions that write them: kernel.entered_for.)
set local role probity_door;

-- As before, and refuses who entered to read.
create or replace function kernel.stamp() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
begin
  if right(bound[3], 5) = '.read' and tg_table_schema <> 'kernel' then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
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
