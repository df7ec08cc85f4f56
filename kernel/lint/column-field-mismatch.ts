import type { Rule } from "./rule.ts";

/** Compares each app's governed tables with the record declarations; what kernel.govern adds and the two ids every table brings are no fields. Sealed fields live beside the record and have no column. */
export const columnFieldMismatch: Rule = {
  id: "column-field-mismatch",
  title: "Columns and declared fields differ",
  severity: "degrades",
  why: "The API, the export and the generated tests follow the declaration; what it does not name they do not cover.",
  fix: "Change the declaration, or add a migration, until both say the same.",
  sql: `
    select x.object, x.detail
    from (
      select d.record, c.name, c.type, c.nullable, c.sealed
      from jsonb_to_recordset($1::jsonb) as d (record text, columns jsonb),
        jsonb_to_recordset(d.columns) as c (name text, type text, nullable boolean, sealed boolean)
    ) f
    full join (
      select g.record, a.attname as name, a.atttypid, format_type(a.atttypid, a.atttypmod) as type, not a.attnotnull as nullable
      from kernel.governed_table g join pg_attribute a on a.attrelid = g.relation and a.attnum > 0 and not a.attisdropped
      where a.attname not in ('id', 'tenant_id', 'version', 'created_at', 'created_by', 'updated_at', 'updated_by', 'locked_at', 'deleted_at', 'retain_until')
        and (exists (select from jsonb_to_recordset($1::jsonb) as d (record text) where d.record = g.record))
    ) a on a.record = f.record and a.name = f.name
    cross join lateral (select coalesce(f.record, a.record) || '.' || coalesce(f.name, a.name), case
      when not exists (select from kernel.governed_table g where g.record = coalesce(f.record, a.record)) then null
      when a.name is null and not f.sealed then 'declared, and the table has no such column'
      when f.name is null then 'a column, and not declared'
      when f.sealed and a.name is not null then 'declared sealed, and kept in the open as a column'
      when not f.sealed and not exists (select from unnest(string_to_array(f.type, '|')) t where to_regtype(t) = a.atttypid) then 'declared ' || f.type || ', the column is ' || a.type
      when not f.sealed and f.nullable <> a.nullable then 'declared ' || case when f.nullable then 'nullable' else 'not null' end || ', the column is not so'
    end) as x (object, detail)
    where x.detail is not null
    union all
    select d.record, 'declared, and no governed table bears the name'
    from jsonb_to_recordset($1::jsonb) as d (record text)
    where not exists (select from kernel.governed_table g where g.record = d.record)
    union all
    select g.record, 'governed, and no record declares it'
    from kernel.governed_table g
    where $1::jsonb is not null and g.record !~ '^kernel\\.'
      and not exists (select from jsonb_to_recordset($1::jsonb) as d (record text) where d.record = g.record)`,
};
