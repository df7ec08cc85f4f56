import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run as runHere } from "./fixture/curious.ts";
import { runIsolated, type IsolatedProgram } from "./program.ts";

const folder = join(import.meta.dirname, "fixture");
const curious: IsolatedProgram = { module: join(folder, "curious.ts"), folders: [folder], packages: [] };
const listener = createServer((socket) => socket.end());
const secret = join(mkdtempSync(join(tmpdir(), "probity-isolation-")), "secret.txt");
let port = 0;

beforeAll(async () => {
  writeFileSync(secret, "another tenant's words", { mode: 0o644 });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const address: AddressInfo | string | null = listener.address();
  port = typeof address === "object" && address !== null ? address.port : 0;
});
afterAll(() => listener.close());

describe("an isolated program", () => {
  test("TEN-03 reaches no network and no file but its own code; outside the child the same tries succeed", async () => {
    const input = { act: "look", port, file: secret } as const;
    expect(await runIsolated(curious, input)).toEqual({
      network: expect.stringMatching(/^denied/),
      file: expect.stringMatching(/^denied/),
    });
    expect(await runHere(input)).toEqual({ network: "reached connected", file: "reached 22" });
  });
  test("TEN-03 gets nothing of the server's environment and a process of its own each time", async () => {
    const [one, two] = await Promise.all([
      runIsolated<{ pid: number; environment: string[] }>(curious, { act: "echo" }),
      runIsolated<{ pid: number; environment: string[] }>(curious, { act: "echo" }),
    ]);
    expect(one.environment).not.toContain("PATH");
    expect(one.pid).not.toBe(two.pid);
  });
  test("TEN-03 is ended when it runs too long or grows too large", async () => {
    await expect(runIsolated(curious, { act: "loop" }, { seconds: 1 })).rejects.toThrow(/ended by time/);
    await expect(
      runIsolated(curious, { act: "grow" }, { memoryBytes: 256 * 1024 * 1024, seconds: 20 }),
    ).rejects.toThrow(/ended by (memory|crash)/);
  });
  test("a failure is an error that says so", async () => {
    await expect(runIsolated(curious, { act: "throw" })).rejects.toThrow(/on purpose/);
  });
});
