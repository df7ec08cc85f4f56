-- Duplicates: a determination that is made twice in one run, and how far the two may lie apart. The method's version declares it,
-- for each determination: no criterion, an absolute difference, or one in percent of their mean. A version that declares one asks
-- for a duplicate in every run; a run without one is as little valid as one without its controls.
alter table lab.result add column duplicate_of uuid;
-- Not valid: every row there is has none, and looking at them would ask for a bound tenant.
alter table lab.result add foreign key (tenant_id, duplicate_of) references lab.result (tenant_id, id) not valid;
comment on column lab.result.duplicate_of is 'of a duplicate: the determination of the same run that it repeats';
create index result_duplicate on lab.result (tenant_id, duplicate_of) where duplicate_of is not null;

-- A duplicate is of one determination: the same sample, method and analyte, on the same worksheet.
create function lab.duplicate_begins() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if new.kind <> 'duplicate' or new.duplicate_of is null and kernel.bound_permission() <> 'lab.history.load'
    or new.duplicate_of is not null and not exists (
      select from lab.result o where o.tenant_id = new.tenant_id and o.id = new.duplicate_of and o.kind = 'sample' and o.worksheet_id = new.worksheet_id
        and (o.sample_id, o.method_version_id, o.analyte, o.unit) = (new.sample_id, new.method_version_id, new.analyte, new.unit)) then
    raise exception 'a duplicate is of a determination of its run' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger duplicate_begins after insert on lab.result for each row
  when (new.kind = 'duplicate' or new.duplicate_of is not null) execute function lab.duplicate_begins();

create function lab.duplicate_stays() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if new.duplicate_of is distinct from old.duplicate_of or old.kind = 'duplicate'
    or exists (select from lab.result d where d.tenant_id = new.tenant_id and d.duplicate_of = new.id and d.state <> 'cancelled') then
    raise exception 'a duplicate and its original stay in one run' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger duplicate_stays after update on lab.result for each row
  when (new.duplicate_of is distinct from old.duplicate_of or old.worksheet_id is not null and new.worksheet_id is distinct from old.worksheet_id)
  execute function lab.duplicate_stays();

-- The two values as they are compared: as entered, or as the method reports them.
create function lab.duplicate_compared(value numeric, criterion jsonb, decimals integer, rule text) returns numeric
language sql immutable parallel safe
return case when criterion ->> 'compare' = 'rounded' and decimals is not null then lab.rounded(value, decimals, rule) else value end;

-- How far they lie apart: in the unit of the determination, or in percent of their mean; nothing where nobody can say.
create function lab.duplicate_difference(one numeric, other numeric, criterion jsonb) returns numeric
language sql immutable parallel safe
return case
  when one = other then 0
  when criterion ->> 'difference' = 'relative' then round(200 * abs(one - other) / nullif(abs(one + other), 0), 6)
  else abs(one - other) end;

-- Judged without a quotient, so that nothing is rounded on the way: |a − b| at most the limit, or 200 |a − b| at most limit · |a + b|.
-- What is only said to be less or more than a value can't be judged.
create function lab.duplicate_outcome(one numeric, one_sign text, other numeric, other_sign text, criterion jsonb) returns text
language sql immutable parallel safe
return case
  when one is null or other is null or one_sign is not null or other_sign is not null or lab.decimal_of(criterion ->> 'limit') is null then 'unclear'
  when case criterion ->> 'difference'
    when 'absolute' then abs(one - other) <= lab.decimal_of(criterion ->> 'limit')
    when 'relative' then 200 * abs(one - other) <= lab.decimal_of(criterion ->> 'limit') * abs(one + other) end then 'in'
  when criterion ->> 'difference' in ('absolute', 'relative') then 'out'
  else 'unclear' end;

create table lab.duplicate_evaluation (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  duplicate_id uuid not null,
  original_id uuid not null,
  number integer not null check (number > 0),
  criterion jsonb not null,
  duplicate_text text not null check (length(duplicate_text) <= 200),
  original_text text not null check (length(original_text) <= 200),
  difference numeric check (difference >= 0),
  outcome text not null check (outcome in ('in', 'out', 'unclear')),
  primary key (tenant_id, id),
  unique (tenant_id, duplicate_id, number),
  foreign key (tenant_id, duplicate_id) references lab.result (tenant_id, id),
  foreign key (tenant_id, original_id) references lab.result (tenant_id, id)
);
comment on table lab.duplicate_evaluation is 'how a duplicate and its original were judged, by the criterion of their method''s version; a value changed later is judged in another row';
select kernel.govern('lab.duplicate_evaluation');
create index duplicate_evaluation_original on lab.duplicate_evaluation (tenant_id, original_id);
create trigger keep_version after update on lab.duplicate_evaluation for each row execute function lab.keep_version();
create trigger never_deleted before insert or update of deleted_at on lab.duplicate_evaluation for each row
  when (new.deleted_at is not null) execute function lab.never_deleted();
create trigger entered_for before insert or update on lab.duplicate_evaluation for each statement
  execute function kernel.entered_for('lab.result.enter', 'lab.history.load');

create function lab.stamp_duplicate_evaluation() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'INSERT' then
    new.number := 1 + coalesce((select max(e.number) from lab.duplicate_evaluation e
      where e.tenant_id = new.tenant_id and e.duplicate_id = new.duplicate_id), 0);
  end if;
  return new;
