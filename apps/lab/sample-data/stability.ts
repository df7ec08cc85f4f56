import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import type { Tx } from "@probity/kernel";
import { insertAll, type NewRow } from "../bulk.ts";
import type { Definition } from "../definition.ts";
import { query } from "../query.ts";
import { currentMethods, currentSpecifications } from "../actions/frozen.ts";
import { createSchedule } from "../actions/schedule-change.ts";
import { freezeEvaluation } from "../actions/stability-evaluate.ts";
import { addDays, addMonths, dayIn, slotsBetween } from "../schedule/rhythm.ts";
import type { Protocol } from "../statistic/study-plan.ts";
import { bringInStudy } from "./bring-in-study.ts";
import { onWorkday } from "./calendar.ts";
import { Draw } from "./draw.ts";
import { analysts, head, reviewers } from "./people.ts";

type Work = <T>(permission: string, run: (tx: Tx) => Promise<T>) => Promise<T>;
export const stabilityPermissions = ["lab.schedule.change", "lab.study.evaluate"];
const zone = "Europe/Berlin";
export const stabilityProduct = "CTZ-TAB";
const product = stabilityProduct;
const number = (key: string, name: string, decimals: number): Definition["analytes"][number] => ({
  key,
  name,
  unit: "%",
  kind: "number",
  decimals,
  rule: "half-up",
});
const methods: readonly { code: string; title: string; definition: Definition }[] = [
  {
    code: "CHE-20",
    title: "Cetirizine tablets, assay and related substances",
    definition: {
      reference: "HPLC, 230 nm",
      fields: [],
      analytes: [number("assay", "Assay", 1), number("impurities", "Total impurities", 2)],
    },
  },
  {
    code: "CHE-21",
    title: "Dissolution, 30 minutes",
    definition: { reference: "paddle, 50 rpm", fields: [], analytes: [number("dissolution", "Dissolution", 0)] },
  },
  {
    code: "CHE-22",
    title: "Water, Karl Fischer",
    definition: { reference: "coulometric", fields: [], analytes: [number("water", "Water", 1)] },
  },
  {
    code: "CHE-23",
    title: "Appearance of tablets",
    definition: {
      reference: "visual",
      fields: [],
      analytes: [
        {
          key: "appearance",
          name: "Appearance",
          unit: "",
          kind: "text",
          decimals: null,
          rule: "half-up",
          choices: ["white, biconvex", "off-white, biconvex", "discoloured"],
        },
      ],
    },
  },
];
const limits = [
  { method: "CHE-23", analyte: "appearance", texts: ["white, biconvex", "off-white, biconvex"] },
  { method: "CHE-20", analyte: "assay", low: "95.0", high: "105.0" },
  { method: "CHE-20", analyte: "impurities", high: "0.50" },
  { method: "CHE-21", analyte: "dissolution", low: "80" },
  { method: "CHE-22", analyte: "water", high: "5.0" },
];
const content: Protocol = {
  zone,
  keeping: "room",
  container: "PVC/PVDC blister in carton, 10 × 10",
  orientation: "horizontal",
  windowBefore: 7,
  windowAfter: 14,
  assays: ["assay"],
  batches: ["CTZ2501A", "CTZ2502A", "CTZ2503A"],
  conditions: [
    { key: "initial", title: "Initial", kind: "initial", months: [0], units: 4 },
    { key: "c25", title: "25 °C/60 % RH", kind: "long-term", months: [3, 6, 9, 12, 18, 24], units: 4 },
    { key: "c30", title: "30 °C/65 % RH", kind: "intermediate", months: [6, 9, 12], units: 4 },
    { key: "c40", title: "40 °C/75 % RH", kind: "accelerated", months: [3, 6], units: 4 },
  ],
};
/** What a month changes under a condition: assay falls, impurities and water rise. */
const rates: Readonly<Record<string, readonly [assay: number, impurities: number, dissolution: number, water: number]>> = {
  initial: [0, 0, 0, 0],
  c25: [-0.09, 0.0095, -0.12, 0.018],
  c30: [-0.15, 0.016, -0.2, 0.03],
  c40: [-0.42, 0.041, -0.6, 0.11],
};

