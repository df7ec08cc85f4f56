import { createHash, randomUUIDv7 as uuidv7 } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { sql } from "kysely";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startCluster, type Cluster } from "../database/cluster.ts";
import { isDatabaseAway } from "../database/lost.ts";
import { clientConfig } from "../database/pool.ts";
import { testRootKey } from "../testing/database.ts";
import { removeInstanceFolder } from "../testing/instance-folder.ts";
import { trialLab } from "../record/fixture/specimen.ts";
import type { TestKernel, TestPerson } from "../testing/kernel.ts";
import { openTestServer, type TestServer } from "../testing/server.ts";
import { unconfirmed } from "./error.ts";
import { Flusher } from "./flusher.ts";
import { Lanes } from "./lane.ts";
import { Problem } from "./problem.ts";
import { query } from "./query.ts";

// A PostgreSQL as a product's is, on the disk and waiting for it: the tests' own one waits for nothing.
const folder = mkdtempSync(join(tmpdir(), "probity-flusher-"));
let cluster: Cluster;
let superuser: Client;
let server: TestServer;
let kernel: TestKernel;
let alice: TestPerson;

beforeAll(async () => {
  // Nothing but a flush brings what was committed to the disk in the time of these tests.
  cluster = await startCluster({ folder: join(folder, "postgres"), settings: { wal_writer_delay: "10s" } });
  server = await openTestServer([trialLab], { on: cluster.adminConfig });
  kernel = server.kernel;
  alice = await server.member(await kernel.foundWorkspace("acme"), "admin");
  superuser = await connected();
});
afterAll(async () => {
  await superuser?.end();
  await server?.close();
  await cluster?.stop();
  await removeInstanceFolder(folder);
});

const connected = async () => {
  const client = new Client({ ...cluster.adminConfig, database: kernel.admin.database });
  client.on("error", () => undefined);
  await client.connect();
  return client;
};
const connectedAgain = async (): Promise<Client> => {
  for (let tries = 0; ; tries += 1) {
    try {
      return await connected();
    } catch (error) {
      if (tries > 500) throw error;
      await pause(10);
    }
  }
};
const config = () => clientConfig(kernel.address, testRootKey.key, "probity_app");
const flushFunction = "pg_logical_emit_message(boolean, text, text, boolean)";
const sqlOf = (text: string) => ({ sql: text, parameters: [] });
const statement = (text: string) => ({ compile: () => sql.raw(text).compile(query) });
const invitation = (id: string) =>
  query.insertInto("kernel.invitation").values({
    id,
    email: "b@example.test",
    role: "member",
    secret_hash: createHash("sha256").update(id).digest(),
    expires_at: new Date(Date.now() + 60_000),
  });
/** Invites by the short way, beside other statements; resolves to what `synchronous_commit` was for it. */
const invite = async (id = uuidv7(), before = "select 1") => {
  const { rows } = await kernel.door.once(
    alice.session,
    "kernel.people.change",
    () => ({
      change: { action: "kernel.invitation.create", record: "kernel.invitation", rowId: id, version: 1, fields: {} },
      statements: [
        statement(before),
        invitation(id),
        statement("select current_setting('synchronous_commit') as waits"),
      ],
    }),
    { short: true },
  );
  return rows[2]?.[0]?.["waits"];
};
const read = () =>
  kernel.door.once(
    alice.session,
    "kernel.people.read",
    () => ({ statements: [statement("select current_setting('synchronous_commit') as waits")] }),
    { short: true },
  );
/** The backend of the connection that flushes: the one whose last statement was that. */
const flusherPid = async (): Promise<number> => {
  const { rows } = await superuser.query<{ pid: number }>(
    "select pid from pg_stat_activity where datname = current_database() and query like 'select pg_logical_emit_message%'",
  );
  if (rows.length !== 1 || rows[0] === undefined) throw new Error(`${rows.length} connections flush`);
  return rows[0].pid;
};
const serverStart = async () =>
  String((await superuser.query("select pg_postmaster_start_time()::text as at")).rows[0].at);
