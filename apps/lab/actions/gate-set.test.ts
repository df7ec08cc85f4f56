import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { executeAsOwner } from "@probity/kernel/testing";
import { insertAll } from "../bulk.ts";
import { query } from "../query.ts";
import { day, declareGates, instrumentOf, made, measured, tokensIn } from "../testing/instrument.ts";
import { openLab, resultOf, type LabWorld } from "../testing/world.ts";

let world: LabWorld;
let meter = "";
beforeAll(async () => {
  world = await openLab();
  const version = await declareGates(world, { instruments: ["ph-meter"], training: true });
  meter = await instrumentOf(world, "PH-1");
  await made(world.as.reviewer, "/api/lab/trainings", {
    personId: world.technician.membershipId,
    methodVersionId: version,
    way: "observed",
    evidence: "TR-1",
    validUntil: day(300),
  });
});
afterAll(() => world?.server.close());

const named = (...instrumentIds: string[]) => measured(world, { instrumentIds, lotIds: [] });

/** Verifies the pH of these samples by one statement of one's own. */
async function verifyAtOnce(sampleIds: readonly string[]): Promise<number> {
  const rows = await Promise.all(sampleIds.map((id) => resultOf(world.as.reader, id, "ph")));
  return world.server.kernel.door.work(world.reviewer.session, "lab.result.verify", async (tx) => {
    for (const row of rows)
      await tx.record({ action: "lab.result.test", record: "lab.result", rowId: row.id, version: row.version + 1 });
    const statement = sql`update lab.result set state = 'verified' where id = any (${rows.map((row) => row.id)}::uuid[]) returning id`;
    return (await tx.all({ compile: () => statement.compile(query) })).length;
  });
}
const stateOf = async (sampleId: string) => (await resultOf(world.as.reader, sampleId, "ph")).state;

/** While the gate of training answers as told. */
async function answering(body: string, work: () => Promise<void>): Promise<void> {
  const { admin } = world.server.kernel;
  await executeAsOwner(
    admin,
    `alter function lab.hold_training(uuid[], boolean) rename to hold_training_kept;
     create function lab.hold_training(uuid[], boolean) returns table (result_id uuid, tokens text[]) language sql
       set search_path = pg_catalog, pg_temp as $$ ${body} $$;
     grant execute on function lab.hold_training(uuid[], boolean) to probity_app`,
  );
  try {
    await work();
  } finally {
    await executeAsOwner(
      admin,
      `drop function lab.hold_training(uuid[], boolean);
       alter function lab.hold_training_kept(uuid[], boolean) rename to hold_training`,
    );
  }
}

describe("LAB gates of many results at once", () => {
  test("one held result refuses the statement whole, wherever it stands among the others", async () => {
    const good = [await named(meter), await named(meter)];
    const bad = await named();
    const ids = [...good, bad].map((each) => each.sampleId);
    for (const order of [ids, ids.toReversed()])
      await expect(verifyAtOnce(order)).rejects.toThrow(/held at the gate instrument/);
    expect(await Promise.all(ids.map(stateOf))).toEqual(["entered", "entered", "entered"]);
    // Without it the gates are passed, and the next rule is met.
    await expect(verifyAtOnce(good.map((each) => each.sampleId))).rejects.toThrow(/signed list/);
    expect((await good[0]?.verify())?.status).toBe(200);
  });

  test("a gate that leaves a result out, answers nothing, or of another result only, holds it", async () => {
    const one = await named(meter);
    const other = await named(meter);
    for (const body of [
      "select null::uuid, null::text[] where false",
      "select unnest($1), null::text[]",
      "select unnest($1), array[null]::text[]",
      `select '${other.resultId}'::uuid, '{}'::text[]`,
      "select null::uuid, '{}'::text[]",
    ])
      await answering(body, async () => {
        expect([body, tokensIn(await one.verify())]).toEqual([body, ["unknown"]]);
        await expect(verifyAtOnce([other.sampleId, one.sampleId])).rejects.toThrow(/held at the gate training/);
      });
    expect((await one.verify()).status).toBe(200);
  });

  test("a hold put on while a statement verifies is waited for, and refuses it", async () => {
    const id = await instrumentOf(world, "PH-2");
    const [one, two] = [await named(id), await named(id)];
    const { promise: held, resolve: isHeld } = Promise.withResolvers<void>();
    const { promise: may, resolve: go } = Promise.withResolvers<void>();
    const holding = world.server.kernel.door.work(world.technician.session, "lab.instrument.hold", async (tx) => {
      const row = { id: crypto.randomUUID(), instrument_id: id, act: "hold", reason: "Drifts", by_name: "x" };
      await insertAll(tx, "lab.instrument_event", "lab.instrument_event.hold", [{ row, fields: {} }]);
      isHeld();
      await may;
    });
    await held;
    let outcome = "waits";
    const verifying = verifyAtOnce([one.sampleId, two.sampleId]).then(
      () => (outcome = "verified"),
      (error: unknown) => (outcome = String(error)),
    );
    const waits = "select 1 from pg_locks where not granted";
    const waiting = async () =>
      outcome !== "waits" || ((await world.server.kernel.identityPool.query(waits)).rowCount ?? 0) > 0;
    await expect.poll(waiting, { timeout: 120_000 }).toBe(true);
    const first = outcome;
    go();
    await holding;
    await verifying;
    expect([first, outcome]).toEqual(["waits", expect.stringMatching(/held at the gate instrument/)]);
  });
});
