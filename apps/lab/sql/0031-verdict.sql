-- A verdict is what its limit gives, whoever writes it: the database holds each value against its limit again, by the same rules
-- as the laboratory's calculation and written apart from it. What can't be decided is never "in".

-- A decimal as limits and entries write it; anything else is none.
create function lab.decimal_of(said text) returns numeric
language sql immutable parallel safe
return case when said ~ '^-?[0-9]{1,30}([.][0-9]{1,30})?$' then said::numeric end;

-- Half-up is away from zero, as pharmacopoeias round (USP General Notices 7.20) and as round() does; half-even is ISO 80000-1, B.3.
create function lab.rounded(value numeric, places integer, rule text) returns numeric
language sql immutable parallel safe
return case
  when rule = 'half-even' and abs(value * 10 ^ places::numeric - trunc(value * 10 ^ places::numeric)) = 0.5
    then (trunc(value * 10 ^ places::numeric) + mod(trunc(value * 10 ^ places::numeric), 2)) / 10 ^ places::numeric
  else round(value, places) end;

-- How what a value may be, between its ends, stands to an end of a limit: beyond it (yes), within (no), or nobody can say (null).
-- A quantity that can't be negative is not under a low end of zero.
create function lab.is_beyond_low(bottom numeric, from_open boolean, top numeric, to_open boolean, low numeric, low_open boolean) returns boolean
language sql immutable parallel safe
return case
  when top < low or top = low and (low_open or to_open) then true
  when bottom is null then case when low <= 0 and not low_open then false end
  when bottom > low or bottom = low and (not low_open or from_open) then false end;
create function lab.is_beyond_high(bottom numeric, from_open boolean, top numeric, to_open boolean, high numeric, high_open boolean) returns boolean
language sql immutable parallel safe
return case
  when bottom > high or bottom = high and (high_open or from_open) then true
  when top < high or top = high and (not high_open or to_open) then false end;

-- The verdict on a value: simple acceptance, and where the limit names a guard band w = factor · U, guarded acceptance (ILAC-G8:09/2019,
-- 4.2; JCGM 106:2012, 8.2 and 8.3.2). Out stays out; what is within the limit passes only clear of the band.
create function lab.verdict_of(said text, number numeric, qualifier text, "limit" jsonb, decimals integer, rule text, expanded text) returns text
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
declare
  texts constant jsonb := coalesce("limit" -> 'texts', '[]');
  low constant numeric := lab.decimal_of("limit" ->> 'low');
  high constant numeric := lab.decimal_of("limit" ->> 'high');
  low_open constant boolean := coalesce(("limit" ->> 'lowOpen')::boolean, false);
  high_open constant boolean := coalesce(("limit" ->> 'highOpen')::boolean, false);
  factor constant text := "limit" #>> '{decision,factor}';
  compared numeric := number;
  bottom numeric;
  top numeric;
  from_open constant boolean := coalesce(qualifier = '>', false);
  to_open constant boolean := coalesce(qualifier = '<', false);
  under boolean := false;
  over boolean := false;
  simple text;
  width numeric;
begin
  if "limit" is null then
    return 'none';
  end if;
  if "limit" ->> 'compare' = 'rounded' and qualifier is null and decimals is not null then
    compared := lab.rounded(number, decimals, rule);
  end if;
  bottom := case when qualifier in ('<', '<=') then null else compared end;
  top := case when qualifier in ('>', '>=') then null else compared end;
  if low is not null then
    under := lab.is_beyond_low(bottom, from_open, top, to_open, low, low_open);
  end if;
  if high is not null then
    over := lab.is_beyond_high(bottom, from_open, top, to_open, high, high_open);
  end if;
  simple := case
    when jsonb_array_length(texts) > 0 then case when texts ? said then 'in' else 'out' end
    when number is null then 'unclear'
    when low is null and high is null then 'none'
    when under or over then 'out'
    when under is null or over is null then 'unclear'
    when compared < lab.decimal_of("limit" ->> 'warnLow') or compared > lab.decimal_of("limit" ->> 'warnHigh') then 'warn'
    else 'in' end;
  if factor is null or number is null or simple in ('none', 'unclear', 'out') then
    return simple;
  end if;
  width := lab.decimal_of(factor) * lab.decimal_of(expanded);
  if width is null or lab.decimal_of(expanded) <= 0 then
    return 'unclear';
  end if;
  return case
    when (low is null or bottom is null or lab.is_beyond_low(bottom, from_open, top, to_open, low + width, low_open) is false)
      and (high is null or lab.is_beyond_high(bottom, from_open, top, to_open, high - width, high_open) is false) then simple
    else 'conditional' end;
end $$;

