import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Client, type ClientConfig } from "pg";
import { parse } from "pg-connection-string";
import {
  ensureSetupRole,
  kernelGrants,
  migrate,
  openKernel,
  openRootKey,
  startCluster,
  writeGrants,
  type App,
  type Cluster,
  type Kernel,
  type RootKey,
} from "@probity/kernel";
import type { Config } from "./config.ts";
import { enabledApps } from "./apps.ts";

export type Instance = {
  readonly kernel: Kernel;
  readonly apps: readonly App[];
  readonly cluster: Cluster | undefined;
  /** The set-up role's way in: for migrations and the doctor. */
  readonly admin: ClientConfig;
  close(): Promise<void>;
};

/** Opens everything a server or a command needs: key, database (embedded or external), migrations, grants, kernel. */
export async function openInstance(config: Config): Promise<Instance> {
  mkdirSync(config.home, { recursive: true });
  const rootKey = openRootKey(config.home);
  const cluster =
    config.databaseUrl === undefined ? await startCluster({ folder: join(config.home, "postgres") }) : undefined;
  try {
    const admin = cluster ? await embeddedAdmin(cluster, rootKey) : externalAdmin(config.databaseUrl ?? "");
    const apps = enabledApps(config);
    const kernelFolder = { scope: "kernel", folder: join(import.meta.dirname, "../kernel/sql") };
    await migrate(admin, rootKey.key, [kernelFolder, ...apps.map((app) => app.migrations)]);
    await writeGrants(admin, rootKey.key, Object.assign({}, kernelGrants, ...apps.map((app) => app.grants)));
    const { host, port, database, ssl } = admin;
    const filesFolder = config.storage.kind === "folder" ? config.storage.folder : join(config.home, "files");
    const kernel = openKernel({ host, port, database, ...(ssl === undefined ? {} : { ssl }) }, rootKey, {
      filesFolder,
      ocr: config.ocr,
    });
    return {
      kernel,
      apps,
      cluster,
      admin,
      close: async () => {
        await kernel.close();
        await cluster?.stop();
      },
    };
  } catch (error) {
    await cluster?.stop();
    throw error;
  }
}

const databaseName = "probity";

async function embeddedAdmin(cluster: Cluster, rootKey: RootKey): Promise<ClientConfig> {
  const superuser = new Client(cluster.adminConfig);
  await superuser.connect();
  try {
    const role = await ensureSetupRole(superuser, rootKey.key, databaseName);
    return { ...cluster.adminConfig, ...role, database: databaseName };
  } finally {
    await superuser.end();
  }
}

function externalAdmin(url: string): ClientConfig {
  const { host, port, user, password, database, ssl } = parse(url);
  return {
    host: host ?? "localhost",
    port: port ? Number(port) : 5432,
    user: user ?? "",
    password: password ?? "",
    database: database ?? "postgres",
    ...sslOf(ssl),
  };
}

/** `sslmode=verify-full` and its kin: outside the embedded mode the connection is verified unless the address says no-verify. */
function sslOf(ssl: ReturnType<typeof parse>["ssl"]): Pick<ClientConfig, "ssl"> {
  if (ssl === undefined || ssl === false || ssl === "false") return {};
  return typeof ssl === "object"
    ? { ssl: { rejectUnauthorized: !("rejectUnauthorized" in ssl && ssl.rejectUnauthorized === false) } }
    : { ssl: true };
}
