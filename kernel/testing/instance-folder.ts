import { readlink, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { CLEAR_PLACE } from "../database/cluster-account.ts";

/**
 * Removes the folder of an instance that a test started, with what lies elsewhere of it: where PostgreSQL's account may not
 * enter the folder, its data stand under /var/lib/probity, and a link named `moved` says where.
 */
export async function removeInstanceFolder(home: string): Promise<void> {
  const entries = await readdir(home, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (entry.name !== "moved" || !entry.isSymbolicLink()) continue;
    const place = await readlink(join(entry.parentPath, entry.name));
    if (dirname(place) === CLEAR_PLACE) await rm(place, { recursive: true, force: true });
  }
  await rm(home, { recursive: true, force: true });
}