-- Whether the number kept is the number written: to the character it is what a person or instrument wrote, in its unit.
create function lab.reads_as(said text, unit text, number numeric, qualifier text) returns boolean
language sql immutable parallel safe
return coalesce((
  select read[2]::numeric = number
    and replace(replace(coalesce(read[1], ''), '≤', '<='), '≥', '>=') = coalesce(qualifier, '')
  from regexp_match(translate(case when unit <> '' and right(said, length(unit) + 1) = ' ' || unit then trim(left(said, -length(unit))) else said end, '−', '-'),
    '^(<=|>=|<|>|≤|≥)?[\s\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]*(-?\d{1,30}(?:[.]\d{1,30})?)$') as read), false);

-- What a determination of a version of a method is, and the end it is held against: the first of a method's, as both are kept.
create function lab.analyte_of(definition jsonb, analyte text) returns jsonb
language sql immutable parallel safe
return (select a from jsonb_array_elements(definition -> 'analytes') a where a ->> 'key' = analyte limit 1);
create function lab.limit_of(limits jsonb, method_id uuid, analyte text) returns jsonb
language sql immutable parallel safe
return (select l from jsonb_array_elements(limits) l where l ->> 'analyte' = analyte and l ->> 'methodId' = method_id::text limit 1);

grant execute on function lab.decimal_of(text), lab.rounded(numeric, integer, text),
  lab.is_beyond_low(numeric, boolean, numeric, boolean, numeric, boolean), lab.is_beyond_high(numeric, boolean, numeric, boolean, numeric, boolean),
  lab.verdict_of(text, numeric, text, jsonb, integer, text, text), lab.reads_as(text, text, numeric, text),
  lab.analyte_of(jsonb, text), lab.limit_of(jsonb, uuid, text) to probity_app;

-- Each value that is entered or brought in; a row that is verified or retested keeps what it was entered with. A sample's value is
-- held against its frozen specification; where a blind covers that, against what the row was registered with.
-- What is looked up is one row by its key for each, whatever was planned before a file's rows were counted.
create function lab.result_judged() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off as $$
declare
  fault text;
begin
  select min(case
    when g.analyte is null then 'a result is of its method'
    when g.kind in ('sample', 'duplicate') and not g.blinded and g.limits is not null and g.limits is distinct from g.own
      or g.replaces_id is not null and g.limits is distinct from g.replaced
      then 'a result is held against the limits of its sample'
    when g.text is null or tg_op = 'UPDATE' and g.state <> 'entered' then null
    when case when g.analyte ->> 'kind' = 'text' then (g.number, g.qualifier) is distinct from (null, null)
      -- Nearly all are written as the database writes them.
      else not (g.qualifier is null and g.number::text = g.text and g.text ~ '^-?[0-9]{1,30}([.][0-9]{1,30})?$'
        or lab.reads_as(g.text, g.unit, g.number, g.qualifier)) end then 'the number of a result is the one that was written'
    when g.verdict is distinct from lab.verdict_of(g.text, g.number, g.qualifier, coalesce(g.limits, g.own),
      (g.analyte ->> 'decimals')::integer, g.analyte ->> 'rule', g.uncertainty ->> 'expanded') then 'a verdict is what its limit gives'
    end)
  into fault
  from (
    select f.kind, f.text, f.number, f.qualifier, f.unit, f.limits, f.state, f.verdict, f.uncertainty, s.blinded, f.replaces_id, o.limits as replaced,
      lab.analyte_of(m.definition, f.analyte) as analyte, lab.limit_of(v.limits, m.method_id, f.analyte) as own
    from fresh f
    join lab.method_version m on m.tenant_id = f.tenant_id and m.id = f.method_version_id
    left join lab.sample s on s.tenant_id = f.tenant_id and s.id = f.sample_id
    left join lab.specification_version v on v.tenant_id = s.tenant_id and v.id = s.specification_version_id
    left join lab.result o on o.tenant_id = f.tenant_id and o.id = f.replaces_id
    -- A subquery of its own: what it looks up is looked up once for each row, and not wherever it is named.
    offset 0
  ) g;
  if fault is not null then
    raise exception using message = fault, errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger result_judged after update on lab.result referencing new table as fresh
  for each statement execute function lab.result_judged();
create trigger result_judged_in after insert on lab.result referencing new table as fresh
  for each statement execute function lab.result_judged();

