import { createReadStream } from "node:fs";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { randomUUID } from "node:crypto";

/** Where sealed bytes lie. Names are a tenant id and a keyed content hash: they tell an outsider nothing. */
export interface BlobStore {
  /** Writes all or nothing; an existing blob of that name is left as it is. */
  write(tenantId: string, contentId: string, sealed: AsyncIterable<Uint8Array>): Promise<void>;
  read(tenantId: string, contentId: string): AsyncIterable<Uint8Array>;
  remove(tenantId: string, contentId: string): Promise<void>;
}

const tenantName = /^[0-9a-f-]{36}$/;
const contentName = /^[0-9a-f]{64}$/;

/** The default store: a folder, one sub-folder a tenant (TEN-02). A file is visible only when it is whole and on disk. */
export class LocalBlobStore implements BlobStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async write(tenantId: string, contentId: string, sealed: AsyncIterable<Uint8Array>): Promise<void> {
    const path = this.#path(tenantId, contentId);
    if (await exists(path)) return;
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const temporary = `${path}.${randomUUID()}.part`;
    const file = await open(temporary, "wx", 0o600);
    try {
      for await (const piece of sealed) await file.write(piece);
      await file.sync();
    } catch (error) {
      await file.close();
      await rm(temporary, { force: true });
      throw error;
    }
    await file.close();
    await rename(temporary, path);
    // The rename itself must survive a power cut too.
    const folder = await open(dirname(path), "r");
    await folder.sync().finally(() => folder.close());
  }

  read(tenantId: string, contentId: string): AsyncIterable<Uint8Array> {
    return createReadStream(this.#path(tenantId, contentId));
  }

  async remove(tenantId: string, contentId: string): Promise<void> {
    await rm(this.#path(tenantId, contentId), { force: true });
  }

  #path(tenantId: string, contentId: string): string {
    if (!tenantName.test(tenantId) || !contentName.test(contentId)) throw new Error("Not a blob's name");
    return join(this.#folder, tenantId, contentId.slice(0, 2), contentId);
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
