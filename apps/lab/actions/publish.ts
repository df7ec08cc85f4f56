import type { Tx } from "@probity/kernel";
import { sayGuard, type Decision } from "../calc/guard.ts";
import { judgeValue, reportedOf, sayLimit, type Verdict } from "../calc/value.ts";
import { query } from "../query.ts";
import {
  analyteOf,
  currentMethods,
  methodVersions,
  specificationVersions,
  type SpecificationVersion,
} from "./frozen.ts";
import { limitOf, resultColumns, valueOf } from "./present.ts";
import { keptUncertainty } from "./uncertainty-kept.ts";

export type Evaluation = {
  specification: string;
  number: number;
  verdict: Verdict;
  lines: {
    name: string;
    unit: string;
    entered: string;
    reported: string;
    limit: string;
    verdict: Verdict;
    /** Under a guard band: what was decided, and by which rule. Nothing of simple acceptance. */
    decision?: Decision;
    rule?: string;
    retested: string[];
  }[];
};

/** Stands in place of a value where a specification asks for what nobody determined. */
const notDetermined = "not determined";

/**
 * What is told of a sample: its verified results against the specification it was registered with, and against any other
 * chosen now. No result is changed by it, and what was retested is told beside what counts.
 */
export async function evaluationsOf(
  tx: Tx,
  sample: { id: string; specification_version_id: string | null },
  chosen: readonly SpecificationVersion[],
): Promise<Evaluation[]> {
  const rows = await tx.all(
    query
      .selectFrom("lab.result as r")
      .select(resultColumns)
      .where("r.sample_id", "=", sample.id)
      .where("r.state", "in", ["verified", "retested"])
      .orderBy("r.id"),
  );
  const methods = await methodVersions(
    tx,
    rows.map((row) => row.method_version_id),
  );
  const frozen = await specificationVersions(
    tx,
    sample.specification_version_id === null ? [] : [sample.specification_version_id],
  );
  const others = chosen.filter((each) => !frozen.has(each.id));
  const named = await currentMethods(
    tx,
    [...frozen.values(), ...others].flatMap(({ limits }) => limits.map(({ methodId }) => methodId)),
  );
  return [...frozen.values(), ...others].map((specification) => {
    const lines: Evaluation["lines"] = rows
      .filter((row) => row.state === "verified" && row.kind === "sample")
      .flatMap((row) => {
        const version = methods.get(row.method_version_id);
        const value = valueOf(row);
        if (version === undefined || value === null) return [];
        const analyte = analyteOf(version, row.analyte);
        const limit = limitOf({ ...row, limits: null }, version, specification);
        const before = rows.filter(
          (other) =>
            other.state === "retested" &&
            other.analyte === row.analyte &&
            other.method_version_id === row.method_version_id,
        );
        return [
          {
            name: row.name,
            unit: row.unit,
            entered: value.text,
            reported: reportedOf(value, analyte),
            limit: sayLimit(limit),
            ...decidedOf(value, limit, analyte, keptUncertainty(row.uncertainty, value, analyte)),
            retested: before.map((other) => other.text ?? ""),
          },
        ];
      });
    // What a specification asks for and nobody determined is told as that: left out, the rest would pass for the whole.
    const determined = new Set(
      rows
        .filter((row) => row.state === "verified" && row.kind === "sample")
        .map((row) => `${methods.get(row.method_version_id)?.methodId ?? ""} ${row.analyte}`),
    );
    for (const limit of specification.limits) {
      if (determined.has(`${limit.methodId} ${limit.analyte}`)) continue;
      const analyte = named.get(limit.methodId)?.definition.analytes.find(({ key }) => key === limit.analyte);
      lines.push({
        name: analyte?.name ?? limit.analyte,
        unit: analyte?.unit ?? "",
        entered: "",
        reported: notDetermined,
        limit: sayLimit(limit),
        verdict: "unclear",
        retested: [],
      });
    }
    const order: readonly Verdict[] = ["out", "unclear", "conditional", "warn", "in"];
    const verdict = order.find((each) => lines.some((line) => line.verdict === each)) ?? "none";
    return { specification: specification.code, number: specification.number, verdict, lines };
  });
}

function decidedOf(...[value, limit, analyte, uncertainty]: Parameters<typeof judgeValue>) {
  const { verdict, decision } = judgeValue(value, limit, analyte, uncertainty);
  return decision === undefined ? { verdict } : { verdict, decision, rule: sayGuard(limit, uncertainty ?? null) };
}
