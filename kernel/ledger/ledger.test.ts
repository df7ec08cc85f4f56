import { createHash, randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql, type RawBuilder } from "kysely";
import { Client, type Pool } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openPool } from "../database/pool.ts";
import { testRootKey } from "../testing/database.ts";
import { openTestKernel, type TestKernel, type TestPerson } from "../testing/kernel.ts";
import { asDoor, placeLeaves } from "../testing/record-suite.ts";
import { writeSealed } from "../vault/sealed-field.ts";
import { runBatch } from "../work/batch.ts";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";
import { canonicalText } from "./canonical.ts";
import { commitment, makeLeaf, type Leaf } from "./leaf.ts";
import { merkleRoot } from "./merkle.ts";
import { Sequencer } from "./sequencer.ts";

let kernel: TestKernel;
let acme: string;
let rival: string;
let alice: TestPerson;
let raw: Pool;

beforeAll(async () => {
  kernel = await openTestKernel({ poolSize: 10 });
  acme = await kernel.foundWorkspace("acme");
  rival = await kernel.foundWorkspace("rival");
  alice = await kernel.addPerson(acme, "admin");
  raw = openPool(kernel.address, testRootKey.key, "probity_app", { max: 2 });
});
afterAll(async () => {
  await raw?.end();
  await kernel?.close();
});

const permission = "kernel.people.change";
const work = <T>(run: (tx: Tx) => Promise<T>) => kernel.door.work(alice.session, permission, run);
const statement = (text: RawBuilder<unknown>) => ({ compile: () => text.compile(query) });
const invite = (id: string) =>
  query.insertInto("kernel.invitation").values({
    id,
    email: "b@example.test",
    role: "member",
    secret_hash: createHash("sha256").update(id).digest(),
    expires_at: new Date(Date.now() + 60_000),
  });
const created = (rowId: string) => ({
  action: "kernel.invitation.create",
  record: "kernel.invitation",
  rowId,
  version: 1,
});
const invitations = async () => (await work((tx) => tx.all(query.selectFrom("kernel.invitation").select("id")))).length;

describe("no change without its leaf, no leaf without its change", () => {
  test("LED-04 a change without its leaf is refused", async () => {
    const before = await invitations();
    await expect(work((tx) => tx.all(invite(uuidv7())))).rejects.toMatchObject({ code: "PB004" });
    expect(await invitations()).toBe(before);
  });

  test("LED-04 a leaf of another row or version does not do", async () => {
    const [one, two] = [uuidv7(), uuidv7()];
    for (const event of [created(two), { ...created(one), version: 2 }, { ...created(one), record: "kernel.api_key" }])
      await expect(
        work(async (tx) => {
          await tx.record(event);
          await tx.all(invite(one));
        }),
      ).rejects.toMatchObject({ code: "PB004" });
  });

  test("LED-04 a leaf that was staged in an earlier transaction does not do", async () => {
    const id = uuidv7();
    await work(async (tx) => {
      await tx.record(created(id));
      await tx.all(invite(id));
    });
    const change = statement(sql`update kernel.invitation set expires_at = now() where id = ${id}`);
    await expect(work((tx) => tx.all(change))).rejects.toMatchObject({ code: "PB004" });
  });

  test("LED-04 a leaf without its change is refused when the transaction ends", async () => {
    await expect(work((tx) => tx.record(created(uuidv7())))).rejects.toMatchObject({ code: "PB005" });
  });

  test("LED-04 a leaf that names another tenant or actor is refused", async () => {
    const who = { tenantId: acme, actorId: alice.membershipId };
    for (const other of [
      { ...who, tenantId: rival },
      { ...who, actorId: uuidv7() },
    ]) {
      const leaf = makeLeaf(other, alice.session.source, { action: "kernel.people.read" });
      const stage = statement(sql`select kernel.stage_leaf(${leaf.bytes}, '{}')`);
      await expect(work((tx) => tx.all(stage))).rejects.toMatchObject({ code: "PB003" });
    }
    const own = makeLeaf(who, alice.session.source, { action: "kernel.people.read" });
    await work((tx) => tx.all(statement(sql`select kernel.stage_leaf(${own.bytes}, '{}')`)));
  });

  test("ENC-01 a sealed value without the leaf of its record's version is refused", async () => {
    const id = uuidv7();
    const place = { record: "kernel.invitation", rowId: id, version: 1 };
    await expect(work((tx) => writeSealed(tx, kernel.keyring, place, { note: "x" }))).rejects.toMatchObject({
      code: "PB004",
    });
    await work(async (tx) => {
      await tx.record(created(id));
      await tx.all(invite(id));
      await writeSealed(tx, kernel.keyring, place, { note: "x" });
    });
  });
});

