import type { Tx } from "@probity/kernel";
import { query } from "../query.ts";
import { readPoints, readViolations, type JudgedPoint, type JudgedViolation, type Outcome } from "./chart-evaluate.ts";
import { shownPairs, type ShownPair } from "./duplicate-evaluate.ts";
import { tokensOf } from "./gate-token.ts";
import { isOfDuplicates, qualityGate, sayQuality } from "./quality-gate.ts";

/** A control or blank of a run, with how far it lies off by the limits it was judged with. */
type RunControl = {
  readonly resultId: string;
  readonly kind: string;
  readonly name: string;
  readonly unit: string;
  readonly text: string | null;
  /** The chart it feeds; null where it was put on the worksheet with limits of its own. */
  readonly chartId: string | null;
  readonly z: number | null;
  readonly limit: { number: number; mean: string | null; deviation: string | null; upper: string | null } | null;
  /** Rules it broke. */
  readonly rules: readonly string[];
};

/** The controls of one worksheet for one analyte of a method, and how they were judged. */
export type Run = {
  readonly worksheetId: string | null;
  readonly worksheet: string | null;
  readonly methodId: string;
  readonly method: string;
  readonly analyte: string;
  readonly name: string;
  /** `missing` where the method asks for what is not there, `waiting` where a control has no judged value. */
  readonly standing: Outcome | "waiting" | "missing";
  /** What holds the run's results, in a sentence. */
  readonly why: string | null;
  /** Results of samples that stand or fall with it, verified ones left out. */
  readonly results: readonly string[];
  readonly controls: readonly RunControl[];
  readonly violations: readonly JudgedViolation[];
  /** Duplicates whose method declares how far they may lie from their originals. */
  readonly duplicates: readonly ShownPair[];
  /** What the duplicates, or their lack, hold the run's results for, in a sentence. */
  readonly duplicatesWhy: string | null;
  readonly judgedAt: Date | null;
  /** Judgements of values that were changed since, oldest first. */
  readonly earlier: readonly { outcome: string; at: Date }[];
};

type Of = { readonly worksheetId: string } | { readonly sampleId: string };

/** Every run that the results of a worksheet or sample stand in, in their order; a run that nobody asks controls of and that has none is left out. */
export async function runsOf(tx: Tx, of: Of): Promise<Run[]> {
  // 1. The results, by worksheet, method and analyte.
  let list = query
    .selectFrom("lab.result as r")
    .innerJoin("lab.method_version as v", "v.id", "r.method_version_id")
    .innerJoin("lab.method as m", "m.id", "v.method_id")
    .leftJoin("lab.worksheet as w", "w.id", "r.worksheet_id")
    .select([
      "r.id",
      "r.kind",
      "r.state",
      "r.analyte",
      "r.worksheet_id as worksheetId",
      "w.number as worksheet",
      "v.method_id as methodId",
      "m.code as method",
      "r.name",
    ])
    .where("r.deleted_at", "is", null)
    .where("r.state", "not in", ["retested", "cancelled"])
    .orderBy("r.position")
    .orderBy("r.id");
  list =
    "worksheetId" in of
      ? list.where("r.worksheet_id", "=", of.worksheetId)
      : list.where("r.sample_id", "=", of.sampleId);
  const rows = await tx.all(list);
  const groups = new Map<string, typeof rows>();
  for (const row of rows) groups.set(keyOf(row), [...(groups.get(keyOf(row)) ?? []), row]);
  // 2. What the database holds them for, their controls, and how those were judged.
  const sheets = [...new Set(rows.flatMap((row) => row.worksheetId ?? []))];
  const [tokens, controls, judged, pairs] = [
    await tokensOf(tx, qualityGate.name, rows.filter(waits)),
    await controlsOn(tx, sheets),
    await judgementsOf(tx, sheets),
    await shownPairs(tx, sheets),
  ];
  const limits = await limitsOf(
    tx,
    judged.flatMap(({ points }) => points.flatMap((point) => point.limitId ?? [])),
  );
  // 3. One run each.
  return [...groups.entries()].flatMap(([key, own]) => {
    const [first] = own;
    if (first === undefined) return [];
    const mine = controls.filter((each) => keyOf(each) === key);
    const judgements = judged.filter((each) => keyOf(each) === key);
    const waiting = own.filter(waits);
    const held = tokens.filter(({ resultId }) => waiting.some((row) => row.id === resultId)).map(({ token }) => token);
    const token = held.find((each) => !isOfDuplicates(each));
    const apart = held.find((each) => each.startsWith("duplicate-out")) ?? held.find(isOfDuplicates);
    const twice = pairs.filter((each) => keyOf(each.of) === key);
    if (mine.length === 0 && twice.length === 0 && held.length === 0) return [];
    // Refused once is refused, whatever was judged after it.
    const deciding = judgements.find(({ outcome }) => outcome === "refused") ?? judgements.at(-1);
    return [
      {
        worksheetId: first.worksheetId,
        worksheet: first.worksheet,
        methodId: first.methodId,
        method: first.method,
        analyte: first.analyte,
        name: own.find(waits)?.name ?? first.name,
        standing: worse(
          mine.length === 0 && token === undefined ? undefined : standingOf(token, deciding?.outcome),
          twice.length === 0 && apart === undefined ? undefined : standingOfDuplicates(apart, twice),
        ),
        why: token === undefined ? null : sayQuality(token, aboutOf(token, mine, deciding)),
        results: waiting.filter((row) => row.state !== "verified").map((row) => row.id),
        controls: mine.map((each) => shown(each, deciding, limits)),
        violations: deciding?.violations ?? [],
        duplicates: twice,
        duplicatesWhy: apart === undefined ? null : sayQuality(apart, ""),
        judgedAt: deciding?.at ?? null,
        earlier: judgements.filter((each) => each !== deciding).map(({ outcome, at }) => ({ outcome, at })),
      },
    ];
  });
}

