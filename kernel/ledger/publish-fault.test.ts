import { Client, type ClientConfig } from "pg";
import { leafHash, merkleRoot, parseCheckpoint, parseEntryBundle, parseNote, tilePath } from "@probity/verify";
import { compute } from "@probity/verify/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clientConfig, openPool } from "../database/pool.ts";
import { acquireTestCluster } from "../database/test-cluster.ts";
import { testRootKey } from "../testing/database.ts";
import type { TestPerson } from "../testing/kernel.ts";
import { openTestLog, type TestLog } from "../testing/log.ts";
import { asDoor, placeLeaves } from "../testing/record-suite.ts";
import { openTestServer, type TestServer } from "../testing/server.ts";
import { makeLeaf } from "./leaf.ts";

let server: TestServer;
let log: TestLog;
let acme: string;
let owner: TestPerson;

beforeAll(async () => {
  server = await openTestServer([]);
  acme = await server.kernel.foundWorkspace("acme");
  owner = await server.member(acme, "owner");
  log = openTestLog(server.kernel);
  await act(30);
  await log.publish();
});
afterAll(async () => {
  await log?.close();
  await server?.close();
});

const rows = (text: string, values: unknown[] = []) => asDoor(server, text, values);
const act = (count: number) =>
  server.kernel.door.work(owner.session, "kernel.people.change", (tx) =>
    tx.recordAll(Array.from({ length: count }, (_, index) => ({ action: "kernel.test.act", fields: { index } }))),
  );

const bytesOf = async (path: string) => {
  const headers = { cookie: `probity-session=${owner.session.token}`, "probity-workspace": acme };
  const answer = await fetch(`${server.origin}/api/ledger/${path}`, { headers });
  return answer.status === 200 ? Buffer.from(await answer.arrayBuffer()) : undefined;
};

/** What somebody outside finds who downloads the whole log: nothing of ours is asked but the routes. */
async function outsider(): Promise<"verified" | "incomplete" | "tampered"> {
  const note = await bytesOf("checkpoint");
  const { size, root } = parseCheckpoint(parseNote(note?.toString("utf8") ?? "").text);
  const hashes: Uint8Array[] = [];
  for (let index = 0; index * 256 < size; index += 1) {
    const width = Math.min(256, size - index * 256);
    const bundle = await bytesOf(tilePath({ level: "entries", index, width }));
    if (bundle === undefined) return "incomplete";
    hashes.push(...parseEntryBundle(bundle).map((entry) => compute(leafHash(entry))));
  }
  return Buffer.from(compute(merkleRoot(hashes))).equals(root) ? "verified" : "tampered";
}

