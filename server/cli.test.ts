import { spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";

const cli = join(import.meta.dirname, "cli.ts");
const procedures = join(import.meta.dirname, "../apps/regulatory-docs/sample-data/source");

test("npx probity gaps prints all of its JSON into a slow pipe", async () => {
  const child = spawn(process.execPath, [cli, "gaps", procedures, "--pack", "iso-13485", "--json"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const closed = new Promise<number | null>((resolve) => child.on("close", resolve));
  await pause(1500);
  const chunks: Buffer[] = [];
  for await (const chunk of child.stdout) chunks.push(Buffer.from(chunk));
  const text = Buffer.concat(chunks).toString("utf8");
  expect(text.length).toBeGreaterThan(65_536);
  const answer: { pack: string; requirements: { id: string }[] } = JSON.parse(text);
  expect(answer.requirements.map((each) => each.id)).toContain("8.5.2/a");
  expect(await closed).toBe(0);
});

test("an unknown command and an unknown pack end with their own code and say what there is", async () => {
  for (const [args, says] of [
    [["nonsense"], /npx probity COMMAND/],
    [["gaps", procedures, "--pack", "nonsense"], /iso-13485/],
  ] as const) {
    const child = spawn(process.execPath, [cli, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    child.stdout.on("data", (data) => (said += String(data)));
    child.stderr.on("data", (data) => (said += String(data)));
    expect(await new Promise((resolve) => child.on("close", resolve))).toBe(2);
    expect(said).toMatch(says);
  }
});
