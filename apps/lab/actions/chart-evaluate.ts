import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import { Type, type Static } from "typebox";
import { Value } from "typebox/value";
import type { Tx } from "@probity/kernel";
import { insertAll, type NewRow } from "../bulk.ts";
import { query } from "../query.ts";
import { judgeRuns, type ControlValue } from "../statistic/westgard.ts";
import { controlRules, type ControlRules } from "./rule-set.ts";

/** One control of a run as it was judged. */
const pointSchema = Type.Object({
  chartId: Type.String(),
  resultId: Type.String(),
  kind: Type.Union([Type.Literal("control"), Type.Literal("blank")]),
  limitId: Type.Union([Type.String(), Type.Null()]),
  limitNumber: Type.Union([Type.Integer(), Type.Null()]),
  text: Type.String(),
  /** Deviations from the mean; of a blank, and where nothing can be said, null. */
  z: Type.Union([Type.Number(), Type.Null()]),
});
export type JudgedPoint = Static<typeof pointSchema>;
const violationSchema = Type.Object({
  rule: Type.String(),
  effect: Type.Union([Type.Literal("warn"), Type.Literal("reject")]),
  chartIds: Type.Array(Type.String()),
});
export type JudgedViolation = Static<typeof violationSchema>;
export type Outcome = "accepted" | "warned" | "refused" | "unclear";

const points = Type.Array(pointSchema);
const violations = Type.Array(violationSchema);
/** Stored points: what this server wrote. */
export function readPoints(kept: unknown): JudgedPoint[] {
  if (!Value.Check(points, kept)) throw new Error("Judged controls are not of their shape");
  return kept;
}
export function readViolations(kept: unknown): JudgedViolation[] {
  if (!Value.Check(violations, kept)) throw new Error("Violations are not of their shape");
  return kept;
}

/** A control as it is now, with the frozen limits in force of its chart. */
export type ControlNow = {
  readonly chartId: string;
  readonly resultId: string;
  readonly kind: "control" | "blank";
  readonly text: string;
  readonly number: string | null;
  readonly qualifier: string | null;
  readonly limit: {
    readonly id: string;
    readonly number: number;
    readonly mean: string | null;
    readonly deviation: string | null;
    readonly upper: string | null;
  } | null;
};
/** An earlier run: which, and how far its controls lay off. */
export type EarlierRun = { readonly run: string; readonly points: readonly JudgedPoint[] };

/** How many runs before it a run is looked at with: 10x across a few levels and lots needs no more. */
const lookBack = 60;

/**
 * Judges the runs that these controls belong to, once they have values: by the frozen limits in force and the rules in
 * force, in the order of the runs. What was judged before stays; this judgement stands beside it.
 */
export async function judgeControls(tx: Tx, resultIds: readonly string[]): Promise<void> {
  if (resultIds.length === 0) return;
  const runs = await tx.all(
    query
      .selectFrom("lab.control_point as p")
      .innerJoin("lab.result as r", "r.id", "p.result_id")
      .innerJoin("lab.method_version as v", "v.id", "r.method_version_id")
      .select(["r.worksheet_id as worksheetId", "v.method_id as methodId", "r.analyte"])
      .distinct()
      .where("p.result_id", "in", [...resultIds])
      .orderBy("v.method_id")
      .orderBy("r.analyte")
      .orderBy("r.worksheet_id"),
  );
  if (runs.length === 0) return;
  const { id: ruleSetId, rules } = await controlRules(tx);
  for (const { worksheetId, methodId, analyte } of runs) {
    if (worksheetId === null) continue;
    // Whoever judges another run of these charts, or freezes their limits, waits: rules across runs miss none.
    await tx.all(
      query
        .selectFrom("lab.control_chart")
        .select("id")
        .where("method_id", "=", methodId)
        .where("analyte", "=", analyte)
        .orderBy("id")
        .forUpdate(),
    );
    const now = await controlsOf(tx, worksheetId, methodId, analyte);
    const before = await runsBefore(tx, worksheetId, methodId, analyte);
    const judged = judgeRun(now, before, rules);
    await insertAll(tx, "lab.control_evaluation", "lab.control_evaluation.create", [
      evaluationRow({ worksheetId, methodId, analyte, ruleSetId, rules }, judged),
    ]);
  }
}

/** A judgement as a row with its leaf. */
export function evaluationRow(
  run: { worksheetId: string; methodId: string; analyte: string; ruleSetId: string | null; rules: ControlRules },
  judged: ReturnType<typeof judgeRun>,
): NewRow {
  return {
    row: {
      id: uuidv7(),
      worksheet_id: run.worksheetId,
      method_id: run.methodId,
      analyte: run.analyte,
      // The database finds both.
      number: 1,
      run_at: new Date().toISOString(),
      outcome: judged.outcome,
      rule_set_id: run.ruleSetId,
      rules: run.rules,
      points: judged.points,
      violations: judged.violations,
    },
    fields: {
      outcome: judged.outcome,
      rules: judged.violations.map(({ rule }) => rule).join(", "),
      controls: judged.points.map(({ text, z }) => `${text}${z === null ? "" : ` (${z.toFixed(2)} s)`}`).join(", "),
    },
  };
}

/**
 * Judges one run after those before it. A control without frozen limits, and one that is only said to be less or more than
 * something, can't be judged: the run is unclear, never accepted. A blank is refused above its upper limit.
 */
