import { sql } from "kysely";
import { doorProblem, type Tx } from "@probity/kernel";
import { query } from "../query.ts";
import { readPoints, readViolations, type JudgedPoint, type JudgedViolation, type Outcome } from "./chart-evaluate.ts";
import { controlRules, sayControlRules } from "./rule-set.ts";
import { mayOf } from "./sample-view.ts";

export type ChartFilter = {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly instrument?: string | undefined;
};
/** How many runs a chart shows at most; the newest of what was asked for. */
const shownRuns = 500;

/** Every chart with its limits in force, what waits, and how its newest run came out. */
export async function listCharts(tx: Tx, method: string | undefined) {
  let list = query
    .selectFrom("lab.control_chart as c")
    .innerJoin("lab.method as m", "m.id", "c.method_id")
    .select([
      "c.id",
      "c.version",
      "c.method_id as methodId",
      "m.code as method",
      "m.title as methodTitle",
      "c.analyte",
      "c.name",
      "c.unit",
      "c.kind",
      "c.material",
      "c.lot",
      "c.runs",
      "c.expires_on as expiresOn",
      "c.state",
      sql<number>`(select count(*)::integer from lab.control_point p join lab.result r on r.tenant_id = p.tenant_id and r.id = p.result_id
        where p.tenant_id = c.tenant_id and p.chart_id = c.id and r.text is not null)`.as("points"),
      sql<
        number | null
      >`(select max(l.number) from lab.chart_limit l where l.tenant_id = c.tenant_id and l.chart_id = c.id
        and l.state = 'frozen')`.as("frozen"),
      sql<
        number | null
      >`(select max(l.number) from lab.chart_limit l where l.tenant_id = c.tenant_id and l.chart_id = c.id
        and l.state = 'proposed')`.as("proposed"),
    ])
    .where("c.deleted_at", "is", null)
    .orderBy("c.state")
    .orderBy("m.code")
    .orderBy("c.analyte")
    .orderBy("c.kind", "desc")
    .orderBy("c.lot");
  if (method !== undefined) list = list.where("c.method_id", "=", method);
  const charts = await tx.all(list);
  // How each one's newest run came out, and since when.
  const last = await tx.all(
    query
      .selectFrom("lab.control_evaluation as e")
      .innerJoin(sql<{ point: { chartId: string } }>`jsonb_array_elements(e.points)`.as("j"), (join) => join.onTrue())
      .distinctOn(sql`j.value ->> 'chartId'`)
      .select([sql<string>`j.value ->> 'chartId'`.as("chartId"), "e.outcome", "e.run_at as at"])
      .where("e.run_at", ">", sql<Date>`now() - interval '1 year'`)
      .orderBy(sql`j.value ->> 'chartId'`)
      .orderBy("e.run_at", "desc")
      .orderBy("e.number", "desc"),
  );
  const newest = new Map(last.map((each) => [each.chartId, each]));
  return charts.map((chart) => ({
    ...chart,
    outcome: newest.get(chart.id)?.outcome ?? null,
    runAt: newest.get(chart.id)?.at ?? null,
  }));
}

/** One chart: its limits from first to last, and its runs in their order, each by the limits it was judged with. */
export async function readChart(tx: Tx, id: string, filter: ChartFilter) {
  const chart = await tx.first(
    query
      .selectFrom("lab.control_chart as c")
      .innerJoin("lab.method as m", "m.id", "c.method_id")
      .leftJoin("kernel.membership as p", "p.id", "c.created_by")
      .select([
        "c.id",
        "c.version",
        "c.method_id as methodId",
        "m.code as method",
        "m.title as methodTitle",
        "c.analyte",
        "c.name",
        "c.unit",
        "c.kind",
        "c.material",
        "c.lot",
        "c.runs",
        "c.expires_on as expiresOn",
        "c.state",
        "c.retired_reason as retiredReason",
        "c.created_at as madeAt",
        "p.name as madeBy",
      ])
      .where("c.id", "=", id)
      .where("c.deleted_at", "is", null),
  );
  if (!chart) throw doorProblem.not_found();
  const limits = await tx.all(
    query
      .selectFrom("lab.chart_limit")
      .select([
        "id",
        "version",
        "number",
        "source",
        "mean",
        "deviation",
        "upper",
        "basis",
        "state",
        "reason",
        "proposed_name as proposedBy",
        "created_by as proposedById",
        sql<Date>`coalesce(stated_at, created_at)`.as("proposedAt"),
        "decided_name as decidedBy",
        "decided_at as decidedAt",
        "decided_reason as decidedReason",
        "brought_in as broughtIn",
      ])
      .where("chart_id", "=", id)
      .orderBy("number", "desc"),
  );
  const rules = await controlRules(tx);
  return {
    ...chart,
    limits,
    rules: { number: rules.number, rules: rules.rules, words: sayControlRules(rules.rules) },
    points: await pointsOf(tx, chart, filter),
    you: tx.who.actorId,
    may: await mayOf(tx),
  };
}

export type ChartPoint = {
  evaluationId: string;
  resultId: string;
  worksheetId: string;
  worksheet: string;
  at: Date;
  by: string | null;
  text: string;
  value: number | null;
  qualifier: string | null;
  z: number | null;
  limitId: string | null;
  limitNumber: number | null;
  outcome: Outcome;
  violations: JudgedViolation[];
  /** How it was judged before its value was changed. */
  earlier: { text: string; outcome: Outcome; at: Date }[];
  /** The value is another now than the one that was judged. */
  changed: boolean;
  instruments: string[];
  notes: { id: string; kind: string; text: string; author: string; at: Date }[];
};

