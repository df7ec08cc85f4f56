import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openRootKey } from "./root-key.ts";

let home: string;
const file = () => join(home, "keys", "root.key");
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "probity-key-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

test("ENC-02 the first start makes a key only its owner can read, and every later one opens the same", () => {
  const first = openRootKey(file());
  expect(statSync(file()).mode & 0o777).toBe(0o600);
  expect(statSync(join(home, "keys")).mode & 0o777).toBe(0o700);
  expect(openRootKey(file()).id).toBe(first.id);
  expect(openRootKey(file()).key.equals(first.key)).toBe(true);
  expect(first.id).not.toContain(readFileSync(file(), "utf8").trim().slice(0, 8));
});

test.skipIf(process.platform === "win32").each([0o644, 0o640, 0o604, 0o620])(
  "ENC-02 a key file of mode %o is refused",
  (mode) => {
    openRootKey(file());
    chmodSync(file(), mode);
    expect(() => openRootKey(file())).toThrow(/can be read by others/);
    chmodSync(file(), 0o600);
    openRootKey(file());
  },
);

test("ENC-02 a damaged key file is refused and never replaced", () => {
  openRootKey(file());
  for (const text of ["", "short", "x".repeat(100)]) {
    writeFileSync(file(), text);
    expect(() => openRootKey(file())).toThrow(/does not hold a 32-byte key/);
    expect(readFileSync(file(), "utf8")).toBe(text);
  }
});
