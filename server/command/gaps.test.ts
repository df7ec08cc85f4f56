import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openCommand } from "../testing/command.ts";

const command = openCommand(join(import.meta.dirname, "gaps.ts"));
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
afterAll(async () => {
  await command.close();
  rmSync(folder, { recursive: true });
});

const gaps = (...args: string[]) => command.run(args);

test("--json prints the contract: pack, requirements and their parts, quotes verbatim in the raw files", async () => {
  const { code, out } = await gaps(folder, "--pack", "iso-13485", "--json");
  expect(code).toBe(0);
  const result = JSON.parse(out);
  expect(Object.keys(result)).toEqual(["pack", "requirements"]);
  expect(result.pack).toBe("iso-13485");
  const ids = result.requirements.map((one: { id: string }) => one.id);
  expect(ids).toEqual(expect.arrayContaining(["8.5.2", "8.5.2/a", "8.2.2"]));
  let quotes = 0;
  for (const one of result.requirements) {
    const own = one.id.includes("/") ? [] : ["addressed"];
    expect(Object.keys(one)).toEqual(["id", "status", "coverage", "evidence", ...own]);
    expect(["covered", "partial", "gap", "not-assessable"]).toContain(one.status);
    expect(one.coverage).toBeGreaterThanOrEqual(0);
    expect(one.coverage).toBeLessThanOrEqual(1);
    for (const { file, start, end, quote } of one.evidence) {
      expect(readFileSync(join(folder, file), "utf8").slice(start, end)).toBe(quote);
      quotes += 1;
    }
  }
  expect(quotes).toBeGreaterThan(20);
  const addressed = (id: string): unknown => result.requirements.find((one: { id: string }) => one.id === id).addressed;
  expect(addressed("8.2.4")).toMatchObject({ meant: true, file: "procedures/audit.md" });
  expect(addressed("7.5.10")).toMatchObject({ meant: false });
});

test("without --json a person can read it", async () => {
  const { code, out } = await gaps(folder);
  expect(code).toBe(0);
  expect(out).toContain("8.2.2");
  expect(out).toContain("● covered");
  expect(out).toContain("next:");
});

test("wrong use says what happened, what is safe and what to do", async () => {
  expect((await gaps()).code).toBe(2);
  expect((await gaps(join(folder, "nowhere"))).err).toContain("Nothing was analysed");
  expect((await gaps(folder, "--pack", "none")).err).toContain("iso-13485");
  const empty = mkdtempSync(join(tmpdir(), "gaps-empty-"));
  expect((await gaps(empty)).code).toBe(1);
  rmSync(empty, { recursive: true });
});
