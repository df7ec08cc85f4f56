// npm test: every test of every package, then the tests that need a PostgreSQL of an ordinary role, and one closing line.
// Arguments are passed on to the first run: npm test -- kernel/work
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Type } from "typebox";
import { Value } from "typebox/value";
import { stopTestCluster } from "../kernel/database/test-cluster.ts";
import { withExternalPostgres } from "./test-external.ts";

const root = join(import.meta.dirname, "..");
const cache = join(root, ".cache");
const given = process.argv.slice(2);
const summary = Type.Object({
  numPassedTests: Type.Integer(),
  numFailedTests: Type.Integer(),
  numPendingTests: Type.Integer(),
  numTodoTests: Type.Integer(),
  numFailedTestSuites: Type.Integer(),
  success: Type.Boolean(),
});
const total = { passed: 0, failed: 0, skipped: 0 };

/** One Vitest run; what it counted goes into the total. A run that died without a count is one failure. */
async function vitest(
  name: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<void> {
  mkdirSync(cache, { recursive: true });
  const report = join(cache, `test-${name}.json`);
  rmSync(report, { force: true });
  const child = spawn(
    process.execPath,
    [
      join(root, "node_modules/vitest/vitest.mjs"),
      "run",
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${report}`,
      ...args,
    ],
    { cwd: root, stdio: "inherit", env: { ...process.env, ...environment } },
  );
  const code = await new Promise<number>((resolve) => {
    child.once("exit", (status) => resolve(status ?? 1));
  });
  try {
    const counted = Value.Parse(summary, JSON.parse(readFileSync(report, "utf8")));
    total.passed += counted.numPassedTests;
    total.skipped += counted.numPendingTests + counted.numTodoTests;
    // A file that broke outside its tests fails the run without a failed test to its name.
    total.failed += Math.max(counted.numFailedTests, code === 0 ? 0 : 1);
  } catch {
    total.failed += 1;
  }
}

try {
  await vitest("all", given, {});
  if (given.length === 0) {
    const skipped = await withExternalPostgres((url) =>
      vitest(
        "external",
        [
          "kernel/work",
          "kernel/ledger",
          "kernel/record",
          "kernel/vault/sealed-field.test.ts",
          "apps/regulatory-docs/records",
        ],
        { PROBITY_TEST_DATABASE_URL: url },
      ),
    );
    if (skipped !== undefined) {
      console.log(`▲ skipped: tests on PostgreSQL 15 with an ordinary role (${skipped})`);
      total.skipped += 1;
    }
  }
} finally {
  await stopTestCluster();
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed === 0 ? 0 : 1;
