-- What results are made with: instruments and lots of materials, what happened to each, and which a worksheet's results used.
-- What happened is told by events that are never changed, and counts from the time it was recorded: a certificate that is
-- brought in later does not make good what was entered before it.

create table lab.instrument (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  number text not null check (length(number) between 1 and 40),
  kind text not null check (kind ~ '^[a-z][a-z0-9-]{1,39}$'),
  name text not null check (length(name) between 1 and 120),
  make text check (length(make) <= 120),
  model text check (length(model) <= 120),
  serial text check (length(serial) <= 80),
  location text check (length(location) <= 120),
  calibration_months integer check (calibration_months between 1 and 120),
  qualification_months integer check (qualification_months between 1 and 120),
  maintenance_months integer check (maintenance_months between 1 and 120),
  primary key (tenant_id, id),
  check (calibration_months is not null or qualification_months is not null)
);
comment on column lab.instrument.calibration_months is 'how often; an instrument is calibrated or qualified, or both (ISO/IEC 17025 6.4.7)';
select kernel.govern('lab.instrument');
create unique index instrument_number on lab.instrument (tenant_id, number) where deleted_at is null;
create index instrument_kind on lab.instrument (tenant_id, kind) where deleted_at is null;

create function lab.instrument_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'UPDATE' and to_jsonb(new) - array['version', 'updated_at', 'updated_by', 'retain_until']
    = to_jsonb(old) - array['version', 'updated_at', 'updated_by', 'retain_until'] then
    return null;
  end if;
  if kernel.bound_permission() not in ('lab.instrument.change', 'lab.history.load') then
    raise exception 'the register of instruments is kept by who may' using errcode = 'PB422';
  end if;
  if tg_op = 'UPDATE' and new.deleted_at is not null then
    raise exception 'an instrument is retired, never deleted' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger instrument_rule after insert or update on lab.instrument for each row execute function lab.instrument_rule();

create table lab.instrument_event (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  instrument_id uuid not null,
  sequence integer not null,
  act text not null check (act in ('calibration', 'qualification', 'maintenance', 'hold', 'release', 'retire', 'return')),
  performed_on date,
  due_on date,
  outcome text check (outcome in ('pass', 'adjusted', 'fail')),
  reference text check (length(trim(reference)) between 1 and 120),
  provider text check (length(provider) <= 120),
  reason text check (length(trim(reason)) between 1 and 1000),
  by_name text not null check (length(by_name) <= 200),
  primary key (tenant_id, id),
  unique (tenant_id, instrument_id, sequence),
  foreign key (tenant_id, instrument_id) references lab.instrument (tenant_id, id)
);
comment on column lab.instrument_event.outcome is 'adjusted: found out of tolerance and set right, so what was measured before is in doubt';
select kernel.govern('lab.instrument_event');
create trigger keep_version after update on lab.instrument_event for each row execute function lab.keep_version();

-- One after another: who records, holds or releases waits for whoever is doing so, and for whoever is verifying what it measured.
create function lab.number_instrument_event() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  perform from lab.instrument i where i.id = new.instrument_id for no key update;
  select coalesce(max(e.sequence), 0) + 1 into new.sequence from lab.instrument_event e where e.instrument_id = new.instrument_id;
  return new;
end $$;
create trigger number_event before insert on lab.instrument_event for each row execute function lab.number_instrument_event();

create function lab.instrument_event_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
declare
  may constant text := kernel.bound_permission();
  months integer;
  before record;
