import { createHash, randomUUIDv7 as uuidv7 } from "node:crypto";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTestKernel, type TestKernel, type TestPerson } from "../testing/kernel.ts";
import { placeLeaves } from "../testing/record-suite.ts";
import { query } from "../work/query.ts";
import { findingWords, reconcileAll, reconcileWorkspace } from "./reconcile.ts";

let kernel: TestKernel;
let acme: string;
let rival: string;
let alice: TestPerson;
let owner: Client;

beforeAll(async () => {
  kernel = await openTestKernel();
  acme = await kernel.foundWorkspace("acme");
  rival = await kernel.foundWorkspace("rival");
  alice = await kernel.addPerson(acme, "owner");
  await kernel.addPerson(rival, "owner");
  for (let each = 0; each < 8; each += 1) await change(`person-${each}@example.test`);
  await kernel.door.work(alice.session, "kernel.people.read", (tx) => tx.record({ action: "kernel.file.download" }));
  await placeLeaves({ kernel });
  owner = new Client(kernel.admin);
  await owner.connect();
});
afterAll(async () => {
  await owner?.end();
  await kernel?.close();
});

async function change(email: string): Promise<void> {
  const id = uuidv7();
  await kernel.door.work(alice.session, "kernel.people.change", async (tx) => {
    const rowId = { record: "kernel.invitation", rowId: id };
    await tx.record({ action: "kernel.invitation.create", ...rowId, version: 1, fields: { email } });
    await tx.all(
      query.insertInto("kernel.invitation").values({
        id,
        email,
        role: "member",
        secret_hash: createHash("sha256").update(id).digest(),
        expires_at: new Date(Date.now() + 60_000),
      }),
    );
    await tx.record({ action: "kernel.invitation.withdraw", ...rowId, version: 2 });
    await tx.all(query.updateTable("kernel.invitation").set({ deleted_at: new Date() }).where("id", "=", id));
  });
}

/** What a comparison finds after these statements of who owns the database; nothing of it stays. */
async function after(role: "probity_owner" | "probity_door", ...statements: readonly string[]): Promise<string[]> {
  await owner.query("begin");
  try {
    await owner.query(`set local role ${role}`);
    for (const statement of statements) await owner.query(statement, statement.includes("$1") ? [acme] : []);
    await owner.query("set local role probity_door");
    await owner.query("select kernel.enter('system', $1, $2, 'kernel.ledger.reconcile', null)", [
      kernel.system(acme).token,
      acme,
    ]);
    await owner.query("set local role probity_owner");
    const found = await owner.query<{ kind: string }>(
      "select kind from kernel.reconcile_log() union all select kind from kernel.reconcile_rows() where kind <> 'counted'",
    );
    return found.rows.map(({ kind }) => kind);
  } finally {
    await owner.query("rollback");
  }
}

/** Takes a table's guards away, as its owner can. */
const unguarded = (table: string) =>
  [`alter table ${table} disable trigger user`, `alter table ${table} no force row level security`] as const;

