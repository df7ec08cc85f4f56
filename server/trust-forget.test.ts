import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Publisher, type Route } from "@probity/kernel";
import { testRootKey } from "@probity/kernel/testing";
import { controls } from "@probity/trust";
import { executeAsOwner } from "../kernel/lint/trial.ts";
import { reconcileAll } from "../kernel/ledger/reconcile.ts";
import { retireAll } from "../kernel/retention/retire.ts";
import { signerIn } from "../kernel/testing/log.ts";
import {
  database,
  door,
  folder,
  kernel,
  serve,
  statusAfter,
  useTrustWorld,
  withMember,
  type Fault,
} from "./testing/trust-world.ts";

useTrustWorld();

let publisher: Publisher;
beforeAll(() => {
  kernel.sequencer.start();
  publisher = new Publisher({
    address: kernel.address,
    rootKey: testRootKey,
    host: "localhost",
    openSigner: async () => signerIn(folder),
    keyBesideData: true,
  });
  publisher.start();
});
afterAll(async () => {
  await publisher.stop();
  await kernel.sequencer.stop();
});

/** Degraded with this reason while the protection is away. That it is active otherwise is tried once, for all of them. */
async function red(id: string, breakIt: string, mendIt: string, reason: RegExp): Promise<void> {
  await executeAsOwner(database.admin, `${door}${breakIt}`);
  try {
    const found = await statusAfter(id);
    expect(found.detail).toMatch(reason);
    expect(found.status).toBe("degraded");
  } finally {
    await executeAsOwner(database.admin, `${door}${mendIt}`);
  }
}
async function redServing(id: string, fault: Fault, reason: RegExp): Promise<void> {
  const found = await statusAfter(id, { origin: await serve(fault) });
  expect(found.detail).toMatch(reason);
  expect(found.status).toBe("degraded");
}

describe("TRU-01 a control turns red when its protection is really gone", { timeout: 300_000 }, () => {
  test("LED-01 LED-05 LED-06 RET-01 RET-02: active on a sound instance", async () => {
    await retireAll(kernel);
    for (const id of ["LED-01", "LED-05", "LED-06", "RET-01", "RET-02"])
      expect([id, await statusAfter(id)]).toMatchObject([id, { status: "active" }]);
  });

  test("LED-01: readings leave no event", () =>
    redServing(
      "LED-01",
      { kernel: { access: withMember(kernel.access, { read: () => undefined }) } },
      /reading people left no event/i,
    ));

  test("LED-05: an export leaves an event out", () =>
    redServing("LED-05", { route: leavingOneOut }, /the file was judged INCOMPLETE/i));

  test("LED-06: what opens a leaf stays where it was", () =>
    red(
      "LED-06",
      `alter function kernel.closed_opening(jsonb, text[]) rename to closed_opening_kept;
       create function kernel.closed_opening(p jsonb, f text[]) returns jsonb language sql immutable set search_path = pg_catalog, pg_temp as 'select p'`,
      `drop function kernel.closed_opening(jsonb, text[]); alter function kernel.closed_opening_kept(jsonb, text[]) rename to closed_opening`,
      /still named in kernel.ledger_opening/i,
    ));

  test("RET-02: a legal hold that holds nothing", () =>
    red(
      "RET-02",
      `alter function kernel.erasure_obstacles(uuid) rename to erasure_obstacles_kept;
       create function kernel.erasure_obstacles(p uuid) returns table (rule text, detail text) language sql stable security definer
         set search_path = pg_catalog, pg_temp as $$ select ''::text, ''::text where false $$;
       grant execute on function kernel.erasure_obstacles(uuid) to probity_app`,
      `drop function kernel.erasure_obstacles(uuid); alter function kernel.erasure_obstacles_kept(uuid) rename to erasure_obstacles`,
      /an erasure under hold got 201/i,
    ));

  test("RET-01: access events that outlived their policy", () => {
    const id = randomUUID();
    return red(
      "RET-01",
      `insert into kernel.access_event (tenant_id, id, batch_id, at, actor_id, permission, outcome)
       select id, '${id}', '${id}', now() - interval '200 days', '${id}', 'kernel.test', 'done' from kernel.workspace limit 1`,
      `delete from kernel.access_event where id = '${id}'`,
      /1 access events are older than their policy says/i,
    );
  });

  test("LED-04: a change that the log knows nothing of", async () => {
    await reconcileAll(kernel);
    const whole = controls.find(({ id }) => id === "LED-04");
    const probe = whole?.probes.find(({ id }) => id === "reconciled");
    if (whole === undefined || probe === undefined) throw new Error("LED-04 compares nothing");
    const control = { ...whole, probes: [probe] as const };
    expect((await statusAfter("LED-04", { control })).detail).toMatch(/reconciled held/);
    const history = `insert into kernel.version_history (tenant_id, row_id, version, record, at, actor_id, body)
      select id, '${randomUUID()}', 1, 'kernel.invitation', now(), id, '{}' from kernel.workspace limit 1`;
    await executeAsOwner(database.admin, `${door}${history}`);
    await reconcileAll(kernel);
    const red = await statusAfter("LED-04", { control });
    expect(red.detail).toMatch(/log and tables disagree in 2 places/i);
    expect(red.status).toBe("degraded");
    await executeAsOwner(database.admin, `${door}delete from kernel.version_history where body = '{}'`);
    await reconcileAll(kernel);
    expect((await statusAfter("LED-04", { control })).detail).toMatch(/reconciled held/);
  });
});

/** The export, without the first of its events. */
function leavingOneOut(route: Route): Route {
  if (route.path !== "/api/ledger/export") return route;
  return {
    ...route,
    handle: async (request, reply) => {
      const answer = await route.handle(request, reply);
      if ("raw" in answer || !(answer.body instanceof Readable)) return answer;
      let text = "";
      for await (const part of answer.body) text += String(part);
      const lines = text.split("\n");
      const leaf = lines.findIndex((line) => line.startsWith('{"kind":"leaf"'));
      return { ...answer, body: leaf < 0 ? text : lines.toSpliced(leaf, 1).join("\n") };
    },
  };
}