begin
  if may <> 'lab.history.load' and not (may = 'lab.instrument.change' or (may = 'lab.instrument.hold' and new.act = 'hold')) then
    raise exception 'what happened to an instrument is recorded by who may' using errcode = 'PB422';
  end if;
  if new.act in ('calibration', 'qualification', 'maintenance') then
    if new.performed_on is null or new.outcome is null or new.reference is null then
      raise exception 'a calibration says when, with which outcome and certificate' using errcode = 'PB422';
    end if;
    if new.performed_on > (new.created_at at time zone 'UTC')::date + 1 then
      raise exception 'what is recorded has happened' using errcode = 'PB422';
    end if;
    select case new.act when 'calibration' then i.calibration_months when 'qualification' then i.qualification_months else i.maintenance_months end
    into months from lab.instrument i where i.id = new.instrument_id;
    if new.outcome = 'fail' then
      if new.due_on is not null then
        raise exception 'what failed is due at once' using errcode = 'PB422';
      end if;
    elsif new.act = 'maintenance' and months is null then
      if new.due_on is not null then
        raise exception 'what is not planned is not due' using errcode = 'PB422';
      end if;
    elsif months is null or new.due_on is null or new.due_on <= new.performed_on
      or new.due_on > (new.performed_on + make_interval(months => months))::date then
      raise exception 'the next is due within the interval of the instrument' using errcode = 'PB422';
    end if;
    return null;
  end if;
  if new.performed_on is not null or new.due_on is not null or new.outcome is not null or new.reason is null then
    raise exception 'a hold, release or retirement says why' using errcode = 'PB422';
  end if;
  select e.act, e.created_by into before from lab.instrument_event e
  where e.instrument_id = new.instrument_id and e.sequence < new.sequence
    and e.act = any (case when new.act in ('hold', 'release') then '{hold,release}'::text[] else '{retire,return}'::text[] end)
  order by e.sequence desc limit 1;
  if new.act in ('hold', 'retire') and before.act = new.act or new.act = 'release' and before.act is distinct from 'hold'
    or new.act = 'return' and before.act is distinct from 'retire' then
    raise exception 'an instrument does not go from % to %', coalesce(before.act, 'service'), new.act using errcode = 'PB422';
  end if;
  if new.act = 'release' and before.created_by = new.created_by then
    raise exception 'a hold is released by another' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger instrument_event_rule after insert on lab.instrument_event for each row execute function lab.instrument_event_rule();

-- What was wrong with instruments at moments, by what was recorded until then. No answer is wrong too: what is planned and
-- was never done counts like what is overdue, and dropping the plan does not help what was once done under it.
create function lab.instrument_faults(p_instruments uuid[], p_at timestamptz[]) returns table (instrument_id uuid, at timestamptz, fault text)
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  select p.id, p.at, f.fault
  from (select distinct u.id, u.at from unnest(p_instruments, p_at) as u (id, at)) p cross join lateral (
    select 'on-hold' as fault where (select t.act from lab.instrument_event t
      where t.instrument_id = p.id and t.created_at <= p.at and t.act in ('hold', 'release') order by t.sequence desc limit 1) = 'hold'
    union all
    select 'retired' where (select t.act from lab.instrument_event t
      where t.instrument_id = p.id and t.created_at <= p.at and t.act in ('retire', 'return') order by t.sequence desc limit 1) = 'retire'
    union all
    select case when d.act is null then 'no-' when d.outcome = 'fail' then 'failed-' else 'expired-' end || a.act
    from lab.instrument i cross join lateral (values ('calibration', i.calibration_months),
      ('qualification', i.qualification_months), ('maintenance', i.maintenance_months)) as a (act, months)
      left join lateral (select t.act, t.outcome, t.due_on from lab.instrument_event t
        where t.instrument_id = p.id and t.created_at <= p.at and t.act = a.act
        order by t.performed_on desc, t.sequence desc limit 1) d on true
    where i.id = p.id and (a.months is not null or d.act is not null)
      and (d.act is null or d.outcome = 'fail' or d.due_on < (p.at at time zone 'UTC')::date)) f
$$;
create function lab.instrument_faults(p_instrument uuid, p_at timestamptz) returns text[]
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  select coalesce(array_agg(f.fault order by f.fault), '{}') from lab.instrument_faults(array[p_instrument], array[p_at]) f
$$;

