import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Client, type ClientConfig } from "pg";
import { ensureSetupRole } from "../database/roles.ts";
import { rootKeyOf } from "../vault/root-key.ts";
import { migrate, type MigrationFolder } from "../database/migrate.ts";
import { isAlive } from "../database/cluster-lock.ts";
import { acquireTestCluster } from "../database/test-cluster.ts";

/** Root key of every test database: roles belong to the cluster, so their passwords must agree between test files. */
export const testRootKey = rootKeyOf(createHash("sha256").update("probity test root key").digest());

const kernelFolder: MigrationFolder = {
  scope: "kernel",
  folder: join(import.meta.dirname, "../sql"),
};
const retry = { attempts: 50, pauseMs: 200 };
/** As many states of the SQL files and sets of apps as are kept for the next run. */
const keptTemplates = 12;

/**
 * A fresh database for one test file, cloned from a template that holds the kernel's migrations and the given apps'.
 * The template is made once per state of the SQL files. `own` is the superuser's way into a PostgreSQL of the test's own.
 */
export async function createTestDatabase(
  apps: readonly MigrationFolder[] = [],
  own?: ClientConfig,
): Promise<{ admin: ClientConfig; drop: () => Promise<void> }> {
  const adminConfig = await (own === undefined ? sharedSetup() : setupConfig(own));
  const folders = [kernelFolder, ...apps];
  const template = `probity_template_${fingerprint(folders)}`;
  const name = `probity_test_${process.pid}_${Date.now().toString(36)}_${Math.floor(Math.random() * 1e6).toString(36)}`;
  const root = new Client(adminConfig);
  await root.connect();
  try {
    await root.query("select pg_advisory_lock(7071, 9)");
    const found = await root.query("select datistemplate from pg_database where datname = $1", [template]);
    if (!found.rows[0]?.datistemplate) {
      if (found.rowCount) await root.query(`drop database ${root.escapeIdentifier(template)} with (force)`);
      await root.query(`create database ${root.escapeIdentifier(template)}`);
      await migrate({ ...adminConfig, database: template }, testRootKey.key, folders);
      await root.query(`alter database ${root.escapeIdentifier(template)} is_template true`);
      // Of a server elsewhere, processes of other machines may be using them.
      if (!process.env["PROBITY_TEST_DATABASE_URL"]) await dropLeftovers(root);
    }
    await cloneTemplate(root, template, name);
  } finally {
    await root.end();
  }
  return {
    admin: { ...adminConfig, database: name },
    drop: () => dropDatabase(adminConfig, name),
  };
}

/** Whenever a template is made: those of files as they were long ago, and databases of test processes that were killed. */
async function dropLeftovers(root: Client): Promise<void> {
  const found = await root.query<{ datname: string; old: boolean }>(
    `select datname, row_number() over (partition by datistemplate order by oid desc) > $1 as old from pg_database
     where datname ~ '^probity_(template|test)_'`,
    [keptTemplates],
  );
  for (const { datname, old } of found.rows) {
    const pid = /^probity_test_(\d+)_/.exec(datname)?.[1];
    const isLeft = pid === undefined ? old : !isAlive(Number(pid));
    if (!isLeft) continue;
    const name = root.escapeIdentifier(datname);
    if (pid === undefined) await root.query(`alter database ${name} is_template false`);
    await root.query(`drop database ${name} with (force)`);
  }
}

/**
 * Takes a test's database away. An autovacuum worker may be in it, which a role that is no superuser can't end (42501);
 * it leaves by itself. What is proved is proved by then: a database that stays is said, and no failure.
 */
async function dropDatabase(adminConfig: ClientConfig, name: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const client = new Client(adminConfig);
    client.on("error", () => undefined);
    try {
      await client.connect();
      await client.query(`drop database if exists ${client.escapeIdentifier(name)} with (force)`);
      return;
    } catch (error) {
      if (attempt === retry.attempts) {
        process.stderr.write(`The test database ${name} was left behind: ${String(error)}\n`);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, retry.pauseMs));
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

/** Once a process: it asks for the cluster, and makes the role anew with its password. */
let setup: Promise<ClientConfig> | undefined;

async function sharedSetup(): Promise<ClientConfig> {
  setup ??= acquireTestCluster().then(({ adminConfig }) => setupConfig(adminConfig));
  try {
    return await setup;
  } catch (error) {
    setup = undefined;
    throw error;
  }
}

/** The tests' set-up role is no superuser either: what they prove holds on managed PostgreSQL too. */
async function setupConfig(adminConfig: ClientConfig): Promise<ClientConfig> {
  const superuser = new Client(adminConfig);
  await superuser.connect();
  try {
    const self = await superuser.query("select rolsuper from pg_roles where rolname = current_user");
    if (!self.rows[0]?.rolsuper) return adminConfig;
    await superuser.query("select pg_advisory_lock(7071, 8)");
    return {
      ...adminConfig,
      ...(await ensureSetupRole(superuser, testRootKey.key, "probity_admin")),
      database: "probity_admin",
    };
  } finally {
    await superuser.end();
  }
}

/** CREATE DATABASE refuses while anybody is connected to the template; the migrator's connections may linger a moment. */
async function cloneTemplate(root: Client, template: string, name: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const [own, from] = [root.escapeIdentifier(name), root.escapeIdentifier(template)];
      // Copied as files: by way of the log, each page would be read, written down and written.
      await root.query(`create database ${own} template ${from} strategy file_copy`);
      return;
    } catch (error) {
      if (attempt === retry.attempts) throw error;
      await new Promise((resolve) => setTimeout(resolve, retry.pauseMs));
    }
  }
}

function fingerprint(folders: readonly MigrationFolder[]): string {
  const hash = createHash("sha256");
  for (const { scope, folder } of folders) {
    for (const file of readdirSync(folder)
      .filter((each) => each.endsWith(".sql"))
      .toSorted()) {
      hash
        .update(`${scope}/${file}\0`)
        .update(readFileSync(join(folder, file)))
        .update("\0");
    }
  }
  return hash.digest("hex").slice(0, 16);
}