const waits = ({ kind }: { kind: string }) => kind === "sample" || kind === "duplicate";

function keyOf(row: { worksheetId: string | null; methodId: string; analyte: string }): string {
  return `${row.worksheetId ?? ""} ${row.methodId} ${row.analyte}`;
}

/** What the gate says outranks the judgement: a judged value may have been changed since, a blank may be missing. */
function standingOf(token: string | undefined, outcome: string | undefined): Run["standing"] {
  const code = token?.split(":")[0];
  if (code === "refused" || outcome === "refused") return "refused";
  if (code === "not-judged") return "waiting";
  if (code === "unclear") return "unclear";
  if (code !== undefined) return "missing";
  return outcome === "accepted" || outcome === "warned" || outcome === "unclear" ? outcome : "waiting";
}

/** As the gate says of the duplicates; where no result waits for it any more, as they were judged. */
function standingOfDuplicates(token: string | undefined, pairs: readonly ShownPair[]): Run["standing"] {
  const has = (outcome: ShownPair["outcome"]) => pairs.some((each) => each.outcome === outcome);
  const code = token?.split(":")[0];
  if (code === "duplicate-out" || has("out")) return "refused";
  if (code === "no-duplicate") return "missing";
  if (code === "duplicate-unclear" || has("unclear")) return "unclear";
  return code === undefined && !has("waiting") ? "accepted" : "waiting";
}

const gravest = ["refused", "missing", "unclear", "waiting", "warned", "accepted"] as const;
/** Controls and duplicates make one run: it stands as the worse of the two. */
function worse(...standings: (Run["standing"] | undefined)[]): Run["standing"] {
  return gravest.find((each) => standings.includes(each)) ?? "waiting";
}

type Judgement = {
  worksheetId: string;
  methodId: string;
  analyte: string;
  outcome: string;
  at: Date;
  points: JudgedPoint[];
  violations: JudgedViolation[];
};
/** The chart that a token names, or the rules that refused with the controls that broke them. */
function aboutOf(
  token: string,
  controls: readonly { chartId: string | null; name: string }[],
  judgement: Judgement | undefined,
): string {
  const named = (ids: readonly string[]) =>
    controls
      .filter(({ chartId }) => chartId !== null && ids.includes(chartId))
      .map(({ name }) => name)
      .join(" and ");
  if (!token.startsWith("refused:")) return named([token.split(":")[1] ?? ""]);
  return (judgement?.violations ?? [])
    .filter(({ effect }) => effect === "reject")
    .map(({ rule, chartIds }) => `${rule}, ${named(chartIds)}`)
    .join("; ");
}

type Limits = Map<string, { number: number; mean: string | null; deviation: string | null; upper: string | null }>;

function shown(
  control: Awaited<ReturnType<typeof controlsOn>>[number],
  judgement: Judgement | undefined,
  limits: Limits,
): RunControl {
  const point = judgement?.points.find(({ resultId }) => resultId === control.resultId);
  const { resultId, kind, name, unit, text, chartId } = control;
  return {
    resultId,
    kind,
    name,
    unit,
    text,
    chartId,
    z: point?.z ?? null,
    limit: limits.get(point?.limitId ?? "") ?? null,
    rules:
      judgement === undefined || chartId === null
        ? []
        : judgement.violations.filter(({ chartIds }) => chartIds.includes(chartId)).map(({ rule }) => rule),
  };
}

async function controlsOn(tx: Tx, worksheetIds: readonly string[]) {
  if (worksheetIds.length === 0) return [];
  return tx.all(
    query
      .selectFrom("lab.result as r")
      .innerJoin("lab.method_version as v", "v.id", "r.method_version_id")
      .leftJoin("lab.control_point as p", "p.result_id", "r.id")
      .select([
        "r.id as resultId",
        "r.worksheet_id as worksheetId",
        "v.method_id as methodId",
        "r.analyte",
        "r.kind",
        "r.name",
        "r.unit",
        "r.text",
        "p.chart_id as chartId",
      ])
      .where("r.worksheet_id", "in", [...worksheetIds])
      .where("r.kind", "in", ["control", "blank"])
      .where("r.state", "<>", "cancelled")
      .where("r.deleted_at", "is", null)
      .orderBy("r.position")
      .orderBy("r.id"),
  );
}

async function judgementsOf(tx: Tx, worksheetIds: readonly string[]): Promise<Judgement[]> {
  if (worksheetIds.length === 0) return [];
  const rows = await tx.all(
    query
      .selectFrom("lab.control_evaluation")
      .select([
        "worksheet_id as worksheetId",
        "method_id as methodId",
        "analyte",
        "outcome",
        "created_at as at",
        "points",
        "violations",
      ])
      .where("worksheet_id", "in", [...worksheetIds])
      .orderBy("number"),
  );
  return rows.map((row) => ({ ...row, points: readPoints(row.points), violations: readViolations(row.violations) }));
}

async function limitsOf(tx: Tx, ids: readonly string[]): Promise<Limits> {
  if (ids.length === 0) return new Map();
  const rows = await tx.all(
    query
      .selectFrom("lab.chart_limit")
      .select(["id", "number", "mean", "deviation", "upper"])
      .where("id", "in", [...new Set(ids)]),
  );
  return new Map(rows.map(({ id, ...limit }) => [id, limit]));
}
