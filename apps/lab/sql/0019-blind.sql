-- Blinded samples: whose and of what a sample is stands nowhere in clear until it is verified and revealed, or unblinded with
-- a reason. The sample's own row names a product that says so; what it truly is lies sealed under the workspace's key, so
-- that no list, search, label, export, version or event has it to give.
alter table lab.sample add column blinded boolean not null default false;
comment on column lab.sample.blinded is 'its product, place, lot, customer, remark and limits are in lab.blind, sealed';

create table lab.blind (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  sample_id uuid not null,
  sealed text not null,
  reason text check (length(trim(reason)) between 1 and 500),
  opened_at timestamptz,
  opened_by uuid,
  opened_name text check (length(opened_name) <= 200),
  primary key (tenant_id, id),
  unique (tenant_id, sample_id),
  foreign key (tenant_id, sample_id) references lab.sample (tenant_id, id),
  foreign key (tenant_id, opened_by) references kernel.membership (tenant_id, id)
);
select kernel.govern('lab.blind');

create function lab.stamp_blind() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'INSERT' then
    new.opened_at := null;
    new.opened_by := null;
  elsif old.reason is null and new.reason is not null then
    new.opened_at := new.updated_at;
    new.opened_by := new.updated_by;
  end if;
  return new;
end $$;
create trigger stamp_blind before insert or update on lab.blind for each row execute function lab.stamp_blind();

create function lab.blind_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'INSERT' then
    if new.reason is not null or not exists (select from lab.sample s where s.tenant_id = new.tenant_id and s.id = new.sample_id and s.blinded) then
      raise exception 'a blind is laid over a blinded sample' using errcode = 'PB422';
    end if;
    return null;
  end if;
  if (new.sample_id, new.sealed) is distinct from (old.sample_id, old.sealed)
    or (old.reason is not null or new.reason is null)
      and (new.reason, new.opened_at, new.opened_by, new.opened_name) is distinct from (old.reason, old.opened_at, old.opened_by, old.opened_name) then
    raise exception 'a blind is opened once and keeps what it covered' using errcode = 'PB422';
  end if;
  if new.reason is not null and kernel.bound_permission() not in ('lab.sample.unblind', 'lab.sample.reveal') then
    raise exception 'a blind is opened by who may' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger blind_rule after insert or update on lab.blind for each row execute function lab.blind_rule();

-- A blinded sample says nothing of itself; what it says when its blind is opened comes with the reason, in one transaction.
create function lab.blinded_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if new.blinded then
    if (tg_op = 'UPDATE' and not old.blinded) or new.state = 'published' then
      raise exception 'a sample is blinded when it is registered, and told of when it is not' using errcode = 'PB422';
    end if;
    if new.lot is not null or new.sampling_point_id is not null or new.specification_version_id is not null or new.customer_id is not null
      or new.remark is not null or new.sampled_by is not null or new.import_id is not null or new.find <> lower(new.number)
      or not exists (select from lab.product p where p.tenant_id = new.tenant_id and p.id = new.product_id and p.code = 'BLINDED') then
      raise exception 'a blinded sample says what it is' using errcode = 'PB422';
    end if;
  elsif tg_op = 'UPDATE' and not exists (
    select from lab.blind b where b.tenant_id = new.tenant_id and b.sample_id = new.id and b.opened_by = new.updated_by
      and b.opened_at >= date_trunc('milliseconds', transaction_timestamp())) then
    raise exception 'an unblinding says why' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger blinded_rule_begins after insert on lab.sample for each row when (new.blinded) execute function lab.blinded_rule();
create trigger blinded_rule after update on lab.sample for each row when (new.blinded or old.blinded) execute function lab.blinded_rule();

-- As before, and: an unblinding writes what the blind covered and nothing else.
create or replace function lab.sample_goes_on() returns trigger
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
