import { createSecretKey, randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { Type } from "typebox";
import { Client, type ClientConfig } from "pg";
import { kernelGrants, writeGrants } from "../kernel/access/role.ts";
import { startCluster } from "../kernel/database/cluster.ts";
import { migrate } from "../kernel/database/migrate.ts";
import { ensureSetupRole } from "../kernel/database/roles.ts";
import { hashPassword, verifyPassword } from "../kernel/identity/password.ts";
import { cpuMs } from "./request-cpu.ts";
import { ask, startChild } from "./request-child.ts";
import { loadAnswer, type Load } from "./request-load.ts";
import type { Figure } from "./request.ts";
import { removeInstanceFolder } from "../kernel/testing/instance-folder.ts";

const password = "copper lantern folds 81";
/** Everybody signs in once: each person and each address is used a single time. */
const people = 4_000;
const warmPeople = 1_500;
const warmMs = 6_000;
const workspaces = 50;
const wantedPerSecond = 100;

export type SignInOptions = {
  readonly connections: number;
  readonly measureMs: number;
  /** Options for the measured server's Node: a profiler. */
  readonly execArgv: readonly string[];
};

/**
 * Sign-ins a second over real HTTP: different people from different addresses, 16 at a time, each hash Argon2id of 9 MiB in four passes.
 * Processor time is server and database together, without the load; what the hash alone takes is measured beside it.
 */
export async function run(given: Partial<SignInOptions> = {}): Promise<Figure[]> {
  const options: SignInOptions = { connections: 16, measureMs: 10_000, execArgv: [], ...given };
  const cache = join(import.meta.dirname, "../.cache");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "bench-sign-in-"));
  const rootKey = randomBytes(32);
  const cluster = await startCluster({ folder: join(folder, "postgres") });
  const server = startChild("sign-in-child.ts", options.execArgv);
  const loader = startChild("request-load-child.ts");
  try {
    const database = await prepare(cluster.adminConfig, rootKey);
    const start = { database, poolSize: 10, rootKey: rootKey.toString("hex"), filesFolder: folder };
    const { origin } = await ask(server, start, Type.Object({ origin: Type.String() }));
    const load = (from: number, to: number, measureMs: number): Load => ({
      origin,
      requests: Array.from({ length: to - from }, (_, index) => requestOf(from + index)),
      connections: options.connections,
      warmMs: 0,
      measureMs,
    });
    // A server that has just started compiles what it runs: that is paid once, and by other people.
    await ask(loader, load(people - warmPeople, people, warmMs), loadAnswer);
    const clocks = () => [cpuMs([server.pid ?? 0]) ?? 0, cpuMs([cluster.pid ?? 0]) ?? 0] as const;
    const before = clocks();
    const answer = await ask(loader, load(0, people - warmPeople, options.measureMs), loadAnswer);
    const after = clocks();
    if (answer.failed > 0) throw new Error(`${answer.failed} sign-ins failed`);
    const [node, sql] = [0, 1].map((at) => ((after[at] ?? 0) - (before[at] ?? 0)) / answer.answered);
    const each = (node ?? 0) + (sql ?? 0);
    const hash = await hashMs();
    return [
      {
        what: "sign-ins a second",
        reached: `${answer.perSecond.toFixed(1)} (median ${answer.p50Ms.toFixed(0)} ms, 99 % ${answer.p99Ms.toFixed(0)} ms)`,
        wanted: `≥ ${wantedPerSecond}`,
        good: answer.perSecond >= wantedPerSecond,
      },
      {
        what: "processor time each",
        reached: `${each.toFixed(1)} ms (server ${(node ?? 0).toFixed(1)}, database ${(sql ?? 0).toFixed(1)}; of it ${hash.toFixed(1)} for the hash)`,
        wanted: `≤ ${2_000 / wantedPerSecond} ms on two cores`,
        good: each <= 2_000 / wantedPerSecond,
      },
    ];
  } finally {
    server.kill();
    loader.kill();
    await cluster.stop();
    await removeInstanceFolder(folder);
  }
}

function requestOf(index: number): Load["requests"][number] {
  return {
    method: "POST",
    path: "/api/session",
    headers: {
      "probity-request": "1",
      "x-forwarded-for": `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`,
    },
    body: JSON.stringify({ email: `person${index}@example.test`, password }),
  };
}

/** Processor time of one comparison, alone. */
async function hashMs(): Promise<number> {
  const stored = await hashPassword(password);
  await verifyPassword(stored, password);
  const rounds = 20;
  const before = process.cpuUsage();
  for (let round = 0; round < rounds; round += 1) await verifyPassword(stored, password);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / rounds;
}

async function prepare(
  adminConfig: ClientConfig & { host: string; port: number; user: string; password: string },
  rootKey: Buffer,
) {
  const key = createSecretKey(rootKey);
  const superuser = new Client(adminConfig);
  await superuser.connect();
  const setup = await ensureSetupRole(superuser, key, "bench");
  await superuser.end();
  const database = { ...adminConfig, database: "bench" };
  const admin = { ...database, ...setup };
  await migrate(admin, key, [{ scope: "kernel", folder: join(import.meta.dirname, "../kernel/sql") }]);
  await writeGrants(admin, key, kernelGrants);
  const client = new Client(database);
  await client.connect();
  await client.query("set session_replication_role = replica");
  await client.query(
    `insert into kernel.workspace (id, slug, name, preset)
     select uuidv7(), 'bench-' || n, 'Bench ' || n, 'regulatory-docs' from generate_series(0, $1 - 1) n`,
    [workspaces],
  );
  await client.query(
    `insert into identity."user" (id, name, email) select uuidv7(), 'Person ' || n, 'person' || n || '@example.test' from generate_series(0, $1 - 1) n`,
    [people],
  );
  await client.query(
    `insert into identity.account (id, user_id, account_id, provider_id, password) select uuidv7(), id, id::text, 'credential', $1 from identity."user"`,
    [await hashPassword(password)],
  );
  await client.query(
    `insert into kernel.membership (tenant_id, id, user_id, name, email, role, status, created_by, updated_by)
     select w.id, m.id, u.id, u.name, u.email, 'member', 'active', m.id, m.id
     from (select *, row_number() over (order by email) as n from identity."user") u
     cross join lateral (select uuidv7() as id, u.n) m
     join (select id, row_number() over (order by slug) as n from kernel.workspace where slug like 'bench-%') w on w.n = u.n % $1 + 1`,
    [workspaces],
  );
  await client.query("vacuum (analyze)");
  await client.end();
  return database;
}
