import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import type { Tx } from "@probity/kernel";
import { evaluationRow, judgeRun, type ControlNow, type EarlierRun } from "../actions/chart-evaluate.ts";
import { currentMethods, type MethodVersion } from "../actions/frozen.ts";
import { usualControlRules } from "../actions/rule-set.ts";
import { insertAll, type NewRow } from "../bulk.ts";
import { query } from "../query.ts";
import { dayMs, hourMs, iso, isWorkday, minuteMs, workdayBefore } from "./calendar.ts";
import { Draw } from "./draw.ts";
import { numbersInTime } from "./numbers-in-time.ts";
import { analysts, head, reviewer } from "./people.ts";


/** Values of a certificate, or the runs that limits are established from. */
type Limits = { mean: string; deviation: string } | { upper: string } | { first: number; last: number };
type SampleChart = {
  readonly kind: "control" | "blank";
  readonly material: string;
  readonly lot: string;
  readonly expiresInDays: number;
  readonly limits: readonly { readonly fromRun: number; readonly values: Limits; readonly certificate: string }[];
  /** The value of a run: drawn about a mean, with what went wrong in it. */
  readonly value: (draw: Draw, run: number) => number;
};
type SampleSeries = {
  readonly method: string;
  readonly analyte: string;
  readonly title: string;
  /** Weekdays on which it is run. */
  readonly days: readonly number[];
  readonly charts: readonly SampleChart[];
  readonly notes: readonly { readonly run: number; readonly kind: "cause" | "action" | "comment"; readonly text: string }[];
};

/** Once or twice something went wrong, and was noted: a bubble in the cell, a drifting lamp. */
const series: readonly SampleSeries[] = [
  {
    method: "CHE-01",
    analyte: "conductivity",
    title: "Conductivity, daily control",
    days: [1, 2, 3, 4, 5],
    charts: [
      {
        kind: "control",
        material: "Potassium chloride 5 µS/cm",
        lot: "KCL-2604",
        expiresInDays: 210,
        limits: [
          { fromRun: 0, values: { mean: "5.000", deviation: "0.050" }, certificate: "Certificate 26-0412" },
          { fromRun: 64, values: { first: 42, last: 63 }, certificate: "" },
        ],
        value: (draw, run) => {
          if (run === 17) return 5.182;
          if (run === 24) return 5.117;
          return run >= 30 && run < 41 ? draw.normal(4.937, 0.02) : draw.normal(4.99, 0.034);
        },
      },
    ],
    notes: [
      { run: 17, kind: "cause", text: "An air bubble in the cell; seen when the cell was taken out." },
      { run: 17, kind: "action", text: "Cell rinsed and filled again, run repeated on the same morning, samples with it." },
      { run: 39, kind: "cause", text: "The cell constant had moved since the service of the bridge." },
      { run: 40, kind: "action", text: "Cell constant set anew against two standards; new limits proposed from the runs after it." },
    ],
  },
  {
    method: "CHE-02",
    analyte: "toc",
    title: "TOC, controls and blank",
    days: [1, 3, 5],
    charts: [
      {
        kind: "blank",
        material: "Reagent water",
        lot: "RW-26",
        expiresInDays: 400,
        limits: [{ fromRun: 0, values: { upper: "50" }, certificate: "SOP-CHE-02, 6.3" }],
        value: (draw, run) => Math.max(draw.normal(run === 21 ? 58 : 27, 6), 4),
      },
      {
        kind: "control",
        material: "Sucrose 100 µg/L",
        lot: "SUC-118",
        expiresInDays: 40,
        limits: [{ fromRun: 0, values: { mean: "100.0", deviation: "4.0" }, certificate: "Certificate S-118" }],
        value: (draw, run) => draw.normal(run === 12 ? 109 : 100.4, 3.2),
      },
      {
        kind: "control",
        material: "Sucrose 500 µg/L",
        lot: "SUC-503",
        expiresInDays: 40,
        limits: [{ fromRun: 0, values: { mean: "500.0", deviation: "12.0" }, certificate: "Certificate S-503" }],
        value: (draw, run) => draw.normal(run === 12 ? 473 : 501, 9),
      },
    ],
    notes: [
      { run: 12, kind: "cause", text: "The two levels were taken from each other's flask." },
      { run: 21, kind: "action", text: "Reagent water from the second outlet; blank repeated, 24 µg/L." },
    ],
  },
];

