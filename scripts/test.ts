// npm test: every test of every package, also on a PostgreSQL of an ordinary role, and one closing line.
// Arguments are passed on to the first run: npm test -- kernel/work
import { join } from "node:path";
import { stopTestCluster } from "../kernel/database/test-cluster.ts";
import { ensureWebBuilt } from "../server/build-web.ts";
import { withExternalPostgres } from "./test-external.ts";
import { runFirst, runSecond, type Tally, type TestRun } from "./test-run.ts";

const root = join(import.meta.dirname, "..");
const given = process.argv.slice(2);
const tallies: Tally[] = [];
const external = ["kernel/work", "kernel/ledger", "kernel/record", "apps/regulatory-docs/records"];

async function everything(): Promise<void> {
  // Both kinds of test start servers, which build the pages where they are missing: once is enough.
  await ensureWebBuilt(join(root, "web/dist"));
  const project = (name: string): TestRun => ({ root, name, args: ["--project", name] });
  const code = runFirst(project("code"));
  const journeys = runFirst(project("journey"));
  // Journeys wait for a browser much of the time, and after them the other PostgreSQL takes their place: beside the tests of
  // the code there is one more thing to do until the end, and never two.
  const skipped = journeys.then(() =>
    withExternalPostgres(root, async (url) => {
      const run = {
        root,
        name: "external",
        args: external,
        workers: 1,
        environment: { PROBITY_TEST_DATABASE_URL: url },
      };
      const first = await runFirst(run);
      await code;
      tallies.push(await runSecond(run, first));
    }),
  );
  // What failed is run again when nothing else runs any more.
  const reason = await skipped;
  for (const [name, first] of [
    ["code", await code],
    ["journey", await journeys],
  ] as const)
    tallies.push(await runSecond(project(name), first));
  if (reason === undefined) return;
  console.log(`▲ skipped: tests on PostgreSQL 15 with an ordinary role (${reason})`);
  tallies.push({ passed: 0, failed: 0, skipped: 1, secondRun: [] });
}

try {
  if (given.length === 0) await everything();
  else {
    const run = { root, name: "some", args: given };
    tallies.push(await runSecond(run, await runFirst(run)));
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
