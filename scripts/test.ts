// npm test: every test of every package, then the tests that need a PostgreSQL of an ordinary role, and one closing line.
// Arguments are passed on to the first run: npm test -- kernel/work
import { join } from "node:path";
import { stopTestCluster } from "../kernel/database/test-cluster.ts";
import { withExternalPostgres } from "./test-external.ts";
import { runTests, type Tally } from "./test-run.ts";

const root = join(import.meta.dirname, "..");
const given = process.argv.slice(2);
const tallies: Tally[] = [];

try {
  if (given.length > 0) tallies.push(await runTests({ root, name: "some", args: given }));
  else {
    // Journeys wait for a browser most of the time: beside the others they cost no time of their own.
    const [code, journeys] = await Promise.all([
      runTests({ root, name: "code", args: ["--project", "code"] }),
      runTests({ root, name: "journey", args: ["--project", "journey"] }),
    ]);
    tallies.push(code, journeys);
    const skipped = await withExternalPostgres(async (url) => {
      tallies.push(
        await runTests({
          root,
          name: "external",
          args: [
            "kernel/work",
            "kernel/ledger",
            "kernel/record",
            "kernel/vault/sealed-field.test.ts",
            "apps/regulatory-docs/records",
          ],
          environment: { PROBITY_TEST_DATABASE_URL: url },
        }),
      );
    });
    if (skipped !== undefined) {
      console.log(`▲ skipped: tests on PostgreSQL 15 with an ordinary role (${skipped})`);
      tallies.push({ passed: 0, failed: 0, skipped: 1, secondRun: [] });
    }
  }
} finally {
  await stopTestCluster();
}
for (const { file, first } of tallies.flatMap((each) => each.secondRun)) {
  console.log(`▲ passed on the second run: ${file}\n  first: ${first}`);
}
const sum = (of: "passed" | "failed" | "skipped") => tallies.reduce((total, each) => total + each[of], 0);
console.log(`${sum("passed")} passed, ${sum("failed")} failed, ${sum("skipped")} skipped`);
process.exitCode = sum("failed") === 0 ? 0 : 1;