export function judgeRun(
  now: readonly ControlNow[],
  before: readonly EarlierRun[],
  rules: ControlRules,
): { outcome: Outcome; points: JudgedPoint[]; violations: JudgedViolation[] } {
  const judged = now.map((each): JudgedPoint => ({
    chartId: each.chartId,
    resultId: each.resultId,
    kind: each.kind,
    limitId: each.limit?.id ?? null,
    limitNumber: each.limit?.number ?? null,
    text: each.text,
    z: zOf(each),
  }));
  const found: JudgedViolation[] = [];
  const off = (run: string, { chartId, z }: JudgedPoint): ControlValue[] =>
    z === null ? [] : [{ run, level: chartId, value: z, frozen: { mean: 0, deviation: 1 } }];
  // Each value in deviations of the limits it was judged by: new limits judge no old value anew.
  const series = [
    ...before.flatMap(({ run, points: earlier }) => earlier.flatMap((point) => off(run, point))),
    ...judged.flatMap((point) => off("now", point)),
  ];
  const verdict = judgeRuns(series).find(({ run }) => run === "now");
  for (const { rule, levels } of verdict?.violations ?? []) {
    const effect = rules[rule];
    if (effect !== undefined) found.push({ rule, effect, chartIds: [...new Set(levels)] });
  }
  let unclear = judged.length === 0;
  for (const each of now) {
    const side = each.kind === "blank" ? blankSide(each) : zOf(each) === null ? "unclear" : "in";
    if (side === "over") found.push({ rule: "upper", effect: "reject", chartIds: [each.chartId] });
    if (side === "unclear") unclear = true;
  }
  const outcome = found.some(({ effect }) => effect === "reject")
    ? "refused"
    : unclear
      ? "unclear"
      : found.length > 0
        ? "warned"
        : "accepted";
  return { outcome, points: judged, violations: found };
}

function zOf({ kind, number, qualifier, limit }: ControlNow): number | null {
  if (kind !== "control" || number === null || qualifier !== null) return null;
  if (limit === null || limit.mean === null || limit.deviation === null) return null;
  return (Number(number) - Number(limit.mean)) / Number(limit.deviation);
}

/** Less than what lies under the limit is in; less than what lies above it may be anything. */
function blankSide({ number, qualifier, limit }: ControlNow): "in" | "over" | "unclear" {
  if (number === null || limit === null || limit.upper === null) return "unclear";
  const over = Number(number) > Number(limit.upper);
  if (qualifier === null) return over ? "over" : "in";
  if (qualifier === "<" || qualifier === "<=") return over ? "unclear" : "in";
  return over ? "over" : "unclear";
}

async function controlsOf(tx: Tx, worksheetId: string, methodId: string, analyte: string): Promise<ControlNow[]> {
  const rows = await tx.all(
    query
      .selectFrom("lab.control_point as p")
      .innerJoin("lab.result as r", "r.id", "p.result_id")
      .innerJoin("lab.method_version as v", "v.id", "r.method_version_id")
      .innerJoin("lab.control_chart as c", "c.id", "p.chart_id")
      .select(["p.chart_id as chartId", "r.id as resultId", "c.kind", "r.text", "r.number", "r.qualifier"])
      .where("r.worksheet_id", "=", worksheetId)
      .where("v.method_id", "=", methodId)
      .where("r.analyte", "=", analyte)
      .where("r.text", "is not", null)
      .where("r.state", "!=", "cancelled")
      .orderBy("r.position")
      .orderBy("r.id"),
  );
  const limits = await limitsInForce(
    tx,
    rows.map(({ chartId }) => chartId),
  );
  return rows.flatMap(({ text, kind, ...row }) =>
    text === null
      ? []
      : [{ ...row, text, kind: kind === "blank" ? "blank" : "control", limit: limits.get(row.chartId) ?? null }],
  );
}

/** The frozen limits in force of charts, by the chart's id. */
export async function limitsInForce(tx: Tx, chartIds: readonly string[]) {
  if (chartIds.length === 0) return new Map<string, NonNullable<ControlNow["limit"]>>();
  const rows = await tx.all(
    query
      .selectFrom("lab.chart_limit")
      .distinctOn("chart_id")
      .select(["chart_id", "id", "number", "mean", "deviation", "upper"])
      .where("chart_id", "in", [...new Set(chartIds)])
      .where("state", "=", "frozen")
      .orderBy("chart_id")
      .orderBy("number", "desc"),
  );
  return new Map(rows.map(({ chart_id, ...limit }) => [chart_id, limit]));
}

/** The runs before this one, oldest first, each as it was judged last. */
async function runsBefore(tx: Tx, worksheetId: string, methodId: string, analyte: string): Promise<EarlierRun[]> {
  const rows = await tx.all(
    query
      .selectFrom("lab.control_evaluation as e")
      .select(["e.worksheet_id as run", "e.points"])
      .where("e.method_id", "=", methodId)
      .where("e.analyte", "=", analyte)
      .where("e.worksheet_id", "!=", worksheetId)
      .where(
        sql<boolean>`not exists (select from lab.control_evaluation n where n.tenant_id = e.tenant_id and n.worksheet_id = e.worksheet_id
          and n.method_id = e.method_id and n.analyte = e.analyte and n.number > e.number)`,
      )
      // A control corrected later is judged after the runs that came before it, not after those that followed.
      .where(
        sql<boolean>`e.run_at <= coalesce((select min(o.run_at) from lab.control_evaluation o
          where o.worksheet_id = ${worksheetId} and o.method_id = e.method_id and o.analyte = e.analyte), now() + interval '1 day')`,
      )
      .orderBy("e.run_at", "desc")
      .orderBy("e.id", "desc")
      .limit(lookBack),
  );
  return rows.toReversed().map(({ run, points: kept }) => ({ run, points: readPoints(kept) }));
}
