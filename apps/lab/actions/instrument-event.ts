import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { doorProblem, type Tx } from "@probity/kernel";
import { insertAll } from "../bulk.ts";
import { query } from "../query.ts";
import { instrumentProblem as problem } from "./instrument-error.ts";
import { printedName } from "./investigation-step.ts";

export type Performed = {
  readonly act: "calibration" | "qualification" | "maintenance";
  readonly performedOn: string;
  readonly dueOn?: string | undefined;
  readonly outcome: "pass" | "adjusted" | "fail";
  readonly reference: string;
  readonly provider?: string | undefined;
  readonly reason?: string | undefined;
};

/** The instrument, held until the transaction ends: one act on it after another. */
export async function requireInstrument(tx: Tx, id: string) {
  const row = await tx.first(
    query
      .selectFrom("lab.instrument")
      .select(["id", "version", "number", "name", "calibration_months", "qualification_months", "maintenance_months"])
      .where("id", "=", id)
      .where("deleted_at", "is", null)
      .forNoKeyUpdate(),
  );
  if (!row) throw doorProblem.not_found();
  return row;
}

/** Records a calibration, qualification or maintenance. It counts from now on, whatever day it names. */
export async function recordPerformed(tx: Tx, id: string, done: Performed): Promise<string> {
  const row = await requireInstrument(tx, id);
  const today = new Date().toISOString().slice(0, 10);
  if (done.performedOn > today) throw problem.event_later();
  const months = {
    calibration: row.calibration_months,
    qualification: row.qualification_months,
    maintenance: row.maintenance_months,
  }[done.act];
  const dueOn = nextDue(done, months);
  return addEvent(tx, id, {
    act: done.act,
    performed_on: done.performedOn,
    due_on: dueOn,
    outcome: done.outcome,
    reference: done.reference,
    provider: done.provider ?? null,
    reason: done.reason ?? null,
  });
}

/** When the next one is due: within the interval, and not at all where it failed. */
function nextDue(done: Performed, months: number | null): string | null {
  if (done.outcome === "fail" || (done.act === "maintenance" && months === null)) {
    if (done.dueOn === undefined) return null;
    throw problem.event_due({
      values: {
        why: done.outcome === "fail" ? "What failed is due at once." : "Maintenance of this instrument is not planned.",
      },
    });
  }
  if (months === null)
    throw problem.event_due({ values: { why: `The instrument says no interval for a ${done.act}.` } });
  const latest = monthsLater(done.performedOn, months);
  const due = done.dueOn ?? latest;
  if (due <= done.performedOn || due > latest)
    throw problem.event_due({ values: { why: `It is due every ${months} months, so by ${latest} at the latest.` } });
  return due;
}

/** As PostgreSQL adds months: the last day of a shorter month. */
function monthsLater(day: string, months: number): string {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  const last = new Date(Date.UTC(year, month - 1 + months + 1, 0)).getUTCDate();
  return new Date(Date.UTC(year, month - 1 + months, Math.min(date, last))).toISOString().slice(0, 10);
}

/** Holds, releases, retires or brings back; a hold is released by another person. */
export async function changeStanding(
  tx: Tx,
  id: string,
  act: "hold" | "release" | "retire" | "return",
  reason: string,
): Promise<string> {
  const row = await requireInstrument(tx, id);
  const kinds = act === "hold" || act === "release" ? ["hold", "release"] : ["retire", "return"];
  const last = await tx.first(
    query
      .selectFrom("lab.instrument_event")
      .select(["act", "created_by"])
      .where("instrument_id", "=", id)
      .where("act", "in", kinds)
      .orderBy("sequence", "desc")
      .limit(1),
  );
  const stands = last?.act === "hold" ? "on hold" : last?.act === "retire" ? "retired" : "in service";
  const allowed =
    act === "release" ? last?.act === "hold" : act === "return" ? last?.act === "retire" : last?.act !== act;
  if (!allowed)
    throw problem.instrument_step({
      values: { number: row.number, state: stands, next: "Read the page again." },
    });
  if (act === "release" && last?.created_by === tx.who.actorId)
    throw problem.hold_own({ values: { number: row.number } });
  return addEvent(tx, id, { act, reason });
}

async function addEvent(
  tx: Tx,
  instrumentId: string,
  event: { readonly act: string } & Readonly<Record<string, unknown>>,
): Promise<string> {
  const id = uuidv7();
  // The number in the row is the database's: one after another.
  await insertAll(tx, "lab.instrument_event", `lab.instrument_event.${event.act}`, [
    {
      row: { id, instrument_id: instrumentId, ...event, by_name: await printedName(tx) },
      fields: { instrumentId, ...event },
    },
  ]);
  return id;
}
