import { join } from "node:path";
import { packageFolders, runChild, startChild } from "../files/extract-child.ts";
import { Places, type Claim } from "./place.ts";
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

/** Whose work it is: a place is always left to members, and a signal ends the waiting or the child. */
export type IsolationClaim = Claim;

export type IsolationLimits = Claim & {
  readonly memoryBytes: number;
  readonly seconds: number;
  readonly outputBytes: number;
};

/** Programs at work at once, each with a gigabyte at most, and how many may wait: one more is told to come later. */
const places = new Places({ running: 2, waiting: 50, full: () => doorProblem.busy() });

const entryFile = join(import.meta.dirname, "main.ts");
const defaultLimits = {
  memoryBytes: 1024 * 1024 * 1024,
  seconds: 120,
  outputBytes: 256 * 1024 * 1024,
};

/**
 * Runs a program on one input in a child with no network, no file but its own code, bounded memory and time (TEN-03).
 * The child lives for this input alone; bytes are taken as JSON already written. Throws when it fails, runs too long or grows too large. The answer's type is what
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
  return places.hold(limits, () => runOne(program, input, { ...defaultLimits, ...limits }));
}

async function runOne(program: IsolatedProgram, input: unknown, bounds: IsolationLimits): Promise<unknown> {
  const readable = [import.meta.dirname, ...program.folders, ...packageFolders(program.packages, program.folders[0])];
  const child = startChild({
    harness: await isolationTier(),
    memoryBytes: bounds.memoryBytes,
    program: { entryFile, readable },
  });
  // What is JSON already goes as it is: a collection of large texts is neither parsed nor written anew here.
  const given = input instanceof Uint8Array ? input : Buffer.from(JSON.stringify(input));
  const outcome = await runChild(child, { module: program.module }, given, bounds);
  if (outcome.ended !== "answer") throw new Error(`The isolated program ended by ${outcome.ended}`);
  const answer: unknown = JSON.parse(outcome.output.toString("utf8"));
  if (typeof answer !== "object" || answer === null || !("result" in answer)) {
    const failure =
      typeof answer === "object" && answer !== null && "failure" in answer ? String(answer.failure) : "no answer";
    throw new Error(`The isolated program failed: ${failure}`);
  }
  return answer.result;
}
