import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ClusterError, errorCode } from "./cluster-error.ts";

/** A held lock file. Releasing twice is harmless. */
export interface FileLock {
  release(): void;
}

interface Holder {
  readonly pid: number;
  /** What tells this process from a later one with the same pid; null where the system does not say. */
  readonly started: string | null;
}

/**
 * When a process started, in a form that only compares equal for the very same process:
 * boot id and start ticks from /proc where there is one, else what `ps` prints, else null.
 */
export function processStart(pid: number): string | null {
  if (process.platform === "win32") return null;
  // Field 22 is starttime, in ticks since boot.
  const ticks = statFields(pid)?.[19];
  if (ticks !== undefined) {
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()}/${ticks}`;
  }
  if (process.platform === "linux") return null;
  const listed = spawnSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" });
  const text = listed.status === 0 ? listed.stdout.trim() : "";
  return text === "" ? null : text;
}

/** Whether the system knows this pid, whoever owns it; also true of one that ended and whose parent has not noticed. */
export function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === "EPERM";
  }
}

/** Whether a process with this pid runs. One that has ended but is not yet waited for (proc(5), state Z) does not. */
export function isAlive(pid: number): boolean {
  if (!exists(pid)) return false;
  const state = statFields(pid)?.[0];
  return state !== "Z" && state !== "X";
}

/** The fields of /proc/<pid>/stat from the third, state, on; the second, the command, may hold blanks and brackets. */
function statFields(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

function isHeld(holder: Holder): boolean {
  if (!isAlive(holder.pid)) return false;
  const started = processStart(holder.pid);
  // Unknown on either side: a living pid is taken at its word, since two servers on one folder is the worse mistake.
  return holder.started === null || started === null || holder.started === started;
}

function parseHolder(text: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || !("pid" in value)) return undefined;
    if (typeof value.pid !== "number") return undefined;
    const started = "started" in value && typeof value.started === "string" ? value.started : null;
    return { pid: value.pid, started };
  } catch {
    return undefined;
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

function linkOnce(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw error;
  }
}

/**
 * Takes the lock file at `path`, or returns the pid that holds it. A lock left by a dead process, or by a process
 * whose pid now belongs to another, is taken over. The file appears whole (written aside, then linked), so it is
 * never seen half written.
 */
export function tryLock(path: string): FileLock | { readonly heldBy: number } {
  const mine = JSON.stringify({ pid: process.pid, started: processStart(process.pid) });
  const aside = `${path}.${process.pid}`;
  try {
    rmSync(aside, { force: true });
    writeFileSync(aside, mine, { mode: 0o644 });
  } catch (error) {
    throw new ClusterError(
      `${dirname(path)} cannot be written to (${errorCode(error) ?? "unknown"}). Nothing was started and nothing changed. ` +
        "Start as the user the folder belongs to, make room, or choose another folder.",
    );
  }
  try {
    for (let attempt = 0; attempt < 20; attempt++) {
      if (linkOnce(aside, path)) return { release: () => releaseOwn(path, mine) };
      const found = readText(path);
      if (found === undefined) continue;
      const holder = parseHolder(found);
      if (holder !== undefined && isHeld(holder)) return { heldBy: holder.pid };
      // Two starters may both have judged the old lock stale. Whoever moves it away checks that it moved that very
      // one, and puts back a fresh lock that slipped in between.
      const stale = `${aside}.stale`;
      try {
        renameSync(path, stale);
      } catch (error) {
        if (errorCode(error) === "ENOENT") continue;
        throw error;
      }
      if (readText(stale) !== found) linkOnce(stale, path);
      rmSync(stale, { force: true });
    }
  } finally {
    rmSync(aside, { force: true });
  }
  throw new ClusterError(
    `The lock file ${path} keeps changing hands. Nothing was started. Start one server at a time.`,
  );
}

function releaseOwn(path: string, mine: string): void {
  if (readText(path) === mine) rmSync(path, { force: true });
}

/** Waits until the lock at `path` is free, at most `timeoutSeconds`, and takes it. */
export async function waitForLock(path: string, timeoutSeconds: number): Promise<FileLock> {
  const deadline = Date.now() + timeoutSeconds * 1000;
  for (;;) {
    const lock = tryLock(path);
    if ("release" in lock) return lock;
    if (Date.now() > deadline) {
      throw new ClusterError(
        `Process ${lock.heldBy} has held ${path} for ${timeoutSeconds} s. Nothing was started. End that process, then try again.`,
      );
    }
    await sleep(50);
  }
}