create table lab.material (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  code text not null check (length(code) between 1 and 40),
  name text not null check (length(name) between 1 and 120),
  kind text not null check (kind in ('reagent', 'reference-standard', 'medium', 'solution', 'consumable')),
  unit text not null check (length(unit) between 1 and 20),
  after_opening_days integer check (after_opening_days between 1 and 3650),
  storage text check (length(storage) <= 120),
  primary key (tenant_id, id)
);
select kernel.govern('lab.material');
create unique index material_code on lab.material (tenant_id, code) where deleted_at is null;

create table lab.lot (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  material_id uuid not null,
  number text not null check (length(number) between 1 and 60),
  supplier text not null check (length(supplier) between 1 and 120),
  certificate text not null check (length(trim(certificate)) between 1 and 120),
  received_on date not null,
  expires_on date not null,
  after_opening_days integer check (after_opening_days between 1 and 3650),
  unit text not null check (length(unit) between 1 and 20),
  content text check (length(content) <= 120),
  primary key (tenant_id, id),
  unique (tenant_id, material_id, supplier, number),
  foreign key (tenant_id, material_id) references lab.material (tenant_id, id)
);
comment on column lab.lot.number is 'the supplier''s, or one''s own of what is prepared here';
select kernel.govern('lab.lot');
create index lot_expiry on lab.lot (tenant_id, expires_on) where deleted_at is null;

-- A lot stays what its label and certificate say. One that was written down wrongly is rejected and received anew.
create trigger keep_version after update on lab.lot for each row execute function lab.keep_version();
create function lab.lot_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if kernel.bound_permission() not in ('lab.lot.handle', 'lab.history.load') then
    raise exception 'a lot is received by who may' using errcode = 'PB422';
  end if;
  if not exists (select from lab.material m where m.id = new.material_id and m.unit = new.unit) then
    raise exception 'a lot is counted in the unit of its material' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger lot_rule after insert on lab.lot for each row execute function lab.lot_rule();

create table lab.lot_event (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  lot_id uuid not null,
  sequence integer not null,
  act text not null check (act in ('received', 'opened', 'released', 'quarantined', 'rejected')),
  reason text check (length(trim(reason)) between 1 and 1000),
  by_name text not null check (length(by_name) <= 200),
  primary key (tenant_id, id),
  unique (tenant_id, lot_id, sequence),
  foreign key (tenant_id, lot_id) references lab.lot (tenant_id, id)
);
select kernel.govern('lab.lot_event');
create trigger keep_version after update on lab.lot_event for each row execute function lab.keep_version();

create function lab.number_lot_event() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  perform from lab.lot l where l.id = new.lot_id for no key update;
  select coalesce(max(e.sequence), 0) + 1 into new.sequence from lab.lot_event e where e.lot_id = new.lot_id;
  return new;
end $$;
create trigger number_event before insert on lab.lot_event for each row execute function lab.number_lot_event();

create function lab.lot_event_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
declare
  may constant text := kernel.bound_permission();
  stood text;
begin
  if may <> 'lab.history.load' and not (case new.act
    when 'received' then may = 'lab.lot.handle'
    when 'opened' then may = 'lab.lot.handle'
    when 'quarantined' then may in ('lab.lot.handle', 'lab.lot.release')
    else may = 'lab.lot.release' end) then
    raise exception 'what happens to a lot is recorded by who may' using errcode = 'PB422';
  end if;
  if new.act in ('quarantined', 'rejected') and new.reason is null then
    raise exception 'a quarantine or rejection says why' using errcode = 'PB422';
  end if;
  select e.act into stood from lab.lot_event e
  where e.lot_id = new.lot_id and e.sequence < new.sequence and e.act <> 'opened' order by e.sequence desc limit 1;
  if not (case new.act
    when 'received' then stood is null
    when 'opened' then stood in ('received', 'released', 'quarantined') and not exists (
      select from lab.lot_event e where e.lot_id = new.lot_id and e.act = 'opened' and e.sequence < new.sequence)
    when 'released' then stood in ('received', 'quarantined')
    when 'quarantined' then stood = 'released'
    else stood in ('received', 'released', 'quarantined') end) then
    raise exception 'a lot does not go from % to %', coalesce(stood, 'nothing'), new.act using errcode = 'PB422';
  end if;
  -- Not by who brought it in, nor by who put it away.
  if new.act = 'released' and may <> 'lab.history.load' and exists (
    select from lab.lot_event e where e.lot_id = new.lot_id and e.act in ('received', 'quarantined') and e.created_by = new.created_by) then
    raise exception 'a lot is released by another' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger lot_event_rule after insert on lab.lot_event for each row execute function lab.lot_event_rule();