-- A sample stands as its results stand, when it is tested and when it is verified. When its blind is opened, its values must have
-- been held against the limits that come to light.
create function lab.sample_judged() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off as $$
begin
  if exists (select from fresh f where f.state in ('tested', 'verified') and f.verdict is distinct from (
    select case when bool_or(r.verdict = 'out') then 'out' when bool_or(r.verdict = 'unclear') then 'unclear'
      when bool_or(r.verdict = 'conditional') then 'conditional' when bool_or(r.verdict = 'warn') then 'warn'
      when bool_or(r.verdict = 'in') then 'in' else 'none' end
    from lab.result r
    where r.tenant_id = f.tenant_id and r.sample_id = f.id and r.state in ('open', 'entered', 'verified') and r.kind in ('sample', 'duplicate'))) then
    raise exception 'a sample stands as its results do' using errcode = 'PB422';
  end if;
  if kernel.bound_permission() in ('lab.sample.unblind', 'lab.sample.reveal') and exists (
    select from fresh f
    join lab.result r on r.tenant_id = f.tenant_id and r.sample_id = f.id and r.kind = 'sample'
    join lab.method_version m on m.tenant_id = r.tenant_id and m.id = r.method_version_id
    left join lab.specification_version v on v.tenant_id = f.tenant_id and v.id = f.specification_version_id
    where r.limits is distinct from lab.limit_of(v.limits, m.method_id, r.analyte)) then
    raise exception 'a blinded result was held against other limits' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger sample_judged after update on lab.sample referencing new table as fresh
  for each statement execute function lab.sample_judged();

-- What is told of a sample when it is published: each verified value against each specification, in the order of its results, then
-- what nobody determined. Certificates tell what was published. (A value entered before its uncertainty was kept is told by the
-- one its method declares: there the band is not looked at again.)
create function lab.publication_judged() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
declare
  told jsonb;
  version record;
  lines jsonb;
  undetermined integer;
begin
  if kernel.bound_permission() = 'lab.history.load' then
    return null;
  end if;
  if not exists (select from lab.sample s
    left join lab.specification_version v on v.tenant_id = s.tenant_id and v.id = s.specification_version_id
    left join lab.specification f on f.tenant_id = v.tenant_id and f.id = v.specification_id
    where s.tenant_id = new.tenant_id and s.id = new.sample_id
      and (f.id is null or f.deleted_at is not null
        or new.evaluations @> jsonb_build_array(jsonb_build_object('specification', f.code, 'number', v.number)))) then
    raise exception 'a publication tells of the limits a sample was registered with' using errcode = 'PB422';
  end if;
  for told in select e from jsonb_array_elements(new.evaluations) e loop
    select v.limits into version
    from lab.specification_version v join lab.specification s on s.tenant_id = v.tenant_id and s.id = v.specification_id
    where s.tenant_id = new.tenant_id and s.code = told ->> 'specification' and v.number = (told ->> 'number')::integer and s.deleted_at is null;
    if not found then
      raise exception 'a publication names its limits' using errcode = 'PB422';
    end if;
    select coalesce(jsonb_agg(jsonb_build_object('entered', r.text, 'verdict', lab.verdict_of(r.text, r.number, r.qualifier,
        lab.limit_of(version.limits, m.method_id, r.analyte), (a ->> 'decimals')::integer, a ->> 'rule', r.uncertainty ->> 'expanded'),
        'open', r.uncertainty is null and coalesce(jsonb_typeof(a -> 'uncertainty') = 'object', false)) order by r.id), '[]'),
      (select count(*) from jsonb_array_elements(version.limits) l where not exists (
        select from lab.result o join lab.method_version n on n.tenant_id = o.tenant_id and n.id = o.method_version_id
        where o.tenant_id = new.tenant_id and o.sample_id = new.sample_id and o.kind = 'sample' and o.state = 'verified'
          and o.analyte = l ->> 'analyte' and n.method_id::text = l ->> 'methodId'))
    into lines, undetermined
    from lab.result r
    join lab.method_version m on m.tenant_id = r.tenant_id and m.id = r.method_version_id
    cross join lateral lab.analyte_of(m.definition, r.analyte) a
    where r.tenant_id = new.tenant_id and r.sample_id = new.sample_id and r.kind = 'sample' and r.state = 'verified';
    if jsonb_array_length(told -> 'lines') <> jsonb_array_length(lines) + undetermined
      or exists (select from jsonb_array_elements(told -> 'lines') with ordinality as t (line, place)
        left join jsonb_array_elements(lines) with ordinality as f (line, place) using (place)
        where case when f.line is null then t.line ->> 'verdict' <> 'unclear' or t.line ->> 'entered' <> ''
          else t.line ->> 'entered' <> f.line ->> 'entered'
            or t.line ->> 'verdict' is distinct from f.line ->> 'verdict' and not (f.line ->> 'open')::boolean end)
      or told ->> 'verdict' is distinct from (
        select case when bool_or(t ->> 'verdict' = 'out') then 'out' when bool_or(t ->> 'verdict' = 'unclear') then 'unclear'
          when bool_or(t ->> 'verdict' = 'conditional') then 'conditional' when bool_or(t ->> 'verdict' = 'warn') then 'warn'
          when bool_or(t ->> 'verdict' = 'in') then 'in' else 'none' end
        from jsonb_array_elements(told -> 'lines') t) then
      raise exception 'a publication tells what its limits give' using errcode = 'PB422';
    end if;
  end loop;
  return null;
end $$;
create trigger publication_judged after insert on lab.publication for each row execute function lab.publication_judged();
