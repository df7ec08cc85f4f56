-- A certificate tells each override that a verified value passed a gate by: as many as there are, when it is prepared and when
-- it is signed.
create function lab.certificate_overrides() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
declare
  confirmed bigint;
begin
  select count(*) into confirmed from lab.gate_override o
  join lab.result r on r.tenant_id = o.tenant_id and r.id = o.result_id
  where r.tenant_id = new.tenant_id and r.sample_id = new.sample_id and r.state = 'verified' and r.deleted_at is null
    and o.state = 'confirmed' and o.deleted_at is null and o.entered_at = r.entered_at;
  if confirmed <> coalesce(jsonb_array_length(new.content -> 'overrides'), 0) then
    raise exception 'a certificate tells the overrides that its results were verified with' using errcode = 'PB422';
  end if;
  return null;
end $$;
create trigger certificate_overrides_begin after insert on lab.certificate for each row execute function lab.certificate_overrides();
create trigger certificate_overrides after update on lab.certificate for each row
  when (new.locked_at is distinct from old.locked_at) execute function lab.certificate_overrides();
