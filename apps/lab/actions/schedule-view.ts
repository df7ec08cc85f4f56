import { sql } from "kysely";
import { doorProblem, type Tx } from "@probity/kernel";
import { query } from "../query.ts";
import { addDays, dayIn, sayRhythm, slotsBetween } from "../schedule/rhythm.ts";
import { databaseTime, spansOf, versionsOfSchedules, type ScheduleVersion } from "./schedule-read.ts";

const backDays = 28;
const aheadDays = 28;

/** A day of the strip: what is to come, or what became of it. */
export type StripDay = {
  readonly on: string;
  readonly dueAt: string;
  readonly state: "registered" | "part" | "missed" | "skipped" | "paused" | "coming" | "overdue";
  readonly late: boolean;
  readonly reason: string | null;
  readonly samples: readonly {
    id: string;
    number: string;
    state: string;
    verdict: string | null;
    point: string | null;
  }[];
};

/** Every schedule with its newest version and its strip of days, or one of them. */
export async function readSchedules(tx: Tx, only?: string) {
  let wanted = query
    .selectFrom("lab.schedule")
    .select(["id", "name"])
    .where("deleted_at", "is", null)
    .orderBy("name")
    .limit(1000);
  if (only !== undefined) wanted = wanted.where("id", "=", only);
  const schedules = await tx.all(wanted);
  if (only !== undefined && schedules.length === 0) throw doorProblem.not_found();
  const now = await databaseTime(tx);
  const ids = schedules.map(({ id }) => id);
  const versions = await versionsOfSchedules(tx, ids);
  const slots = await slotsOf(tx, ids, addDays(dayIn("UTC", now), -backDays - 1));
  const [products, specifications, points] = [await named(tx, "product"), await titled(tx), await named(tx, "point")];
  return schedules.flatMap(({ id, name }) => {
    const own = versions.get(id) ?? [];
    const version = own.at(-1);
    if (version === undefined) return [];
    const strip = stripOf(own, slots.get(id) ?? [], now);
    return [
      {
        ...version,
        id,
        name,
        today: dayIn(version.zone, now),
        rhythmWords: sayRhythm(version.rhythm),
        product: products.get(version.productId) ?? "",
        specification: specifications.get(version.specificationId) ?? "",
        points: version.pointIds.map((point) => points.get(point) ?? ""),
        strip,
        next: strip.find(({ state }) => state === "coming") ?? null,
      },
    ];
  });
}

/** A schedule's versions, newest first. */
export async function scheduleHistory(tx: Tx, id: string) {
  return ((await versionsOfSchedules(tx, [id])).get(id) ?? []).toReversed().map((version) => ({
    number: version.number,
    running: version.running,
    rhythm: sayRhythm(version.rhythm),
    reason: version.reason,
    effectiveAt: version.effectiveAt,
    madeAt: version.madeAt,
    madeBy: version.madeBy,
  }));
}

type Kept = Awaited<ReturnType<typeof rowsOfSlots>>[number];

function stripOf(versions: readonly ScheduleVersion[], kept: readonly Kept[], now: Date): StripDay[] {
  const newest = versions.at(-1);
  if (newest === undefined) return [];
  const today = dayIn(newest.zone, now);
  const [from, to] = [addDays(today, -backDays), addDays(today, aheadDays)];
  const days = new Map<string, StripDay>();
  for (const { version, until } of spansOf(versions)) {
    for (const { on, dueAt } of slotsBetween(version, from, to)) {
      const past = dueAt.getTime() + version.graceMinutes * 60_000 < now.getTime();
      if (dueAt < version.effectiveAt || (until !== null && dueAt >= until)) continue;
      const state = version.running ? (past ? "overdue" : "coming") : "paused";
      days.set(on, { on, dueAt: dueAt.toISOString(), state, late: false, reason: null, samples: [] });
    }
  }
  for (const [on, rows] of Map.groupBy(kept, (row) => row.on)) {
    if (on < from || on > to) continue;
    const outcomes = [...new Set(rows.map(({ outcome }) => outcome))];
    const [only] = outcomes;
    days.set(on, {
      on,
      dueAt: new Date(rows[0]?.due_at ?? now).toISOString(),
      state: outcomes.length === 1 ? stateOf(only) : "part",
      late: rows.some(({ late }) => late),
      reason: rows.find(({ reason }) => reason !== null)?.reason ?? null,
      samples: rows.flatMap(({ sample_id: id, number, state, verdict, point }) =>
        id === null || number === null ? [] : [{ id, number, state: state ?? "", verdict, point }],
      ),
    });
  }
  return [...days.values()].toSorted((a, b) => (a.on < b.on ? -1 : 1));
}

function stateOf(outcome: string | undefined): StripDay["state"] {
  if (outcome === "missed" || outcome === "skipped" || outcome === "paused") return outcome;
  return "registered";
}

async function slotsOf(tx: Tx, ids: readonly string[], from: string): Promise<Map<string, Kept[]>> {
  if (ids.length === 0) return new Map();
  return Map.groupBy(await rowsOfSlots(tx, ids, from), (row) => row.schedule_id);
}

async function rowsOfSlots(tx: Tx, ids: readonly string[], from: string) {
  return tx.all(
    query
      .selectFrom("lab.schedule_slot as l")
      .leftJoin("lab.sample as s", "s.id", "l.sample_id")
      .leftJoin("lab.sampling_point as p", "p.id", "l.point_id")
      .select([
        "l.schedule_id",
        sql<string>`l.slot_on::text`.as("on"),
        "l.due_at",
        "l.outcome",
        "l.late",
        "l.reason",
        "l.sample_id",
        "s.number",
        "s.state",
        "s.verdict",
        "p.code as point",
      ])
      .where("l.schedule_id", "in", [...ids])
      .where("l.slot_on", ">=", sql<string>`${from}::date`)
      .orderBy("l.slot_on")
      .orderBy("p.code"),
  );
}

async function named(tx: Tx, what: "product" | "point"): Promise<Map<string, string>> {
  const table = what === "product" ? "lab.product" : "lab.sampling_point";
  const rows = await tx.all(query.selectFrom(table).select(["id", "code", "name"]));
  return new Map(rows.map(({ id, code, name }) => [id, `${code} ${name}`]));
}

async function titled(tx: Tx): Promise<Map<string, string>> {
  const rows = await tx.all(query.selectFrom("lab.specification").select(["id", "code", "title"]));
  return new Map(rows.map(({ id, code, title }) => [id, `${code} ${title}`]));
}
