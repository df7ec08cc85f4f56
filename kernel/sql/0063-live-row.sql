-- What rows say now, for who writes an export: the row beside its leaf, so that a reader elsewhere compares both.
set local role probity_door;

-- No definer: it reads what its caller may. altered: the row is not what its newest version says (as in the comparison of log
-- and tables). A record that is none, and a table that is gone, have no rows.
create function kernel.live_rows(p_records text[], p_rows uuid[])
returns table (record text, row_id uuid, version integer, altered boolean)
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp as $$
declare
  governed record;
begin
  for governed in
    select g.record, g.relation, array_agg(distinct w.row_id) as ids
    from unnest(p_records, p_rows) as w (record, row_id)
    join kernel.governed_table g on g.record = w.record
    where to_regclass(g.record) is not null
    group by 1, 2 order by 1
  loop
    return query execute format(
      'select %L::text, t.id, t.version,
         coalesce(jsonb_populate_record(null::%s, to_jsonb(t) || h.body) is distinct from jsonb_populate_record(null::%s, to_jsonb(t)), false)
       from %s t
       left join lateral (select v.body from kernel.version_history v
         where v.tenant_id = t.tenant_id and v.row_id = t.id and v.record = %L order by v.version desc limit 1) h on true
       where t.tenant_id = (select kernel.tenant()) and t.id = any ($1)',
      governed.record, governed.relation, governed.relation, governed.relation, governed.record) using governed.ids;
  end loop;
end $$;
grant execute on function kernel.live_rows(text[], uuid[]) to probity_app;
