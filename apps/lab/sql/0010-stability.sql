-- Stability studies (ICH Q1A(R2)): a protocol that another person approved is frozen; batches are started under it; what is
-- pulled when follows from it; each pull is done once, by whom and when this server says; what is made of the results is
-- kept with each of them by id and version. Who comes past the routes meets the same refusals.
create table lab.study (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  series text not null,
  sequence integer not null check (sequence > 0),
  number text not null check (length(number) <= 40),
  title text not null check (length(title) between 1 and 160),
  product_id uuid not null,
  primary key (tenant_id, id),
  unique (tenant_id, number),
  unique (tenant_id, series, sequence),
  foreign key (tenant_id, product_id) references lab.product (tenant_id, id)
);
select kernel.govern('lab.study');

create table lab.study_protocol (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  study_id uuid not null,
  number integer not null check (number > 0),
  state text not null check (state in ('draft', 'approved')),
  specification_version_id uuid not null,
  content jsonb not null,
  reason text not null check (length(trim(reason)) between 1 and 500),
  written_by uuid,
  written_name text,
  approved_by uuid,
  approved_name text,
  approved_at timestamptz,
  brought_in boolean not null default false,
  primary key (tenant_id, id),
  unique (tenant_id, study_id, number),
  foreign key (tenant_id, study_id) references lab.study (tenant_id, id),
  foreign key (tenant_id, specification_version_id) references lab.specification_version (tenant_id, id),
  foreign key (tenant_id, written_by) references kernel.membership (tenant_id, id),
  foreign key (tenant_id, approved_by) references kernel.membership (tenant_id, id)
);
comment on column lab.study_protocol.content is 'conditions with their time points in months, container, windows in days, units a pull, zone of its days';
select kernel.govern('lab.study_protocol');

create table lab.study_batch (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  study_id uuid not null,
  protocol_id uuid not null,
  lot text not null check (length(lot) between 1 and 60),
  started_on date not null,
  started_name text,
  brought_in boolean not null default false,
  primary key (tenant_id, id),
  unique (tenant_id, study_id, lot),
  foreign key (tenant_id, study_id) references lab.study (tenant_id, id),
  foreign key (tenant_id, protocol_id) references lab.study_protocol (tenant_id, id)
);
select kernel.govern('lab.study_batch');
create trigger keep_version after update on lab.study_batch for each row execute function lab.keep_version();

create table lab.study_storage (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  batch_id uuid not null,
  condition text not null check (length(condition) between 1 and 40),
  place text not null check (length(place) between 1 and 120),
  units integer not null check (units between 1 and 100000),
  primary key (tenant_id, id),
  unique (tenant_id, batch_id, condition),
  foreign key (tenant_id, batch_id) references lab.study_batch (tenant_id, id)
);
comment on table lab.study_storage is 'how many units of a batch were laid in where; what is left is this less what was pulled';
select kernel.govern('lab.study_storage');
create trigger keep_version after update on lab.study_storage for each row execute function lab.keep_version();

create table lab.study_pull (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  storage_id uuid not null,
  months integer not null check (months between 0 and 120),
  due_on date not null,
  opens_on date not null,
  closes_on date not null check (opens_on <= due_on and due_on <= closes_on),
  units integer not null check (units between 1 and 10000),
  state text not null check (state in ('planned', 'pulled', 'omitted')),
  pulled_on date,
  pulled_at timestamptz,
  pulled_by uuid,
  pulled_name text,
  deviation text check (deviation in ('early', 'late', 'omitted')),
  reason text check (length(reason) <= 500),
  sample_id uuid,
  brought_in boolean not null default false,
  primary key (tenant_id, id),
  unique (tenant_id, storage_id, months),
  unique (tenant_id, sample_id),
  foreign key (tenant_id, storage_id) references lab.study_storage (tenant_id, id),
  foreign key (tenant_id, sample_id) references lab.sample (tenant_id, id),
  foreign key (tenant_id, pulled_by) references kernel.membership (tenant_id, id),
  check ((state = 'pulled') = (sample_id is not null)),
  check ((state = 'planned') = (pulled_at is null)),
  check (deviation is null or length(trim(reason)) > 0)
);
select kernel.govern('lab.study_pull');
create index study_pull_due on lab.study_pull (tenant_id, due_on, id) where state = 'planned';

