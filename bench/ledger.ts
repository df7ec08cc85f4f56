import { mkdirSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { Client, type ClientConfig } from "pg";
import { startCluster } from "../kernel/database/cluster.ts";
import { migrate } from "../kernel/database/migrate.ts";
import { openPool } from "../kernel/database/pool.ts";
import { ensureSetupRole } from "../kernel/database/roles.ts";
import { Publisher } from "../kernel/ledger/publisher.ts";
import { Sequencer } from "../kernel/ledger/sequencer.ts";
import { openSigner } from "../kernel/ledger/signer.ts";
import { openRootKey, type RootKey } from "../kernel/vault/root-key.ts";
import { cpuMs } from "./request-cpu.ts";
import type { Figure } from "./request.ts";
import { removeInstanceFolder } from "../kernel/testing/instance-folder.ts";

const tenants = 10_000;
const activeTenants = 1_000;
const backlog = 100_000;
const writesPerSecond = 2_000;
const loadSeconds = 20;
const samplePauseMs = 100;
const writers = 8;
const perCommit = 4;

/**
 * The log under load: how fast waiting leaves get their place, and how long after its commit an event is under a signed
 * checkpoint while 2,000 a second come in for 1,000 of 10,000 logs. Embedded PostgreSQL with fsync on; the signer is its own
 * process, with one fsync a tick.
 */
export async function run(): Promise<Figure[]> {
  const cache = join(import.meta.dirname, "../.cache");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "bench-ledger-"));
  const rootKey = openRootKey(join(folder, "root.key"));
  const cluster = await startCluster({ folder: join(folder, "postgres") });
  try {
    const admin = await prepare(cluster.adminConfig, rootKey);
    const door = new Client(admin);
    await door.connect();
    await door.query("set role probity_door");
    const figures = [
      ...(await drained(door, rootKey, admin)),
      ...(await published(door, rootKey, admin, folder, cluster.pid)),
    ];
    await door.end();
    return figures;
  } finally {
    await cluster.stop();
    await removeInstanceFolder(folder);
  }
}

async function prepare(superuser: ClientConfig, rootKey: RootKey): Promise<ClientConfig> {
  const root = new Client(superuser);
  await root.connect();
  const role = await ensureSetupRole(root, rootKey.key, "probity");
  await root.end();
  const admin = { ...superuser, ...role, database: "probity" };
  await migrate(admin, rootKey.key, [{ scope: "kernel", folder: join(import.meta.dirname, "../kernel/sql") }]);
  return admin;
}

/** Leaves of usual size, spread over the first `count` logs; the change behind each is not what is measured here. */
const stage = `insert into kernel.ledger_inbox (tenant_id, leaf, action, record, row_id)
  select t.tenant, convert_to('{"action":"lab.sample.update","actor":"' || t.row || '","at":"' ||
    to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '","id":"' || t.row ||
    '","outcome":"done","record":"lab.sample","request":"' || t.row || '","root":"' || repeat('a', 64) || '","row":"' || t.row ||
    '","tenant":"' || t.tenant || '","v":"1","version":"2"}', 'UTF8'), 'lab.sample.update', 'lab.sample', t.row
  from (select lpad(to_hex(1 + floor(random() * $2)::integer), 32, '0')::uuid as tenant, gen_random_uuid() as row
    from generate_series(1, $1::integer)) t`;

async function drained(door: Client, rootKey: RootKey, admin: ClientConfig): Promise<Figure[]> {
  for (let each = 0; each < backlog; each += 10_000) await door.query(stage, [10_000, activeTenants]);
  await door.query("analyze kernel.ledger_inbox");
  const pool = openPool(admin, rootKey.key, "probity_worker", { max: 2 });
  const sequencer = new Sequencer(pool);
  // Both connections are there before the clock starts, one for each track.
  const own = await Promise.all(
    [0, 1].map(() => pool.query<{ pid: number }>("select pg_backend_pid() as pid from pg_sleep(0.1)")),
  );
  const pids = own.flatMap(({ rows }) => rows.map(({ pid }) => pid));
  const clock = () => cpuMs(pids) ?? 0;
  const before = clock();
  const began = performance.now();
  await sequencer.drain();
  const cpuEach = ((clock() - before) * 1000) / backlog;
  const perSecond = backlog / ((performance.now() - began) / 1000);
  await pool.end();
  return [
    {
      what: "leaves placed a second",
      reached: `${Math.round(perSecond)} (${backlog} over ${activeTenants} logs)`,
      wanted: "≥ 40000",
      good: perSecond >= 40_000,
    },
    {
      what: "processor for each",
      reached: `${cpuEach.toFixed(1)} µs of the database`,
      wanted: "≤ 25 µs",
      good: cpuEach <= 25,
    },
  ];
}

