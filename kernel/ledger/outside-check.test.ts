import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestPerson } from "../testing/kernel.ts";
import { openTestLog, signerIn, type TestLog } from "../testing/log.ts";
import { type LogWorld, openLogWorld } from "../testing/log-world.ts";
import { openWitness } from "../testing/witness.ts";
import { keptOutside } from "./kept-outside.ts";
import { platformConsistency } from "./anchor/platform-tree.ts";
import { logVkey } from "./checkpoint-proof.ts";
import { platformLogId } from "./platform.ts";
import { askWitness } from "./witness/client.ts";

let world: LogWorld;
let log: TestLog;

beforeAll(async () => {
  world = await openLogWorld();
  log = world.log;
});
afterAll(async () => {
  await log?.close();
  await world?.server.close();
});

const statusFor = async (person: TestPerson) => (await world.server.as(person)("GET", "/api/ledger/status")).body;

const kept = ["ledger_event", "ledger_head", "ledger_log", "ledger_tile", "ledger_platform", "ledger_checkpoint"];
/** The whole machine, as a snapshot of its disk has it: database and signer's memory. Gives what puts it back. */
async function machine(): Promise<{ back(): Promise<TestLog>; end(): Promise<void> }> {
  const { server, rows } = world;
  await log.publisher.stop();
  for (const table of kept) await rows(`create table kernel.${table}_then as select * from kernel.${table}`);
  const folder = mkdtempSync(join(tmpdir(), "probity-snapshot-"));
  cpSync(log.folder, folder, { recursive: true });
  log = openTestLog(server.kernel, { folder: log.folder });
  return {
    back: async () => {
      await log.publisher.stop();
      for (const table of kept) {
        await rows(`delete from kernel.${table}`);
        await rows(`insert into kernel.${table} select * from kernel.${table}_then`);
      }
      cpSync(folder, log.folder, { recursive: true });
      return openTestLog(server.kernel, { folder: log.folder });
    },
    end: async () => {
      for (const table of kept) await rows(`drop table kernel.${table}_then`);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

describe("what is kept outside", () => {
  test("LED-03 a machine put back whole, signer and all, is seen by a copy, a witness and a remembered anchor, each alone", async () => {
    const { server, acme, ada, rows, act, noteOf, headOf } = world;
    await act(acme, 20);
    await log.publish();
    const { publicKey } = await signerIn(log.folder).heads();
    const platform = `log.example/logs/platform`;
    const witness = await openWitness("witness.example/w1", [{ origin: platform, vkey: logVkey(platform, publicKey) }]);
    const before = await machine();
    await act(acme, 300);
    await log.publish();
    const copy = await noteOf(acme);
    const lost = (await headOf(acme)).size;
    const size = (await headOf(platformLogId)).size;
    const shown = {
      note: await noteOf(platformLogId),
      size,
      consistency: (from: number) => platformConsistency(server.kernel, from, size),
    };
    const outside = { trustedOrigins: [witness.origin] };
    expect(await askWitness({ address: witness.url, vkey: witness.vkey }, shown, 0, outside)).toMatchObject({
      state: "cosigned",
    });
    const folder = mkdtempSync(join(tmpdir(), "probity-copies-"));
    const haltedWith = async (options: Parameters<typeof openTestLog>[1]) => {
      log = await before.back();
      log = openTestLog(server.kernel, { ...options, folder: log.folder });
      await log.publisher.round();
      const found = log.publisher.halted.map(({ logId, reason, to }) => ({ logId, reason, to }));
      await log.publisher.stop();
      return found;
    };
    try {
      // Nobody outside is asked: database and signer are of one mind.
      expect(await haltedWith({})).toEqual([]);
      const asked = (witnesses: { name: string; address: string; vkey: string }[]) => ({
        keptOutside: (host: string) => keptOutside(host, witnesses, { folder, outside }),
      });
      expect(await haltedWith(asked([]))).toEqual([]);
      // What the log's own key did not sign halts nobody.
      writeFileSync(join(folder, "forged.txt"), copy.replace(/\n\d+\n/, "\n99999\n"));
      expect(await haltedWith(asked([]))).toEqual([]);
      expect(await haltedWith(asked([{ name: "W", address: "http://127.0.0.1:9", vkey: "" }]))).toEqual([]);
      const place = { name: "W", address: witness.url, vkey: witness.vkey };
      expect(await haltedWith(asked([place]))).toEqual([{ logId: platformLogId, reason: "rolled_back", to: size }]);
      writeFileSync(join(folder, "mail.txt"), copy);
      expect(await haltedWith(asked([]))).toEqual([{ logId: acme, reason: "rolled_back", to: lost }]);
      rmSync(join(folder, "mail.txt"));
      // The database remembers what it gave, where that came back with it.
      await rows(
        "insert into kernel.anchor (tenant_id, id, kind, holder, outcome, size, note) values ($1, gen_random_uuid(), 'mail', 'ana@acme.example', 'done', $2, $3)",
        [acme, lost, copy],
      );
      expect(await haltedWith({})).toEqual([{ logId: acme, reason: "rolled_back", to: lost }]);
      expect(await statusFor(ada)).toMatchObject({
        condition: "rolled_back",
        halted: { reason: "rolled_back", to: lost, holder: "ana@acme.example" },
      });
      // It goes on as after every restore, and keeps the checkpoint that shows what is lost.
      await declare();
      await log.publish();
      await log.publish();
      expect(log.publisher.halted).toEqual([]);
      expect((await headOf(acme)).origin).toBe(`log.example/logs/${acme}/2`);
      const [epoch] = await rows("select old_note, lost_to from kernel.ledger_epoch where tenant_id = $1", [acme]);
      expect([epoch?.["old_note"], Number(epoch?.["lost_to"])]).toEqual([copy, lost]);
    } finally {
      await before.end();
      await witness.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("LED-03 a log rewritten at the size that was given, tiles and signer and all, does not give the copy's root", async () => {
    const { server, acme, rows, act, noteOf, headOf } = world;
    await act(acme, 30);
    await log.publish();
    const before = await machine();
    await act(acme, 40);
    await log.publish();
    await rows(
      "insert into kernel.anchor (tenant_id, id, kind, holder, outcome, size, note) values ($1, gen_random_uuid(), 'mail', 'ana@acme.example', 'done', $2, $3)",
      [acme, (await headOf(acme)).size, await noteOf(acme)],
    );
    log = await before.back();
    // Other entries in the place of those that were there, grown past them before anybody compares.
    await act(acme, 60);
    const blind = openTestLog(server.kernel, { folder: log.folder });
    await rows("alter table kernel.anchor disable trigger stays");
    await rows("create table kernel.anchor_away as table kernel.anchor");
    await rows("delete from kernel.anchor");
    await blind.publish();
    expect(blind.publisher.halted).toEqual([]);
    await blind.publisher.stop();
    await rows("insert into kernel.anchor select * from kernel.anchor_away");
    log = openTestLog(server.kernel, { folder: log.folder });
    await log.publisher.round();
    expect(log.publisher.halted).toContainEqual(expect.objectContaining({ logId: acme, reason: "forked" }));
    await before.end();
    await declare();
    await log.publish();
    await log.publish();
    expect((await headOf(acme)).origin).toBe(`log.example/logs/${acme}/3`);
  });
});

/** Two owners declare what is halted. */
async function declare(): Promise<void> {
  const { server, ada, bob } = world;
  await log.publisher.stop();
  log = openTestLog(server.kernel, { folder: log.folder });
  await log.publisher.round();
  const opened = await server.kernel.workerPool.query<{ id: string }>("select id from kernel.ledger_resume_open()");
  const path = `/api/ledger/resume/${opened.rows[0]?.id}`;
  for (const owner of [ada, bob]) expect((await server.as(owner)("POST", path)).status).toBe(200);
}

describe("a count that was set back", () => {
  test("LED-03 over entries that are there, that log alone waits, says so, and goes on when two owners let it", async () => {
    const { server, acme, rival, ada, rows, act, headOf } = world;
    await act(acme, 5);
    await log.publish();
    await rows("update kernel.ledger_head set size = size - 3 where tenant_id = $1", [acme]);
    await act(acme, 4);
    await act(rival, 4);
    const before = (await headOf(rival)).size;
    const deadline = Date.now() + 45_000;
    while ((await headOf(rival)).size < before + 4 && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      await server.kernel.sequencer.drain();
      await log.publisher.drain();
    }
    expect((await headOf(rival)).size).toBe(before + 4);
    const waiting = await rows("select distinct tenant_id from kernel.ledger_inbox");
    expect(waiting).toEqual([{ tenant_id: acme }]);
    expect(await statusFor(ada)).toMatchObject({ stopped: expect.any(String) });
    const stranger = await server.member(rival, "owner");
    expect(await statusFor(stranger)).toMatchObject({ stopped: null, halted: null });

    await declare();
    await log.publisher.drain();
    await log.publish();
    expect(await statusFor(ada)).toMatchObject({ stopped: null, halted: null, condition: "publishing" });
    const seqs = await rows("select seq from kernel.ledger_event where tenant_id = $1 order by seq", [acme]);
    expect(seqs.map(({ seq }) => Number(seq))).toEqual(seqs.map((_, index) => index));
    expect((await headOf(acme)).size).toBe(seqs.length);
  });
});
