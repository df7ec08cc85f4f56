import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { doorProblem, type Tx } from "@probity/kernel";
import { insertAll, updateAll } from "../bulk.ts";
import { readDecimal, sayDecimal } from "../calc/decimal.ts";
import { query } from "../query.ts";
import { stateResult, uncertaintyOf, type Component } from "../statistic/budget.ts";
import { chartProblem as problem } from "./chart-error.ts";
import { methodVersions } from "./frozen.ts";
import { nameOfActor } from "./save-result.ts";
import { readComponents } from "./uncertainty-kept.ts";

export { componentsSchema, readComponents } from "./uncertainty-kept.ts";

/** How sure a result is, as it is stated beside it. */
export type StatedUncertainty = {
  readonly resultId: string;
  /** The result and its expanded uncertainty, to the same place (GUM 7.2.6). */
  readonly value: string;
  readonly expanded: string;
  readonly unit: string;
  readonly coverage: string;
  readonly budgetId: string;
  readonly number: number;
};

/**
 * The expanded uncertainty of results, by the budget of their method's version that was approved when the value was entered.
 * A later budget states nothing anew. Results without one, that are no number, or only bounded, are left out: nothing is
 * claimed of them.
 */
export async function uncertaintyOfResults(
  tx: Tx,
  resultIds: readonly string[],
): Promise<Map<string, StatedUncertainty>> {
  if (resultIds.length === 0) return new Map();
  const rows = await tx.all(
    query
      .selectFrom("lab.result as r")
      .innerJoin("lab.uncertainty_budget as b", (join) =>
        join.onRef("b.method_version_id", "=", "r.method_version_id").onRef("b.analyte", "=", "r.analyte"),
      )
      .distinctOn("r.id")
      .select(["r.id", "r.number", "r.unit", "b.id as budgetId", "b.number as budget", "b.components", "b.coverage"])
      .where("r.id", "in", [...new Set(resultIds)])
      .where("r.number", "is not", null)
      .where("r.qualifier", "is", null)
      .where("b.state", "=", "approved")
      .whereRef("b.decided_at", "<=", "r.entered_at")
      .orderBy("r.id")
      .orderBy("b.number", "desc"),
  );
  const found = new Map<string, StatedUncertainty>();
  for (const row of rows) {
    const number = readDecimal(row.number ?? "");
    if (number === undefined) continue;
    const { expanded } = uncertaintyOf(readComponents(row.components), Number(row.coverage), Number(row.number));
    const coverage = readDecimal(row.coverage);
    found.set(row.id, {
      resultId: row.id,
      ...stateResult(number, expanded),
      unit: row.unit,
      coverage: coverage === undefined ? row.coverage : sayDecimal(coverage),
      budgetId: row.budgetId,
      number: row.budget,
    });
  }
  return found;
}

/** Proposes a budget for an analyte of a method's version. */
export async function proposeBudget(
  tx: Tx,
  body: {
    methodVersionId: string;
    analyte: string;
    components: readonly Component[];
    coverage: number;
    reason: string;
  },
): Promise<{ id: string; number: number }> {
  const version = (await methodVersions(tx, [body.methodVersionId])).get(body.methodVersionId);
  if (version === undefined) throw doorProblem.not_found();
  if (!version.definition.analytes.some(({ key, kind }) => key === body.analyte && kind !== "text"))
    throw problem.limits_wrong({ values: { why: `${version.title} determines no number of that name.` } });
  const last = await tx.first(
    query
      .selectFrom("lab.uncertainty_budget")
      .select(["number", "state"])
      .where("method_version_id", "=", body.methodVersionId)
      .where("analyte", "=", body.analyte)
      .orderBy("number", "desc")
      .limit(1),
  );
  if (last?.state === "proposed") throw problem.limits_waiting({ values: { number: last.number } });
  const id = uuidv7();
  const number = (last?.number ?? 0) + 1;
  const { methodVersionId, analyte, coverage, reason } = body;
  await insertAll(tx, "lab.uncertainty_budget", "lab.uncertainty_budget.propose", [
    {
      row: {
        id,
        method_version_id: methodVersionId,
        analyte,
        number,
        components: body.components,
        coverage,
        state: "proposed",
        reason,
        proposed_name: await nameOfActor(tx),
      },
      fields: { number, analyte, coverage, reason, components: body.components.length },
    },
  ]);
  return { id, number };
}

/** Approves a budget, or refuses it; never by who proposed it. */
export async function decideBudget(
  tx: Tx,
  id: string,
  version: number,
  decision: { readonly approved: boolean; readonly reason: string },
): Promise<{ id: string; version: number; state: string }> {
  const row = await tx.first(
    query
      .selectFrom("lab.uncertainty_budget")
      .select(["id", "version", "number", "state", "created_by"])
      .where("id", "=", id)
      .forUpdate(),
  );
  if (!row) throw doorProblem.not_found();
  if (row.state !== "proposed") throw problem.limits_decided({ values: { number: row.number, state: row.state } });
  if (row.version !== version) throw doorProblem.stale({ values: { current: row.version, given: version } });
  if (row.created_by === tx.who.actorId) throw problem.limits_own();
  const state = decision.approved ? "approved" : "refused";
  const set = { state, decided_reason: decision.reason, decided_name: await nameOfActor(tx) };
  const action = decision.approved ? "lab.uncertainty_budget.approve" : "lab.uncertainty_budget.refuse";
  await updateAll(tx, "lab.uncertainty_budget", action, [
    { row: { id, version, ...set }, fields: { number: row.number, ...set } },
  ]);
  return { id, version: version + 1, state };
}
