import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectionString, declaredGrants, writeGrants } from "@probity/kernel";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, testRootKey } from "../../kernel/testing/database.ts";
import { openCommand, type Command } from "../testing/command.ts";

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let home: string;
let command: Command;
beforeAll(async () => {
  database = await createTestDatabase();
  await writeGrants(database.admin, testRootKey.key, declaredGrants([]));
  home = mkdtempSync(join(tmpdir(), "probity-policy-"));
  mkdirSync(join(home, "keys"), { mode: 0o700 });
  writeFileSync(join(home, "keys", "root.key"), testRootKey.key.export().toString("base64url"), { mode: 0o600 });
  command = openCommand(join(import.meta.dirname, "policy.ts"));
});
afterAll(async () => {
  await command.close();
  await database.drop();
  rmSync(home, { recursive: true, force: true });
});
const policy = (...args: string[]) =>
  command.run(args, { PROBITY_HOME: home, DATABASE_URL: connectionString(database.admin) });

test("IDN-06 npx probity policy says what holds, sets it with who and why, and keeps every version", async () => {
  expect((await policy()).out).toContain("5 in 15 minutes\n    as configured (PROBITY_SIGN_IN_LIMIT)");
  const set = await policy("set", "signIn", "3/30", "--reason", "Stuffing since Monday", "--by", "ana");
  expect([set.err, set.code]).toEqual(["", 0]);
  expect(set.out).toMatch(
    /3 in 30 minutes\n {4}version 1, ana, 20.*: “Stuffing since Monday”\n {4}at most 5 in 15 minutes/,
  );
  expect((await policy("set", "signIn", "4/30", "--reason", "Over")).code).toBe(0);
  expect((await policy("history", "signIn")).out).toMatch(
    /^2 .* 4 in 30 minutes .*\n1 .* 3 in 30 minutes {2}ana: “Stuffing/,
  );
  const laxer = await policy("set", "signIn", "50/30", "--reason", "Convenience");
  expect([laxer.code, laxer.err]).toEqual([1, expect.stringContaining("Nothing was changed")]);
  for (const args of [
    ["set", "signIn", "3/30"],
    ["set", "signIn", "3/30", "--reason", " "],
    ["set", "none", "3/30", "--reason", "x"],
    ["nonsense"],
  ])
    expect([args, (await policy(...args)).code]).toEqual([args, 2]);
});
