import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { doorProblem, type Tx } from "@probity/kernel";
import { insertAll } from "../bulk.ts";
import { readDecimal, sayDecimal } from "../calc/decimal.ts";
import { query } from "../query.ts";
import { instrumentProblem as problem } from "./instrument-error.ts";
import { printedName } from "./investigation-step.ts";
import { lots } from "./lot-read.ts";

export type NewLot = {
  readonly materialId: string;
  readonly number: string;
  readonly supplier: string;
  readonly certificate: string;
  readonly receivedOn: string;
  readonly expiresOn: string;
  readonly afterOpeningDays?: number | null | undefined;
  readonly content?: string | null | undefined;
  readonly quantity: string;
};

/** Receives a lot: its label, that it came in, and how much. It is used once another person released it. */
export async function receiveLot(tx: Tx, given: NewLot): Promise<string> {
  const material = await tx.first(
    query
      .selectFrom("lab.material")
      .select(["id", "unit"])
      .where("id", "=", given.materialId)
      .where("deleted_at", "is", null),
  );
  if (!material) throw doorProblem.not_found();
  const today = new Date().toISOString().slice(0, 10);
  if (given.receivedOn > today) throw problem.lot_wrong({ values: { why: "It can't have come in after today." } });
  if (given.expiresOn <= given.receivedOn)
    throw problem.lot_wrong({ values: { why: "Its last day lies before the day it came in." } });
  const there = await tx.first(
    query
      .selectFrom("lab.lot")
      .select("id")
      .where("material_id", "=", given.materialId)
      .where("supplier", "=", given.supplier)
      .where("number", "=", given.number),
  );
  if (there) throw problem.lot_there({ values: { number: given.number } });
  const quantity = quantityOf(given.quantity, 1);
  const id = uuidv7();
  const row = {
    material_id: given.materialId,
    number: given.number.trim(),
    supplier: given.supplier.trim(),
    certificate: given.certificate.trim(),
    received_on: given.receivedOn,
    expires_on: given.expiresOn,
    after_opening_days: given.afterOpeningDays ?? null,
    unit: material.unit,
    content: given.content ?? null,
  };
  await insertAll(tx, "lab.lot", "lab.lot.create", [{ row: { id, ...row }, fields: row }]);
  await addLotEvent(tx, id, "received", null);
  await addConsumption(tx, id, { act: "received", quantity });
  return id;
}

const stepsFrom: Readonly<Record<string, readonly string[]>> = {
  opened: ["received", "released", "quarantined"],
  released: ["received", "quarantined"],
  quarantined: ["released"],
  rejected: ["received", "released", "quarantined"],
};
const words: Readonly<Record<string, string>> = {
  received: "not released",
  released: "released",
  quarantined: "in quarantine",
  rejected: "rejected",
};

/** Opens, releases, puts away or rejects a lot; it is released by who neither received nor put it away. */
export async function changeLot(
  tx: Tx,
  id: string,
  act: "opened" | "released" | "quarantined" | "rejected",
  reason: string | null,
): Promise<string> {
  const lot = await requireLot(tx, id);
  const events = await tx.all(
    query
      .selectFrom("lab.lot_event")
      .select(["act", "created_by"])
      .where("lot_id", "=", id)
      .orderBy("sequence", "desc"),
  );
  const state = events.find((each) => each.act !== "opened")?.act ?? "received";
  const refuse = (next: string) =>
    problem.lot_step({ values: { number: lot.number, state: words[state] ?? state, next } });
  if (act === "opened" && events.some((each) => each.act === "opened")) throw refuse("It was opened before.");
  if (stepsFrom[act]?.includes(state) !== true) throw refuse("Read the page again.");
  if (act === "released") {
    const own = events.find(
      (each) => each.created_by === tx.who.actorId && (each.act === "received" || each.act === "quarantined"),
    );
    if (own !== undefined)
      throw problem.lot_own({
        values: { what: own.act === "received" ? "received" : "put away", number: lot.number },
      });
  }
  return addLotEvent(tx, id, act, reason);
}

export type Taken = {
  readonly act: "used" | "disposed" | "counted";
  /** What is taken, or for a count what is there. */
  readonly quantity: string;
  readonly worksheetId?: string | undefined;
  readonly purpose?: string | undefined;
};