-- How lots stood at moments, by what was recorded until then. The last day of one is its own, or so many days after it was opened.
create function lab.lots_at(p_lots uuid[], p_at timestamptz[]) returns table (lot_id uuid, at timestamptz, state text, last_day date)
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  select p.id, p.at,
    coalesce((select e.act from lab.lot_event e
      where e.lot_id = p.id and e.created_at <= p.at and e.act <> 'opened' order by e.sequence desc limit 1), 'unknown'),
    (select least(l.expires_on, (select (e.created_at at time zone 'UTC')::date + coalesce(l.after_opening_days, m.after_opening_days)
        from lab.lot_event e where e.lot_id = l.id and e.act = 'opened' and e.created_at <= p.at limit 1))
      from lab.lot l join lab.material m on m.tenant_id = l.tenant_id and m.id = l.material_id where l.id = p.id)
  from (select distinct u.id, u.at from unnest(p_lots, p_at) as u (id, at)) p
$$;
create function lab.lot_last_day(p_lot uuid, p_at timestamptz) returns date
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  select l.last_day from lab.lots_at(array[p_lot], array[p_at]) l
$$;
create function lab.lot_state(p_lot uuid, p_at timestamptz) returns text
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  select l.state from lab.lots_at(array[p_lot], array[p_at]) l
$$;

-- What came in and what went: a ledger that is only added to, in the lot's unit, and never below nothing.
create table lab.consumption (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  lot_id uuid not null,
  sequence integer not null,
  act text not null check (act in ('received', 'used', 'disposed', 'counted')),
  quantity numeric not null check (quantity <> 0 and abs(quantity) < 1000000000 and scale(quantity) <= 9),
  balance numeric not null check (balance >= 0),
  worksheet_id uuid,
  purpose text check (length(trim(purpose)) between 1 and 500),
  by_name text not null check (length(by_name) <= 200),
  primary key (tenant_id, id),
  unique (tenant_id, lot_id, sequence),
  foreign key (tenant_id, lot_id) references lab.lot (tenant_id, id),
  foreign key (tenant_id, worksheet_id) references lab.worksheet (tenant_id, id),
  check (case act when 'received' then quantity > 0 when 'counted' then purpose is not null
    when 'disposed' then quantity < 0 and purpose is not null
    else quantity < 0 and (worksheet_id is not null or purpose is not null) end)
);
comment on column lab.consumption.balance is 'what is left after it, as the database adds it up';
select kernel.govern('lab.consumption');
create index consumption_of_worksheet on lab.consumption (tenant_id, worksheet_id) where worksheet_id is not null;
create trigger keep_version after update on lab.consumption for each row execute function lab.keep_version();

-- Whoever takes at the same time waits: the second finds what the first left.
create function lab.add_up_consumption() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  perform from lab.lot l where l.id = new.lot_id for no key update;
  select coalesce(max(c.sequence), 0) + 1, coalesce(sum(c.quantity), 0) + new.quantity into new.sequence, new.balance
  from lab.consumption c where c.lot_id = new.lot_id;
  return new;
end $$;
create trigger add_up before insert on lab.consumption for each row execute function lab.add_up_consumption();

create function lab.consumption_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if kernel.bound_permission() not in ('lab.lot.handle', 'lab.history.load') then
    raise exception 'a lot is used by who may' using errcode = 'PB422';
  end if;
  if new.act = 'received' and new.sequence <> 1 then
    raise exception 'a lot is received once' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger consumption_rule after insert on lab.consumption for each row execute function lab.consumption_rule();

