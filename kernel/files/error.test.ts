import { expect, test } from "vitest";
import { refusalCodes, refusalText } from "./error.ts";
import { defaultFileLimits } from "./limit.ts";

test.each([...refusalCodes])("%s has its own text: what happened, what is safe, what to do", (code) => {
  const text = refusalText(code, "SOP-7.pdf", defaultFileLimits, { found: "a PNG picture" });
  expect(text.startsWith("SOP-7.pdf ")).toBe(true);
  expect(text.split(/(?<=\.) /)).toHaveLength(3);
  expect(text).toContain("Nothing was stored.");
  expect(text).not.toMatch(/please|oops|invalid|undefined/i);
  expect(refusalCodes.filter((other) => refusalText(other, "SOP-7.pdf") === refusalText(code, "SOP-7.pdf"))).toEqual([
    code,
  ]);
});

test("the limits in a text are those in force", () => {
  const limits = {
    ...defaultFileLimits,
    maxPages: 1234,
    maxExtractionSeconds: 7,
    maxExtractionBytes: 64 * 1024 * 1024,
  };
  expect(refusalText("too-many-pages", "a.pdf", limits, { measured: 2345 })).toContain("2,345 pages, more than 1,234,");
  expect(refusalText("timed-out", "a.pdf", limits)).toContain("7 seconds");
  expect(refusalText("too-much-memory", "a.pdf", limits)).toContain("64 MB");
  expect(refusalText("scanned", "a.pdf", limits, { recognitionOffered: true })).toContain(
    "switch recognition on (PROBITY_OCR)",
  );
});
