import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { asvsTable } from "./asvs-table.ts";

test("ASVS every requirement of ASVS 5.0 has its row, every test it names exists, and the page is what the data says", () => {
  const { page, problems } = asvsTable();
  expect(problems).toEqual([]);
  expect(readFileSync(join(import.meta.dirname, "../docs/asvs.md"), "utf8")).toBe(page);
});
