-- A report is signed and locked with its findings (SIG-02); what holds a signed report is not deleted over it.
select kernel.govern_lock('regulatory_docs.run', '{"unlock": "regulatory_docs.run.unlock"}');
select kernel.govern_beneath('regulatory_docs.finding', 'regulatory_docs.run', 'run_id');

create function regulatory_docs.keeps_signed() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  if new.deleted_at is not null and exists (select from regulatory_docs.run r
    where r.collection_id = new.id and r.locked_at is not null and r.deleted_at is null) then
    raise exception 'locked' using errcode = 'PB423';
  end if;
  return new;
end $$;
grant execute on function regulatory_docs.keeps_signed() to probity_app;
create trigger keeps_signed before update on regulatory_docs.collection
for each row when (new.deleted_at is not null) execute function regulatory_docs.keeps_signed();
