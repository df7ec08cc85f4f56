import { systemActorId } from "../work/credential.ts";
import { makeLeaf } from "./leaf.ts";
import type { PublishStore } from "./publish-store.ts";

export const clusterAction = "kernel.ledger.cluster.changed";

/** That the database lies on another cluster than before becomes a leaf of every log: a copy was read back, or it moved. */
export async function noteCluster(store: PublishStore, before: string, now: string): Promise<void> {
  const logs = (await store.call("select kernel.ledger_logs($1) as id", [])).map((row) => String(row["id"]));
  const leaves = logs.map((tenantId) =>
    makeLeaf(
      { tenantId, actorId: systemActorId },
      { address: null, requestId: "cluster" },
      { action: clusterAction, fields: { before, now } },
    ),
  );
  const openings = leaves.map((leaf) => JSON.stringify(leaf.openings));
  const bytes = leaves.map((leaf) => leaf.bytes);
  await store.call("select kernel.ledger_note_cluster($1, $2, $3, $4, $5)", [now, logs, bytes, openings]);
}
