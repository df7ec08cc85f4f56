import type { Tx } from "@probity/kernel";
import { holdsOf } from "../actions/gate.ts";
import { currentMethods } from "../actions/frozen.ts";
import { registerSamples, type NewSample } from "../actions/register.ts";
import { receiveSamples } from "../actions/sample-route.ts";
import { saveResults } from "../actions/save-result.ts";
import { makeWorksheet } from "../actions/worksheet-route.ts";
import { insertAll } from "../bulk.ts";
import { query } from "../query.ts";
import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { dayMs, dayOf, iso, minuteMs, workdayBefore } from "./calendar.ts";
import { Draw } from "./draw.ts";
import { nameOn } from "./instrument.ts";
import { known } from "./known.ts";
import { analysts } from "./people.ts";

export const todayPermissions = ["lab.sample.register", "lab.sample.receive", "lab.worksheet.change", "lab.result.enter"];
type Work = <T>(permission: string, run: (tx: Tx) => Promise<T>) => Promise<T>;
const waterSamples = 10;

/** The present day, by the same acts as anybody's: some registered, some received, two worksheets begun and one entered. */
export async function layToday(work: Work): Promise<void> {
  const received = await work("lab.sample.register", register);
  if (received.length === 0) return;
  await work("lab.sample.receive", (tx) => receiveSamples(tx, received, "Fridge 2", "intact, 5 °C"));
  const runs = await work("lab.worksheet.change", async (tx) => {
    const made = await layRuns(tx, received);
    await nameOn(tx, made.loop, "CM-01", "7911");
    await nameOn(tx, made.cold, "CM-02", "7911");
    return made;
  });
  await work("lab.result.enter", (tx) => enter(tx, runs));
  await work("lab.history.load", (tx) => askOverride(tx, runs.cold));
}

async function register(tx: Tx): Promise<string[]> {
  if (await tx.first(query.selectFrom("lab.sample").select("id").where("brought_in", "=", false).limit(1))) return [];
  const draw = new Draw(7);
  const now = Date.now();
  const all = await known(tx);
  const year = dayOf(now).slice(2, 4);
  const wanted = (code: string, point: string | null, lot: string | null, due: number, urgent = false): NewSample => ({
    productId: all.products.get(code) ?? "",
    samplingPointId: point === null ? null : (all.points.get(point) ?? null),
    lot,
    dueOn: dayOf(now + due * dayMs),
    priority: urgent ? "urgent" : "routine",
    sampledAt: iso(workdayBefore(now, 1, 13) + draw.whole(0, 110) * minuteMs),
    sampledBy: point === null ? "Production" : "Utilities",
  });
  const made = await registerSamples(tx, [
    ...["WFI-01", "WFI-02", "WFI-03", "WFI-04", "WFI-05", "WFI-06"].map((point, index) => wanted("WFI", point, null, index < 2 ? 1 : 7)),
    ...["PW-01", "PW-02", "PW-03", "PW-04"].map((point) => wanted("PW", point, null, 7)),
    wanted("PCM-SYR", null, `PCM${year}-098`, 2, true),
    wanted("SLB-SYR", null, `SLB${year}-096`, 6),
    wanted("RM-PCM", null, `RM-${year}-118`, 5),
    wanted("PCM-SYR", null, `PCM${year}-099`, 7),
    wanted("ENV-C", "ENV-C1", null, 7),
    wanted("ENV-C", "ENV-C2", null, 7),
  ]);
  return made.slice(0, 13).map((each) => each.id);
}

/** Rows of the runs' own: on the charts of their lots where there is one. The control of TOC warns, and the run goes on. */
const rinse = { kind: "blank", name: "Rinse", text: "0.06", limit: { analyte: "conductivity", high: "0.10" } } as const;
const potassium = {
  kind: "control",
  name: "Potassium chloride 5 µS/cm",
  text: "4.98",
  limit: { analyte: "conductivity", low: "4.75", high: "5.25" },
} as const;
const carbon = [
  { kind: "blank", name: "Reagent water", text: "24", limit: { analyte: "toc", high: "50" } },
  { kind: "control", name: "Sucrose 100 µg/L", text: "109", limit: { analyte: "toc", low: "88", high: "112" } },
  { kind: "control", name: "Sucrose 500 µg/L", text: "497", limit: { analyte: "toc", low: "464", high: "536" } },
] as const;
const ownRows = [rinse, potassium, ...carbon];

