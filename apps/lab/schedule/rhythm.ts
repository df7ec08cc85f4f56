/// <reference lib="esnext.temporal" />
import { Type, type Static } from "typebox";

const closed = { additionalProperties: false };
const dayOfMonth = Type.Integer({ minimum: 1, maximum: 31 });

/** How often: a day is a day of the schedule's own zone, so a change of clocks makes neither two of it nor none. */
export const rhythmSchema = Type.Union([
  Type.Object({ kind: Type.Literal("days"), every: Type.Integer({ minimum: 1, maximum: 366 }) }, closed),
  Type.Object(
    {
      kind: Type.Literal("weekdays"),
      /** ISO 8601: 1 is Monday. */
      days: Type.Array(Type.Integer({ minimum: 1, maximum: 7 }), { minItems: 1, maxItems: 7, uniqueItems: true }),
    },
    closed,
  ),
  Type.Object({ kind: Type.Literal("monthly"), day: dayOfMonth }, closed),
  Type.Object(
    { kind: Type.Literal("quarterly"), month: Type.Integer({ minimum: 1, maximum: 3 }), day: dayOfMonth },
    closed,
  ),
]);
export type Rhythm = Static<typeof rhythmSchema>;

/** Which days, at which time of them, from when until when. */
export type Timetable = {
  readonly rhythm: Rhythm;
  readonly zone: string;
  /** `08:30` of the zone. */
  readonly dueTime: string;
  readonly fromOn: string;
  readonly untilOn: string | null;
};

/** One slot: its day, and the moment its sample is due. */
export type Slot = { readonly on: string; readonly dueAt: Date };

/** Slots of one answer at most: no schedule asks for more days than it looks ahead or back. */
const mostDays = 4_000;

/** Every slot whose day lies in `from`…`to`, both included, in order. */
export function slotsBetween(table: Timetable, from: string, to: string): Slot[] {
  const first = Temporal.PlainDate.from(from < table.fromOn ? table.fromOn : from);
  const last = Temporal.PlainDate.from(table.untilOn !== null && table.untilOn < to ? table.untilOn : to);
  const start = Temporal.PlainDate.from(table.fromOn);
  const slots: Slot[] = [];
  let day = first;
  for (let seen = 0; seen < mostDays && Temporal.PlainDate.compare(day, last) <= 0; seen += 1) {
    if (isSlot(table.rhythm, day, start)) slots.push({ on: day.toString(), dueAt: dueAt(table, day) });
    day = day.add({ days: 1 });
  }
  return slots;
}

/** The day it is in a zone. */
export function dayIn(zone: string, at: Date): string {
  return Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(zone).toPlainDate().toString();
}

/** `2026-02-01` and three days on. */
export function addDays(day: string, days: number): string {
  return Temporal.PlainDate.from(day).add({ days }).toString();
}

/** The same day some months on; the last of a month that has no such day (ICH time points are calendar months). */
export function addMonths(day: string, months: number): string {
  return Temporal.PlainDate.from(day).add({ months }, { overflow: "constrain" }).toString();
}

/** Whether this server knows the zone. */
export function isZone(zone: string): boolean {
  try {
    return zone.includes("/") || zone === "UTC" ? Temporal.Now.zonedDateTimeISO(zone).timeZoneId !== "" : false;
  } catch {
    return false;
  }
}

/**
 * A time that the night of a change leaves out is the one as much later; of one that it has twice, the later counts: the
 * same as PostgreSQL reads them, which is asked again when the slot is kept.
 */
function dueAt(table: Timetable, day: Temporal.PlainDate): Date {
  const at = day.toPlainDateTime(Temporal.PlainTime.from(table.dueTime));
  return new Date(at.toZonedDateTime(table.zone, { disambiguation: "later" }).epochMilliseconds);
}

function isSlot(rhythm: Rhythm, day: Temporal.PlainDate, start: Temporal.PlainDate): boolean {
  if (rhythm.kind === "days") return start.until(day, { largestUnit: "days" }).days % rhythm.every === 0;
  if (rhythm.kind === "weekdays") return rhythm.days.includes(day.dayOfWeek);
  // The 31st of a shorter month is its last day: a month is never left out.
  const right = day.day === Math.min(rhythm.day, day.daysInMonth);
  return right && (rhythm.kind === "monthly" || (day.month - 1) % 3 === rhythm.month - 1);
}

/** A rhythm in words: `every Monday, Thursday`. */
export function sayRhythm(rhythm: Rhythm): string {
  const names = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
  if (rhythm.kind === "days") return rhythm.every === 1 ? "every day" : `every ${rhythm.every} days`;
  if (rhythm.kind === "weekdays") {
    const days = rhythm.days.toSorted((a, b) => a - b);
    if (days.join() === "1,2,3,4,5") return "every working day, Monday to Friday";
    return `every ${days.map((day) => names[day - 1] ?? "").join(", ")}`;
  }
  const day = rhythm.day === 31 ? "the last day" : `day ${rhythm.day}`;
  return rhythm.kind === "monthly" ? `every month, ${day}` : `every quarter, ${day} of its month ${rhythm.month}`;
}
