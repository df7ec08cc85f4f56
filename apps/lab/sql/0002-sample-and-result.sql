-- Samples, worksheets and results. What may follow what is kept here, after every foreign key: a route that forgot a rule,
-- or a statement that never was one, meets the same refusal.
create table lab.import_file (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  kind text not null check (kind in ('samples', 'results')),
  file_name text not null check (length(file_name) <= 255),
  sha256 text not null,
  encoding text not null,
  row_count integer not null,
  mapping jsonb not null,
  blob_id uuid not null,
  primary key (tenant_id, id),
  foreign key (tenant_id, blob_id) references kernel.blob (tenant_id, id)
);
comment on table lab.import_file is 'the file that rows came from, as it was: the original of what an instrument wrote';
select kernel.govern('lab.import_file');

create table lab.sample (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  series text not null,
  sequence integer not null check (sequence > 0),
  number text not null check (length(number) <= 40),
  product_id uuid not null,
  sampling_point_id uuid,
  specification_version_id uuid,
  import_id uuid,
  lot text check (length(lot) <= 60),
  remark text check (length(remark) <= 1000),
  priority text not null check (priority in ('routine', 'urgent')),
  state text not null check (state in ('registered', 'received', 'tested', 'verified', 'published', 'cancelled')),
  verdict text check (verdict in ('in', 'warn', 'out', 'unclear', 'none')),
  sampled_at timestamptz,
  sampled_by text check (length(sampled_by) <= 120),
  due_on date,
  received_at timestamptz,
  received_by uuid,
  received_name text,
  condition text check (length(condition) <= 200),
  place text check (length(place) <= 120),
  verified_at timestamptz,
  published_at timestamptz,
  brought_in boolean not null default false,
  find text not null,
  primary key (tenant_id, id),
  unique (tenant_id, number),
  unique (tenant_id, series, sequence),
  foreign key (tenant_id, product_id) references lab.product (tenant_id, id),
  foreign key (tenant_id, sampling_point_id) references lab.sampling_point (tenant_id, id),
  foreign key (tenant_id, specification_version_id) references lab.specification_version (tenant_id, id),
  foreign key (tenant_id, import_id) references lab.import_file (tenant_id, id),
  foreign key (tenant_id, received_by) references kernel.membership (tenant_id, id)
);
comment on column lab.sample.specification_version_id is 'the limits in force when it was registered: later versions do not touch it';
comment on column lab.sample.find is 'what the list''s text looks into, lower case';
comment on column lab.sample.brought_in is 'its times are as stated where it came from, not this server''s';
select kernel.govern('lab.sample');
select kernel.govern_lock('lab.sample', '{"unlock": "lab.sample.unlock"}');
create index sample_state on lab.sample (tenant_id, state, id) where deleted_at is null;
create index sample_product on lab.sample (tenant_id, product_id, id) where deleted_at is null;
create index sample_point on lab.sample (tenant_id, sampling_point_id, id) where deleted_at is null;
create index sample_verdict on lab.sample (tenant_id, verdict, id) where deleted_at is null and verdict in ('warn', 'out', 'unclear');
create index sample_due on lab.sample (tenant_id, due_on, id) where deleted_at is null and state in ('registered', 'received', 'tested');
-- Everything the list filters by, so that counting reads the index alone.
create index sample_list on lab.sample (tenant_id, id desc)
  include (state, product_id, sampling_point_id, verdict, priority, due_on, received_at, find) where deleted_at is null;

create table lab.custody (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  sample_id uuid not null,
  act text not null check (act in ('received', 'moved', 'handed-over', 'opened', 'returned', 'disposed')),
  place text check (length(place) <= 120),
  holder text check (length(holder) <= 120),
  remark text check (length(remark) <= 500),
  primary key (tenant_id, id),
  foreign key (tenant_id, sample_id) references lab.sample (tenant_id, id)
);
select kernel.govern('lab.custody');
create index custody_of_sample on lab.custody (tenant_id, sample_id, id);