create table lab.study_evaluation (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  study_id uuid not null,
  number integer not null check (number > 0),
  analyte text not null check (length(analyte) <= 60),
  condition text not null check (length(condition) <= 40),
  through_months integer not null check (through_months between 1 and 120),
  months integer check (months between 0 and 240),
  content jsonb not null,
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  made_name text,
  primary key (tenant_id, id),
  unique (tenant_id, study_id, number),
  foreign key (tenant_id, study_id) references lab.study (tenant_id, id)
);
comment on column lab.study_evaluation.content is 'everything the estimate was reckoned from, each result by id and version, and what came of it';
select kernel.govern('lab.study_evaluation');
create trigger keep_version after update on lab.study_evaluation for each row execute function lab.keep_version();

-- Who and when are the bound actor's and this server's. What is brought in keeps what was stated, and says so for ever.
create function lab.stamp_study() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
declare
  nobody constant uuid := '00000000-0000-0000-0000-000000000001';
  loading constant boolean := kernel.bound_permission() = 'lab.history.load';
begin
  if tg_op = 'INSERT' then
    new.brought_in := loading;
  end if;
  if loading then
    return new;
  end if;
  if tg_table_name = 'study_batch' then
    if tg_op = 'INSERT' then
      select (now() at time zone (p.content ->> 'zone'))::date into new.started_on
      from lab.study_protocol p where p.tenant_id = new.tenant_id and p.id = new.protocol_id;
    end if;
  elsif tg_table_name = 'study_protocol' then
    if tg_op = 'INSERT' or new.content is distinct from old.content or new.specification_version_id <> old.specification_version_id then
      new.written_by := nullif(new.updated_by, nobody);
    end if;
    if tg_op = 'UPDATE' and old.state = 'draft' and new.state = 'approved' then
      new.approved_by := nullif(new.updated_by, nobody);
      new.approved_at := new.updated_at;
    end if;
  elsif tg_op = 'UPDATE' and old.state = 'planned' and new.state <> 'planned' then
    new.pulled_at := new.updated_at;
    new.pulled_by := nullif(new.updated_by, nobody);
    select (now() at time zone (p.content ->> 'zone'))::date into new.pulled_on
    from lab.study_storage s join lab.study_batch b on b.tenant_id = s.tenant_id and b.id = s.batch_id
      join lab.study_protocol p on p.tenant_id = b.tenant_id and p.id = b.protocol_id
    where s.tenant_id = new.tenant_id and s.id = new.storage_id;
    new.deviation := case when new.state = 'omitted' then 'omitted' when new.pulled_on < new.opens_on then 'early'
      when new.pulled_on > new.closes_on then 'late' end;
  end if;
  return new;
end $$;
create trigger stamp_study before insert or update on lab.study_protocol for each row execute function lab.stamp_study();
create trigger stamp_study before insert or update on lab.study_batch for each row execute function lab.stamp_study();
create trigger stamp_study before insert or update on lab.study_pull for each row execute function lab.stamp_study();

create function lab.study_protocol_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
declare
  may constant text := kernel.bound_permission();
begin
  if tg_op = 'INSERT' or new.specification_version_id <> old.specification_version_id then
    if not exists (select from lab.specification_version v
      join lab.specification f on f.tenant_id = v.tenant_id and f.id = v.specification_id
      join lab.study s on s.tenant_id = v.tenant_id and s.product_id = f.product_id
      where v.tenant_id = new.tenant_id and v.id = new.specification_version_id and s.id = new.study_id) then
      raise exception 'the specification is of another product' using errcode = 'PB422';
    end if;
  end if;
  if may = 'lab.history.load' then
    return null;
  end if;
  if tg_op = 'INSERT' then
    if new.state <> 'draft' or may <> 'lab.study.change' then
      raise exception 'a protocol begins as a draft of who may write one' using errcode = 'PB422';
    end if;
    if new.number <> 1 + (select count(*) from lab.study_protocol p
      where p.tenant_id = new.tenant_id and p.study_id = new.study_id and p.id <> new.id)
      or exists (select from lab.study_protocol p
        where p.tenant_id = new.tenant_id and p.study_id = new.study_id and p.id <> new.id and p.state = 'draft') then
      raise exception 'versions of a protocol follow each other' using errcode = 'PB422';
    end if;
    return null;
  end if;
  if old.state = 'approved' then
    if to_jsonb(new) - array['version', 'updated_at', 'updated_by', 'retain_until', 'deleted_at']
      <> to_jsonb(old) - array['version', 'updated_at', 'updated_by', 'retain_until', 'deleted_at'] then
      raise exception 'locked' using errcode = 'PB423';
    end if;
    return null;
  end if;
  if (new.study_id, new.number, new.brought_in) is distinct from (old.study_id, old.number, old.brought_in) then
    raise exception 'a protocol keeps its study and number' using errcode = 'PB422';
  end if;
  if new.state = 'draft' then
    if (new.content, new.specification_version_id, new.reason) is distinct from (old.content, old.specification_version_id, old.reason)
      and may <> 'lab.study.change' then
      raise exception 'a protocol is written by who may' using errcode = 'PB422';
    end if;
    if (new.approved_by, new.approved_at) is distinct from (old.approved_by, old.approved_at) then
      raise exception 'who approved is written by the approval' using errcode = 'PB422';
    end if;
    return null;
  end if;
  if may <> 'lab.study.approve' or (new.content, new.specification_version_id, new.reason) is distinct from (old.content, old.specification_version_id, old.reason) then
    raise exception 'a protocol is approved as it was written, by who may' using errcode = 'PB422';
  end if;
  -- Whoever ever wrote any of it, whatever other role they hold.
  if new.approved_by is null or exists (
    select from kernel.version_history h
    where h.tenant_id = new.tenant_id and h.row_id = new.id and h.body ->> 'written_by' = new.approved_by::text) then
    raise exception 'nobody approves their own protocol' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger study_protocol_rule after insert or update on lab.study_protocol for each row execute function lab.study_protocol_rule();

