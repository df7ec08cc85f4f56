import fc from "fast-check";
import { expect, test } from "vitest";
import { flow, locate, stretches } from "./text-marks.ts";

test("a quote is marked exactly where it stands", () => {
  const text = "Suppliers shall be approved.";
  const cut = stretches(text, { start: 0, end: text.length }, [{ start: 10, end: 15, index: 0 }], 0);
  expect(cut.map((stretch) => [stretch.text, stretch.evidence])).toEqual([
    ["Suppliers ", null],
    ["shall", 0],
    [" be approved.", null],
  ]);
});

test("marking never loses, adds or reorders a character, whatever the evidence", () => {
  const span = fc.record({ start: fc.nat(60), length: fc.nat(30) });
  fc.assert(
    fc.property(fc.string({ maxLength: 60 }), fc.array(span, { maxLength: 6 }), fc.nat(5), (text, spans, active) => {
      const evidence = spans.map((item, index) => ({ start: item.start, end: item.start + item.length, index }));
      const cut = stretches(text, { start: 0, end: text.length }, evidence, active);
      expect(cut.map((stretch) => stretch.text).join("")).toBe(text);
    }),
  );
});

test("an evidence that began in an earlier paragraph is not numbered twice", () => {
  const cut = stretches("abcdefgh", { start: 4, end: 8 }, [{ start: 2, end: 6, index: 0 }], 0);
  expect(cut.filter((stretch) => stretch.first)).toEqual([]);
});

test("a quote is found on a page although runs break inside words and lines are hyphenated", () => {
  expect(locate(["Suppliers shall be app-", "roved on the", " basis"], "approved on  the basis")).toEqual([
    { run: 0, start: 19, end: 22 },
    { run: 1, start: 0, end: 12 },
    { run: 2, start: 1, end: 6 },
  ]);
});

test("a quote that is not on the page marks nothing", () => {
  expect(locate(["Nothing of it"], "approved")).toEqual([]);
});

test("lines that the page's width ended flow on; lines the writer ended stay; no offset moves", () => {
  const wide =
    "The quality management system covers design and development, manufacture and depot\nrepair of the monitor.";
  expect(flow(wide, { start: 0, end: wide.length })).toBe(wide.replace("\n", " "));
  const list =
    "Clause Subject\n7.3 Design\n7.5.6 Validation of processes for production and service provision, see below";
  expect(flow(list, { start: 0, end: list.length })).toBe(list);
  fc.assert(
    fc.property(fc.array(fc.lorem({ maxCount: 30 })), fc.nat(40), (lines, from) => {
      const text = lines.join("\n");
      const part = { start: Math.min(from, text.length), end: text.length };
      const flowed = flow(text, part);
      expect(flowed.replaceAll("\n", " ")).toBe(text.slice(part.start).replaceAll("\n", " "));
    }),
  );
});
