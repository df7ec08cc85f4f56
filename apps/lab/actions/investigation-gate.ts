import { sql } from "kysely";
import type { Tx } from "@probity/kernel";
import { query } from "../query.ts";
import { investigationProblem as problem } from "./investigation-error.ts";

/** Before a retest of what was out of specification: an approved plan with a retest left. The database asks again. */
export async function requirePlan(
  tx: Tx,
  row: {
    readonly sample_id: string | null;
    readonly method_version_id: string;
    readonly analyte: string;
    readonly kind: string;
    readonly name: string;
  },
): Promise<void> {
  const first = await tx.first(
    query
      .selectFrom("lab.result as f")
      .leftJoin("lab.investigation as i", "i.result_id", "f.id")
      .select([
        "i.number",
        "i.state",
        "i.retests",
        sql<number>`(select count(*)::integer from lab.result r where r.tenant_id = f.tenant_id and r.sample_id = f.sample_id
          and r.method_version_id = f.method_version_id and r.analyte = f.analyte and r.kind = f.kind and r.attempt > f.attempt)`.as(
          "done",
        ),
      ])
      .where("f.sample_id", "=", row.sample_id)
      .where("f.method_version_id", "=", row.method_version_id)
      .where("f.analyte", "=", row.analyte)
      .where("f.kind", "=", row.kind)
      .where("f.verdict", "=", "out")
      .orderBy("f.attempt")
      .limit(1),
  );
  if (first === undefined) return;
  const refuse = (next: string) => problem.plan_missing({ values: { name: row.name, next } });
  if (first.number === null) throw refuse("Open its investigation.");
  if (first.state !== "retest-approved") throw refuse(`${first.number} has none in force.`);
  if (first.done >= (first.retests ?? 0)) throw refuse(`The plan of ${first.number} is used up.`);
}

/** Before a sample is told of: what was out of specification is explained. */
export async function requireConcluded(
  tx: Tx,
  sample: { readonly id: string; readonly number: string },
): Promise<void> {
  const [row] = await tx.all(
    query
      .selectFrom("lab.result as f")
      .select(sql<number>`count(distinct (f.method_version_id, f.analyte))::integer`.as("open"))
      .where("f.sample_id", "=", sample.id)
      .where("f.verdict", "=", "out")
      .where("f.kind", "=", "sample")
      .where("f.state", "in", ["verified", "retested"])
      .where(
        sql<boolean>`not exists (select from lab.result e join lab.investigation i on i.tenant_id = e.tenant_id and i.result_id = e.id
          and i.state = 'concluded' where e.tenant_id = f.tenant_id and e.sample_id = f.sample_id and e.method_version_id = f.method_version_id
          and e.analyte = f.analyte and e.kind = f.kind and e.attempt <= f.attempt)`,
      ),
  );
  if ((row?.open ?? 0) > 0)
    throw problem.not_investigated({ values: { count: row?.open ?? 0, number: sample.number } });
}
