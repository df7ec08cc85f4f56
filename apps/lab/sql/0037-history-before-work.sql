-- History ends where work here begins. What is brought in belongs to what was brought in itself, was verified by nobody of this
-- instance, and comes before anything that was done here: no gate, verification or certificate of this instance is had by
-- stating that it was done elsewhere.

-- Results are brought in with their sample or worksheet, before anybody determines anything of it here.
create function lab.result_brought_in() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if kernel.bound_permission() <> 'lab.history.load' then
    return null;
  end if;
  if exists (select from fresh f where f.verified_by is not null or f.entered_at > clock_timestamp() or f.verified_at > clock_timestamp()) then
    raise exception 'what is brought in was done before, and verified by nobody of this instance' using errcode = 'PB422';
  end if;
  if exists (select from (select distinct f.tenant_id, f.sample_id from fresh f) f
      where exists (select from lab.sample s where s.tenant_id = f.tenant_id and s.id = f.sample_id and not s.brought_in)
        or exists (select from lab.result r where r.tenant_id = f.tenant_id and r.sample_id = f.sample_id and not r.brought_in))
    or exists (select from (select distinct f.tenant_id, f.worksheet_id from fresh f) f
      join lab.worksheet w on w.tenant_id = f.tenant_id and w.id = f.worksheet_id and not w.brought_in) then
    raise exception 'history is brought in to what was brought in itself, before any work here' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger result_brought_in after insert on lab.result referencing new table as fresh
  for each statement execute function lab.result_brought_in();

create function lab.sample_brought_in() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if exists (select from fresh f where f.brought_in
      and (f.received_at > clock_timestamp() or f.verified_at > clock_timestamp() or f.published_at > clock_timestamp())) then
    raise exception 'what is brought in was done before' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger sample_brought_in after insert on lab.sample referencing new table as fresh
  for each statement execute function lab.sample_brought_in();

-- What was made here goes its way by the acts of this instance alone.
create function lab.made_here() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if kernel.bound_permission() = 'lab.history.load' and exists (select from stale s where not s.brought_in) then
    raise exception 'who brings history in changes nothing that was made here' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger made_here after update on lab.sample referencing old table as stale for each statement execute function lab.made_here();
create trigger made_here after update on lab.result referencing old table as stale for each statement execute function lab.made_here();

create function lab.brought_in_before() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
declare
  said constant jsonb := to_jsonb(new);
  late boolean;
begin
  case tg_argv[0]
    when 'sample' then
      late := not exists (select from lab.sample s where s.tenant_id = new.tenant_id and s.id = (said ->> 'sample_id')::uuid and s.brought_in)
        or exists (select from lab.publication p where p.tenant_id = new.tenant_id and p.sample_id = (said ->> 'sample_id')::uuid and not p.brought_in)
        or exists (select from lab.unlock u where u.tenant_id = new.tenant_id and u.sample_id = (said ->> 'sample_id')::uuid and not u.brought_in)
        or said ? 'result_id' and not exists (
          select from lab.result r where r.tenant_id = new.tenant_id and r.id = (said ->> 'result_id')::uuid and r.brought_in);
    when 'instrument' then
      late := exists (select from lab.instrument_event e
        where e.tenant_id = new.tenant_id and e.instrument_id = (said ->> 'instrument_id')::uuid and not e.brought_in);
    when 'lot' then
      late := exists (select from lab.lot_event e where e.tenant_id = new.tenant_id and e.lot_id = (said ->> 'lot_id')::uuid and not e.brought_in)
        or exists (select from lab.consumption c where c.tenant_id = new.tenant_id and c.lot_id = (said ->> 'lot_id')::uuid and not c.brought_in);
    when 'chart' then
      late := exists (select from lab.chart_limit l
        where l.tenant_id = new.tenant_id and l.chart_id = (said ->> 'chart_id')::uuid and not l.brought_in);
    when 'budget' then
      late := exists (select from lab.uncertainty_budget b
        where b.tenant_id = new.tenant_id and b.method_version_id = (said ->> 'method_version_id')::uuid
          and b.analyte = said ->> 'analyte' and not b.brought_in);
  end case;
  if late then
    raise exception 'history is brought in to what was brought in itself, before any work here' using errcode = 'PB422';
  end if;
  return null;
end $$;
do $$
declare
  kept record;
begin
  for kept in select * from (values
    ('publication', 'sample'), ('unlock', 'sample'), ('investigation', 'sample'), ('instrument_event', 'instrument'),
    ('lot_event', 'lot'), ('consumption', 'lot'), ('chart_limit', 'chart'), ('uncertainty_budget', 'budget')) as t (name, kind)
  loop
    execute format('create trigger brought_in_before after insert on lab.%I for each row when (new.brought_in)
      execute function lab.brought_in_before(%L)', kept.name, kept.kind);
  end loop;
end $$;

-- A certificate that is brought in says one time of its issue, and takes the place of none that was signed here.
create function lab.certificate_brought_in() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if new.stated_at is null or (new.content #>> '{stated,at}')::timestamptz is distinct from new.stated_at then
    raise exception 'a certificate that is brought in says when it was issued there' using errcode = 'PB422';
  end if;
  if exists (select from lab.certificate c
    where c.tenant_id = new.tenant_id and c.sample_id = new.sample_id and not c.brought_in and c.discarded_reason is null) then
    raise exception 'a certificate that is brought in comes before any that is made here' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger certificate_brought_in after insert on lab.certificate for each row when (new.brought_in)
  execute function lab.certificate_brought_in();

-- A version is approved by another, whoever brings history in: what is approved here is in force here.
create or replace function lab.approval_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
declare
  maker uuid;
begin
  if (new.method_version_id is null) = (new.specification_version_id is null) then
    raise exception 'an approval is of one version' using errcode = 'PB422';
  end if;
  select coalesce(m.created_by, s.created_by) into maker
  from (select) one
  left join lab.method_version m on m.tenant_id = new.tenant_id and m.id = new.method_version_id
  left join lab.specification_version s on s.tenant_id = new.tenant_id and s.id = new.specification_version_id;
  if kernel.bound_permission() <> 'lab.master.approve' or maker is not distinct from new.created_by then
    raise exception 'a version is approved by another' using errcode = 'PB422';
  end if;
  return null;
end $$;
