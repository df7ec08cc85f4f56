import { createHash, randomUUIDv7 as uuidv7 } from "node:crypto";
import { verifyBundle } from "@probity/verify";
import { nodeProvider } from "@probity/verify/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { reconcileWorkspace } from "../ledger/reconcile.ts";
import { changePolicy } from "../policy/store.ts";
import type { TestPerson } from "../testing/kernel.ts";
import { openTestLog, type TestLog } from "../testing/log.ts";
import { asDoor } from "../testing/record-suite.ts";
import { openTestServer, type TestServer } from "../testing/server.ts";
import { query } from "../work/query.ts";
import { retentionClasses } from "./class.ts";
import { retire, retireAll } from "./retire.ts";

let server: TestServer;
let log: TestLog;
let acme: string;
let owner: TestPerson;
const day = 86_400_000;
const later = (days: number) => new Date(Date.now() + days * day);

beforeAll(async () => {
  server = await openTestServer([]);
  log = openTestLog(server.kernel);
  acme = await server.kernel.foundWorkspace("acme");
  owner = await server.member(acme, "owner");
});
afterAll(async () => {
  await log?.close();
  await server?.close();
});

const count = async (text: string) => Number((await asDoor(server, text, [acme]))[0]?.["n"]);
const accessEvents = () => count("select count(*) as n from kernel.access_event where tenant_id = $1");

/** An invitation that was withdrawn: a deleted row with two versions. */
async function deletedRow(): Promise<string> {
  const id = uuidv7();
  const row = { record: "kernel.invitation", rowId: id };
  await server.kernel.door.work(owner.session, "kernel.people.change", async (tx) => {
    await tx.record({ action: "kernel.invitation.create", ...row, version: 1 });
    const secret_hash = createHash("sha256").update(id).digest();
    await tx.all(
      query
        .insertInto("kernel.invitation")
        .values({ id, email: "gone@example.test", role: "member", secret_hash, expires_at: later(1) }),
    );
    await tx.record({ action: "kernel.invitation.withdraw", ...row, version: 2 });
    await tx.all(query.updateTable("kernel.invitation").set({ deleted_at: new Date() }).where("id", "=", id));
  });
  return id;
}

async function verdict() {
  await log.publish();
  const { text } = await server.as(owner)("GET", "/api/ledger/export");
  const lines = text.split("\n").slice(0, -1);
  return { text, ...(await verifyBundle([{ lines, bytes: text.length }], { provider: nodeProvider })) };
}

