import type { Kernel } from "../kernel.ts";
import { unsafeAcrossTenants } from "../work/across.ts";
import { query } from "../work/query.ts";
import type { BlobStore } from "./blob-store.ts";

const hour = 3_600_000;

/**
 * Removes sealed bytes that no row names: what a crash between storing and naming left, or a deletion. Younger than an
 * hour they may still be on their way to their row. Answers how many went.
 */
export async function sweepBlobs(kernel: Kernel, store: BlobStore, olderThanMs: number = hour): Promise<number> {
  const stored = await store.list(new Date(Date.now() - olderThanMs));
  if (stored.length === 0) return 0;
  const named = await unsafeAcrossTenants(kernel, "Remove sealed bytes that no row names", (reader) =>
    reader.all(query.selectFrom("kernel.blob").select(["tenant_id", "content_id"]).where("deleted_at", "is", null)),
  );
  const known = new Set(named.map((row) => `${row.tenant_id}/${row.content_id}`));
  const orphans = stored.filter((each) => !known.has(`${each.tenantId}/${each.contentId}`));
  for (const { tenantId, contentId } of orphans) await store.remove(tenantId, contentId);
  return orphans.length;
}