end $$;
create trigger stamp_duplicate_evaluation before insert on lab.duplicate_evaluation
  for each row execute function lab.stamp_duplicate_evaluation();

create function lab.duplicate_evaluation_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
declare
  pair record;
begin
  select d.duplicate_of, d.text as duplicate_text, o.text as original_text, a -> 'duplicate' as criterion, d.qualifier as one_sign, o.qualifier as other_sign,
    lab.duplicate_compared(d.number, a -> 'duplicate', (a ->> 'decimals')::integer, a ->> 'rule') as one,
    lab.duplicate_compared(o.number, a -> 'duplicate', (a ->> 'decimals')::integer, a ->> 'rule') as other
  into pair
  from lab.result d
  join lab.result o on o.tenant_id = d.tenant_id and o.id = d.duplicate_of
  join lab.method_version v on v.tenant_id = d.tenant_id and v.id = d.method_version_id
  cross join lateral lab.analyte_of(v.definition, d.analyte) a
  where d.tenant_id = new.tenant_id and d.id = new.duplicate_id;
  if not found or (new.original_id, new.duplicate_text, new.original_text, new.criterion)
    is distinct from (pair.duplicate_of, pair.duplicate_text, pair.original_text, pair.criterion) then
    raise exception 'a duplicate is judged by its values, as its method declares' using errcode = 'PB422';
  end if;
  if (new.outcome is distinct from lab.duplicate_outcome(pair.one, pair.one_sign, pair.other, pair.other_sign, pair.criterion)
    or case when new.outcome = 'unclear' then new.difference is not null
      else new.difference is null <> (lab.duplicate_difference(pair.one, pair.other, pair.criterion) is null)
        or abs(new.difference - lab.duplicate_difference(pair.one, pair.other, pair.criterion))
          > case when pair.criterion ->> 'difference' = 'relative' then 0.000001 else 0 end end) then
    raise exception 'how duplicates lie apart is what their values give' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger duplicate_evaluation_rule after insert on lab.duplicate_evaluation
  for each row execute function lab.duplicate_evaluation_rule();

-- Why results of a run wait for its duplicates. Refused once is refused: a value that was corrected afterwards does not lift it.
create function lab.duplicates_of(p_worksheet uuid, p_version uuid, p_analyte text) returns text[]
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp as $$
declare
  space constant uuid := kernel.tenant();
  method uuid;
  asked boolean;
  judged integer;
  tokens text[];
begin
  select v.method_id, coalesce(jsonb_typeof(lab.analyte_of(v.definition, p_analyte) -> 'duplicate') = 'object', false) into method, asked
  from lab.method_version v where v.tenant_id = space and v.id = p_version;
  if not found then
    return '{unknown}';
  end if;
  select count(*), array_agg(distinct p.token order by p.token) filter (where p.token is not null) into judged, tokens
  from (
    select case
      when refused.id is not null then 'duplicate-out:' || refused.id
      when last.id is null or (last.duplicate_text, last.original_text) is distinct from (d.text, o.text) then 'duplicate-not-judged'
      when last.outcome <> 'in' then 'duplicate-unclear:' || last.id end as token
    from lab.result d
    join lab.method_version v on v.tenant_id = d.tenant_id and v.id = d.method_version_id and v.method_id = method
    join lab.result o on o.tenant_id = d.tenant_id and o.id = d.duplicate_of and o.worksheet_id = d.worksheet_id
    left join lateral (select e.id from lab.duplicate_evaluation e
      where e.tenant_id = d.tenant_id and e.duplicate_id = d.id and e.outcome = 'out' order by e.number limit 1) refused on true
    left join lateral (select e.* from lab.duplicate_evaluation e
      where e.tenant_id = d.tenant_id and e.duplicate_id = d.id order by e.number desc limit 1) last on true
    where d.tenant_id = space and d.worksheet_id = p_worksheet and d.analyte = p_analyte and d.kind = 'duplicate'
      and d.state <> 'cancelled' and o.state <> 'cancelled'
      and jsonb_typeof(lab.analyte_of(v.definition, d.analyte) -> 'duplicate') = 'object') p;
  if asked and judged = 0 then
    return '{no-duplicate}';
  end if;
  return coalesce(tokens, '{}');
end $$;

-- The gate of quality control asks for both.
create or replace function lab.hold_quality(p_results uuid[], p_required boolean) returns table (result_id uuid, tokens text[])
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  with run as materialized (
    select d.worksheet_id, d.method_version_id, d.analyte, d.results,
      lab.quality_of(d.worksheet_id, d.method_version_id, d.analyte, p_required)
        || lab.duplicates_of(d.worksheet_id, d.method_version_id, d.analyte) as tokens
    from (select r.worksheet_id, r.method_version_id, r.analyte, array_agg(r.id) as results from lab.result r
      where r.id = any (p_results) and r.kind in ('sample', 'duplicate')
      group by r.worksheet_id, r.method_version_id, r.analyte) d)
  select r.id, '{}'::text[] from lab.result r where r.id = any (p_results) and r.kind not in ('sample', 'duplicate')
  union all
  select u.id, n.tokens from run n cross join lateral unnest(n.results) as u (id)
$$;
grant execute on function lab.duplicate_compared(numeric, jsonb, integer, text), lab.duplicate_difference(numeric, numeric, jsonb),
  lab.duplicate_outcome(numeric, text, numeric, text, jsonb), lab.duplicates_of(uuid, uuid, text) to probity_app;
