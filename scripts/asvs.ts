// Writes docs/asvs.md from docs/asvs.yaml, and fails where a named test does not exist:
// node scripts/run.mjs scripts/asvs.ts
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { asvsTable } from "./asvs-table.ts";

const { page, problems } = asvsTable();
if (problems.length > 0) {
  console.error(problems.join("\n"));
  process.exitCode = 1;
} else writeFileSync(join(import.meta.dirname, "../docs/asvs.md"), page);
