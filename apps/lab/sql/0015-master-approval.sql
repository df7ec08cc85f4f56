-- A version of a method or specification may come into force later than it is made, and, where the workspace asks for it,
-- not before another person approved it. The version itself never changes: an approval stands beside it.
alter table lab.method_version add column effective_on date;
alter table lab.method_version add column needs_approval boolean not null default false;
alter table lab.specification_version add column effective_on date;
alter table lab.specification_version add column needs_approval boolean not null default false;
comment on column lab.method_version.needs_approval is 'as the policy was when it was made; a later change of the policy puts nothing in force';
comment on column lab.specification_version.needs_approval is 'as the policy was when it was made; a later change of the policy puts nothing in force';

create table lab.master_approval (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  method_version_id uuid,
  specification_version_id uuid,
  decision text not null check (decision in ('approved', 'refused')),
  reason text not null check (length(reason) between 1 and 500),
  approver text not null check (length(approver) between 1 and 200),
  primary key (tenant_id, id),
  unique (tenant_id, method_version_id),
  unique (tenant_id, specification_version_id),
  foreign key (tenant_id, method_version_id) references lab.method_version (tenant_id, id),
  foreign key (tenant_id, specification_version_id) references lab.specification_version (tenant_id, id)
);
select kernel.govern('lab.master_approval');
create trigger keep_version after update on lab.master_approval for each row execute function lab.keep_version();

create function lab.approval_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
declare
  maker uuid;
begin
  if (new.method_version_id is null) = (new.specification_version_id is null) then
    raise exception 'an approval is of one version' using errcode = 'PB422';
  end if;
  if kernel.bound_permission() = 'lab.history.load' then
    return null;
  end if;
  select coalesce(m.created_by, s.created_by) into maker
  from (select) one
  left join lab.method_version m on m.tenant_id = new.tenant_id and m.id = new.method_version_id
  left join lab.specification_version s on s.tenant_id = new.tenant_id and s.id = new.specification_version_id;
  if kernel.bound_permission() <> 'lab.master.approve' or maker is not distinct from new.created_by then
    raise exception 'a version is approved by another' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger approval_rule after insert on lab.master_approval for each row execute function lab.approval_rule();

create function lab.method_in_force() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if exists (
    select from (select distinct f.tenant_id, f.method_version_id from fresh f) f
    join lab.method_version v on v.tenant_id = f.tenant_id and v.id = f.method_version_id
    where v.needs_approval and not exists (select from lab.master_approval a
      where a.tenant_id = v.tenant_id and a.method_version_id = v.id and a.decision = 'approved')) then
    raise exception 'the version of the method is not approved' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger method_in_force after insert on lab.result referencing new table as fresh
for each statement execute function lab.method_in_force();

create function lab.specification_in_force() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if exists (
    select from (select distinct f.tenant_id, f.specification_version_id from fresh f) f
    join lab.specification_version v on v.tenant_id = f.tenant_id and v.id = f.specification_version_id
    where v.needs_approval and not exists (select from lab.master_approval a
      where a.tenant_id = v.tenant_id and a.specification_version_id = v.id and a.decision = 'approved')) then
    raise exception 'the version of the specification is not approved' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger specification_in_force after insert on lab.sample referencing new table as fresh
for each statement execute function lab.specification_in_force();
