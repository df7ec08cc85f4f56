import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { part11Table } from "./part-11-table.ts";

test("SIG-01 every test and control the Part 11 matrix names exists, and the page is what the data says", () => {
  const { page, problems } = part11Table();
  expect(problems).toEqual([]);
  expect(readFileSync(join(import.meta.dirname, "../docs/part-11.md"), "utf8")).toBe(page);
});
