import type { Rule } from "./rule.ts";

/** What kernel.govern_portal writes, rebuilt from its own declaration and compared with what the catalogue holds now. */
export const portalPolicyMissing: Rule = {
  id: "portal-policy-missing",
  title: "Policy for guests missing or not as it was made",
  severity: "isolation",
  why: "A guest from outside, such as one customer, would see rows of the workspace that do not concern them.",
  fix: "Drop the policy portal of the table and make it again with kernel.govern_portal.",
  sql: `
    select w.name, case when p.name is null then 'no restrictive policy portal' else 'policy portal: ' || coalesce(p.visible, 'nothing') end
    from (
      select r.oid, r.name, '((NOT ( SELECT kernel.confined() AS confined)) OR (' || (r.governed_options #>> '{portal,column}')
        || ' IN ( SELECT ' || (r.governed_options #>> '{portal,from}') || '() AS ' || split_part(r.governed_options #>> '{portal,from}', '.', 2) || ')))' as visible
      from relation r where r.governed_options -> 'portal' ? 'column'
    ) w
    left join policy p on p.oid = w.oid and p.name = 'portal' and not p.is_permissive
    where p.name is null or p.command <> 'r' or p.roles <> '{probity_app}'
      or regexp_replace(p.visible, '\\s+', ' ', 'g') is distinct from w.visible
    union all
    select r.name, 'policy for guests without its declaration'
    from relation r join policy p on p.oid = r.oid and p.name = 'portal'
    where not coalesce(r.governed_options ? 'portal', false)`,
};
