import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { KeyObject } from "node:crypto";
import { runMigrations as migrateWorker } from "graphile-worker";
import { Client, type ClientConfig } from "pg";
import { ensureRoles, rolePassword } from "./roles.ts";

/** One folder of numbered, named SQL files: `0007-lock-released-samples.sql`. `scope` is the kernel or an app's schema. */
export type MigrationFolder = { scope: string; folder: string };

/**
 * Files that were released with two texts, which differ in comments alone, by SHA-256: an installation remembers either. None may
 * come to these (`scripts/check/rule/released-sql.ts`).
 */
const releasedToo = new Map([
  ["kernel/0081-lean-pass.sql", "277e714b1173d3d8206ef171f6ccec90630319cd3253d13dec1159c623641960"],
]);

const fileName = /^(\d{4})-[a-z0-9-]+\.sql$/;

/**
 * Brings a database up to date: roles, graphile-worker's own schema, then every SQL file not yet run, in order, each in
 * one transaction whose first statement claims its version row. Two racing servers meet on that primary key. Files are
 * forward only; one that changed after it ran is an error.
 */
export async function migrate(admin: ClientConfig, rootKey: KeyObject, folders: MigrationFolder[]): Promise<string[]> {
  const client = new Client({ ...admin, application_name: "probity migrate" });
  await client.connect();
  const applied: string[] = [];
  try {
    await ensureRoles(client, rootKey);
    await client.query("select pg_advisory_lock(7071, 3)");
    await prepareDatabase(client, admin, rootKey);
    for (const { scope, folder } of folders) {
      for (const name of (await readdir(folder)).filter((file) => file.endsWith(".sql")).toSorted()) {
        if (!fileName.test(name)) {
          throw new Error(`${join(folder, name)} is not named like 0001-what-it-does.sql`);
        }
        if (await applyFile(client, scope, name, await readFile(join(folder, name), "utf8"))) {
          applied.push(`${scope}/${name}`);
        }
      }
    }
  } finally {
    await client.end();
  }
  return applied;
}

async function prepareDatabase(client: Client, admin: ClientConfig, rootKey: KeyObject): Promise<void> {
  const database = client.escapeIdentifier(client.database ?? "postgres");
  await client.query(`
    revoke all on database ${database} from public;
    revoke all on schema public from public;
    grant connect on database ${database} to probity_app, probity_identity, probity_worker, probity_across;
    grant create on database ${database} to probity_owner, probity_worker;
    create schema if not exists migration;
    create table if not exists migration.applied (
      scope text, file text, sha256 text not null, at timestamptz not null default now(), primary key (scope, file));
  `);
  await migrateWorker({
    connectionString: connectionString({
      ...admin,
      user: "probity_worker",
      password: rolePassword(rootKey, "probity_worker"),
      database: client.database,
    }),
  });
}

async function applyFile(client: Client, scope: string, name: string, sql: string): Promise<boolean> {
  const done = await client.query(
    "select sha256 in (encode(sha256(convert_to($3, 'UTF8')), 'hex'), $4) as same from migration.applied where scope = $1 and file = $2",
    [scope, name, sql, releasedToo.get(`${scope}/${name}`) ?? ""],
  );
  if (done.rows[0]) {
    if (!done.rows[0].same) {
      throw new Error(
        `Migration ${scope}/${name} was changed after it ran here. Put the released text back and add a new file.`,
      );
    }
    return false;
  }
  await client.query("begin");
  try {
    await client.query(
      "insert into migration.applied (scope, file, sha256) values ($1, $2, encode(sha256(convert_to($3, 'UTF8')), 'hex'))",
      [scope, name, sql],
    );
    await client.query("set local role probity_owner");
    await client.query(sql);
    await client.query("commit");
  } catch (error) {
    await client.query("rollback");
    throw new Error(`Migration ${scope}/${name} failed and changed nothing`, { cause: error });
  }
  return true;
}

/** A PostgreSQL address for libraries that take only a string. */
export function connectionString(config: ClientConfig): string {
  const url = new URL("postgres://localhost");
  url.username = encodeURIComponent(config.user ?? "");
  url.password = encodeURIComponent(typeof config.password === "string" ? config.password : "");
  url.pathname = `/${encodeURIComponent(config.database ?? "postgres")}`;
  if (config.host?.startsWith("/")) {
    url.searchParams.set("host", config.host);
  } else {
    url.hostname = config.host ?? "localhost";
  }
  if (config.port !== undefined) url.port = String(config.port);
  return url.toString();
}
