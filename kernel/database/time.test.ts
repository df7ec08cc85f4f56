import { expect, test } from "vitest";
import { timeDate, timeText } from "./time.ts";

test.each([
  ["2026-11-22 09:30:00+00", "2026-11-22T09:30:00.000Z"],
  ["2026-11-22 09:30:00.5+00", "2026-11-22T09:30:00.500Z"],
  ["2026-11-22 09:30:00.123456+00", "2026-11-22T09:30:00.123456Z"],
  ["2026-11-22 11:30:00.25+02", "2026-11-22T09:30:00.250Z"],
])("a time of the database, %s, is the text %s and the same Date", (given, text) => {
  expect(timeText(given)).toBe(text);
  expect(timeDate(given)).toEqual(new Date(text));
});

test("what is no moment of a calendar stays what the database wrote", () => {
  expect(timeText("infinity")).toBe("infinity");
  expect(timeText("10000-01-01 00:00:00+00")).toBe("+010000-01-01T00:00:00.000Z");
});
