import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
} from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Account } from "./cluster-account.ts";
import type { Binaries } from "./cluster-binaries.ts";
import { ClusterError, errorCode } from "./cluster-error.ts";
import { exists, isAlive } from "./cluster-lock.ts";

/** How a PostgreSQL process ended. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What postmaster.pid says (src/include/utils/pidfile.h): pid, port, socket folder, status. */
export interface PostmasterFile {
  readonly pid: number;
  readonly port: number;
  readonly socketFolder: string;
  readonly ready: boolean;
}

/** Reads postmaster.pid of a data folder; undefined when there is none or it is half written. */
export function readPostmasterFile(dataFolder: string): PostmasterFile | undefined {
  let text: string;
  try {
    text = readFileSync(join(dataFolder, "postmaster.pid"), "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
  const lines = text.split("\n");
  // A negative pid marks a stand-alone backend.
  const pid = Math.abs(Number(lines[0]));
  if (!Number.isInteger(pid) || pid === 0) return undefined;
  return {
    pid,
    port: Number(lines[3]),
    socketFolder: lines[4] ?? "",
    ready: (lines[7] ?? "").trim() === "ready",
  };
}

/** The environment and identity our PostgreSQL children run with: nothing of ours leaks in (PGHOST, secrets). */
export function childOptions(
  binaries: Binaries,
  account: Account | undefined,
): { env: Record<string, string>; uid?: number; gid?: number } {
  const env: Record<string, string> = { LC_ALL: "C", TZ: "UTC", ...binaries.environment };
  for (const name of ["PATH", "SystemRoot", "TEMP", "TMP"]) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  return account === undefined ? { env } : { env, uid: account.uid, gid: account.gid };
}

/** A postmaster that has just been spawned, and everything needed to wait for it. */
export interface Launch {
  readonly child: ChildProcess;
  readonly exited: Promise<ProcessExit>;
  readonly outputFile: string;
}

/** Starts a postmaster. What it prints before its own log opens goes to `outputFile`. */
export function launch(
  binaries: Binaries,
  account: Account | undefined,
  place: { readonly dataFolder: string; readonly configFile: string; readonly outputFile: string },
): Launch {
  const output = openSync(place.outputFile, "w", 0o600);
  const child = spawn(binaries.postgres, ["-D", place.dataFolder, "-c", `config_file=${place.configFile}`], {
    ...childOptions(binaries, account),
    cwd: place.dataFolder,
    stdio: ["ignore", output, output],
    // A session of its own: Ctrl-C in the terminal must reach us alone, so that requests drain before it stops.
    detached: true,
    windowsHide: true,
  });
  closeSync(output);
  const exited = new Promise<ProcessExit>((resolve) => {
    child.once("error", () => resolve({ code: null, signal: null }));
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
  return { child, exited, outputFile: place.outputFile };
}

/** Waits until the launched postmaster accepts connections. Returns false when it ended instead. */
export async function untilReady(started: Launch, dataFolder: string, timeoutSeconds: number): Promise<boolean> {
  const deadline = Date.now() + timeoutSeconds * 1000;
  let ended = false;
  void started.exited.then(() => (ended = true));
  for (;;) {
    if (ended) return false;
    const file = readPostmasterFile(dataFolder);
    if (file?.pid === started.child.pid && file?.ready === true) return true;
    if (Date.now() > deadline) {
      throw new ClusterError(
        `PostgreSQL was not ready after ${timeoutSeconds} s; it may still be recovering after a crash. ` +
          `The data in ${dataFolder} is untouched. Read the log beside it, then start again.`,
      );
    }
    await sleep(10);
  }
}

/** Ends a postmaster: fast shutdown, then immediate after `boundSeconds`, then by force. Resolves when it is gone. */
export async function shutDown(
  target: { readonly pid: number; readonly dataFolder: string; gone(): boolean },
  binaries: Binaries,
  account: Account | undefined,
  boundSeconds: number,
): Promise<void> {
  // A fast shutdown asked for during crash recovery is heard, but PostgreSQL 18 then never ends: let recovery finish first.
  for (let waited = 0; waited < boundSeconds * 1000 && !target.gone(); waited += 20) {
    if ((await greeting(target.dataFolder)) !== "recovering") break;
    await sleep(20);
  }
  for (const [signal, mode, seconds] of [
    ["SIGINT", "fast", boundSeconds],
    ["SIGQUIT", "immediate", 10],
    ["SIGKILL", "immediate", 10],
  ] as const) {
    if (target.gone()) return;
    if (process.platform === "win32") {
      // Windows has no signals; pg_ctl talks to the postmaster over its own pipe.
      spawnSync(binaries.pgCtl, ["stop", "-D", target.dataFolder, "-m", mode, "-W"], childOptions(binaries, account));
    } else {
      kill(target.pid, signal);
    }
    const deadline = Date.now() + seconds * 1000;
    while (Date.now() < deadline) {
      if (target.gone()) return;
      await sleep(10);
    }
  }
  if (!target.gone()) throw new ClusterError(`PostgreSQL, process ${target.pid}, does not end. End it by hand.`);
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (errorCode(error) !== "ESRCH") throw error;
  }
}

/**
 * Makes a data folder free to start on after an unclean end: ends a postmaster or backends that outlived their
 * starter, and removes a postmaster.pid that names somebody else's process by now. Only call while holding the lock.
 */
export async function clearLeftovers(
  dataFolder: string,
  binaries: Binaries,
  account: Account | undefined,
): Promise<void> {
  const file = readPostmasterFile(dataFolder);
  if (file === undefined) return;
  if (isAlive(file.pid) && isPostgresOn(file.pid, dataFolder)) {
    const gone = (): boolean => !isAlive(file.pid) || !isPostgresOn(file.pid, dataFolder);
    await shutDown({ pid: file.pid, dataFolder, gone }, binaries, account, 30);
  } else if (await answers(file)) {
    throw new ClusterError(
      `A PostgreSQL that this machine cannot see, perhaps in another container, serves ${dataFolder}. ` +
        "Nothing was started and its data is safe. Stop that one first.",
    );
  }
  // Backends notice the death of their postmaster between statements; a busy one is told, and not waited for longer.
  for (let waited = 0; processesOn(dataFolder).length > 0; waited += 20) {
    if (waited === 2_000) for (const pid of processesOn(dataFolder)) kill(pid, "SIGQUIT");
    if (waited > 10_000) for (const pid of processesOn(dataFolder)) kill(pid, "SIGKILL");
    if (waited > 15_000) break;
    await sleep(20);
  }
  // A free pid is PostgreSQL's own business: it also checks for shared memory in use. A stranger's pid, or one that
  // ended and nobody waits for, it would take for a running server.
  const left = readPostmasterFile(dataFolder);
  if (left !== undefined && exists(left.pid) && !isPostgresOn(left.pid, dataFolder)) {
    rmSync(join(dataFolder, "postmaster.pid"), { force: true });
  }
}

/** Whether this pid is a PostgreSQL process of this data folder: they all stand in it. */
function isPostgresOn(pid: number, dataFolder: string): boolean {
  if (existsSync("/proc/self/cwd")) return standsIn(pid, realpathSync(dataFolder));
  if (process.platform === "win32") return true;
  const listed = spawnSync("ps", ["-o", "command=", "-p", String(pid)], { encoding: "utf8" });
  return listed.stdout.includes("postgres") && listed.stdout.includes(dataFolder);
}

function standsIn(pid: number, folder: string): boolean {
  try {
    // The folder must be the program's place of work and the program PostgreSQL: a shell may stand there too.
    return (
      readlinkSync(`/proc/${pid}/cwd`) === folder && readFileSync(`/proc/${pid}/comm`, "utf8").startsWith("postgres")
    );
  } catch {
    return false;
  }
}

function processesOn(dataFolder: string): number[] {
  if (!existsSync("/proc/self/cwd")) return [];
  const folder = realpathSync(dataFolder);
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && standsIn(pid, folder));
}

async function answers(file: PostmasterFile): Promise<boolean> {
  return file.socketFolder !== "" && (await greet(file)) !== "silent";
}

type Greeting = "silent" | "recovering" | "serving";

async function greeting(dataFolder: string): Promise<Greeting> {
  const file = readPostmasterFile(dataFolder);
  return file === undefined ? "silent" : greet(file);
}

/** Knocks with a start-up packet (protocol 3.0) and goes: while it recovers, PostgreSQL answers with error 57P03. */
function greet(file: PostmasterFile): Promise<Greeting> {
  const body = Buffer.from("\0\0\0\0\0\x03\0\0user\0postgres\0\0", "latin1");
  body.writeUInt32BE(body.length);
  return new Promise((resolve) => {
    const socket =
      file.socketFolder === ""
        ? connect(file.port, "127.0.0.1")
        : connect(join(file.socketFolder, `.s.PGSQL.${file.port}`));
    socket.setTimeout(1_000, () => socket.destroy());
    socket.once("connect", () => socket.write(body));
    socket.once("data", (answer) => {
      resolve(answer.includes("57P03") ? "recovering" : "serving");
      socket.destroy();
    });
    socket.once("error", () => resolve("silent"));
    // Connected but not answered is still somebody: only a refused connection is silence.
    socket.once("close", () => resolve("serving"));
  });
}
