import { sql, type SqlBool } from "kysely";
import type { Tx } from "@probity/kernel";
import {
  readDefinition,
  readLimits,
  type DefinedAnalyte,
  type Definition,
  type SpecificationLimit,
} from "../definition.ts";
import { query } from "../query.ts";

export type MethodVersion = {
  readonly id: string;
  readonly methodId: string;
  readonly number: number;
  readonly code: string;
  readonly title: string;
  readonly definition: Definition;
};
export type SpecificationVersion = {
  readonly id: string;
  readonly specificationId: string;
  readonly productId: string;
  readonly number: number;
  readonly code: string;
  readonly title: string;
  readonly limits: readonly SpecificationLimit[];
};

/** The versions of methods by their ids, as they were when something was registered under them. */
export async function methodVersions(tx: Tx, ids: Iterable<string>): Promise<Map<string, MethodVersion>> {
  const wanted = [...new Set(ids)];
  if (wanted.length === 0) return new Map();
  const rows = await tx.all(versions().where("v.id", "in", wanted));
  return new Map(rows.map((row) => [row.id, { ...row, definition: readDefinition(row.definition) }]));
}

/** A version counts once its day has come and, where it needs one, another approved it. */
const inForce = (approval: "method_version_id" | "specification_version_id") => sql<SqlBool>`
  coalesce(v.effective_on <= current_date, true) and (not v.needs_approval or exists (select from lab.master_approval a
    where a.tenant_id = v.tenant_id and a.${sql.ref(approval)} = v.id and a.decision = 'approved'))`;

/** The version of each method in force, by the method's id; only the named ones where some are named. */
export async function currentMethods(tx: Tx, methodIds?: readonly string[]): Promise<Map<string, MethodVersion>> {
  if (methodIds?.length === 0) return new Map();
  let wanted = versions()
    .where(inForce("method_version_id"))
    .distinctOn("v.method_id")
    .orderBy("v.method_id")
    .orderBy("v.number", "desc");
  if (methodIds !== undefined) wanted = wanted.where("v.method_id", "in", [...new Set(methodIds)]);
  const rows = await tx.all(wanted);
  return new Map(rows.map((row) => [row.methodId, { ...row, definition: readDefinition(row.definition) }]));
}

export async function specificationVersions(tx: Tx, ids: Iterable<string>): Promise<Map<string, SpecificationVersion>> {
  const wanted = [...new Set(ids)];
  if (wanted.length === 0) return new Map();
  const rows = await tx.all(specifications().where("v.id", "in", wanted));
  return new Map(rows.map((row) => [row.id, { ...row, limits: readLimits(row.limits) }]));
}

/** The version of each specification in force, by the specification's id. */
export async function currentSpecifications(
  tx: Tx,
  productIds?: readonly string[],
): Promise<Map<string, SpecificationVersion>> {
  if (productIds?.length === 0) return new Map();
  let wanted = specifications()
    .where(inForce("specification_version_id"))
    .distinctOn("v.specification_id")
    .orderBy("v.specification_id")
    .orderBy("v.number", "desc");
  if (productIds !== undefined) wanted = wanted.where("s.product_id", "in", [...new Set(productIds)]);
  const rows = await tx.all(wanted);
  return new Map(rows.map((row) => [row.specificationId, { ...row, limits: readLimits(row.limits) }]));
}

export function analyteOf(version: MethodVersion | undefined, key: string): DefinedAnalyte {
  const found = version?.definition.analytes.find((each) => each.key === key);
  if (found === undefined) throw new Error("A result's analyte is not in its method's version");
  return found;
}

function versions() {
  return query
    .selectFrom("lab.method_version as v")
    .innerJoin("lab.method as m", "m.id", "v.method_id")
    .select(["v.id", "v.method_id as methodId", "v.number", "v.definition", "m.code", "m.title"])
    .where("m.deleted_at", "is", null);
}

function specifications() {
  return query
    .selectFrom("lab.specification_version as v")
    .innerJoin("lab.specification as s", "s.id", "v.specification_id")
    .select([
      "v.id",
      "v.specification_id as specificationId",
      "s.product_id as productId",
      "v.number",
      "v.limits",
      "s.code",
      "s.title",
    ])
    .where("s.deleted_at", "is", null);
}
