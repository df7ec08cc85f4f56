-- The rules of samples and results, looked at once a statement in place of once a row: a worksheet of hundreds is one
-- statement. They refuse what they refused. Old and new rows are joined by hash whatever was planned before, and what is
-- looked up elsewhere is looked up for all rows together, so that no plan made for one row is repeated for each of many.
drop trigger sample_rule on lab.sample;
drop function lab.sample_rule();
drop trigger result_rule on lab.result;
drop function lab.result_rule();

create function lab.sample_begins() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if exists (select from fresh f where f.state <> 'registered' or f.locked_at is not null)
    and kernel.bound_permission() <> 'lab.history.load' then
    raise exception 'a sample begins as registered' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger sample_begins after insert on lab.sample referencing new table as fresh
  for each statement execute function lab.sample_begins();

-- An unblinding writes what the blind covered and nothing else.
create function lab.sample_goes_on() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp set enable_nestloop = off as $$
declare
  may constant text := kernel.bound_permission();
  fault text;
  unlocked uuid[];
  verified uuid[];
begin
  select
    min(case
      when (f.series, f.sequence, f.number, f.product_id, f.specification_version_id, f.import_id, f.brought_in)
        is distinct from (s.series, s.sequence, s.number, s.product_id, s.specification_version_id, s.import_id, s.brought_in)
        and not ((f.series, f.sequence, f.number, f.import_id, f.brought_in) is not distinct from (s.series, s.sequence, s.number, s.import_id, s.brought_in)
          and s.blinded and not f.blinded)
        then 'PB422 a sample keeps its number, product and frozen limits'
      when (f.received_at, f.received_by) is distinct from (s.received_at, s.received_by)
        and not (s.state = 'registered' and f.state = 'received')
        then 'PB422 receipt is written once'
      when s.blinded and not f.blinded then case
        when f.state <> s.state or f.state in ('published', 'cancelled')
          or not (may = 'lab.sample.unblind' or may = 'lab.sample.reveal' and s.state = 'verified')
          or to_jsonb(f) - array['version', 'updated_at', 'updated_by', 'product_id', 'sampling_point_id', 'specification_version_id',
              'customer_id', 'lot', 'remark', 'sampled_by', 'find', 'blinded']
            <> to_jsonb(s) - array['version', 'updated_at', 'updated_by', 'product_id', 'sampling_point_id', 'specification_version_id',
              'customer_id', 'lot', 'remark', 'sampled_by', 'find', 'blinded']
          then 'PB422 a sample is unblinded by who may, and nothing else with it' end
      when f.state = s.state then case
        when s.state in ('verified', 'published', 'cancelled')
          and to_jsonb(f) - array['version', 'updated_at', 'updated_by', 'retain_until', 'place', 'locked_at']
            <> to_jsonb(s) - array['version', 'updated_at', 'updated_by', 'retain_until', 'place', 'locked_at']
          then 'PB423 locked' end
      when not (case s.state || ' ' || f.state
        when 'registered received' then may in ('lab.sample.receive', 'lab.history.load')
        when 'received tested' then may in ('lab.result.enter', 'lab.result.retest', 'lab.history.load')
        when 'tested received' then may = 'lab.result.retest'
        when 'tested verified' then may = 'lab.result.verify'
        when 'verified published' then may = 'lab.sample.publish'
        when 'verified tested' then may = 'lab.sample.unlock'
        when 'published tested' then may = 'lab.sample.unlock'
        when 'registered cancelled' then may = 'lab.sample.cancel'
        when 'received cancelled' then may = 'lab.sample.cancel'
        else false end)
        then 'PB422 a sample does not go from ' || s.state || ' ' || f.state || ' by ' || may
    end),
    array_agg(f.id) filter (where s.state in ('verified', 'published') and f.state = 'tested'),
    array_agg(f.id) filter (where s.state = 'tested' and f.state = 'verified')
  into fault, unlocked, verified
  from fresh f join stale s on s.tenant_id = f.tenant_id and s.id = f.id;
  if fault is not null then
    raise exception using message = substr(fault, 7), errcode = left(fault, 5);
  end if;
  if unlocked is not null and exists (select from unnest(unlocked) as u (sample_id)
    where u.sample_id not in (select w.sample_id from lab.unlock w
      where w.tenant_id = kernel.tenant() and w.sample_id = any (unlocked) and w.created_by = kernel.actor()
        and w.created_at >= date_trunc('milliseconds', transaction_timestamp()))) then
    raise exception 'an unlock says why' using errcode = 'PB422';
  end if;
  if verified is not null and exists (select from lab.result r
    where r.tenant_id = kernel.tenant() and r.sample_id = any (verified) and r.state in ('open', 'entered')) then
    raise exception 'a sample is verified with all its results' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger sample_goes_on after update on lab.sample referencing old table as stale new table as fresh
  for each statement execute function lab.sample_goes_on();

