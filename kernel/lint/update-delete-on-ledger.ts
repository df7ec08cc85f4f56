import type { Rule } from "./rule.ts";

/** INSERT counts too: it would let its holder write history in another's name. */
export const updateDeleteOnLedger: Rule = {
  id: "update-delete-on-ledger",
  title: "Somebody may write to the ledger's tables",
  severity: "isolation",
  why: "History that can be changed proves nothing. Only the door's own functions write there.",
  fix: "Run: revoke insert, update, delete, truncate on … from ….",
  sql: `
    select r.name, p.privilege || ' held by ' || coalesce(pg_get_userbyid(nullif(p.grantee, 0)), 'public')
    from relation r join privilege p on p.oid = r.oid
    where (r.name ~ '^kernel\\.ledger_' or r.name in ('kernel.version_history', 'kernel.access_event'))
      and p.privilege not in ('SELECT', 'MAINTAIN') and coalesce(pg_get_userbyid(nullif(p.grantee, 0)), 'public') <> 'probity_door'
    union all
    select r.name, 'owned by ' || r.owner
    from relation r
    where (r.name ~ '^kernel\\.ledger_' or r.name in ('kernel.version_history', 'kernel.access_event'))
      and r.owner <> 'probity_door' and r.is_table`,
};
