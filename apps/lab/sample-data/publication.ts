import { randomUUIDv7 as uuidv7 } from "node:crypto";
import type { Evaluation } from "../actions/publish.ts";
import { analyteOf, type MethodVersion, type SpecificationVersion } from "../actions/frozen.ts";
import type { KeptUncertainty } from "../actions/uncertainty-kept.ts";
import type { NewRow } from "../bulk.ts";
import { readDecimal } from "../calc/decimal.ts";
import { sayGuard } from "../calc/guard.ts";
import { judgeValue, reportedOf, sayLimit, type Verdict } from "../calc/value.ts";
import { iso } from "./calendar.ts";
import type { Drawn } from "./draw.ts";

export type Told = { readonly row: NewRow["row"]; readonly value: Drawn; readonly uncertainty: KeptUncertainty | null };
const order: readonly Verdict[] = ["out", "unclear", "conditional", "warn", "in"];

/** What was told of a sample that was brought in, as it would have been told here: of what was repeated both values. */
export function publicationOf(
  of: { readonly sampleId: string; readonly at: number; readonly by: string; readonly number?: number },
  specification: SpecificationVersion,
  rows: readonly Told[],
  methods: ReadonlyMap<string, MethodVersion>,
): NewRow {
  const evaluations = [evaluationOf(specification, rows, methods)];
  const number = of.number ?? 1;
  return {
    row: { id: uuidv7(), sample_id: of.sampleId, number, evaluations, publisher: of.by, stated_at: iso(of.at) },
    fields: { number, verdict: evaluations[0]?.verdict },
  };
}

function evaluationOf(specification: SpecificationVersion, rows: readonly Told[], methods: ReadonlyMap<string, MethodVersion>): Evaluation {
  const byId = new Map([...methods.values()].map((each) => [each.id, each]));
  const lines = rows
    .filter(({ row }) => row["state"] !== "retested")
    .map(({ row, value, uncertainty }): Evaluation["lines"][number] => {
      const analyte = analyteOf(byId.get(String(row["method_version_id"])), String(row["analyte"]));
      const limit = specification.limits.find((each) => each.analyte === analyte.key);
      const entered = {
        text: value.text,
        number: readDecimal(value.number ?? "") ?? null,
        qualifier: value.qualifier === "<" ? value.qualifier : null,
      } as const;
      const { verdict, decision } = judgeValue(entered, limit, analyte, uncertainty);
      return {
        name: analyte.name,
        unit: analyte.unit,
        entered: value.text,
        reported: reportedOf(entered, analyte),
        limit: sayLimit(limit),
        verdict,
        ...(decision === undefined ? {} : { decision, rule: sayGuard(limit, uncertainty) }),
        retested: rows.filter((each) => each.row["state"] === "retested" && each.row["analyte"] === row["analyte"]).map((each) => each.value.text),
      };
    });
  const verdict = order.find((each) => lines.some((line) => line.verdict === each)) ?? "none";
  return { specification: specification.code, number: specification.number, verdict, lines };
}
