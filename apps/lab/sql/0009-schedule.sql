-- Samples that are due by a rhythm: who wants what, where and when is a version; each slot of it has one outcome, once.
-- A slot is a day of the schedule's own zone, so that no change of clocks makes two of it or none.
create table lab.schedule (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  name text not null check (length(name) between 1 and 120),
  primary key (tenant_id, id)
);
select kernel.govern('lab.schedule', '{"door": true}');
create unique index schedule_name on lab.schedule (tenant_id, name) where deleted_at is null;

create table lab.schedule_version (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  schedule_id uuid not null,
  number integer not null check (number > 0),
  product_id uuid not null,
  specification_id uuid not null,
  point_ids uuid[] not null check (cardinality(point_ids) <= 60),
  rhythm jsonb not null,
  zone text not null,
  due_time text not null check (due_time ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'),
  from_on date not null,
  until_on date check (until_on >= from_on),
  ahead_days integer not null check (ahead_days between 0 and 60),
  grace_minutes integer not null check (grace_minutes between 5 and 10080),
  missed text not null check (missed in ('catch-up', 'mark')),
  running boolean not null,
  effective_at timestamptz not null default now(),
  reason text not null check (length(trim(reason)) between 1 and 500),
  primary key (tenant_id, id),
  unique (tenant_id, schedule_id, number),
  foreign key (tenant_id, schedule_id) references lab.schedule (tenant_id, id),
  foreign key (tenant_id, product_id) references lab.product (tenant_id, id),
  foreign key (tenant_id, specification_id) references lab.specification (tenant_id, id)
);
comment on column lab.schedule_version.missed is 'what becomes of a slot that passed while no server ran: registered late, or shown as missed';
comment on column lab.schedule_version.effective_at is 'slots from here on are this version''s, up to where the next one takes effect';
comment on column lab.schedule_version.running is 'false from the version that paused it to the one that goes on';
select kernel.govern('lab.schedule_version');
create trigger keep_version after update on lab.schedule_version for each row execute function lab.keep_version();

create table lab.schedule_slot (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  schedule_id uuid not null,
  schedule_version_id uuid not null,
  slot_on date not null,
  point_id uuid,
  due_at timestamptz not null,
  outcome text not null check (outcome in ('registered', 'missed', 'skipped', 'paused')),
  late boolean not null default false,
  reason text check (length(reason) <= 500),
  sample_id uuid,
  primary key (tenant_id, id),
  unique nulls not distinct (tenant_id, schedule_id, slot_on, point_id),
  unique (tenant_id, sample_id),
  foreign key (tenant_id, schedule_id) references lab.schedule (tenant_id, id),
  foreign key (tenant_id, schedule_version_id) references lab.schedule_version (tenant_id, id),
  foreign key (tenant_id, point_id) references lab.sampling_point (tenant_id, id),
  foreign key (tenant_id, sample_id) references lab.sample (tenant_id, id),
  check ((outcome = 'registered') = (sample_id is not null)),
  check (outcome not in ('skipped', 'missed') or length(trim(reason)) > 0)
);
comment on table lab.schedule_slot is 'what became of each slot: its one sample, or why there is none';
select kernel.govern('lab.schedule_slot');
create trigger keep_version after update on lab.schedule_slot for each row execute function lab.keep_version();

-- A version takes effect when it is made; one that is brought in says when it did.
create function lab.stamp_schedule_version() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if kernel.bound_permission() <> 'lab.history.load' then
    new.effective_at := new.created_at;
  end if;
  return new;
end $$;
create trigger stamp_schedule_version before insert on lab.schedule_version for each row execute function lab.stamp_schedule_version();

create function lab.schedule_version_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if kernel.bound_permission() not in ('lab.schedule.change', 'lab.history.load') then
    raise exception 'a schedule is changed by who may' using errcode = 'PB422';
  end if;
  if new.number <> 1 + (select count(*) from lab.schedule_version v
    where v.tenant_id = new.tenant_id and v.schedule_id = new.schedule_id and v.id <> new.id) then
    raise exception 'versions of a schedule follow each other' using errcode = 'PB422';
  end if;
  if exists (select from lab.schedule_version v
    where v.tenant_id = new.tenant_id and v.schedule_id = new.schedule_id and v.id <> new.id and v.effective_at > new.effective_at) then
    raise exception 'no version takes effect before the last one' using errcode = 'PB422';
  end if;
  if not exists (select from lab.specification s
    where s.tenant_id = new.tenant_id and s.id = new.specification_id and s.product_id = new.product_id) then
    raise exception 'the specification is of another product' using errcode = 'PB422';
  end if;
  if exists (select from unnest(new.point_ids) wanted (id) where not exists (
    select from lab.sampling_point p where p.tenant_id = new.tenant_id and p.id = wanted.id and p.deleted_at is null)) then
    raise exception 'a sampling point is not here' using errcode = 'PB422';
  end if;
  if not exists (select from pg_timezone_names z where z.name = new.zone) then
    raise exception 'the zone is not known' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger schedule_version_rule after insert on lab.schedule_version for each row execute function lab.schedule_version_rule();

create function lab.schedule_slot_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
declare
  may constant text := kernel.bound_permission();
  v lab.schedule_version;
begin
  select * into v from lab.schedule_version k
  where k.tenant_id = new.tenant_id and k.id = new.schedule_version_id and k.schedule_id = new.schedule_id;
  if not found then
    raise exception 'a slot belongs to a version of its own schedule' using errcode = 'PB422';
  end if;
  if (new.point_id is null) <> (cardinality(v.point_ids) = 0) or (new.point_id is not null and not new.point_id = any (v.point_ids)) then
    raise exception 'a slot belongs to a point of its schedule' using errcode = 'PB422';
  end if;
  if new.outcome = 'registered' and not exists (select from lab.sample s
    where s.tenant_id = new.tenant_id and s.id = new.sample_id and s.product_id = v.product_id
      and s.sampling_point_id is not distinct from new.point_id) then
    raise exception 'the sample is not one this slot asks for' using errcode = 'PB422';
  end if;
  if may = 'lab.history.load' then
    return null;
  end if;
  if may <> (case new.outcome when 'skipped' then 'lab.schedule.change' else 'lab.schedule.run' end) then
    raise exception 'a slot is not % by %', new.outcome, may using errcode = 'PB422';
  end if;
  if new.slot_on < v.from_on or new.slot_on > v.until_on then
    raise exception 'the slot lies outside its schedule' using errcode = 'PB422';
  end if;
  -- The server reckons by its own table of zones, this is another: they may differ by an hour on the night of a change.
  if abs(extract(epoch from new.due_at - ((new.slot_on + v.due_time::time) at time zone v.zone))) > 3 * 3600 then
    raise exception 'the time of a slot follows from its schedule' using errcode = 'PB422';
  end if;
  if not (case new.outcome
    when 'registered' then v.running and new.due_at <= now() + make_interval(days => v.ahead_days + 1)
      and (select s.created_at >= date_trunc('milliseconds', transaction_timestamp()) from lab.sample s
        where s.tenant_id = new.tenant_id and s.id = new.sample_id)
    when 'skipped' then v.running and new.due_at > now()
    when 'missed' then v.running and new.due_at < now()
    when 'paused' then not v.running and new.due_at <= now()
    else false end) then
    raise exception 'a slot is not % at this time', new.outcome using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger schedule_slot_rule after insert on lab.schedule_slot for each row execute function lab.schedule_slot_rule();

-- The workspaces that have schedules, for the server's own rounds: ids alone. Needs the system credential.
grant create on schema lab to probity_door;
set local role probity_door;
create function lab.scheduled_workspaces(p_secret text) returns setof uuid
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform 1 from kernel.system_credential c
  where c.secret_hash = sha256(convert_to(p_secret, 'UTF8')) and 'lab.schedule.run' = any (c.permissions);
  if not found then
    raise exception 'permission_missing' using errcode = 'PB403';
  end if;
  return query select w.id from kernel.workspace w
    where w.frozen_at is null and w.closed_at is null
      and exists (select from lab.schedule s where s.tenant_id = w.id and s.deleted_at is null);
end $$;
revoke all on function lab.scheduled_workspaces(text) from public;
grant execute on function lab.scheduled_workspaces(text) to probity_app;
set local role probity_owner;
revoke create on schema lab from probity_door;
