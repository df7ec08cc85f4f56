-- How sure a method's results are (JCGM 100:2008): a budget of one analyte of one version of a method, proposed by one person
-- and approved by another. Another budget is another version; none is changed.
create table lab.uncertainty_budget (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  method_version_id uuid not null,
  analyte text not null check (length(analyte) <= 60),
  number integer not null check (number > 0),
  components jsonb not null check (jsonb_typeof(components) = 'array' and jsonb_array_length(components) between 1 and 40),
  coverage numeric not null check (coverage between 1 and 5),
  state text not null check (state in ('proposed', 'approved', 'refused')),
  reason text not null check (length(trim(reason)) between 1 and 500),
  proposed_name text check (length(proposed_name) <= 200),
  decided_by uuid,
  decided_name text check (length(decided_name) <= 200),
  decided_at timestamptz,
  decided_reason text check (length(trim(decided_reason)) between 1 and 500),
  primary key (tenant_id, id),
  unique (tenant_id, method_version_id, analyte, number),
  foreign key (tenant_id, method_version_id) references lab.method_version (tenant_id, id),
  foreign key (tenant_id, decided_by) references kernel.membership (tenant_id, id),
  check ((state = 'proposed') = (decided_reason is null))
);
comment on column lab.uncertainty_budget.components is 'each source with its type, distribution, value, whether absolute or a share of the result, and how much it moves it';
select kernel.govern('lab.uncertainty_budget');
create unique index uncertainty_budget_proposed on lab.uncertainty_budget (tenant_id, method_version_id, analyte) where state = 'proposed';

create function lab.stamp_uncertainty() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'INSERT' then
    if kernel.bound_permission() <> 'lab.history.load' then
      new.decided_by := null;
      new.decided_at := null;
    end if;
  elsif new.state <> old.state then
    new.decided_by := new.updated_by;
    new.decided_at := new.updated_at;
  end if;
  return new;
end $$;
create trigger stamp_uncertainty before insert or update on lab.uncertainty_budget for each row execute function lab.stamp_uncertainty();

create function lab.uncertainty_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
declare
  may constant text := kernel.bound_permission();
begin
  if tg_op = 'INSERT' then
    if may not in ('lab.chart.change', 'lab.history.load') or (may <> 'lab.history.load' and new.state <> 'proposed') then
      raise exception 'a budget begins as a proposal' using errcode = 'PB422';
    end if;
    if not exists (select from lab.method_version v, jsonb_array_elements(v.definition -> 'analytes') a
      where v.tenant_id = new.tenant_id and v.id = new.method_version_id and a ->> 'key' = new.analyte and a ->> 'kind' <> 'text') then
      raise exception 'a budget is of a number that the method determines' using errcode = 'PB422';
    end if;
    if new.number <> 1 + coalesce((select max(b.number) from lab.uncertainty_budget b
        where b.tenant_id = new.tenant_id and b.method_version_id = new.method_version_id and b.analyte = new.analyte and b.id <> new.id), 0) then
      raise exception 'budgets are numbered in their order' using errcode = 'PB422';
    end if;
    return null;
  end if;
  if to_jsonb(new) - array['version', 'updated_at', 'updated_by', 'retain_until']
    = to_jsonb(old) - array['version', 'updated_at', 'updated_by', 'retain_until'] then
    return null;
  end if;
  if old.state <> 'proposed' then
    raise exception 'locked' using errcode = 'PB423';
  end if;
  if to_jsonb(new) - array['version', 'updated_at', 'updated_by', 'state', 'decided_by', 'decided_name', 'decided_at', 'decided_reason']
    <> to_jsonb(old) - array['version', 'updated_at', 'updated_by', 'state', 'decided_by', 'decided_name', 'decided_at', 'decided_reason'] then
    raise exception 'a budget is not changed once it is proposed' using errcode = 'PB422';
  end if;
  if may <> 'lab.chart.approve' or new.state = 'proposed' then
    raise exception 'a budget is decided by who may' using errcode = 'PB422';
  end if;
  if new.updated_by = new.created_by then
    raise exception 'a budget is approved by another' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger uncertainty_rule after insert or update on lab.uncertainty_budget for each row execute function lab.uncertainty_rule();
