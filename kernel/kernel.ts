import type { Pool } from "pg";
import { systemToken } from "./access/role.ts";
import { clientConfig, openPool, type DatabaseAddress } from "./database/pool.ts";
import { LocalBlobStore, type BlobStore } from "./files/blob-store.ts";
import { ExtractionPool } from "./files/extract-pool.ts";
import { FileVault } from "./files/file-vault.ts";
import { defaultFileLimits, type FileLimits } from "./files/limit.ts";
import { AccessBuffer } from "./ledger/access-buffer.ts";
import { Sequencer } from "./ledger/sequencer.ts";
import { defaultAccountLimits, type AccountLimits } from "./limits/account-limit.ts";
import { InstanceLimits } from "./policy/instance.ts";
import type { Credential, Source } from "./work/credential.ts";
import { Door } from "./work/door.ts";
import { Lanes } from "./work/lane.ts";
import type { RootKey } from "./vault/root-key.ts";
import { TenantKeyring } from "./vault/tenant-key.ts";

/** What every part of a running server shares. */
export type Kernel = {
  readonly door: Door;
  readonly access: AccessBuffer;
  readonly sequencer: Sequencer;
  /** Sees schema identity, people and their sessions, and nothing else. */
  readonly identityPool: Pool;
  /** Reads all tenants, for unsafeAcrossTenants alone. */
  readonly acrossPool: Pool;
  readonly blobs: BlobStore;
  /** graphile-worker's own. */
  readonly workerPool: Pool;
  readonly rootKey: RootKey;
  readonly keyring: TenantKeyring;
  readonly files: FileVault;
  readonly extraction: ExtractionPool;
  readonly limits: FileLimits;
  /** In force now; what the operator sets is read by `follow`. */
  readonly accountLimits: InstanceLimits;
  readonly address: DatabaseAddress;
  system(workspace: string, source?: Source): Credential & { kind: "system" };
  close(): Promise<void>;
};

export type KernelOptions = {
  /** Where sealed files lie. */
  readonly filesFolder: string;
  readonly poolSize?: number;
  readonly limits?: FileLimits;
  readonly accountLimits?: AccountLimits;
  readonly ocr?: boolean;
};

export function openKernel(address: DatabaseAddress, rootKey: RootKey, options: KernelOptions): Kernel {
  const keyring = new TenantKeyring(rootKey);
  const limits = options.limits ?? defaultFileLimits;
  const extraction = new ExtractionPool({ limits, ocr: options.ocr ?? false });
  const connections = options.poolSize ?? 10;
  // A few connections carry the short reads and writes of many callers at once; the rest are one caller's at a time.
  const laneCount = connections >= 4 ? Math.floor(connections * 0.4) : 0;
  const appPool = openPool(address, rootKey.key, "probity_app", { max: connections - laneCount });
  const lanes = new Lanes(clientConfig(address, rootKey.key, "probity_app"), laneCount);
  const bufferPool = openPool(address, rootKey.key, "probity_app", { max: 1 });
  const identityPool = openPool(address, rootKey.key, "probity_identity", { max: 4 });
  const workerPool = openPool(address, rootKey.key, "probity_worker", { max: 5 });
  const acrossPool = openPool(address, rootKey.key, "probity_across", { max: 1 });
  const blobs = new LocalBlobStore(options.filesFolder);
  const access = new AccessBuffer(bufferPool, systemToken(rootKey.key));
  const sequencer = new Sequencer(workerPool);
  return {
    door: new Door(appPool, access, lanes),
    access,
    sequencer,
    identityPool,
    workerPool,
    acrossPool,
    blobs,
    rootKey,
    keyring,
    files: new FileVault(blobs, keyring),
    extraction,
    limits,
    accountLimits: new InstanceLimits(options.accountLimits ?? defaultAccountLimits),
    address,
    system: (workspace, source) => ({
      kind: "system",
      token: systemToken(rootKey.key),
      workspace,
      source: source ?? { address: null, requestId: "system" },
    }),
    close: async () => {
      await access.flush();
      await sequencer.stop();
      await extraction.close();
      await lanes.end();
      await Promise.all([appPool, bufferPool, identityPool, workerPool, acrossPool].map((pool) => pool.end()));
    },
  };
}