describe("RET-01 what a policy says is kept so long goes when its time is over", () => {
  test("nothing goes before its time", async () => {
    await deletedRow();
    await server.as(owner)("GET", "/api/ledger/events");
    await server.kernel.access.flush();
    await log.publish();
    const before = await accessEvents();
    const results = await retire(server.kernel, acme);
    for (const { gone, outcome } of Object.values(results)) expect([gone, outcome]).toEqual([0, "done"]);
    expect(await accessEvents()).toBe(before);
  });

  test("a legal hold stops every class, and says so on the page", async () => {
    const call = server.as(owner);
    const placed = await call("POST", "/api/retention/holds", { body: { reason: "Inspection", membershipId: null } });
    const before = await accessEvents();
    const results = await retire(server.kernel, acme, later(400));
    for (const { gone, outcome, detail } of Object.values(results))
      expect([gone, outcome, detail]).toEqual([0, "held", "Stopped by a legal hold: Inspection"]);
    expect(await accessEvents()).toBeGreaterThanOrEqual(before);
    const page = JSON.stringify((await call("GET", "/api/retention")).body);
    expect(page).toContain("Stopped by a legal hold: Inspection");
    await call("POST", `/api/retention/holds/${String(placed.body["id"])}/release`, { body: { reason: "Over" } });
  });

  test("access logs, finished jobs and deleted rows go with their time; each leaves its leaf, log and tables agree", async () => {
    const id = await deletedRow();
    // Jobs that ended go, one that waits stays.
    await asDoor(
      server,
      `insert into kernel.job (tenant_id, id, task, actor_id, state)
       select $1, gen_random_uuid(), 'test', gen_random_uuid(), s from unnest('{done,failed,waiting,running}'::text[]) s`,
      [acme],
    );
    await server.kernel.access.flush();
    await log.publish();
    const results = await retire(server.kernel, acme, later(91));
    expect(results["traces"]).toMatchObject({ outcome: "done", gone: 2 });
    expect(await count("select count(*) as n from kernel.job where tenant_id = $1 and task = 'test'")).toBe(2);
    expect(results["access"]).toMatchObject({ outcome: "done" });
    expect(results["access"]?.gone).toBeGreaterThan(0);
    expect(results["deleted"]).toMatchObject({ outcome: "done", gone: 2 });
    expect(await accessEvents()).toBe(0);
    await log.publish();
    expect(
      await count(`select count(*) as n from kernel.version_history where tenant_id = $1 and row_id = '${id}'`),
    ).toBe(0);
    expect((await reconcileWorkspace(server.kernel, acme)).findings).toEqual([]);
    const verified = await verdict();
    expect(verified.findings).toEqual([]);
    expect(verified).toMatchObject({ outcome: "VERIFIED", complete: true });
    expect(verified.text).toContain("retention.access.retired");
    expect(verified.text).toContain("retention.rows.retired");
    expect(verified.text).toContain("retention.traces.retired");
    // Nothing was kept of what asked twice, so nothing of it went and no event says so.
    expect(verified.text).not.toContain("retention.keys.retired");
  });

  test("a tombstone without its leaf is found", async () => {
    await asDoor(server, "update kernel.tombstone set leaf_id = gen_random_uuid() where tenant_id = $1", [acme]);
    const { findings } = await reconcileWorkspace(server.kernel, acme);
    expect(findings.map(({ kind }) => kind)).toContain("leaf_without_change");
    await asDoor(server, "delete from kernel.tombstone where tenant_id = $1", [acme]);
  });

  test("every server makes the round, and a workspace is retired once a day", async () => {
    const ran = await retireAll(server.kernel);
    expect(ran).toBeGreaterThan(0);
    expect(await retireAll(server.kernel)).toBe(0);
    // One class that never ran is reason enough, and so is a day.
    await asDoor(server, "delete from kernel.retention_run where tenant_id = $1 and class = 'keys'", [acme]);
    expect(await retireAll(server.kernel)).toBe(1);
    expect(await count("select count(*) as n from kernel.retention_run where tenant_id = $1 and class = 'keys'")).toBe(
      1,
    );
    expect(await retireAll(server.kernel, later(1.1))).toBeGreaterThan(1);
  });

  test("a class that fails is told on the page, and the others run", async () => {
    await asDoor(server, "revoke execute on function kernel.retire_traces(timestamptz) from probity_app");
    try {
      const results = await retire(server.kernel, acme);
      expect(Object.entries(results).map(([name, { outcome }]) => [name, outcome])).toEqual(
        ["access", "traces", "deleted", "keys", "log"].map((name) => [name, name === "traces" ? "failed" : "done"]),
      );
      const page = JSON.stringify((await server.as(owner)("GET", "/api/retention")).body);
      expect(page).toContain('"outcome":"failed"');
    } finally {
      await asDoor(server, "grant execute on function kernel.retire_traces(timestamptz) to probity_app");
    }
  });

  test("what nothing enforces yet is said so", async () => {
    const { body } = await server.as(owner)("GET", "/api/retention");
    expect(body["classes"]).toMatchObject(
      retentionClasses.map(({ id, enforced }) => ({
        id,
        enforced,
        ...(enforced === null ? { policy: null, last: null } : {}),
      })),
    );
  });
});

describe("RET-01 LED-03 the oldest part of the log is pruned", () => {
  test("whole tiles go with a signed statement; what is left proves itself, grows and agrees with the tables", async () => {
    const space = await server.kernel.foundWorkspace("long");
    const person = await server.member(space, "owner");
    await server.kernel.door.work(person.session, "kernel.people.read", (tx) =>
      tx.recordAll(
        Array.from({ length: 700 }, (_, index) => ({ action: "kernel.test.old", fields: { index: String(index) } })),
      ),
    );
    await log.publish();
    const kept = await retire(server.kernel, space, later(400));
    expect(kept["log"]).toMatchObject({ gone: 0, detail: "The whole log is kept" });
    await server.kernel.door.work(person.session, "kernel.policy.change", (tx) =>
      changePolicy(tx, "retention.ledgerYears", 1, 0, "A year is enough here"),
    );
    await log.publish();
    const pruned = await retire(server.kernel, space, later(400));
    expect(pruned["log"]).toMatchObject({ gone: 512, outcome: "done", detail: "The log begins at 512 now" });
    await log.publish();
    const { text } = await server.as(person)("GET", "/api/ledger/export");
    const lines = text.split("\n").slice(0, -1);
    const verified = await verifyBundle([{ lines, bytes: text.length }], { provider: nodeProvider });
    expect(verified.findings).toEqual([]);
    expect(verified).toMatchObject({ outcome: "VERIFIED", complete: true, range: { from: 512 } });
    expect(text).toContain("retention.log.pruned");
    const { text: some } = await server.as(person)("GET", "/api/ledger/export?action=retention.log.pruned");
    const selected = await verifyBundle([{ lines: some.split("\n").slice(0, -1), bytes: 1 }], {
      provider: nodeProvider,
    });
    expect(selected).toMatchObject({ outcome: "VERIFIED", counts: { leaves: 1 } });
    expect((await reconcileWorkspace(server.kernel, space)).findings).toEqual([]);
    // Asked again it prunes nothing, and says nothing.
    expect((await retire(server.kernel, space, later(400)))["log"]).toMatchObject({
      gone: 0,
      detail: "Nothing is old enough",
    });
    expect(
      Number(
        (
          await asDoor(
            server,
            "select count(*) as n from kernel.ledger_event where tenant_id = $1 and action = 'retention.log.pruned'",
            [space],
          )
        )[0]?.["n"],
      ),
    ).toBe(1);
  });
});
