// One Vitest run of this repository, and a second run of each file that failed in it.
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { Type, type Static } from "typebox";
import { Value } from "typebox/value";
import { testMemory } from "../kernel/database/test-place.ts";

const cache = join(import.meta.dirname, "../.cache");
/** More failed files than this are no accident of a busy machine: nothing is run again. */
const maxSecondRuns = 8;

const report = Type.Object({
  numPassedTests: Type.Integer(),
  numFailedTests: Type.Integer(),
  numPendingTests: Type.Integer(),
  numTodoTests: Type.Integer(),
  testResults: Type.Array(
    Type.Object({
      name: Type.String(),
      status: Type.String(),
      message: Type.Optional(Type.String()),
      assertionResults: Type.Array(
        Type.Object({
          fullName: Type.String(),
          status: Type.String(),
          failureMessages: Type.Optional(Type.Union([Type.Null(), Type.Array(Type.String())])),
        }),
      ),
    }),
  ),
});
type Report = Static<typeof report>;

export type Tally = {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Files that failed first and passed alone: what failed in them, one text a file. */
  readonly secondRun: readonly { readonly file: string; readonly first: string }[];
};
export type TestRun = {
  readonly root: string;
  readonly name: string;
  readonly args: readonly string[];
  /** As many as the configuration says where it is not given. */
  readonly workers?: number;
  readonly environment?: Readonly<Record<string, string>>;
};

export type FirstRun = { readonly code: number; readonly report: Report | undefined };

/** Runs Vitest; {@link runSecond} says what came of it. */
export function runFirst(run: TestRun): Promise<FirstRun> {
  return vitest(run, run.args);
}

/**
 * Runs the files that failed once more, one by one, for a caller that has nothing else running: a real browser or a killed
 * database may be late on a busy machine, a fault is there twice. What passed only then is named with its first failure.
 */
export async function runSecond(run: TestRun, first: FirstRun): Promise<Tally> {
  if (first.report === undefined) return { passed: 0, failed: 1, skipped: 0, secondRun: [] };
  const failed = first.report.testResults.filter((each) => each.status === "failed");
  let { passed, failed: failures, skipped } = countOf(first.report);
  // Something broke outside every file: no file to run again, and a failure all the same.
  if (first.code !== 0 && failed.length === 0) return { passed, failed: Math.max(failures, 1), skipped, secondRun: [] };
  if (failed.length > maxSecondRuns)
    return { passed, failed: Math.max(failures, failed.length), skipped, secondRun: [] };
  const secondRun: { file: string; first: string }[] = [];
  for (const [index, each] of failed.entries()) {
    const file = relative(run.root, each.name).replaceAll("\\", "/");
    console.log(`\n▲ ${file} failed and is run once more, alone`);
    const again = await vitest({ ...run, name: `${run.name}-again-${index}` }, [file]);
    const before = countOf(countsOf(each));
    passed -= before.passed;
    failures -= before.failed;
    skipped -= before.skipped;
    const after = again.report === undefined ? { passed: 0, failed: 1, skipped: 0 } : countOf(again.report);
    passed += after.passed;
    skipped += after.skipped;
    if (again.code === 0 && after.failed === 0 && after.passed + after.skipped > 0) {
      secondRun.push({ file, first: firstFailure(each) });
    } else {
      failures += Math.max(after.failed, 1);
    }
  }
  return { passed, failed: failures, skipped, secondRun };
}

async function vitest(run: TestRun, args: readonly string[]): Promise<FirstRun> {
  mkdirSync(cache, { recursive: true });
  const temporary = temporaryFolder(run.root);
  const output = join(cache, `test-${run.name}.json`);
  rmSync(output, { force: true });
  const child = spawn(
    process.execPath,
    [
      join(run.root, "node_modules/vitest/vitest.mjs"),
      "run",
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${output}`,
      ...(run.workers === undefined ? [] : [`--maxWorkers=${run.workers}`]),
      ...args,
    ],
    {
      cwd: run.root,
      stdio: "inherit",
      // Workers, servers and commands read the same two thousand modules: compiled once, they are kept for the next.
      env: { NODE_COMPILE_CACHE: join(cache, "compiled"), ...process.env, ...temporary, ...run.environment },
    },
  );
  const code = await new Promise<number>((resolve) => {
    child.once("exit", (status) => resolve(status ?? 1));
  });
  try {
    return { code, report: Value.Parse(report, JSON.parse(readFileSync(output, "utf8"))) };
  } catch {
    return { code, report: undefined };
  }
}

/** Homes with their databases, and the browser's folders: in memory where there is enough. */
function temporaryFolder(root: string): Readonly<Record<string, string>> {
  const memory = testMemory(root);
  if (memory === undefined) return {};
  const folder = join(memory, "t");
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  return { TMPDIR: folder };
}

function countOf(counted: Pick<Report, "numPassedTests" | "numFailedTests" | "numPendingTests" | "numTodoTests">): {
  passed: number;
  failed: number;
  skipped: number;
} {
  return {
    passed: counted.numPassedTests,
    failed: counted.numFailedTests,
    skipped: counted.numPendingTests + counted.numTodoTests,
  };
}

/** What one file added to the whole's numbers. */
function countsOf(file: Report["testResults"][number]): Parameters<typeof countOf>[0] {
  const of = (status: string) => file.assertionResults.filter((each) => each.status === status).length;
  return {
    numPassedTests: of("passed"),
    numFailedTests: of("failed"),
    numPendingTests: of("pending") + of("skipped") + of("disabled"),
    numTodoTests: of("todo"),
  };
}

function firstFailure(file: Report["testResults"][number]): string {
  const failed = file.assertionResults.filter((each) => each.status === "failed");
  const said = failed.map((each) => `${each.fullName}: ${each.failureMessages?.[0]?.split("\n")[0] ?? "failed"}`);
  return said.length > 0 ? said.join("; ") : (file.message ?? "").split("\n")[0] || "it broke outside its tests";
}