async function pointsOf(
  tx: Tx,
  chart: { id: string; methodId: string; analyte: string },
  { from, to, instrument }: ChartFilter,
): Promise<ChartPoint[]> {
  let list = query
    .selectFrom("lab.control_evaluation as e")
    .innerJoin("lab.worksheet as w", "w.id", "e.worksheet_id")
    .select([
      "e.id",
      "e.worksheet_id as worksheetId",
      "w.number as worksheet",
      "e.run_at as runAt",
      "e.created_at as judgedAt",
      "e.outcome",
      "e.points",
      "e.violations",
    ])
    .where("e.method_id", "=", chart.methodId)
    .where("e.analyte", "=", chart.analyte)
    .where(sql<boolean>`e.points @> ${JSON.stringify([{ chartId: chart.id }])}::jsonb`)
    .orderBy("e.run_at", "desc")
    .orderBy("e.number", "desc")
    .limit(shownRuns);
  if (from !== undefined) list = list.where("e.run_at", ">=", new Date(`${from}T00:00:00Z`));
  if (to !== undefined) list = list.where("e.run_at", "<", new Date(Date.parse(`${to}T00:00:00Z`) + 86_400_000));
  const judged = await tx.all(list);
  const own = (kept: unknown) => readPoints(kept).filter(({ chartId }) => chartId === chart.id);
  const ids = [...new Set(judged.flatMap(({ points }) => own(points).map(({ resultId }) => resultId)))];
  if (ids.length === 0) return [];
  const results = await tx.all(
    query
      .selectFrom("lab.result")
      .select(["id", "text", "number", "qualifier", "entered_name as by", "entered_at as at"])
      .where("id", "in", ids),
  );
  const notes = await notesOf(
    tx,
    judged.map((each) => each.id),
  );
  const instruments = await instrumentsOf(tx, ids);
  const byId = new Map(results.map((row) => [row.id, row]));
  const found = new Map<string, ChartPoint>();
  for (const run of judged)
    for (const point of own(run.points)) {
      const there = found.get(point.resultId);
      const result = byId.get(point.resultId);
      if (there !== undefined) {
        there.earlier.push({ text: point.text, outcome: outcomeOf(run.outcome), at: run.judgedAt });
        there.notes.push(...(notes.get(run.id) ?? []));
      } else if (result !== undefined) found.set(point.resultId, shown(run, point, result));
    }
  const all = [...found.values()].toReversed();
  for (const point of all) {
    point.notes.unshift(...(notes.get(point.evaluationId) ?? []));
    point.instruments = instruments.get(point.resultId) ?? [];
  }
  return instrument === undefined ? all : all.filter((point) => point.instruments.includes(instrument));
}

type Run = {
  id: string;
  worksheetId: string;
  worksheet: string;
  runAt: Date;
  outcome: string;
  violations: unknown;
};
function shown(
  run: Run,
  point: JudgedPoint,
  result: { text: string | null; number: string | null; qualifier: string | null; by: string | null },
): ChartPoint {
  const violations = readViolations(run.violations).filter(({ chartIds }) => chartIds.includes(point.chartId));
  return {
    evaluationId: run.id,
    resultId: point.resultId,
    worksheetId: run.worksheetId,
    worksheet: run.worksheet,
    at: run.runAt,
    by: result.by,
    text: point.text,
    value: result.number === null ? null : Number(result.number),
    qualifier: result.qualifier,
    z: point.z,
    limitId: point.limitId,
    limitNumber: point.limitNumber,
    outcome: outcomeOf(run.outcome),
    violations,
    earlier: [],
    changed: result.text !== point.text,
    instruments: [],
    notes: [],
  };
}

function outcomeOf(kept: string): Outcome {
  return kept === "accepted" || kept === "warned" || kept === "refused" ? kept : "unclear";
}

async function notesOf(tx: Tx, evaluationIds: readonly string[]): Promise<Map<string, ChartPoint["notes"]>> {
  const rows = await tx.all(
    query
      .selectFrom("lab.control_note")
      .select(["evaluation_id", "id", "kind", "text", "author", sql<Date>`coalesce(stated_at, created_at)`.as("at")])
      .where("evaluation_id", "in", [...evaluationIds])
      .orderBy("id"),
  );
  const found = new Map<string, ChartPoint["notes"]>();
  for (const { evaluation_id: of, ...note } of rows) found.set(of, [...(found.get(of) ?? []), note]);
  return found;
}

/** The instruments that results were made on, by the result's id. */
async function instrumentsOf(tx: Tx, ids: readonly string[]): Promise<Map<string, string[]>> {
  const rows = await tx.all(
    query
      .selectFrom("lab.result as r")
      .innerJoin("lab.setup_item as i", "i.setup_id", "r.setup_id")
      .innerJoin("lab.instrument as n", "n.id", "i.instrument_id")
      .select(["r.id", "n.number as code"])
      .where("r.id", "in", [...ids])
      .orderBy("n.number"),
  );
  const found = new Map<string, string[]>();
  for (const { id, code } of rows) found.set(id, [...(found.get(id) ?? []), code]);
  return found;
}