create function lab.study_batch_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select from lab.study_protocol p
    where p.tenant_id = new.tenant_id and p.id = new.protocol_id and p.study_id = new.study_id and p.state = 'approved' and p.content -> 'batches' ? new.lot
      and (kernel.bound_permission() = 'lab.history.load' or p.number = (select max(k.number) from lab.study_protocol k
        where k.tenant_id = p.tenant_id and k.study_id = p.study_id and k.state = 'approved'))) then
    raise exception 'a batch is one of the approved protocol' using errcode = 'PB422';
  end if;
  if kernel.bound_permission() not in ('lab.study.start', 'lab.history.load') then
    raise exception 'a batch is started by who may' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger study_batch_rule after insert on lab.study_batch for each row execute function lab.study_batch_rule();

-- Storages and pulls come with their batch, in one transaction, as its protocol says, and never later.
create function lab.study_plan_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
declare
  storage uuid := case when tg_table_name = 'study_pull' then (to_jsonb(new) ->> 'storage_id')::uuid else new.id end;
  batch lab.study_batch;
  wanted jsonb;
  before integer;
  after integer;
begin
  select b.* into batch from lab.study_storage s join lab.study_batch b on b.tenant_id = s.tenant_id and b.id = s.batch_id
  where s.tenant_id = new.tenant_id and s.id = storage;
  if kernel.bound_permission() not in ('lab.study.start', 'lab.history.load')
    or batch.created_at < date_trunc('milliseconds', transaction_timestamp()) then
    raise exception 'what is stored and pulled is laid down when a batch is started' using errcode = 'PB422';
  end if;
  select c, (p.content ->> 'windowBefore')::integer, (p.content ->> 'windowAfter')::integer into wanted, before, after
  from lab.study_protocol p, jsonb_array_elements(p.content -> 'conditions') c,
    lab.study_storage s
  where p.tenant_id = new.tenant_id and p.id = batch.protocol_id and s.tenant_id = new.tenant_id and s.id = storage
    and c ->> 'key' = s.condition;
  if wanted is null then
    raise exception 'the protocol has no such condition' using errcode = 'PB422';
  end if;
  if tg_table_name = 'study_pull' then
    if not (wanted -> 'months' @> to_jsonb(new.months))
      or new.due_on <> (batch.started_on + make_interval(months => new.months))::date
      or new.opens_on <> greatest(batch.started_on, new.due_on - before)
      or new.closes_on <> new.due_on + after
      or new.units <> (wanted ->> 'units')::integer
      or (select sum(p.units) from lab.study_pull p where p.tenant_id = new.tenant_id and p.storage_id = storage)
        > (select s.units from lab.study_storage s where s.tenant_id = new.tenant_id and s.id = storage) then
      raise exception 'a pull follows from the protocol' using errcode = 'PB422';
    end if;
    if kernel.bound_permission() <> 'lab.history.load' and (new.state <> 'planned' or new.sample_id is not null) then
      raise exception 'a pull begins as planned' using errcode = 'PB422';
    end if;
  end if;
  return null;
end $$;
create trigger study_plan_rule after insert on lab.study_storage for each row execute function lab.study_plan_rule();
create trigger study_plan_rule after insert on lab.study_pull for each row execute function lab.study_plan_rule();

