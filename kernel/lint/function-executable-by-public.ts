import type { Rule } from "./rule.ts";

export const functionExecutableByPublic: Rule = {
  id: "function-executable-by-public",
  title: "Function that PUBLIC may run",
  severity: "isolation",
  why: "PostgreSQL lets everybody run a new function; one with its owner's rights is then a way around the door.",
  fix: "Run: revoke all on function … from public, and grant execute to the one role that needs it.",
  sql: `
    select f.name, case when f.acl is null then 'as it was made' else 'granted' end
    from routine f
    where f.acl is null or exists (select from aclexplode(f.acl) a where a.grantee = 0)`,
};
