import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { type AdminConfig, type Cluster, startCluster } from "./cluster.ts";
import { isAlive } from "./cluster-lock.ts";
import { readPostmasterFile } from "./cluster-process.ts";

let folder: string;
const running: Cluster[] = [];
const children: ChildProcess[] = [];

beforeEach(() => {
  const outer = mkdtempSync(join(tmpdir(), "probity-cluster-"));
  // mkdtemp gives 0700; as root, PostgreSQL's own account has to pass through.
  chmodSync(outer, 0o711);
  folder = join(outer, "pg");
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  for (const cluster of running.splice(0)) await cluster.stop();
  rmSync(join(folder, ".."), { recursive: true, force: true });
});

/** A cluster that was made and stopped once: most tests begin where an earlier start left off, which takes a fifth of the time. */
let made: string | undefined;
afterAll(() => {
  if (made !== undefined) rmSync(join(made, ".."), { recursive: true, force: true });
});
async function startedBefore(): Promise<void> {
  if (made === undefined) {
    const outer = mkdtempSync(join(tmpdir(), "probity-cluster-"));
    chmodSync(outer, 0o711);
    made = join(outer, "pg");
    await (await startCluster({ folder: made })).stop();
  }
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  for (const name of ["data", "superuser.password"]) copyOwned(join(made, name), join(folder, name));
}

/** Copies with owners, times and modes; as root the data belongs to PostgreSQL's own account. */
function copyOwned(from: string, to: string): void {
  if (process.platform === "win32") return cpSync(from, to, { recursive: true, preserveTimestamps: true });
  const copied = spawnSync("cp", ["-pR", from, to], { encoding: "utf8" });
  if (copied.status !== 0) throw new Error(copied.stderr);
}

async function start(options: Partial<Parameters<typeof startCluster>[0]> = {}): Promise<Cluster> {
  const cluster = await startCluster({ folder, ...options });
  running.push(cluster);
  return cluster;
}

async function query(config: AdminConfig, sql: string, values: readonly string[] = []): Promise<unknown[]> {
  const client = new pg.Client({ ...config });
  // The server going away under an open connection is what some tests are about.
  client.on("error", () => undefined);
  await client.connect();
  try {
    const result = await client.query<unknown[]>({
      text: sql,
      values: [...values],
      rowMode: "array",
    });
    return result.rows.flat();
  } finally {
    await client.end();
  }
}

