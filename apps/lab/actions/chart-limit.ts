import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import { doorProblem, type Tx } from "@probity/kernel";
import { insertAll, updateAll } from "../bulk.ts";
import { readDecimal } from "../calc/decimal.ts";
import { query } from "../query.ts";
import { chartProblem as problem } from "./chart-error.ts";
import { nameOfActor } from "./save-result.ts";

/** What limits are proposed from: runs of the lot itself, or what a certificate says. */
export type Proposal =
  | {
      readonly source: "runs";
      readonly results: readonly string[];
      readonly excluded: readonly { readonly id: string; readonly reason: string }[];
      readonly reason: string;
    }
  | {
      readonly source: "certificate";
      readonly certificate: string;
      readonly mean?: string | null;
      readonly deviation?: string | null;
      readonly upper?: string | null;
      readonly reason: string;
    };

type Values = { mean: string | null; deviation: string | null; upper: string | null };

/** Proposes the next version of a chart's limits. Points that were judged keep the version they were judged by. */
export async function proposeLimits(
  tx: Tx,
  chartId: string,
  proposal: Proposal,
): Promise<{ id: string; number: number }> {
  // 1. The chart, and nobody else proposing or judging meanwhile.
  const chart = await requireChart(tx, chartId);
  if (chart.state === "retired") throw problem.chart_retired({ values: { what: `${chart.material} ${chart.lot}` } });
  const last = await tx.first(
    query
      .selectFrom("lab.chart_limit")
      .select(["number", "state"])
      .where("chart_id", "=", chartId)
      .orderBy("number", "desc")
      .limit(1),
  );
  if (last?.state === "proposed") throw problem.limits_waiting({ values: { number: last.number } });
  // 2. What they would be.
  const values =
    proposal.source === "runs" ? await valuesOfRuns(tx, chart, proposal) : valuesOfCertificate(chart.kind, proposal);
  const id = uuidv7();
  const number = (last?.number ?? 0) + 1;
  const basis =
    proposal.source === "runs"
      ? { results: proposal.results, excluded: proposal.excluded }
      : { certificate: proposal.certificate };
  await insertAll(tx, "lab.chart_limit", "lab.chart_limit.propose", [
    {
      row: {
        id,
        chart_id: chartId,
        number,
        source: proposal.source,
        ...values,
        basis,
        state: "proposed",
        reason: proposal.reason,
        proposed_name: await nameOfActor(tx),
      },
      fields: { number, ...values, reason: proposal.reason },
    },
  ]);
  return { id, number };
}

/** Freezes proposed limits, or refuses them; never by who proposed them. */
export async function decideLimits(
  tx: Tx,
  id: string,
  version: number,
  decision: { readonly frozen: boolean; readonly reason: string },
): Promise<{ id: string; version: number; state: string }> {
  const row = await tx.first(
    query
      .selectFrom("lab.chart_limit")
      .select(["id", "version", "number", "state", "chart_id", "created_by"])
      .where("id", "=", id)
      .forUpdate(),
  );
  if (!row) throw doorProblem.not_found();
  if (row.state !== "proposed") throw problem.limits_decided({ values: { number: row.number, state: row.state } });
  if (row.version !== version) throw doorProblem.stale({ values: { current: row.version, given: version } });
  if (row.created_by === tx.who.actorId) throw problem.limits_own();
  await requireChart(tx, row.chart_id);
  const state = decision.frozen ? "frozen" : "refused";
  const set = { state, decided_reason: decision.reason, decided_name: await nameOfActor(tx) };
  const changed = await updateAll(
    tx,
    "lab.chart_limit",
    decision.frozen ? "lab.chart_limit.freeze" : "lab.chart_limit.refuse",
    [{ row: { id, version, ...set }, fields: { number: row.number, ...set } }],
  );
  if (changed !== 1) throw doorProblem.stale({ values: { current: version + 1, given: version } });
  return { id, version: version + 1, state };
}

/** The chart, held until the transaction ends. */
export async function requireChart(tx: Tx, id: string) {
  const row = await tx.first(
    query
      .selectFrom("lab.control_chart")
      .select(["id", "version", "kind", "material", "lot", "runs", "state", "method_id", "analyte", "unit"])
      .where("id", "=", id)
      .where("deleted_at", "is", null)
      .forUpdate(),
  );
  if (!row) throw doorProblem.not_found();
  return row;
}

/** Mean and deviation of the runs that were chosen; what lies between them and is left out says why. The database asks again. */
async function valuesOfRuns(
  tx: Tx,
  chart: { id: string; kind: string; runs: number },
  { results, excluded }: Extract<Proposal, { source: "runs" }>,
): Promise<Values> {
  const wrong = (why: string) => problem.limits_wrong({ values: { why } });
  const points = await tx.all(
    query
      .selectFrom("lab.control_point as p")
      .innerJoin("lab.result as r", "r.id", "p.result_id")
      .select(["r.id", "r.text", "r.number", "r.qualifier", "r.state", "r.entered_at as at"])
      .where("p.chart_id", "=", chart.id)
      .where("r.text", "is not", null)
      .orderBy("r.entered_at"),
  );
  const chosen = new Set(results);
  const left = new Set(excluded.filter(({ reason }) => reason.trim() !== "").map(({ id }) => id));
  const counted = points.filter(({ id }) => chosen.has(id));
  if (counted.length !== results.length || chosen.size !== results.length)
    throw wrong("A run that was chosen is not one of this chart, or has no value.");
  const censored = counted.find(({ number, qualifier }) => number === null || qualifier !== null);
  if (censored !== undefined)
    throw wrong(`${censored.text} is no measured value. Leave it out with a reason; nothing is put in its place.`);
  if (counted.length < chart.runs)
    throw wrong(`${chart.runs} runs were declared for this chart, and ${counted.length} are chosen.`);
  const [first, last] = [counted[0]?.at?.getTime() ?? 0, counted.at(-1)?.at?.getTime() ?? 0];
  const silent = points.filter(({ id, at }) => {
    const time = at?.getTime() ?? 0;
    return !chosen.has(id) && !left.has(id) && time >= first && time <= last;
  });
  if (silent.length > 0)
    throw wrong(`${silent.length} runs between the first and the last are left out without a reason.`);
  const [row] = await tx.all(
    query
      .selectFrom("lab.result")
      .select([
        sql<string>`round(avg(number), 12)`.as("mean"),
        sql<string>`round(stddev_samp(number), 12)`.as("deviation"),
        sql<string>`round(avg(number) + 3 * stddev_samp(number), 12)`.as("upper"),
      ])
      .where("id", "in", [...chosen]),
  );
  if (row === undefined || !(Number(row.deviation) > 0))
    throw wrong("The runs have no spread: limits from them would judge nothing.");
  return chart.kind === "blank"
    ? { mean: null, deviation: null, upper: row.upper }
    : { mean: row.mean, deviation: row.deviation, upper: null };
}

function valuesOfCertificate(
  kind: string,
  { mean, deviation, upper }: Extract<Proposal, { source: "certificate" }>,
): Values {
  const wrong = (why: string) => problem.limits_wrong({ values: { why } });
  if (kind === "blank") {
    if (!upper || readDecimal(upper) === undefined) throw wrong("A blank has an upper limit, written as a number.");
    return { mean: null, deviation: null, upper };
  }
  if (!mean || !deviation || readDecimal(mean) === undefined || !(Number(deviation) > 0))
    throw wrong("A control has a mean and a standard deviation above 0, written as numbers.");
  return { mean, deviation, upper: null };
}
