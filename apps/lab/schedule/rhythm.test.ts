import { describe, expect, test } from "vitest";
import { addMonths, dayIn, isZone, sayRhythm, slotsBetween, type Rhythm, type Timetable } from "./rhythm.ts";

const table = (rhythm: Rhythm, more: Partial<Timetable> = {}): Timetable => ({
  rhythm,
  zone: "Europe/Berlin",
  dueTime: "08:00",
  fromOn: "2026-01-01",
  untilOn: null,
  ...more,
});
const days = (of: Timetable, from: string, to: string) => slotsBetween(of, from, to).map(({ on }) => on);

describe("LAB slots of a schedule", () => {
  test("every n days count from the first day, wherever one looks from", () => {
    const third = table({ kind: "days", every: 3 });
    expect(days(third, "2026-01-01", "2026-01-10")).toEqual(["2026-01-01", "2026-01-04", "2026-01-07", "2026-01-10"]);
    expect(days(third, "2026-01-05", "2026-01-10")).toEqual(["2026-01-07", "2026-01-10"]);
    expect(days(table({ kind: "days", every: 3 }, { untilOn: "2026-01-05" }), "2025-12-01", "2026-02-01")).toHaveLength(
      2,
    );
  });

  test("weekdays, months and quarters; a month too short has its last day, so none is left out", () => {
    expect(days(table({ kind: "weekdays", days: [2, 4] }), "2026-11-02", "2026-11-08")).toEqual([
      "2026-11-03",
      "2026-11-05",
    ]);
    const monthly = days(table({ kind: "monthly", day: 31 }), "2026-01-01", "2026-12-31");
    expect(monthly).toHaveLength(12);
    expect(monthly.slice(0, 3)).toEqual(["2026-01-31", "2026-02-28", "2026-03-31"]);
    expect(days(table({ kind: "quarterly", month: 2, day: 15 }), "2026-01-01", "2026-12-31")).toEqual([
      "2026-02-15",
      "2026-05-15",
      "2026-08-15",
      "2026-11-15",
    ]);
  });

  test("on the nights that clocks change every day is there once, and its moment is one the clock shows", () => {
    // 29 March 2026, 02:30 does not exist in Berlin; 25 October it is there twice.
    for (const [from, to] of [
      ["2026-03-27", "2026-03-31"],
      ["2026-10-23", "2026-10-27"],
    ] as const) {
      const slots = slotsBetween(table({ kind: "days", every: 1 }, { dueTime: "02:30" }), from, to);
      expect(slots.map(({ on }) => on)).toEqual(days(table({ kind: "days", every: 1 }), from, to));
      expect(slots).toHaveLength(5);
      expect(slots.map(({ dueAt }) => dayIn("Europe/Berlin", dueAt))).toEqual(slots.map(({ on }) => on));
      const gaps = slots.slice(1).map(({ dueAt }, at) => dueAt.getTime() - (slots[at]?.dueAt.getTime() ?? 0));
      expect(gaps.every((gap) => gap >= 23 * 3_600_000 && gap <= 25 * 3_600_000)).toBe(true);
    }
    const [spring] = slotsBetween(table({ kind: "days", every: 1 }, { dueTime: "02:30" }), "2026-03-29", "2026-03-29");
    expect(spring?.dueAt.toISOString()).toBe("2026-03-29T01:30:00.000Z");
    const [autumn] = slotsBetween(table({ kind: "days", every: 1 }, { dueTime: "02:30" }), "2026-10-25", "2026-10-25");
    expect(autumn?.dueAt.toISOString()).toBe("2026-10-25T01:30:00.000Z");
    // Half an hour in Lord Howe, and a zone that left out a whole day (Apia, 30 December 2011).
    const howe = table(
      { kind: "days", every: 1 },
      { zone: "Australia/Lord_Howe", dueTime: "02:15", fromOn: "2026-10-01" },
    );
    expect(days(howe, "2026-10-03", "2026-10-05")).toHaveLength(3);
    const apia = table({ kind: "days", every: 1 }, { zone: "Pacific/Apia", fromOn: "2011-12-28" });
    expect(new Set(slotsBetween(apia, "2011-12-28", "2012-01-01").map(({ on }) => on)).size).toBe(5);
  });

  test("months of a study are calendar months, and the last day where there is no such day", () => {
    expect([addMonths("2026-08-31", 6), addMonths("2026-02-28", 12), addMonths("2024-02-29", 12)]).toEqual([
      "2027-02-28",
      "2027-02-28",
      "2025-02-28",
    ]);
  });

  test("a zone must be one this server knows, by its place", () => {
    expect(["Europe/Berlin", "UTC", "Mars/Olympus", "+02:00", "CET"].map(isZone)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
    expect(sayRhythm({ kind: "weekdays", days: [5, 1, 2, 4, 3] })).toBe("every working day, Monday to Friday");
  });
});
