import { join } from "node:path";
import { packageFolders, runChild, startChild } from "../files/extract-child.ts";
import { doorProblem } from "../work/error.ts";
import { isolationTier } from "../files/extract-isolation.ts";

/** Code that runs in a child of its own: a module that exports `run(input)`, JSON in and JSON out. */
export type IsolatedProgram = {
  /** Absolute path of the module. */
  readonly module: string;
  /** Folders the module's own code and data lie in: all it may read besides its packages. */
  readonly folders: readonly string[];
  /** npm packages it needs, looked up from the module's folder. */
  readonly packages: readonly string[];
};

export type IsolationLimits = { readonly memoryBytes: number; readonly seconds: number; readonly outputBytes: number };

/** Programs at work at once, each with a gigabyte at most, and how many may wait: one more is told to come later. */
const most = { running: 2, waiting: 50 } as const;
let running = 0;
const queue: (() => void)[] = [];

const entryFile = join(import.meta.dirname, "main.ts");
const defaultLimits: IsolationLimits = {
  memoryBytes: 1024 * 1024 * 1024,
  seconds: 120,
  outputBytes: 256 * 1024 * 1024,
};

/**
 * Runs a program on one input in a child with no network, no file but its own code, bounded memory and time (TEN-03).
 * The child lives for this input alone. Throws when it fails, runs too long or grows too large. The answer's type is what
 * the program's `run` returns.
 */
export async function runIsolated<T>(
  program: IsolatedProgram,
  input: unknown,
  limits?: Partial<IsolationLimits>,
): Promise<T>;
export async function runIsolated(
  program: IsolatedProgram,
  input: unknown,
  limits: Partial<IsolationLimits> = {},
): Promise<unknown> {
  if (running >= most.running) {
    if (queue.length >= most.waiting) throw doorProblem.busy();
    // Whoever ends hands its place over: the count stays.
    await new Promise<void>((resolve) => queue.push(resolve));
  } else running += 1;
  try {
    return await runOne(program, input, { ...defaultLimits, ...limits });
  } finally {
    const next = queue.shift();
    if (next === undefined) running -= 1;
    else next();
  }
}

async function runOne(program: IsolatedProgram, input: unknown, bounds: IsolationLimits): Promise<unknown> {
  const readable = [import.meta.dirname, ...program.folders, ...packageFolders(program.packages, program.folders[0])];
  const child = startChild({
    harness: await isolationTier(),
    memoryBytes: bounds.memoryBytes,
    program: { entryFile, readable },
  });
  const outcome = await runChild(child, { module: program.module }, Buffer.from(JSON.stringify(input)), bounds);
  if (outcome.ended !== "answer") throw new Error(`The isolated program ended by ${outcome.ended}`);
  const { answer } = outcome;
  if (typeof answer !== "object" || answer === null || !("result" in answer)) {
    const failure =
      typeof answer === "object" && answer !== null && "failure" in answer ? String(answer.failure) : "no answer";
    throw new Error(`The isolated program failed: ${failure}`);
  }
  return answer.result;
}