const isThere = async (id: string) =>
  (await superuser.query("select 1 from kernel.invitation where id = $1", [id])).rowCount === 1;
const until = async (done: () => Promise<boolean>, mostTries = 500) => {
  for (let tries = 0; !(await done()); tries += 1) {
    if (tries > mostTries) throw new Error("not in time");
    await pause(10);
  }
};
const unflushed = () => until(async () => (await invite()) === "off");

describe("OPS-03 what is answered is on the disk", () => {
  test("a change waits for the disk itself until a flusher is there; a read never asks for one", async () => {
    await read();
    expect(await invite()).toBe("on");
    await unflushed();
    expect((await read()).rows[0]?.[0]?.["waits"]).toBe("on");
  });

  test("a committed change is not answered before a flush that began after it", async () => {
    await unflushed();
    const pid = await flusherPid();
    const id = uuidv7();
    process.kill(pid, "SIGSTOP");
    try {
      let answered = false;
      const done = invite(id).then(() => (answered = true));
      await until(() => isThere(id));
      await pause(300);
      expect(answered).toBe(false);
      process.kill(pid, "SIGCONT");
      expect(await done).toBe(true);
    } finally {
      process.kill(pid, "SIGCONT");
    }
  });

  test("a change that commits while a flush is under way waits for the next one, which serves all that came meanwhile", async () => {
    const flusher = new Flusher({ ...config(), application_name: "one that is stopped" });
    await until(async () => flusher.on(await serverStart()) !== undefined);
    const flush = flusher.on(await serverStart());
    const { rows } = await superuser.query(
      "select pid from pg_stat_activity where application_name = 'one that is stopped'",
    );
    process.kill(rows[0].pid, "SIGSTOP");
    const under = flush?.();
    await pause(50);
    const next = flush?.();
    expect(next).not.toBe(under);
    expect(flush?.()).toBe(next);
    process.kill(rows[0].pid, "SIGCONT");
    await Promise.all([under, next]);
    await flusher.end();
  });

  test("where the flusher is lost between commit and flush, the answer is that nobody knows", async () => {
    await unflushed();
    const pid = await flusherPid();
    const id = uuidv7();
    const outcome = invite(id, "select pg_sleep(0.3)");
    await superuser.query("select pg_terminate_backend($1)", [pid]);
    await expect(outcome).rejects.toMatchObject({ code: "kernel.unconfirmed", status: 503 });
    expect(await isThere(id)).toBe(true);
    await unflushed();
  });

  test("work whose connection is lost before its commit is answered is told that nobody knows", async () => {
    const work = kernel.door.work(alice.session, "kernel.people.read", async (tx) => {
      const [row] = await tx.all(query.selectNoFrom(sql<number>`pg_backend_pid()`.as("pid")));
      await superuser.query("select pg_terminate_backend($1)", [row?.pid]);
      await pause(100);
    });
    await expect(work).rejects.toMatchObject({ code: "kernel.unconfirmed" });
  });

  test("where no connection was made nothing was sent: that is certain, and is said so", async () => {
    const lanes = new Lanes({ ...config(), host: "127.0.0.1", port: 1 }, 1);
    const error = await lanes
      .free()
      ?.run([sqlOf("select 1")])
      .catch((reason: unknown) => reason);
    expect(isDatabaseAway(error)).toBe(true);
    expect(unconfirmed(error)).toBe(error);
    await lanes.end();
  });

  test("a flush asked for after its connection broke fails at once, each time", async () => {
    const flusher = new Flusher({ ...config(), application_name: "one that breaks" });
    await until(async () => flusher.on(await serverStart()) !== undefined);
    const flush = flusher.on(await serverStart());
    await superuser.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'one that breaks'",
    );
    await expect(flush?.()).rejects.toThrow();
    await expect(flush?.()).rejects.toThrow();
    await expect(flush?.()).rejects.toThrow();
    await flusher.end();
  });

  test("a flusher of another server, or of one that started anew, confirms nothing", async () => {
    const flusher = new Flusher(config());
    await until(async () => flusher.on(await serverStart()) !== undefined);
    expect(flusher.on("2020-01-01 00:00:00+00")).toBeUndefined();
    await flusher.end();
  });

  test("a key sent again is not answered from a change that is not on the disk", async () => {
    await unflushed();
    const by = server.as(alice);
    const headers = { "idempotency-key": `twice-${uuidv7()}` };
    const send = () => by("POST", "/api/trial-lab/labels", { headers, body: { code: "L-1" } });
    await by("POST", "/api/trial-lab/labels", { body: { code: "L-0" } });
    const pid = await flusherPid();
    process.kill(pid, "SIGSTOP");
    try {
      const first = send();
      await until(async () => (await superuser.query("select from trial_lab.label where code = 'L-1'")).rowCount === 1);
      const { rows: before } = await superuser.query("select pg_current_wal_insert_lsn() as place");
      const again = await send();
      expect(again.status).toBe(201);
      const { rows } = await superuser.query("select pg_current_wal_flush_lsn() >= $1::pg_lsn as kept", [
        before[0].place,
      ]);
      expect(rows[0].kept).toBe(true);
      process.kill(pid, "SIGCONT");
      expect((await first).body["id"]).toBe(again.body["id"]);
    } finally {
      process.kill(pid, "SIGCONT");
    }
  });

  test("where nobody may flush, changes wait for the disk themselves and the connection is not tried each time", async () => {
    await superuser.query(`revoke execute on function ${flushFunction} from public`);
    try {
      const lanes = new Lanes(config(), 1);
      const lane = lanes.free();
      await lane?.run([sqlOf("select 1")]);
      const opened = async () =>
        Number(
          (await superuser.query("select sessions from pg_stat_database where datname = current_database()")).rows[0]
            .sessions,
        );
      expect(lane && lanes.flushOf(lane)).toBeUndefined();
      await pause(1_500);
      const before = await opened();
      for (let index = 0; index < 20; index += 1) {
        expect(lane && lanes.flushOf(lane)).toBeUndefined();
        await pause(20);
      }
      await pause(1_500);
      expect((await opened()) - before).toBeLessThan(3);
      await lanes.end();
    } finally {
      await superuser.query(`grant execute on function ${flushFunction} to public`);
    }
  });

  test("kill -9 of PostgreSQL under load: each change that was answered is there with its leaf", async () => {
    await unflushed();
    const [answered, refused] = [new Set<string>(), new Set<string>()];
    const clients = Array.from({ length: 12 }, async () => {
      while (refused.size === 0) {
        const id = uuidv7();
        await invite(id).then(
          () => answered.add(id),
          () => refused.add(id),
        );
      }
    });
    await until(async () => answered.size > 200);
    // One backend is enough: PostgreSQL ends all others, and with them what only memory held.
    process.kill(await flusherPid(), "SIGKILL");
    await Promise.all(clients);
    await superuser.end().catch(() => undefined);
    superuser = await connectedAgain();
    const { rows } = await superuser.query<{ id: string }>(
      `select i.id from kernel.invitation i
       where exists (select 1 from kernel.ledger_inbox l where l.row_id = i.id)
         and exists (select 1 from kernel.version_history v where v.row_id = i.id)`,
    );
    const kept = new Set(rows.map(({ id }) => id));
    expect([...answered].filter((id) => !kept.has(id))).toEqual([]);
    expect(refused.size).toBeGreaterThan(0);
  });

  test("where nobody may flush any more, a few are told that nobody knows, and the rest wait for the disk themselves", async () => {
    await unflushed();
    await superuser.query(`revoke execute on function ${flushFunction} from public`);
    try {
      const outcomes = [];
      for (let index = 0; index < 10; index += 1)
        outcomes.push(await invite().catch((error: unknown) => (error instanceof Problem ? error.code : "?")));
      expect(outcomes).toEqual(["kernel.unconfirmed", ...Array.from({ length: 9 }, () => "on")]);
    } finally {
      await superuser.query(`grant execute on function ${flushFunction} to public`);
    }
    // Given back, it is tried again after a while.
    await until(async () => (await invite()) === "off", 3_000);
  });
});
