import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Publisher } from "@probity/kernel";
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
  statusAfter,
  turnsRed,
  turnsRedServing,
  withMember,
} from "./testing/trust-world.ts";

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

describe("TRU-01 a control turns red when its protection is really gone", { timeout: 180_000 }, () => {
  test("LED-01: readings leave no event", () =>
    turnsRedServing(
      "LED-01",
      { kernel: { access: withMember(kernel.access, { read: () => undefined }) } },
      /reading people left no event/,
    ));

  test("LED-05: an export leaves an event out", () =>
    turnsRedServing(
      "LED-05",
      {
        route: (route) =>
          route.path !== "/api/ledger/export"
            ? route
            : {
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
              },
      },
      /the file was judged INCOMPLETE/,
    ));

  test("LED-06: what opens a leaf stays where it was", () =>
    turnsRed(
      "LED-06",
      `${door}alter function kernel.closed_opening(jsonb, text[]) rename to closed_opening_kept;
       create function kernel.closed_opening(p jsonb, f text[]) returns jsonb language sql immutable set search_path = pg_catalog, pg_temp as 'select p'`,
      `${door}drop function kernel.closed_opening(jsonb, text[]); alter function kernel.closed_opening_kept(jsonb, text[]) rename to closed_opening`,
      /still named in kernel.ledger_opening/,
    ));

  test("RET-02: a legal hold that holds nothing", () =>
    turnsRed(
      "RET-02",
      `${door}alter function kernel.erasure_obstacles(uuid) rename to erasure_obstacles_kept;
       create function kernel.erasure_obstacles(p uuid) returns table (rule text, detail text) language sql stable security definer
         set search_path = pg_catalog, pg_temp as $$ select ''::text, ''::text where false $$;
       grant execute on function kernel.erasure_obstacles(uuid) to probity_app`,
      `${door}drop function kernel.erasure_obstacles(uuid); alter function kernel.erasure_obstacles_kept(uuid) rename to erasure_obstacles`,
      /an erasure under hold got 201/,
    ));

  test("RET-01: access events that outlived their policy", async () => {
    await retireAll(kernel);
    const id = randomUUID();
    await turnsRed(
      "RET-01",
      `${door}insert into kernel.access_event (tenant_id, id, batch_id, at, actor_id, permission, outcome)
       select id, '${id}', '${id}', now() - interval '200 days', '${id}', 'kernel.test', 'done' from kernel.workspace limit 1`,
      `${door}delete from kernel.access_event where id = '${id}'`,
      /1 access events are older than their policy says/,
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
