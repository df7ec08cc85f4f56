-- Gates: what must be in order before a result is verified. Each gate is a function that names what holds a result; none may
-- be left unanswered, and a hold is passed only by an override that one person asked for and another confirmed, for this
-- result, this gate, this value and these holds. ISO/IEC 17025:2017 6.2.5, 6.4.4, 6.6.2; 21 CFR 211.160(b)(4), 211.68(a).

-- Which gates there are. An area adds its own with one insert; its function takes results and whether the gate is required of
-- them (else it only judges what was named), and answers each with its tokens `code` or `code:id`, '{}' where nothing holds it.
-- It is asked once for all results of a statement. A result that it leaves out, or answers with null, is held.
create table lab.gate (
  name text primary key check (name ~ '^[a-z][a-z-]{1,39}$'),
  declared text not null check (declared ~ '^[a-z][a-zA-Z]{1,39}$'),
  holds text not null check (holds ~ '^hold_[a-z_]{1,40}$')
);
comment on table lab.gate is 'the gates before verification: the word of a method''s definition that asks for it, and the function in this schema that answers';
grant select on lab.gate to probity_app;
insert into kernel.exempt_table values ('lab.gate', 'the list of gates, written by migrations alone: no tenant data');

-- What a laboratory decided, from when on and why: a later row follows an earlier one, and none is changed. It applies from
-- its effect on, which never lies before its making: no entry is let through afterwards.
create table lab.setting (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  name text not null check (name ~ '^[a-z][a-z.-]{1,79}$'),
  value jsonb not null,
  effective_at timestamptz not null,
  reason text not null check (length(trim(reason)) between 1 and 500),
  maker text not null check (length(maker) <= 200),
  primary key (tenant_id, id)
);
select kernel.govern('lab.setting');
create index setting_of_name on lab.setting (tenant_id, name, effective_at desc);
create trigger keep_version after update on lab.setting for each row execute function lab.keep_version();

create function lab.setting_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if kernel.bound_permission() not in ('lab.setting.change', 'lab.history.load') then
    raise exception 'a setting is made by who may' using errcode = 'PB422';
  end if;
  if new.effective_at < date_trunc('milliseconds', transaction_timestamp()) then
    raise exception 'a setting takes effect from its making on' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger setting_rule after insert on lab.setting for each row execute function lab.setting_rule();

create table lab.gate_override (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  result_id uuid not null,
  gate text not null check (length(gate) <= 40),
  holds jsonb not null check (jsonb_typeof(holds) = 'array' and jsonb_array_length(holds) between 1 and 50),
  said text not null check (length(said) between 1 and 4000),
  value text not null check (length(value) <= 200),
  entered_at timestamptz not null,
  reason text not null check (length(trim(reason)) between 1 and 1000),
  state text not null check (state in ('asked', 'confirmed', 'refused')),
  asked_name text not null check (length(asked_name) <= 200),
  decided_by uuid,
  decided_at timestamptz,
  decided_name text check (length(decided_name) <= 200),
  decided_reason text check (length(decided_reason) <= 1000),
  primary key (tenant_id, id),
  foreign key (tenant_id, result_id) references lab.result (tenant_id, id),
  foreign key (tenant_id, decided_by) references kernel.membership (tenant_id, id)
);
comment on column lab.gate_override.holds is 'the holds it was asked for: another hold, or another value, is not passed by it';
comment on column lab.gate_override.said is 'the same in the words that were shown to who decided';
select kernel.govern('lab.gate_override');
create index gate_override_of_result on lab.gate_override (tenant_id, result_id, gate);
create unique index gate_override_waiting on lab.gate_override (tenant_id, result_id, gate) where state = 'asked';

create function lab.stamp_override() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'INSERT' then
    new.decided_by := null;
    new.decided_at := null;
  elsif new.state <> old.state then
    new.decided_by := new.updated_by;
    new.decided_at := new.updated_at;
  end if;
  return new;
end $$;
create trigger stamp_override before insert or update on lab.gate_override for each row execute function lab.stamp_override();

create function lab.override_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
declare
  may constant text := kernel.bound_permission();
begin
  if tg_op = 'INSERT' then
    if may not in ('lab.override.ask', 'lab.history.load') or new.state <> 'asked'
      or not exists (select from lab.gate g where g.name = new.gate) then
      raise exception 'an override begins by being asked for' using errcode = 'PB422';
    end if;
    return null;
  end if;
  if to_jsonb(new) - array['version', 'updated_at', 'updated_by', 'retain_until', 'state', 'decided_by', 'decided_at', 'decided_name', 'decided_reason']
    <> to_jsonb(old) - array['version', 'updated_at', 'updated_by', 'retain_until', 'state', 'decided_by', 'decided_at', 'decided_name', 'decided_reason'] then
    raise exception 'an override keeps its result, gate, holds and reason' using errcode = 'PB422';
  end if;
  if new.state = old.state then
    if (new.decided_by, new.decided_at, new.decided_name, new.decided_reason)
      is distinct from (old.decided_by, old.decided_at, old.decided_name, old.decided_reason) then
      raise exception 'who decided is written by the decision' using errcode = 'PB422';
    end if;
    return null;
  end if;
  if old.state <> 'asked' or may <> 'lab.override.confirm' then
    raise exception 'an override does not go from % to % by %', old.state, new.state, may using errcode = 'PB422';
  end if;
  -- Four eyes: neither who asked nor whoever entered a value of it, whatever other role they hold.
  if new.updated_by = new.created_by or exists (
    select from lab.result r where r.tenant_id = new.tenant_id and r.id = new.result_id and r.entered_by = new.updated_by)
    or exists (select from kernel.version_history h
      where h.tenant_id = new.tenant_id and h.row_id = new.result_id and h.body ->> 'entered_by' = new.updated_by::text) then
    raise exception 'an override is decided by another' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger override_rule after insert or update on lab.gate_override for each row execute function lab.override_rule();

