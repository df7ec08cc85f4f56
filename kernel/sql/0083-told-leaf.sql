-- The leaf of a change may be told instead of staged: the server says what only it knows (action, request, commitments and what
-- opens them), and the guard writes leaf, openings and version of the changed row as one statement, everything else from the row
-- itself. Nothing is written without the change, so there is nothing to look for at the end; it takes a seventh off a create.
set local role probity_door;

alter table kernel.ledger_inbox add column with_change boolean not null default false;
comment on column kernel.ledger_inbox.with_change is 'written by the guard together with the version it is of: needs no look for it at the end';
drop trigger leaf_has_change on kernel.ledger_inbox;
create constraint trigger leaf_has_change after insert on kernel.ledger_inbox
deferrable initially deferred for each row when (new.version is not null and not new.with_change) execute function kernel.leaf_has_change();

-- `kernel.leaf`, set by whoever makes the change, is no proof of anything: what it says of row, tenant and actor has to be what
-- policy and stamp have just proved of this row, and the rest is what the server may say of its own acts anyway.
create or replace function kernel.guard() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  name constant text := tg_table_schema || '.' || tg_table_name;
  -- record, row, version, tenant, actor; action, leaf id, request, root, openings
  told constant text[] := string_to_array(current_setting('kernel.leaf', true), e'\x1f');
begin
  if told[1] = name and told[2] = new.id::text and told[3] = new.version::text then
    if told[4] is distinct from new.tenant_id::text or told[5] is distinct from new.updated_by::text then
      raise exception 'leaf of another tenant or actor' using errcode = 'PB003';
    end if;
    if cardinality(told) <> 10 then
      raise exception 'leaf out of shape' using errcode = 'PB003';
    end if;
    with leaf as (
      -- The RFC 8785 form of a flat object of strings, names in order.
      insert into kernel.ledger_inbox (tenant_id, leaf, action, record, row_id, version, with_change)
      values (new.tenant_id, convert_to('{"action":' || to_json(told[6])::text || ',"actor":"' || new.updated_by || '","at":"'
        || to_char(new.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '","id":"' || told[7]::uuid
        || '","outcome":"done","record":' || to_json(name)::text || ',"request":' || to_json(told[8])::text || ',"root":' || to_json(told[9])::text
        || ',"row":"' || new.id || '","tenant":"' || new.tenant_id || '","v":"1","version":"' || new.version || '"}', 'UTF8'),
        told[6], name, new.id, new.version, true)
    ), opening as (
      insert into kernel.ledger_opening (tenant_id, leaf_id, openings)
      select new.tenant_id, told[7]::uuid, told[10]::jsonb where told[10] <> '{}'
    )
    insert into kernel.version_history (tenant_id, row_id, version, record, at, actor_id, body)
    values (new.tenant_id, new.id, new.version, name, new.updated_at, new.updated_by, to_jsonb(new) - '{secret_hash,wrapped}'::text[]);
    return null;
  end if;
  -- Staged before. The number is compared as text: no index serves that.
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

-- Nobody asks for rows by these, and gathering what is in them took a fifth of the database's time for seconds of a busy minute.
alter table kernel.ledger_inbox alter column leaf set statistics 0;
alter table kernel.ledger_opening alter column openings set statistics 0;
alter table kernel.ledger_event alter column leaf set statistics 0, alter column leaf_hash set statistics 0;
alter table kernel.version_history alter column body set statistics 0;
