-- The record the request figures are measured on: as plain as a governed table can be.
create schema bench;
grant usage on schema bench to probity_app, probity_across, probity_door;

create table bench.note (
  tenant_id uuid not null default kernel.tenant() references kernel.workspace,
  id uuid not null,
  name text not null check (length(name) between 1 and 120),
  description text check (length(description) <= 2000),
  amount integer not null,
  primary key (tenant_id, id)
);
select kernel.govern('bench.note');
