import { randomUUIDv7 as uuidv7 } from "node:crypto";
import type { Tx } from "@probity/kernel";
import { nameForWorksheet } from "../actions/setup.ts";
import { insertAll, type NewRow } from "../bulk.ts";
import { query } from "../query.ts";
import { dayMs, dayOf, hourMs, iso, working, workdayBefore } from "./calendar.ts";
import { Draw } from "./draw.ts";
import { analysts, microbiologist, reviewer } from "./people.ts";

const day = (ahead: number) => dayOf(Date.now() + ahead * dayMs);

type SampleInstrument = {
  readonly number: string;
  readonly kind: string;
  readonly name: string;
  readonly make: string;
  readonly model: string;
  readonly location: string;
  readonly months: readonly [calibration: number | null, qualification: number | null, maintenance: number | null];
  /** How many days ago each was last done, in the same order. */
  readonly last: readonly [number, number, number];
};
const room = (name: string) => `QC laboratory, ${name}`;

/** Invented instruments: most in order, one overdue, one due soon, one on hold. */
export const instruments: readonly SampleInstrument[] = [
  { number: "CM-01", kind: "conductivity-meter", name: "Conductivity meter", make: "Mettler", model: "S230", location: room("bench 1"), months: [6, null, null], last: [48, 0, 0] },
  { number: "CM-02", kind: "conductivity-meter", name: "Conductivity meter, portable", make: "WTW", model: "3310", location: room("store"), months: [6, null, null], last: [191, 0, 0] },
  { number: "PH-01", kind: "ph-meter", name: "pH meter", make: "Mettler", model: "S220", location: room("bench 1"), months: [12, null, 12], last: [122, 0, 122] },
  { number: "TOC-01", kind: "toc-analyser", name: "TOC analyser", make: "Sievers", model: "M9", location: room("bench 2"), months: [12, 12, 6], last: [340, 200, 96] },
  { number: "HPLC-01", kind: "hplc", name: "Liquid chromatograph", make: "Agilent", model: "1260", location: room("bench 4"), months: [null, 12, 6], last: [0, 168, 20] },
  { number: "HPLC-02", kind: "hplc", name: "Liquid chromatograph", make: "Waters", model: "Arc", location: room("bench 4"), months: [null, 12, 6], last: [0, 301, 130] },
  { number: "BAL-01", kind: "balance", name: "Analytical balance", make: "Sartorius", model: "Cubis", location: room("weighing"), months: [12, 12, null], last: [75, 75, 0] },
  { number: "BAL-02", kind: "balance", name: "Top-loading balance", make: "Kern", model: "PES", location: room("weighing"), months: [12, null, null], last: [203, 0, 0] },
  { number: "OVN-01", kind: "oven", name: "Drying oven", make: "Binder", model: "FD 56", location: room("bench 3"), months: [12, 24, null], last: [88, 412, 0] },
  { number: "INC-01", kind: "incubator", name: "Incubator 30–35 °C", make: "Memmert", model: "IN 110", location: "Microbiology", months: [12, 12, null], last: [143, 143, 0] },
];

type SampleMaterial = {
  readonly code: string;
  readonly name: string;
  readonly kind: string;
  readonly unit: string;
  readonly opened: number | null;
  readonly storage: string;
  readonly supplier: string;
  /** Ordered when less than this may be used. */
  readonly order: number;
  /** Of each lot: days until its last day, received quantity, share that is left, and where it stands. */
  readonly lots: readonly (readonly [number: string, ends: number, quantity: number, left: number, state: string])[];
};
const materials: readonly SampleMaterial[] = [
  { code: "KCL-84", name: "Conductivity standard 84 µS/cm", kind: "reference-standard", unit: "mL", opened: 60, storage: "15–25 °C", supplier: "Hanna", order: 100, lots: [["7704", -35, 500, 0.04, "released"], ["7911", 210, 500, 0.7, "released"]] },
  { code: "BUF-4", name: "Buffer pH 4.01", kind: "solution", unit: "mL", opened: 90, storage: "15–25 °C", supplier: "Merck", order: 250, lots: [["HC31874", 330, 1000, 0.62, "released"]] },
  { code: "BUF-7", name: "Buffer pH 7.00", kind: "solution", unit: "mL", opened: 90, storage: "15–25 °C", supplier: "Merck", order: 250, lots: [["HC30211", 18, 1000, 0.12, "released"], ["HC34406", 420, 1000, 1, "received"]] },
  { code: "RS-PCM", name: "Paracetamol reference standard", kind: "reference-standard", unit: "mg", opened: null, storage: "2–8 °C, dry", supplier: "EDQM", order: 40, lots: [["5.0", 500, 200, 0.44, "released"]] },
  { code: "ACN", name: "Acetonitrile, gradient grade", kind: "reagent", unit: "mL", opened: 180, storage: "flammables", supplier: "VWR", order: 2000, lots: [["24B1201", 640, 10_000, 0.55, "released"], ["24A0904", 390, 5000, 0.3, "quarantined"]] },
  { code: "LAL", name: "LAL reagent, chromogenic", kind: "reagent", unit: "vials", opened: 14, storage: "2–8 °C", supplier: "Charles River", order: 10, lots: [["EX2203", 96, 40, 0.45, "released"]] },
  { code: "TSA", name: "Tryptic soy agar, plates", kind: "medium", unit: "plates", opened: null, storage: "2–8 °C", supplier: "bioMérieux", order: 60, lots: [["1010223470", -4, 200, 0.06, "released"], ["1010231180", 41, 200, 0.8, "released"]] },
];
type Row = NewRow["row"];
const told = (rows: readonly Row[]): NewRow[] => rows.map((row) => ({ row, fields: { ...row } }));

