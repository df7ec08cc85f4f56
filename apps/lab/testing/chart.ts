import type { TestCaller } from "@probity/kernel/testing";
import { openHolds } from "../actions/gate.ts";
import { query } from "../query.ts";
import { sampleOf, type LabWorld } from "./world.ts";

/** A method that asks for a control in each run, and who works with it. */
export type ChartWorld = {
  readonly lab: LabWorld;
  readonly method: string;
  readonly analyte: string;
};

const definition = (quality: object | null) => ({
  fields: [],
  analytes: [
    { key: "cond", name: "Conductivity", unit: "µS/cm", kind: "number", decimals: 2, rule: "half-up" },
    { key: "toc", name: "TOC", unit: "µg/L", kind: "number", decimals: 0, rule: "half-up", quantification: "20" },
  ],
  ...(quality === null ? {} : { quality }),
});

/** A method that declares quality control as told; null declares none. */
export async function qualityMethod(
  lab: LabWorld,
  code: string,
  quality: object | null = { controls: 1, blank: false, analytes: ["cond"] },
): Promise<ChartWorld> {
  const method = String((await ok(lab.as.admin, "POST", "/api/lab/methods", { code, title: "Conductivity" }))["id"]);
  await ok(lab.as.admin, "POST", `/api/lab/methods/${method}/versions`, {
    reason: "New",
    definition: definition(quality),
  });
  return { lab, method, analyte: "cond" };
}

/** The chart of a lot of a control material. */
export async function chartOf(
  { lab, method, analyte }: ChartWorld,
  lot: string,
  more: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const body = { methodId: method, analyte, kind: "control", material: "KCl 5 µS/cm", lot, runs: 10, ...more };
  return String((await ok(lab.as.technician, "POST", "/api/lab/charts", body))["id"]);
}

/** Limits of a certificate, proposed by the technician and frozen by the reviewer. */
export async function frozen(
  { lab }: ChartWorld,
  chart: string,
  values: Readonly<Record<string, string>> = { mean: "5.00", deviation: "0.10" },
): Promise<string> {
  const proposed = await ok(lab.as.technician, "POST", `/api/lab/charts/${chart}/limits`, {
    source: "certificate",
    certificate: "CoA 4711",
    reason: "New lot",
    ...values,
  });
  const id = String(proposed["id"]);
  await ok(lab.as.reviewer, "POST", `/api/lab/chart-limits/${id}/decide`, { frozen: true, reason: "Checked" }, 1);
  return id;
}

/** One row of a worksheet's own. */
export type OwnRow = { readonly chart?: string; readonly kind?: "control" | "blank"; readonly text?: string };

/** A run of one received sample with these controls; the sample's value and those controls that have one are entered. */
export async function run({ lab, method, analyte }: ChartWorld, own: readonly OwnRow[], value = "0.80") {
  const { technician } = lab.as;
  const made = await ok(technician, "POST", "/api/lab/samples", {
    samples: [{ productId: lab.other, methodIds: [method] }],
  });
  const [sample] = list(made["items"]);
  const sampleId = String(sample?.["id"]);
  await ok(technician, "POST", "/api/lab/samples/receive", { ids: [sampleId] });
  const result = (await sampleOf(technician, sampleId)).results.find((each) => each.analyte === analyte);
  const other = (await sampleOf(technician, sampleId)).results.find((each) => each.analyte !== analyte);
  if (result === undefined || other === undefined) throw new Error("no result");
  const sheet = await ok(technician, "POST", "/api/lab/worksheets", {
    title: "Conductivity",
    resultIds: [result.id],
    extra: own.map((each) => ({
      kind: each.kind ?? "control",
      methodId: method,
      name: "Control",
      ...(each.chart === undefined ? {} : { chartId: each.chart }),
      limit: { analyte, high: "100", compare: "entered" },
    })),
  });
  const id = String(sheet["id"]);
  const rows = await rowsOf(technician, id);
  const controls = rows.filter((row) => row.kind !== "sample");
  const placed = rows.find((row) => row.kind === "sample");
  const entries = [
    ...own.flatMap(({ text }, index) => {
      const row = controls[index];
      return text === undefined || row === undefined ? [] : [{ id: row.id, version: row.version, text }];
    }),
    { id: placed?.id ?? "", version: placed?.version ?? 0, text: value },
    { id: other.id, version: other.version, text: "110" },
  ];
  await ok(technician, "POST", "/api/lab/results/save", { rows: entries });
  return {
    id,
    sampleId,
    resultId: result.id,
    controlIds: controls.map((row) => row.id),
    /** What the gates say of the sample's result, in words. */
    holds: async () => {
      const held = await lab.server.kernel.door.work(lab.reader.session, "lab.sample.read", async (tx) =>
        openHolds(
          tx,
          await tx.all(
            query
              .selectFrom("lab.result")
              .select(["id", "worksheet_id", "method_version_id", "entered_by", "entered_at"])
              .where("id", "=", result.id),
          ),
        ),
      );
      return held.map(({ reason }) => reason).join(" ");
    },
    /** What the reviewer is answered who verifies the sample. */
    verify: async () =>
      lab.as.reviewer("POST", `/api/lab/samples/${sampleId}/verify`, {
        version: (await sampleOf(lab.as.reviewer, sampleId)).version,
      }),
  };
}

export type ShownRow = { id: string; version: number; kind: string; name: string; text: string | null; state: string };
/** The rows of a worksheet, in its order. */
export async function rowsOf(by: TestCaller, sheet: string): Promise<ShownRow[]> {
  const answer = await by("GET", `/api/lab/worksheets/${sheet}`);
  return JSON.parse(answer.text).rows;
}

export type ShownPoint = {
  evaluationId: string;
  resultId: string;
  worksheet: string;
  text: string;
  z: number | null;
  limitNumber: number | null;
  outcome: string;
  violations: { rule: string; effect: string }[];
  earlier: { text: string; outcome: string }[];
  changed: boolean;
  notes: { kind: string; text: string; author: string }[];
};
export type ShownChart = {
  version: number;
  limits: {
    id: string;
    version: number;
    number: number;
    state: string;
    mean: string | null;
    deviation: string | null;
  }[];
  points: ShownPoint[];
};
/** A chart as the API shows it. */
export async function readChart(by: TestCaller, id: string, query = ""): Promise<ShownChart> {
  const answer = await by("GET", `/api/lab/charts/${id}${query}`);
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
  return JSON.parse(answer.text);
}

/** A call that must succeed. */
export async function ok(
  by: TestCaller,
  method: string,
  path: string,
  body?: unknown,
  version?: number,
): Promise<Record<string, unknown>> {
  const answer = await by(method, path, {
    ...(body === undefined ? {} : { body }),
    ...(version === undefined ? {} : { version }),
  });
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
  return answer.body;
}

function list(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value : [];
}