/** A tablet under stability with 18 months behind it, and two schedules: one with its past, one that begins today. */
export async function loadStability(work: Work): Promise<void> {
  const fresh = await work("lab.master.change", layMaster);
  if (!fresh) return;
  const study = await work("lab.history.load", layStudy);
  await work("lab.study.evaluate", (tx) => freezeEvaluation(tx, study, { analyte: "assay", condition: "c25" }));
  await work("lab.history.load", layPastSchedule);
  await work("lab.schedule.change", layWater);
}

async function layMaster(tx: Tx): Promise<boolean> {
  if (await tx.first(query.selectFrom("lab.product").select("id").where("code", "=", product))) return false;
  const insert = (table: Parameters<typeof insertAll>[1], rows: NewRow["row"][]) =>
    insertAll(
      tx,
      table,
      `${table}.create`,
      rows.map((row) => ({ row, fields: { ...row } })),
    );
  const reason = "Sample data";
  const ids = new Map(methods.map(({ code }) => [code, uuidv7()]));
  const idOf = (code: string) => ids.get(code) ?? "";
  await insert(
    "lab.method",
    methods.map(({ code, title }) => ({ id: idOf(code), code, title })),
  );
  await insert(
    "lab.method_version",
    methods.map(({ code, definition }) => ({ id: uuidv7(), method_id: idOf(code), number: 1, definition, reason })),
  );
  const [productId, specificationId] = [uuidv7(), uuidv7()];
  const description = "In PVC/PVDC blisters. Under stability since its first three batches.";
  await insert("lab.product", [
    { id: productId, code: product, name: "Cetirizine tablets 10 mg", kind: "finished", description },
  ]);
  await insert("lab.specification", [
    { id: specificationId, product_id: productId, code: "SPC-CTZ-SL", title: "Cetirizine tablets, shelf life" },
  ]);
  const kept = limits.map(({ method, ...limit }) => ({ ...limit, compare: "rounded", methodId: idOf(method) }));
  await insert("lab.specification_version", [
    { id: uuidv7(), specification_id: specificationId, number: 1, limits: kept, reason },
  ]);
  return true;
}

async function layStudy(tx: Tx): Promise<string> {
  const specification = [...(await currentSpecifications(tx)).values()].find(({ code }) => code === "SPC-CTZ-SL");
  if (specification === undefined) throw new Error("The shelf-life specification is not there");
  const draw = new Draw(20_250_501);
  const today = dayIn(zone, new Date());
  // The first batch is through its 18 months, the second is overdue, the third is due in these days.
  const begun = [-12, -22, 2].map((days) => onWorkday(addDays(addMonths(today, -18), days)));
  const levels = [100.3, 99.8, 100.6];
  const { id } = await bringInStudy(tx, {
    title: "Cetirizine tablets 10 mg, blister, shelf life",
    productId: specification.productId,
    specification,
    methods: await currentMethods(tx),
    content,
    reason: "First three production batches",
    writtenBy: analysts[1],
    approvedBy: head,
    batches: content.batches.map((lot, at) => ({ lot, startedOn: begun[at] ?? today, startedBy: analysts[0] })),
    units: (condition) => (condition === "initial" ? 4 : condition === "c25" ? 40 : 24),
    place: (condition) => (condition === "initial" ? "Laboratory" : `Chamber ${condition.slice(1)}, shelf ${draw.whole(1, 4)}`),
    pulled: ({ lot, months, condition }) => {
      if (months > 18 || (months === 18 && lot !== "CTZ2501A")) return null;
      if (lot === "CTZ2502A" && months === 9 && condition === "c25")
        return { onDay: 18, by: analysts[0], reason: "The chamber was under requalification until this day." };
      return { onDay: months === 0 ? 0 : draw.whole(-2, 5), by: draw.one(analysts), reason: null };
    },
    value: ({ lot, months, condition, analyte }) => {
      const at = content.batches.indexOf(lot);
      const [assay, impurities, dissolution, water] = rates[condition] ?? [0, 0, 0, 0];
      if (analyte === "assay") return draw.normal((levels[at] ?? 100) + assay * months, 0.22).toFixed(2);
      if (analyte === "impurities") return Math.max(draw.normal(0.08 + 0.01 * at + impurities * months, 0.006), 0.02).toFixed(3);
      if (analyte === "dissolution") return draw.normal(96 + dissolution * months, 0.9).toFixed(1);
      if (analyte === "water") return draw.normal(2.6 + 0.1 * at + water * months, 0.06).toFixed(2);
      return condition === "c40" && months === 6 ? "off-white, biconvex" : "white, biconvex";
    },
    analyst: () => draw.one(analysts),
    reviewer: () => draw.one(reviewers),
    verified: () => true,
  });
  return id;
}