/** Lays instruments with their calibrations, and materials with their lots, in as they would be kept elsewhere. */
export async function loadInstruments(tx: Tx): Promise<void> {
  if (await tx.first(query.selectFrom("lab.instrument").select("id").limit(1))) return;
  const draw = new Draw(31);
  const machines: Row[] = [];
  const events: (Row & { stated_at: string })[] = [];
  for (const { number, kind, name, make, model, location, months, last } of instruments) {
    const id = uuidv7();
    const [calibration_months, qualification_months, maintenance_months] = months;
    const serial = `${draw.whole(100_000, 999_999)}`;
    machines.push({ id, number, kind, name, make, model, serial, location, calibration_months, qualification_months, maintenance_months });
    for (const [index, act] of (["calibration", "qualification", "maintenance"] as const).entries()) {
      const [every, ago] = [months[index] ?? null, last[index] ?? 0];
      if (every === null) continue;
      // The one before, and the last one.
      for (const [turn, back] of [ago + every * 30, ago].entries())
        events.push(performed(draw, { id, number, make }, { act, every, at: working(Date.now() - back * dayMs), turn }));
    }
    if (number === "HPLC-02")
      events.push({
        ...nothingPerformed,
        id: uuidv7(),
        instrument_id: id,
        act: "hold",
        reason: "Pressure ripple above 2 % since the pump seal was changed.",
        by_name: analysts[1],
        stated_at: iso(workdayBefore(Date.now(), 2, 8.6)),
      });
  }
  await insertAll(tx, "lab.instrument", "lab.instrument.create", told(machines));
  // In the order in which it happened: the database numbers the events of an instrument as they come.
  const inTime = events.toSorted((one, other) => one.stated_at.localeCompare(other.stated_at));
  await insertAll(tx, "lab.instrument_event", "lab.instrument_event.create", told(inTime));
  await layMaterials(tx, draw);
  await trainPeople(tx);
}

const nothingPerformed = { performed_on: null, due_on: null, outcome: null, reference: null, provider: null, reason: null };

function performed(
  draw: Draw,
  of: { readonly id: string; readonly number: string; readonly make: string },
  { act, every, at, turn }: { readonly act: "calibration" | "qualification" | "maintenance"; readonly every: number; readonly at: number; readonly turn: number },
) {
  const on = new Date(at);
  const due = new Date(at);
  due.setUTCMonth(due.getUTCMonth() + every, Math.min(on.getUTCDate(), 28));
  const series = { calibration: "DKD", qualification: "OQ", maintenance: "SR" }[act];
  return {
    id: uuidv7(),
    instrument_id: of.id,
    act,
    performed_on: dayOf(at),
    due_on: dayOf(due.getTime()),
    outcome: of.number === "BAL-02" && turn === 1 ? "adjusted" : "pass",
    reference: `${series}-${on.getUTCFullYear() % 100}-${draw.whole(1000, 9999)}`,
    provider: act === "calibration" ? "Kalibrierdienst Nord" : of.make,
    reason: null,
    by_name: reviewer,
    stated_at: iso(Math.min(working(at + 5 * hourMs), Date.now() - hourMs)),
  };
}

