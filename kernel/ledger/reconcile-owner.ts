import type { Client, ClientConfig } from "pg";
import { openClient } from "../database/pool.ts";
import { systemActorId } from "../work/credential.ts";
import { findingWords, type ReconcileFinding } from "./reconcile.ts";

/** What the owner of the database finds when the log and the tables of one workspace are compared. */
export type OwnerFinding = {
  readonly workspace: string;
  readonly kind: string;
  readonly place: string;
  /** What it means, in a sentence. */
  readonly words: string;
};

/**
 * Compares every workspace's log with its tables as the owner of the database, without a server and without its key. Reads
 * only: each workspace in a transaction that is rolled back.
 */
export async function reconcileAsOwner(
  admin: ClientConfig,
): Promise<{ workspaces: number; events: number; changes: number; findings: OwnerFinding[] }> {
  const client = await openClient({ ...admin, application_name: "probity doctor" });
  try {
    const outcome = { workspaces: 0, events: 0, changes: 0, findings: new Array<OwnerFinding>() };
    await client.query("begin read only");
    await client.query("set local role probity_door");
    const workspaces = await client.query<{ id: string }>(
      "select id from kernel.workspace where closed_at is null order by id",
    );
    await client.query("rollback");
    for (const { id } of workspaces.rows) {
      const { events, changes, findings } = await reconcileOne(client, id);
      outcome.workspaces += 1;
      outcome.events += events;
      outcome.changes += changes;
      outcome.findings.push(...findings);
    }
    return outcome;
  } finally {
    await client.end();
  }
}

async function reconcileOne(client: Client, workspace: string) {
  await client.query("begin read only");
  try {
    await client.query("set local role probity_door");
    await client.query("select kernel.bind($1, $2, 'kernel.ledger.reconcile')", [workspace, systemActorId]);
    await client.query("set local role probity_owner");
    const found = await client.query<{
      kind: ReconcileFinding["kind"];
      seq: string | null;
      record: string | null;
      row_id: string | null;
      version: number | null;
    }>(
      `select kind, seq, record, row_id, version from kernel.reconcile_log()
       union all select kind, seq, record, row_id, version from kernel.reconcile_rows() where kind <> 'counted'`,
    );
    const counts = await client.query<{ events: string; changes: string }>("select * from kernel.reconcile_counts()");
    return {
      events: Number(counts.rows[0]?.events ?? 0),
      changes: Number(counts.rows[0]?.changes ?? 0),
      findings: found.rows.map(({ kind, seq, record, row_id, version }) => ({
        workspace,
        kind,
        words: findingWords[kind],
        place: [seq === null ? null : `event ${seq}`, record, row_id, version === null ? null : `version ${version}`]
          .filter((part) => part !== null)
          .join(" "),
      })),
    };
  } finally {
    await client.query("rollback");
  }
}