async function published(
  door: Client,
  rootKey: RootKey,
  admin: ClientConfig,
  folder: string,
  clusterPid: number | undefined,
): Promise<Figure[]> {
  // Every one of the 10,000 logs is there before the load begins.
  await door.query(
    stage
      .replace("1 + floor(random() * $2)::integer", "1 + (g.g % $2::integer)")
      .replace("generate_series(1, $1::integer)", "generate_series(1, $1::integer) g (g)"),
    [tenants, tenants],
  );
  const pool = openPool(admin, rootKey.key, "probity_worker", { max: 2 });
  const sequencer = new Sequencer(pool);
  await sequencer.drain();
  const problems: unknown[] = [];
  const publisher = new Publisher({
    address: admin,
    rootKey,
    host: "bench.example",
    openSigner: () =>
      openSigner({ kind: "child", keyFile: join(folder, "log.key"), stateFolder: join(folder, "signer") }),
    keyBesideData: true,
    onProblem: (error) => problems.push(error),
  });
  const fill = performance.now();
  await publisher.drain();
  const filledMs = performance.now() - fill;
  sequencer.start();
  publisher.start();

  const behind: number[] = [];
  const before = [cpuMs([process.pid]), cpuMs([clusterPid ?? 0])];
  const began = performance.now();
  let written = 0;
  const load = { goesOn: true };
  // Several callers, each with small commits; together they keep the pace.
  const write = async () => {
    const writer = new Client(admin);
    await writer.connect();
    await writer.query("set role probity_door");
    while (performance.now() - began < loadSeconds * 1000) {
      const due = Math.floor(((performance.now() - began) / 1000) * writesPerSecond) - written;
      if (due >= perCommit) {
        written += perCommit;
        await writer.query(stage, [perCommit, activeTenants]);
      } else await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await writer.end();
  };
  const sample = async () => {
    while (load.goesOn) {
      behind.push(await oldestUncovered(door));
      await new Promise((resolve) => setTimeout(resolve, samplePauseMs));
    }
  };
  const sampling = sample();
  await Promise.all(Array.from({ length: writers }, write));
  load.goesOn = false;
  await sampling;
  const seconds = (performance.now() - began) / 1000;
  const after = [cpuMs([process.pid]), cpuMs([clusterPid ?? 0])];
  await publisher.stop();
  await sequencer.stop();
  await pool.end();
  if (problems.length > 0) throw problems[0];
  const sorted = behind.slice(10).toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  const cpu = [0, 1].map((index) => ((after[index] ?? 0) - (before[index] ?? 0)) / seconds / 10);
  return [
    {
      what: "checkpoint behind",
      reached: `median ${at(0.5).toFixed(0)} ms, 99 % ${at(0.99).toFixed(0)} ms, most ${at(1).toFixed(0)} ms at ${Math.round(written / seconds)} writes/s`,
      wanted: "≤ 1000 ms",
      good: at(0.99) <= 1_000 && written / seconds >= writesPerSecond * 0.95,
    },
    {
      what: "processor under that load",
      reached: `${cpu[0]?.toFixed(0)} % server and writer, ${cpu[1]?.toFixed(0)} % database (100 % is one core)`,
      wanted: "-",
      good: true,
    },
    {
      what: "first publication",
      reached: `${tenants} logs in ${(filledMs / 1000).toFixed(1)} s`,
      wanted: "-",
      good: true,
    },
  ];
}

/** The age of the oldest committed event that no signed checkpoint covers. */
async function oldestUncovered(door: Client): Promise<number> {
  const { rows } = await door.query<{ waiting: number; behind: number }>(
    "select oldest_ms as waiting, behind_ms as behind from kernel.ledger_condition()",
  );
  return Math.max(rows[0]?.waiting ?? 0, rows[0]?.behind ?? 0);
}
