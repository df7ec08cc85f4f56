-- What becomes of a result out of its specification (FDA, Investigating OOS Test Results, 2022): an assessment in the
-- laboratory first, a retest only by a plan that somebody else approved before it, then the wider investigation and the
-- conclusion. The original result stays as it is on every path. Who comes past the routes meets the same refusals.
create table lab.investigation (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  series text not null,
  sequence integer not null check (sequence > 0),
  number text not null check (length(number) <= 40),
  sample_id uuid not null,
  result_id uuid not null,
  state text not null check (state in ('phase-1', 'retest-planned', 'retest-approved', 'phase-2', 'concluded')),
  checklist jsonb,
  cause text check (cause in ('laboratory-error', 'none-found')),
  cause_text text check (length(cause_text) <= 4000),
  hypothesis text check (length(hypothesis) <= 4000),
  retests integer check (retests between 1 and 10),
  plan text check (length(plan) <= 4000),
  planned_by uuid,
  planned_name text,
  approved_by uuid,
  approved_name text,
  approved_at timestamptz,
  rejected_reason text check (length(rejected_reason) <= 500),
  scope text check (length(scope) <= 4000),
  conclusion text check (conclusion in ('laboratory-error', 'confirmed', 'inconclusive')),
  conclusion_text text check (length(conclusion_text) <= 4000),
  capa text check (length(capa) <= 120),
  no_capa text check (length(no_capa) <= 500),
  concluded_by uuid,
  concluded_name text,
  concluded_at timestamptz,
  primary key (tenant_id, id),
  unique (tenant_id, number),
  unique (tenant_id, series, sequence),
  unique (tenant_id, result_id),
  foreign key (tenant_id, sample_id) references lab.sample (tenant_id, id),
  foreign key (tenant_id, result_id) references lab.result (tenant_id, id),
  foreign key (tenant_id, planned_by) references kernel.membership (tenant_id, id),
  foreign key (tenant_id, approved_by) references kernel.membership (tenant_id, id),
  foreign key (tenant_id, concluded_by) references kernel.membership (tenant_id, id)
);
select kernel.govern('lab.investigation');
create index investigation_of_sample on lab.investigation (tenant_id, sample_id);
create index investigation_state on lab.investigation (tenant_id, state, id);

-- Times and the people of an act are this server's, never the statement's.
create function lab.stamp_investigation() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'INSERT' or new.state = old.state then
    return new;
  end if;
  if new.state = 'retest-planned' then
    new.planned_by := new.updated_by;
  elsif new.state = 'retest-approved' then
    new.approved_by := new.updated_by;
    new.approved_at := new.updated_at;
  elsif new.state = 'concluded' then
    new.concluded_by := new.updated_by;
    new.concluded_at := new.updated_at;
    new.locked_at := new.updated_at;
  end if;
  return new;
end $$;
create trigger stamp_investigation before insert or update on lab.investigation for each row execute function lab.stamp_investigation();

create function lab.investigation_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
declare
  may constant text := kernel.bound_permission();
  step text;
  entered_by uuid;
