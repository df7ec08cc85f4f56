import { expect, test } from "vitest";
import { cleanEmail } from "./person.ts";
import { mixesScripts, plainName } from "./plain-name.ts";

test.each([
  ["Ana\u202E zepoL\u202C", "Ana zepoL"],
  ["\u2066Ana\u2069 Lopez", "Ana Lopez"],
  ["A\u200Bna\u2060 Lo\u00ADpez\uFEFF", "Ana Lopez"],
  ["An\u200Da", "Ana"],
  ["Ana\r\nLopez\u2028(approved)", "Ana Lopez (approved)"],
  ["Ana\u{E0041}\u{E0042}", "Ana"],
  ["\u3164\u2800\u115F", ""],
  ["A\u030Angstro\u0308m", "\u00C5ngstr\u00F6m"],
  // Written with a joiner's opposite in Persian.
  ["\u0645\u06CC\u200C\u062E", "\u0645\u06CC\u200C\u062E"],
  ["Seán O’Brien-Łukasz", "Seán O’Brien-Łukasz"],
])("SIG-01 %j is kept as what can be seen of it", (typed, kept) => {
  expect(plainName(typed)).toBe(kept);
  expect(plainName(kept)).toBe(kept);
});

test("SIG-01 letters of scripts that look alike are not one name", () => {
  expect("Ana Lopez|Анна Иванова|Ana Иванова|Ελένη|José Ñúñez".split("|").map(mixesScripts)).toEqual([
    false,
    false,
    false,
    false,
    false,
  ]);
  expect(["\u0410na Lopez", "Ana L\u043Epez", "\u0391na"].map(mixesScripts)).toEqual([true, true, true]);
});

test("IDN-01 an address that can't be seen whole is none", () => {
  for (const address of ["ana\u202E@example.org", "a\u200Bna@example.org", "ana@exam\u00ADple.org"])
    expect(cleanEmail(address)).toBeUndefined();
  expect(cleanEmail(" Ana.López@Example.org ")).toBe("ana.lópez@example.org");
});
