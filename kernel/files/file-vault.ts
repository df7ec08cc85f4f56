import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import { blobIdentity, openFrames, sealFrames } from "../vault/frame.ts";
import type { TenantKeyring, TenantKeys } from "../vault/tenant-key.ts";
import type { Tx } from "../work/door.ts";
import { doorProblem } from "../work/error.ts";
import { query } from "../work/query.ts";
import type { BlobStore } from "./blob-store.ts";
import { sha256InPieces } from "./in-pieces.ts";

/** Sealed bytes that lie in the store and wait for their row. */
export type StoredBytes = {
  readonly tenantId: string;
  readonly contentId: string;
  readonly keyId: string;
  readonly bytes: number;
  readonly kind: BlobKind;
};
export type BlobKind = "pdf" | "docx" | "doc" | "txt" | "json" | "png" | "jpeg" | "csv";
export type Blob = {
  readonly id: string;
  readonly tenantId: string;
  readonly contentId: string;
  readonly keyId: string;
  readonly bytes: number;
  readonly kind: string;
};

/**
 * Seals files on their way to the store (ENC-01). Bytes are written before the transaction that names them, and an
 * unnamed blob is found and removed by the sweep: nothing is half-stored, and no store is waited for inside a transaction.
 */
export class FileVault {
  readonly #store: BlobStore;
  readonly #keyring: TenantKeyring;

  constructor(store: BlobStore, keyring: TenantKeyring) {
    this.#store = store;
    this.#keyring = keyring;
  }

  /** Seals and stores bytes under the tenant's key. Equal bytes are one blob per tenant. */
  async store(tenantId: string, keys: TenantKeys, bytes: Uint8Array, kind: BlobKind): Promise<StoredBytes> {
    const contentId = blobIdentity(keys.index, await sha256InPieces(bytes));
    const binding = { tenantId, blobId: contentId, keyId: keys.dataKeyId };
    await this.#store.write(tenantId, contentId, sealFrames(bytes, keys.data, binding));
    return { tenantId, contentId, keyId: keys.dataKeyId, bytes: bytes.byteLength, kind };
  }

  /** Names stored bytes in the running transaction; answers the blob's row id. */
  async name(tx: Tx, stored: StoredBytes): Promise<string> {
    const known = await tx.first(
      query
        .selectFrom("kernel.blob")
        .select("id")
        .where("content_id", "=", stored.contentId)
        .where("deleted_at", "is", null)
        // Until this commits, nobody takes the name away as one that nothing uses.
        .forKeyShare(),
    );
    if (known) return known.id;
    const id = uuidv7();
    await tx.record({
      action: "kernel.blob.create",
      record: "kernel.blob",
      rowId: id,
      version: 1,
      fields: { contentId: stored.contentId, bytes: stored.bytes },
    });
    await tx.all(
      query
        .insertInto("kernel.blob")
        .values({ id, content_id: stored.contentId, kind: stored.kind, bytes: stored.bytes, key_id: stored.keyId }),
    );
    return id;
  }

  async find(tx: Tx, id: string): Promise<Blob> {
    const row = await tx.first(
      query
        .selectFrom("kernel.blob")
        .select(["id", "tenant_id", "content_id", "key_id", "bytes", "kind"])
        .where("id", "=", id)
        .where("deleted_at", "is", null),
    );
    if (!row) throw doorProblem.not_found();
    return {
      id: row.id,
      tenantId: row.tenant_id,
      contentId: row.content_id,
      keyId: row.key_id,
      bytes: Number(row.bytes),
      kind: row.kind,
    };
  }

  /**
   * Takes the name of a blob away that no row uses any more, whoever sees those rows (TEN-06: a colleague's document may be
   * the same file). The sweep removes its bytes: somebody may be storing the same ones at this moment.
   */
  async unnameUnused(tx: Tx, id: string): Promise<void> {
    const row = await tx.first(
      query
        .selectFrom("kernel.blob")
        .select("version")
        .where("id", "=", id)
        .where("deleted_at", "is", null)
        .forUpdate(),
    );
    if (!row) return;
    const asked = await tx.first(query.selectNoFrom(sql<boolean>`kernel.blob_in_use(${id}::uuid)`.as("used")));
    if (asked?.used !== false) return;
    await tx.record({ action: "kernel.blob.delete", record: "kernel.blob", rowId: id, version: row.version + 1 });
    await tx.all(query.updateTable("kernel.blob").set({ deleted_at: new Date() }).where("id", "=", id));
  }

  /** The bytes, frame by verified frame. `keys` are the tenant's, taken in the transaction that found the blob. */
  open(blob: Blob, keys: TenantKeys): AsyncIterable<Uint8Array> {
    return openFrames(this.#store.read(blob.tenantId, blob.contentId), (keyId) => keys.byId(keyId), {
      tenantId: blob.tenantId,
      blobId: blob.contentId,
    });
  }

  async readAll(blob: Blob, keys: TenantKeys): Promise<Buffer> {
    const pieces: Uint8Array[] = [];
    for await (const piece of this.open(blob, keys)) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  keysOf(tx: Tx): Promise<TenantKeys> {
    return this.#keyring.of(tx);
  }
}