/** Plates of the filling room, every Tuesday and Thursday, with the samples of the past weeks as its slots. */
async function layPastSchedule(tx: Tx): Promise<void> {
  const specification = [...(await currentSpecifications(tx)).values()].find(({ code }) => code === "SPC-ENV-C");
  const points = await tx.all(
    query.selectFrom("lab.sampling_point").select("id").where("code", "in", ["ENV-C1", "ENV-C2"]).orderBy("code"),
  );
  if (specification === undefined || points.length === 0) return;
  const name = "Filling room, settle plates";
  const [id, versionId] = [uuidv7(), uuidv7()];
  const now = new Date();
  const today = dayIn(zone, now);
  const rhythm = { kind: "weekdays" as const, days: [2, 4] };
  const table = { rhythm, zone, dueTime: "10:00", fromOn: addDays(today, -27), untilOn: null };
  const pointIds = points.map((point) => point.id);
  await insertAll(tx, "lab.schedule", "lab.schedule.create", [{ row: { id, name }, fields: { name } }]);
  await insertAll(tx, "lab.schedule_version", "lab.schedule_version.create", [
    {
      row: {
        id: versionId,
        schedule_id: id,
        number: 1,
        product_id: specification.productId,
        specification_id: specification.specificationId,
        point_ids: pointIds,
        rhythm,
        zone,
        due_time: table.dueTime,
        from_on: table.fromOn,
        until_on: null,
        ahead_days: 1,
        grace_minutes: 240,
        missed: "mark",
        running: true,
        effective_at: new Date(now.getTime() - 27 * 86_400_000).toISOString(),
        reason: "Monitoring plan of the filling room",
      },
      fields: { number: 1 },
    },
  ]);
  const taken = await tx.all(
    query
      .selectFrom("lab.sample")
      .select(["id", "sampling_point_id as point", sql<string>`(sampled_at at time zone ${zone})::date::text`.as("on")])
      .where("sampling_point_id", "in", pointIds)
      .where("product_id", "=", specification.productId)
      .where("brought_in", "=", true),
  );
  const past = slotsBetween(table, table.fromOn, addDays(today, -1)).filter(({ dueAt }) => dueAt < now);
  const skipped = past.findLast(({ on }) => !taken.some((sample) => sample.on === on))?.on;
  const rows = past.flatMap(({ on, dueAt }) =>
    pointIds.flatMap((point) => {
      const sample = taken.find((each) => each.on === on && each.point === point);
      if (sample === undefined && on !== skipped) return [];
      const outcome = sample === undefined ? "skipped" : "registered";
      const row = {
        id: uuidv7(),
        schedule_id: id,
        schedule_version_id: versionId,
        slot_on: on,
        point_id: point,
        due_at: dueAt.toISOString(),
        outcome,
        late: false,
        reason: sample === undefined ? "No filling on this day." : null,
        sample_id: sample?.id ?? null,
      };
      return [{ row, fields: { schedule: name, on } }];
    }),
  );
  await insertAll(tx, "lab.schedule_slot", "lab.schedule_slot.bring_in", rows);
}

async function layWater(tx: Tx): Promise<void> {
  const specification = [...(await currentSpecifications(tx)).values()].find(({ code }) => code === "SPC-WFI");
  const points = await tx.all(
    query.selectFrom("lab.sampling_point").select("id").where("code", "in", ["WFI-01", "WFI-03", "WFI-05"]).orderBy("code"),
  );
  if (specification === undefined || points.length === 0) return;
  const said = {
    productId: specification.productId,
    specificationId: specification.specificationId,
    pointIds: points.map(({ id }) => id),
    rhythm: { kind: "weekdays" as const, days: [1, 2, 3, 4, 5] },
    zone,
    dueTime: "09:00",
    fromOn: dayIn(zone, new Date()),
    untilOn: null,
    aheadDays: 2,
    graceMinutes: 240,
    missed: "catch-up" as const,
  };
  await createSchedule(tx, "WFI loop, points of use", said, "Monitoring plan of the water system");
}
