import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestKernel, type TestKernel } from "../testing/kernel.ts";
import { asDoor } from "../testing/record-suite.ts";

let kernel: TestKernel;
beforeAll(async () => {
  kernel = await openTestKernel();
  await kernel.foundWorkspace("acme");
});
afterAll(() => kernel.close());

const scans = async () => {
  const [row] = await asDoor(
    { kernel },
    `select pg_stat_force_next_flush() is null as told, s.seq_scan, s.idx_scan from pg_stat_user_tables s
     where s.relid = 'kernel.ledger_inbox'::regclass`,
  );
  return { whole: Number(row?.["seq_scan"]), byKey: Number(row?.["idx_scan"]) };
};

test("LED-02 a round of the sequencer reads what waits by its key, never the whole inbox with what is placed and not vacuumed", async () => {
  const client = await kernel.workerPool.connect();
  try {
    const round = async () => {
      for (const track of [0, 1]) await client.query("select kernel.sequence(1000, $1)", [track]);
      await client.query("select pg_stat_force_next_flush()");
      await client.query("select 1");
    };
    await round();
    const before = await scans();
    for (let index = 0; index < 3; index += 1) await round();
    const after = await scans();
    expect(after.whole).toBe(before.whole);
    expect(after.byKey).toBeGreaterThan(before.byKey);
  } finally {
    client.release();
  }
});