create table lab.worksheet (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  series text not null,
  sequence integer not null check (sequence > 0),
  number text not null check (length(number) <= 40),
  title text not null check (length(title) between 1 and 120),
  state text not null check (state in ('open', 'verified')),
  primary key (tenant_id, id),
  unique (tenant_id, number),
  unique (tenant_id, series, sequence)
);
select kernel.govern('lab.worksheet');

create table lab.result (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  sample_id uuid,
  worksheet_id uuid,
  method_version_id uuid not null,
  replaces_id uuid,
  import_id uuid,
  position integer,
  kind text not null check (kind in ('sample', 'blank', 'control', 'duplicate')),
  analyte text not null check (length(analyte) <= 60),
  name text not null check (length(name) <= 120),
  unit text not null check (length(unit) <= 30),
  attempt integer not null default 1 check (attempt > 0),
  limits jsonb,
  state text not null check (state in ('open', 'entered', 'verified', 'retested', 'cancelled')),
  text text check (length(text) <= 200),
  number numeric,
  qualifier text check (qualifier in ('<', '<=', '>', '>=')),
  interim jsonb,
  verdict text check (verdict in ('in', 'warn', 'out', 'unclear', 'none')),
  reason text check (length(reason) <= 500),
  source text check (source in ('keyboard', 'import', 'calculated')),
  entered_at timestamptz,
  entered_by uuid,
  entered_name text,
  verified_at timestamptz,
  verified_by uuid,
  verified_name text,
  brought_in boolean not null default false,
  primary key (tenant_id, id),
  foreign key (tenant_id, sample_id) references lab.sample (tenant_id, id),
  foreign key (tenant_id, worksheet_id) references lab.worksheet (tenant_id, id),
  foreign key (tenant_id, method_version_id) references lab.method_version (tenant_id, id),
  foreign key (tenant_id, replaces_id) references lab.result (tenant_id, id),
  foreign key (tenant_id, import_id) references lab.import_file (tenant_id, id),
  foreign key (tenant_id, entered_by) references kernel.membership (tenant_id, id),
  foreign key (tenant_id, verified_by) references kernel.membership (tenant_id, id),
  check (kind <> 'sample' or sample_id is not null),
  check ((state = 'open') = (text is null) or state = 'cancelled')
);
comment on column lab.result.text is 'what was entered, to the character; number is its exact decimal, and rounding is a view of it';
comment on column lab.result.limits is 'of a blank or control: its own; a sample''s are those of its specification version';
select kernel.govern('lab.result');
create index result_of_sample on lab.result (tenant_id, sample_id);
create index result_of_worksheet on lab.result (tenant_id, worksheet_id, position);
create index result_unassigned on lab.result (tenant_id, method_version_id, id) where state = 'open' and worksheet_id is null;
create index result_entered on lab.result (tenant_id, id) where state = 'entered';
create index result_out on lab.result (tenant_id, id) where verdict = 'out' and state in ('entered', 'retested');

create table lab.unlock (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  sample_id uuid not null,
  reason text not null check (length(reason) between 1 and 500),
  primary key (tenant_id, id),
  foreign key (tenant_id, sample_id) references lab.sample (tenant_id, id)
);
select kernel.govern('lab.unlock');
create index unlock_of_sample on lab.unlock (tenant_id, sample_id);

create table lab.publication (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  sample_id uuid not null,
  number integer not null check (number > 0),
  evaluations jsonb not null,
  publisher text not null,
  primary key (tenant_id, id),
  unique (tenant_id, sample_id, number),
  foreign key (tenant_id, sample_id) references lab.sample (tenant_id, id)
);
comment on table lab.publication is 'what was told of a sample and against which specifications; a later number supersedes, nothing replaces';
select kernel.govern('lab.publication');
create trigger keep_version after update on lab.publication for each row execute function lab.keep_version();

