// `verify FILE`: as a command of Probity, and as a file of its own that needs nothing but Node.
import { createReadStream, existsSync, readFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { parseArgs } from "node:util";
import { UsageError } from "./format-error.ts";
import { verifyFile } from "./file.ts";
import { nodeProvider } from "./node.ts";
import { isGood, type Outcome } from "./outcome.ts";
import { isPdf, verifyPdf, type PdfReport } from "./pdf.ts";
import type { VerifyOptions } from "./bundle-state.ts";
import type { Verdict } from "./verdict.ts";
import { describe, sayOutcome } from "./words.ts";

/** How to call it, under the name it is called by. */
function usage(name: string): string {
  return `Usage: ${name} FILE [--key KEY]… [--checkpoint NOTE] [--fingerprint F]… [--json]

Verifies an export of the audit trail, a proof or a sealed PDF with no server and no network.
  --key          a verifier key (name+id+key) you trust, or a file of them: of the log, its platform log, witnesses.
                 Without one the file's own keys are taken on first use, and the result says so.
  --checkpoint   a checkpoint you kept (its text, or a file): the log must continue it.
  --fingerprint  SHA-256 fingerprint of a certificate you trust, for PDFs.
Exit code 0 for VERIFIED, VERIFIED_WITH_ERASURES and CONTINUED_AFTER_RESTORE, 1 for every other outcome, 2 for wrong use.
`;
}

type Arguments = {
  readonly file: string;
  readonly options: VerifyOptions;
  readonly fingerprints: readonly string[];
  readonly json: boolean;
};

/** Runs the command. Returns the exit code. */
export async function runVerify(args: string[], name: string): Promise<number> {
  const read = readArguments(args);
  if (read === "help") {
    process.stdout.write(usage(name));
    return 0;
  }
  if (typeof read === "string") {
    process.stderr.write(`${read} Nothing was verified.\n\n${usage(name)}`);
    return 2;
  }
  try {
    return await verifyAt(read);
  } catch (error) {
    if (error instanceof UsageError)
      process.stderr.write(`${error.message}. Nothing was verified. Check what you brought.\n`);
    else if (error instanceof Error && "code" in error)
      process.stderr.write(`${read.file} can't be read (${String(error.code)}). Nothing was verified.\n`);
    else throw error;
    return 2;
  }
}

function readArguments(args: string[]): Arguments | "help" | string {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        key: { type: "string", multiple: true },
        checkpoint: { type: "string" },
        fingerprint: { type: "string", multiple: true },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help === true) return "help";
    const [file, ...rest] = positionals;
    if (file === undefined || rest.length > 0) return "Name one file to verify.";
    const keys = (values.key ?? [])
      .flatMap((key) => textOrFile(key).split("\n"))
      .map((line) => line.trim())
      .filter((line) => line !== "" && !line.startsWith("#"));
    const { checkpoint } = values;
    return {
      file,
      options: {
        provider: nodeProvider,
        keys,
        ...(checkpoint === undefined ? {} : { checkpoint: textOrFile(checkpoint) }),
      },
      fingerprints: values.fingerprint ?? [],
      json: values.json === true,
    };
  } catch (error) {
    return `${error instanceof Error ? error.message : String(error)}.`;
  }
}

function textOrFile(value: string): string {
  return existsSync(value) ? readFileSync(value, "utf8") : value;
}

async function verifyAt({ file, options, fingerprints, json }: Arguments): Promise<number> {
  if (await beginsAsPdf(file)) {
    const report = await verifyPdf(readFileSync(file), { fingerprints, verify: options });
    process.stdout.write(
      json ? jsonOf({ ...report, attachments: report.attachments.map(({ name }) => name) }) : pdfText(file, report),
    );
    return codeOf(report.outcome);
  }
  const verdict = await verifyFile(createReadStream(file, { highWaterMark: 1024 * 1024 }), options);
  process.stdout.write(json ? jsonOf(verdict) : textOf(file, verdict));
  return codeOf(verdict.outcome);
}

async function beginsAsPdf(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(1024), 0, 1024, 0);
    return isPdf(buffer.subarray(0, bytesRead));
  } finally {
    await handle.close();
  }
}

function codeOf(outcome: Outcome): number {
  return isGood(outcome) ? 0 : 1;
}

function jsonOf(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

const marks = { fault: "▲", rollback: "▲", gap: "◐", remark: "○" } as const;

function textOf(file: string, verdict: Verdict): string {
  const lines = [
    `${isGood(verdict.outcome) ? "●" : "▲"} ${verdict.outcome}  ${printable(file)}`,
    `  ${sayOutcome(verdict)}`,
    "",
  ];
  for (const { name, text } of describe(verdict)) lines.push(`  ${name.padEnd(12)}${printable(text)}`);
  if (verdict.findings.length > 0) lines.push("");
  for (const { sort, text, index } of verdict.findings)
    lines.push(`  ${marks[sort]} ${index === undefined ? "" : `leaf ${index}: `}${printable(text)}`);
  const more = verdict.findingCount - verdict.findings.length;
  if (more > 0) lines.push(`  … and ${more} more`);
  return `${lines.join("\n")}\n`;
}

function pdfText(file: string, report: PdfReport): string {
  const lines = [
    `${isGood(report.outcome) ? "●" : "▲"} ${report.outcome}  ${printable(file)}`,
    `  ${printable(report.sentence)}`,
    "",
  ];
  for (const { kind, holds, signer, claimedAt, timestamp, trust } of report.signatures) {
    const at =
      timestamp === null
        ? `${claimedAt ?? "no time"}, by the signer's own word`
        : `${timestamp.at}, stamped by ${timestamp.authority}`;
    lines.push(
      printable(
        `  ${holds ? "●" : "▲"} ${kind} by ${signer?.name ?? "nobody named"}, ${at}; certificate ${trust} ${signer?.fingerprint ?? ""}`,
      ),
    );
  }
  for (const { name, verdict } of report.proofs)
    lines.push(printable(`  ${isGood(verdict.outcome) ? "●" : "▲"} ${name}: ${verdict.outcome}`));
  for (const each of report.checked) lines.push(`  checked      ${printable(each)}`);
  for (const each of report.notChecked) lines.push(`  not checked  ${printable(each)}`);
  return `${lines.join("\n")}\n`;
}

/** Text of a file that is not trusted must not steer the terminal. */
function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what it takes out
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "�");
}
