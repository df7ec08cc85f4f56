import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { declaredGrants } from "@probity/kernel";
import { openTestKernel, type TestKernel } from "@probity/kernel/testing";
import { enabledApps } from "./apps.ts";

const root = join(import.meta.dirname, "..");

/** What a job or command leaves: the file that writes its leaf, and the leaf's action; or why there is none to leave. */
type Leaves = { readonly file: string; readonly action: string } | { readonly none: string };

/** Every job. One that is not here fails: what a machine does by itself is in the log like what a person does. */
const jobs: Readonly<Record<string, Leaves>> = {
  "regulatory_docs.read_revision": {
    file: "apps/regulatory-docs/jobs/read-revision.ts",
    action: "regulatory_docs.revision.${outcome}",
  },
  "regulatory_docs.load_sample": {
    file: "apps/regulatory-docs/jobs/load-sample.ts",
    action: "regulatory_docs.collection.create",
  },
  "regulatory_docs.analyse_collection": {
    file: "apps/regulatory-docs/jobs/analyse-collection.ts",
    action: "regulatory_docs.run.finish",
  },
  "lab.load_sample": { file: "apps/lab/sample-data/history.ts", action: "lab.result.bring_in" },
  "lab.import_samples": { file: "apps/lab/actions/import-take.ts", action: "lab.import_file." },
  "lab.import_results": { file: "apps/lab/actions/import-take.ts", action: "lab.import_file." },
  "lab.tell_out": { file: "apps/lab/jobs/send-notice.ts", action: "lab.notice.send" },
  "lab.tell_change": { file: "apps/lab/jobs/send-notice.ts", action: "lab.notice.send" },
  "lab.tell_approve": { file: "apps/lab/jobs/send-notice.ts", action: "lab.notice.send" },
  "kernel.mail": { none: "a mail is queued in the transaction of the act that causes it, whose leaf says so" },
};

/** Every command. Those that change what a server keeps leave a leaf; the others read, or work without a server. */
const commands: Readonly<Record<string, Leaves | readonly Leaves[]>> = {
  start: { none: "a start changes nothing; another cluster, a restore and a new signer are leaves of their own" },
  setup: { file: "kernel/work/door.ts", action: "kernel.workspace.found" },
  migrate: { none: "brings tables up to date: nobody's data is read or changed by it" },
  doctor: { none: "reads the catalogue, and compares as the owner in a transaction that is rolled back" },
  ledger: { file: "kernel/ledger/epoch.ts", action: "epochAction" },
  policy: { file: "kernel/policy/instance.ts", action: "kernel.instance_policy.change" },
  people: [
    { file: "kernel/identity/reset.ts", action: "kernel.password.link" },
    { file: "kernel/identity/import-people.ts", action: "kernel.people.import" },
  ],
  probe: { none: "calls a running instance as anybody could: each call leaves its own event there" },
  witness: { none: "another machine's memory of the logs of others" },
  verify: { none: "reads one file, without a server" },
  gaps: { none: "reads a folder, without a server" },
};

let kernel: TestKernel;
beforeAll(async () => {
  const apps = enabledApps({ freeCheck: true });
  kernel = await openTestKernel({ apps: apps.map((app) => app.migrations), grants: declaredGrants(apps) });
});
afterAll(() => kernel?.close());

function withoutLeaf(list: Readonly<Record<string, Leaves | readonly Leaves[]>>): string[] {
  return Object.entries(list).flatMap(([name, given]) =>
    [given]
      .flat()
      .flatMap((leaves) =>
        "none" in leaves || readFileSync(join(root, leaves.file), "utf8").includes(leaves.action)
          ? []
          : [`${name}: ${leaves.file} leaves no ${leaves.action}`],
      ),
  );
}

describe("LED-01 what is done without a request leaves its leaf too", () => {
  test("every job", () => {
    const declared = enabledApps({ freeCheck: true }).flatMap((app) => Object.keys(app.jobs(kernel)));
    expect([...declared, "kernel.mail"].toSorted()).toEqual(Object.keys(jobs).toSorted());
    expect(withoutLeaf(jobs)).toEqual([]);
  });

  test("every command of the command line", () => {
    const text = readFileSync(join(import.meta.dirname, "cli.ts"), "utf8");
    const declared = [...text.matchAll(/^ {2}(\w+): \{\n {4}about/gm)].map(([, name]) => name);
    expect(declared.toSorted()).toEqual(Object.keys(commands).toSorted());
    expect(withoutLeaf(commands)).toEqual([]);
  });
});
