-- Each new row of a workspace looked its workspace up and locked it against being deleted; two at a time made a multixact of their
-- locks, so that one busy workspace wrote to one row of this table for every row it kept. Which workspace a row is of is proved by
-- its binding, made from a pass of that workspace; what the key was left to say is that workspaces stay, and this says it.
set local role probity_door;

create function kernel.workspace_stays() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  raise exception 'a workspace stays, under its id' using errcode = 'PB409';
end $$;
revoke all on function kernel.workspace_stays() from public;
create trigger stays before delete or truncate on kernel.workspace for each statement execute function kernel.workspace_stays();
create trigger stays_under_id before update on kernel.workspace for each row when (new.id <> old.id) execute function kernel.workspace_stays();

set local role probity_owner;

do $$
declare
  looked record;
begin
  for looked in
    select c.conrelid::regclass as relation, c.conname from pg_constraint c join kernel.governed_table g on g.relation = c.conrelid
    where c.contype = 'f' and c.confrelid = 'kernel.workspace'::regclass
  loop
    execute format('alter table %s drop constraint %I', looked.relation, looked.conname);
  end loop;
end $$;

-- As before, and without that key.
create or replace function kernel.govern(p_table regclass, p_options jsonb default '{}') returns void
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
declare
  looked name;
begin
  for looked in select c.conname from pg_constraint c where c.conrelid = p_table and c.contype = 'f' and c.confrelid = 'kernel.workspace'::regclass loop
    execute format('alter table %s drop constraint %I', p_table, looked);
  end loop;
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