-- What results of a worksheet were made with. A set never changes: naming something else makes another set, and a result
-- keeps the one it was entered with.
create table lab.setup (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  worksheet_id uuid,
  number integer not null check (number > 0),
  reason text check (length(trim(reason)) between 1 and 500),
  by_name text not null check (length(by_name) <= 200),
  primary key (tenant_id, id),
  unique (tenant_id, worksheet_id, number),
  foreign key (tenant_id, worksheet_id) references lab.worksheet (tenant_id, id)
);
comment on column lab.setup.reason is 'why results that were entered already are said to be made with these';
select kernel.govern('lab.setup');
create trigger keep_version after update on lab.setup for each row execute function lab.keep_version();

create table lab.setup_item (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  setup_id uuid not null,
  instrument_id uuid,
  lot_id uuid,
  primary key (tenant_id, id),
  unique (tenant_id, setup_id, instrument_id),
  unique (tenant_id, setup_id, lot_id),
  foreign key (tenant_id, setup_id) references lab.setup (tenant_id, id),
  foreign key (tenant_id, instrument_id) references lab.instrument (tenant_id, id),
  foreign key (tenant_id, lot_id) references lab.lot (tenant_id, id)
);
select kernel.govern('lab.setup_item');
create index setup_item_instrument on lab.setup_item (tenant_id, instrument_id) where instrument_id is not null;
create index setup_item_lot on lab.setup_item (tenant_id, lot_id) where lot_id is not null;
create trigger keep_version after update on lab.setup_item for each row execute function lab.keep_version();

create function lab.setup_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if kernel.bound_permission() not in ('lab.result.enter', 'lab.worksheet.change', 'lab.history.load') then
    raise exception 'what was used is named by who may' using errcode = 'PB422';
  end if;
  if tg_table_name = 'setup_item' then
    if num_nonnulls(new.instrument_id, new.lot_id) <> 1 then
      raise exception 'a line names one instrument or one lot' using errcode = 'PB422';
    end if;
    if not exists (select from lab.setup s where s.id = new.setup_id and s.created_by = new.created_by
      and s.created_at >= date_trunc('milliseconds', transaction_timestamp())) then
      raise exception 'a set is made whole' using errcode = 'PB422';
    end if;
  end if;
  return null;
end $$;
create trigger setup_rule after insert on lab.setup for each row execute function lab.setup_rule();
create trigger setup_rule after insert on lab.setup_item for each row execute function lab.setup_rule();

alter table lab.result add column setup_id uuid;
alter table lab.result add foreign key (tenant_id, setup_id) references lab.setup (tenant_id, id) not valid;
comment on column lab.result.setup_id is 'what it was made with, as it was named when it was entered';
create index result_of_setup on lab.result (tenant_id, setup_id) where setup_id is not null;

create function lab.result_setup_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
declare
  named record;
begin
  select s.worksheet_id, s.reason into named from lab.setup s where s.id = new.setup_id;
  if kernel.bound_permission() not in ('lab.result.enter', 'lab.history.load') or new.state not in ('open', 'entered')
    or new.setup_id is null or (named.worksheet_id is not null and named.worksheet_id is distinct from new.worksheet_id) then
    raise exception 'what a result was made with is named with its entry' using errcode = 'PB422';
  end if;
  if old.state <> 'open' and named.reason is null then
    raise exception 'what an entered result was made with is corrected with a reason' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger setup_rule after update on lab.result for each row
  when (new.setup_id is distinct from old.setup_id) execute function lab.result_setup_rule();

-- Before results are judged: their instruments and lots stand still until they are verified or not, and who corrected what one
-- was made with does not verify it. Once a statement, and by its name before the gates are asked.
create function lab.gate_lock() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  verified uuid[];
  used uuid[];
