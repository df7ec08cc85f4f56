import type { KeyObject } from "node:crypto";
import { Client, type ClientConfig } from "pg";
import type { Cluster } from "./cluster.ts";
import { ensureSetupRole } from "./roles.ts";

/** Named so that code outside the kernel can hold it without knowing pg. */
export type AdminConfig = ClientConfig;

const databaseName = "probity";

/** The set-up role of the embedded PostgreSQL: made by its superuser at first start, an ordinary role from then on. */
export async function embeddedAdmin(cluster: Cluster, rootKey: KeyObject): Promise<ClientConfig> {
  const superuser = new Client(cluster.adminConfig);
  await superuser.connect();
  try {
    const role = await ensureSetupRole(superuser, rootKey, databaseName);
    return { ...cluster.adminConfig, ...role, database: databaseName };
  } finally {
    await superuser.end();
  }
}

/** The set-up role of an external PostgreSQL, as DATABASE_URL names it: LOGIN CREATEROLE CREATEDB, no superuser. */
export function externalAdmin(url: string): ClientConfig {
  // pg reads the address; nothing is connected.
  const { host, port, user, password, database, ssl } = new Client({ connectionString: url });
  return { host, port, user: user ?? "", password: password ?? "", database: database ?? "postgres", ...sslOf(ssl) };
}

/** Outside the embedded mode the connection is verified unless the address itself says no-verify (ENC-04). */
function sslOf(ssl: unknown): Pick<ClientConfig, "ssl"> {
  if (ssl === undefined || ssl === null || ssl === false || ssl === "false") return {};
  if (typeof ssl !== "object") return { ssl: true };
  return { ssl: { rejectUnauthorized: !("rejectUnauthorized" in ssl && ssl.rejectUnauthorized === false) } };
}