describe("LED-04 the log and the tables are compared, both ways", () => {
  test("an untouched workspace agrees, and the comparison says how much it compared", async () => {
    const outcome = await reconcileWorkspace(kernel, acme);
    expect(outcome).toMatchObject({ found: 0, findings: [] });
    // Key, members, invitations: each change is counted, and so is the reading that changed nothing.
    expect(outcome.changes).toBeGreaterThanOrEqual(18);
    expect(outcome.events).toBeGreaterThan(outcome.changes);
    expect(outcome.rows).toBeGreaterThanOrEqual(10);
  });

  test("no time zone or date style of a session is mistaken for an alteration", async () => {
    expect(
      await after("probity_owner", "set local timezone = 'Asia/Tokyo'", "set local datestyle = 'German, DMY'"),
    ).toEqual([]);
  });

  test.each([
    [
      "a row that was changed",
      "row_altered",
      "update kernel.invitation set email = 'thief@example.test' where id = (select id from kernel.invitation limit 1)",
    ],
    [
      "a row that was removed",
      "row_missing",
      "delete from kernel.invitation where id = (select id from kernel.invitation limit 1)",
    ],
    [
      "a row that was slipped in",
      "row_without_history",
      `insert into kernel.invitation (tenant_id, id, email, role, secret_hash, expires_at, created_by, updated_by)
      select tenant_id, gen_random_uuid(), 'thief@example.test', role, sha256('thief'), expires_at, created_by, updated_by from kernel.invitation limit 1`,
    ],
  ])("the owner of the database is seen: %s", async (_, kind, statement) => {
    expect(await after("probity_owner", ...unguarded("kernel.invitation"), statement)).toEqual([kind]);
  });

  const last = (count: number) =>
    `delete from kernel.ledger_event where tenant_id = $1 and seq >= (select size - ${count} from kernel.ledger_head where tenant_id = $1)`;
  test("and when they delete the last five events, the count that remembers them too", async () => {
    const found = await after("probity_door", last(5));
    expect(found).toContain("events_missing");
    expect(found.filter((kind) => kind === "change_without_leaf")).toHaveLength(4);
    expect(
      await after("probity_door", last(5), "update kernel.ledger_head set size = size - 5 where tenant_id = $1"),
    ).toContain("change_without_leaf");
  });
  test("and when they delete every event, and the count with them", async () => {
    const all = "delete from kernel.ledger_event where tenant_id = $1";
    expect(await after("probity_door", all)).toContain("events_missing");
    const found = await after("probity_door", all, "delete from kernel.ledger_head where tenant_id = $1");
    expect(found.length).toBeGreaterThanOrEqual(18);
    expect(new Set(found)).toEqual(new Set(["change_without_leaf"]));
  });
  test("and when they delete a row of the history", async () => {
    expect(
      await after(
        "probity_door",
        "delete from kernel.version_history where ctid = (select ctid from kernel.version_history where tenant_id = $1 and record = 'kernel.invitation' and version = 1 limit 1)",
      ),
    ).toEqual(["leaf_without_change"]);
  });
  test.each([
    [
      "an event in the middle",
      "delete from kernel.ledger_event where tenant_id = $1 and seq = 3",
      ["change_without_leaf", "events_missing"],
    ],
    ["the first event", "delete from kernel.ledger_event where tenant_id = $1 and seq = 0", ["events_missing"]],
    [
      "the actor of an event",
      "update kernel.ledger_event set actor_id = gen_random_uuid() where tenant_id = $1 and seq = 3",
      ["change_without_leaf", "leaf_altered"],
    ],
    [
      "the bytes of an event",
      `update kernel.ledger_event set leaf = convert_to(replace(convert_from(leaf, 'UTF8'), '"outcome":"done"', '"outcome":"refused"'), 'UTF8') where tenant_id = $1 and seq = 3`,
      ["leaf_altered"],
    ],
    [
      "an event that is put behind the last",
      `insert into kernel.ledger_event select tenant_id, 9999, leaf_id, leaf, leaf_hash, at, actor_id, action, record, row_id, version, outcome from kernel.ledger_event where tenant_id = $1 and version is null limit 1`,
      ["events_beyond_head", "events_missing"],
    ],
  ])("and when they touch %s", async (_, statement, kinds) => {
    expect((await after("probity_door", statement)).toSorted()).toEqual(kinds);
  });

  test("a tombstone counts only with a leaf of its own that names the row", async () => {
    const gone = `delete from kernel.version_history where record = 'kernel.invitation' and row_id = (select row_id from kernel.ledger_event where tenant_id = $1 and record = 'kernel.invitation' order by seq limit 1)`;
    const tombstone = (leaf: string) =>
      `insert into kernel.tombstone select tenant_id, row_id, record, ${leaf} from kernel.ledger_event where tenant_id = $1 and record = 'kernel.invitation' order by seq limit 1`;
    const planted = await after("probity_door", gone, tombstone("gen_random_uuid()"));
    expect(planted.filter((kind) => kind === "leaf_without_change")).toHaveLength(2);
    const borrowed = await after("probity_door", gone, tombstone("leaf_id"));
    expect(borrowed.filter((kind) => kind === "leaf_without_change")).toHaveLength(2);
  });

  test("what one workspace's owner would have touched is no finding of another", async () => {
    await owner.query("begin");
    await owner.query("set local role probity_door");
    await owner.query("delete from kernel.ledger_event where tenant_id = $1", [rival]);
    await owner.query("commit");
    expect(await reconcileAll(kernel)).toBe(1);
    expect((await reconcileWorkspace(kernel, acme)).found).toBe(0);
    const state = await kernel.door.callFunction({
      sql: "select * from kernel.reconciliation_state()",
      parameters: [],
    });
    expect(Number(state[0]?.["found"])).toBeGreaterThan(0);
    expect(state[0]?.["compared"]).toEqual(state[0]?.["workspaces"]);
  });

  test("a comparison that finds something leaves its leaf, and one that finds the same again none", async () => {
    const leaves = async () => {
      await placeLeaves({ kernel });
      const rows = await owner.query("select kernel.ledger_lag()");
      expect(rows.rowCount).toBe(1);
      return kernel.door.work(kernel.system(rival), "kernel.ledger.reconcile", (tx) =>
        tx.all(
          query.selectFrom("kernel.ledger_event").select("outcome").where("action", "=", "kernel.ledger.reconcile"),
        ),
      );
    };
    const before = await leaves();
    expect(before).toEqual([{ outcome: "failed" }]);
    await reconcileWorkspace(kernel, rival);
    const settled = (await leaves()).length;
    expect(settled).toBeLessThanOrEqual(2);
    await reconcileWorkspace(kernel, rival);
    expect(await leaves()).toHaveLength(settled);
    // Once a day it says so all the same.
    await owner.query("begin");
    await owner.query("set local role probity_door");
    await owner.query("update kernel.reconciliation set noted_at = now() - interval '25 hours' where tenant_id = $1", [
      rival,
    ]);
    await owner.query("commit");
    await reconcileWorkspace(kernel, rival);
    expect(await leaves()).toHaveLength(settled + 1);
  });

  test("every workspace that disagrees is counted, each finding too, of which the first hundred are kept", async () => {
    const acts = async () => {
      await placeLeaves({ kernel });
      return kernel.door.work(kernel.system(acme), "kernel.ledger.reconcile", (tx) =>
        tx.all(
          query
            .selectFrom("kernel.ledger_event")
            .select("outcome")
            .where("action", "=", "kernel.ledger.reconcile")
            .orderBy("seq"),
        ),
      );
    };
    expect(new Set((await acts()).map(({ outcome }) => outcome))).toEqual(new Set(["done"]));
    const plant = (count: number) =>
      `insert into kernel.version_history (tenant_id, row_id, version, record, at, actor_id, body)
       select $1, gen_random_uuid(), 1, 'kernel.invitation', now(), gen_random_uuid(), '{"planted": true}' from generate_series(1, ${count})`;
    const asDoor = async (statement: string) => {
      await owner.query("begin");
      await owner.query("set local role probity_door");
      await owner.query(statement, [acme]);
      await owner.query("commit");
    };
    const before = await reconcileWorkspace(kernel, acme);
    await asDoor(plant(60));
    try {
      // Each is a change without a leaf, and a row that is not there.
      const outcome = await reconcileWorkspace(kernel, acme);
      expect([outcome.found, outcome.findings.length]).toEqual([120, 100]);
      expect([outcome.rows, outcome.changes]).toEqual([before.rows, before.changes + 60]);
      expect((await acts()).at(-1)).toEqual({ outcome: "failed" });
      expect(await reconcileAll(kernel)).toBe(2);
    } finally {
      await asDoor("delete from kernel.version_history where tenant_id = $1 and body = '{\"planted\": true}'");
    }
  });

  test("one row that was changed is enough for its workspace to be counted", async () => {
    const rename = async (from: string, to: string) => {
      await owner.query("begin");
      await owner.query("set local role probity_owner");
      for (const statement of unguarded("kernel.invitation")) await owner.query(statement);
      await owner.query("update kernel.invitation set email = $2 where email = $1", [from, to]);
      await owner.query("alter table kernel.invitation enable trigger user");
      await owner.query("alter table kernel.invitation force row level security");
      await owner.query("commit");
    };
    const before = await reconcileAll(kernel);
    const others = (await reconcileWorkspace(kernel, acme)).found;
    await rename("person-1@example.test", "thief@example.test");
    try {
      const { found, findings } = await reconcileWorkspace(kernel, acme);
      expect([others, found, findings.map(({ kind, record }) => [kind, record])]).toEqual([
        0,
        1,
        [["row_altered", "kernel.invitation"]],
      ]);
      expect(await reconcileAll(kernel)).toBe(before + 1);
    } finally {
      await rename("thief@example.test", "person-1@example.test");
    }
  });

  test("each finding is said in words", () => {
    for (const words of Object.values(findingWords)) expect(words).toMatch(/^[A-Z].*\.$/);
  });
});
