import { createSocket } from "node:dgram";
import { once } from "node:events";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runChild, startChild } from "./extract-child.ts";
import type { Harness, IsolationTier } from "./extract-child.ts";
import type { ProbeAttempt } from "./extract/probe.ts";

export type { IsolationTier } from "./extract-child.ts";
export type { ProbeAttempt } from "./extract/probe.ts";

const probeLimits = { memoryBytes: 512 * 1024 * 1024, seconds: 60, outputBytes: 1024 * 1024 };

let tier: Promise<IsolationTier> | undefined;

/**
 * The isolation in force for extraction children: the strongest in which one actually starts and answers, tried once a
 * process. Another user needs root and code that other users can read; a network namespace needs root or user namespaces.
 */
export function isolationTier(): Promise<IsolationTier> {
  tier ??= strongest();
  return tier;
}

async function strongest(): Promise<IsolationTier> {
  const root = process.getuid?.() === 0;
  const candidates: IsolationTier[] = root
    ? ["permission+uid+netns", "permission+uid", "permission"]
    : ["permission+netns", "permission"];
  for (const candidate of candidates) {
    const child = startChild({ harness: candidate, memoryBytes: probeLimits.memoryBytes });
    const outcome = await runChild(child, { kind: "ping" }, new Uint8Array(0), probeLimits);
    if (outcome.ended === "answer") return candidate;
  }
  return "permission";
}

/** A probe's result: what was tried from inside a child and whether it was denied. */
export interface IsolationReport {
  readonly harness: Harness;
  readonly attempts: readonly ProbeAttempt[];
}

/**
 * Tries from inside an extraction child to reach the network, files, processes and threads. Loopback listeners and a
 * writable folder are made for it, so that each attempt would succeed without the isolation: with `harness: "none"` it
 * does, which is the probe's negative control.
 */
export async function probeIsolation(options: { harness?: Harness } = {}): Promise<IsolationReport> {
  const harness = options.harness ?? (await isolationTier());
  const web = createServer((_request, response) => response.end("reached"));
  const echo = createSocket("udp4");
  echo.on("message", (message, from) => echo.send(message, from.port, from.address));
  const folder = await mkdtemp(join(tmpdir(), "probity-probe-"));
  try {
    await chmod(folder, 0o777);
    web.listen(0, "127.0.0.1");
    echo.bind(0, "127.0.0.1");
    await Promise.all([once(web, "listening"), once(echo, "listening")]);
    const address = web.address();
    const tcpPort = typeof address === "object" && address !== null ? address.port : 0;
    const child = startChild({ harness, memoryBytes: probeLimits.memoryBytes });
    const targets = {
      tcpPort,
      udpPort: echo.address().port,
      repositoryFile: fileURLToPath(import.meta.url),
      writeFolder: folder,
    };
    const outcome = await runChild(child, { kind: "probe", targets }, new Uint8Array(0), probeLimits);
    if (outcome.ended !== "answer") throw new Error(`the isolation probe ended without an answer: ${outcome.ended}`);
    return { harness, attempts: readAttempts(JSON.parse(outcome.output.toString("utf8"))) };
  } finally {
    web.closeAllConnections();
    web.close();
    echo.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function readAttempts(answer: unknown): ProbeAttempt[] {
  const malformed = () =>
    new Error(`the isolation probe's answer is malformed: ${JSON.stringify(answer).slice(0, 300)}`);
  if (typeof answer !== "object" || answer === null || !("result" in answer)) throw malformed();
  const { result } = answer;
  if (typeof result !== "object" || result === null || !("attempts" in result)) throw malformed();
  if (!Array.isArray(result.attempts)) throw malformed();
  return result.attempts.map((entry: unknown) => {
    if (typeof entry !== "object" || entry === null) throw malformed();
    if (!("attempt" in entry) || typeof entry.attempt !== "string") throw malformed();
    if (!("denied" in entry) || typeof entry.denied !== "boolean") throw malformed();
    if (!("outcome" in entry) || typeof entry.outcome !== "string") throw malformed();
    return { attempt: entry.attempt, denied: entry.denied, outcome: entry.outcome };
  });
}
