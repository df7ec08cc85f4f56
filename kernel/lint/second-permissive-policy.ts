import type { Rule } from "./rule.ts";

/** Known by exact shape: the one tenant policy, and read-only ones for the door (where govern was told so) and for the audited cross-tenant role. */
export const secondPermissivePolicy: Rule = {
  id: "second-permissive-policy",
  title: "A policy beyond the tenant's own",
  severity: "isolation",
  why: "Permissive policies are joined by OR: one more of them opens rows that the tenant policy closes.",
  fix: "Drop the policy, or make it restrictive: restrictive ones only narrow.",
  sql: `
    select p.relation, 'policy ' || p.name || ' for ' || array_to_string(p.roles, ', ')
    from policy p join relation r on r.oid = p.oid
    where p.is_permissive
      and not (p.roles = '{probity_across}' and p.command = 'r' and p.visible is not distinct from 'true' and p.writable is null)
      and not (p.roles = '{probity_door}' and p.command = 'r' and p.visible is not distinct from 'true' and p.writable is null
        and coalesce(r.governed_options ->> 'door' = 'true', false))
      and not (p.name = 'tenant' and p.roles <@ '{probity_app,probity_owner}' and p.command in ('*', 'r'))
    union all
    select r.name, 'no policy named tenant for probity_app'
    from relation r
    where r.is_table and r.governed
      and not exists (select from policy p where p.oid = r.oid and p.name = 'tenant' and p.is_permissive and 'probity_app' = any (p.roles))`,
};
