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
