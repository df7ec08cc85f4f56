import type { Compilable, InferResult } from "kysely";
import type { Pool } from "pg";
import { runBatch } from "./batch.ts";
import { instanceTenantId, type Credential } from "./credential.ts";
import type { Door } from "./door.ts";
import { rowsOf } from "./query.ts";

export type AcrossReader = { all<Q extends Compilable<unknown>>(query: Q): Promise<InferResult<Q>> };

/**
 * Reads governed tables of all tenants: for housekeeping of the instance, never for a person. A role and pool of its own,
 * which may only read; the reason is in the instance's ledger before the first row is seen.
 */
export async function unsafeAcrossTenants<T>(
  kernel: { door: Door; acrossPool: Pool; system(workspace: string): Credential },
  reason: string,
  run: (reader: AcrossReader) => Promise<T>,
): Promise<T> {
  await kernel.door.work(kernel.system(instanceTenantId), "kernel.across.read", (tx) =>
    tx.record({ action: "kernel.across.read", fields: { reason } }),
  );
  const client = await kernel.acrossPool.connect();
  try {
    await runBatch(client, [{ sql: "begin read only", parameters: [] }]);
    const result = await run({
      all: async <Q extends Compilable<unknown>>(query: Q) => {
        const { sql, parameters } = query.compile();
        const [rows] = await runBatch(client, [{ sql, parameters }]);
        return rowsOf<Q>(rows ?? []);
      },
    });
    await runBatch(client, [{ sql: "commit", parameters: [] }]);
    client.release();
    return result;
  } catch (error) {
    // Nothing was written: the connection is simply not used again.
    client.release(true);
    throw error;
  }
}
