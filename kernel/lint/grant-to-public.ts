import type { Rule } from "./rule.ts";

/** Functions have a rule of their own. */
export const grantToPublic: Rule = {
  id: "grant-to-public",
  title: "Privilege granted to PUBLIC",
  severity: "isolation",
  why: "Every role that can sign in to this PostgreSQL holds it, whatever else shares the server.",
  fix: "Run: revoke all on … from public.",
  sql: `
    select r.name, p.privilege || coalesce(' on column ' || p.column_name, '') from relation r join privilege p on p.oid = r.oid where p.grantee = 0
    union all
    select s.name, a.privilege_type || ' on the schema' from room s, aclexplode(s.acl) a where a.grantee = 0
    union all
    select n.name || '.' || c.relname, a.privilege_type || ' on the sequence'
    from pg_class c join room n on n.oid = c.relnamespace, aclexplode(c.relacl) a where c.relkind = 'S' and a.grantee = 0
    union all
    select 'default privileges of ' || pg_get_userbyid(d.defaclrole), a.privilege_type || ' on whatever it makes next'
    from pg_default_acl d, aclexplode(d.defaclacl) a
    where a.grantee = 0 and pg_get_userbyid(d.defaclrole) in ('probity_owner', 'probity_door')`,
};