async function layMaterials(tx: Tx, draw: Draw): Promise<void> {
  const now = Date.now();
  const [kinds, lots, events, taken]: [Row[], Row[], Row[], Row[]] = [[], [], [], []];
  const by = [...analysts, microbiologist];
  for (const { code, name, kind, unit, opened, storage, supplier, order, lots: all } of materials) {
    const materialId = uuidv7();
    kinds.push({ id: materialId, code, name, kind, unit, after_opening_days: opened, storage, reorder_at: order });
    for (const [number, ends, quantity, left, state] of all) {
      const id = uuidv7();
      // What was not released yet came in lately.
      const came = working(now - (state === "received" ? 2 : draw.whole(60, 150)) * dayMs);
      const handled = draw.one(by);
      lots.push({ id, material_id: materialId, number, supplier, certificate: `CoA ${number}`, received_on: dayOf(came), expires_on: day(ends), after_opening_days: null, unit, content: null });
      const acts: [act: string, at: number, name: string][] = [["received", came, handled]];
      if (state !== "received") acts.push(["released", working(came + 26 * hourMs), reviewer]);
      if (code === "KCL-84" && ends > 0) acts.push(["opened", workdayBefore(now, 12, 7.5), handled]);
      if (state === "quarantined") acts.push(["quarantined", workdayBefore(now, 9, 10.2), handled]);
      for (const [act, at, who] of acts)
        events.push({ id: uuidv7(), lot_id: id, act, reason: act === "quarantined" ? "Ghost peak at 4.2 min in blanks; supplier asked." : null, by_name: who, stated_at: iso(Math.min(at, now - hourMs)) });
      const line = { lot_id: id, worksheet_id: null };
      taken.push({ ...line, id: uuidv7(), act: "received", quantity: String(quantity), purpose: null, by_name: handled, stated_at: iso(Math.min(came, now - hourMs)) });
      const parts = draw.whole(3, 6);
      const each = Math.floor((quantity * (1 - left)) / parts);
      for (let part = 0; each > 0 && part < parts; part += 1) {
        const at = working(now - 7 * (parts - part) * dayMs);
        taken.push({ ...line, id: uuidv7(), act: "used", quantity: String(-each), purpose: `Week of ${dayOf(at)}`, by_name: draw.one(by), stated_at: iso(Math.min(at, now - hourMs)) });
      }
    }
  }
  await insertAll(tx, "lab.material", "lab.material.create", told(kinds));
  await insertAll(tx, "lab.lot", "lab.lot.create", told(lots));
  await insertAll(tx, "lab.lot_event", "lab.lot_event.create", told(events));
  await insertAll(tx, "lab.consumption", "lab.consumption.create", told(taken));
}

/** Whoever is here already is trained on most of the methods; one training ends soon, some are missing. */
async function trainPeople(tx: Tx): Promise<void> {
  const people = await tx.all(query.selectFrom("kernel.membership").select(["id", "name"]).limit(20));
  const versions = await tx.all(
    query
      .selectFrom("lab.method_version as v")
      .innerJoin("lab.method as m", "m.id", "v.method_id")
      .select(["v.id", "m.code"])
      .where("v.number", "=", 1)
      .orderBy("m.code"),
  );
  const rows = people.flatMap((person) =>
    person.id === tx.who.actorId
      ? []
      : versions.slice(0, -2).map((version, index) => ({
          id: uuidv7(),
          person_id: person.id,
          method_version_id: version.id,
          way: index % 3 === 2 ? "examined" : "observed",
          evidence: `TR-26-${String(101 + index)}`,
          valid_until: day(index === 3 ? 24 : 400 + 11 * index),
          person_name: person.name,
          assessor_name: reviewer,
        })),
  );
  await insertAll(tx, "lab.training", "lab.training.create", rows.map((row) => ({ row, fields: { ...row } })));
}

/** What results that are brought in were made with, by their method: one set each. */
export async function loadSetups(tx: Tx): Promise<ReadonlyMap<string, string>> {
  const numbers = new Map((await tx.all(query.selectFrom("lab.instrument").select(["id", "number"]))).map((row) => [row.number, row.id]));
  const lots = new Map((await tx.all(query.selectFrom("lab.lot").select(["id", "number"]))).map((row) => [row.number, row.id]));
  const used: readonly (readonly [method: string, instruments: readonly string[], lots: readonly string[]])[] = [
    ["CHE-01", ["CM-01"], ["7911"]],
    ["CHE-02", ["TOC-01"], []],
    ["CHE-03", ["PH-01"], ["HC31874", "HC30211"]],
    ["CHE-10", ["HPLC-01", "BAL-01"], ["5.0", "24B1201"]],
  ];
  const made = used.map(([method, named, from]) => ({ method, named, from, id: uuidv7() }));
  await insertAll(
    tx,
    "lab.setup",
    "lab.setup.create",
    made.map(({ id, method }) => ({ row: { id, worksheet_id: null, number: 1, reason: null, by_name: reviewer }, fields: { method } })),
  );
  const items = made.flatMap(({ id, named, from }) =>
    [
      ...named.map((each) => ({ instrument_id: numbers.get(each) ?? null, lot_id: null })),
      ...from.map((each) => ({ instrument_id: null, lot_id: lots.get(each) ?? null })),
    ]
      .filter((each) => each.instrument_id !== null || each.lot_id !== null)
      .map((each) => ({ row: { id: uuidv7(), setup_id: id, ...each }, fields: each })),
  );
  await insertAll(tx, "lab.setup_item", "lab.setup_item.create", items);
  return new Map(made.map(({ method, id }) => [method, id]));
}

/** Says what a worksheet's results are made with, before anything is entered there. */
export async function nameOn(tx: Tx, worksheetId: string, instrument: string, lot: string): Promise<void> {
  const meter = await tx.first(query.selectFrom("lab.instrument").select("id").where("number", "=", instrument));
  const standard = await tx.first(query.selectFrom("lab.lot").select("id").where("number", "=", lot));
  if (!meter || !standard) return;
  await nameForWorksheet(tx, worksheetId, { instrumentIds: [meter.id], lotIds: [standard.id], basedOn: 0 });
}