test.each(["ledger_inbox", "ledger_event", "ledger_opening", "ledger_head", "version_history"])(
  "LED-02 no role of the application can write kernel.%s",
  async (table) => {
    for (const role of ["probity_app", "probity_identity", "probity_worker", "probity_across"] as const) {
      const pool = openPool(kernel.address, testRootKey.key, role, { max: 1 });
      try {
        for (const text of [
          `delete from kernel.${table}`,
          `update kernel.${table} set tenant_id = tenant_id`,
          `insert into kernel.${table} default values`,
          `truncate kernel.${table}`,
          `alter table kernel.${table} disable trigger all`,
        ])
          await expect(pool.query(text)).rejects.toMatchObject({ code: "42501" });
      } finally {
        await pool.end();
      }
    }
  },
);

describe("the sequencer", () => {
  const act = async (count: number, marker: string) => {
    for (let index = 0; index < count; index += 1)
      await work((tx) => tx.record({ action: `kernel.test.${marker}`, fields: { index } }));
  };
  const placed = (marker: string) =>
    asDoor({ kernel }, "select seq, leaf from kernel.ledger_event where tenant_id = $1 and action = $2 order by seq", [
      acme,
      `kernel.test.${marker}`,
    ]);
  const sequences = async () =>
    (await asDoor({ kernel }, "select seq from kernel.ledger_event where tenant_id = $1 order by seq", [acme])).map(
      (row) => Number(row["seq"]),
    );

  test("LED-04 a set of leaves is judged leaf by leaf: with one of another tenant, out of shape or too old none is taken", async () => {
    const who = { tenantId: acme, actorId: alice.membershipId };
    const event = { action: "kernel.test.set", fields: { part: "set" } };
    const { source } = alice.session;
    const good = Array.from({ length: 5 }, () => makeLeaf(who, source, event));
    const texts = (leaves: readonly Leaf[]) => leaves.map(({ openings }) => JSON.stringify(openings));
    const stage = (leaves: readonly Leaf[], openings = texts(leaves)) => {
      const bytes = leaves.map((leaf) => leaf.bytes);
      return work((tx) => tx.all(statement(sql`select kernel.stage_leaves(${bytes}::bytea[], ${openings}::jsonb[])`)));
    };
    const spaced = Buffer.from(makeLeaf(who, source, event).bytes.toString("utf8").replace(",", ", "));
    for (const bad of [
      makeLeaf({ ...who, tenantId: rival }, source, event),
      makeLeaf({ ...who, actorId: uuidv7() }, source, event),
      makeLeaf(who, source, event, new Date(Date.now() - 48 * 3600 * 1000)),
      { bytes: spaced, openings: {} },
      { bytes: Buffer.from("{}"), openings: {} },
    ]) {
      await expect(stage([...good, bad])).rejects.toMatchObject({ code: "PB003" });
    }
    await expect(stage(good, ["{}"])).rejects.toMatchObject({ code: "PB003" });
    await placeLeaves({ kernel });
    expect(await placed("set")).toHaveLength(0);
    await stage(good);
    // One more than go at once.
    await work((tx) => tx.recordAll(Array.from({ length: 501 }, () => ({ action: "kernel.test.many" }))));
    await placeLeaves({ kernel });
    expect((await placed("set")).map((row) => row["leaf"])).toEqual(good.map((leaf) => leaf.bytes));
    expect(await placed("many")).toHaveLength(501);
  });

  test("LED-03 numbers are contiguous with eight writers and two sequencers racing, and nothing is lost", async () => {
    const sequencers = [
      new Sequencer(kernel.workerPool, { pauseMs: 1, batch: 7 }),
      new Sequencer(kernel.workerPool, { pauseMs: 1, batch: 7 }),
    ];
    for (const each of sequencers) each.start();
    await Promise.all(Array.from({ length: 8 }, () => act(25, "race")));
    for (const each of sequencers) await each.stop();
    expect(sequencers.map((each) => each.failure)).toEqual([undefined, undefined]);
    await placeLeaves({ kernel });
    expect(await placed("race")).toHaveLength(200);
    const found = await sequences();
    expect(found).toEqual(found.map((_, index) => index));
  });

  test("LED-03 a transaction that began earlier and ends later holds the log back, and takes its place in order", async () => {
    const client = await raw.connect();
    try {
      const leaf = makeLeaf({ tenantId: acme, actorId: alice.membershipId }, alice.session.source, {
        action: "kernel.test.slow",
      });
      await runBatch(client, [
        { sql: "begin", parameters: [] },
        {
          sql: "select * from kernel.enter('session', $1, $2, $3, null)",
          parameters: [alice.session.token, acme, permission],
        },
        { sql: "select kernel.stage_leaf($1, '{}')", parameters: [leaf.bytes] },
      ]);
      await act(5, "fast");
      await kernel.sequencer.drain();
      expect(await placed("fast")).toHaveLength(0);
      await runBatch(client, [{ sql: "commit", parameters: [] }]);
    } finally {
      client.release();
    }
    await placeLeaves({ kernel });
    const [slow] = await placed("slow");
    const fast = await placed("fast");
    expect(fast).toHaveLength(5);
    expect(fast.every((row) => Number(row["seq"]) > Number(slow?.["seq"]))).toBe(true);
    const found = await sequences();
    expect(found).toEqual(found.map((_, index) => index));
  });

  test("LED-03 logs are placed in two tracks, each by one sequencer at a time; one of an earlier release stops both", async () => {
    const pool = openPool(kernel.address, testRootKey.key, "probity_worker", { max: 1 });
    const other = await raw.connect();
    const [own] = await asDoor({ kernel }, "select kernel.ledger_track($1) as track", [acme]);
    const track = Number(own?.["track"]);
    const place = async (which: number) => {
      const { rows } = await pool.query("select kernel.sequence(1000, $1) as moved", [which]);
      return Number(rows[0].moved);
    };
    try {
      await act(4, "track");
      expect(await place(1 - track)).toBe(0);
      for (const lock of [30 + track, 1]) {
        await other.query("select pg_advisory_lock(7071, $1)", [lock]);
        expect(await place(track)).toBe(0);
        await other.query("select pg_advisory_unlock(7071, $1)", [lock]);
      }
      await other.query("select pg_advisory_lock(7071, $1)", [31 - track]);
      await expect.poll(async () => (await place(track), (await placed("track")).length)).toBe(4);
    } finally {
      await other.query("select pg_advisory_unlock_all()");
      other.release();
      await pool.end();
    }
    const halves = await asDoor(
      { kernel },
      "select kernel.ledger_track(gen_random_uuid()) as track, count(*) as n from generate_series(1, 1000) group by 1",
    );
    expect(halves.map((row) => Number(row["n"])).toSorted((a, b) => a - b)[0]).toBeGreaterThan(350);
    expect(halves).toHaveLength(2);
  });

  test("LED-03 what was committed and not yet placed when the server died is placed by the next one", async () => {
    const other = await openPool(kernel.address, testRootKey.key, "probity_worker", { max: 1 });
    await act(3, "orphan");
    const dying = await other.connect();
    await dying.query("begin");
    await dying.query("select kernel.sequence(100, 0), kernel.sequence(100, 1)");
    // The process dies between placing and commit: its connection is gone, its transaction rolled back.
    dying.release(true);
    await other.end();
    await placeLeaves({ kernel });
    expect(await placed("orphan")).toHaveLength(3);
    const found = await sequences();
    expect(found).toEqual(found.map((_, index) => index));
  });
});