/** Starts the cluster in another Node process, as a server does, and waits until it serves. */
async function startElsewhere(): Promise<ChildProcess & { readonly pid: number }> {
  const source = `
    import { startCluster } from ${JSON.stringify(join(import.meta.dirname, "cluster.ts"))};
    await startCluster({ folder: ${JSON.stringify(folder)} });
    console.log("serving");
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", source], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  await new Promise<void>((resolve, reject) => {
    child.stdout.once("data", () => resolve());
    child.once("exit", (code) => reject(new Error(`the other server ended with ${code}`)));
  });
  const { pid } = child;
  if (pid === undefined) throw new Error("the other server has no pid");
  return Object.assign(child, { pid });
}

async function killHard(pid: number): Promise<void> {
  process.kill(pid, "SIGKILL");
  while (isAlive(pid)) await sleep(5);
}

/** Waits for a backend that runs a statement with this text in it, and gives its pid. */
async function backendOf(config: AdminConfig, text: string): Promise<number> {
  for (;;) {
    const [pid] = await query(
      config,
      "select pid from pg_stat_activity where state = 'active' and strpos(query, $1) > 0 and pid <> pg_backend_pid()",
      [text],
    );
    if (typeof pid === "number") return pid;
    await sleep(20);
  }
}

function logText(cluster: Cluster): string {
  return readdirSync(cluster.logFolder)
    .map((name) => readFileSync(join(cluster.logFolder, name), "utf8"))
    .join("");
}

test("a first start makes a durable UTF-8 database with checksums; a restart is quick and keeps the data", async () => {
  const before = performance.now();
  const first = await start();
  const firstMs = performance.now() - before;
  await query(first.adminConfig, "create table kept as select 'Ä' as word");
  expect(
    await query(
      first.adminConfig,
      `select current_setting('server_encoding'), current_setting('data_checksums'), current_setting('fsync'),
              current_setting('full_page_writes'), datlocprovider::text, datlocale, lower('Ä'),
              current_setting('server_version_num')::int / 10000
         from pg_database where datname = current_database()`,
    ),
  ).toEqual(["UTF8", "on", "on", "on", "b", "C.UTF-8", "ä", 18]);
  await first.stop();
  expect(existsSync(join(folder, "server.lock"))).toBe(false);

  const again = performance.now();
  const second = await start();
  const againMs = performance.now() - again;
  expect(await query(second.adminConfig, "select word from kept")).toEqual(["Ä"]);
  process.stdout.write(`first start ${firstMs.toFixed(0)} ms, later start ${againMs.toFixed(0)} ms\n`);
});

test("only a private socket and a password lead in, and nothing listens on the network", async () => {
  await startedBefore();
  const cluster = await start();
  expect(cluster.socketFolder).not.toBeNull();
  expect(statSync(cluster.socketFolder ?? "").mode & 0o777).toBe(0o700);
  expect(statSync(cluster.dataFolder).mode & 0o077).toBe(0);
  expect(statSync(join(folder, "superuser.password")).mode & 0o777).toBe(0o600);
  expect(await query(cluster.adminConfig, "select current_setting('listen_addresses')")).toEqual([""]);
  await expect(query({ ...cluster.adminConfig, password: "wrong" }, "select 1")).rejects.toMatchObject({
    code: "28P01",
  });
  expect(
    await query(cluster.adminConfig, "select rolpassword ~ '^SCRAM-SHA-256' from pg_authid where rolname = 'postgres'"),
  ).toEqual([true]);
  expect(new URL(cluster.superuserUrl).password).toBe(cluster.adminConfig.password);
  const byUrl = new pg.Client(cluster.superuserUrl);
  await byUrl.connect();
  await byUrl.end();
});

test("a folder too deep for a socket is served on loopback with a password", async () => {
  folder = join(folder, "d".repeat(90));
  await startedBefore();
  const cluster = await start();
  expect(cluster.socketFolder).toBeNull();
  expect(cluster.adminConfig.host).toBe("127.0.0.1");
  expect(await query(cluster.adminConfig, "select current_setting('listen_addresses')")).toEqual(["127.0.0.1"]);
  await expect(query({ ...cluster.adminConfig, password: "wrong" }, "select 1")).rejects.toMatchObject({
    code: "28P01",
  });
});

test("under root PostgreSQL runs as an unprivileged account that owns its data", async (context) => {
  if (process.getuid?.() !== 0) context.skip("not root");
  await startedBefore();
  const cluster = await start();
  const owner = statSync(cluster.dataFolder).uid;
  expect(owner).not.toBe(0);
  expect(statSync(`/proc/${cluster.pid}`).uid).toBe(owner);
});

test("under root a folder that only root may enter gets its data in a clear place, and finds it again", async (context) => {
  if (process.getuid?.() !== 0) context.skip("not root");
  chmodSync(join(folder, ".."), 0o700);
  const first = await start();
  const { dataFolder } = first;
  expect(dataFolder).toMatch(/^\/var\/lib\/probity\//);
  try {
    await query(first.adminConfig, "create table kept as select 1 as n");
    await first.stop();
    const second = await start();
    expect(second.dataFolder).toBe(dataFolder);
    expect(await query(second.adminConfig, "select n from kept")).toEqual([1]);
    await second.stop();
  } finally {
    rmSync(join(dataFolder, ".."), { recursive: true, force: true });
  }
});

test("kill -9 of the server process: the next start takes over, and what was committed is there", async () => {
  await startedBefore();
  const other = await startElsewhere();
  const orphan = readPostmasterFile(join(folder, "data"));
  await killHard(other.pid);
  expect(orphan !== undefined && isAlive(orphan.pid)).toBe(true);

  const cluster = await start();
  expect(cluster.pid).not.toBe(orphan?.pid);
  expect(orphan !== undefined && isAlive(orphan.pid)).toBe(false);
  expect(await query(cluster.adminConfig, "select 1")).toEqual([1]);
});

test("kill -9 of the server process while a statement runs: the next start does not wait for it", async () => {
  await startedBefore();
  const other = await startElsewhere();
  const password = readFileSync(join(folder, "superuser.password"), "utf8");
  const config = {
    host: join(folder, "run"),
    port: 5432,
    user: "postgres",
    password,
    database: "postgres",
  };
  const busy = query(config, "select pg_sleep(600)").catch(() => "ended");
  await backendOf(config, "pg_sleep");
  await killHard(other.pid);
  const postmaster = readPostmasterFile(join(folder, "data"));
  if (postmaster === undefined) throw new Error("no postmaster");
  // The postmaster too: its busy backend is left, holds the shared memory and knows of nothing.
  await killHard(postmaster.pid);
  const cluster = await start();
  expect(await busy).toBe("ended");
  expect(await query(cluster.adminConfig, "select 1")).toEqual([1]);
});

test("kill -9 of PostgreSQL is reported, and restart() brings back every committed row", async () => {
  await startedBefore();
  const cluster = await start();
  await query(cluster.adminConfig, "create table kept as select generate_series(1, 10000) as n");
  const exit = new Promise((resolve) => cluster.onExit(resolve));
  const pid = cluster.pid;
  if (pid === undefined) throw new Error("no postmaster");
  process.kill(pid, "SIGKILL");
  expect(await exit).toEqual({ code: null, signal: "SIGKILL" });
  expect(cluster.pid).toBeUndefined();
  await cluster.restart();
  expect(await query(cluster.adminConfig, "select count(*)::int from kept")).toEqual([10_000]);
  expect(logText(cluster)).toMatch(/database system was not properly shut down/);
});

test("an ordered stop or restart is not reported as an exit", async () => {
  await startedBefore();
  const cluster = await start();
  let exits = 0;
  cluster.onExit(() => (exits += 1));
  await cluster.restart();
  await cluster.stop();
  await cluster.stop();
  await sleep(50);
  expect(exits).toBe(0);
});

test("stop() ends PostgreSQL cleanly though clients are connected", async () => {
  await startedBefore();
  const cluster = await start();
  const client = new pg.Client({ ...cluster.adminConfig });
  client.on("error", () => undefined);
  await client.connect();
  const busy = client.query("select pg_sleep(600)").catch(() => "ended");
  await sleep(100);
  await cluster.stop();
  expect(await busy).toBe("ended");
  expect(logText(cluster)).toMatch(/database system is shut down/);
  expect(existsSync(join(cluster.dataFolder, "postmaster.pid"))).toBe(false);
});

test("stop() right after a backend crashed does not wait for its bound", async () => {
  await startedBefore();
  const cluster = await start();
  for (let round = 0; round < 5; round++) {
    const busy = query(cluster.adminConfig, "select pg_sleep(600)").catch(() => "ended");
    process.kill(await backendOf(cluster.adminConfig, "pg_sleep"), "SIGKILL");
    await busy;
    // Into crash recovery, which takes some 50 ms here.
    await sleep(25);
    const before = performance.now();
    await cluster.restart();
    expect(performance.now() - before).toBeLessThan(10_000);
  }
});

test("a second server on the folder is refused with the pid of the first, which serves on", async () => {
  await startedBefore();
  const other = await startElsewhere();
  await expect(startCluster({ folder })).rejects.toThrow(
    `Another Probity server, process ${other.pid}, already runs on ${folder}. Its data is safe and nothing was started.`,
  );
  expect(isAlive(other.pid)).toBe(true);
});

test("of many starters at once, exactly one wins, also over a stale lock", async () => {
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  writeFileSync(join(folder, "server.lock"), JSON.stringify({ pid: 999_999_999, started: null }));
  const outcomes = await Promise.allSettled([startElsewhere(), startElsewhere(), startElsewhere()]);
  expect(outcomes.filter((outcome) => outcome.status === "fulfilled")).toHaveLength(1);
});

test.each([
  ["of a dead process", () => JSON.stringify({ pid: 999_999_999, started: null })],
  ["whose pid another process has by now", () => JSON.stringify({ pid: process.ppid, started: "another boot/1" })],
  ["that a crash left empty", () => ""],
])("a lock %s is taken over", async (_, content) => {
  await startedBefore();
  writeFileSync(join(folder, "server.lock"), content());
  const cluster = await start();
  expect(await query(cluster.adminConfig, "select 1")).toEqual([1]);
});

test("a postmaster.pid that names a living stranger does not stop the start", async () => {
  await startedBefore();
  const first = await start();
  const pidFile = join(first.dataFolder, "postmaster.pid");
  const lines = readFileSync(pidFile, "utf8").split("\n");
  await first.stop();
  // PostgreSQL only minds strangers of its own account.
  const { uid, gid } = statSync(first.dataFolder);
  const stranger = spawn("sleep", ["600"], process.getuid?.() === 0 ? { uid, gid } : {});
  children.push(stranger);
  writeFileSync(pidFile, [String(stranger.pid), ...lines.slice(1)].join("\n"));
  const second = await start();
  expect(await query(second.adminConfig, "select 1")).toEqual([1]);
  expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
});

test("what a killed first start left half made is thrown away, since it never served", async () => {
  const half = join(folder, "new-123", "data");
  mkdirSync(half, { recursive: true, mode: 0o711 });
  writeFileSync(join(half, "PG_VERSION"), "18\n");
  const cluster = await start();
  expect(existsSync(half)).toBe(false);
  expect(await query(cluster.adminConfig, "select 1")).toEqual([1]);
});

test("a folder with something else in it is refused and left alone", async () => {
  mkdirSync(join(folder, "data"), { recursive: true, mode: 0o711 });
  writeFileSync(join(folder, "data", "thesis.txt"), "years of work");
  await expect(startCluster({ folder })).rejects.toThrow(/holds no PostgreSQL database. Nothing in it was touched/);
  expect(readFileSync(join(folder, "data", "thesis.txt"), "utf8")).toBe("years of work");
  expect(existsSync(join(folder, "server.lock"))).toBe(false);
});

test("a data folder of another major version is refused, naming the way over", async () => {
  mkdirSync(join(folder, "data"), { recursive: true, mode: 0o711 });
  writeFileSync(join(folder, "data", "PG_VERSION"), "17\n");
  await expect(startCluster({ folder })).rejects.toThrow(/made by PostgreSQL 17.*npx probity upgrade/);
});

test("a setting PostgreSQL refuses is reported with its own words, and the folder is free again", async () => {
  await startedBefore();
  await expect(startCluster({ folder, settings: { shared_buffers: "many" } })).rejects.toThrow(/shared_buffers/);
  const cluster = await start();
  expect(await query(cluster.adminConfig, "select 1")).toEqual([1]);
});

test("no text or parameter of a statement reaches the log, whether it fails or its backend crashes", async () => {
  await startedBefore();
  const cluster = await start();
  await query(cluster.adminConfig, "create table person (email text primary key, age int)");
  const insert = "insert into person values ($1, 1) -- secret-text";
  await query(cluster.adminConfig, insert, ["secret-key@example.com"]);
  await expect(query(cluster.adminConfig, insert, ["secret-key@example.com"])).rejects.toMatchObject({ code: "23505" });
  await expect(query(cluster.adminConfig, "select $1::int", ["secret-n"])).rejects.toMatchObject({ code: "22P02" });
  for (const [text, code] of [
    ["select secret_column", "42703"],
    ["selec 'secret-typo'", "42601"],
  ] as const)
    await expect(query(cluster.adminConfig, text)).rejects.toMatchObject({ code });
  await query(cluster.adminConfig, "do $$ begin raise warning 'secret-warning'; end $$");

  const crashing = query(cluster.adminConfig, "select pg_sleep(600), 'secret-crash'").catch(() => "ended");
  const pid = await backendOf(cluster.adminConfig, "secret-crash");
  process.kill(pid, "SIGKILL");
  expect(await crashing).toBe("ended");
  await cluster.stop();
  expect(logText(cluster)).toMatch(/was terminated by signal 9/);
  expect(logText(cluster)).not.toMatch(/secret/);
});
