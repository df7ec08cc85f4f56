import type { Rule } from "./rule.ts";

export const definerOwnerTooStrong: Rule = {
  id: "definer-owner-too-strong",
  title: "Definer function of a role that passes policies by",
  severity: "isolation",
  why: "It runs with its owner's rights. Row-level security binds probity_owner and probity_door; it does not bind a superuser or an unknown owner.",
  fix: "Run: alter function … owner to probity_owner.",
  sql: `
    select f.name, 'owned by ' || f.owner
    from routine f join pg_roles o on o.oid = f.proowner
    where f.is_definer and (
      f.owner not in ('probity_owner', 'probity_door') and not (f.schema = 'graphile_worker' and f.owner = 'probity_worker')
      or o.rolsuper or o.rolbypassrls)`,
};
