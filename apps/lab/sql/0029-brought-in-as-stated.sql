-- What is brought in keeps when and by whom it was done where it comes from, and says for ever that it was brought in: not
-- samples and results alone, but what was decided about them. The order of acts holds for it as for what is done here. When it
-- was recorded here stands beside it, and is what the gates go by.
do $$
declare
  stated text;
begin
  foreach stated in array array['worksheet', 'unlock', 'publication', 'investigation', 'gate_override', 'instrument_event', 'lot_event', 'consumption',
    'chart_limit', 'control_note', 'uncertainty_budget', 'certificate']
  loop
    if stated <> 'chart_limit' then
      execute format('alter table lab.%I add column brought_in boolean not null default false', stated);
    end if;
    execute format('alter table lab.%I add column stated_at timestamptz', stated);
    execute format('comment on column lab.%I.stated_at is ''when it was done where it was brought in from; null of what was done here''', stated);
  end loop;
end $$;
alter table lab.investigation add column stated_name text check (length(stated_name) between 1 and 200), add check (stated_name is null or brought_in);
alter table lab.unlock add column stated_name text check (length(stated_name) between 1 and 200), add check (stated_name is null or brought_in);

-- First proposed, asked for or opened, then decided.
alter table lab.chart_limit add check (decided_at >= stated_at);
alter table lab.uncertainty_budget add check (decided_at >= stated_at);
alter table lab.gate_override add check (decided_at >= stated_at), add check (stated_at >= entered_at);
alter table lab.investigation add check (approved_at >= stated_at), add check (concluded_at >= stated_at);

create function lab.stamp_stated() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'UPDATE' then
    new.brought_in := old.brought_in;
    new.stated_at := old.stated_at;
  elsif kernel.bound_permission() = 'lab.history.load' then
    new.brought_in := true;
    if new.stated_at > clock_timestamp() then
      raise exception 'what is brought in was done before' using errcode = 'PB422';
    end if;
  else
    new.brought_in := false;
    new.stated_at := null;
  end if;
  return new;
end $$;
do $$
declare
  stated text;
begin
  foreach stated in array array['worksheet', 'unlock', 'publication', 'investigation', 'gate_override', 'instrument_event', 'lot_event', 'consumption',
    'chart_limit', 'control_note', 'uncertainty_budget', 'certificate']
  loop
    execute format('create trigger stamp_stated before insert or update on lab.%I for each row execute function lab.stamp_stated()', stated);
  end loop;
end $$;

-- An override that was decided elsewhere let a result pass there: it is brought in with that result, verified, and opens no
-- gate here.
create or replace function lab.stamp_override() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'INSERT' then
    new.decided_by := null;
    if kernel.bound_permission() <> 'lab.history.load' then
      new.decided_at := null;
    end if;
  elsif new.state <> old.state then
    new.decided_by := new.updated_by;
    new.decided_at := new.updated_at;
  end if;
  return new;
end $$;

create function lab.override_brought_in() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if (new.state = 'asked') <> (new.decided_at is null) or (new.state = 'asked') <> (new.decided_name is null) then
    raise exception 'who decided an override is said with its decision' using errcode = 'PB422';
  end if;
  if new.state <> 'asked' and (lower(trim(new.decided_name)) = lower(trim(new.asked_name)) or not exists (select from lab.result r
    where r.tenant_id = new.tenant_id and r.id = new.result_id and r.brought_in and r.state in ('verified', 'retested')
      and r.entered_at = new.entered_at and lower(trim(r.entered_name)) is distinct from lower(trim(new.decided_name)))) then
    raise exception 'an override that was decided elsewhere is of a result that was verified there, and decided by another' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger override_brought_in after insert on lab.gate_override for each row when (new.brought_in) execute function lab.override_brought_in();

create or replace function lab.override_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
declare
  may constant text := kernel.bound_permission();
begin
  if tg_op = 'INSERT' then
    if may not in ('lab.override.ask', 'lab.history.load') or (may <> 'lab.history.load' and new.state <> 'asked')
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

