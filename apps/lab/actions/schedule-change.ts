import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import { Type, type Static } from "typebox";
import { doorProblem, type Tx } from "@probity/kernel";
import { insertAll } from "../bulk.ts";
import { query } from "../query.ts";
import { addDays, dayIn, isZone, rhythmSchema, slotsBetween } from "../schedule/rhythm.ts";
import { currentSpecifications } from "./frozen.ts";
import { scheduleProblem as problem } from "./schedule-error.ts";
import { databaseTime, versionsOfSchedules, type ScheduleVersion } from "./schedule-read.ts";

const day = Type.String({ format: "date", pattern: "^(19|20)[0-9]{2}-" });
const uuid = Type.String({ format: "uuid" });

/** What a person says of a schedule. */
export const scheduleSchema = Type.Object(
  {
    productId: uuid,
    specificationId: uuid,
    pointIds: Type.Array(uuid, { maxItems: 60, uniqueItems: true }),
    rhythm: rhythmSchema,
    zone: Type.String({ minLength: 1, maxLength: 60 }),
    dueTime: Type.String({ pattern: "^([01][0-9]|2[0-3]):[0-5][0-9]$" }),
    fromOn: day,
    untilOn: Type.Optional(Type.Union([day, Type.Null()])),
    aheadDays: Type.Integer({ minimum: 0, maximum: 60 }),
    graceMinutes: Type.Integer({ minimum: 5, maximum: 10_080 }),
    missed: Type.Union([Type.Literal("catch-up"), Type.Literal("mark")]),
  },
  { additionalProperties: false },
);
export type ScheduleSaid = Static<typeof scheduleSchema>;

/** The schedule and its newest version, held until this transaction ends; refused where the caller saw another version. */
export async function requireSchedule(tx: Tx, id: string, number: number | null) {
  const row = await tx.first(
    query
      .selectFrom("lab.schedule")
      .select(["id", "name"])
      .where("id", "=", id)
      .where("deleted_at", "is", null)
      .forUpdate(),
  );
  if (!row) throw doorProblem.not_found();
  const version = (await versionsOfSchedules(tx, [id])).get(id)?.at(-1);
  if (version === undefined) throw doorProblem.not_found();
  if (number !== null && version.number !== number)
    throw doorProblem.stale({ values: { current: version.number, given: number } });
  return { ...row, version };
}

/** Makes a schedule with its first version. */
export async function createSchedule(tx: Tx, name: string, said: ScheduleSaid, reason: string) {
  const taken = await tx.first(
    query.selectFrom("lab.schedule").select("id").where("name", "=", name).where("deleted_at", "is", null),
  );
  if (taken) throw problem.schedule_named({ values: { name } });
  const id = uuidv7();
  await insertAll(tx, "lab.schedule", "lab.schedule.create", [{ row: { id, name }, fields: { name } }]);
  await addVersion(tx, id, 1, said, true, reason);
  return { id, number: 1 };
}

/** Puts a new version of a schedule in force, from now on; what it registered before stays. */
export async function addVersion(
  tx: Tx,
  scheduleId: string,
  number: number,
  said: ScheduleSaid,
  running: boolean,
  reason: string,
  effectiveAt: string | null = null,
): Promise<void> {
  await requireSense(tx, said);
  const row = {
    schedule_id: scheduleId,
    number,
    product_id: said.productId,
    specification_id: said.specificationId,
    point_ids: said.pointIds,
    rhythm: said.rhythm,
    zone: said.zone,
    due_time: said.dueTime,
    from_on: said.fromOn,
    until_on: said.untilOn ?? null,
    ahead_days: said.aheadDays,
    grace_minutes: said.graceMinutes,
    missed: said.missed,
    running,
    reason,
    // The database writes the time itself; only what is brought in keeps the one stated.
    effective_at: effectiveAt ?? new Date().toISOString(),
  };
  const action = number === 1 || running ? "lab.schedule_version.create" : "lab.schedule_version.pause";
  await insertAll(tx, "lab.schedule_version", action, [
    { row: { id: uuidv7(), ...row }, fields: { ...said, number, running, reason } },
  ]);
}

