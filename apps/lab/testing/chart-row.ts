import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { usualControlRules } from "../actions/rule-set.ts";
import type { insertAll } from "../bulk.ts";

type One = (table: Parameters<typeof insertAll>[1], row: { id: string } & Record<string, unknown>) => Promise<void>;

/** One row of everything that control charts keep, about a worksheet and a method's version that are there. */
export async function seedCharts(
  one: One,
  of: { readonly method: string; readonly methodVersion: string; readonly sheet: string },
): Promise<void> {
  const [chart, limit, result, run] = [uuidv7(), uuidv7(), uuidv7(), uuidv7()];
  await one("lab.rule_set", { id: uuidv7(), scope: "trend", number: 1, rules: {}, reason: "New" });
  await one("lab.control_chart", {
    id: chart,
    method_id: of.method,
    analyte: "ph",
    name: "pH",
    unit: "",
    kind: "control",
    material: "Buffer",
    lot: "L-1",
    runs: 20,
    state: "in-use",
  });
  await one("lab.chart_limit", {
    id: limit,
    chart_id: chart,
    number: 1,
    source: "certificate",
    mean: "7.00",
    deviation: "0.02",
    basis: { certificate: "CoA" },
    state: "frozen",
    reason: "New",
    decided_reason: "Checked",
  });
  await one("lab.result", {
    id: result,
    worksheet_id: of.sheet,
    method_version_id: of.methodVersion,
    kind: "control",
    analyte: "ph",
    name: "Buffer L-1",
    unit: "",
    attempt: 1,
    state: "entered",
    text: "7.00",
    number: "7.00",
    verdict: "none",
  });
  await one("lab.control_point", { id: uuidv7(), chart_id: chart, result_id: result });
  await one("lab.control_evaluation", {
    id: run,
    worksheet_id: of.sheet,
    method_id: of.method,
    analyte: "ph",
    number: 1,
    run_at: new Date().toISOString(),
    outcome: "accepted",
    rules: usualControlRules,
    points: [{ chartId: chart, resultId: result, kind: "control", limitId: limit, limitNumber: 1, text: "7.00", z: 0 }],
    violations: [],
  });
  await one("lab.control_note", { id: uuidv7(), evaluation_id: run, kind: "comment", text: "None", author: "Test" });
  await one("lab.uncertainty_budget", {
    id: uuidv7(),
    method_version_id: of.methodVersion,
    analyte: "ph",
    number: 1,
    components: [{}],
    coverage: 2,
    state: "proposed",
    reason: "New",
  });
}
