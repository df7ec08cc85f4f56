import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const COMMAND = join(import.meta.dirname, "gaps.ts");
const FIXTURE = join(import.meta.dirname, "../../apps/regulatory-docs/engine/fixture");
let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "gaps-"));
  cpSync(FIXTURE, join(folder, "procedures"), { recursive: true });
  writeFileSync(
    join(folder, "procedures", "crlf.txt"),
    readFileSync(join(FIXTURE, "complaint.md"), "utf8").replaceAll("\n", "\r\n"),
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

function gaps(...args: string[]): { code: number | null; out: string; err: string } {
  const script = `import { run } from ${JSON.stringify(COMMAND)}; process.exitCode = await run(process.argv.slice(1));`;
  const done = spawnSync(process.execPath, ["--input-type=module", "-e", script, ...args], {
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

test("--json prints the contract: pack, requirements and their parts, quotes verbatim in the raw files", () => {
  const { code, out } = gaps(folder, "--pack", "iso-13485", "--json");
  expect(code).toBe(0);
  const result = JSON.parse(out);
  expect(Object.keys(result)).toEqual(["pack", "requirements"]);
  expect(result.pack).toBe("iso-13485");
  const ids = result.requirements.map((one: { id: string }) => one.id);
  expect(ids).toEqual(expect.arrayContaining(["8.5.2", "8.5.2/a", "8.2.2"]));
  let quotes = 0;
  for (const one of result.requirements) {
    expect(Object.keys(one)).toEqual(["id", "status", "coverage", "evidence"]);
    expect(["covered", "partial", "gap", "not-assessable"]).toContain(one.status);
    expect(one.coverage).toBeGreaterThanOrEqual(0);
    expect(one.coverage).toBeLessThanOrEqual(1);
    for (const { file, start, end, quote } of one.evidence) {
      expect(readFileSync(join(folder, file), "utf8").slice(start, end)).toBe(quote);
      quotes += 1;
    }
  }
  expect(quotes).toBeGreaterThan(20);
});

test("without --json a person can read it", () => {
  const { code, out } = gaps(folder);
  expect(code).toBe(0);
  expect(out).toContain("8.2.2");
  expect(out).toContain("● covered");
  expect(out).toContain("next:");
});

test("wrong use says what happened, what is safe and what to do", () => {
  expect(gaps().code).toBe(2);
  expect(gaps(join(folder, "nowhere")).err).toContain("Nothing was analysed");
  expect(gaps(folder, "--pack", "none").err).toContain("iso-13485");
  const empty = mkdtempSync(join(tmpdir(), "gaps-empty-"));
  expect(gaps(empty).code).toBe(1);
  rmSync(empty, { recursive: true });
});
