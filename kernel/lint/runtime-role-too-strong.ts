import type { Rule } from "./rule.ts";

/**
 * graphile-worker makes and migrates its own schema: its role may create schemas and owns that one. Of all others only the
 * set-up role, known by CREATEROLE, may act as the owners.
 */
export const runtimeRoleTooStrong: Rule = {
  id: "runtime-role-too-strong",
  title: "A runtime role could lift its own limits",
  severity: "isolation",
  why: "A role that is superuser, owner, or a member of one that is, passes every policy by.",
  fix: "Take it away: alter role … nosuperuser nocreaterole nocreatedb nobypassrls noreplication; revoke … from …; alter table … owner to probity_owner.",
  sql: `
    select w.role, x.detail
    from unnest(array['probity_app', 'probity_identity', 'probity_worker', 'probity_across']) as w (role)
    left join pg_roles o on o.rolname = w.role
    cross join lateral (
      select 'does not exist' where o.oid is null
      union all
      select 'has the attribute ' || a.name
      from (values ('superuser', o.rolsuper), ('createrole', o.rolcreaterole), ('createdb', o.rolcreatedb), ('bypassrls', o.rolbypassrls),
        ('replication', o.rolreplication)) as a (name, has) where a.has
      union all
      select 'is a member of ' || g.rolname
      from pg_roles g
      where g.oid <> o.oid and pg_has_role(o.oid, g.oid, 'MEMBER') and not o.rolsuper
        and (g.rolsuper or g.rolcreaterole or g.rolcreatedb or g.rolbypassrls or g.rolreplication or g.rolname ~ '^(pg|probity)_'
          or exists (select from relation r where r.owner = g.rolname))
      union all
      select 'owns ' || r.name from relation r where r.owner = w.role
      union all
      select 'owns the schema ' || s.name from room s where s.owner = o.oid
      union all
      select 'may create in the schema ' || n.nspname
      from pg_namespace n
      where n.nspname !~ '^pg_(toast_)?temp' and has_schema_privilege(o.oid, n.oid, 'CREATE') and not o.rolsuper
        and not (w.role = 'probity_worker' and n.nspname = 'graphile_worker')
      union all
      select 'may create schemas in the database'
      where w.role <> 'probity_worker' and has_database_privilege(o.oid, current_database(), 'CREATE') and not o.rolsuper
      union all
      select 'may set session_replication_role, which switches triggers off'
      where has_parameter_privilege(o.oid, 'session_replication_role', 'SET') and not o.rolsuper
      union all
      select distinct 'reads ' || r.name || ', outside the schema identity'
      from privilege p join relation r on r.oid = p.oid
      where w.role = 'probity_identity' and p.grantee = o.oid and r.schema <> 'identity'
    ) as x (detail)
    union all
    select o.rolname, 'owns what it governs and may sign in' from pg_roles o
    where o.rolname in ('probity_owner', 'probity_door') and o.rolcanlogin
    union all
    select m.rolname, 'may act as ' || g.rolname
    from pg_auth_members a join pg_roles g on g.oid = a.roleid join pg_roles m on m.oid = a.member
    where g.rolname in ('probity_owner', 'probity_door') and not m.rolsuper and not m.rolcreaterole
      and m.rolname not in ('probity_app', 'probity_identity', 'probity_worker', 'probity_across')`,
};
