import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "pg";
import {
  leafHash,
  merkleRoot,
  openNote,
  parseNote,
  parseVkey,
  verifyBundle,
  type VerifyOptions,
} from "@probity/verify";
import { compute, nodeProvider } from "@probity/verify/node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { acquireTestCluster } from "../database/test-cluster.ts";
import type { TestPerson } from "../testing/kernel.ts";
import { openTestLog, signerIn, type TestLog } from "../testing/log.ts";
import { type LogWorld, openLogWorld } from "../testing/log-world.ts";
import { logVkey } from "./checkpoint-proof.ts";

let world: LogWorld;
let log: TestLog;
let admin: TestPerson;
let stranger: TestPerson;

beforeAll(async () => {
  world = await openLogWorld();
  log = world.log;
  admin = await world.server.member(world.acme, "admin");
  stranger = await world.server.member(world.rival, "owner");
});
afterAll(async () => {
  await log?.close();
  await world?.server.close();
});

/** Copies the whole database, or puts a copy in its place, as who restores a backup does. */
async function database(copy: "take" | "put back"): Promise<void> {
  const { server } = world;
  const { adminConfig } = await acquireTestCluster();
  const root = new Client(adminConfig);
  await root.connect();
  try {
    const name = root.escapeIdentifier(String(server.kernel.address.database));
    const kept = root.escapeIdentifier(`${String(server.kernel.address.database)}_copy`);
    const end = "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()";
    await log.publisher.stop();
    await root.query(end, [server.kernel.address.database]);
    if (copy === "take") await root.query(`create database ${kept} template ${name} owner probity_setup`);
    else {
      await root.query(`drop database ${name} with (force)`);
      await root.query(`alter database ${kept} rename to ${name}`);
    }
  } finally {
    await root.end();
  }
}

