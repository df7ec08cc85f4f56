import { expect, test } from "vitest";
import { dayFault, moveDay, readDay, readDayTime, today } from "./day.ts";

test("UXP a day has one reading or none: what two countries read differently is refused with both", () => {
  for (const text of ["2026-04-03", "20260403", "2026/4/3", "2026.04.03.", "3 Apr 2026", "3 april 2026", "Apr 3, 2026"])
    expect([text, readDay(text).day]).toEqual([text, "2026-04-03"]);
  expect(readDay("03/04/2026").fault).toBe("03/04/2026 is 3 April or 4 March. Write 2026-04-03 or 2026-03-04.");
  expect(readDay("3.4.26").fault).toContain("3 April or 4 March");
  // One possible reading is offered, not taken: the next one typed the same way may have two.
  expect(readDay("25.04.2026").fault).toBe("Write the year first: 2026-04-25.");
  expect(readDay("04/04/2026").fault).toBe("Write the year first: 2026-04-04.");
  expect(readDay("2026-02-29").fault).toBe("February 2026 has 28 days.");
  expect(readDay("2028-02-29").day).toBe("2028-02-29");
  expect(readDay("2026-13-01").fault).toContain("no month 13");
  expect(readDay("0026-01-01").fault).toContain("1900");
  for (const text of ["tomorrow", "2026", "2026-11", "31/31/2026", "3 Foo 2026", "3 ma 2026"])
    expect([text, readDay(text).fault]).toEqual([text, "Write it as 2026-11-30: year, month, day."]);
});

test("UXP a time is of a day, and one that the clock left out is none", () => {
  expect(readDayTime("2026-11-30 9:05").day).toBe("2026-11-30T09:05");
  expect(readDayTime("2026-11-30T0905").day).toBe("2026-11-30T09:05");
  expect(readDayTime("2026-11-30").fault).toBe("The time is missing. Write 2026-11-30 10:02.");
  expect(readDayTime("2026-11-30 24:00").fault).toContain("23:59");
  expect(readDayTime("03/04/2026 10:00").fault).toContain("3 April or 4 March");
});

test("UXP bounds are told with the day they end at; steps keep to the calendar", () => {
  const bounds = { min: "2026-11-01", max: "2026-11-30" };
  expect(dayFault("", bounds)).toBeUndefined();
  expect(dayFault("2026-11-30", bounds)).toBeUndefined();
  expect(dayFault("2026-10-31", bounds)).toBe("The first possible day is 2026-11-01.");
  expect(dayFault("2026-12-01", bounds)).toBe("The last possible day is 2026-11-30.");
  expect(dayFault("2026-11-30 23:59", { ...bounds, time: true })).toBeUndefined();
  expect(moveDay("2026-01-31", { months: 1 })).toBe("2026-02-28");
  expect(moveDay("2026-03-01", { days: -1 })).toBe("2026-02-28");
  expect(moveDay("2026-12-31T10:02", { days: 1 })).toBe("2027-01-01T10:02");
  expect(today(new Date(2026, 0, 5, 23, 59))).toBe("2026-01-05");
});