/** Takes of a lot, or counts it anew; never below nothing, whoever takes at the same time. */
export async function takeOf(tx: Tx, id: string, taken: Taken): Promise<{ id: string; left: string }> {
  const lot = await requireLot(tx, id);
  const standing = await tx.first(lots().where("l.id", "=", id));
  const left = readDecimal(standing?.left ?? "0");
  if (left === undefined) throw new Error("A lot's balance is no number");
  if (taken.worksheetId === undefined && taken.purpose === undefined)
    throw problem.quantity_wrong({ values: { why: "Name the worksheet it was used for, or what else for." } });
  if (taken.worksheetId !== undefined) {
    const sheet = await tx.first(
      query
        .selectFrom("lab.worksheet")
        .select("id")
        .where("id", "=", taken.worksheetId)
        .where("deleted_at", "is", null),
    );
    if (!sheet) throw doorProblem.not_found();
  }
  let quantity: string;
  if (taken.act === "counted") {
    const there = readDecimal(quantityOf(taken.quantity, 0));
    if (there === undefined) throw problem.quantity_wrong({ values: { why: "A plain number is expected." } });
    quantity = difference(there, left);
    if (/^-?0(\.0*)?$/.test(quantity)) throw problem.quantity_wrong({ values: { why: "That is what is on record." } });
  } else quantity = `-${quantityOf(taken.quantity, 1)}`;
  // The lot is held: what was read of it is what is left.
  const after = readDecimal(quantity.replace("-", ""));
  if (quantity.startsWith("-") && after !== undefined && difference(left, after).startsWith("-"))
    throw problem.lot_short({ values: { number: lot.number, left: standing?.left ?? "0", unit: lot.unit } });
  const made = await addConsumption(tx, id, {
    act: taken.act,
    quantity,
    worksheetId: taken.worksheetId ?? null,
    purpose: taken.purpose ?? null,
  });
  const now = await tx.first(lots().where("l.id", "=", id));
  return { id: made, left: now?.left ?? "0" };
}

async function requireLot(tx: Tx, id: string) {
  const row = await tx.first(
    query
      .selectFrom("lab.lot")
      .select(["id", "number", "unit"])
      .where("id", "=", id)
      .where("deleted_at", "is", null)
      .forNoKeyUpdate(),
  );
  if (!row) throw doorProblem.not_found();
  return row;
}

async function addLotEvent(tx: Tx, lotId: string, act: string, reason: string | null): Promise<string> {
  const id = uuidv7();
  await insertAll(tx, "lab.lot_event", `lab.lot.${act}`, [
    {
      row: { id, lot_id: lotId, act, reason, by_name: await printedName(tx) },
      fields: { lotId, act, ...(reason === null ? {} : { reason }) },
    },
  ]);
  return id;
}

/** One line of the ledger; its number and what is left are the database's. */
export async function addConsumption(
  tx: Tx,
  lotId: string,
  line: { act: string; quantity: string; worksheetId?: string | null; purpose?: string | null },
): Promise<string> {
  const id = uuidv7();
  const row = {
    id,
    lot_id: lotId,
    act: line.act,
    quantity: line.quantity,
    worksheet_id: line.worksheetId ?? null,
    purpose: line.purpose ?? null,
    by_name: await printedName(tx),
  };
  await insertAll(tx, "lab.consumption", "lab.consumption.create", [{ row, fields: { ...row } }]);
  return id;
}

function quantityOf(text: string, least: 0 | 1): string {
  const trimmed = text.trim();
  if (!/^\d{1,9}(\.\d{1,9})?$/.test(trimmed))
    throw problem.quantity_wrong({
      values: { why: "A plain number with a point and up to nine decimals is expected." },
    });
  if (least === 1 && /^0+(\.0*)?$/.test(trimmed))
    throw problem.quantity_wrong({ values: { why: "Nothing is no quantity." } });
  return trimmed;
}

function difference(a: { digits: bigint; scale: number }, b: { digits: bigint; scale: number }): string {
  const scale = Math.max(a.scale, b.scale);
  const up = (each: { digits: bigint; scale: number }) => each.digits * 10n ** BigInt(scale - each.scale);
  return sayDecimal({ digits: up(a) - up(b), scale });
}
