import { sql } from "kysely";
import { Value } from "typebox/value";
import type { Tx } from "@probity/kernel";
import { query } from "../query.ts";
import { rhythmSchema, type Timetable } from "../schedule/rhythm.ts";

/** A version of a schedule as the rounds and the pages need it. */
export type ScheduleVersion = Timetable & {
  readonly id: string;
  readonly scheduleId: string;
  readonly number: number;
  readonly productId: string;
  readonly specificationId: string;
  readonly pointIds: readonly string[];
  readonly aheadDays: number;
  readonly graceMinutes: number;
  readonly missed: "catch-up" | "mark";
  readonly running: boolean;
  readonly effectiveAt: Date;
  readonly reason: string;
  readonly madeAt: Date;
  readonly madeBy: string | null;
};

/** Every version of the given schedules, each schedule's in order. */
export async function versionsOfSchedules(tx: Tx, ids: readonly string[]): Promise<Map<string, ScheduleVersion[]>> {
  if (ids.length === 0) return new Map();
  const rows = await tx.all(
    query
      .selectFrom("lab.schedule_version as v")
      .leftJoin("kernel.membership as m", "m.id", "v.created_by")
      .select([
        "v.id",
        "v.schedule_id as scheduleId",
        "v.number",
        "v.product_id as productId",
        "v.specification_id as specificationId",
        "v.point_ids as pointIds",
        "v.rhythm",
        "v.zone",
        "v.due_time as dueTime",
        sql<string>`v.from_on::text`.as("fromOn"),
        sql<string | null>`v.until_on::text`.as("untilOn"),
        "v.ahead_days as aheadDays",
        "v.grace_minutes as graceMinutes",
        "v.missed",
        "v.running",
        "v.effective_at as effectiveAt",
        "v.reason",
        "v.created_at as madeAt",
        "m.name as madeBy",
      ])
      .where("v.schedule_id", "in", [...ids])
      .orderBy("v.number"),
  );
  const read = rows.map((row): ScheduleVersion => {
    if (!Value.Check(rhythmSchema, row.rhythm)) throw new Error("A schedule's rhythm is not of its shape");
    return { ...row, rhythm: row.rhythm, missed: row.missed === "mark" ? "mark" : "catch-up" };
  });
  return Map.groupBy(read, (version) => version.scheduleId);
}

/** The versions with the moment at which the next one takes over; the last is open. */
export function spansOf(versions: readonly ScheduleVersion[]): { version: ScheduleVersion; until: Date | null }[] {
  return versions.map((version, index) => ({ version, until: versions[index + 1]?.effectiveAt ?? null }));
}

/** The database's clock: several servers judge slots by the same one. */
export async function databaseTime(tx: Tx): Promise<Date> {
  const row = await tx.first(query.selectNoFrom(sql<Date>`clock_timestamp()`.as("now")));
  if (!row) throw new Error("The database has no time");
  return new Date(row.now);
}
