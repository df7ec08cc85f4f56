-- The leaf of a change is found by its row. All leaves of a transaction share its number, so that an index that begins with the
-- number finds every one of them for each: in a file of 50,000 results that was most of the time, whenever the planner chose it.
set local role probity_door;

create or replace function kernel.guard() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  name constant text := tg_table_schema || '.' || tg_table_name;
begin
  -- The number is compared as text: no index serves that.
  perform 1 from kernel.ledger_inbox
  where row_id = new.id and version = new.version and record = name
    and tenant_id = new.tenant_id and xid::text = pg_current_xact_id()::text;
  if not found then
    raise exception 'change of % without its leaf', name using errcode = 'PB004';
  end if;
  insert into kernel.version_history (tenant_id, row_id, version, record, at, actor_id, body)
  values (new.tenant_id, new.id, new.version, name, new.updated_at, new.updated_by, to_jsonb(new) - '{secret_hash,wrapped}'::text[]);
  return null;
end $$;
