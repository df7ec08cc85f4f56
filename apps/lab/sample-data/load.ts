import { randomUUIDv7 as uuidv7 } from "node:crypto";
import type { Job, Kernel, Tx } from "@probity/kernel";
import { insertAll, type NewRow } from "../bulk.ts";
import { query } from "../query.ts";
import { currentMethods } from "../actions/frozen.ts";
import { registerSamples, type NewSample } from "../actions/register.ts";
import { receiveSamples } from "../actions/sample-route.ts";
import { saveResults } from "../actions/save-result.ts";
import { makeWorksheet } from "../actions/worksheet-route.ts";
import { loadCharts } from "./chart.ts";
import { certificatePermissions, loadCertificates, loadCustomers } from "./certificate.ts";
import { loadStability, stabilityPermissions } from "./stability.ts";
import { Draw } from "./draw.ts";
import { historyDays, loadHistory } from "./history.ts";
import { loadInspector } from "./inspector.ts";
import { loadInstruments, nameToday } from "./instrument.ts";
import { known } from "./known.ts";
import { methods, points, products } from "./laboratory.ts";
import { loadUncertainty } from "./uncertainty.ts";

export const sampleSteps = 3;
export const samplePermissions = [
  ...certificatePermissions,
  "lab.master.change",
  "lab.history.load",
  "lab.sample.register",
  "lab.sample.receive",
  "lab.worksheet.change",
  "lab.result.enter",
  ...stabilityPermissions,
  "lab.review.change",
];
const chartDays = 112;
const dayMs = 86_400_000;

/** Lays the sample laboratory in, in three steps that are each there or not: what is tested and how, a year of history, today. */
export async function loadLaboratory(kernel: Kernel, job: Job): Promise<void> {
  const work = <T>(permission: string, run: (tx: Tx) => Promise<T>) => kernel.door.work(job.credential, permission, run);
  await job.report("methods and limits", 0, sampleSteps);
  await work("lab.master.change", layMaster);
  await job.report("history", 1, sampleSteps);
  await work("lab.history.load", loadInstruments);
  await work("lab.history.load", loadCustomers);
  await work("lab.history.load", (tx) => loadUncertainty(tx, historyDays));
  await work("lab.history.load", loadHistory);
  await work("lab.history.load", (tx) => loadCharts(tx, chartDays));
  await loadCertificates(work);
  await job.report("today", 2, sampleSteps);
  await layToday(work);
  await loadStability(work);
  await loadInspector(work);
  await job.report("today", 3, sampleSteps);
}

async function layMaster(tx: Tx): Promise<void> {
  if (await tx.first(query.selectFrom("lab.product").select("id").limit(1))) return;
  const insert = (table: Parameters<typeof insertAll>[1], rows: NewRow["row"][]) =>
    insertAll(tx, table, `${table}.create`, rows.map((row) => ({ row, fields: { ...row } })));
  const methodIds = new Map(methods.map(({ code }) => [code, uuidv7()]));
  const methodId = (code: string) => methodIds.get(code) ?? "";
  const reason = "Sample data";
  await insert("lab.method", methods.map(({ code, title }) => ({ id: methodId(code), code, title })));
  await insert(
    "lab.method_version",
    methods.map(({ code, definition }) => ({ id: uuidv7(), method_id: methodId(code), number: 1, definition, reason })),
  );
  await insert("lab.sampling_point", points.map(({ code, name, location }) => ({ id: uuidv7(), code, name, location })));
  for (const { specification, limits, code, name, kind, description } of products) {
    const [productId, specificationId] = [uuidv7(), uuidv7()];
    await insert("lab.product", [{ id: productId, code, name, kind, description }]);
    await insert("lab.specification", [{ id: specificationId, product_id: productId, ...specification }]);
    const kept = limits.map(({ method, usual: _, ...limit }) => ({ ...limit, methodId: methodId(method) }));
    await insert("lab.specification_version", [{ id: uuidv7(), specification_id: specificationId, number: 1, limits: kept, reason }]);
  }
}

type Work = <T>(permission: string, run: (tx: Tx) => Promise<T>) => Promise<T>;

