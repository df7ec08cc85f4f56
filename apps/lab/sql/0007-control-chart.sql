-- Control charts (Levey-Jennings): how a method's controls and blanks behave over the runs. Limits are proposed by one person
-- and frozen by another; a run is judged once by the limits that were in force, and keeps that judgement for good. What is
-- judged anew is judged beside it. Who comes past the routes meets the same refusals.

create table lab.rule_set (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  scope text not null check (scope in ('control', 'trend')),
  number integer not null check (number > 0),
  rules jsonb not null,
  reason text not null check (length(trim(reason)) between 1 and 500),
  primary key (tenant_id, id),
  unique (tenant_id, scope, number)
);
comment on table lab.rule_set is 'which rules a laboratory judges by: of controls each with warn or reject, of trends their numbers; the newest is in force';
select kernel.govern('lab.rule_set');
create trigger keep_version after update on lab.rule_set for each row execute function lab.keep_version();

create table lab.control_chart (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  method_id uuid not null,
  analyte text not null check (length(analyte) <= 60),
  name text not null check (length(name) <= 120),
  unit text not null check (length(unit) <= 30),
  kind text not null check (kind in ('control', 'blank')),
  material text not null check (length(trim(material)) between 1 and 120),
  lot text not null check (length(trim(lot)) between 1 and 60),
  runs integer not null check (runs between 10 and 200),
  expires_on date,
  state text not null check (state in ('in-use', 'retired')),
  retired_reason text check (length(trim(retired_reason)) between 1 and 500),
  primary key (tenant_id, id),
  unique (tenant_id, method_id, analyte, kind, material, lot),
  foreign key (tenant_id, method_id) references lab.method (tenant_id, id),
  check ((state = 'retired') = (retired_reason is not null))
);
comment on column lab.control_chart.runs is 'how many runs its limits are established from, declared before they are looked at';
select kernel.govern('lab.control_chart');

create table lab.chart_limit (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  chart_id uuid not null,
  number integer not null check (number > 0),
  source text not null check (source in ('runs', 'certificate')),
  mean numeric,
  deviation numeric check (deviation > 0),
  upper numeric,
  basis jsonb not null,
  state text not null check (state in ('proposed', 'frozen', 'refused')),
  reason text not null check (length(trim(reason)) between 1 and 500),
  proposed_name text check (length(proposed_name) <= 200),
  decided_by uuid,
  decided_name text check (length(decided_name) <= 200),
  decided_at timestamptz,
  decided_reason text check (length(trim(decided_reason)) between 1 and 500),
  brought_in boolean not null default false,
  primary key (tenant_id, id),
  unique (tenant_id, chart_id, number),
  foreign key (tenant_id, chart_id) references lab.control_chart (tenant_id, id),
  foreign key (tenant_id, decided_by) references kernel.membership (tenant_id, id),
  check ((mean is null) = (deviation is null) and (mean is null) <> (upper is null)),
  check ((state = 'proposed') = (decided_reason is null))
);
comment on column lab.chart_limit.basis is 'of runs: the results counted and those left out, each with its reason; of a certificate: which';
select kernel.govern('lab.chart_limit');
-- One proposal at a time: what is frozen next is always the newest.
create unique index chart_limit_proposed on lab.chart_limit (tenant_id, chart_id) where state = 'proposed';

create table lab.control_point (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  chart_id uuid not null,
  result_id uuid not null,
  primary key (tenant_id, id),
  unique (tenant_id, result_id),
  foreign key (tenant_id, chart_id) references lab.control_chart (tenant_id, id),
  foreign key (tenant_id, result_id) references lab.result (tenant_id, id)
);
comment on table lab.control_point is 'which chart a control or blank of a worksheet feeds; said before its value is known';
select kernel.govern('lab.control_point');
create index control_point_of_chart on lab.control_point (tenant_id, chart_id);
create trigger keep_version after update on lab.control_point for each row execute function lab.keep_version();

