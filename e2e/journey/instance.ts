import { spawn, spawnSync } from "node:child_process";
import { chmod, cp, mkdtemp } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { removeInstanceFolder } from "../../kernel/testing/instance-folder.ts";

const root = join(import.meta.dirname, "../..");
const patienceMs = 150_000;

/** A server of its own: a child process on a free port with a home that goes with it. */
export interface Instance {
  readonly url: string;
  readonly home: string;
  /** Path of the one-time link; absent once the instance is set up. */
  readonly setUpPath: string | undefined;
  /** Ends the server and keeps its home. */
  stop(): Promise<void>;
  /** Ends the server and removes its home. */
  remove(): Promise<void>;
}

/** Variables for a child that works on this home and port, and on nothing else of the machine's settings. */
export function childEnvironment(home: string, port: number): NodeJS.ProcessEnv {
  const { NODE_ENV, DATABASE_URL, DATABASE_DIRECT_URL, PROBITY_KMS, PROBITY_STORAGE, PROBITY_URL, ...rest } =
    process.env;
  void [NODE_ENV, DATABASE_URL, DATABASE_DIRECT_URL, PROBITY_KMS, PROBITY_STORAGE, PROBITY_URL];
  return { ...rest, PROBITY_HOME: home, PROBITY_PORT: String(port), PROBITY_HOST: "127.0.0.1" };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (address === null || typeof address === "string") throw new Error("The system gave no port");
  return address.port;
}

/** A folder of its own, through which PostgreSQL's account may pass: then the data lies in it and can be copied with it. */
async function newHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), "probity-journey-"));
  await chmod(home, 0o711);
  return home;
}

/** A copy of a home with owners and modes; most journeys begin where a first start left off. */
export async function copyHome(from: string): Promise<string> {
  const home = await newHome();
  if (process.platform === "win32") await cp(from, home, { recursive: true });
  else {
    const copied = spawnSync("cp", ["-pR", `${from}/.`, home], { encoding: "utf8" });
    if (copied.status !== 0) throw new Error(copied.stderr);
  }
  return home;
}

/**
 * Starts a server and waits until it says where it is. Throws with everything it printed when it does not. Its probes wait
 * unless asked for.
 */
export async function startInstance(kept?: string, { probes = false }: { probes?: boolean } = {}): Promise<Instance> {
  const home = kept ?? (await newHome());
  const port = await freePort();
  const child = spawn(process.execPath, [join(root, probes ? "server/main.ts" : "e2e/journey/server.ts")], {
    cwd: root,
    env: childEnvironment(home, port),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let printed = "";
  child.stdout.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const stop = async () => {
    if (child.exitCode === null) child.kill("SIGTERM");
    await ended;
  };
  const until = Date.now() + patienceMs;
  while (!/Probity is ready at/.test(printed) && child.exitCode === null && Date.now() < until) await sleep(100);
  if (!/Probity is ready at/.test(printed)) {
    await stop();
    throw new Error(`The server did not start:\n${printed}`);
  }
  // The link follows in a line of its own.
  await sleep(100);
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    home,
    setUpPath: /\/setup\/\S+/.exec(printed)?.[0],
    stop,
    remove: async () => {
      await stop();
      await removeInstanceFolder(home);
    },
  };
}
