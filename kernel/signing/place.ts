import { logState } from "../ledger/checkpoint-proof.ts";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";

/**
 * How far the proof of a signature is: its leaf waits for its place, has it, or lies under a signed checkpoint of `size`
 * leaves, from when on it verifies without this server.
 */
export type ProofPlace = {
  readonly state: "waiting" | "placed" | "signed";
  readonly leaf: number | null;
  readonly size: number | null;
};

/** Of each of these signatures, by its id. */
export async function proofPlaces(tx: Tx, signatures: readonly string[]): Promise<ReadonlyMap<string, ProofPlace>> {
  const waiting: ProofPlace = { state: "waiting", leaf: null, size: null };
  const places = new Map(signatures.map((id) => [id, waiting]));
  if (signatures.length === 0) return places;
  const head = await logState(tx);
  const events = await tx.all(
    query
      .selectFrom("kernel.ledger_event")
      .select(["row_id", "seq"])
      .where("action", "=", "kernel.signature.made")
      .where("row_id", "in", [...signatures]),
  );
  for (const { row_id: id, seq } of events) {
    const leaf = Number(seq);
    const covered = head !== undefined && leaf < head.size;
    if (id !== null) places.set(id, { state: covered ? "signed" : "placed", leaf, size: covered ? head.size : null });
  }
  return places;
}
