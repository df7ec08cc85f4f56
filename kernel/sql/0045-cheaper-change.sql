-- A change does the same with less: the binding is checked by the stamp, the policy and the leaf, no longer by three column
-- defaults as well, and a leaf's bytes are compared with the text they must be instead of being taken apart and sorted.
set local role probity_door;
grant select on kernel.governed_table to probity_owner;

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
    return new;
  end if;
  if new.id <> old.id or new.tenant_id <> old.tenant_id then
    raise exception 'a row keeps its id and tenant' using errcode = 'PB409';
  end if;
  if old.locked_at is not null and new.locked_at is not null then
    raise exception 'locked' using errcode = 'PB423';
  end if;
  new.version := old.version + 1;
  new.created_at := old.created_at;
  new.created_by := old.created_by;
  new.updated_at := date_trunc('milliseconds', clock_timestamp());
  new.updated_by := bound[2]::uuid;
  return new;
end $$;

-- A leaf is checked before it is taken: one that the sequencer could not place would stop the log of every tenant. Its
-- bytes must be the RFC 8785 form of a flat object of these strings, names in order, so that two readers can't read two
-- things in them; its time is near the database's, so that history is not written backwards.
create or replace function kernel.stage_leaf(p_leaf bytea, p_openings jsonb default '{}') returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  bound constant text[] := kernel.checked_binding();
  said constant text := convert_from(p_leaf, 'UTF8');
  body constant jsonb := said::jsonb;
begin
  if body ->> 'tenant' is distinct from bound[1] or body ->> 'actor' is distinct from bound[2] then
    raise exception 'leaf of another tenant or actor' using errcode = 'PB003';
  end if;
  -- One that is too long is refused by the inbox itself.
  if length(p_leaf) <= 1024 and (body ->> 'outcome' in ('done', 'refused', 'failed')
    and (body ->> 'id')::uuid is not null
    and (body ->> 'at')::timestamptz between clock_timestamp() - interval '1 day' and clock_timestamp() + interval '1 day'
    and said = concat('{"action":', to_json(body ->> 'action'), ',"actor":', to_json(bound[2]), ',"at":', to_json(body ->> 'at'),
      ',"id":', to_json(body ->> 'id'), ',"outcome":', to_json(body ->> 'outcome'), ',"record":' || to_json(body ->> 'record')::text,
      ',"request":', to_json(body ->> 'request'), ',"root":', to_json(body ->> 'root'), ',"row":' || to_json(body ->> 'row')::text,
      ',"tenant":', to_json(bound[1]), ',"v":', to_json(body ->> 'v'), ',"version":' || to_json(body ->> 'version')::text, '}')) is not true then
    raise exception 'leaf out of shape' using errcode = 'PB003';
  end if;
  insert into kernel.ledger_inbox (tenant_id, leaf, action, record, row_id, version)
  values (bound[1]::uuid, p_leaf, body ->> 'action', body ->> 'record', (body ->> 'row')::uuid, (body ->> 'version')::integer);
  if p_openings <> '{}' then
    insert into kernel.ledger_opening (tenant_id, leaf_id, openings) values (bound[1]::uuid, (body ->> 'id')::uuid, p_openings);
  end if;
end $$;

set local role probity_owner;

create or replace function kernel.govern(p_table regclass, p_options jsonb default '{}') returns void
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
  -- Each only says that the column may be left out: the stamp writes the true value.
  execute format('alter table %s
    alter column tenant_id set default ''00000000-0000-0000-0000-000000000000'',
    alter column created_by set default ''00000000-0000-0000-0000-000000000000'',
    alter column updated_by set default ''00000000-0000-0000-0000-000000000000''', p_table);
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

do $$
declare
  governed regclass;
begin
  for governed in select g.relation from kernel.governed_table g loop
    execute format('alter table %s
      alter column tenant_id set default ''00000000-0000-0000-0000-000000000000'',
      alter column created_by set default ''00000000-0000-0000-0000-000000000000'',
      alter column updated_by set default ''00000000-0000-0000-0000-000000000000''', governed);
  end loop;
end $$;
