import type { OutgoingEvent } from "./event.ts";
import { jsonOf } from "./event.ts";
import { ocsfOf } from "./ocsf.ts";
import { merkleRoot } from "../merkle.ts";
import type { Delivery, Outside } from "./receiver.ts";
import type { OpenStream, StreamFormat } from "./stream.ts";
import { sendSyslog } from "./syslog.ts";
import { sendWebhook } from "./webhook.ts";

/** Sends a batch to its receiver, in the stream's format and in order. */
export async function deliver(
  stream: OpenStream,
  events: readonly OutgoingEvent[],
  outside: Outside,
): Promise<Delivery> {
  const bodies = events.map((event) => bodyOf(stream.format, event));
  if (stream.kind === "syslog") {
    const lines = events.map((event, index) => ({
      at: event.at,
      seq: event.seq,
      failed: event.outcome !== "done",
      body: JSON.stringify(bodies[index]),
    }));
    return sendSyslog(stream, lines, outside);
  }
  const [first, last] = [events[0], events.at(-1)];
  if (first === undefined || last === undefined) return { state: "taken" };
  const body = {
    type: "ledger.events",
    timestamp: last.at,
    data: { log: first.origin, from: first.seq, to: last.seq + 1, format: stream.format, events: bodies },
  };
  return sendWebhook(stream, { id: messageId(events), body: JSON.stringify(body) }, outside);
}

/** A message that says it is none of the log's, for trying a receiver out. */
export async function deliverTest(stream: OpenStream, at: Date, id: string, outside: Outside): Promise<Delivery> {
  const said = { type: "ledger.test", timestamp: at.toISOString(), data: { text: "A test from Probity." } };
  const body = JSON.stringify(said);
  return stream.kind === "syslog"
    ? sendSyslog(stream, [{ at: at.toISOString(), seq: 0, failed: false, body }], outside)
    : sendWebhook(stream, { id, body }, outside);
}

/** The same batch has the same id each time: the RFC 6962 root over its leaf hashes, which for one event is its leaf hash. */
export function messageId(events: readonly OutgoingEvent[]): string {
  return merkleRoot(events.map((event) => Buffer.from(event.leafHash, "hex"))).toString("hex");
}

function bodyOf(format: StreamFormat, event: OutgoingEvent): Readonly<Record<string, unknown>> {
  return format === "ocsf" ? ocsfOf(event) : jsonOf(event);
}