create table lab.control_evaluation (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  worksheet_id uuid not null,
  method_id uuid not null,
  analyte text not null,
  number integer not null check (number > 0),
  run_at timestamptz not null,
  outcome text not null check (outcome in ('accepted', 'warned', 'refused', 'unclear')),
  rule_set_id uuid,
  rules jsonb not null,
  points jsonb not null,
  violations jsonb not null,
  primary key (tenant_id, id),
  unique (tenant_id, worksheet_id, method_id, analyte, number),
  foreign key (tenant_id, worksheet_id) references lab.worksheet (tenant_id, id),
  foreign key (tenant_id, method_id) references lab.method (tenant_id, id),
  foreign key (tenant_id, rule_set_id) references lab.rule_set (tenant_id, id)
);
comment on table lab.control_evaluation is 'how the controls of one run were judged, by which limits and rules; a control changed later is judged in another row';
select kernel.govern('lab.control_evaluation');
create index control_evaluation_over_time on lab.control_evaluation (tenant_id, method_id, analyte, run_at, id);
create trigger keep_version after update on lab.control_evaluation for each row execute function lab.keep_version();

create table lab.control_note (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  evaluation_id uuid not null,
  kind text not null check (kind in ('comment', 'cause', 'action')),
  text text not null check (length(trim(text)) between 1 and 1000),
  author text not null check (length(author) <= 200),
  primary key (tenant_id, id),
  foreign key (tenant_id, evaluation_id) references lab.control_evaluation (tenant_id, id)
);
comment on table lab.control_note is 'what was found and done about a run that broke a rule; it changes no judgement';
select kernel.govern('lab.control_note');
create index control_note_of_evaluation on lab.control_note (tenant_id, evaluation_id);
create trigger keep_version after update on lab.control_note for each row execute function lab.keep_version();

create function lab.rule_set_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if kernel.bound_permission() not in ('lab.chart.approve', 'lab.history.load') then
    raise exception 'rules are chosen by who may' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger rule_set_rule after insert on lab.rule_set for each row execute function lab.rule_set_rule();

create function lab.control_chart_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'UPDATE' and to_jsonb(new) - array['version', 'updated_at', 'updated_by', 'retain_until']
    = to_jsonb(old) - array['version', 'updated_at', 'updated_by', 'retain_until'] then
    return null;
  end if;
  if kernel.bound_permission() not in ('lab.chart.change', 'lab.history.load') then
    raise exception 'a chart is kept by who may' using errcode = 'PB422';
  end if;
  if tg_op = 'UPDATE' and (old.state = 'retired' or to_jsonb(new) - array['version', 'updated_at', 'updated_by', 'state', 'retired_reason']
      <> to_jsonb(old) - array['version', 'updated_at', 'updated_by', 'state', 'retired_reason']) then
    raise exception 'a chart keeps its method, material and lot' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger control_chart_rule after insert or update on lab.control_chart for each row execute function lab.control_chart_rule();

create function lab.stamp_chart_limit() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'INSERT' then
    new.brought_in := kernel.bound_permission() = 'lab.history.load';
    if not new.brought_in then
      new.decided_by := null;
      new.decided_at := null;
    end if;
  elsif new.state <> old.state then
    new.decided_by := new.updated_by;
    new.decided_at := new.updated_at;
  end if;
  return new;
end $$;
create trigger stamp_chart_limit before insert or update on lab.chart_limit for each row execute function lab.stamp_chart_limit();

create function lab.chart_limit_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
declare
  may constant text := kernel.bound_permission();
  chart lab.control_chart;
  counted record;
