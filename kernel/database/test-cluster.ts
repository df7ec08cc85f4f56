import { existsSync, mkdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { type AdminConfig, startCluster } from "./cluster.ts";
import { findBinaries } from "./cluster-binaries.ts";
import { errorCode } from "./cluster-error.ts";
import { prepareFolder } from "./cluster-folder.ts";
import { waitForLock } from "./cluster-lock.ts";
import { clearLeftovers, readPostmasterFile } from "./cluster-process.ts";
import type { ClusterSettings } from "./cluster-settings.ts";
import { testMemory } from "./test-place.ts";

/** The superuser's way into the database tests run on. */
export interface TestCluster {
  readonly adminConfig: AdminConfig;
}

const ROOT = join(import.meta.dirname, "..", "..");
const FOLDER = join(testMemory(ROOT) ?? join(ROOT, ".cache"), "test-postgres");
const LOCK_SECONDS = 120;

/** Of no use to data that nobody keeps, and each a share of the processor: none of it is what tests are about. */
const SETTINGS: ClusterSettings = {
  fsync: false,
  synchronous_commit: false,
  full_page_writes: false,
  // Compressing the log of a copied template takes ten times as long as copying it.
  wal_compression: false,
  wal_level: "minimal",
  max_wal_senders: 0,
  // In memory a log that is kept is memory.
  max_wal_size: "256MB",
  min_wal_size: "32MB",
  // A worker of it in each of the many databases; a test that needs statistics makes them.
  autovacuum: false,
  // Both ends of each of the thousands of connections compute this many hashes.
  scram_iterations: 1,
  max_connections: 200,
};

/**
 * One PostgreSQL for all test processes of this checkout. Whoever comes first starts it, the others join, and it keeps
 * running for the next run until {@link stopTestCluster}. With PROBITY_TEST_DATABASE_URL set it is that server instead.
 * Not durable: a crash may lose everything, which is what makes it fast.
 */
export async function acquireTestCluster(): Promise<TestCluster> {
  const external = process.env["PROBITY_TEST_DATABASE_URL"];
  if (external !== undefined && external !== "") return { adminConfig: parseUrl(external) };
  return underLock(async () => {
    const running = await runningConfig();
    if (running !== undefined) return { adminConfig: running };
    const cluster = await startCluster({
      folder: FOLDER,
      leaveRunning: true,
      settings: SETTINGS,
    });
    return { adminConfig: cluster.adminConfig };
  });
}

/** Ends the shared test PostgreSQL, whichever process started it. Harmless when none runs. */
export async function stopTestCluster(): Promise<void> {
  if (!existsSync(FOLDER)) return;
  await underLock(async () => {
    const where = prepareFolder(FOLDER);
    await clearLeftovers(where.dataFolder, findBinaries(where.account, join(where.place, "lib")), where.account);
  });
}

async function underLock<T>(act: () => Promise<T>): Promise<T> {
  mkdirSync(FOLDER, { recursive: true, mode: 0o711 });
  const lock = await waitForLock(join(FOLDER, "test.lock"), LOCK_SECONDS);
  try {
    return await act();
  } finally {
    lock.release();
  }
}

async function runningConfig(): Promise<AdminConfig | undefined> {
  const file = readPostmasterFile(prepareFolder(FOLDER).dataFolder);
  if (file === undefined || !file.ready) return undefined;
  const config: AdminConfig = {
    host: file.socketFolder === "" ? "127.0.0.1" : file.socketFolder,
    port: file.port,
    user: "postgres",
    password: await readFile(join(FOLDER, "superuser.password"), "utf8"),
    database: "postgres",
  };
  const client = new pg.Client({ ...config, connectionTimeoutMillis: 5_000 });
  try {
    await client.connect();
    await client.end();
    return config;
  } catch (error) {
    // Nobody listens any more: the file is left over, and a start will clear it away.
    if (["ENOENT", "ECONNREFUSED"].includes(errorCode(error) ?? "")) return undefined;
    throw error;
  }
}

function parseUrl(url: string): AdminConfig {
  const { host, port, user, password, database } = new pg.Client({ connectionString: url });
  return {
    host,
    port,
    user: user ?? "postgres",
    password: password ?? "",
    database: database ?? "postgres",
  };
}
