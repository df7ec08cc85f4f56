// A command of `npx probity` in a process of its own that reads its modules once and then runs as often as it is asked.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

export type Answered = { readonly code: number | null; readonly out: string; readonly err: string };
export type Command = {
  /** Runs it with these arguments and, beside PATH, these variables alone; a throw is exit code 3, its message on stderr. */
  run(args: readonly string[], environment?: Readonly<Record<string, string>>): Promise<Answered>;
  close(): Promise<void>;
};

const child = `
import { createInterface } from "node:readline";
const { run } = await import(process.argv[1]);
const answer = process.stdout.write.bind(process.stdout);
const bare = { ...process.env };
for await (const line of createInterface({ input: process.stdin })) {
  const { args, environment } = JSON.parse(line);
  for (const name of Object.keys(process.env)) if (!(name in bare)) delete process.env[name];
  Object.assign(process.env, environment);
  const said = { out: "", err: "" };
  const into = (stream) => (text, ...rest) => {
    said[stream] += typeof text === "string" ? text : Buffer.from(text).toString();
    rest.find((each) => typeof each === "function")?.();
    return true;
  };
  process.stdout.write = into("out");
  process.stderr.write = into("err");
  console.error = (text) => void (said.err += text + "\\n");
  let code;
  try { code = await run(args); } catch (error) { code = 3; said.err += error.message; }
  answer(JSON.stringify({ code, ...said }) + "\\n");
}`;

/** Starts the process; `file` exports `run(args)`, which gives the exit code. */
export function openCommand(file: string): Command {
  const kept = ["PATH", "NODE_COMPILE_CACHE"].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const started = spawn(process.execPath, ["--input-type=module", "-e", child, file], {
    env: Object.fromEntries(kept),
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = new Promise<void>((resolve) => started.once("close", () => resolve()));
  const lines = createInterface({ input: started.stdout })[Symbol.asyncIterator]();
  return {
    run: async (args, environment = {}) => {
      started.stdin.write(`${JSON.stringify({ args, environment })}\n`);
      const { value, done } = await lines.next();
      if (done === true) throw new Error("the command's process ended");
      return JSON.parse(value);
    },
    close: async () => {
      started.stdin.end();
      await ended;
    },
  };
}
