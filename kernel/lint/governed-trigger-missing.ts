import type { Rule } from "./rule.ts";

/** tgtype: 1 each row, 2 before, 4 insert, 8 delete, 16 update, 32 truncate (pg_trigger.h). */
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
      select r.oid, r.name, s.name, s.routine, s.type
      from (values ('kernel.sealed_value', 'guard', 'kernel.sealed_guard', 5), ('kernel.ledger_inbox', 'leaf_has_change', 'kernel.leaf_has_change', 5),
          ('kernel.workspace', 'stays', 'kernel.workspace_stays', 42), ('kernel.workspace', 'stays_under_id', 'kernel.workspace_stays', 19))
        as s (relation, name, routine, type) join relation r on r.name = s.relation
    ) w
    left join pg_trigger t on t.tgrelid = w.oid and t.tgname = w.name
    where t.oid is null or t.tgenabled not in ('O', 'A') or t.tgtype <> w.type or t.tgattr::text <> ''
      or coalesce(substring(pg_get_triggerdef(t.oid) from 'WHEN (.*) EXECUTE'), '') <> case w.name
        when 'leaf_has_change' then '(((new.version IS NOT NULL) AND (NOT new.with_change)))'
        when 'stays_under_id' then '((new.id <> old.id))' else '' end
      or t.tgfoid is distinct from to_regproc(w.routine)::oid`,
};
