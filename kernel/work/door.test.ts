import { randomUUIDv7 as uuidv7 } from "node:crypto";
import fc from "fast-check";
import { Client, type Pool } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openPool } from "../database/pool.ts";
import { openTestKernel, type TestKernel, type TestPerson } from "../testing/kernel.ts";
import { testRootKey } from "../testing/database.ts";
import { placeLeaves } from "../testing/record-suite.ts";
import { runBatch } from "./batch.ts";
import type { Tx } from "./door.ts";
import { Problem } from "./problem.ts";
import { query } from "./query.ts";

let kernel: TestKernel;
let acme: string;
let rival: string;
let alice: TestPerson;
let bob: TestPerson;
let raw: Pool;

beforeAll(async () => {
  kernel = await openTestKernel();
  acme = await kernel.foundWorkspace("acme");
  rival = await kernel.foundWorkspace("rival");
  alice = await kernel.addPerson(acme, "admin");
  bob = await kernel.addPerson(rival, "member");
  raw = openPool(kernel.address, testRootKey.key, "probity_app", { max: 2 });
});
afterAll(async () => {
  await raw.end();
  await kernel.close();
});

const members = query.selectFrom("kernel.membership").select(["id", "tenant_id"]);
const read = (person: TestPerson) => kernel.door.work(person.session, "kernel.people.read", (tx) => tx.all(members));

describe("the door", () => {
  test("TEN-01 a statement without WHERE sees the bound tenant alone", async () => {
    expect((await read(alice)).map((row) => row.tenant_id)).toEqual([acme]);
    expect((await read(bob)).map((row) => row.tenant_id)).toEqual([rival]);
  });

  test("TEN-01 a bare set_config opens nothing: the binding is a proof", async () => {
    for (const binding of [
      `${acme}|${alice.membershipId}|kernel.people.read`,
      `${"0".repeat(64)}${acme}|${alice.membershipId}|kernel.people.read`,
    ]) {
      await expect(
        runBatch(await once(), [
          { sql: "select set_config('kernel.binding', $1, true)", parameters: [binding] },
          { sql: "select * from kernel.membership", parameters: [] },
        ]),
      ).rejects.toMatchObject({ code: expect.stringMatching(/^PB00[12]$/) });
    }
  });

  test("TEN-01 a proof seen in one transaction is worth nothing in the next", async () => {
    const client = await once();
    const [, , seen] = await runBatch(client, [
      { sql: "begin", parameters: [] },
      {
        sql: "select * from kernel.enter('session', $1, null, 'kernel.people.read', null)",
        parameters: [alice.session.token],
      },
      { sql: "select current_setting('kernel.binding') as binding", parameters: [] },
      { sql: "commit", parameters: [] },
    ]);
    await expect(
      runBatch(client, [
        {
          sql: "select set_config('kernel.binding', $1, true)",
          parameters: [String(seen?.[0]?.["binding"])],
        },
        { sql: "select * from kernel.membership", parameters: [] },
      ]),
    ).rejects.toMatchObject({ code: "PB002" });
  });

  test("TEN-01 a bound transaction can't be bound to another tenant", async () => {
    await expect(
      runBatch(await once(), [
        {
          sql: "select * from kernel.enter('session', $1, null, 'kernel.people.read', null)",
          parameters: [alice.session.token],
        },
        {
          sql: "select * from kernel.enter('session', $1, null, 'kernel.people.read', null)",
          parameters: [bob.session.token],
        },
      ]),
    ).rejects.toMatchObject({ code: "PB003" });
  });

  test("TEN-01 without a tenant a query is an error, not an empty answer", async () => {
    await expect(
      runBatch(await once(), [{ sql: "select * from kernel.membership", parameters: [] }]),
    ).rejects.toMatchObject({ code: "PB001" });
  });

  test("TEN-01 another tenant's workspace looks as if it did not exist", async () => {
    const foreign = await refusal(
      kernel.door.work({ ...alice.session, workspace: rival }, "kernel.people.read", (tx) => tx.all(members)),
    );
    const absent = await refusal(
      kernel.door.work({ ...alice.session, workspace: uuidv7() }, "kernel.people.read", (tx) => tx.all(members)),
    );
    expect([foreign.status, foreign.code, foreign.detail]).toEqual([404, absent.code, absent.detail]);
  });

  test("ACC-01 a permission nobody listed is nobody's", async () => {
    expect(
      (await refusal(kernel.door.work(alice.session, "kernel.nothing.declared", (tx) => tx.all(members)))).status,
    ).toBe(403);
    expect((await refusal(kernel.door.work(bob.session, "kernel.people.change", (tx) => tx.all(members)))).status).toBe(
      403,
    );
  });

  test("ACC-01 refusals are recorded", async () => {
    await refusal(kernel.door.work(bob.session, "kernel.policy.change", (tx) => tx.all(members)));
    await kernel.access.flush();
    await placeLeaves({ kernel });
    const admin = new Client(kernel.admin);
    await admin.connect();
    const found = await admin.query(
      "select outcome from kernel.access_event where permission = 'kernel.policy.change'",
    );
    await admin.end();
    expect(found.rows).toEqual([{ outcome: "kernel.permission_missing" }]);
  });

  test.each([
    ["an unknown token", "update identity.session set token = token where false", 200],
    [
      "an ended session",
      "update identity.session set expires_at = now() - interval '1 second' where user_id = $1",
      401,
    ],
    [
      "an idle session",
      "update identity.session set expires_at = now() + interval '1 day', last_seen_at = now() - interval '31 minutes' where user_id = $1",
      401,
    ],
    [
      "a session older than the absolute limit",
      "update identity.session set last_seen_at = now(), created_at = now() - interval '13 hours' where user_id = $1",
      401,
    ],
    ["a disabled user", `update identity."user" set disabled_at = now() where id = $1`, 401],
  ])("IDN-08 %s", async (_, change, status) => {
    const person = await kernel.addPerson(acme, "member");
    expect(await read(person)).not.toEqual([]);
    await kernel.identityPool.query(change, change.includes("$1") ? [person.userId] : []);
    if (status === 200) {
      expect(
        (
          await refusal(
            kernel.door.work({ ...person.session, token: "unknown" }, "kernel.people.read", (tx) => tx.all(members)),
          )
        ).status,
      ).toBe(401);
    } else {
      expect((await refusal(read(person))).status).toBe(status);
    }
  });
});