/** Months of runs with their controls, brought in as they would have been judged, with what went wrong and was noted. */
export async function loadCharts(tx: Tx, historyDays: number): Promise<void> {
  if (await tx.first(query.selectFrom("lab.control_chart").select("id").limit(1))) return;
  const methods = [...(await currentMethods(tx)).values()];
  for (const [index, each] of series.entries()) {
    const method = methods.find(({ code }) => code === each.method);
    if (method !== undefined) await loadSeries(tx, each, method, new Draw(411 + index), historyDays);
  }
}

async function loadSeries(tx: Tx, of: SampleSeries, method: MethodVersion, draw: Draw, historyDays: number) {
  const today = Math.floor(Date.now() / dayMs) * dayMs;
  const days = Array.from({ length: historyDays }, (_, back) => today - (historyDays - back) * dayMs).filter((day) =>
    isWorkday(day) && of.days.includes(new Date(day).getUTCDay()),
  );
  const numbers = await numbersInTime(tx, "worksheet", days);
  const defined = method.definition.analytes.find(({ key }) => key === of.analyte);
  if (defined === undefined) return;
  // 1. Charts.
  const charts = of.charts.map((chart) => ({ ...chart, id: uuidv7() }));
  await insertAll(
    tx,
    "lab.control_chart",
    "lab.control_chart.create",
    charts.map(({ id, kind, material, lot, expiresInDays }) => ({
      row: {
        id,
        method_id: method.methodId,
        analyte: of.analyte,
        name: defined.name,
        unit: defined.unit,
        kind,
        material,
        lot,
        runs: 20,
        expires_on: new Date(today + expiresInDays * dayMs).toISOString().slice(0, 10),
        state: "in-use",
      },
      fields: { material, lot },
    })),
  );
  // 2. The runs, in their order; where limits change, what came before is judged first.
  const inForce = new Map<string, NonNullable<ControlNow["limit"]>>();
  const before: EarlierRun[] = [];
  const evaluations = new Map<number, { id: string; ran: number }>();
  const entered: ControlNow[][] = [];
  let waiting: { sheets: NewRow[]; results: NewRow[]; points: NewRow[]; runs: NewRow[] } = empty();
  const flush = async () => {
    await insertAll(tx, "lab.worksheet", "lab.worksheet.create", waiting.sheets);
    await insertAll(tx, "lab.result", "lab.result.bring_in", waiting.results);
    await insertAll(tx, "lab.control_point", "lab.control_point.create", waiting.points);
    await insertAll(tx, "lab.control_evaluation", "lab.control_evaluation.create", waiting.runs);
    waiting = empty();
  };
  for (const [run, day] of days.entries()) {
    const ran = day + draw.whole(7 * 60, 9 * 60) * minuteMs;
    const at = iso(ran);
    const due = charts.flatMap((chart) =>
      chart.limits.flatMap((limit, index) => (limit.fromRun === run ? [{ chart, limit, number: index + 1 }] : [])),
    );
    if (due.length > 0) {
      await flush();
      for (const { chart, limit, number } of due)
        inForce.set(
          chart.id,
          await freeze(tx, chart.id, limit, {
            number,
            // Proposed and decided on the working day before the first run that is judged by them, after the runs they stand on.
            proposedAt: iso(workdayBefore(day, 1, 13.2)),
            at: iso(workdayBefore(day, 1, 14.5)),
            runs: entered.flatMap((controls) => controls.filter(({ chartId }) => chartId === chart.id)),
          }),
        );
    }
    const numbered = numbers[run];
    if (numbered === undefined) continue;
    const sheet = uuidv7();
    waiting.sheets.push({
      row: { id: sheet, ...numbered, title: of.title, state: "verified", stated_at: iso(ran - 20 * minuteMs) },
      fields: { number: numbered.number, title: of.title },
    });
    const [analyst, places] = [draw.one(analysts), (defined.decimals ?? 2) + 1];
    const controls = charts.map((chart): ControlNow => {
      const text = chart.value(draw, run).toFixed(defined.decimals === 0 ? 0 : places);
      return {
        chartId: chart.id,
        resultId: uuidv7(),
        kind: chart.kind,
        text,
        number: text,
        qualifier: null,
        limit: inForce.get(chart.id) ?? null,
      };
    });
    entered.push(controls);
    for (const [position, control] of controls.entries()) {
      const chart = charts[position];
      waiting.results.push({
        row: {
          id: control.resultId,
          worksheet_id: sheet,
          method_version_id: method.id,
          position: position + 1,
          kind: control.kind,
          analyte: of.analyte,
          name: `${chart?.material} ${chart?.lot}`,
          unit: defined.unit,
          attempt: 1,
          state: "verified",
          text: control.text,
          number: control.number,
          verdict: "none",
          source: "keyboard",
          entered_at: at,
          entered_name: analyst,
          verified_at: iso(ran + 4 * hourMs),
          verified_name: reviewer,
        },
        fields: { text: control.text, enteredBy: analyst },
      });
      waiting.points.push({
        row: { id: uuidv7(), chart_id: control.chartId, result_id: control.resultId },
        fields: { chartId: control.chartId },
      });
    }
    const judged = judgeRun(controls, before, usualControlRules);
    before.push({ run: sheet, points: judged.points });
    const row = evaluationRow(
      { worksheetId: sheet, methodId: method.methodId, analyte: of.analyte, ruleSetId: null, rules: usualControlRules },
      judged,
    );
    evaluations.set(run, { id: row.row.id, ran });
    waiting.runs.push(row);
  }
  await flush();
  // 3. What was found and done.
  await insertAll(
    tx,
    "lab.control_note",
    "lab.control_note.create",
    of.notes.flatMap(({ run, kind, text }) => {
      const evaluation = evaluations.get(run);
      return evaluation === undefined
        ? []
        : [
            {
              row: {
                id: uuidv7(),
                evaluation_id: evaluation.id,
                kind,
                text,
                author: draw.one(analysts),
                stated_at: iso(evaluation.ran + hourMs),
              },
              fields: { kind, text },
            },
          ];
    }),
  );
}

