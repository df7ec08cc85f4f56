-- How sure a value is, kept with the value: what a guard band was made of when the result was judged (ILAC-G8:09/2019, 4.2;
-- ISO/IEC 17025:2017, 7.8.6.1). A budget approved later states nothing of it.
alter table lab.result add column uncertainty jsonb check (jsonb_typeof(uncertainty) = 'object');
comment on column lab.result.uncertainty is 'expanded uncertainty as it is stated, its coverage, and the budget or method that stated it when the value was entered';
alter table lab.result add check (uncertainty is null or number is not null) not valid;

-- Within the limit and within its guard band is neither in nor out.
alter table lab.sample drop constraint sample_verdict_check;
alter table lab.sample add constraint sample_verdict_check check (verdict in ('in', 'warn', 'conditional', 'out', 'unclear', 'none'));
alter table lab.result drop constraint result_verdict_check;
alter table lab.result add constraint result_verdict_check check (verdict in ('in', 'warn', 'conditional', 'out', 'unclear', 'none'));
drop index lab.sample_verdict;
create index sample_verdict on lab.sample (tenant_id, verdict, id)
  where deleted_at is null and verdict in ('warn', 'conditional', 'out', 'unclear');

create function lab.uncertainty_of_entry() returns trigger
language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
begin
  raise exception 'how sure a value is is written with it' using errcode = 'PB422';
end $$;
create trigger uncertainty_of_entry after update on lab.result for each row
  when (new.uncertainty is distinct from old.uncertainty and (new.text, new.interim) is not distinct from (old.text, old.interim))
  execute function lab.uncertainty_of_entry();
