import { readdirSync, readFileSync } from "node:fs";

/** Ticks a second of /proc/<pid>/stat; Linux fixes what user space sees at 100 (proc(5), USER_HZ). */
const ticksPerSecond = 100;

/**
 * Processor time in milliseconds that these processes and their children have used; undefined where there is no /proc. On
 * a machine that others use too it says more than the clock does.
 */
export function cpuMs(pids: readonly number[]): number | undefined {
  try {
    let ticks = 0;
    for (const name of readdirSync("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      const fields = statOf(name);
      if (fields === undefined) continue;
      const [, parent = ""] = fields;
      if (!pids.includes(Number(name)) && !pids.includes(Number(parent))) continue;
      ticks += Number(fields[11]) + Number(fields[12]);
    }
    return (ticks * 1000) / ticksPerSecond;
  } catch {
    return undefined;
  }
}

/** The fields of a stat line from the third, state, on; undefined for a process that has just ended. */
function statOf(pid: string): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}
