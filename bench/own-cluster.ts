import { mkdirSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { startCluster } from "../kernel/database/cluster.ts";
import { removeInstanceFolder } from "../kernel/testing/instance-folder.ts";

/**
 * Runs `use` with test servers on a PostgreSQL of their own, set up as a product's is: on the disk, fsync and autovacuum on.
 * The tests' own one keeps nothing and gathers no statistics, and figures from it would be another machine's.
 */
export async function onOwnCluster<T>(use: () => Promise<T>): Promise<T> {
  const cache = join(import.meta.dirname, "../.cache");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "bench-cluster-"));
  const cluster = await startCluster({ folder: join(folder, "postgres") });
  const { host, port, user, password, database } = cluster.adminConfig;
  const part = encodeURIComponent;
  process.env["PROBITY_TEST_DATABASE_URL"] =
    `postgres://${part(user)}:${part(password)}@${part(host)}:${port}/${part(database)}`;
  try {
    return await use();
  } finally {
    delete process.env["PROBITY_TEST_DATABASE_URL"];
    await cluster.stop();
    await removeInstanceFolder(folder);
  }
}