-- A certificate that was issued elsewhere is brought in as issued, with who signed it there: no signature of this instance
-- stands for it, and it says so itself; it tells what was told then. What is made here never says that.
create function lab.certificate_stated() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if not new.brought_in then
    if new.content ? 'stated' then
      raise exception 'a certificate that is made here is signed here' using errcode = 'PB422';
    end if;
    return null;
  end if;
  if new.locked_at is null or new.locked_at > clock_timestamp() or new.discarded_reason is not null
    or coalesce(length(trim(new.content #>> '{stated,by}')), 0) = 0
    or not exists (select from lab.sample s where s.tenant_id = new.tenant_id and s.id = new.sample_id and s.brought_in) then
    raise exception 'a certificate is brought in as it was issued, with its sample and who signed it there' using errcode = 'PB422';
  end if;
  if exists (select from lab.result r where r.tenant_id = new.tenant_id and r.sample_id = new.sample_id
    and lower(trim(r.entered_name)) = lower(trim(new.content #>> '{stated,by}'))) then
    raise exception 'nobody certifies their own result' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger certificate_stated after insert on lab.certificate for each row execute function lab.certificate_stated();

create or replace function lab.certificate_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
declare
  may constant text := kernel.bound_permission();
  sample record;
  told record;
  template record;
  current uuid;
begin
  if tg_op = 'UPDATE' then
    if to_jsonb(new) - array['version', 'updated_at', 'updated_by', 'retain_until', 'locked_at', 'discarded_reason']
      <> to_jsonb(old) - array['version', 'updated_at', 'updated_by', 'retain_until', 'locked_at', 'discarded_reason'] or old.discarded_reason is not null then
      raise exception 'locked' using errcode = 'PB423';
    end if;
    if new.discarded_reason is not null and may <> 'lab.certificate.prepare' then
      raise exception 'a draft is discarded by who prepares certificates' using errcode = 'PB422';
    end if;
    if new.locked_at is not distinct from old.locked_at then
      return null;
    end if;
    if may <> 'lab.certificate.sign' then
      raise exception 'a certificate is locked by its signature' using errcode = 'PB422';
    end if;
  elsif (new.supersedes_id is null) <> (new.reason is null) then
    raise exception 'an amendment, and nothing else, says why' using errcode = 'PB422';
  elsif may <> 'lab.history.load' and (may <> 'lab.certificate.prepare' or new.locked_at is not null or new.discarded_reason is not null) then
    raise exception 'a certificate begins as a draft' using errcode = 'PB422';
  end if;
  -- Held until this commits: the sample is not unlocked meanwhile.
  select s.state, s.id into sample from lab.sample s where s.tenant_id = new.tenant_id and s.id = new.sample_id for share;
  select p.id, p.evaluations into told from lab.publication p
    where p.tenant_id = new.tenant_id and p.sample_id = new.sample_id and (not new.brought_in or p.id = new.publication_id)
    order by p.number desc limit 1;
  if sample.state is distinct from 'published' or told.id is distinct from new.publication_id then
    raise exception 'a certificate tells what is published of its sample now' using errcode = 'PB422';
  end if;
  if new.content -> 'evaluations' is distinct from told.evaluations or new.content ->> 'number' is distinct from new.number then
    raise exception 'a certificate says what was published' using errcode = 'PB422';
  end if;
  if exists (
    select from lab.result f
    where f.tenant_id = new.tenant_id and f.sample_id = new.sample_id and f.verdict = 'out' and f.kind = 'sample' and f.state in ('verified', 'retested')
      and not exists (
        select from lab.result e join lab.investigation i on i.tenant_id = e.tenant_id and i.result_id = e.id and i.state = 'concluded'
        where e.tenant_id = f.tenant_id and e.sample_id = f.sample_id and e.method_version_id = f.method_version_id
          and e.analyte = f.analyte and e.kind = f.kind and e.attempt <= f.attempt)) then
    raise exception 'what is out of specification is investigated before it is told' using errcode = 'PB422';
  end if;
  -- What stands for this sample now is what a new one supersedes: two never stand side by side.
  select c.id into current from lab.certificate c
  where c.tenant_id = new.tenant_id and c.sample_id = new.sample_id and c.locked_at is not null and c.id <> new.id
    and not exists (select from lab.certificate n where n.tenant_id = c.tenant_id and n.supersedes_id = c.id and n.locked_at is not null and n.id <> new.id);
  if current is distinct from new.supersedes_id then
    raise exception 'a certificate supersedes the one that stands' using errcode = 'PB422';
  end if;
  if tg_op = 'INSERT' then
    return null;
  end if;
  -- Nobody certifies what they determined; and where the template asks for four eyes, nobody who verified all of it alone.
  if exists (select from lab.result r join kernel.version_history h on h.tenant_id = r.tenant_id and h.row_id = r.id
    where r.tenant_id = new.tenant_id and r.sample_id = new.sample_id and h.body ->> 'entered_by' = new.updated_by::text) then
    raise exception 'nobody certifies their own result' using errcode = 'PB422';
  end if;
  select t.definition into template from lab.certificate_template t where t.tenant_id = new.tenant_id and t.id = new.template_id;
  if template.definition -> 'fourEyes' = 'true' and (
    select count(distinct r.verified_by) = 1 and bool_or(r.verified_by = new.updated_by) from lab.result r
    where r.tenant_id = new.tenant_id and r.sample_id = new.sample_id and r.state = 'verified' and r.kind = 'sample') then
    raise exception 'nobody certifies what they alone verified' using errcode = 'PB422';
  end if;
  return null;
end $$;