describe("who owns the database", () => {
  const undo = async () => {
    await rows("delete from kernel.ledger_event where tenant_id = $1", [acme]);
    await rows("insert into kernel.ledger_event select * from kernel.ledger_event_kept");
    await rows(
      "update kernel.ledger_head set size = (select count(*) from kernel.ledger_event_kept) where tenant_id = $1",
      [acme],
    );
  };
  beforeAll(async () => {
    await rows(
      `create table kernel.ledger_event_kept as select * from kernel.ledger_event where tenant_id = '${acme}'`,
    );
  });
  afterAll(async () => {
    await rows("drop table kernel.ledger_event_kept");
  });

  test.each([
    [
      "deletes the last five events",
      "delete from kernel.ledger_event where tenant_id = $1 and seq >= (select size - 5 from kernel.ledger_head where tenant_id = $1)",
      "incomplete",
    ],
    ["deletes all events", "delete from kernel.ledger_event where tenant_id = $1", "incomplete"],
    [
      "changes a leaf",
      "update kernel.ledger_event set leaf = convert_to(replace(convert_from(leaf, 'UTF8'), 'done', 'gone'), 'UTF8') where tenant_id = $1 and seq = 7",
      "tampered",
    ],
    [
      "changes a leaf and its hash",
      "update kernel.ledger_event set leaf = leaf || 'x', leaf_hash = sha256('\\x00'::bytea || leaf || 'x') where tenant_id = $1 and seq = 7",
      "tampered",
    ],
    [
      "swaps two leaves",
      "update kernel.ledger_event e set leaf = o.leaf, leaf_hash = o.leaf_hash from kernel.ledger_event o where e.tenant_id = $1 and o.tenant_id = $1 and e.seq in (3, 4) and o.seq = 7 - e.seq",
      "tampered",
    ],
  ])("LED-03 who %s is found out by whoever downloads the log", async (_, attack, found) => {
    expect(await outsider()).toBe("verified");
    await rows(attack, [acme]);
    expect(await outsider()).toBe(found);
    await undo();
  });

  test("LED-03 who takes back the count of a log, or what was published of it, stops its signing", async () => {
    for (const attack of [
      "update kernel.ledger_head set size = size - 5 where tenant_id = $1",
      "update kernel.ledger_log set size = size - 5 where tenant_id = $1",
    ]) {
      const fresh = openTestLog(server.kernel, { folder: log.folder });
      await log.publisher.stop();
      const [before] = await rows("select size from kernel.ledger_log where tenant_id = $1", [acme]);
      await rows(attack, [acme]);
      await fresh.publisher.round();
      expect(fresh.publisher.halted).toContainEqual(expect.objectContaining({ logId: acme }));
      await undo();
      await rows("update kernel.ledger_log set size = $2 where tenant_id = $1", [acme, before?.["size"]]);
      await fresh.close();
      log = openTestLog(server.kernel, { folder: log.folder });
    }
    await log.publish();
    expect(log.publisher.halted).toEqual([]);
    expect(await outsider()).toBe("verified");
  });
});

