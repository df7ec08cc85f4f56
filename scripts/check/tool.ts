import { spawn } from "node:child_process";
import { dirname, join } from "node:path";

const installed = join(dirname(dirname(import.meta.dirname)), "node_modules");

/** What a tool said, and whether it was content. */
export interface Said {
  readonly output: string;
  readonly errors: string;
  readonly code: number | null;
}

/** Runs an installed JavaScript tool (path below node_modules) on the Node that runs us, inside `root`. */
export function runTool(root: string, tool: string, args: readonly string[]): Promise<Said> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(installed, tool), ...args], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0" },
    });
    const output: Buffer[] = [];
    const errors: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
    child.once("error", reject);
    child.once("close", (code) =>
      resolve({ output: Buffer.concat(output).toString(), errors: Buffer.concat(errors).toString(), code }),
    );
  });
}

/** A tool that failed without naming a fault has not checked anything: that is a fault too. */
export function silentFailure(said: Said, found: readonly string[]): string[] {
  if (said.code === 0 || found.length > 0) return [];
  return [`the tool ended with ${said.code}: ${`${said.errors}\n${said.output}`.trim().slice(0, 2_000)}`];
}
