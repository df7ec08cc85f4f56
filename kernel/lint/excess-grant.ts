import type { Rule } from "./rule.ts";

/** What kernel.govern grants is the most a runtime role may hold on any table; the ledger's tables have a rule of their own. */
export const excessGrant: Rule = {
  id: "excess-grant",
  title: "A runtime role holds more than it was given",
  severity: "isolation",
  why: "DELETE passes the guard by and leaves no leaf; TRUNCATE passes row-level security by; the cross-tenant role only reads.",
  fix: "Run: revoke … on … from ….",
  sql: `
    select r.name, o.rolname || ' holds ' || p.privilege
    from relation r join privilege p on p.oid = r.oid join pg_roles o on o.oid = p.grantee
    where (r.governed or r.exempt) and o.rolname in ('probity_app', 'probity_across', 'probity_worker', 'probity_identity')
      and not (o.rolname = 'probity_app' and p.privilege in ('SELECT', 'INSERT', 'UPDATE'))
      and not (o.rolname = 'probity_across' and p.privilege = 'SELECT')
      and not (r.name ~ '^kernel\\.ledger_' or r.name in ('kernel.version_history', 'kernel.access_event'))`,
};
