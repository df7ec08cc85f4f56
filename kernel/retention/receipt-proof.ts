import { createHash } from "node:crypto";
import { sql } from "kysely";
import type { ProofBundle } from "@probity/verify";
import { canonicalText } from "../ledger/canonical.ts";
import { proofBundle } from "../ledger/checkpoint-proof.ts";
import type { Tx } from "../work/door.ts";
import { doorProblem } from "../work/error.ts";
import { query } from "../work/query.ts";
import { erasureAction } from "./erasure.ts";

/**
 * An erasure's receipt with the proof that the log holds it: the leaf that commits to it, its way to a signed checkpoint. It
 * verifies without this server, and names nobody. Undefined until a checkpoint covers the leaf.
 */
export async function receiptProof(tx: Tx, id: string): Promise<ProofBundle | undefined> {
  const row = await tx.first(query.selectFrom("kernel.erasure").select("receipt").where("id", "=", id));
  if (typeof row?.receipt !== "object" || row.receipt === null) throw doorProblem.not_found();
  const hash = createHash("sha256").update(canonicalText(row.receipt)).digest("hex");
  const event = await tx.first(
    query
      .selectFrom("kernel.ledger_event as e")
      .innerJoin("kernel.ledger_opening as o", (join) =>
        join.onRef("o.tenant_id", "=", "e.tenant_id").onRef("o.leaf_id", "=", "e.leaf_id"),
      )
      .select(["e.seq", "e.leaf", "o.openings"])
      .where("e.action", "=", erasureAction)
      .where(sql<boolean>`o.openings #>> '{receipt,value}' = ${`"${hash}"`}`),
  );
  if (event === undefined) return undefined;
  const { seq, leaf, openings } = event;
  const proof = await proofBundle(tx, { index: Number(seq), leaf, openings });
  return proof && { ...proof, enclosed: { field: "receipt", document: { ...row.receipt } } };
}