/** The present day, by the same acts as anybody's: some registered, some received, a worksheet half filled, some to verify. */
async function layToday(work: Work): Promise<void> {
  const draw = new Draw(7);
  const day = (ahead: number) => new Date(Date.now() + ahead * dayMs).toISOString().slice(0, 10);
  const made = await work("lab.sample.register", async (tx) => {
    const there = await tx.first(query.selectFrom("lab.sample").select("id").where("brought_in", "=", false).limit(1));
    if (there) return [];
    const all = await known(tx);
    const wanted = (code: string, point: string | null, lot: string | null, due: number, urgent = false): NewSample => ({
      productId: all.products.get(code) ?? "",
      samplingPointId: point === null ? null : (all.points.get(point) ?? null),
      lot,
      dueOn: day(due),
      priority: urgent ? "urgent" : "routine",
      sampledAt: new Date(Date.now() - draw.whole(2, 40) * 3_600_000).toISOString(),
      sampledBy: point === null ? "Production" : "Utilities",
    });
    return registerSamples(tx, [
      ...["WFI-01", "WFI-02", "WFI-03", "WFI-04", "WFI-05", "WFI-06"].map((point, index) => wanted("WFI", point, null, index < 2 ? 0 : 3)),
      ...["PW-01", "PW-02", "PW-03", "PW-04"].map((point) => wanted("PW", point, null, 4)),
      wanted("PCM-SYR", null, "PCM2701A", 0, true),
      wanted("PCM-SYR", null, "PCM2702A", 2),
      wanted("SLB-SYR", null, "SLB2701B", 1),
      wanted("RM-PCM", null, "RM-26-118", 5),
      wanted("ENV-C", "ENV-C1", null, 4),
      wanted("ENV-C", "ENV-C2", null, 4),
    ]);
  });
  if (made.length === 0) return;
  const received = made.slice(0, 13).map((each) => each.id);
  await work("lab.sample.receive", (tx) => receiveSamples(tx, received, "Fridge 2", "intact, 5 °C"));
  const open = await work("lab.worksheet.change", (tx) => layRuns(tx, received));
  await work("lab.worksheet.change", nameToday);
  const all = await work("lab.result.enter", known);
  // Two syrups and one water are through, one of them out of specification and waiting for somebody to look.
  const done = new Set([received[0], received[10], received[12]]);
  await work("lab.result.enter", async (tx) => {
    const entries = open.flatMap((row) => {
      if (row.kind !== "sample") return [{ id: row.id, version: row.version, text: ownRows.find((own) => row.name.startsWith(own.name))?.text ?? "" }];
      if (!done.has(row.sample_id ?? "")) return row.analyte === "conductivity" && received.indexOf(row.sample_id ?? "") < 4 ? [{ id: row.id, version: row.version, text: `0.${draw.whole(71, 94)}` }] : [];
      const product = products.find((each) => each.limits.some((limit) => limit.analyte === row.analyte) && productOf(received.indexOf(row.sample_id ?? "")) === each.code);
      const limit = product?.limits.find((each) => each.analyte === row.analyte);
      const method = [...all.methods.values()].find((each) => each.code === limit?.method);
      if (limit === undefined || method === undefined) return [];
      const usual = draw.value(limit.usual, method, row.analyte, 0.4);
      const drawn = row.sample_id === received[10] && row.analyte === "ph" ? { text: "5.62", interim: null } : row.sample_id === received[12] && row.analyte === "assay" ? nearLimit : usual;
      return [
        drawn.interim === null
          ? { id: row.id, version: row.version, text: drawn.text }
          : { id: row.id, version: row.version, interim: drawn.interim },
      ];
    });
    await saveResults(tx, entries);
  });
}

/** 104.4 % against 105.0 %, where its uncertainty of 1.2 % reaches over the limit: a conditional pass. */
const nearLimit = { text: "", interim: { area: "158688", standard: "152000", conc: "0.240", label: "0.240" } };

function productOf(index: number): string {
  return index < 6 ? "WFI" : index < 10 ? "PW" : index < 12 ? "PCM-SYR" : "SLB-SYR";
}

/** Rows of the runs' own: on the charts of their lots where there is one. The control of TOC warns, and the run goes on. */
const ownRows = [
  { method: "CHE-01", kind: "blank", name: "Rinse", text: "0.06", limit: { analyte: "conductivity", high: "0.10" } },
  { method: "CHE-01", kind: "control", name: "Potassium chloride 5 µS/cm", text: "4.98", limit: { analyte: "conductivity", low: "4.75", high: "5.25" } },
  { method: "CHE-02", kind: "blank", name: "Reagent water", text: "24", limit: { analyte: "toc", high: "50" } },
  { method: "CHE-02", kind: "control", name: "Sucrose 100 µg/L", text: "109", limit: { analyte: "toc", low: "88", high: "112" } },
  { method: "CHE-02", kind: "control", name: "Sucrose 500 µg/L", text: "497", limit: { analyte: "toc", low: "464", high: "536" } },
] as const;

/** Two runs over the water that came in, conductivity and TOC, each with its blank and controls. Answers what may be entered. */
async function layRuns(tx: Tx, received: readonly string[]) {
  const rows = await tx.all(
    query.selectFrom("lab.result").select(["id", "analyte"]).where("sample_id", "in", [...received]).where("state", "=", "open").orderBy("id"),
  );
  const methods = [...(await currentMethods(tx)).values()];
  const charts = await tx.all(query.selectFrom("lab.control_chart").select(["id", "material"]).where("state", "=", "in-use"));
  for (const [code, analyte, title] of [
    ["CHE-01", "conductivity", "Conductivity, water loops"],
    ["CHE-02", "toc", "TOC, water loops"],
  ] as const) {
    const method = methods.find((each) => each.code === code);
    if (method === undefined) continue;
    // oxlint-disable-next-line no-await-in-loop -- two, over one connection
    await makeWorksheet(tx, {
      title,
      resultIds: rows.filter((row) => row.analyte === analyte).map((row) => row.id),
      extra: ownRows
        .filter((own) => own.method === code)
        .map(({ kind, name, limit }) => {
          const chart = charts.find((each) => each.material === name);
          return { kind, methodId: method.methodId, name, limit: { ...limit, compare: "entered" as const }, ...(chart === undefined ? {} : { chartId: chart.id }) };
        }),
    });
  }
  return tx.all(
    query
      .selectFrom("lab.result")
      .select(["id", "version", "sample_id", "analyte", "kind", "name"])
      .where("state", "=", "open")
      .where((where) => where.or([where("sample_id", "in", [...received]), where("worksheet_id", "is not", null)]))
      .orderBy("id"),
  );
}