test("LED-01 who a credential was before is never written for who it is now: the leaf is planned anew", async () => {
  const home = await kernel.foundWorkspace("home");
  const elsewhere = await kernel.foundWorkspace("elsewhere");
  const person = await kernel.addPerson(home, "admin");
  const credential = { ...person.session, workspace: undefined };
  const plan = () => ({ events: [{ action: "test.act" }], statements: [members] });
  expect((await kernel.door.once(credential, "kernel.people.read", plan)).who.tenantId).toBe(home);
  // The same session now belongs elsewhere: its membership in the first workspace ends, one in the second begins.
  await kernel.door.work(kernel.system(home), "kernel.membership.accept", async (tx) => {
    await tx.record({ action: "test.end", record: "kernel.membership", rowId: person.membershipId, version: 2 });
    await tx.all(
      query.updateTable("kernel.membership").set({ status: "disabled" }).where("id", "=", person.membershipId),
    );
  });
  const membershipId = uuidv7();
  await kernel.door.work(kernel.system(elsewhere), "kernel.membership.accept", async (tx) => {
    await tx.record({ action: "test.join", record: "kernel.membership", rowId: membershipId, version: 1 });
    const values = {
      id: membershipId,
      user_id: person.userId,
      name: "Moved",
      email: "moved@example.test",
      role: "admin",
      status: "active",
    };
    await tx.all(query.insertInto("kernel.membership").values(values));
  });
  const moved = await kernel.door.once(credential, "kernel.people.read", plan);
  expect(moved.who).toMatchObject({ tenantId: elsewhere, actorId: membershipId });
});