create function lab.study_pull_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
declare
  may constant text := kernel.bound_permission();
begin
  if (new.storage_id, new.months, new.due_on, new.opens_on, new.closes_on, new.units, new.brought_in)
    is distinct from (old.storage_id, old.months, old.due_on, old.opens_on, old.closes_on, old.units, old.brought_in) then
    raise exception 'a pull stays where its protocol put it' using errcode = 'PB422';
  end if;
  if old.state <> 'planned' then
    if to_jsonb(new) - array['version', 'updated_at', 'updated_by', 'retain_until', 'deleted_at']
      <> to_jsonb(old) - array['version', 'updated_at', 'updated_by', 'retain_until', 'deleted_at'] then
      raise exception 'locked' using errcode = 'PB423';
    end if;
    return null;
  end if;
  if new.state = 'planned' then
    if (new.pulled_on, new.pulled_at, new.pulled_by, new.deviation, new.reason, new.sample_id)
      is distinct from (old.pulled_on, old.pulled_at, old.pulled_by, old.deviation, old.reason, old.sample_id) then
      raise exception 'who pulled is written by the pull' using errcode = 'PB422';
    end if;
    return null;
  end if;
  if may <> 'lab.study.pull' then
    raise exception 'a pull is done by who may' using errcode = 'PB422';
  end if;
  if new.deviation is not null and coalesce(length(trim(new.reason)), 0) = 0 then
    raise exception 'a pull outside its window says why' using errcode = 'PB422';
  end if;
  -- Its own sample, made for it: of this product and batch, under the protocol's limits.
  if new.state = 'pulled' and not exists (
    select from lab.study_storage s join lab.study_batch b on b.tenant_id = s.tenant_id and b.id = s.batch_id
      join lab.study_protocol p on p.tenant_id = b.tenant_id and p.id = b.protocol_id
      join lab.study t on t.tenant_id = b.tenant_id and t.id = b.study_id
      join lab.sample m on m.tenant_id = t.tenant_id and m.id = new.sample_id and m.product_id = t.product_id and m.lot = b.lot
        and m.specification_version_id = p.specification_version_id
        and m.created_at >= date_trunc('milliseconds', transaction_timestamp())
    where s.tenant_id = new.tenant_id and s.id = new.storage_id) then
    raise exception 'the sample is not one of this pull' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger study_pull_rule after update on lab.study_pull for each row execute function lab.study_pull_rule();

-- Nothing is reckoned from what is not verified, was changed since, is of another study, or waits for an investigation.
create function lab.study_evaluation_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if kernel.bound_permission() not in ('lab.study.evaluate', 'lab.history.load') then
    raise exception 'a study is evaluated by who may' using errcode = 'PB422';
  end if;
  if kernel.bound_permission() = 'lab.history.load' then
    return null;
  end if;
  if jsonb_array_length(new.content -> 'inputs') = 0 or exists (
    select from jsonb_array_elements(new.content -> 'inputs') i where not exists (
      select from lab.result r join lab.study_pull p on p.tenant_id = r.tenant_id and p.sample_id = r.sample_id
        join lab.study_storage s on s.tenant_id = p.tenant_id and s.id = p.storage_id
        join lab.study_batch b on b.tenant_id = s.tenant_id and b.id = s.batch_id
      where r.tenant_id = new.tenant_id and r.id = (i ->> 'resultId')::uuid and r.version = (i ->> 'resultVersion')::integer
        and r.state = 'verified' and r.kind = 'sample' and r.number::text = i ->> 'value' and r.qualifier is null
        and b.study_id = new.study_id and b.lot = i ->> 'batch' and p.months = (i ->> 'months')::integer)) then
    raise exception 'an evaluation is made from verified results of its study' using errcode = 'PB422';
  end if;
  if exists (select from lab.investigation n join lab.study_pull p on p.tenant_id = n.tenant_id and p.sample_id = n.sample_id
      join lab.study_storage s on s.tenant_id = p.tenant_id and s.id = p.storage_id
      join lab.study_batch b on b.tenant_id = s.tenant_id and b.id = s.batch_id
      join lab.result r on r.tenant_id = n.tenant_id and r.id = n.result_id
    where n.tenant_id = new.tenant_id and b.study_id = new.study_id and n.state <> 'concluded' and r.analyte = new.analyte) then
    raise exception 'an investigation of this study is open' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger study_evaluation_rule after insert on lab.study_evaluation for each row execute function lab.study_evaluation_rule();