-- Times and names of acts are this server's and the bound actor's. What is brought in from elsewhere keeps the ones stated
-- there, and says for ever that it was.
create function lab.stamp_sample() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'INSERT' then
    new.brought_in := kernel.bound_permission() = 'lab.history.load';
    return new;
  end if;
  if new.state = old.state then
    return new;
  end if;
  if new.state = 'received' and old.state = 'registered' then
    new.received_at := new.updated_at;
    -- The server itself is nobody's membership.
    new.received_by := nullif(new.updated_by, '00000000-0000-0000-0000-000000000001');
  elsif new.state = 'verified' then
    new.verified_at := new.updated_at;
  elsif new.state = 'published' then
    new.published_at := new.updated_at;
    new.locked_at := new.updated_at;
  end if;
  return new;
end $$;
create trigger stamp_sample before insert or update on lab.sample for each row execute function lab.stamp_sample();

create function lab.stamp_result() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'INSERT' then
    new.brought_in := kernel.bound_permission() = 'lab.history.load';
    return new;
  end if;
  if (new.text, new.interim) is distinct from (old.text, old.interim) then
    new.entered_at := new.updated_at;
    new.entered_by := nullif(new.updated_by, '00000000-0000-0000-0000-000000000001');
  end if;
  if new.state is distinct from old.state and new.state = 'verified' then
    new.verified_at := new.updated_at;
    new.verified_by := nullif(new.updated_by, '00000000-0000-0000-0000-000000000001');
  end if;
  return new;
end $$;
create trigger stamp_result before insert or update on lab.result for each row execute function lab.stamp_result();

create function lab.sample_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
declare
  may constant text := kernel.bound_permission();
  step text;
begin
  if tg_op = 'INSERT' then
    if may <> 'lab.history.load' and (new.state <> 'registered' or new.locked_at is not null) then
      raise exception 'a sample begins as registered' using errcode = 'PB422';
    end if;
    return null;
  end if;
  if (new.series, new.sequence, new.number, new.product_id, new.specification_version_id, new.import_id, new.brought_in)
    is distinct from (old.series, old.sequence, old.number, old.product_id, old.specification_version_id, old.import_id, old.brought_in) then
    raise exception 'a sample keeps its number, product and frozen limits' using errcode = 'PB422';
  end if;
  if (new.received_at, new.received_by) is distinct from (old.received_at, old.received_by)
    and not (old.state = 'registered' and new.state = 'received') then
    raise exception 'receipt is written once' using errcode = 'PB422';
  end if;
  if new.state = old.state then
    if old.state in ('verified', 'published', 'cancelled')
      and to_jsonb(new) - array['version', 'updated_at', 'updated_by', 'retain_until', 'place', 'locked_at']
        <> to_jsonb(old) - array['version', 'updated_at', 'updated_by', 'retain_until', 'place', 'locked_at'] then
      raise exception 'locked' using errcode = 'PB423';
    end if;
    return null;
  end if;
  step := old.state || ' ' || new.state;
  if not (case step
    when 'registered received' then may in ('lab.sample.receive', 'lab.history.load')
    when 'received tested' then may in ('lab.result.enter', 'lab.result.retest', 'lab.history.load')
    when 'tested received' then may = 'lab.result.retest'
    when 'tested verified' then may = 'lab.result.verify'
    when 'verified published' then may = 'lab.sample.publish'
    when 'verified tested' then may = 'lab.sample.unlock'
    when 'published tested' then may = 'lab.sample.unlock'
    when 'registered cancelled' then may = 'lab.sample.cancel'
    when 'received cancelled' then may = 'lab.sample.cancel'
    else false end) then
    raise exception 'a sample does not go from % by %', step, may using errcode = 'PB422';
  end if;
  if step in ('verified tested', 'published tested') and not exists (
    select from lab.unlock u where u.tenant_id = new.tenant_id and u.sample_id = new.id and u.created_by = new.updated_by
      and u.created_at >= date_trunc('milliseconds', transaction_timestamp())) then
    raise exception 'an unlock says why' using errcode = 'PB422';
  end if;
  if step = 'tested verified' and exists (
    select from lab.result r where r.tenant_id = new.tenant_id and r.sample_id = new.id and r.state in ('open', 'entered')) then
    raise exception 'a sample is verified with all its results' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger sample_rule after insert or update on lab.sample for each row execute function lab.sample_rule();

