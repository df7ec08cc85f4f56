// npm run check: everything a machine can say about the code without running its tests. One step after the other.
import { join } from "node:path";
import { architectureStep } from "./check/architecture.ts";
import { databaseStep } from "./check/database.ts";
import { formatStep } from "./check/format.ts";
import { lintStep } from "./check/lint.ts";
import { sourceStep } from "./check/source.ts";
import type { Step } from "./check/step.ts";
import { typesStep } from "./check/types.ts";
import { unusedStep } from "./check/unused.ts";

const root = join(import.meta.dirname, "..");
const steps: readonly Step[] = [
  sourceStep,
  lintStep,
  formatStep,
  architectureStep,
  typesStep,
  databaseStep,
  unusedStep,
];
const wanted = process.argv.slice(2);

let failed = 0;
for (const step of steps) {
  if (wanted.length > 0 && !wanted.includes(step.name)) continue;
  const start = performance.now();
  const found = await step
    .run(root)
    .catch((error: unknown) => [error instanceof Error ? (error.stack ?? error.message) : String(error)]);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(
    `${found.length === 0 ? "●" : "▲"} ${step.name.padEnd(14)} ${seconds.padStart(5)} s${found.length === 0 ? "" : `   ${found.length} found`}`,
  );
  for (const line of found) console.log(`    ${line}`);
  if (found.length > 0) failed += 1;
}
if (failed > 0) {
  console.log(
    `${failed} of ${steps.length} steps found something. Nothing was changed. Correct it, then run npm run check again.`,
  );
  process.exitCode = 1;
}