describe("what else goes wrong", () => {
  test("LED-03 clocks that go back and forth leave the order of commits and a log that verifies", async () => {
    for (const hours of [0, -20, 20, -3]) {
      const client = new Client(clientConfig(server.kernel.address, testRootKey.key, "probity_app"));
      await client.connect();
      await client.query("begin");
      await client.query("select kernel.enter('session', $1, $2, 'kernel.people.change', null)", [
        owner.session.token,
        acme,
      ]);
      const who = { tenantId: acme, actorId: owner.membershipId };
      const leaf = makeLeaf(
        who,
        owner.session.source,
        { action: "kernel.test.clock" },
        new Date(Date.now() + hours * 3_600_000),
      );
      await client.query("select kernel.stage_leaf($1, '{}')", [leaf.bytes]);
      await client.query("commit");
      await client.end();
    }
    await log.publish();
    const found = await rows(
      "select at from kernel.ledger_event where tenant_id = $1 and action = 'kernel.test.clock' order by seq",
      [acme],
    );
    const hours = found.map(({ at }) => Math.round((new Date(String(at)).getTime() - Date.now()) / 3_600_000) + 0);
    expect(hours).toEqual([0, -20, 20, -3]);
    expect(await outsider()).toBe("verified");
  });

  test("LED-03 a session's TimeZone and DateStyle change nothing that is hashed, placed or signed", async () => {
    const { database } = server.kernel.address;
    const admin = new Client(server.kernel.admin);
    await admin.connect();
    const name = admin.escapeIdentifier(String(database));
    try {
      await admin.query(`alter database ${name} set timezone = 'Asia/Tokyo'`);
      await admin.query(`alter database ${name} set datestyle = 'SQL, DMY'`);
      await act(5);
      const worker = openPool(server.kernel.address, testRootKey.key, "probity_worker", { max: 1 });
      const [setting] = (await worker.query<{ TimeZone: string }>("show timezone")).rows;
      expect(setting?.TimeZone).toBe("Asia/Tokyo");
      const deadline = Date.now() + 45_000;
      while (
        Number((await rows("select count(*) as n from kernel.ledger_inbox"))[0]?.["n"]) > 0 &&
        Date.now() < deadline
      )
        await worker.query("select kernel.sequence(1000, 0), kernel.sequence(1000, 1)");
      await worker.end();
      await log.publisher.stop();
      log = openTestLog(server.kernel, { folder: log.folder });
      await log.publish();
    } finally {
      await admin.query(`alter database ${name} reset all`);
      await admin.end();
    }
    const wrong = await rows(
      "select seq from kernel.ledger_event where tenant_id = $1 and at <> (convert_from(leaf, 'UTF8')::jsonb ->> 'at')::timestamptz",
      [acme],
    );
    expect(wrong).toEqual([]);
    expect(await outsider()).toBe("verified");
  });

  test("LED-03 writers at REPEATABLE READ and SERIALIZABLE that overlap neither fork the log nor lose a leaf", async () => {
    const write = async (level: string, marker: string) => {
      const client = new Client(clientConfig(server.kernel.address, testRootKey.key, "probity_app"));
      await client.connect();
      for (let index = 0; index < 5; index += 1) {
        await client.query(`begin isolation level ${level}`);
        await client.query("select kernel.enter('session', $1, $2, 'kernel.people.change', null)", [
          owner.session.token,
          acme,
        ]);
        const leaf = makeLeaf({ tenantId: acme, actorId: owner.membershipId }, owner.session.source, {
          action: marker,
        });
        await client.query("select kernel.stage_leaf($1, '{}')", [leaf.bytes]);
        await client.query("commit");
      }
      await client.end();
    };
    const levels = ["repeatable read", "serializable", "read committed", "repeatable read"];
    await Promise.all([...levels.map((level) => write(level, "kernel.test.level")), log.publish()]);
    await log.publish();
    const found = await rows("select seq from kernel.ledger_event where tenant_id = $1 order by seq", [acme]);
    expect(found.map(({ seq }) => Number(seq))).toEqual(found.map((_, index) => index));
    expect(await rows("select 1 from kernel.ledger_event where action = 'kernel.test.level'")).toHaveLength(20);
    expect(await outsider()).toBe("verified");
  });

  test("LED-03 a transaction left open in another database holds the log back, and the lag is told", async () => {
    const { adminConfig } = await acquireTestCluster();
    const other: ClientConfig = { ...adminConfig, database: "postgres" };
    const elsewhere = new Client(other);
    await elsewhere.connect();
    try {
      await elsewhere.query("begin");
      await elsewhere.query("select pg_current_xact_id()");
      await act(2);
      await server.kernel.sequencer.drain();
      const status = await server.as(owner)("GET", "/api/ledger/status");
      expect(Number(status.body["waiting"])).toBeGreaterThanOrEqual(2);
      expect(Number(status.body["oldestMilliseconds"])).toBeGreaterThan(0);
    } finally {
      await elsewhere.query("rollback");
      await elsewhere.end();
    }
    await log.publish();
    expect(await outsider()).toBe("verified");
  });

  test("LED-03 a database that came from another cluster is known, and what waited there is placed", async () => {
    await act(3);
    await log.publisher.stop();
    // As a dump read back leaves it: another cluster's name, and transaction numbers far ahead of this one's.
    await rows("update kernel.ledger_publisher set cluster = '1'");
    await rows("update kernel.ledger_inbox set xid = '99999999999'::xid8");
    log = openTestLog(server.kernel, { folder: log.folder });
    await log.publisher.round();
    await placeLeaves(server);
    await log.publish();
    expect(log.publisher.clusterChanged).toBe(true);
    // It is a leaf of the log, once.
    await log.publisher.stop();
    log = openTestLog(server.kernel, { folder: log.folder });
    await log.publish();
    expect(log.publisher.clusterChanged).toBe(false);
    const changed = await rows(
      "select o.openings #>> '{before,value}' as before from kernel.ledger_event e join kernel.ledger_opening o using (tenant_id, leaf_id) where e.tenant_id = $1 and e.action = 'kernel.ledger.cluster.changed'",
      [acme],
    );
    expect(changed).toEqual([{ before: '"1"' }]);
    expect(await outsider()).toBe("verified");
  });
});
