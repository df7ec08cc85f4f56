import { expect, test } from "vitest";
import { csvOf, exportRows, wholeExport } from "./csv.ts";

const cellOf = (text: string) =>
  csvOf(["a"], [{ a: text }])
    .replace(/^\uFEFFa\r\n/, "")
    .slice(0, -2);

test.each([
  ["=1+1", "'=1+1"],
  ["  =1+1", "'  =1+1"],
  ["@SUM(1)", "'@SUM(1)"],
  ["+1+cmd|' /C calc'!A0", "'+1+cmd|' /C calc'!A0"],
  ["-1+cmd", "'-1+cmd"],
  ["＝1+1", "'＝1+1"],
  ["＠SUM(1)", "'＠SUM(1)"],
  ["\t=1+1", `"'\t'=1+1"`],
  // A program that separates by semicolons, bars or tabs begins a cell there.
  ["a;=1+1", `"a;'=1+1"`],
  ["a| =1+1", "a|' =1+1"],
  ["a\tb\t@x", `"a\tb\t'@x"`],
  ["a\n=1+1", `"a\n'=1+1"`],
  [`a";=1+1;"`, `"a"";'=1+1;"""`],
])("CWE-1236 %j is no formula in any cell it can become", (text, written) => {
  expect(cellOf(text)).toBe(written);
});

test.each([
  ["-23.70", "-23.70"],
  ["+0,5", `"+0,5"`],
  ["a-b = c", "a-b = c"],
  ["a; b", `"a; b"`],
  ["a; -5", `"a; -5"`],
  ["Steps:\n- one\n- two", `"Steps:\n- one\n- two"`],
])("%j is left as it is", (text, written) => {
  expect(cellOf(text)).toBe(written);
});

test("a file holds all that matches or is refused: none ends before its list does", () => {
  const rows = Array.from({ length: exportRows }, (_, at) => at);
  expect(wholeExport(rows)).toBe(rows);
  expect(() => wholeExport([...rows, 0])).toThrow(expect.objectContaining({ code: "record.export_too_long" }));
});