// Copying a database away under its connections takes more than the ordinary role of somebody else's PostgreSQL may; the
// second goes on from what the first left.
const elsewhere = process.env["PROBITY_TEST_DATABASE_URL"] !== undefined;
test.skipIf(elsewhere)(
  "LED-03 a database put back from a copy is halted, two owners declare what was lost, and the log goes on under a new name",
  async () => {
    const { server, acme, rival, ada, bob, rows, act, noteOf, headOf } = world;
    await act(acme, 20);
    await act(rival, 3);
    await log.publish();
    const before = await headOf(acme);
    const kept = await noteOf(acme);
    const keptFile = () => {
      writeFileSync(join(log.folder, "kept.txt"), kept);
      return join(log.folder, "kept.txt");
    };
    await database("take");
    log = openTestLog(server.kernel, { folder: log.folder });
    await act(acme, 12);
    await log.publish();
    const lost = await headOf(acme);
    const outsiders = await noteOf(acme);
    expect(lost.size).toBeGreaterThanOrEqual(before.size + 12);
    await database("put back");
    log = openTestLog(server.kernel, { folder: log.folder });

    // What happens is recorded and placed; nothing is signed, not even when the log has outgrown what was lost.
    await act(acme, 30);
    await log.publish();
    expect(log.publisher.halted).toContainEqual(
      expect.objectContaining({ logId: acme, origin: before.origin, from: before.size, to: lost.size }),
    );
    expect((await headOf(acme)).size).toBe(before.size);
    const signer = signerIn(log.folder);
    const forged = {
      origin: before.origin,
      old: lost.size,
      size: lost.size + 1,
      root: Buffer.alloc(32).toString("base64"),
    };
    expect(await signer.sign([{ ...forged, proof: "" }])).toMatchObject([{ refused: "forked" }]);
    await signer.close();
    const status = await server.as(ada)("GET", "/api/ledger/status");
    expect(status.body).toMatchObject({ condition: "rolled_back", halted: { from: before.size, to: lost.size } });
    expect((await server.as(stranger)("GET", "/api/ledger/status")).text).not.toContain(acme);

    // One owner is not enough, however often; who is no owner, or owner of a log that lost nothing, has no word.
    const opened = await server.kernel.workerPool.query<{ id: string }>("select id from kernel.ledger_resume_open()");
    const path = `/api/ledger/resume/${opened.rows[0]?.id}`;
    expect((await server.as(admin)("POST", path)).status).toBe(403);
    expect((await server.as(stranger)("POST", path)).status).toBe(404);
    expect((await server.as(ada)("POST", path)).body).toEqual({ owners: 1 });
    expect((await server.as(ada)("POST", path)).body).toEqual({ owners: 1 });
    expect(await log.publisher.round()).toBe(0);
    expect((await headOf(acme)).size).toBe(before.size);

    expect((await server.as(bob)("POST", path)).body).toEqual({ owners: 2 });
    await log.publish();
    expect(log.publisher.halted).toEqual([]);
    // The declaration itself takes its place like every leaf.
    await log.publish();
    const after = await headOf(acme);
    expect(after.origin).toBe(`${before.origin}/2`);
    const leaves = await rows(
      "select leaf, action, leaf_id from kernel.ledger_event where tenant_id = $1 order by seq",
      [acme],
    );
    const hashes = leaves.map((row) => compute(leafHash(Buffer.isBuffer(row["leaf"]) ? row["leaf"] : Buffer.alloc(0))));
    expect(Buffer.from(compute(merkleRoot(hashes.slice(0, after.size))))).toEqual(Buffer.from(after.root));
    expect(Buffer.from(compute(merkleRoot(hashes.slice(0, before.size))))).toEqual(Buffer.from(before.root));

    // The declaration is a leaf that shows what was lost, the last checkpoint before, and who declared it.
    const epoch = leaves.find((row) => row["action"] === "kernel.ledger.epoch.opened");
    const [opening] = await rows("select openings from kernel.ledger_opening where leaf_id = $1", [epoch?.["leaf_id"]]);
    const shown = Object(opening?.["openings"]);
    expect(JSON.parse(shown.lost.value)).toEqual([before.size, lost.size]);
    expect(JSON.parse(shown.owners.value)).toEqual([ada.membershipId, bob.membershipId]);
    const old = parseNote(JSON.parse(shown.old.value));
    expect(old.text).toBe(parseNote(outsiders).text);
    const { publicKey } = await signerIn(log.folder).heads();
    for (const origin of [before.origin, after.origin]) {
      const key = compute(parseVkey(logVkey(origin, publicKey)));
      const note = origin === before.origin ? old : parseNote(await noteOf(acme));
      await expect(openNote(note, [key], nodeProvider)).resolves.toHaveLength(1);
    }

    // An outsider's verifier finds the restore in an export, and what they kept from before in it.
    const text = (await server.as(ada)("GET", "/api/ledger/export")).text;
    const judge = async (more: Partial<VerifyOptions> = {}, changed = text) => {
      const lines = changed.trimEnd().split("\n");
      const { outcome, restores, findings } = await verifyBundle([{ lines, bytes: changed.length }], {
        provider: nodeProvider,
        ...more,
      });
      return { outcome, restores, findings: findings.filter(({ sort }) => sort !== "remark") };
    };
    const restore = { from: before.size, to: lost.size, owners: [ada.membershipId, bob.membershipId] };
    const continued = { outcome: "CONTINUED_AFTER_RESTORE", restores: [restore], findings: [] };
    expect(await judge()).toMatchObject(continued);
    expect(await judge({ checkpoint: kept })).toMatchObject(continued);
    expect(await judge({ checkpoint: outsiders })).toMatchObject(continued);
    const hidden = text.replace(/^.*kernel\.ledger\.epoch\.opened.*\n/m, "");
    expect((await judge({}, hidden)).outcome).not.toBe("CONTINUED_AFTER_RESTORE");
    const file = join(log.folder, "export.jsonl");
    writeFileSync(file, text);
    const probity = fileURLToPath(new URL("../../server/bin/probity.mjs", import.meta.url));
    const told = spawnSync(process.execPath, [probity, "verify", file, "--checkpoint", keptFile()], {
      encoding: "utf8",
    });
    expect([told.status, told.stdout]).toEqual([0, expect.stringContaining("CONTINUED_AFTER_RESTORE")]);

    // The log that lost nothing keeps its name; the old name is signed no more.
    expect((await headOf(rival)).origin).toBe(`log.example/logs/${rival}`);
    await act(acme, 2);
    await act(rival, 1);
    await log.publish();
    expect((await headOf(acme)).size).toBeGreaterThan(after.size);
    expect((await server.as(ada)("GET", "/api/ledger/status")).body).toMatchObject({
      condition: "publishing",
      halted: null,
    });
    const [late] = await rows("select seq from kernel.ledger_event where tenant_id = $1 order by seq desc limit 1", [
      acme,
    ]);
    expect((await server.as(ada)("GET", `/api/ledger/proof/${String(late?.["seq"])}`)).body["origin"]).toBe(
      after.origin,
    );
  },
  240_000,
);

test.skipIf(elsewhere)(
  "LED-03 a signer without its memory signs nothing by itself, nor does one with another key",
  async () => {
    const { server, acme, act } = world;
    const other = openTestLog(server.kernel);
    await log.publisher.stop();
    await act(acme, 1);
    await expect(other.publisher.round()).rejects.toThrow(/another key/);
    await other.close();
  },
);