describe("a leaf", () => {
  const who = { tenantId: uuidv7(), actorId: uuidv7() };
  const source = { address: "192.0.2.7", requestId: "r" };

  test("LED-03 is at most 1 KiB, in the code and in the database", async () => {
    expect(() => makeLeaf(who, source, { action: "x".repeat(1100) })).toThrow(/over 1024/);
    const body = JSON.stringify({ tenant: acme, actor: alice.membershipId, action: "x".repeat(1100) });
    const stage = statement(sql`select kernel.stage_leaf(${Buffer.from(body)}, '{}')`);
    await expect(work((tx) => tx.all(stage))).rejects.toMatchObject({ code: "23514" });
    const large = makeLeaf(who, source, { action: "kernel.test", fields: { text: "x".repeat(100_000) } });
    expect(large.bytes.length).toBeLessThan(1024);
  });

  test("LED-06 its commitments open with their salts, and with nothing else", () => {
    const fields = { name: "Ada", note: "retired" };
    const leaf = makeLeaf(who, source, { action: "kernel.test", fields });
    const body: Record<string, string> = JSON.parse(leaf.bytes.toString("utf8"));
    const values: Record<string, string> = {
      name: canonicalText("Ada"),
      note: canonicalText("retired"),
      source: "192.0.2.7",
    };
    const rootWith = (salt: (name: string) => Buffer, value: (name: string) => string) =>
      merkleRoot(
        Object.keys(leaf.openings)
          .toSorted()
          .map((name) => commitment(salt(name), name, value(name))),
      ).toString("hex");
    const own = (name: string) => Buffer.from(leaf.openings[name]?.salt ?? "", "base64url");
    expect(rootWith(own, (name) => values[name] ?? "")).toBe(body["root"]);
    expect(
      rootWith(
        () => Buffer.alloc(16),
        (name) => values[name] ?? "",
      ),
    ).not.toBe(body["root"]);
    expect(rootWith(own, (name) => (name === "name" ? canonicalText("Eve") : (values[name] ?? "")))).not.toBe(
      body["root"],
    );
    for (const word of ["Ada", "retired", "192.0.2.7"]) expect(leaf.bytes.toString("utf8")).not.toContain(word);
    // Equal content, other salts: two leaves do not show that they say the same.
    const again: Record<string, string> = JSON.parse(
      makeLeaf(who, source, { action: "kernel.test", fields }).bytes.toString("utf8"),
    );
    expect(again["root"]).not.toBe(body["root"]);
  });

  test("LED-03 the stored bytes are what was hashed (RFC 6962)", async () => {
    await work((tx) => tx.record({ action: "kernel.test.hash" }));
    await placeLeaves({ kernel });
    const admin = new Client(kernel.admin);
    await admin.connect();
    await admin.query("set role probity_door");
    const { rows } = await admin.query<{ leaf: Buffer; leaf_hash: Buffer }>(
      "select leaf, leaf_hash from kernel.ledger_event where action = 'kernel.test.hash'",
    );
    await admin.end();
    const [row] = rows;
    const hash = createHash("sha256")
      .update("\0")
      .update(row?.leaf ?? "")
      .digest("hex");
    expect(row?.leaf_hash.toString("hex")).toBe(hash);
  });
});
