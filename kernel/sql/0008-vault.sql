-- Sealed values: encrypted fields, extracted text, findings' quotes. They live beside the record, so that rotating a
-- key or forgetting a person touches this table alone.
set local role probity_owner;

create table kernel.tenant_key (
  tenant_id uuid not null default kernel.tenant() references kernel.workspace,
  id uuid not null,
  purpose text not null check (purpose in ('data', 'index')),
  root_key_id text not null,
  wrapped bytea not null,
  primary key (tenant_id, id)
);
comment on table kernel.tenant_key is 'a tenant''s keys, each wrapped (AES-256-GCM) under the root key named beside it';
select kernel.govern('kernel.tenant_key');

create table kernel.sealed_value (
  tenant_id uuid not null default kernel.tenant(),
  record text not null,
  row_id uuid not null,
  version integer not null,
  field text not null,
  subject_id uuid,
  key_id uuid not null,
  sealed bytea not null,
  primary key (tenant_id, row_id, field, version),
  foreign key (tenant_id, key_id) references kernel.tenant_key (tenant_id, id)
);
create index sealed_value_subject on kernel.sealed_value (tenant_id, subject_id) where subject_id is not null;
alter table kernel.sealed_value enable row level security;
alter table kernel.sealed_value force row level security;
create policy tenant on kernel.sealed_value for all to probity_app, probity_owner
  using (tenant_id = (select kernel.tenant())) with check (tenant_id = (select kernel.tenant()));
grant select, insert on kernel.sealed_value to probity_app;

set local role probity_door;
insert into kernel.exempt_table values
  ('kernel.sealed_value', 'its own guard wants the leaf of the record version it belongs to; rows are inserted and never updated by the application');
create function kernel.sealed_guard() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform 1 from kernel.ledger_inbox
  where row_id = new.row_id and version = new.version and record = new.record
    and tenant_id = new.tenant_id and xid = pg_current_xact_id();
  if not found then
    raise exception 'sealed value without its leaf' using errcode = 'PB004';
  end if;
  return null;
end $$;
grant execute on function kernel.sealed_guard() to probity_owner;
set local role probity_owner;
create trigger guard after insert on kernel.sealed_value for each row execute function kernel.sealed_guard();
