import type { Kernel, ReadDocument, StoredBytes, Tx } from "@probity/kernel";

type Keys = Awaited<ReturnType<Kernel["files"]["keysOf"]>>;

/** Seals a document's text, with the places of its pages and paragraphs, like any other file: as the JSON it came as. */
export function storeText(
  kernel: Kernel,
  tenantId: string,
  keys: Keys,
  read: Pick<ReadDocument, "json">,
): Promise<StoredBytes> {
  return kernel.files.store(tenantId, keys, read.json, "json");
}

/** Reads back what storeText sealed, unparsed: our own bytes, authenticated by their frames, for whoever passes them on. */
export async function loadTextBytes(kernel: Kernel, tx: Tx, blobId: string): Promise<Uint8Array> {
  const blob = await kernel.files.find(tx, blobId);
  return kernel.files.readAll(blob, await kernel.files.keysOf(tx));
}

/** Opens a sealed JSON blob. Its type is that of what this app sealed: the frames authenticate that it is unchanged. */
export async function loadJson<T>(kernel: Kernel, tx: Tx, blobId: string): Promise<T>;
export async function loadJson(kernel: Kernel, tx: Tx, blobId: string): Promise<unknown> {
  const blob = await kernel.files.find(tx, blobId);
  return JSON.parse((await kernel.files.readAll(blob, await kernel.files.keysOf(tx))).toString("utf8"));
}
