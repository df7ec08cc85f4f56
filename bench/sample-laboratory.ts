import { readdirSync, readFileSync } from "node:fs";
import { Client, type ClientConfig } from "pg";
import { openTestServer } from "../kernel/testing/index.ts";
import { lab } from "../apps/lab/app.ts";
import { layIn } from "../apps/lab/testing/sample.ts";
import { onOwnCluster } from "./own-cluster.ts";
import type { Figure } from "./request.ts";

const ticks = 100;

/**
 * The sample laboratory, laid in by its job as it is at set-up, on a database of its own. Beside the time it takes stands the
 * processor time of server and database: on a machine that is shared it alone says what the load itself costs.
 */
export function run(): Promise<Figure[]> {
  return onOwnCluster(async () => {
    const app = lab();
    const server = await openTestServer([app]);
    try {
      const workspace = await server.kernel.foundWorkspace("bench");
      await server.member(workspace, "owner");
      const postmaster = await postmasterOf(server.kernel.admin);
      const [began, own, theirs] = [performance.now(), process.cpuUsage(), clusterSeconds(postmaster)];
      await layIn(server.kernel, app, workspace, 600_000);
      const seconds = (performance.now() - began) / 1000;
      const used = process.cpuUsage(own);
      const here = (used.user + used.system) / 1e6;
      const there = clusterSeconds(postmaster) - theirs;
      const of = `${here.toFixed(1)} s server, ${there.toFixed(1)} s database`;
      return [
        {
          what: "sample laboratory loads",
          reached: `${seconds.toFixed(1)} s`,
          wanted: "< 8 s, quiet",
          good: seconds < 8,
        },
        { what: "its processor time", reached: of, wanted: "< 8 s", good: here + there < 8 },
      ];
    } finally {
      await server.close();
    }
  });
}

async function postmasterOf(admin: ClientConfig): Promise<number> {
  const client = new Client(admin);
  await client.connect();
  try {
    const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
    return Number(statOf(String(rows[0]?.pid))[1]);
  } finally {
    await client.end();
  }
}

/** Processor time of a PostgreSQL and its processes, those that ended included, in seconds (proc(5)). */
function clusterSeconds(postmaster: number): number {
  let total = 0;
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const fields = statOf(pid);
    if (Number(pid) === postmaster) total += sum(fields.slice(11, 15));
    else if (Number(fields[1]) === postmaster) total += sum(fields.slice(11, 13));
  }
  return total / ticks;
}

function statOf(pid: string): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return [];
  }
}
function sum(fields: readonly string[]): number {
  return fields.reduce((total, each) => total + Number(each), 0);
}