describe("nothing stays bound", () => {
  const unbound = async (pool: Pool) => {
    const client = await pool.connect();
    try {
      const [rows] = await runBatch(client, [
        {
          sql: "select coalesce(current_setting('kernel.binding', true), '') as binding, txid_current_if_assigned() as tx",
          parameters: [],
        },
      ]);
      return rows?.[0];
    } finally {
      client.release();
    }
  };
  const oneConnection = async (run: (kernel: TestKernel) => Promise<unknown>) => {
    const single = openPool(kernel.address, testRootKey.key, "probity_app", { max: 1 });
    const { Door } = await import("./door.ts");
    try {
      await run({ ...kernel, door: new Door(single, kernel.access) });
      expect(await unbound(single)).toEqual({ binding: "", tx: null });
    } finally {
      await single.end();
    }
  };

  test("TEN-01 after an error in a later statement", () =>
    oneConnection(async ({ door }) => {
      await expect(
        door.work(alice.session, "kernel.people.read", async (tx) => {
          await tx.all(members);
          return tx.all(query.selectFrom("kernel.membership").select("id").where("id", "=", "not a uuid"));
        }),
      ).rejects.toThrow(/uuid/);
    }));
  test("TEN-01 after a throw in the handler", () =>
    oneConnection(async ({ door }) => {
      await expect(
        door.work(alice.session, "kernel.people.read", async () => {
          throw new Error("handler");
        }),
      ).rejects.toThrow("handler");
    }));
  test("TEN-01 after a refused door", () =>
    oneConnection(async ({ door }) => {
      await refusal(door.work(bob.session, "kernel.people.change", async () => 1));
    }));
  test("TEN-01 after a time-out", () =>
    oneConnection(async ({ door }) => {
      const { sql } = await import("kysely");
      const failed = await refusal(
        door.work(alice.session, "kernel.people.read", async (tx) => {
          await tx.all(raw_(sql`set local statement_timeout = '20ms'`));
          return tx.all(raw_(sql`select pg_sleep(5)`));
        }),
      );
      expect(failed.status).toBe(503);
    }));
  test("TEN-01 after a cancellation from outside and after a lost connection", () =>
    oneConnection(async ({ door }) => {
      const { sql } = await import("kysely");
      for (const end of ["pg_cancel_backend", "pg_terminate_backend"]) {
        await expect(
          door.work(alice.session, "kernel.people.read", async (tx) => {
            const [self] = await tx.all(raw_<{ pid: number }>(sql`select pg_backend_pid() as pid`));
            setTimeout(() => void raw.query(`select ${end}($1)`, [self?.pid]), 30);
            return tx.all(raw_(sql`select pg_sleep(5)`));
          }),
        ).rejects.toThrow();
      }
    }));

  test("TEN-01 when the pool is exhausted a call waits or fails, and nothing crosses", async () => {
    const small = openPool(kernel.address, testRootKey.key, "probity_app", {
      max: 1,
      connectionTimeoutMillis: 100,
    });
    const { Door } = await import("./door.ts");
    const door = new Door(small, kernel.access);
    const { sql } = await import("kysely");
    const slow = door.work(alice.session, "kernel.people.read", (tx) => tx.all(raw_(sql`select pg_sleep(0.4)`)));
    await expect(door.work(bob.session, "kernel.people.read", (tx) => tx.all(members))).rejects.toMatchObject({
      code: "kernel.busy",
    });
    await slow;
    expect(
      (await door.work(bob.session, "kernel.people.read", (tx) => tx.all(members))).map((row) => row.tenant_id),
    ).toEqual([rival]);
    await small.end();
  });

  test("TEN-01 two tenants interleaved on two connections, with throws and failing statements, never cross", async () => {
    const act = fc.record({
      who: fc.boolean(),
      how: fc.constantFrom("read", "throw", "bad", "once", "denied"),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 8, maxLength: 40 }), async (acts) => {
        await Promise.all(
          acts.map(async ({ who, how }) => {
            const [person, tenant] = who ? [alice, acme] : [bob, rival];
            const check = (rows: { tenant_id: unknown }[]) => {
              for (const row of rows)
                if (row.tenant_id !== tenant) throw new Error(`crossed into ${String(row.tenant_id)}`);
            };
            if (how === "once") {
              const { rows } = await kernel.door.once(person.session, "kernel.people.read", () => ({
                statements: [members],
              }));
              check((rows[0] ?? []).map((row) => ({ tenant_id: row["tenant_id"] })));
              return;
            }
            const done = kernel.door.work(
              person.session,
              how === "denied" ? "kernel.none" : "kernel.people.read",
              async (tx: Tx) => {
                check(await tx.all(members));
                if (how === "throw") throw new Error("expected");
                if (how === "bad")
                  await tx.all(query.selectFrom("kernel.membership").select("id").where("id", "=", "bad"));
                check(await tx.all(members));
              },
            );
            await done.catch((error: unknown) => {
              if (error instanceof Error && error.message.startsWith("crossed")) throw error;
            });
          }),
        );
      }),
      { numRuns: 60 },
    );
  });
});

async function once() {
  const client = await raw.connect();
  client.release();
  return client;
}
async function refusal(promise: Promise<unknown>): Promise<Problem> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Problem);
  if (!(error instanceof Problem)) throw new Error("no refusal");
  return error;
}
function raw_<Row>(statement: import("kysely").RawBuilder<Row>) {
  return { compile: () => statement.compile(query) };
}
