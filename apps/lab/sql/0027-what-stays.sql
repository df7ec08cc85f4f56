-- What may not be typed away: a value out of specification, the unit of a determination, and the facts a sample was registered
-- with.

-- A value that was found out of specification is its investigation's: what replaces it is another determination by an approved
-- plan, a corrected reading too. Typed over with a reason it would never be investigated, and the certificate would not tell of
-- it (FDA, Investigating OOS Test Results, 2022, III and IV; 21 CFR 211.192).
create function lab.out_stays() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if kernel.bound_permission() <> 'lab.history.load' then
    raise exception 'a value out of specification stays as it was entered' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger out_stays after update on lab.result for each row
  when (old.verdict = 'out' and old.kind = 'sample'
    and (new.text, new.number, new.qualifier, new.interim, new.verdict) is distinct from (old.text, old.number, old.qualifier, old.interim, old.verdict))
  execute function lab.out_stays();

-- Limits and charts are numbers in the unit of what they hold; they name no unit of their own. In another unit a determination
-- is another one, under a name of its own.
create function lab.unit_stays() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if exists (
    select from lab.method_version v, jsonb_array_elements(v.definition -> 'analytes') before, jsonb_array_elements(new.definition -> 'analytes') now
    where v.tenant_id = new.tenant_id and v.method_id = new.method_id and v.id <> new.id
      and before ->> 'key' = now ->> 'key' and (before ->> 'unit', before ->> 'kind' = 'text') is distinct from (now ->> 'unit', now ->> 'kind' = 'text')) then
    raise exception 'a determination keeps its unit' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger unit_stays after insert on lab.method_version for each row execute function lab.unit_stays();

-- What was said when a sample was registered is corrected with a reason, kept beside what it was.
create table lab.correction (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  sample_id uuid not null,
  reason text not null check (length(trim(reason)) between 1 and 500),
  changes jsonb not null check (jsonb_typeof(changes) = 'array' and jsonb_array_length(changes) between 1 and 10),
  primary key (tenant_id, id),
  foreign key (tenant_id, sample_id) references lab.sample (tenant_id, id)
);
comment on column lab.correction.changes is 'each fact as it was and as it is: field, before, after';
select kernel.govern('lab.correction');
create index correction_of_sample on lab.correction (tenant_id, sample_id);
create trigger keep_version after update on lab.correction for each row execute function lab.keep_version();
create trigger never_deleted before insert or update of deleted_at on lab.correction for each row
  when (new.deleted_at is not null) execute function lab.never_deleted();
create trigger entered_for before insert or update on lab.correction for each statement
  execute function kernel.entered_for('lab.sample.correct', 'lab.history.load');

create function lab.facts_stay() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
declare
  may constant text := kernel.bound_permission();
begin
  -- A blind that is opened says what it covered; its own rules hold that to what was sealed.
  if may in ('lab.sample.unblind', 'lab.sample.reveal', 'lab.history.load') then
    return null;
  end if;
  if may <> 'lab.sample.correct' or old.state not in ('registered', 'received', 'tested') or old.blinded or not exists (
    select from lab.correction c where c.tenant_id = new.tenant_id and c.sample_id = new.id and c.created_by = new.updated_by
      and c.created_at >= date_trunc('milliseconds', transaction_timestamp())) then
    raise exception 'what a sample was registered with is corrected with a reason' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger facts_stay after update on lab.sample for each row
  when ((new.sampling_point_id, new.lot, new.remark, new.priority, new.sampled_at, new.sampled_by, new.due_on, new.find)
    is distinct from (old.sampling_point_id, old.lot, old.remark, old.priority, old.sampled_at, old.sampled_by, old.due_on, old.find))
  execute function lab.facts_stay();

-- Custody ends once: what was disposed of is nobody's any more, and what is still being tested is not disposed of.
create function lab.custody_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if kernel.bound_permission() = 'lab.history.load' then
    return null;
  end if;
  if exists (select from lab.custody c where c.tenant_id = new.tenant_id and c.sample_id = new.sample_id and c.act = 'disposed' and c.id <> new.id)
    or new.act = 'disposed' and exists (select from lab.sample s
      where s.tenant_id = new.tenant_id and s.id = new.sample_id and s.state in ('registered', 'received', 'tested')) then
    raise exception 'a sample is disposed of once, and not while it is tested' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger custody_rule after insert on lab.custody for each row execute function lab.custody_rule();
create trigger keep_version after update on lab.custody for each row execute function lab.keep_version();