/** Pauses a schedule or lets it go on: a version of its own, with its reason. */
export async function switchSchedule(tx: Tx, id: string, number: number, running: boolean, reason: string) {
  const { name, version } = await requireSchedule(tx, id, number);
  if (version.running === running)
    throw problem.schedule_so_already({ values: { name, state: running ? "running" : "paused" } });
  await addVersion(tx, id, number + 1, saidOf(version), running, reason);
  return { id, number: number + 1 };
}

/** Skips one coming day of a schedule, for all its points, with the reason. */
export async function skipSlot(tx: Tx, id: string, on: string, reason: string): Promise<{ skipped: number }> {
  const { name, version } = await requireSchedule(tx, id, null);
  const refused = () => problem.slot_not_open({ values: { name, on } });
  const slot = slotsBetween(version, on, on)[0];
  const now = await databaseTime(tx);
  if (slot === undefined || !version.running || slot.dueAt <= now || slot.dueAt < version.effectiveAt) throw refused();
  const there = await tx.all(
    query
      .selectFrom("lab.schedule_slot")
      .select("id")
      .where("schedule_id", "=", id)
      .where("slot_on", "=", sql<string>`${on}::date`),
  );
  if (there.length > 0) throw refused();
  const points = version.pointIds.length === 0 ? [null] : version.pointIds;
  await insertAll(
    tx,
    "lab.schedule_slot",
    "lab.schedule_slot.skipped",
    points.map((pointId) => ({
      row: {
        id: uuidv7(),
        schedule_id: id,
        schedule_version_id: version.id,
        slot_on: on,
        point_id: pointId,
        due_at: slot.dueAt.toISOString(),
        outcome: "skipped",
        late: false,
        reason,
        sample_id: null,
      },
      fields: { schedule: name, on, reason },
    })),
  );
  return { skipped: points.length };
}

/** What a timetable would mean, before it is kept. */
export function previewSlots(said: ScheduleSaid, now: Date, days = 400): { on: string; dueAt: Date }[] {
  if (!isZone(said.zone))
    throw wrong(`This server does not know the zone “${said.zone}”. Name one like Europe/Berlin.`);
  const from = dayIn(said.zone, now);
  const begin = said.fromOn > from ? said.fromOn : from;
  return slotsBetween({ ...said, untilOn: said.untilOn ?? null }, begin, addDays(begin, days)).slice(0, 12);
}

async function requireSense(tx: Tx, said: ScheduleSaid): Promise<void> {
  if (!isZone(said.zone))
    throw wrong(`This server does not know the zone “${said.zone}”. Name one like Europe/Berlin.`);
  if (said.untilOn && said.untilOn < said.fromOn) throw wrong("It ends before it begins.");
  const specification = (await currentSpecifications(tx, [said.productId])).get(said.specificationId);
  if (specification === undefined) throw doorProblem.not_found();
  if (said.pointIds.length > 0) {
    const points = await tx.all(
      query
        .selectFrom("lab.sampling_point")
        .select("id")
        .where("id", "in", [...said.pointIds])
        .where("deleted_at", "is", null),
    );
    if (points.length !== said.pointIds.length) throw doorProblem.not_found();
  }
}

function saidOf(version: ScheduleVersion): ScheduleSaid {
  const { productId, specificationId, pointIds, rhythm, zone, dueTime, fromOn, untilOn } = version;
  const { aheadDays, graceMinutes, missed } = version;
  return {
    productId,
    specificationId,
    pointIds: [...pointIds],
    rhythm,
    zone,
    dueTime,
    fromOn,
    untilOn,
    aheadDays,
    graceMinutes,
    missed,
  };
}

const wrong = (why: string) => problem.schedule_wrong({ values: { why } });
