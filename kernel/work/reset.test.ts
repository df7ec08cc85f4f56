import { createHash } from "node:crypto";
import { sql } from "kysely";
import type { Pool, PoolClient } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openPool } from "../database/pool.ts";
import { testRootKey } from "../testing/database.ts";
import { openTestKernel, type TestKernel } from "../testing/kernel.ts";
import { runBatch } from "./batch.ts";
import { Door } from "./door.ts";
import { query } from "./query.ts";
import { resetStatements, sessionLeft } from "./reset.ts";

let kernel: TestKernel;
let pool: Pool;
beforeAll(async () => {
  kernel = await openTestKernel();
  pool = openPool(kernel.address, testRootKey.key, "probity_app", { max: 1 });
});
afterAll(async () => {
  await pool.end();
  await kernel.close();
});

/** Runs what somebody injected on a connection of its own, then what ends each transaction; answers what was left. */
async function after(
  injected: string,
  look?: (client: PoolClient) => Promise<unknown>,
): Promise<{ left: readonly string[]; seen: unknown }> {
  const client = await pool.connect();
  try {
    await client.query(injected);
    const [first, second] = resetStatements;
    await client.query(first);
    const left = sessionLeft((await client.query<Record<string, unknown>>(second)).rows);
    return { left, seen: await look?.(client) };
  } finally {
    client.release(true);
  }
}
const value = (text: string) => async (client: PoolClient) =>
  Object.values((await client.query<Record<string, unknown>>(text)).rows[0] ?? {})[0];

test("TEN-01 the door itself destroys a connection on which something was left, also after an error", async () => {
  const workspace = await kernel.foundWorkspace("left");
  const person = await kernel.addPerson(workspace, "admin");
  const single = openPool(kernel.address, testRootKey.key, "probity_app", { max: 1 });
  const door = new Door(single, { refused: () => undefined });
  const look = sql<{ pid: number; zone: string }>`select pg_backend_pid() as pid, current_setting('timezone') as zone`;
  const leaves = sql`do $$ begin
    execute 'set timezone = "Asia/Tokyo"';
    execute 'prepare theirs as select 1';
  end $$`;
  const pid = () =>
    door.work(person.session, "kernel.people.read", (tx) => tx.first({ compile: () => look.compile(query) }));
  const leave = (fail: boolean) =>
    door.work(person.session, "kernel.people.read", async (tx) => {
      await tx.all({ compile: () => leaves.compile(query) });
      if (fail) throw new Error("after it");
    });
  const first = await pid();
  expect((await pid())?.pid).toBe(first?.pid);
  await leave(false);
  const second = await pid();
  expect([second?.pid === first?.pid, second?.zone]).toEqual([false, first?.zone]);
  await expect(leave(true)).rejects.toThrow("after it");
  // What was prepared in it outlives a transaction that is rolled back.
  expect((await pid())?.pid).not.toBe(second?.pid);
  await single.end();
});

describe("TEN-01 what an injected statement leaves on a pooled connection", () => {
  test("nothing is left by what every request does", async () => {
    expect((await after("select 1")).left).toEqual([]);
    const client = await pool.connect();
    // Statements prepared by the driver itself stay: they save each request its planning.
    await runBatch(client, [{ sql: "select 1 as one", parameters: [] }]);
    expect(sessionLeft((await client.query(resetStatements[1])).rows)).toEqual([]);
    expect(await value("select count(*)::integer from pg_prepared_statements")(client)).toBe(1);
    client.release(true);
  });

  test.each([
    ["search_path", "set search_path = pg_temp, kernel", "show search_path", '"$user", public'],
    [
      "a setting of no code",
      "select set_config('x.tenant', 'theirs', false)",
      "select current_setting('x.tenant', true)",
      "",
    ],
    ["read-only transactions", "set default_transaction_read_only = on", "show default_transaction_read_only", "off"],
    ["no time limit", "set statement_timeout = '7s'", "show statement_timeout", "15s"],
    [
      "a lock that outlives its transaction",
      "select pg_advisory_lock(4711)",
      "select count(*)::integer from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()",
      0,
    ],
  ])("%s is taken away", async (_, injected, look, expected) => {
    expect(await after(injected, value(look))).toEqual({ left: [], seen: expected });
  });

  test.each([
    ["prepared statement", "prepare mine as select 1"],
    ["cursor", "begin; declare c cursor with hold for select 1; commit"],
    ["channel", "listen their_news"],
    ["temporary schema", "create temp table kept (what text)"],
  ])("a %s is named, and the connection is destroyed", async (name, injected) => {
    expect((await after(injected)).left).toEqual([name]);
  });

  test("a statement of ours prepared anew as another one is found out, though its own name is used to hide it", async () => {
    const client = await pool.connect();
    const asked = { sql: resetStatements[1], parameters: [] };
    await runBatch(client, [asked]);
    const name = `p${createHash("sha256").update(asked.sql).digest("base64url").slice(0, 20)}`;
    // One whole injected statement is enough.
    await client.query(
      `do $do$ begin execute 'deallocate "${name}"'; execute $x$prepare "${name}" as select '{}'::text[] as left$x$; end $do$`,
    );
    // By its name the question is answered by the attacker …
    const [fooled] = await runBatch(client, [asked]);
    expect(sessionLeft(fooled ?? [])).toEqual([]);
    // … and asked without a name it is not.
    expect(sessionLeft((await client.query(resetStatements[1])).rows)).toEqual(["prepared statement"]);
    client.release(true);
  });
});
