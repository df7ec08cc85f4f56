import { sql } from "kysely";
import type { Kernel } from "../../kernel.ts";
import type { Credential } from "../../work/credential.ts";
import type { Tx } from "../../work/door.ts";
import { query } from "../../work/query.ts";
import { deliver } from "./deliver.ts";
import { logOrigin, outgoingEvents } from "./event.ts";
import type { Outside } from "./receiver.ts";
import { openStream } from "./stream.ts";

/** An event its receiver would not have: the stream went on, and this waits for somebody to send it again. */
export type Letter = {
  readonly id: string;
  readonly seq: number;
  readonly leafHash: string;
  readonly problem: string;
  readonly at: Date;
};

const change = "kernel.stream.change";
const mostAtOnce = 20;

/** Letters of a stream that wait, in the order of the log. */
export async function openLetters(tx: Tx, streamId: string): Promise<Letter[]> {
  const rows = await tx.all(
    query
      .selectFrom("kernel.stream_letter")
      .select(["id", "seq", "leaf_hash", "problem", "at"])
      .where("stream_id", "=", streamId)
      .where("settled_at", "is", null)
      .orderBy("seq")
      .limit(500),
  );
  return rows.map((row) => ({
    id: row.id,
    seq: Number(row.seq),
    leafHash: row.leaf_hash.toString("hex"),
    problem: row.problem,
    at: row.at,
  }));
}

/** Sends waiting letters again, each by itself, and stops at the first that is refused again. */
export async function sendLetters(
  kernel: Kernel,
  credential: Credential,
  streamId: string,
  options: { readonly host: string; readonly outside: Outside },
): Promise<{ sent: number; left: number }> {
  const { stream, letters, events } = await kernel.door.work(credential, change, async (tx) => {
    const stream = await openStream(tx, kernel.keyring, streamId);
    const letters = await openLetters(tx, streamId);
    const origin = await logOrigin(tx, options.host);
    const events = [];
    for (const { seq } of letters.slice(0, mostAtOnce))
      events.push(...(await outgoingEvents(tx, { from: seq, count: 1 }, { origin, personal: stream.personal })));
    return { stream, letters, events };
  });
  const taken: string[] = [];
  for (const event of events) {
    const delivery = await deliver(stream, [event], options.outside);
    const letter = letters.find((each) => each.seq === event.seq);
    if (delivery.state !== "taken" || letter === undefined) break;
    taken.push(letter.id);
  }
  if (letters.length > 0) {
    await kernel.door.work(credential, change, async (tx) => {
      const outcome = taken.length === events.length ? "done" : "failed";
      await tx.record({
        action: "kernel.stream.send_letter",
        outcome,
        fields: { stream: streamId, sent: taken.length },
      });
      for (const id of taken) await tx.all(query.selectNoFrom(sql`kernel.settle_letter(${id})`.as("settled")));
    });
  }
  return { sent: taken.length, left: letters.length - taken.length };
}
