import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  ledgerStatus,
  openDeclaration,
  openSignerCore,
  serveSignerAt,
  type Declaration,
  type LedgerStatus,
} from "@probity/kernel";
import { readConfig } from "../config.ts";
import { openForDoctor } from "./doctor.ts";

const usage = `npx probity ledger status [--json]
  how the log stands: whether it is signed, what waits, what is halted
npx probity ledger resume [--json]
  after a restore: says what was signed and is gone, and opens the declaration that two owners confirm
npx probity ledger signer --socket PATH [--key FILE] [--memory FOLDER]
  the log's signer apart from the server, which reaches it by PROBITY_LOG_SIGNER=unix:PATH
`;

/** npx probity ledger: exit code 0 all is well, 1 something is halted or waits for owners, 2 wrong use. */
export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      json: { type: "boolean", default: false },
      socket: { type: "string" },
      key: { type: "string" },
      memory: { type: "string" },
    },
  });
  const [verb] = positionals;
  if (verb === "signer" && values.socket !== undefined) {
    const { home } = readConfig();
    const core = openSignerCore(values.key ?? join(home, "keys", "log.key"), values.memory ?? join(home, "signer"));
    await serveSignerAt(values.socket, core);
    process.stdout.write(`The signer listens on ${values.socket}\n`);
    return new Promise<number>(() => undefined);
  }
  if (verb !== "status" && verb !== "resume") {
    process.stderr.write(usage);
    return 2;
  }
  const config = readConfig();
  const patient = await openForDoctor(config);
  try {
    if (verb === "status") {
      const status = await ledgerStatus(patient.admin);
      process.stdout.write(values.json ? `${JSON.stringify(status, null, 2)}\n` : statusText(status));
      return isWell(status) ? 0 : 1;
    }
    const declaration = await openDeclaration(patient.admin);
    if (declaration === undefined) {
      process.stdout.write("Nothing is halted: the log goes on by itself. Nothing was changed.\n");
      return 0;
    }
    process.stdout.write(
      values.json ? `${JSON.stringify(declaration, null, 2)}\n` : declarationText(declaration, config.url),
    );
    return 1;
  } finally {
    await patient.close();
  }
}

/** Whether the log is signed as it grows. */
export function isWell({ condition }: Pick<LedgerStatus, "condition">): boolean {
  return condition === "publishing" || condition === "never";
}

const conditions: Readonly<Record<string, string>> = {
  never: "○ nothing was signed yet",
  publishing: "● signed as it grows",
  rolled_back: "▲ ROLLED_BACK: the database is not the one that was signed last; nothing of the logs below is signed",
  signer_away: "▲ the signer can't be reached; nothing is signed",
  damaged: "▲ leaves are missing; nothing of the logs below is signed",
};

export function statusText(status: LedgerStatus): string {
  const lines = [`${conditions[status.condition] ?? status.condition} (since ${status.since.toISOString()})`];
  if (status.reason !== undefined) lines.push(`    ${status.reason}`);
  for (const { origin, reason, from, to } of status.halted.slice(0, 20))
    lines.push(`    ${origin}: ${reason}, leaves ${from} to ${to}`);
  if (status.halted.length > 20) lines.push(`    and ${status.halted.length - 20} more`);
  if (status.keyBesideData !== undefined)
    lines.push(
      status.keyBesideData
        ? "▲ key beside data: who copies this server's folder has the log's key (PROBITY_LOG_SIGNER)"
        : "● the log's key is held apart from the data",
    );
  if (status.beatMs === undefined) lines.push("○ no server has published yet");
  else if (status.beatMs > 30_000)
    lines.push(`▲ no server has published for ${Math.round(status.beatMs / 1000)} s: is one running?`);
  lines.push(
    `● ${status.waiting} events wait for their place (the oldest ${Math.round(status.oldestMs)} ms), ${status.behindLogs} logs for a checkpoint (${Math.round(status.behindMs)} ms)`,
  );
  if (status.condition === "rolled_back")
    lines.push("", "What happens is recorded all the while. To go on: npx probity ledger resume");
  return `${lines.join("\n")}\n`;
}

function declarationText({ id, halted, owners }: Declaration, url: string): string {
  const lost = halted
    .slice(0, 20)
    .map(({ origin, from, to }) => `    ${origin}: leaves ${from} to ${to} (${to - from}) were signed and are gone`);
  return `${[
    "A restore is to be declared. What is lost stays named in the log for ever:",
    ...lost,
    ...(halted.length > 20 ? [`    and ${halted.length - 20} more logs`] : []),
    "",
    `${owners} of 2 owners have confirmed. Each confirms in their own session, with a fresh proof of who they are:`,
    `    POST ${url}/api/ledger/resume/${id}`,
    owners >= 2
      ? "The running server goes on with the next tick."
      : "The log goes on under a new name as soon as two have.",
  ].join("\n")}\n`;
}
