import { spawnSync } from "node:child_process";

/** Whether a program of others is installed, to check ours with. */
export function installed(program: string, flag = "-v"): boolean {
  return spawnSync(program, [flag]).error === undefined;
}

/** Runs such a program and returns what it said, both streams. */
export function outside(program: string, args: readonly string[]): { code: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync(program, [...args], { encoding: "utf8", timeout: 60_000 });
  return { code: status, said: `${stdout}${stderr}` };
}
