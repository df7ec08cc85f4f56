import type { Rule } from "./rule.ts";

/** A table is governed, exempt with a reason, the door's own and out of reach, or in the sign-in library's own room. */
export const ungovernedTable: Rule = {
  id: "ungoverned-table",
  title: "Table outside every control",
  severity: "isolation",
  why: "Nothing filters its rows by tenant, and its changes leave no leaf.",
  fix: "Call kernel.govern on it in its migration, or list it in kernel.exempt_table with the reason.",
  sql: `
    select r.name, coalesce('within reach of ' || (select string_agg(distinct h.role, ', ') from reach h where h.oid = r.oid), 'owned by ' || r.owner)
    from relation r
    where r.is_table and not r.governed and not r.exempt
      and not (r.owner = 'probity_door' and not exists (select from reach h where h.oid = r.oid))
      and not (r.is_partition and not exists (select from reach h where h.oid = r.oid))
      and not (r.schema = 'identity' and not exists (select from reach h where h.oid = r.oid and h.role <> 'probity_identity'))`,
};
