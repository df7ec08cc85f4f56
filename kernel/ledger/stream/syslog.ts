import { hostname } from "node:os";
import { finished } from "node:stream/promises";
import { Problem } from "../../work/problem.ts";
import { connectOutside, hostPortOf } from "./tls-outside.ts";
import type { Delivery, Outside, Receiver } from "./receiver.ts";

/** What a line says of its event besides the message. */
export type SyslogLine = { readonly at: string; readonly seq: number; readonly failed: boolean; readonly body: string };

/** Facility 13 is "log audit" (RFC 5424 §6.2.1); a refusal is a warning, anything else is for information. */
const facility = 13;
const [warning, informational] = [4, 6];
const largestSequence = 2_147_483_647;

/**
 * One event as RFC 5424 writes it. The structured data are two registered elements, so that no private enterprise number is
 * borrowed; the event itself is the message, JSON in pure ASCII, which needs no byte order mark (§6.4).
 */
export function syslogText(line: SyslogLine, host = hostname()): string {
  const priority = facility * 8 + (line.failed ? warning : informational);
  // §7.3.1: 1 … 2147483647, then 1 again.
  const sequence = (line.seq % largestSequence) + 1;
  const name = host.replaceAll(/[^\x21-\x7e]/g, "").slice(0, 255) || "-";
  return `<${priority}>1 ${line.at} ${name} probity ${process.pid} ledger [origin software="Probity"][meta sequenceId="${sequence}"] ${ascii(line.body)}`;
}

/** Octet counting: the length in bytes, a space, the message (RFC 5425 §4.3, RFC 6587 §3.4.1). */
export function framed(text: string): Buffer {
  const bytes = Buffer.from(text, "utf8");
  return Buffer.concat([Buffer.from(`${bytes.length} `), bytes]);
}

function ascii(json: string): string {
  return json.replaceAll(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/**
 * Sends lines over one TLS connection and closes it. Syslog has no acknowledgement: what is taken for one is that the
 * receiver read to our end and closed its side without an error. Anything else sends the same lines again.
 */
export async function sendSyslog(
  receiver: Receiver,
  lines: readonly SyslogLine[],
  outside: Outside,
): Promise<Delivery> {
  const target = hostPortOf(receiver.address);
  if (target === undefined) return { state: "failed", problem: "The address is not host:port" };
  const signal = AbortSignal.timeout((outside.timeoutSeconds ?? 20) * 1000);
  try {
    const socket = await connectOutside(target, { ...outside, ...receiver, signal });
    // Nothing is expected, but the other side's end is seen only by who reads.
    socket.resume();
    socket.end(Buffer.concat(lines.map((line) => framed(syslogText(line)))));
    await finished(socket);
    return { state: "taken" };
  } catch (error) {
    if (error instanceof Problem) return { state: "failed", problem: error.detail };
    return { state: "failed", problem: signal.aborted ? "The receiver took too long" : said(error) };
  }
}

/** What went wrong, in words that help to put it right and show nothing of this machine. */
function said(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return `The connection failed${/^[A-Z0-9_]{3,60}$/.test(code) ? ` (${code})` : ""}`;
}