begin
  if tg_op = 'INSERT' then
    if may <> 'lab.history.load' and (new.state <> 'phase-1' or new.checklist is not null or new.locked_at is not null) then
      raise exception 'an investigation begins with phase I' using errcode = 'PB422';
    end if;
    if not exists (select from lab.result r where r.tenant_id = new.tenant_id and r.id = new.result_id and r.sample_id = new.sample_id and r.verdict = 'out') then
      raise exception 'only a result out of its specification is investigated' using errcode = 'PB422';
    end if;
    return null;
  end if;
  if to_jsonb(new) - array['version', 'updated_at', 'updated_by', 'retain_until'] = to_jsonb(old) - array['version', 'updated_at', 'updated_by', 'retain_until'] then
    return null;
  end if;
  if (new.series, new.sequence, new.number, new.sample_id, new.result_id)
    is distinct from (old.series, old.sequence, old.number, old.sample_id, old.result_id) then
    raise exception 'an investigation keeps its number and result' using errcode = 'PB422';
  end if;
  if old.state = 'concluded' then
    raise exception 'locked' using errcode = 'PB423';
  end if;
  -- What a step left behind is written in that step alone.
  if (new.checklist, new.cause, new.cause_text, new.hypothesis) is distinct from (old.checklist, old.cause, old.cause_text, old.hypothesis)
    and not (old.state = 'phase-1' and new.state = 'phase-1') then
    raise exception 'phase I is written in phase I' using errcode = 'PB422';
  end if;
  if (new.retests, new.plan) is distinct from (old.retests, old.plan) and new.state <> 'retest-planned' then
    raise exception 'a plan is not changed after it was handed over' using errcode = 'PB422';
  end if;
  if (new.planned_by, new.approved_by, new.approved_at, new.concluded_by, new.concluded_at)
    is distinct from (old.planned_by, old.approved_by, old.approved_at, old.concluded_by, old.concluded_at) and new.state = old.state then
    raise exception 'who acted is written by the act' using errcode = 'PB422';
  end if;
  if new.state = old.state then
    if may <> 'lab.investigation.change' then
      raise exception 'an investigation is written by who may' using errcode = 'PB422';
    end if;
    return null;
  end if;
  select r.entered_by into entered_by from lab.result r where r.tenant_id = new.tenant_id and r.id = new.result_id;
  step := old.state || ' ' || new.state;
  if not (case step
    when 'phase-1 retest-planned' then may = 'lab.investigation.change' and new.checklist is not null and new.cause is not null
      and new.retests is not null and new.plan is not null
    when 'retest-planned phase-1' then may = 'lab.investigation.approve' and new.rejected_reason is not null
    when 'retest-planned retest-approved' then may = 'lab.investigation.approve'
    when 'phase-1 phase-2' then may = 'lab.investigation.change' and new.checklist is not null and new.cause = 'none-found'
    when 'retest-approved phase-2' then may = 'lab.investigation.change'
    when 'phase-1 concluded' then may = 'lab.investigation.approve' and new.cause = 'laboratory-error' and new.conclusion = 'laboratory-error'
    when 'retest-approved concluded' then may = 'lab.investigation.approve' and new.cause = 'laboratory-error' and new.conclusion = 'laboratory-error'
    when 'phase-2 concluded' then may = 'lab.investigation.approve' and new.scope is not null
      and (new.conclusion <> 'laboratory-error' or new.cause = 'laboratory-error')
    else false end) then
    raise exception 'an investigation does not go from % by %', step, may using errcode = 'PB422';
  end if;
  if may = 'lab.investigation.approve' and new.updated_by = entered_by then
    raise exception 'nobody judges their own result' using errcode = 'PB422';
  end if;
  if new.state = 'retest-approved' and new.updated_by = new.planned_by then
    raise exception 'a plan is approved by another' using errcode = 'PB422';
  end if;
  if new.state in ('phase-2', 'concluded') and exists (
    select from lab.result r join lab.result o on o.tenant_id = r.tenant_id and o.id = new.result_id and o.sample_id = r.sample_id
      and o.method_version_id = r.method_version_id and o.analyte = r.analyte and o.kind = r.kind
    where r.tenant_id = new.tenant_id and r.attempt > o.attempt and r.state = 'open') then
    raise exception 'a retest is still open' using errcode = 'PB422';
  end if;
  if new.state = 'concluded' and (new.conclusion is null or new.conclusion_text is null or (new.capa is null) = (new.no_capa is null)) then
    raise exception 'a conclusion says what, why, and which corrective action or why none' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger investigation_rule after insert or update on lab.investigation for each row execute function lab.investigation_rule();

-- A result out of specification is retested by an approved plan alone and as often as it says: no testing into compliance.
create function lab.retest_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
declare
  planned integer;
  done integer;
begin
  if old.state <> 'entered' or new.state <> 'retested' or kernel.bound_permission() = 'lab.history.load' then
    return null;
  end if;
  -- The first of its determinations that was out leads; retests of it count, in specification or not.
  select i.retests, (select count(*) from lab.result r
      where r.tenant_id = f.tenant_id and r.sample_id = f.sample_id and r.method_version_id = f.method_version_id
        and r.analyte = f.analyte and r.kind = f.kind and r.attempt > f.attempt)
  into planned, done
  from lab.result f left join lab.investigation i
    on i.tenant_id = f.tenant_id and i.result_id = f.id and i.state = 'retest-approved'
  where f.tenant_id = new.tenant_id and f.sample_id = new.sample_id and f.method_version_id = new.method_version_id
    and f.analyte = new.analyte and f.kind = new.kind and f.verdict = 'out'
  order by f.attempt limit 1;
  if found and (planned is null or done >= planned) then
    raise exception 'a retest out of specification needs an approved plan' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger retest_rule after update on lab.result for each row execute function lab.retest_rule();

-- Nothing is told of a sample while what was out of specification is unexplained.
create function lab.publish_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if old.state = 'verified' and new.state = 'published' and exists (
    select from lab.result f
    where f.tenant_id = new.tenant_id and f.sample_id = new.id and f.verdict = 'out' and f.kind = 'sample' and f.state in ('verified', 'retested')
      and not exists (
        select from lab.result e join lab.investigation i on i.tenant_id = e.tenant_id and i.result_id = e.id and i.state = 'concluded'
        where e.tenant_id = f.tenant_id and e.sample_id = f.sample_id and e.method_version_id = f.method_version_id
          and e.analyte = f.analyte and e.kind = f.kind and e.attempt <= f.attempt)) then
    raise exception 'what is out of specification is investigated before it is told' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger publish_rule after update on lab.sample for each row execute function lab.publish_rule();
