import type { Rule } from "./rule.ts";

/** tgtype: 1 each row, 2 before, 4 insert, 16 update (pg_trigger.h). */
export const governedTriggerMissing: Rule = {
  id: "governed-trigger-missing",
  title: "Stamp or guard trigger missing, disabled or narrowed",
  severity: "isolation",
  why: "Without the stamp a statement says itself who did it and when; without the guard a change commits and leaves no leaf.",
  fix: "Run: alter table … enable trigger …, or put the trigger back as kernel.govern makes it.",
  sql: `
    select w.relation, 'trigger ' || w.name || case
      when t.oid is null then ' is missing'
      when t.tgenabled not in ('O', 'A') then ' is disabled'
      else ' is not as it was made' end
    from (
      select r.oid, r.name as relation, s.name, s.routine, s.type
      from relation r, (values ('stamp', 'kernel.stamp', 23), ('guard', 'kernel.guard', 21)) as s (name, routine, type)
      where r.governed
      union all
      select r.oid, r.name, s.name, s.routine, 5
      from (values ('kernel.sealed_value', 'guard', 'kernel.sealed_guard'), ('kernel.ledger_inbox', 'leaf_has_change', 'kernel.leaf_has_change'))
        as s (relation, name, routine) join relation r on r.name = s.relation
    ) w
    left join pg_trigger t on t.tgrelid = w.oid and t.tgname = w.name
    where t.oid is null or t.tgenabled not in ('O', 'A') or t.tgtype <> w.type or t.tgattr::text <> ''
      or t.tgqual is not null and w.name <> 'leaf_has_change'
      or t.tgfoid is distinct from to_regproc(w.routine)::oid`,
};
