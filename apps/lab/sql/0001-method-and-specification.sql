-- What a laboratory tests, how, and against which limits. Methods and specifications are versions that never change: a
-- sample keeps the ones it was registered with.
create schema lab;
grant usage on schema lab to probity_app, probity_across;
grant usage on schema lab to probity_door;

create table lab.numbering (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  series text not null check (series in ('sample', 'worksheet')),
  prefix text not null check (prefix ~ '^[A-Z][A-Z0-9]{0,5}$'),
  digits integer not null check (digits between 3 and 8),
  period text not null check (period in ('year', 'month', 'none')),
  primary key (tenant_id, id),
  unique (tenant_id, series)
);
select kernel.govern('lab.numbering');

create table lab.product (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  code text not null check (length(code) between 1 and 40),
  name text not null check (length(name) between 1 and 120),
  kind text not null check (kind in ('water', 'raw-material', 'in-process', 'finished', 'environment')),
  description text check (length(description) <= 2000),
  primary key (tenant_id, id)
);
select kernel.govern('lab.product');
create unique index product_code on lab.product (tenant_id, code) where deleted_at is null;

create table lab.sampling_point (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  code text not null check (length(code) between 1 and 40),
  name text not null check (length(name) between 1 and 120),
  location text check (length(location) <= 200),
  primary key (tenant_id, id)
);
select kernel.govern('lab.sampling_point');
create unique index sampling_point_code on lab.sampling_point (tenant_id, code) where deleted_at is null;

create table lab.method (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  code text not null check (length(code) between 1 and 40),
  title text not null check (length(title) between 1 and 160),
  primary key (tenant_id, id)
);
select kernel.govern('lab.method');
create unique index method_code on lab.method (tenant_id, code) where deleted_at is null;

create table lab.method_version (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  method_id uuid not null,
  number integer not null check (number > 0),
  definition jsonb not null,
  reason text not null check (length(reason) between 1 and 500),
  primary key (tenant_id, id),
  unique (tenant_id, method_id, number),
  foreign key (tenant_id, method_id) references lab.method (tenant_id, id)
);
comment on column lab.method_version.definition is 'analytes with unit, declared rounding and detection limits; interim fields and formulas';
select kernel.govern('lab.method_version');

create table lab.specification (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  product_id uuid not null,
  code text not null check (length(code) between 1 and 40),
  title text not null check (length(title) between 1 and 160),
  primary key (tenant_id, id),
  foreign key (tenant_id, product_id) references lab.product (tenant_id, id)
);
select kernel.govern('lab.specification');
create unique index specification_code on lab.specification (tenant_id, code) where deleted_at is null;
create index specification_of_product on lab.specification (tenant_id, product_id);

create table lab.specification_version (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  specification_id uuid not null,
  number integer not null check (number > 0),
  limits jsonb not null,
  reason text not null check (length(reason) between 1 and 500),
  primary key (tenant_id, id),
  unique (tenant_id, specification_id, number),
  foreign key (tenant_id, specification_id) references lab.specification (tenant_id, id)
);
comment on column lab.specification_version.limits is 'for each analyte: ends with their operators, warning ends, texts, and whether the entered or the rounded value is compared';
select kernel.govern('lab.specification_version');

-- After the foreign keys have been looked at, so that a reference into nothing is told as one.
create function lab.keep_version() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if to_jsonb(new) - array['version', 'updated_at', 'updated_by', 'retain_until', 'deleted_at']
    <> to_jsonb(old) - array['version', 'updated_at', 'updated_by', 'retain_until', 'deleted_at'] then
    raise exception 'locked' using errcode = 'PB423';
  end if;
  return null;
end $$;
create trigger keep_version after update on lab.method_version for each row execute function lab.keep_version();
create trigger keep_version after update on lab.specification_version for each row execute function lab.keep_version();
