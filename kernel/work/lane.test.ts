import fc from "fast-check";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clientConfig } from "../database/pool.ts";
import { testRootKey } from "../testing/database.ts";
import { openTestKernel, type TestKernel, type TestPerson } from "../testing/kernel.ts";
import { Lanes } from "./lane.ts";
import { query } from "./query.ts";

let kernel: TestKernel;
let people: { tenant: string; person: TestPerson }[];
const members = query.selectFrom("kernel.membership").select(["id", "tenant_id"]);
const broken = query.selectFrom("kernel.membership").select(["id", "tenant_id"]).where("id", "=", "no id");

beforeAll(async () => {
  kernel = await openTestKernel({ poolSize: 5 });
  people = await Promise.all(
    ["left", "right", "third"].map(async (slug) => {
      const tenant = await kernel.foundWorkspace(slug);
      return { tenant, person: await kernel.addPerson(tenant, "admin") };
    }),
  );
});
afterAll(() => kernel.close());

describe("short work of many callers on few connections", () => {
  test("TEN-01 answers each its own, with refused and failing ones between", async () => {
    const act = fc.record({ who: fc.nat(2), how: fc.constantFrom("read", "bad", "denied", "read") });
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 10, maxLength: 60 }), async (acts) => {
        await Promise.all(
          acts.map(async ({ who, how }) => {
            const caller = people[who];
            if (caller === undefined) throw new Error("nobody");
            const permission = how === "denied" ? "kernel.none" : "kernel.people.read";
            const work = kernel.door.once(
              caller.person.session,
              permission,
              () => ({ statements: [how === "bad" ? broken : members] }),
              { short: true },
            );
            if (how !== "read") return expect(work).rejects.toThrow();
            const { who: entered, rows } = await work;
            expect(entered.tenantId).toBe(caller.tenant);
            expect(rows[0]?.map((row) => row["tenant_id"])).toEqual([caller.tenant]);
          }),
        );
      }),
      { numRuns: 40 },
    );
  });

  test("OPS-03 a line that breaks fails what is on it, and the next call has a new one", async () => {
    const lanes = new Lanes(clientConfig(kernel.address, testRootKey.key, "probity_app"), 1);
    const pid = await lanes.free()?.run([{ sql: "select pg_backend_pid() as pid", parameters: [] }]);
    const killer = new Client(clientConfig(kernel.address, testRootKey.key, "probity_app"));
    await killer.connect();
    const onIt = [1, 2, 3].map(() => lanes.free()?.run([{ sql: "select pg_sleep(20)", parameters: [] }]));
    const outcome = Promise.allSettled(onIt);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await killer.query("select pg_terminate_backend($1)", [pid?.[0]?.[0]?.["pid"]]);
    await killer.end();
    expect((await outcome).map((each) => each.status)).toEqual(["rejected", "rejected", "rejected"]);
    expect(await lanes.free()?.run([{ sql: "select 1 as one", parameters: [] }])).toEqual([[{ one: 1 }]]);
    await lanes.end();
  });

  test("OPS-03 what waits for a lock is given up at once, and those behind it are answered", async () => {
    const lanes = new Lanes(clientConfig(kernel.address, testRootKey.key, "probity_app"), 1);
    const holder = new Client(clientConfig(kernel.address, testRootKey.key, "probity_app"));
    await holder.connect();
    await holder.query("select pg_advisory_lock(4711, 1)");
    const waits = lanes.free()?.run([{ sql: "select pg_advisory_lock(4711, 1)", parameters: [] }]);
    const behind = lanes.free()?.run([{ sql: "select 2 as two", parameters: [] }]);
    await expect(waits).rejects.toMatchObject({ code: "55P03" });
    expect(await behind).toEqual([[{ two: 2 }]]);
    await holder.end();
    await lanes.end();
  });

  test("TEN-01 a statement that failed in one batch is parsed anew or known in the next, never taken for another", async () => {
    const lanes = new Lanes(clientConfig(kernel.address, testRootKey.key, "probity_app"), 1);
    const lane = lanes.free();
    const answers = await Promise.allSettled(
      Array.from({ length: 12 }, (_, index) =>
        lane?.run([
          { sql: `select 1 / $1::integer as quotient`, parameters: [index % 3] },
          { sql: `select ${index % 4} as number, $1::text as said`, parameters: [`said ${index}`] },
        ]),
      ),
    );
    expect(answers.map((each) => (each.status === "fulfilled" ? each.value?.[1]?.[0] : "failed"))).toEqual(
      Array.from({ length: 12 }, (_, index) =>
        index % 3 === 0 ? "failed" : { number: index % 4, said: `said ${index}` },
      ),
    );
    await lanes.end();
  });

  test("OPS-03 what is asked in one turn goes together, up to eight, and what is asked later goes where least is under way", async () => {
    const lanes = new Lanes(clientConfig(kernel.address, testRootKey.key, "probity_app"), 2);
    const asked = () => lanes.free()?.run([{ sql: "select pg_backend_pid() as pid", parameters: [] }]);
    const pids = async (answers: readonly ReturnType<typeof asked>[]) =>
      (await Promise.all(answers)).map((answer) => answer?.[0]?.[0]?.["pid"]);
    await pids([asked(), asked()]);
    const together = await pids(Array.from({ length: 11 }, asked));
    expect(new Set(together.slice(0, 8)).size).toBe(1);
    expect(new Set(together.slice(8)).size).toBe(1);
    expect(together[8]).not.toBe(together[0]);
    const slow = lanes.free()?.run([{ sql: "select pg_sleep(0.2), pg_backend_pid() as pid", parameters: [] }]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const [later] = await pids([asked()]);
    expect(later).not.toBe((await slow)?.[0]?.[0]?.["pid"]);
    await lanes.end();
  });
});
