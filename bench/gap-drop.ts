// Drop to findings: twenty procedures as PDF, DOCX and TXT, from the first byte sent to the last finding read, on a real
// server without an account (target: 10 s). Three drops, one after another: the free check allows no more in an hour.
//   node scripts/run.mjs bench/gap-drop.ts
import { spawn } from "node:child_process";
import { mkdtemp } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { sampleFiles } from "../apps/regulatory-docs/sample-data/make.ts";
import { removeInstanceFolder } from "../kernel/testing/instance-folder.ts";

const root = join(import.meta.dirname, "..");

/** Prints the three times and their median. */
export async function run(): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), "probity-bench-"));
  const port = await freePort();
  const server = spawn(process.execPath, [join(root, "server/main.ts")], {
    env: { ...process.env, PROBITY_HOME: home, PROBITY_PORT: String(port), PROBITY_LOG_LEVEL: "error" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    await new Promise<void>((resolve, reject) => {
      server.stdout.on("data", (data) => String(data).includes("ready at") && resolve());
      server.once("exit", (code) => reject(new Error(`The server ended with ${code}`)));
    });
    const files = await sampleFiles();
    // Seventeen sample procedures; the first three once more make twenty.
    const twenty = [...files, ...files.slice(1, 4).map((file) => ({ ...file, fileName: `Copy of ${file.fileName}` }))];
    const times: number[] = [];
    for (let round = 0; round < 3; round += 1) times.push(await drop(`http://127.0.0.1:${port}`, twenty));
    const median = times.toSorted((a, b) => a - b)[1] ?? Number.NaN;
    console.log(
      `drop to findings, ${twenty.length} procedures (PDF, DOCX, TXT): ${times.map(seconds).join(", ")}; median ${seconds(median)} (target ≤ 10 s)`,
    );
  } finally {
    server.kill("SIGTERM");
    await new Promise((resolve) => server.once("exit", resolve));
    await removeInstanceFolder(home);
  }
}

async function drop(url: string, files: readonly { fileName: string; bytes: Uint8Array }[]): Promise<number> {
  const form = new FormData();
  form.set("pack", "iso-13485");
  for (const { fileName, bytes } of files) form.append("file", new Blob([new Uint8Array(bytes)]), fileName);
  const start = performance.now();
  const answer = await fetch(`${url}/api/check`, { method: "POST", body: form });
  const lines = (await answer.text()).trim().split("\n");
  const elapsed = performance.now() - start;
  const last: { type?: string; run?: { findings: unknown[] } } = JSON.parse(lines.at(-1) ?? "{}");
  if (last.type !== "result" || last.run?.findings.length !== 72)
    throw new Error(`No findings: ${answer.status} ${lines.at(-1)?.slice(0, 300)}`);
  return elapsed;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === "string") throw new Error("No free port");
  return address.port;
}

if (import.meta.main) await run();
