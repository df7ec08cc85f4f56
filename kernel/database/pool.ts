import type { KeyObject } from "node:crypto";
import { Client, Pool, types, type ClientConfig, type PoolConfig } from "pg";
import { rolePassword, type LoginRole } from "./roles.ts";
import { timeDate } from "./time.ts";

// A calendar day has no zone: as a JavaScript Date it would move a day west of Greenwich.
types.setTypeParser(types.builtins.DATE, (text) => text);

types.setTypeParser(types.builtins.TIMESTAMPTZ, timeDate);

/** Where the database is; each pool signs in with a role of its own. */
export type DatabaseAddress = Pick<ClientConfig, "host" | "port" | "database" | "ssl">;

/** What a connection of the given role signs in with. */
export function clientConfig(address: DatabaseAddress, rootKey: KeyObject, role: LoginRole): ClientConfig {
  return { ...address, user: role, password: rolePassword(rootKey, role), application_name: `probity ${role}` };
}

/** A pool that signs in as the given role. Connections that break are dropped and made anew. */
export function openPool(
  address: DatabaseAddress,
  rootKey: KeyObject,
  role: LoginRole,
  options: PoolConfig = {},
): Pool {
  const pool = new Pool({
    ...clientConfig(address, rootKey, role),
    max: 10,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 60_000,
    ...options,
  });
  // An idle connection that dies (a restart of PostgreSQL) is the pool's to replace; a query on it fails by itself.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  return pool;
}

/** A connection outside every pool. When it breaks, what runs on it fails; nothing else does. */
export async function openClient(config: ClientConfig): Promise<Client> {
  const client = new Client(config);
  // Without a listener an 'error' event ends the process, though the query that was running has failed by itself.
  client.on("error", () => undefined);
  await client.connect();
  return client;
}
