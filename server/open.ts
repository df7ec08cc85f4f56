import { mkdirSync } from "node:fs";
import { join } from "node:path";
import {
  declaredGrants,
  embeddedAdmin,
  externalAdmin,
  judgeDatabase,
  migrate,
  openKernel,
  openRootKey,
  refuseStart,
  shapesOf,
  startCluster,
  writeGrants,
  type AdminConfig,
  type App,
  type Cluster,
  type Finding,
  type Kernel,
} from "@probity/kernel";
import type { Sealer } from "@probity/seal";
import { enabledApps } from "./apps.ts";
import { ConfigError, type Config } from "./config.ts";
import { openInstanceSealer } from "./seal.ts";

export type Instance = {
  readonly kernel: Kernel;
  readonly apps: readonly App[];
  /** Seals documents that leave the instance. */
  readonly sealer: Sealer;
  readonly cluster: Cluster | undefined;
  /** The set-up role's way in: for migrations, the judge and the doctor. */
  readonly admin: AdminConfig;
  /** What the judge found that does not stop the start: it degrades its control. */
  readonly findings: readonly Finding[];
  close(): Promise<void>;
};

/** Opens everything a server or a command needs: key, database (embedded or external), migrations, grants, judge, kernel. */
export async function openInstance(config: Config): Promise<Instance> {
  // Traversable, not readable: as root, PostgreSQL runs under an account of its own and must reach its folder.
  mkdirSync(config.home, { recursive: true, mode: 0o711 });
  if (config.kms.kind !== "file")
    throw new ConfigError(
      "PROBITY_KMS names a key service, which this release can't use yet. Nothing was started. Unset it, or name a key file.",
    );
  if (config.storage.kind !== "folder")
    throw new ConfigError(
      "PROBITY_STORAGE names a bucket, which this release can't use yet. Nothing was started. Unset it, or name a folder.",
    );
  const rootKey = openRootKey(config.kms.file);
  const sealer = await openInstanceSealer(config, rootKey);
  const cluster =
    config.databaseUrl === undefined ? await startCluster({ folder: join(config.home, "postgres") }) : undefined;
  try {
    const admin = cluster ? await embeddedAdmin(cluster, rootKey.key) : externalAdmin(config.databaseUrl ?? "");
    const apps = enabledApps(config, sealer);
    const kernelFolder = { scope: "kernel", folder: join(import.meta.dirname, "../kernel/sql") };
    await migrate(admin, rootKey.key, [kernelFolder, ...apps.map((app) => app.migrations)]);
    await writeGrants(admin, rootKey.key, declaredGrants(apps));
    const findings = refuseStart(await judgeDatabase(admin, shapesOf(apps.flatMap((app) => app.records))));
    const { host, port, database, ssl } = admin;
    const address = { host, port, database, ...(ssl === undefined ? {} : { ssl }) };
    const kernel = openKernel(address, rootKey, {
      filesFolder: config.storage.folder,
      ocr: config.ocr,
      accountLimits: config.accountLimits,
    });
    return {
      kernel,
      apps,
      sealer,
      cluster,
      admin,
      findings,
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
