/** The roles a running server signs in with (kernel/database/roles.ts), as an SQL list. */
export const runtimeRoles = "('probity_app', 'probity_identity', 'probity_worker', 'probity_across')";

/**
 * Named parts (CTEs) that the rules share. Every schema is looked at but PostgreSQL's own, graphile-worker's (it has
 * row-level security without policies, so only its owner sees it) and the migration journal (the set-up role's own).
 * What an extension owns is its author's: left out, as splinter does.
 *
 * room       schemas in scope
 * relation   tables, partitioned and foreign tables (is_table), views and materialized views, with their registration
 * privilege  who was granted what on a relation or on one of its columns; grantee 0 is PUBLIC
 * reach      relation × runtime role × privilege, PUBLIC counted to each
 * routine    functions and procedures, those of ours inside graphile_worker too
 * policy     row-level policies with their expressions as text
 */
export const catalogue = `with room as (
  select n.oid, n.nspname as name, n.nspacl as acl, n.nspowner as owner
  from pg_namespace n
  where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'graphile_worker', 'migration')
), relation as (
  select c.oid, r.name as schema, r.name || '.' || c.relname as name, c.relkind as kind, c.relkind in ('r', 'p', 'f') as is_table,
    c.relispartition as is_partition, pg_get_userbyid(c.relowner) as owner, c.relrowsecurity as has_security,
    c.relforcerowsecurity as forces_security, c.reloptions as options, c.relacl as acl,
    g.relation is not null as governed, g.options as governed_options, e.relation is not null as exempt,
    exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped) as has_tenant,
    exists (select from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and a.atttypid = 'uuid'::regtype) as has_uuid
  from pg_class c
  join room r on r.oid = c.relnamespace
  left join kernel.governed_table g on g.relation = c.oid
  left join kernel.exempt_table e on e.relation = r.name || '.' || c.relname
  where c.relkind in ('r', 'p', 'f', 'v', 'm')
    and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
), privilege as (
  select r.oid, a.grantee, a.privilege_type as privilege, null::name as column_name
  from relation r, aclexplode(r.acl) a
  union all
  select r.oid, a.grantee, a.privilege_type, t.attname
  from relation r join pg_attribute t on t.attrelid = r.oid and not t.attisdropped, aclexplode(t.attacl) a
), reach as (
  select distinct p.oid, o.rolname as role, p.privilege
  from privilege p join pg_roles o on o.rolname in ${runtimeRoles} and p.grantee in (0, o.oid)
), routine as (
  select p.oid, n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' as name, n.nspname as schema,
    p.prosecdef as is_definer, p.proconfig as settings, p.proacl as acl, p.proowner, pg_get_userbyid(p.proowner) as owner
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace
  where (n.oid in (select oid from room) or n.nspname = 'graphile_worker' and p.proname ~ '^probity_')
    and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
), policy as (
  select p.polrelid as oid, r.name as relation, p.polname as name, p.polcmd as command, p.polpermissive as is_permissive,
    array(select coalesce(pg_get_userbyid(nullif(u, 0)), 'public') from unnest(p.polroles) u order by 1)::text[] as roles,
    pg_get_expr(p.polqual, p.polrelid) as visible, pg_get_expr(p.polwithcheck, p.polrelid) as writable
  from pg_policy p join relation r on r.oid = p.polrelid
)
`;