-- How far each gate applies to each result: 'required', 'named' (only what was named is judged) or 'none'. The method's version
-- declares it; the laboratory may ask it of every method or of none, from a time on. What was entered before keeps what
-- held then. Nothing said: as declared. A result that is not found is asked everything.
create function lab.gate_applies(p_results uuid[], p_gate text default null) returns table (result_id uuid, gate text, applies text)
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  with entered as materialized (
    select r.id, r.method_version_id, coalesce(r.entered_at, clock_timestamp()) as at
    from lab.result r join lab.method_version v on v.tenant_id = r.tenant_id and v.id = r.method_version_id
    where r.id = any (p_results)),
  declared as materialized (
    select v.id, g.name, v.definition -> g.declared as declared
    from lab.method_version v cross join lab.gate g where v.id = any (array(select distinct e.method_version_id from entered e))),
  decided as materialized (
    select t.at, g.name, (
      select s.value ->> 'required' from lab.setting s
      where s.name = 'gate.' || g.name and s.effective_at <= t.at and s.deleted_at is null
      order by s.effective_at desc, s.created_at desc, s.id desc limit 1) as asked
    from (select distinct e.at from entered e) t cross join lab.gate g)
  select a.id, g.name, case
    when e.id is null then 'required'
    when c.asked = 'none' then 'none'
    when c.asked = 'every' then 'required'
    when d.declared is null or d.declared in ('null', 'false', '[]', '{}') then 'named'
    else 'required' end
  from (select distinct unnest(p_results) as id) a cross join lab.gate g
    left join entered e on e.id = a.id
    left join declared d on d.id = e.method_version_id and d.name = g.name
    left join decided c on c.at = e.at and c.name = g.name
  where p_gate is null or g.name = p_gate
$$;

-- What holds results at the gates, or at one: each gate is asked once for those it is required of and once for the others. A
-- gate that has no answer for a result holds it. Planned for how many results there are, not for how many there were before.
create function lab.holds_of(p_results uuid[], p_gate text default null) returns table (result_id uuid, gate text, token text)
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  asked record;
begin
  for asked in
    select g.name, g.holds, a.applies is distinct from 'named' as required, array_agg(a.result_id) as results
    from lab.gate g join lab.gate_applies(p_results, p_gate) a on a.gate = g.name
    where a.applies is distinct from 'none' group by g.name, g.holds, a.applies is distinct from 'named'
  loop
    return query execute format(
      'select distinct a.id, $3, coalesce(t.token, ''unknown'')
       from unnest($1) as a (id) left join lab.%I($1, $2) as h (result_id, tokens) on h.result_id = a.id
         left join lateral unnest(h.tokens) as t (token) on true
       where h.tokens is distinct from ''{}''', asked.holds) using asked.results, asked.required, asked.name;
  end loop;
end $$;

-- Whoever comes past the routes meets the same refusal. Looked at once a statement, for all results that it verifies; the rows
-- before and after are told apart without a join, which a plan made for one row would repeat for each of many.
create function lab.gate_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  verified uuid[];
  shut text;
begin
  if not exists (select from fresh f where f.state = 'verified') then
    return null;
  end if;
  verified := array(select f.id from fresh f where f.state = 'verified' except select s.id from stale s where s.state = 'verified');
  if verified = '{}' then
    return null;
  end if;
  with held as materialized (
    select h.result_id, h.gate, jsonb_agg(h.token) as tokens from lab.holds_of(verified) h group by h.result_id, h.gate),
  passed as materialized (
    select o.result_id, o.gate, o.holds from lab.gate_override o join lab.result r on r.tenant_id = o.tenant_id and r.id = o.result_id
    where o.result_id = any (array(select h.result_id from held h)) and o.state = 'confirmed' and o.deleted_at is null
      and o.entered_at = r.entered_at)
  select min(h.gate) into shut from held h
  where not exists (select from passed p where p.result_id = h.result_id and p.gate = h.gate and h.tokens <@ p.holds);
  if shut is not null then
    raise exception 'held at the gate %', shut using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger gate_rule after update on lab.result referencing old table as stale new table as fresh
  for each statement execute function lab.gate_rule();
grant execute on function lab.gate_applies(uuid[], text), lab.holds_of(uuid[], text) to probity_app;
