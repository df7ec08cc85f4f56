import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { doorProblem, type Tx } from "@probity/kernel";
import { insertAll } from "../bulk.ts";
import { query } from "../query.ts";
import { chartProblem as problem } from "./chart-error.ts";

/** The chart a new row names: of the row's method, analyte and kind, and of a lot in use. The database asks again. */
export async function chartForRow(
  tx: Tx,
  row: { readonly chartId: string; readonly methodId: string; readonly analyte: string; readonly kind: string },
) {
  const chart = await tx.first(
    query
      .selectFrom("lab.control_chart")
      .select(["id", "method_id", "analyte", "kind", "material", "lot", "state", "expires_on"])
      .where("id", "=", row.chartId)
      .where("deleted_at", "is", null),
  );
  if (!chart) throw doorProblem.not_found();
  const what = `${chart.material} ${chart.lot}`;
  const refuse = (why: string) => problem.chart_not_fitting({ values: { what: why } });
  if (chart.method_id !== row.methodId || chart.analyte !== row.analyte || chart.kind !== row.kind)
    throw refuse(`${what} is charted for another method, analyte or kind of row.`);
  if (chart.state === "retired") throw refuse(`${what} is retired.`);
  if (chart.expires_on !== null && chart.expires_on < new Date().toISOString().slice(0, 10))
    throw refuse(`${what} expired on ${chart.expires_on}.`);
  return { id: chart.id, name: what };
}

/** Notes which chart each new control feeds, before its value is known. */
export async function feedCharts(
  tx: Tx,
  rows: readonly { readonly chartId: string; readonly resultId: string }[],
): Promise<void> {
  await insertAll(
    tx,
    "lab.control_point",
    "lab.control_point.create",
    rows.map(({ chartId, resultId }) => ({
      row: { id: uuidv7(), chart_id: chartId, result_id: resultId },
      fields: { chartId, resultId },
    })),
  );
}
