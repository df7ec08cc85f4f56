import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import { instanceTenantId, type Kernel, type Tx } from "@probity/kernel";
import { insertAll, type NewRow } from "../bulk.ts";
import { query } from "../query.ts";
import { addDays, dayIn, slotsBetween, type Slot } from "../schedule/rhythm.ts";
import { registerSamples } from "./register.ts";
import { databaseTime, spansOf, versionsOfSchedules, type ScheduleVersion } from "./schedule-read.ts";

export const runPermission = "lab.schedule.run";
/** Samples of one transaction at most: whoever registers by hand in the meantime waits for its numbers. */
const atOnce = 200;
/** How far this server's clock may be from its database's before neither is believed. */
const skewMs = 300_000;

type Outcome = "registered" | "missed" | "paused";
type Wanted = { version: ScheduleVersion; slot: Slot; pointId: string | null; outcome: Outcome; late: boolean };

/** By schedule: days before this one are decided for good, so a round need not read them again. Lost with the process. */
export type Settled = Map<string, string>;

/**
 * Decides every slot that has come, in every workspace: registers its samples, or says why there are none. A slot's row and
 * its sample are written together and the row is there once by a unique index: a second server, a killed one and the same
 * round again find what is done and do the rest. Gives how many slots were decided.
 */
export async function runSchedules(
  kernel: Pick<Kernel, "door" | "system">,
  settled: Settled = new Map(),
  clock: () => number = Date.now,
): Promise<number> {
  const rows = await kernel.door.callFunction({
    sql: "select id from lab.scheduled_workspaces($1) as w (id)",
    parameters: [kernel.system(instanceTenantId).token],
  });
  let decided = 0;
  const failed: unknown[] = [];
  for (const { id } of rows) {
    const work = <T>(run: (tx: Tx) => Promise<T>) => kernel.door.work(kernel.system(String(id)), runPermission, run);
    const schedules = await work((tx) =>
      tx.all(query.selectFrom("lab.schedule").select("id").where("deleted_at", "is", null).orderBy("id")),
    );
    for (const schedule of schedules) {
      // One that can't be kept, say because its product has no tests any more, stops no other.
      try {
        for (let some = atOnce; some >= atOnce;) {
          some = await work((tx) => decideSlots(tx, schedule.id, settled, clock));
          decided += some;
        }
      } catch (error) {
        failed.push(error);
      }
    }
  }
  if (failed.length > 0) throw new AggregateError(failed, `${failed.length} schedules could not be kept up`);
  return decided;
}

async function decideSlots(tx: Tx, scheduleId: string, settled: Settled, clock: () => number): Promise<number> {
  // 1. One at a time for a schedule: who changes it, skips a slot or runs it on another server waits here.
  const held = await tx.first(
    query
      .selectFrom("lab.schedule")
      .select(["id", "name"])
      .where("id", "=", scheduleId)
      .where("deleted_at", "is", null)
      .forUpdate(),
  );
  if (!held) return 0;
  const now = await databaseTime(tx);
  const apart = Math.abs(now.getTime() - clock());
  if (apart > skewMs)
    throw new Error(
      `The clocks of this server and its database are ${Math.round(apart / 1000)} s apart: no slot is decided`,
    );
  const versions = (await versionsOfSchedules(tx, [scheduleId])).get(scheduleId) ?? [];
  // 2. What has come and is not decided.
  const from = settled.get(scheduleId) ?? "0001-01-01";
  const known = await decidedSlots(tx, scheduleId, from);
  const wanted = spansOf(versions)
    .flatMap(({ version, until }) => comeSlots(version, until, from, now))
    .filter(({ slot, pointId }) => !known.has(keyOf(slot.on, pointId)));
  const some = wanted.slice(0, atOnce);
  // 3. Samples and slots, together or not at all.
  for (const [versionId, ofVersion] of Map.groupBy(some, ({ version }) => version.id))
    await keepSlots(tx, held, versionId, ofVersion);
  const last = versions.at(-1);
  if (wanted.length === some.length && last !== undefined) settled.set(scheduleId, addDays(dayIn(last.zone, now), -2));
  return some.length;
}

function comeSlots(version: ScheduleVersion, until: Date | null, from: string, now: Date): Wanted[] {
  const end = until ?? now;
  const first = dayIn(version.zone, version.effectiveAt);
  const ahead = until === null && version.running ? version.aheadDays : 0;
  const slots = slotsBetween(version, first < from ? from : first, addDays(dayIn(version.zone, end), ahead));
  const points = version.pointIds.length === 0 ? [null] : version.pointIds;
  return slots.flatMap((slot) => {
    const due = slot.dueAt.getTime();
    // Before it took effect, or after the next version did: another version's, or nobody's.
    if (due < version.effectiveAt.getTime() || (until !== null && due >= until.getTime())) return [];
    if (!version.running && due > now.getTime()) return [];
    const late = due + version.graceMinutes * 60_000 < now.getTime();
    const outcome: Outcome = version.running ? (late && version.missed === "mark" ? "missed" : "registered") : "paused";
    return points.map((pointId) => ({ version, slot, pointId, outcome, late: late && outcome === "registered" }));
  });
}

async function keepSlots(
  tx: Tx,
  schedule: { readonly id: string; readonly name: string },
  versionId: string,
  wanted: readonly Wanted[],
): Promise<void> {
  const open = wanted.filter(({ outcome }) => outcome === "registered");
  const samples =
    open.length === 0
      ? []
      : await registerSamples(
          tx,
          open.map(({ version, slot, pointId }) => ({
            productId: version.productId,
            specificationId: version.specificationId,
            samplingPointId: pointId,
            dueOn: slot.on,
            remark: `By schedule: ${schedule.name}`,
          })),
        );
  const sampleOf = new Map(open.map((each, index) => [each, samples[index]]));
  for (const [outcome, rows] of Map.groupBy(wanted, (each) => each.outcome)) {
    await insertAll(
      tx,
      "lab.schedule_slot",
      `lab.schedule_slot.${outcome}`,
      rows.map((each): NewRow => {
        const sample = sampleOf.get(each);
        return {
          row: {
            id: uuidv7(),
            schedule_id: schedule.id,
            schedule_version_id: versionId,
            slot_on: each.slot.on,
            point_id: each.pointId,
            due_at: each.slot.dueAt.toISOString(),
            outcome,
            late: each.late,
            reason: outcome === "missed" ? "It passed before this server could register it." : null,
            sample_id: sample?.id ?? null,
          },
          fields: { schedule: schedule.name, on: each.slot.on, sample: sample?.number ?? null },
        };
      }),
    );
  }
}

async function decidedSlots(tx: Tx, scheduleId: string, from: string): Promise<Set<string>> {
  const rows = await tx.all(
    query
      .selectFrom("lab.schedule_slot")
      .select([sql<string>`slot_on::text`.as("on"), "point_id"])
      .where("schedule_id", "=", scheduleId)
      .where("slot_on", ">=", sql<string>`${from}::date`),
  );
  return new Set(rows.map((row) => keyOf(row.on, row.point_id)));
}

const keyOf = (on: string, pointId: string | null) => `${on} ${pointId ?? ""}`;
