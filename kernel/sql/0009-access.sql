-- Access events and refusals: who read what. They come in batches (at most 250 ms old), one leaf a batch.
set local role probity_door;

create table kernel.access_event (
  tenant_id uuid not null,
  id uuid not null,
  batch_id uuid not null,
  at timestamptz not null,
  actor_id uuid not null,
  permission text not null,
  record text,
  row_id uuid,
  outcome text not null,
  source text,
  count integer not null default 1,
  primary key (tenant_id, id)
);
alter table kernel.access_event enable row level security;
create policy tenant on kernel.access_event for select to probity_app using (tenant_id = (select kernel.tenant()));
grant select on kernel.access_event to probity_app;
insert into kernel.exempt_table values ('kernel.access_event', 'written in batches with their leaf by the system credential alone; the application may only read its own tenant');

create function kernel.note_access(p_secret text, p_tenant uuid, p_leaf bytea, p_events jsonb) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform 1 from kernel.system_credential c
  where c.secret_hash = sha256(convert_to(p_secret, 'UTF8')) and 'kernel.access.note' = any (c.permissions);
  if not found then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  insert into kernel.ledger_inbox (tenant_id, leaf, action)
  values (p_tenant, p_leaf, convert_from(p_leaf, 'UTF8')::jsonb ->> 'action');
  insert into kernel.access_event (tenant_id, id, batch_id, at, actor_id, permission, record, row_id, outcome, source, count)
  select p_tenant, e.id, (convert_from(p_leaf, 'UTF8')::jsonb ->> 'id')::uuid, e.at, e.actor, e.permission, e.record, e.row, e.outcome, e.source, e.count
  from jsonb_to_recordset(p_events) as e (id uuid, at timestamptz, actor uuid, permission text, record text, "row" uuid, outcome text, source text, count integer);
end $$;
grant execute on function kernel.note_access(text, uuid, bytea, jsonb) to probity_app;
