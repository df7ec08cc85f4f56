import { missingTenantIndex } from "./missing-tenant-index.ts";
import { tryRule } from "./trial.ts";

tryRule(missingTenantIndex, [
  {
    name: "a table whose key does not begin with the tenant",
    wrong: `create table trial.note (tenant_id uuid not null, id uuid primary key); select kernel.govern('trial.note')`,
    finds: [["trial.note", "tenant_id leads no index"]],
    right: `create index on trial.note (tenant_id)`,
  },
  {
    name: "a partial index does not count",
    wrong: `create table trial.note (tenant_id uuid not null, id uuid primary key, gone boolean); select kernel.govern('trial.note');
      create index part on trial.note (tenant_id, id) where not gone`,
    finds: [["trial.note", "tenant_id leads no index"]],
    right: `alter table trial.note drop constraint note_pkey, add primary key (tenant_id, id)`,
  },
]);
