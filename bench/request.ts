import type { ChildProcess } from "node:child_process";
import { randomBytes, createSecretKey } from "node:crypto";
import { mkdirSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { Type } from "typebox";
import { kernelGrants, writeGrants } from "../kernel/access/role.ts";
import { startCluster } from "../kernel/database/cluster.ts";
import { migrate } from "../kernel/database/migrate.ts";
import { ensureSetupRole } from "../kernel/database/roles.ts";
import { Client } from "pg";
import { cpuMs } from "./request-cpu.ts";
import { benchApp } from "./request-app.ts";
import { ask, startChild } from "./request-child.ts";
import { loadAnswer, type Load } from "./request-load.ts";
import { seed, type Seeded } from "./request-seed.ts";
import { interval } from "./gap-measure.ts";
import { removeInstanceFolder } from "../kernel/testing/instance-folder.ts";

/** One figure: what it is, what was reached, beside what is wanted. */
export type Figure = {
  readonly what: string;
  readonly reached: string;
  readonly wanted: string;
  readonly good: boolean;
};

type Case = {
  name: string;
  /** Nothing is wanted of a case without one: it says what another figure is to be read beside. */
  target?: number;
  /** Which server takes the requests of `ours`. */
  on?: "bare";
  ours: (who: Seeded, index: number) => Load["requests"][number];
  bare: Case["ours"];
};

const body = (index: number) =>
  JSON.stringify({ name: `Measured ${index}`, description: "What is kept of a procedure", amount: index });
const own = (who: Seeded) => ({
  cookie: `probity-session=${who.token}`,
  "probity-workspace": who.tenant,
  "probity-request": "1",
});
const plain = (who: Seeded) => ({ tenant: who.tenant });
const idOf = (who: Seeded, index: number) => who.ids[(index * 7919) % who.ids.length] ?? "";

const cases: readonly Case[] = [
  {
    name: "read",
    target: 0.75,
    ours: (who, index) => ({
      method: "GET",
      path: `/api/bench/notes/${idOf(who, index)}`,
      headers: own(who),
      body: "",
    }),
    bare: (who, index) => ({ method: "GET", path: `/notes/${idOf(who, index)}`, headers: plain(who), body: "" }),
  },
  {
    name: "create",
    target: 0.5,
    ours: (who, index) => ({ method: "POST", path: "/api/bench/notes", headers: own(who), body: body(index) }),
    bare: (who, index) => ({ method: "POST", path: "/notes", headers: plain(who), body: body(index) }),
  },
  {
    // What a create keeps (record, version, leaf, what opens it) as plain rows in one statement, with no entry, policy, stamp,
    // guard, limit or place in a log: the most that an audited create could reach beside one row.
    name: "its rows, unguarded",
    on: "bare",
    ours: (who, index) => ({ method: "POST", path: "/kept", headers: plain(who), body: body(index) }),
    bare: (who, index) => ({ method: "POST", path: "/notes", headers: plain(who), body: body(index) }),
  },
  {
    name: "list 50",
    target: 0.8,
    ours: (who) => ({ method: "GET", path: "/api/bench/notes?limit=50", headers: own(who), body: "" }),
    bare: (who) => ({ method: "GET", path: "/notes", headers: plain(who), body: "" }),
  },
];

export type RequestOptions = {
  readonly tenants: number;
  readonly rowsEach: number;
  readonly rounds: number;
  readonly measureMs: number;
  readonly connections: number;
  readonly poolSize: number;
  /** Names of the cases to run; all when empty. */
  readonly only: readonly string[];
  /** Options for the measured server's Node: a profiler. */
  readonly execArgv: readonly string[];
};
const usual: RequestOptions = {
  tenants: 100,
  rowsEach: 10_000,
  rounds: 24,
  measureMs: 1_000,
  connections: 32,
  poolSize: 10,
  only: [],
  execArgv: [],
};

type Round = { bare: Measured; ours: Measured };
type Measured = { perSecond: number; p99Ms: number; nodeMicros: number; databaseMicros: number };

/** Requests a second through the real API beside a bare Fastify and pg: same machine, database, pool size and run. */
export async function run(given: Partial<RequestOptions> = {}): Promise<Figure[]> {
  const options = { ...usual, ...given };
  const cache = join(import.meta.dirname, "../.cache");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "bench-request-"));
  const rootKey = randomBytes(32);
  const cluster = await startCluster({ folder: join(folder, "postgres") });
  const children = [
    startChild("request-bare-child.ts"),
    startChild("request-probity-child.ts", options.execArgv),
    startChild("request-load-child.ts"),
  ] as const;
  try {
    const database = await prepare(cluster.adminConfig, rootKey);
    const people = await seed(database, options.tenants, options.rowsEach);
    const start = { database, poolSize: options.poolSize, rootKey: rootKey.toString("hex"), filesFolder: folder };
    const [bareServer, ourServer, loader] = children;
    const started = Type.Object({ origin: Type.String() });
    const [bare, ours] = await Promise.all([ask(bareServer, start, started), ask(ourServer, start, started)]);
    const measure = async (server: ChildProcess, load: Load): Promise<Measured> => {
      const clocks = () => [cpuMs([server.pid ?? 0]) ?? 0, cpuMs([cluster.pid ?? 0]) ?? 0] as const;
      const before = clocks();
      const answer = await ask(loader, load, loadAnswer);
      const after = clocks();
      if (answer.failed > 0) throw new Error(`${answer.failed} requests of ${load.requests[0]?.path ?? ""} failed`);
      return {
        perSecond: answer.perSecond,
        p99Ms: answer.p99Ms,
        nodeMicros: ((after[0] - before[0]) * 1000) / answer.answered,
        databaseMicros: ((after[1] - before[1]) * 1000) / answer.answered,
      };
    };
    const figures: Figure[] = [];
    for (const each of cases.filter(({ name }) => options.only.length === 0 || options.only.includes(name))) {
      const load = (origin: string, request: Case["ours"]): Load => ({
        origin,
        requests: Array.from({ length: people.length * 50 }, (_, index) => {
          const who = people[index % people.length];
          if (who === undefined) throw new Error("nobody");
          return request(who, index);
        }),
        connections: options.connections,
        warmMs: 1_000,
        measureMs: options.measureMs,
      });
      const [server, origin] = each.on === "bare" ? [bareServer, bare.origin] : [ourServer, ours.origin];
      const loads = [load(bare.origin, each.bare), load(origin, each.ours)] as const;
      const rounds: Round[] = [];
      for (let round = 0; round < options.rounds; round += 1) {
        // Short rounds, and each side first in every other one: a shared machine's speed changes within seconds. What a round
        // leaves to be written falls into the next one's second of warming up, as that of its own second fell into it.
        const bareFirst = round % 2 === 0 ? await measure(bareServer, loads[0]) : undefined;
        const ours = await measure(server, loads[1]);
        rounds.push({ bare: bareFirst ?? (await measure(bareServer, loads[0])), ours });
      }
      const typical = (of: (round: Round) => number) => median(rounds.map(of));
      const ratio = ratioOf(rounds);
      const [low, high] = interval(rounds, ratioOf);
      const cost = (side: "bare" | "ours") =>
        `${typical((each) => each[side].nodeMicros).toFixed(0)} + ${typical((each) => each[side].databaseMicros).toFixed(0)} µs`;
      figures.push({
        what: each.name,
        reached: [
          `${typical((one) => one.ours.perSecond).toFixed(0)}/s of ${typical((one) => one.bare.perSecond).toFixed(0)}/s bare = ${ratio.toFixed(2)} [${low.toFixed(2)}–${high.toFixed(2)}]`,
          `p99 ${typical((one) => one.ours.p99Ms).toFixed(1)} ms`,
          `processor a request, server + database: ${cost("ours")}, bare ${cost("bare")}`,
        ].join("; "),
        wanted: each.target === undefined ? "nothing: a bound" : `≥ ${each.target.toFixed(2)}`,
        good: each.target === undefined || ratio >= each.target,
      });
    }
    return figures;
  } finally {
    for (const child of children) if (child.connected) child.disconnect();
    await cluster.stop();
    await removeInstanceFolder(folder);
  }
}

async function prepare(adminConfig: Awaited<ReturnType<typeof startCluster>>["adminConfig"], rootKey: Buffer) {
  const key = createSecretKey(rootKey);
  const superuser = new Client(adminConfig);
  await superuser.connect();
  const setup = await ensureSetupRole(superuser, key, "bench");
  await superuser.end();
  const admin = { ...adminConfig, ...setup, database: "bench" };
  await migrate(admin, key, [
    { scope: "kernel", folder: join(import.meta.dirname, "../kernel/sql") },
    benchApp.migrations,
  ]);
  await writeGrants(admin, key, { ...kernelGrants, ...benchApp.grants });
  return { ...adminConfig, database: "bench" };
}

/** Of what was answered in all rounds together: the median of a dozen rounds' own ratios moved by a fifteenth from run to run. */
function ratioOf(rounds: readonly Round[]): number {
  const answered = (side: "bare" | "ours") => rounds.reduce((sum, round) => sum + round[side].perSecond, 0);
  return answered("ours") / answered("bare");
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
