import type { Rule } from "./rule.ts";

export const missingTenantIndex: Rule = {
  id: "missing-tenant-index",
  title: "No index leads with tenant_id",
  severity: "degrades",
  why: "The tenant policy then reads every tenant's rows to find one tenant's: slow, and its time tells how much others store.",
  fix: "Begin the primary key with tenant_id: primary key (tenant_id, id).",
  sql: `
    select r.name, 'tenant_id leads no index'
    from relation r
    where r.is_table and r.has_tenant and (r.governed or r.exempt) and not exists (
      select from pg_index i join pg_attribute a on a.attrelid = r.oid and a.attnum = i.indkey[0]
      where i.indrelid = r.oid and i.indisvalid and i.indpred is null and a.attname = 'tenant_id')`,
};
