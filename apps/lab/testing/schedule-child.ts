// A second server that makes a round of schedules, for the test that kills it in the midst of one.
import { openKernel } from "@probity/kernel";
import { testRootKey } from "@probity/kernel/testing";
import { runSchedules } from "../actions/schedule-run.ts";

const [host = "", port = "", database = ""] = process.argv.slice(2);
const kernel = openKernel({ host, port: Number(port), database }, testRootKey, {
  poolSize: 2,
  filesFolder: "/nowhere",
});
process.stdout.write("ready\n");
for (;;) await runSchedules(kernel, new Map());
