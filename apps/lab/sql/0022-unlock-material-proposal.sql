-- What the screens leave to the database: an unlock spends a fresh proof, a material is changed with a reason and keeps what
-- others know it by, and whatever one person proposes another decides, by one rule.

-- An unlock is permitted by the kernel, which uses the proof up (kernel.permit_unlock): of a sample that is locked as of one
-- that is verified only, and in this very transaction.
grant create on schema lab to probity_door;
set local role probity_door;
create function lab.unlock_rule() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if kernel.bound_permission() = 'lab.history.load' then
    return null;
  end if;
  if not exists (select from kernel.unlock_permit p
    where p.tenant_id = new.tenant_id and p.row_id = new.sample_id and p.record = 'lab.sample' and p.xid = pg_current_xact_id()) then
    raise exception 'an unlock is confirmed by a fresh proof' using errcode = 'PB422';
  end if;
  return null;
end $$;
revoke all on function lab.unlock_rule() from public;
grant execute on function lab.unlock_rule() to probity_owner;
set local role probity_owner;
revoke create on schema lab from probity_door;
create trigger unlock_rule after insert on lab.unlock for each row execute function lab.unlock_rule();

-- When less than this is left of lots that may be used, it is time to order.
alter table lab.material add column reorder_at double precision check (reorder_at > 0);
comment on column lab.material.reorder_at is 'ordered anew when less is left of its lots that may be used, counted in its unit';
select kernel.govern_reason('lab.material');

-- Methods ask for a material by its code: under another code its lots would stand for what was never asked for.
create function lab.material_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if (new.code <> old.code or new.kind <> old.kind or new.deleted_at is distinct from old.deleted_at)
    and exists (select from lab.lot l where l.tenant_id = new.tenant_id and l.material_id = new.id) then
    raise exception 'a material keeps its code and kind once a lot of it came in' using errcode = 'PB423';
  end if;
  return null;
end $$;
create trigger material_rule after update on lab.material for each row execute function lab.material_rule();

-- Proposed by one person, decided by another, never changed: limits of charts and budgets of uncertainty alike. What a
-- proposal stands on is each table's own matter, and asked when it is made.
create function lab.stamp_proposal() returns trigger
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

create function lab.proposal_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
declare
  may constant text := kernel.bound_permission();
  kept constant text[] := array['version', 'updated_at', 'updated_by', 'retain_until'];
  decided constant text[] := array['version', 'updated_at', 'updated_by', 'state', 'decided_by', 'decided_name', 'decided_at', 'decided_reason'];
begin
  if tg_op = 'INSERT' then
    if may not in ('lab.chart.change', 'lab.history.load') or (may <> 'lab.history.load' and new.state <> 'proposed') then
      raise exception '% begin as a proposal', tg_argv[0] using errcode = 'PB422';
    end if;
    return null;
  end if;
  if to_jsonb(new) - kept = to_jsonb(old) - kept then
    return null;
  end if;
  if old.state <> 'proposed' then
    raise exception 'locked' using errcode = 'PB423';
  end if;
  if to_jsonb(new) - decided <> to_jsonb(old) - decided then
    raise exception '% are not changed once they are proposed', tg_argv[0] using errcode = 'PB422';
  end if;
  if may <> 'lab.chart.approve' or new.state = 'proposed' then
    raise exception '% are decided by who may', tg_argv[0] using errcode = 'PB422';
  end if;
  if new.updated_by = new.created_by then
    raise exception '% are decided by another', tg_argv[0] using errcode = 'PB422';
  end if;
  return null;
end $$;

drop trigger stamp_uncertainty on lab.uncertainty_budget;
drop function lab.stamp_uncertainty();
create trigger stamp_proposal before insert or update on lab.uncertainty_budget for each row execute function lab.stamp_proposal();
create trigger proposal_rule after insert or update on lab.uncertainty_budget for each row execute function lab.proposal_rule('budgets');

create or replace function lab.uncertainty_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select from lab.method_version v, jsonb_array_elements(v.definition -> 'analytes') a
    where v.tenant_id = new.tenant_id and v.id = new.method_version_id and a ->> 'key' = new.analyte and a ->> 'kind' <> 'text') then
    raise exception 'a budget is of a number that the method determines' using errcode = 'PB422';
  end if;
  if new.number <> 1 + coalesce((select max(b.number) from lab.uncertainty_budget b
      where b.tenant_id = new.tenant_id and b.method_version_id = new.method_version_id and b.analyte = new.analyte and b.id <> new.id), 0) then
    raise exception 'budgets are numbered in their order' using errcode = 'PB422';
  end if;
  return null;
end $$;
drop trigger uncertainty_rule on lab.uncertainty_budget;
create trigger uncertainty_rule after insert on lab.uncertainty_budget for each row execute function lab.uncertainty_rule();

-- Whether limits were brought in is still said by the database alone.
create or replace function lab.stamp_chart_limit() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  new.brought_in := kernel.bound_permission() = 'lab.history.load';
  return new;
end $$;
drop trigger stamp_chart_limit on lab.chart_limit;
create trigger stamp_chart_limit before insert on lab.chart_limit for each row execute function lab.stamp_chart_limit();
create trigger stamp_proposal before insert or update on lab.chart_limit for each row execute function lab.stamp_proposal();
create trigger proposal_rule after insert or update on lab.chart_limit for each row execute function lab.proposal_rule('limits');

create or replace function lab.chart_limit_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
declare
  chart lab.control_chart;
  counted record;
begin
  select c.* into chart from lab.control_chart c where c.tenant_id = new.tenant_id and c.id = new.chart_id;
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
drop trigger chart_limit_rule on lab.chart_limit;
create trigger chart_limit_rule after insert on lab.chart_limit for each row execute function lab.chart_limit_rule();