async function freeze(
  tx: Tx,
  chartId: string,
  { values, certificate }: { values: Limits; certificate: string },
  of: { readonly number: number; readonly proposedAt: string; readonly at: string; readonly runs: readonly ControlNow[] },
) {
  const id = uuidv7();
  const { number } = of;
  const counted = "first" in values ? of.runs.slice(values.first, values.last + 1).map(({ resultId }) => resultId) : [];
  const found = counted.length === 0 ? undefined : await meanOf(tx, counted);
  const ends = {
    mean: "mean" in values ? values.mean : (found?.mean ?? null),
    deviation: "mean" in values ? values.deviation : (found?.deviation ?? null),
    upper: "upper" in values ? values.upper : null,
  };
  await insertAll(tx, "lab.chart_limit", "lab.chart_limit.bring_in", [
    {
      row: {
        id,
        chart_id: chartId,
        number,
        source: found === undefined ? "certificate" : "runs",
        ...ends,
        basis: found === undefined ? { certificate } : { results: counted, excluded: [] },
        state: "frozen",
        reason: number === 1 ? "First limits of this lot" : "The cell constant was set anew; runs after it",
        proposed_name: analysts[1],
        stated_at: of.proposedAt,
        decided_name: head,
        decided_at: of.at,
        decided_reason: number === 1 ? "Checked against the certificate" : "Runs looked through; none left out",
      },
      fields: { number, ...ends },
    },
  ]);
  return { id, number, ...ends };
}

function meanOf(tx: Tx, ids: readonly string[]) {
  return tx.first(
    query
      .selectFrom("lab.result")
      .select([
        sql<string>`round(avg(number), 12)`.as("mean"),
        sql<string>`round(stddev_samp(number), 12)`.as("deviation"),
      ])
      .where("id", "in", [...ids]),
  );
}

function empty(): { sheets: NewRow[]; results: NewRow[]; points: NewRow[]; runs: NewRow[] } {
  return { sheets: [], results: [], points: [], runs: [] };
}
