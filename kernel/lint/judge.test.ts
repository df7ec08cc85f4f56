import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rolePassword } from "../database/roles.ts";
import { createTestDatabase, testRootKey } from "../testing/database.ts";
import { IsolationError, judge, refuseStart, rules } from "./judge.ts";

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let client: Client;
beforeAll(async () => {
  database = await createTestDatabase();
  client = new Client(database.admin);
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await database.drop();
});
const named = (findings: Awaited<ReturnType<typeof judge>>) =>
  findings.map(({ rule, object, detail }) => [rule.id, object, detail]);

describe("the judge", () => {
  test("TEN-04 a fresh database has nothing to correct", async () => {
    expect(named(await judge(client, undefined))).toEqual([]);
  });

  test("TEN-04 the running instance judges itself: the application's own role sees the same", async () => {
    const role = "probity_app";
    const app = new Client({ ...database.admin, user: role, password: rolePassword(testRootKey.key, role) });
    await app.connect();
    try {
      await client.query("set role probity_owner; alter table kernel.blob disable trigger guard; reset role");
      const disabled = ["governed-trigger-missing", "kernel.blob", "trigger guard is disabled"];
      expect(named(await judge(app, undefined))).toEqual([disabled]);
      // A temporary table of the same name comes first in every search path but the judge's.
      await app.query("create temporary table pg_trigger as select * from pg_catalog.pg_trigger");
      await app.query("update pg_temp.pg_trigger set tgenabled = 'O'");
      expect(named(await judge(app, undefined))).toEqual([disabled]);
    } finally {
      await client.query("set role probity_owner; alter table kernel.blob enable trigger guard; reset role");
      await app.end();
    }
  });

  test("TEN-04 broken isolation stops the start and says what, why and how; the rest goes to the trust page", () => {
    const [grave] = rules;
    const slight = rules.find((rule) => rule.severity === "degrades");
    if (grave === undefined || slight === undefined) throw new Error("rules of both severities");
    const degrading = { rule: slight, object: "lab.sample", detail: "tenant_id leads no index" };
    expect(refuseStart([degrading])).toEqual([degrading]);
    const start = () =>
      refuseStart([degrading, { rule: grave, object: "probity_app", detail: "has the attribute superuser" }]);
    expect(start).toThrow(IsolationError);
    expect(start).toThrow(
      /^Probity does not start: .* in 1 place\..*\n {2}probity_app: .*has the attribute superuser.*alter role/,
    );
    expect(start).not.toThrow(/lab\.sample/);
  });

  test("every rule has a name of its own", () => {
    expect(new Set(rules.map((rule) => rule.id)).size).toBe(rules.length);
  });
});