create function lab.result_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
declare
  may constant text := kernel.bound_permission();
  step text;
begin
  if tg_op = 'INSERT' then
    if may <> 'lab.history.load' and (new.state <> 'open' or new.text is not null or new.locked_at is not null) then
      raise exception 'a result begins empty' using errcode = 'PB422';
    end if;
    if may <> 'lab.history.load' and exists (select from lab.sample s
      where s.tenant_id = new.tenant_id and s.id = new.sample_id and s.state not in ('registered', 'received', 'tested')) then
      raise exception 'locked' using errcode = 'PB423';
    end if;
    return null;
  end if;
  if (new.sample_id, new.method_version_id, new.replaces_id, new.kind, new.analyte, new.name, new.unit, new.attempt, new.limits, new.brought_in)
    is distinct from (old.sample_id, old.method_version_id, old.replaces_id, old.kind, old.analyte, old.name, old.unit, old.attempt, old.limits, old.brought_in) then
    raise exception 'a result keeps its sample, method, unit and limits' using errcode = 'PB422';
  end if;
  if old.state in ('verified', 'retested', 'cancelled')
    and to_jsonb(new) - array['version', 'updated_at', 'updated_by', 'retain_until', 'state']
      <> to_jsonb(old) - array['version', 'updated_at', 'updated_by', 'retain_until', 'state'] then
    raise exception 'locked' using errcode = 'PB423';
  end if;
  if (new.entered_at, new.entered_by) is distinct from (old.entered_at, old.entered_by)
    and (new.text, new.interim) is not distinct from (old.text, old.interim) then
    raise exception 'the time of an entry is that of the entry' using errcode = 'PB422';
  end if;
  if (new.text, new.number, new.qualifier, new.interim, new.verdict)
    is distinct from (old.text, old.number, old.qualifier, old.interim, old.verdict) then
    if may not in ('lab.result.enter', 'lab.history.load') or new.state <> 'entered' then
      raise exception 'a result is entered by who may enter it' using errcode = 'PB422';
    end if;
    if old.text is not null and (new.text, new.interim) is distinct from (old.text, old.interim)
      and (new.reason is null or length(trim(new.reason)) = 0) then
      raise exception 'a change of a result says why' using errcode = 'PB422';
    end if;
  end if;
  if new.state = old.state then
    return null;
  end if;
  step := old.state || ' ' || new.state;
  if not (case step
    when 'open entered' then may in ('lab.result.enter', 'lab.history.load')
    when 'entered verified' then may = 'lab.result.verify'
    when 'verified entered' then may = 'lab.sample.unlock'
    when 'entered retested' then may = 'lab.result.retest'
    when 'open cancelled' then may = 'lab.sample.cancel'
    else false end) then
    raise exception 'a result does not go from % by %', step, may using errcode = 'PB422';
  end if;
  -- Whoever ever entered a value of it, whatever other role they hold.
  if step = 'entered verified' and (new.entered_by = new.updated_by or exists (
    select from kernel.version_history h
    where h.tenant_id = new.tenant_id and h.row_id = new.id and h.body ->> 'entered_by' = new.updated_by::text)) then
    raise exception 'nobody verifies their own result' using errcode = 'PB422';
  end if;
  if step = 'verified entered' and not exists (
    select from lab.unlock u where u.tenant_id = new.tenant_id and u.sample_id = new.sample_id and u.created_by = new.updated_by
      and u.created_at >= date_trunc('milliseconds', transaction_timestamp())) then
    raise exception 'an unlock says why' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger result_rule after insert or update on lab.result for each row execute function lab.result_rule();
