import type { ProofBundle } from "@probity/verify";
import { openingsOf, proofBundle } from "../ledger/checkpoint-proof.ts";
import { commitment } from "../ledger/leaf.ts";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";

/** What a file that leaves shows of a signature: what is printed anyway. Where and how it was proved stays closed. */
const shown = new Set([
  "record",
  "row",
  "version",
  "recordHash",
  "signer",
  "printedName",
  "role",
  "step",
  "meaning",
  "reasonCode",
  "reason",
  "signedAt",
  "zone",
  "manifestHash",
]);

/** A signature's proof, by the signature's id. */
export type SignatureProof = { readonly signature: string; readonly proof: ProofBundle };

/**
 * Proofs of signatures to attach to a file, so that they verify without this server. A signature whose leaf no signed
 * checkpoint covers yet is left out: a second later it is covered.
 */
export async function signatureProofs(tx: Tx, signatures: readonly string[]): Promise<SignatureProof[]> {
  if (signatures.length === 0) return [];
  const events = await tx.all(
    query
      .selectFrom("kernel.ledger_event as e")
      .leftJoin("kernel.ledger_opening as o", (join) =>
        join.onRef("o.tenant_id", "=", "e.tenant_id").onRef("o.leaf_id", "=", "e.leaf_id"),
      )
      .select(["e.seq", "e.leaf", "e.row_id", "o.openings"])
      .where("e.action", "=", "kernel.signature.made")
      .where("e.row_id", "in", [...signatures])
      .orderBy("e.seq"),
  );
  const proofs: SignatureProof[] = [];
  for (const { seq, leaf, row_id: signature, openings } of events) {
    // oxlint-disable-next-line no-await-in-loop -- a handful, over one connection
    const proof = await proofBundle(tx, { index: Number(seq), leaf, openings: closedOpenings(openings) });
    if (proof !== undefined && signature !== null) proofs.push({ signature, proof });
  }
  return proofs;
}

function closedOpenings(stored: unknown): unknown {
  const open = openingsOf(stored);
  if (open === undefined) return stored;
  return Object.fromEntries(
    Object.entries(open).map(([name, field]) => {
      if (shown.has(name) || !("salt" in field) || !("value" in field)) return [name, field];
      const hash = commitment(Buffer.from(field.salt, "base64url"), name, field.value);
      return [name, { commitment: hash.toString("base64url") }];
    }),
  );
}
