import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import type { TestAnswer, TestCaller, TestPerson } from "@probity/kernel/testing";
import { insertAll } from "../bulk.ts";
import { query } from "../query.ts";
import { phDefinition, received, resultOf, sampleOf, type LabWorld } from "./world.ts";

export const day = (ahead: number) => new Date(Date.now() + ahead * 86_400_000).toISOString().slice(0, 10);

/** The id of what was made; throws with the answer where nothing was. */
export async function made(by: TestCaller, path: string, body: unknown): Promise<string> {
  const answer = await by("POST", path, { body });
  if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${answer.text}`);
  return String(answer.body["id"]);
}

/** A version of the world's pH method that asks for a pH meter, a buffer and training; answers its id. */
export async function declareGates(world: LabWorld, declared: Record<string, unknown>): Promise<string> {
  const definition = { ...phDefinition, ...declared };
  return made(world.as.admin, `/api/lab/methods/${world.ph}/versions`, { reason: "Gates", definition });
}

/** An instrument with a calibration on record. */
export async function instrumentOf(world: LabWorld, number: string, kind = "ph-meter"): Promise<string> {
  const id = await made(world.as.admin, "/api/lab/instruments", { number, kind, name: number, calibrationMonths: 6 });
  await calibrated(world, id);
  return id;
}
export function calibrated(world: LabWorld, id: string, more: Record<string, unknown> = {}, by = world.as.reviewer) {
  const body = { act: "calibration", performedOn: day(-1), outcome: "pass", reference: "CAL-1", ...more };
  return by("POST", `/api/lab/instruments/${id}/events`, { body });
}

/** A lot of 10 that is released. */
export async function lotOf(world: LabWorld, materialId: string, number: string, more: Record<string, unknown> = {}) {
  const id = await made(world.as.technician, "/api/lab/lots", {
    materialId,
    number,
    supplier: "Merck",
    certificate: "COA-1",
    receivedOn: day(-40),
    expiresOn: day(200),
    quantity: "10",
    ...more,
  });
  await made(world.as.reviewer, `/api/lab/lots/${id}/decide`, { act: "released" });
  return id;
}

/** A sample with its pH on a worksheet that names these, entered by the technician. */
export async function measured(
  world: LabWorld,
  named: { instrumentIds: readonly string[]; lotIds: readonly string[] },
  by = world.as.technician,
) {
  const [sampleId = ""] = await received(world, 1, { specificationId: null, methodIds: [world.ph] });
  const open = await resultOf(by, sampleId, "ph");
  const sheet = await made(world.as.technician, "/api/lab/worksheets", { title: "pH", resultIds: [open.id] });
  await made(world.as.technician, `/api/lab/worksheets/${sheet}/setup`, { ...named, basedOn: 0 });
  await enter(world, sampleId, "6.5", by);
  const resultId = open.id;
  return {
    sampleId,
    sheet,
    resultId,
    verify: async (who = world.as.reviewer) =>
      who("POST", `/api/lab/samples/${sampleId}/verify`, { version: (await sampleOf(who, sampleId)).version }),
  };
}

export async function enter(
  world: LabWorld,
  sampleId: string,
  text: string,
  by = world.as.technician,
  reason?: string,
) {
  const row = await resultOf(by, sampleId, "ph");
  const answer = await by("POST", "/api/lab/results/save", {
    body: { rows: [{ id: row.id, version: row.version, text, ...(reason === undefined ? {} : { reason }) }] },
  });
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
}

/** The tokens that a refusal names. */
export function tokensIn(answer: TestAnswer): string[] {
  const parsed: { holds?: { token: string }[] } = JSON.parse(answer.text);
  return (parsed.holds ?? []).map((each) => each.token).toSorted();
}

/** One row of one's own, past the routes, under a permission one holds and with its leaf. */
export function planted(
  world: LabWorld,
  person: TestPerson,
  permission: string,
  table: Parameters<typeof insertAll>[1],
  row: Record<string, unknown>,
): Promise<void> {
  return world.server.kernel.door.work(person.session, permission, (tx) =>
    insertAll(tx, table, `${table}.test`, [{ row: { id: uuidv7(), ...row }, fields: {} }]),
  );
}

/** One change of one's own, likewise. */
export function changed(
  world: LabWorld,
  person: TestPerson,
  permission: string,
  table: string,
  row: { id: string; version: number },
  set: string,
) {
  return world.server.kernel.door.work(person.session, permission, async (tx) => {
    await tx.record({ action: `${table}.test`, record: table, rowId: row.id, version: row.version + 1 });
    const statement = sql`update ${sql.table(table)} set ${sql.raw(set)} where id = ${row.id} returning id`;
    return tx.all({ compile: () => statement.compile(query) });
  });
}

/** Verifies a sample's pH by a statement of one's own. */
export async function verifyBySql(world: LabWorld, sampleId: string, who = world.reviewer) {
  const row = await resultOf(world.as.reader, sampleId, "ph");
  return changed(world, who, "lab.result.verify", "lab.result", row, "state = 'verified'");
}

/** What holds a sample's results, and the overrides of them. */
export async function overridesOf(world: LabWorld, sampleId: string) {
  const answer = await world.as.reader("GET", `/api/lab/gates?sample=${sampleId}`);
  const parsed: {
    items: { gate: string; passed: boolean }[];
    overrides: { id: string; version: number; state: string }[];
  } = JSON.parse(answer.text);
  return parsed;
}

/** Asks for an override of one result. */
export async function asked(world: LabWorld, resultId: string, gate = "instrument", by = world.as.technician) {
  const body = { resultIds: [resultId], gate, reason: "Checked by hand" };
  const answer = await by("POST", "/api/lab/overrides", { body });
  const [id = ""] = JSON.parse(answer.text).ids ?? [];
  return { status: answer.status, code: answer.body["code"], id: String(id) };
}

/** Confirms overrides, with the fresh proof that is asked for. */
export function confirm(world: LabWorld, ids: string[], by = world.as.reviewer) {
  return by("POST", "/api/lab/overrides/decide", { body: { ids, confirmed: true } });
}
