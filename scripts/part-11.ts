// Writes docs/part-11.md from docs/part-11.yaml, and fails where a named test or control does not exist:
// node scripts/run.mjs scripts/part-11.ts
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { part11Table } from "./part-11-table.ts";

const { page, problems } = part11Table();
if (problems.length > 0) {
  console.error(problems.join("\n"));
  process.exitCode = 1;
} else writeFileSync(join(import.meta.dirname, "../docs/part-11.md"), page);