begin
  if not exists (select from fresh f where f.state = 'verified' and f.setup_id is not null) then
    return null;
  end if;
  verified := array(select f.id from fresh f where f.state = 'verified' except select s.id from stale s where s.state = 'verified');
  used := array(select distinct f.setup_id from fresh f where f.id = any (verified) and f.setup_id is not null);
  if used = '{}' then
    return null;
  end if;
  perform from lab.instrument i where i.id = any (array(
    select x.instrument_id from lab.setup_item x where x.setup_id = any (used))) order by i.id for share;
  perform from lab.lot l where l.id = any (array(
    select x.lot_id from lab.setup_item x where x.setup_id = any (used))) order by l.id for share;
  if exists (select from lab.setup s where s.id = any (used) and s.reason is not null
    and s.created_by in (select f.updated_by from fresh f)) then
    raise exception 'nobody verifies what they corrected' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger gate_lock after update on lab.result referencing old table as stale new table as fresh
  for each statement execute function lab.gate_lock();

-- The gate of instruments. What a method declares must be named, and what is named must have been in order when the value was
-- entered, by what was recorded until then; a hold put on since, and a calibration that found it out of tolerance, hold as well.
-- What results share (a version, a set, a time) is looked at once. No set is the set of no lines.
create function lab.hold_instrument(p_results uuid[], p_required boolean) returns table (result_id uuid, tokens text[])
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  with made as materialized (
    select r.id, coalesce(r.setup_id, '00000000-0000-0000-0000-000000000000') as setup_id, r.method_version_id,
      coalesce(r.entered_at, clock_timestamp()) as at
    from lab.result r join lab.method_version v on v.tenant_id = r.tenant_id and v.id = r.method_version_id
    where r.id = any (p_results)),
  named as materialized (
    select x.setup_id, x.instrument_id, i.kind
    from lab.setup_item x left join lab.instrument i on i.tenant_id = x.tenant_id and i.id = x.instrument_id
    where x.setup_id = any (array(select distinct m.setup_id from made m)) and x.instrument_id is not null),
  missing as materialized (
    select w.method_version_id, w.setup_id, case
      when jsonb_typeof(w.kinds) = 'array' and w.kinds <> '[]' then (
        select coalesce(array_agg('none:' || k.kind order by k.kind), '{}') from jsonb_array_elements_text(w.kinds) as k (kind)
        where not exists (select from named n where n.setup_id = w.setup_id and n.kind = k.kind))
      when not exists (select from named n where n.setup_id = w.setup_id) then '{none}'
      else '{}' end as tokens
    from (select d.method_version_id, d.setup_id, v.definition -> 'instruments' as kinds
      from (select distinct m.method_version_id, m.setup_id from made m where p_required) d
        join lab.method_version v on v.id = d.method_version_id) w),
  used as materialized (
    select distinct n.instrument_id, m.at from made m join named n on n.setup_id = m.setup_id),
  judged as materialized (
    select f.instrument_id, f.at, f.fault
    from lab.instrument_faults(array(select u.instrument_id from used u order by u.instrument_id, u.at),
      array(select u.at from used u order by u.instrument_id, u.at)) f
    union
    select u.instrument_id, u.at, 'on-hold' from used u where (select e.act from lab.instrument_event e
      where e.instrument_id = u.instrument_id and e.created_at <= clock_timestamp() and e.act in ('hold', 'release')
      order by e.sequence desc limit 1) = 'hold'
    union
    select u.instrument_id, u.at, 'found-out' from used u where exists (select from lab.instrument_event e
      where e.instrument_id = u.instrument_id and e.created_at > u.at and e.outcome in ('fail', 'adjusted'))),
  faulty as materialized (
    select m.setup_id, m.at, array_agg(distinct j.fault || ':' || j.instrument_id) as tokens
    from (select distinct m.setup_id, m.at from made m) m join named n on n.setup_id = m.setup_id
      join judged j on j.instrument_id = n.instrument_id and j.at = m.at
    group by m.setup_id, m.at)
  select m.id, case when p_required is distinct from false then coalesce(w.tokens, '{unknown}') else '{}' end || coalesce(f.tokens, '{}')
  from made m left join missing w on w.method_version_id = m.method_version_id and w.setup_id = m.setup_id
    left join faulty f on f.setup_id = m.setup_id and f.at = m.at
