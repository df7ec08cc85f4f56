import type { Rule } from "./rule.ts";

/** Tenants are uuids: an exempt table without any uuid column cannot tell them apart and needs no policy. The door owns tables that only its own functions write, so those are enabled, not forced. */
export const rowSecurityNotForced: Rule = {
  id: "row-security-not-forced",
  title: "Row-level security is off or not forced",
  severity: "isolation",
  why: "Without it a statement sees every tenant's rows; unless forced, the table's owner, and with it every definer function of that owner, passes it by.",
  fix: "Run: alter table … enable row level security; alter table … force row level security.",
  sql: `
    select r.name, case when r.has_security then 'enabled and not forced' else 'not enabled' end
    from relation r
    where r.is_table and (not r.has_security or not r.forces_security and (r.governed or r.owner <> 'probity_door'))
      and (r.governed or r.exempt and r.has_uuid)`,
};
