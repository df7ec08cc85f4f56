-- Who may be trusted with a method: trained on that version of it, by whom, until when (ISO/IEC 17025:2017 6.2.5; 21 CFR
-- 211.25(a)). A training counts from the time it was recorded, and nobody records their own.
create table lab.training (
  tenant_id uuid not null references kernel.workspace,
  id uuid not null,
  person_id uuid not null,
  method_version_id uuid not null,
  way text not null check (way in ('read', 'observed', 'examined')),
  evidence text not null check (length(trim(evidence)) between 1 and 500),
  valid_until date not null,
  person_name text not null check (length(person_name) <= 200),
  assessor_name text not null check (length(assessor_name) <= 200),
  revoked_at timestamptz,
  revoked_by uuid,
  revoked_name text check (length(revoked_name) <= 200),
  revoked_reason text check (length(trim(revoked_reason)) between 1 and 500),
  primary key (tenant_id, id),
  foreign key (tenant_id, person_id) references kernel.membership (tenant_id, id),
  foreign key (tenant_id, method_version_id) references lab.method_version (tenant_id, id),
  foreign key (tenant_id, revoked_by) references kernel.membership (tenant_id, id)
);
select kernel.govern('lab.training');
create index training_of_person on lab.training (tenant_id, person_id, method_version_id);
create index training_of_version on lab.training (tenant_id, method_version_id);

create function lab.stamp_training() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'INSERT' then
    new.revoked_at := null;
    new.revoked_by := null;
  elsif old.revoked_reason is null and new.revoked_reason is not null then
    new.revoked_at := new.updated_at;
    new.revoked_by := nullif(new.updated_by, '00000000-0000-0000-0000-000000000001');
  end if;
  return new;
end $$;
create trigger stamp_training before insert or update on lab.training for each row execute function lab.stamp_training();

create function lab.training_rule() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
declare
  may constant text := kernel.bound_permission();
begin
  if tg_op = 'INSERT' then
    if may not in ('lab.training.assess', 'lab.history.load') or new.revoked_reason is not null then
      raise exception 'a training is recorded by who may' using errcode = 'PB422';
    end if;
    if new.person_id = new.created_by then
      raise exception 'nobody assesses their own training' using errcode = 'PB422';
    end if;
    if new.valid_until < (new.created_at at time zone 'UTC')::date or new.valid_until > (new.created_at + interval '5 years')::date then
      raise exception 'a training ends after today and within five years' using errcode = 'PB422';
    end if;
    return null;
  end if;
  if to_jsonb(new) - array['version', 'updated_at', 'updated_by', 'retain_until', 'revoked_at', 'revoked_by', 'revoked_name', 'revoked_reason']
    <> to_jsonb(old) - array['version', 'updated_at', 'updated_by', 'retain_until', 'revoked_at', 'revoked_by', 'revoked_name', 'revoked_reason'] then
    raise exception 'locked' using errcode = 'PB423';
  end if;
  if (new.revoked_at, new.revoked_by, new.revoked_name, new.revoked_reason)
    is distinct from (old.revoked_at, old.revoked_by, old.revoked_name, old.revoked_reason)
    and (old.revoked_reason is not null or new.revoked_reason is null or may <> 'lab.training.assess') then
    raise exception 'a training is revoked once, with a reason, by who may' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger training_rule after insert or update on lab.training for each row execute function lab.training_rule();

-- The gate of training: whoever entered the value was trained on this version when they did.
create function lab.hold_training(p_results uuid[], p_required boolean) returns table (result_id uuid, tokens text[])
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  select r.id, case
    when not p_required then '{}'::text[]
    when r.entered_by is null or r.entered_at is null then '{unknown}'
    when exists (select from lab.training t
      where t.tenant_id = r.tenant_id and t.person_id = r.entered_by and t.method_version_id = r.method_version_id
        and t.created_by <> t.person_id and t.created_at <= r.entered_at and t.valid_until >= (r.entered_at at time zone 'UTC')::date
        and (t.revoked_at is null or t.revoked_at > r.entered_at) and t.deleted_at is null) then '{}'
    else array['untrained:' || r.entered_by] end
  from lab.result r where r.id = any (p_results)
$$;
-- The same of one result; null where there is none.
create function lab.hold_training(p_result uuid, p_required boolean) returns text[]
language sql stable security invoker set search_path = pg_catalog, pg_temp as $$
  select h.tokens from lab.hold_training(array[p_result], p_required) h
$$;
insert into lab.gate values ('training', 'training', 'hold_training');
grant execute on function lab.hold_training(uuid[], boolean), lab.hold_training(uuid, boolean) to probity_app;