begin
  if tg_op = 'UPDATE' and to_jsonb(new) - array['version', 'updated_at', 'updated_by', 'retain_until']
    = to_jsonb(old) - array['version', 'updated_at', 'updated_by', 'retain_until'] then
    return null;
  end if;
  select c.* into chart from lab.control_chart c where c.tenant_id = new.tenant_id and c.id = new.chart_id;
  if tg_op = 'UPDATE' then
    if old.state <> 'proposed' then
      raise exception 'locked' using errcode = 'PB423';
    end if;
    if to_jsonb(new) - array['version', 'updated_at', 'updated_by', 'state', 'decided_by', 'decided_name', 'decided_at', 'decided_reason']
      <> to_jsonb(old) - array['version', 'updated_at', 'updated_by', 'state', 'decided_by', 'decided_name', 'decided_at', 'decided_reason'] then
      raise exception 'limits are not changed once they are proposed' using errcode = 'PB422';
    end if;
    if may <> 'lab.chart.approve' or new.state = 'proposed' then
      raise exception 'limits are decided by who may' using errcode = 'PB422';
    end if;
    if new.updated_by = new.created_by then
      raise exception 'limits are frozen by another' using errcode = 'PB422';
    end if;
    return null;
  end if;
  if may not in ('lab.chart.change', 'lab.history.load') or (may <> 'lab.history.load' and new.state <> 'proposed') then
    raise exception 'limits begin as a proposal' using errcode = 'PB422';
  end if;
  if chart.state = 'retired' then
    raise exception 'a retired chart takes no limits' using errcode = 'PB422';
  end if;
  if (chart.kind = 'blank') <> (new.upper is not null) then
    raise exception 'a control has mean and deviation, a blank an upper limit' using errcode = 'PB422';
  end if;
  if new.number <> 1 + coalesce((select max(l.number) from lab.chart_limit l
      where l.tenant_id = new.tenant_id and l.chart_id = new.chart_id and l.id <> new.id), 0) then
    raise exception 'limits are numbered in their order' using errcode = 'PB422';
  end if;
  if new.source = 'certificate' then
    if coalesce(length(trim(new.basis ->> 'certificate')), 0) = 0 then
      raise exception 'limits of a certificate say which' using errcode = 'PB422';
    end if;
    return null;
  end if;
  -- Of this lot's own runs, as many as were declared; between the first and the last none is missing without a reason.
  select count(*)::integer as n, avg(r.number) as mean, stddev_samp(r.number) as deviation, min(r.entered_at) as first, max(r.entered_at) as last
    into counted
  from lab.control_point p join lab.result r on r.tenant_id = p.tenant_id and r.id = p.result_id
  where p.tenant_id = new.tenant_id and p.chart_id = new.chart_id and r.number is not null and r.qualifier is null
    and r.state in ('entered', 'verified') and r.id::text in (select jsonb_array_elements_text(new.basis -> 'results'));
  if counted.n < chart.runs or counted.n <> jsonb_array_length(new.basis -> 'results') then
    raise exception 'limits stand on as many runs as were declared' using errcode = 'PB422';
  end if;
  if (case when chart.kind = 'blank' then new.upper <> round(counted.mean + 3 * counted.deviation, 12)
    else (new.mean, new.deviation) is distinct from (round(counted.mean, 12), round(counted.deviation, 12)) end) then
    raise exception 'limits are those of their runs' using errcode = 'PB422';
  end if;
  if exists (
    select from lab.control_point p join lab.result r on r.tenant_id = p.tenant_id and r.id = p.result_id
    where p.tenant_id = new.tenant_id and p.chart_id = new.chart_id and r.text is not null
      and r.entered_at between counted.first and counted.last
      and r.id::text not in (select jsonb_array_elements_text(new.basis -> 'results'))
      and not exists (select from jsonb_array_elements(coalesce(new.basis -> 'excluded', '[]')) x
        where x ->> 'id' = r.id::text and length(trim(x ->> 'reason')) > 0)) then
    raise exception 'a run is left out with a reason' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger chart_limit_rule after insert or update on lab.chart_limit for each row execute function lab.chart_limit_rule();

create function lab.control_point_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
declare
  may constant text := kernel.bound_permission();
begin
  if may not in ('lab.worksheet.change', 'lab.history.load') then
    raise exception 'a control is put on a worksheet by who may' using errcode = 'PB422';
  end if;
  if not exists (
    select from lab.result r
    join lab.method_version v on v.tenant_id = r.tenant_id and v.id = r.method_version_id
    join lab.control_chart c on c.tenant_id = r.tenant_id and c.id = new.chart_id
    where r.tenant_id = new.tenant_id and r.id = new.result_id and r.worksheet_id is not null
      and c.method_id = v.method_id and c.analyte = r.analyte and c.kind = r.kind and c.unit = r.unit) then
    raise exception 'a control feeds the chart of its own method and analyte' using errcode = 'PB422';
  end if;
  if may <> 'lab.history.load' and exists (
    select from lab.result r join lab.control_chart c on c.tenant_id = r.tenant_id and c.id = new.chart_id
    where r.tenant_id = new.tenant_id and r.id = new.result_id
      and (r.state <> 'open' or c.state = 'retired' or c.expires_on < current_date)) then
    raise exception 'a control names its lot before its value is known, and a lot in use' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger control_point_rule after insert on lab.control_point for each row execute function lab.control_point_rule();

-- The number and the time of a run are found here, never taken from the statement.
create function lab.stamp_control_evaluation() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
declare
  earlier record;
