import type { Rule } from "./rule.ts";

export const plainForeignKey: Rule = {
  id: "plain-foreign-key",
  title: "Foreign key that may point into another tenant",
  severity: "isolation",
  why: "Foreign keys are checked past row-level security: a plain one accepts another tenant's row and tells whether it exists.",
  fix: "Make it composite: foreign key (tenant_id, …_id) references … (tenant_id, id).",
  sql: `
    select r.name, 'constraint ' || k.conname || ' to ' || t.name
    from pg_constraint k join relation r on r.oid = k.conrelid join relation t on t.oid = k.confrelid
    where k.contype = 'f' and t.has_tenant and not exists (
      select from unnest(k.conkey, k.confkey) as pair (here, there)
      join pg_attribute h on h.attrelid = k.conrelid and h.attnum = pair.here and h.attname = 'tenant_id'
      join pg_attribute f on f.attrelid = k.confrelid and f.attnum = pair.there and f.attname = 'tenant_id')`,
};
