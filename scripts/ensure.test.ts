import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const RUN = join(import.meta.dirname, "run.mjs");
let folder: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "probity-run-")));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function program(source: string): string {
  const path = join(folder, "program.ts");
  writeFileSync(path, source);
  return path;
}

test("a TypeScript file runs on Node 26 with its arguments, in the caller's folder, and its exit code comes back", () => {
  const file = program(
    `const args: string[] = process.argv.slice(2);
     console.log(JSON.stringify([parseInt(process.versions.node) >= 26, args, process.cwd()]));
     process.exit(5);`,
  );
  const done = spawnSync(process.execPath, [RUN, file, "one", "two words"], { cwd: folder, encoding: "utf8" });
  expect(JSON.parse(done.stdout)).toEqual([true, ["one", "two words"], folder]);
  expect(done.status).toBe(5);
});

test("a program that is killed makes its starter end by the same signal", () => {
  const file = program(`process.kill(process.pid, "SIGKILL");`);
  expect(spawnSync(process.execPath, [RUN, file]).signal).toBe("SIGKILL");
});

test.each(["SIGINT", "SIGTERM"] as const)(
  "%s reaches the program, and the starter waits for it to end",
  async (signal) => {
    const file = program(
      `process.on("${signal}", () => setTimeout(() => process.exit(7), 100));
     setInterval(() => {}, 1000);
     console.log("up");`,
    );
    const child = spawn(process.execPath, [RUN, file], { stdio: ["ignore", "pipe", "inherit"] });
    await new Promise((resolve) => child.stdout.once("data", resolve));
    child.kill(signal);
    expect(await exitCode(child)).toBe(7);
  },
);

function exitCode(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once("exit", resolve));
}

test("without a file to run nothing is started", () => {
  const done = spawnSync(process.execPath, [RUN], { encoding: "utf8" });
  expect(done.status).toBe(2);
  expect(done.stderr).toContain("Nothing was started");
});

/** What staleReason says of a checkout with these packages wanted and installed. */
function staleReason(wanted: object, installed?: object): string {
  writeFileSync(join(folder, "package-lock.json"), JSON.stringify({ packages: wanted }));
  if (installed !== undefined) {
    mkdirSync(join(folder, "node_modules"), { recursive: true });
    writeFileSync(join(folder, "node_modules", ".package-lock.json"), JSON.stringify({ packages: installed }));
  }
  const source = `import { staleReason } from ${JSON.stringify(join(import.meta.dirname, "ensure-installed.mjs"))};
    console.log(staleReason(process.cwd()) ?? "fresh");`;
  const done = spawnSync(process.execPath, ["--input-type=module", "-e", source], { cwd: folder, encoding: "utf8" });
  return done.stdout.trim();
}

test("an install is asked for when node_modules is missing, incomplete or of other versions, and not otherwise", () => {
  const pg = { "node_modules/pg": { version: "2.0.0" } };
  const otherPlatform = { "node_modules/pg-win": { version: "1.0.0", optional: true } };
  expect(staleReason(pg)).toBe("nothing is installed yet");
  expect(staleReason(pg, {})).toBe("pg is missing");
  expect(staleReason(pg, { "node_modules/pg": { version: "1.0.0" } })).toBe("pg is 1.0.0 instead of 2.0.0");
  expect(staleReason({ "": {}, kernel: {}, ...pg, ...otherPlatform }, pg)).toBe("fresh");
});

test("the lock file holds every optional platform package, so that npm ci accepts it", () => {
  const done = spawnSync(process.execPath, [join(import.meta.dirname, "ensure-lock.mjs")], { encoding: "utf8" });
  expect(done.stderr).toBe("");
  expect(done.status).toBe(0);
});