$$;

-- The gate of materials: likewise, with the lots' release and their last day.
create function lab.hold_material(p_results uuid[], p_required boolean) returns table (result_id uuid, tokens text[])
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  with made as materialized (
    select r.id, coalesce(r.setup_id, '00000000-0000-0000-0000-000000000000') as setup_id, r.method_version_id,
      coalesce(r.entered_at, clock_timestamp()) as at
    from lab.result r join lab.method_version v on v.tenant_id = r.tenant_id and v.id = r.method_version_id
    where r.id = any (p_results)),
  named as materialized (
    select x.setup_id, x.lot_id, m.code
    from lab.setup_item x left join lab.lot l on l.tenant_id = x.tenant_id and l.id = x.lot_id
      left join lab.material m on m.tenant_id = l.tenant_id and m.id = l.material_id
    where x.setup_id = any (array(select distinct m.setup_id from made m)) and x.lot_id is not null),
  missing as materialized (
    select w.method_version_id, w.setup_id, case
      when jsonb_typeof(w.codes) = 'array' and w.codes <> '[]' then (
        select coalesce(array_agg('none:' || k.code order by k.code), '{}') from jsonb_array_elements_text(w.codes) as k (code)
        where not exists (select from named n where n.setup_id = w.setup_id and n.code = k.code))
      when not exists (select from named n where n.setup_id = w.setup_id) then '{none}'
      else '{}' end as tokens
    from (select d.method_version_id, d.setup_id, v.definition -> 'materials' as codes
      from (select distinct m.method_version_id, m.setup_id from made m where p_required) d
        join lab.method_version v on v.id = d.method_version_id) w),
  used as materialized (
    select distinct n.lot_id, m.at from made m join named n on n.setup_id = m.setup_id),
  stood as materialized (
    select l.lot_id, l.at, l.state, l.last_day
    from lab.lots_at(array(select u.lot_id from used u order by u.lot_id, u.at), array(select u.at from used u order by u.lot_id, u.at)) l),
  judged as materialized (
    select u.lot_id, u.at, 'not-released' as fault from used u left join stood t on t.lot_id = u.lot_id and t.at = u.at
    where t.state is distinct from 'released'
    union
    select u.lot_id, u.at, 'expired' from used u left join stood t on t.lot_id = u.lot_id and t.at = u.at
    where (t.last_day >= (u.at at time zone 'UTC')::date) is not true
    union
    select u.lot_id, u.at, n.act from used u cross join lateral (select e.act from lab.lot_event e
      where e.lot_id = u.lot_id and e.created_at <= clock_timestamp() and e.act <> 'opened' order by e.sequence desc limit 1) n
    where n.act in ('quarantined', 'rejected')),
  faulty as materialized (
    select m.setup_id, m.at, array_agg(distinct j.fault || ':' || j.lot_id) as tokens
    from (select distinct m.setup_id, m.at from made m) m join named n on n.setup_id = m.setup_id
      join judged j on j.lot_id = n.lot_id and j.at = m.at
    group by m.setup_id, m.at)
  select m.id, case when p_required is distinct from false then coalesce(w.tokens, '{unknown}') else '{}' end || coalesce(f.tokens, '{}')
  from made m left join missing w on w.method_version_id = m.method_version_id and w.setup_id = m.setup_id
    left join faulty f on f.setup_id = m.setup_id and f.at = m.at
$$;

insert into lab.gate values ('instrument', 'instruments', 'hold_instrument'), ('material', 'materials', 'hold_material');
grant execute on function lab.instrument_faults(uuid[], timestamptz[]), lab.instrument_faults(uuid, timestamptz),
  lab.lots_at(uuid[], timestamptz[]), lab.lot_last_day(uuid, timestamptz), lab.lot_state(uuid, timestamptz),
  lab.hold_instrument(uuid[], boolean), lab.hold_material(uuid[], boolean) to probity_app;
