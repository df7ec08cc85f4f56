import { createReadStream } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { randomUUID } from "node:crypto";

/** Where sealed bytes lie. Names are a tenant id and a keyed content hash: they tell an outsider nothing. */
export interface BlobStore {
  /** Writes all or nothing; an existing blob of that name is left as it is. */
  write(tenantId: string, contentId: string, sealed: AsyncIterable<Uint8Array>): Promise<void>;
  read(tenantId: string, contentId: string): AsyncIterable<Uint8Array>;
  remove(tenantId: string, contentId: string): Promise<void>;
  /** Blobs last written before the given moment. */
  list(before: Date): Promise<{ tenantId: string; contentId: string }[]>;
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
    if (await exists(path)) {
      // Young again: the sweep must not take it before its new row is there.
      await utimes(path, new Date(), new Date());
      return;
    }
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

  async list(before: Date): Promise<{ tenantId: string; contentId: string }[]> {
    const found: { tenantId: string; contentId: string }[] = [];
    const entries = await readdir(this.#folder, { recursive: true, withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const tenantId = basename(dirname(entry.parentPath));
      if (!entry.isFile() || !contentName.test(entry.name) || !tenantName.test(tenantId)) continue;
      const { mtime } = await stat(join(entry.parentPath, entry.name));
      if (mtime < before) found.push({ tenantId, contentId: entry.name });
    }
    return found;
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