type Runs = { readonly loop: string; readonly cold: string; readonly carbon: string };

/** Runs over the water that came in, each with its blank and controls: conductivity of either loop, and TOC. */
async function layRuns(tx: Tx, received: readonly string[]): Promise<Runs> {
  const rows = await tx.all(
    query.selectFrom("lab.result").select(["id", "analyte", "sample_id"]).where("sample_id", "in", [...received]).where("state", "=", "open").orderBy("id"),
  );
  const methods = [...(await currentMethods(tx)).values()];
  const charts = await tx.all(query.selectFrom("lab.control_chart").select(["id", "material"]).where("state", "=", "in-use"));
  const lay = async (title: string, code: string, analyte: string, of: readonly string[], extra: readonly (typeof ownRows)[number][]) => {
    const method = methods.find((each) => each.code === code);
    if (method === undefined) throw new Error(`No ${code}`);
    const { id } = await makeWorksheet(tx, {
      title,
      resultIds: rows.filter((row) => row.analyte === analyte && of.includes(row.sample_id ?? "")).map((row) => row.id),
      extra: extra.map(({ kind, name, limit }) => {
        const chart = charts.find((each) => each.material === name);
        const own = { kind, methodId: method.methodId, name, limit: { ...limit, compare: "entered" as const } };
        return chart === undefined ? own : { ...own, chartId: chart.id };
      }),
    });
    return id;
  };
  const water = received.slice(0, waterSamples);
  return {
    loop: await lay("Conductivity, WFI loop", "CHE-01", "conductivity", water.slice(0, 6), [rinse, potassium]),
    cold: await lay("Conductivity, purified water", "CHE-01", "conductivity", water.slice(6), [rinse, potassium]),
    carbon: await lay("TOC, water loops", "CHE-02", "toc", water, carbon),
  };
}

/** Controls of every run; of the hot loop the first four points, of the cold one all. */
async function enter(tx: Tx, runs: Runs): Promise<void> {
  const draw = new Draw(11);
  const rows = await tx.all(
    query
      .selectFrom("lab.result")
      .select(["id", "version", "worksheet_id", "kind", "name"])
      .where("worksheet_id", "in", [runs.loop, runs.cold, runs.carbon])
      .orderBy("position"),
  );
  let filled = 0;
  const entries = rows.flatMap(({ id, version, worksheet_id, kind, name }) => {
    if (kind !== "sample") return [{ id, version, text: ownRows.find((own) => name.startsWith(own.name))?.text ?? "" }];
    if (worksheet_id === runs.cold) return [{ id, version, text: `2.${draw.whole(10, 48)}` }];
    filled += worksheet_id === runs.loop ? 1 : 0;
    return worksheet_id === runs.loop && filled <= 4 ? [{ id, version, text: `0.${draw.whole(71, 94)}` }] : [];
  });
  await saveResults(tx, entries);
}

/** The cold loop was measured with a meter that is past its calibration: an override is asked for and waits for somebody else. */
async function askOverride(tx: Tx, worksheetId: string): Promise<void> {
  const rows = await tx.all(
    query
      .selectFrom("lab.result")
      .select(["id", "worksheet_id", "method_version_id", "entered_by", "entered_at", "text"])
      .where("worksheet_id", "=", worksheetId)
      .where("kind", "=", "sample")
      .where("state", "=", "entered"),
  );
  const holds = (await holdsOf(tx, rows)).filter((each) => each.gate === "instrument");
  const asked = rows.flatMap(({ id, text, entered_at }) => {
    const own = holds.filter((each) => each.resultId === id);
    if (own.length === 0) return [];
    const row = {
      id: uuidv7(),
      result_id: id,
      gate: "instrument",
      holds: own.map((each) => each.token).toSorted(),
      said: [...new Set(own.map((each) => each.reason))].join(" "),
      value: text ?? "",
      entered_at,
      reason: "CM-01 was at the hot loop. The control of this run lies within half a standard deviation of its mean; the calibration is booked.",
      state: "asked",
      asked_name: analysts[1],
    };
    return [{ row, fields: { resultId: id, gate: row.gate, reason: row.reason } }];
  });
  await insertAll(tx, "lab.gate_override", "lab.gate_override.ask", asked);
}