begin
  select max(e.number) as number, min(e.run_at) as run_at into earlier from lab.control_evaluation e
  where e.tenant_id = new.tenant_id and e.worksheet_id = new.worksheet_id and e.method_id = new.method_id and e.analyte = new.analyte;
  new.number := coalesce(earlier.number, 0) + 1;
  new.run_at := coalesce(earlier.run_at, (
    select max(r.entered_at) from lab.result r
    where r.tenant_id = new.tenant_id and r.worksheet_id = new.worksheet_id and r.analyte = new.analyte and r.kind in ('control', 'blank')), now());
  return new;
end $$;
create trigger stamp_control_evaluation before insert on lab.control_evaluation
for each row execute function lab.stamp_control_evaluation();

create function lab.control_evaluation_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
declare
  each record;
  worst numeric := 0;
begin
  if kernel.bound_permission() not in ('lab.result.enter', 'lab.history.load') then
    raise exception 'a run is judged when its controls are entered' using errcode = 'PB422';
  end if;
  -- Every control of the run that has a value is judged, as it stands, and by the frozen limits in force of its own lot.
  for each in
    select r.id, r.text, r.number, r.qualifier, r.kind, p.chart_id, l.id as limit_id, l.mean, l.deviation, l.upper, j.point
    from lab.result r
    join lab.method_version v on v.tenant_id = r.tenant_id and v.id = r.method_version_id
    join lab.control_point p on p.tenant_id = r.tenant_id and p.result_id = r.id
    left join lateral (select k.* from lab.chart_limit k where k.tenant_id = p.tenant_id and k.chart_id = p.chart_id and k.state = 'frozen'
      order by k.number desc limit 1) l on true
    left join lateral (select e as point from jsonb_array_elements(new.points) e where e ->> 'resultId' = r.id::text) j on true
    where r.tenant_id = new.tenant_id and r.worksheet_id = new.worksheet_id and v.method_id = new.method_id and r.analyte = new.analyte
      and r.text is not null and r.state <> 'cancelled'
  loop
    if each.point is null or each.point ->> 'text' is distinct from each.text or each.point ->> 'chartId' is distinct from each.chart_id::text
      or each.point ->> 'limitId' is distinct from each.limit_id::text then
      raise exception 'a run is judged by the limits in force of its own lots' using errcode = 'PB422';
    end if;
    if each.kind = 'control' and each.limit_id is not null and each.number is not null and each.qualifier is null then
      if each.point ->> 'z' is null or abs((each.point ->> 'z')::numeric - (each.number - each.mean) / each.deviation) > 0.000000001 * greatest(1, abs((each.number - each.mean) / each.deviation)) then
        raise exception 'a run is judged by its values' using errcode = 'PB422';
      end if;
      worst := greatest(worst, abs((each.point ->> 'z')::numeric));
    elsif new.outcome in ('accepted', 'warned') and (each.limit_id is null or each.number is null or each.kind = 'control') then
      raise exception 'what can not be judged is not accepted' using errcode = 'PB422';
    end if;
    if each.kind = 'blank' and each.number > each.upper and each.qualifier is null and new.outcome <> 'refused' then
      raise exception 'a blank above its limit refuses the run' using errcode = 'PB422';
    end if;
  end loop;
  if worst > 3 and new.rules ->> '1-3s' = 'reject' and new.outcome <> 'refused' then
    raise exception 'a control beyond three deviations refuses the run' using errcode = 'PB422';
  end if;
  if new.rules is distinct from coalesce(
    (select s.rules from lab.rule_set s where s.tenant_id = new.tenant_id and s.id = new.rule_set_id and s.scope = 'control'
      and s.number = (select max(n.number) from lab.rule_set n where n.tenant_id = new.tenant_id and n.scope = 'control')),
    case when not exists (select from lab.rule_set n where n.tenant_id = new.tenant_id and n.scope = 'control')
      then '{"1-2s":"warn","1-3s":"reject","2-2s":"reject","R-4s":"reject","4-1s":"reject","10x":"reject"}'::jsonb end) then
    raise exception 'a run is judged by the rules in force' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger control_evaluation_rule after insert on lab.control_evaluation for each row execute function lab.control_evaluation_rule();

create function lab.control_note_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if kernel.bound_permission() not in ('lab.chart.note', 'lab.history.load') then
    raise exception 'a run is commented by who may' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger control_note_rule after insert on lab.control_note for each row execute function lab.control_note_rule();