create function lab.result_begins() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
declare
  begun boolean;
  of uuid[];
begin
  if kernel.bound_permission() = 'lab.history.load' then
    return null;
  end if;
  select bool_or(f.state <> 'open' or f.text is not null or f.locked_at is not null), array_agg(distinct f.sample_id) into begun, of from fresh f;
  if begun then
    raise exception 'a result begins empty' using errcode = 'PB422';
  end if;
  if exists (select from lab.sample s
    where s.tenant_id = kernel.tenant() and s.id = any (of) and s.state not in ('registered', 'received', 'tested')) then
    raise exception 'locked' using errcode = 'PB423';
  end if;
  return null;
end $$;
create trigger result_begins after insert on lab.result referencing new table as fresh
  for each statement execute function lab.result_begins();

create function lab.result_goes_on() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp set enable_nestloop = off as $$
declare
  may constant text := kernel.bound_permission();
  fault text;
  verified uuid[];
  unlocked uuid[];
begin
  select
    min(case
      when (f.sample_id, f.method_version_id, f.replaces_id, f.kind, f.analyte, f.name, f.unit, f.attempt, f.limits, f.brought_in)
        is distinct from (s.sample_id, s.method_version_id, s.replaces_id, s.kind, s.analyte, s.name, s.unit, s.attempt, s.limits, s.brought_in)
        then 'PB422 a result keeps its sample, method, unit and limits'
      when s.state in ('verified', 'retested', 'cancelled')
        and to_jsonb(f) - array['version', 'updated_at', 'updated_by', 'retain_until', 'state']
          <> to_jsonb(s) - array['version', 'updated_at', 'updated_by', 'retain_until', 'state']
        then 'PB423 locked'
      when (f.entered_at, f.entered_by) is distinct from (s.entered_at, s.entered_by)
        and (f.text, f.interim) is not distinct from (s.text, s.interim)
        then 'PB422 the time of an entry is that of the entry'
      when (f.text, f.number, f.qualifier, f.interim, f.verdict) is distinct from (s.text, s.number, s.qualifier, s.interim, s.verdict)
        and (may not in ('lab.result.enter', 'lab.history.load') or f.state <> 'entered')
        then 'PB422 a result is entered by who may enter it'
      when s.text is not null and (f.text, f.interim) is distinct from (s.text, s.interim)
        and (f.reason is null or length(trim(f.reason)) = 0)
        then 'PB422 a change of a result says why'
      when f.state <> s.state and not (case s.state || ' ' || f.state
        when 'open entered' then may in ('lab.result.enter', 'lab.history.load')
        when 'entered verified' then may = 'lab.result.verify'
        when 'verified entered' then may = 'lab.sample.unlock'
        when 'entered retested' then may = 'lab.result.retest'
        when 'open cancelled' then may = 'lab.sample.cancel'
        else false end)
        then 'PB422 a result does not go from ' || s.state || ' ' || f.state || ' by ' || may
      when s.state = 'entered' and f.state = 'verified' and f.entered_by = f.updated_by
        then 'PB422 nobody verifies their own result'
    end),
    array_agg(f.id) filter (where s.state = 'entered' and f.state = 'verified'),
    array_agg(distinct f.sample_id) filter (where s.state = 'verified' and f.state = 'entered')
  into fault, verified, unlocked
  from fresh f join stale s on s.tenant_id = f.tenant_id and s.id = f.id;
  if fault is not null then
    raise exception using message = substr(fault, 7), errcode = left(fault, 5);
  end if;
  -- Whoever ever entered a value of it, whatever other role they hold.
  if verified is not null and exists (select from kernel.version_history h
    where h.tenant_id = kernel.tenant() and h.row_id = any (verified) and h.body ->> 'entered_by' = kernel.actor()::text) then
    raise exception 'nobody verifies their own result' using errcode = 'PB422';
  end if;
  -- A row without a sample was never verified with one.
  if unlocked is not null and exists (select from unnest(unlocked) as u (sample_id)
    where u.sample_id is null or u.sample_id not in (select w.sample_id from lab.unlock w
      where w.tenant_id = kernel.tenant() and w.sample_id = any (unlocked) and w.created_by = kernel.actor()
        and w.created_at >= date_trunc('milliseconds', transaction_timestamp()))) then
    raise exception 'an unlock says why' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger result_goes_on after update on lab.result referencing old table as stale new table as fresh
  for each statement execute function lab.result_goes_on();

-- Rare steps: nothing is called for the rows that do not take them.
drop trigger retest_rule on lab.result;
create trigger retest_rule after update on lab.result for each row
  when (old.state = 'entered' and new.state = 'retested') execute function lab.retest_rule();
drop trigger publish_rule on lab.sample;
create trigger publish_rule after update on lab.sample for each row
  when (old.state = 'verified' and new.state = 'published') execute function lab.publish_rule();
