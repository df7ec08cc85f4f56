import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openIdentity } from "../identity/identity.ts";
import { isSetUp, makeSetupLink, setupFromCommandLine } from "../identity/setup.ts";
import { openTestKernel, type TestKernel } from "../testing/kernel.ts";
import { latestProbes, noteProbes, openProbeDatabase, refusal, withProbeLock } from "./database.ts";
import { openScratch, scratchTenantIds } from "./scratch.ts";

let kernel: TestKernel;
let admin: Client;

beforeAll(async () => {
  kernel = await openTestKernel();
  admin = new Client(kernel.admin);
  await admin.connect();
});
afterAll(async () => {
  await admin.end();
  await kernel.close();
});

const note = (outcome: string) => ({
  control: "TEN-01",
  probe: "p",
  kind: "catalogue",
  outcome,
  detail: `was ${outcome}`,
});

describe("TRU-01 probes leave what they found, and nothing else", () => {
  test("scratch workspaces set no instance up, and are in nobody's list", async () => {
    const scratch = await openScratch(kernel);
    expect(await isSetUp({ kernel })).toBe(false);
    expect(await makeSetupLink({ kernel })).toBeDefined();
    const identity = openIdentity(kernel, { url: "http://localhost" });
    await setupFromCommandLine(identity, {
      email: "ada@example.test",
      password: "copper lantern folds 81",
      workspaceName: "Nordwerk",
      preset: "regulatory-docs",
    });
    expect(await isSetUp({ kernel })).toBe(true);
    const { rows: users } = await admin.query("select id from identity.user where email = 'ada@example.test'");
    await admin.query("set role probity_door");
    const listed = await admin.query(
      "select w.name from kernel.membership m join kernel.workspace w on w.id = m.tenant_id where m.user_id = $1",
      [users[0]?.id],
    );
    await admin.query("reset role");
    expect(listed.rows).toEqual([{ name: "Nordwerk" }]);
    const again = await openScratch(kernel);
    expect(again.a.id).toBe(scratch.a.id);
    expect(again.a.ownerKey).not.toBe(scratch.a.ownerKey);
  });

  test("a workspace with people in it can't be made a probe's", async () => {
    const workspace = await kernel.foundWorkspace("real");
    const database = openProbeDatabase(kernel, kernel.admin, undefined);
    const code = await database.bound(workspace, (connection) =>
      refusal(connection, () => connection.query("select kernel.mark_probe_workspace()")),
    );
    expect(code).toBe("PB403");
  });

  test("results are added, the newest is shown, and nobody changes one: not the owner of the table either", async () => {
    await noteProbes(kernel, [note("broken")]);
    await noteProbes(kernel, [note("held")]);
    const [latest, ...rest] = await latestProbes(kernel, [
      { control: "TEN-01", probe: "p" },
      { control: "TEN-01", probe: "never" },
    ]);
    expect(rest).toEqual([]);
    expect(latest).toMatchObject({ outcome: "held", detail: "was held" });
    for (const act of [
      "update kernel.probe_result set outcome = 'held'",
      "delete from kernel.probe_result",
      "truncate kernel.probe_result",
    ]) {
      await admin.query("reset role; set role probity_door");
      await expect(admin.query(act)).rejects.toMatchObject({ code: "PB003" });
    }
    const leaves = await admin.query("select count(*) as n from kernel.ledger_inbox where action = 'kernel.probe.run'");
    expect(Number(leaves.rows[0]?.n)).toBe(2);
  });

  test("results need the system's credential", async () => {
    const database = openProbeDatabase(kernel, kernel.admin, undefined);
    const code = await database.attempt("probity_app", (connection) =>
      refusal(connection, () =>
        connection.query("select kernel.note_probes('guess', gen_random_uuid(), '{}', '{}', '[]')"),
      ),
    );
    expect(code).toBe("PB403");
  });

  test("of two servers one probes at a time", async () => {
    const [held, inside] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const first = withProbeLock(kernel, async () => {
      inside.resolve();
      await held.promise;
      return "first";
    });
    await inside.promise;
    expect(await withProbeLock(kernel, async () => "second")).toBeUndefined();
    held.resolve();
    expect(await first).toBe("first");
    expect(await withProbeLock(kernel, async () => "third")).toBe("third");
  });

  test("nothing a probe does to the database stays", async () => {
    const database = openProbeDatabase(kernel, kernel.admin, undefined);
    await database.attempt("setup", (connection) =>
      connection.query("create table kernel.left_behind (id int)").catch(() => []),
    );
    await database.judgeAfter("set local role probity_owner; create table kernel.left_behind (id int); reset role");
    const found = await admin.query("select to_regclass('kernel.left_behind') as table");
    expect(found.rows[0]?.table).toBeNull();
    expect(scratchTenantIds).toHaveLength(2);
  });
});