-- Why results of a run wait for its quality control: those of one worksheet, version of a method and analyte. What is not known
-- holds: a method that asks for controls is never satisfied by there being none. Where it asks for none, the controls that were
-- run all the same must not have been refused.
create function lab.quality_of(p_worksheet uuid, p_version uuid, p_analyte text, p_required boolean) returns text[]
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp as $$
declare
  space constant uuid := kernel.tenant();
  quality jsonb;
  method uuid;
  run lab.control_evaluation;
  refused uuid;
  unlimited text;
begin
  select v.definition -> 'quality', v.method_id into quality, method
  from lab.method_version v where v.tenant_id = space and v.id = p_version;
  if not found then
    return '{unknown}';
  end if;
  if quality ? 'analytes' and not (quality -> 'analytes') ? p_analyte then
    return '{}';
  end if;
  -- Refused once is refused: a control that was corrected afterwards does not lift it.
  select e.id into refused from lab.control_evaluation e where e.tenant_id = space and e.worksheet_id = p_worksheet
    and e.method_id = method and e.analyte = p_analyte and e.outcome = 'refused' order by e.number limit 1;
  if refused is not null then
    return array['refused:' || refused];
  end if;
  if p_worksheet is null then
    return case when p_required then '{no-worksheet}' else '{}' end;
  end if;
  select e.* into run from lab.control_evaluation e
  where e.tenant_id = space and e.worksheet_id = p_worksheet and e.method_id = method and e.analyte = p_analyte
  order by e.number desc limit 1;
  -- Each control that names its chart is judged as it stands; one that names none at least met the limits written beside it.
  if exists (
    select from lab.result c
    join lab.method_version v on v.tenant_id = c.tenant_id and v.id = c.method_version_id and v.method_id = method
    left join lab.control_point p on p.tenant_id = c.tenant_id and p.result_id = c.id
    where c.tenant_id = space and c.worksheet_id = p_worksheet and c.analyte = p_analyte and c.kind in ('control', 'blank')
      and c.state <> 'cancelled' and case when p.id is null then p_required and c.verdict is distinct from 'in' else not exists (
        select from jsonb_array_elements(run.points) e where e ->> 'resultId' = c.id::text and e ->> 'text' = c.text) end) then
    return '{not-judged}';
  end if;
  if not p_required then
    return '{}';
  end if;
  if run.id is null then
    return '{no-control}';
  end if;
  select e ->> 'chartId' into unlimited from jsonb_array_elements(run.points) e where e ->> 'limitId' is null limit 1;
  if unlimited is not null then
    return array['no-limits:' || unlimited];
  end if;
  if run.outcome not in ('accepted', 'warned') then
    return array['unclear:' || run.id];
  end if;
  if (select count(distinct e ->> 'chartId') from jsonb_array_elements(run.points) e where e ->> 'kind' = 'control')
    < coalesce((quality ->> 'controls')::integer, 1) then
    return '{no-control}';
  end if;
  if (quality ->> 'blank')::boolean and not exists (select from jsonb_array_elements(run.points) e where e ->> 'kind' = 'blank') then
    return '{no-blank}';
  end if;
  return '{}';
end $$;
-- The gate of quality control: results of one run share its answer, and only samples and their duplicates wait for it.
create function lab.hold_quality(p_results uuid[], p_required boolean) returns table (result_id uuid, tokens text[])
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  with run as materialized (
    select d.worksheet_id, d.method_version_id, d.analyte, d.results,
      lab.quality_of(d.worksheet_id, d.method_version_id, d.analyte, p_required) as tokens
    from (select r.worksheet_id, r.method_version_id, r.analyte, array_agg(r.id) as results from lab.result r
      where r.id = any (p_results) and r.kind in ('sample', 'duplicate')
      group by r.worksheet_id, r.method_version_id, r.analyte) d)
  select r.id, '{}'::text[] from lab.result r where r.id = any (p_results) and r.kind not in ('sample', 'duplicate')
  union all
  select u.id, n.tokens from run n cross join lateral unnest(n.results) as u (id)
$$;
grant execute on function lab.quality_of(uuid, uuid, text, boolean), lab.hold_quality(uuid[], boolean) to probity_app;
insert into lab.gate values ('quality-control', 'quality', 'hold_quality');
