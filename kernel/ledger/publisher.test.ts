import { leafHash, merkleRoot, openNote, parseCheckpoint, parseNote, parseVkey, vkeyText } from "@probity/verify";
import { compute, nodeProvider } from "@probity/verify/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTestKernel, type TestKernel } from "../testing/kernel.ts";
import { openTestLog, signerIn, type TestLog } from "../testing/log.ts";
import { asDoor } from "../testing/record-suite.ts";
import { platformLogId } from "./platform.ts";

let kernel: TestKernel;
let log: TestLog;
let acme: string;
let rival: string;

beforeAll(async () => {
  kernel = await openTestKernel();
  acme = await kernel.foundWorkspace("acme");
  rival = await kernel.foundWorkspace("rival");
  log = openTestLog(kernel);
});
afterAll(async () => {
  await log?.close();
  await kernel?.close();
});

const rows = (text: string, values: unknown[] = []) => asDoor({ kernel }, text, values);
const leavesOf = async (tenant: string) =>
  (await rows("select leaf from kernel.ledger_event where tenant_id = $1 order by seq", [tenant])).map((row) =>
    Buffer.isBuffer(row["leaf"]) ? row["leaf"] : Buffer.alloc(0),
  );

/** Leaves as the sequencer would have placed them, without the work that makes them. */
async function addLeaves(tenant: string, count: number): Promise<void> {
  await rows(
    `insert into kernel.ledger_inbox (tenant_id, leaf, action)
     select $1::uuid, convert_to('{"action":"kernel.test.leaf","actor":"00000000-0000-0000-0000-000000000001","at":"2026-11-22T06:00:00.000Z","id":"' || gen_random_uuid() ||
       '","outcome":"done","request":"t","root":"00","tenant":"' || $1::text || '","v":"1"}', 'UTF8'), 'kernel.test.leaf'
     from generate_series(1, $2::integer)`,
    [tenant, count],
  );
}

async function stateOf(tenant: string) {
  const [row] = await rows("select * from kernel.ledger_log where tenant_id = $1", [tenant]);
  return row;
}

/** Judges what is published of a log with nothing of the publisher's: all leaves hashed anew, the note opened by its key. */
async function judged(tenant: string, leaves: readonly Uint8Array[]): Promise<void> {
  const state = await stateOf(tenant);
  const { publicKey } = await signerIn(log.folder).heads();
  const key = compute(parseVkey(compute(vkeyText(String(state?.["origin"]), 1, publicKey))));
  const note = parseNote(String(state?.["note"]));
  await openNote(note, [key], nodeProvider);
  const checkpoint = parseCheckpoint(note.text);
  expect(checkpoint.size).toBe(leaves.length);
  const hashes = leaves.map((leaf) => compute(leafHash(leaf)));
  expect(Buffer.from(checkpoint.root).toString("hex")).toBe(Buffer.from(compute(merkleRoot(hashes))).toString("hex"));
  const tiles = await rows("select * from kernel.ledger_tile where tenant_id = $1 order by level, index", [tenant]);
  let level = hashes;
  for (let at = 0; level.length >= 256; at += 1) {
    const full = Math.floor(level.length / 256);
    const own = tiles.filter((tile) => tile["level"] === at);
    expect(own).toHaveLength(full);
    const roots: Uint8Array[] = [];
    for (const [index, tile] of own.entries()) {
      const bytes = tile["hashes"];
      const wanted = level.slice(index * 256, index * 256 + 256);
      expect(Buffer.isBuffer(bytes) && Buffer.concat(wanted).equals(bytes)).toBe(true);
      roots.push(compute(merkleRoot(wanted)));
    }
    level = roots;
  }
}

describe("what is published", () => {
  test("LED-03 checkpoints and tiles are those that all leaves give, at every way of growing", async () => {
    for (const count of [1, 1, 2, 3, 250, 1, 255, 256, 700]) {
      await addLeaves(acme, count);
      await log.publish();
      await judged(acme, await leavesOf(acme));
    }
    await judged(rival, await leavesOf(rival));
    const platform = (await rows("select leaf from kernel.ledger_platform order by index")).map((row) =>
      Buffer.isBuffer(row["leaf"]) ? row["leaf"] : Buffer.alloc(0),
    );
    await judged(platformLogId, platform);
    expect(log.publisher.halted).toEqual([]);
  });

  test("LED-03 a tick takes up so many logs, those that were signed longest ago first, and goes on until none waits", async () => {
    await log.publisher.stop();
    const third = await kernel.foundWorkspace("third");
    const small = openTestLog(kernel, { folder: log.folder, logs: 1 });
    try {
      const all = [rival, acme, third];
      for (const tenant of [acme, rival]) {
        await addLeaves(tenant, 1);
        await small.publish();
      }
      for (const tenant of all.toReversed()) await addLeaves(tenant, 2);
      await kernel.sequencer.drain();
      for (let ticks = 0; ticks < 3; ticks += 1) {
        expect(await small.publisher.round()).toBe(1);
      }
      const order = await rows(
        "select tenant_id from kernel.ledger_log where tenant_id = any ($1::uuid[]) order by signed_at",
        [all],
      );
      // The new one was never signed; of the others the one that was signed last comes last.
      expect(order.map((row) => row["tenant_id"])).toEqual([third, acme, rival]);
      expect(await small.publisher.round()).toBe(0);
    } finally {
      await small.close();
    }
  });
});
