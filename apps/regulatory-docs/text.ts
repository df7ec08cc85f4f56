import type { ExtractedDocument, Kernel, StoredBytes, Tx } from "@probity/kernel";

type Keys = Awaited<ReturnType<Kernel["files"]["keysOf"]>>;
/** What is kept of an extraction: the text with the places of its pages and paragraphs. */
export type DocumentText = Pick<ExtractedDocument, "text" | "pages" | "paragraphs" | "furniture">;

/** Seals a document's text like any other file. */
export function storeText(kernel: Kernel, tenantId: string, keys: Keys, extracted: DocumentText): Promise<StoredBytes> {
  const { text, pages, paragraphs, furniture } = extracted;
  return kernel.files.store(
    tenantId,
    keys,
    Buffer.from(JSON.stringify({ text, pages, paragraphs, furniture })),
    "json",
  );
}

/** Reads back what storeText sealed: our own bytes, authenticated by their frames. */
export async function loadText(kernel: Kernel, tx: Tx, blobId: string): Promise<DocumentText> {
  return loadJson(kernel, tx, blobId);
}

/** Opens a sealed JSON blob. Its type is that of what this app sealed: the frames authenticate that it is unchanged. */
export async function loadJson<T>(kernel: Kernel, tx: Tx, blobId: string): Promise<T>;
export async function loadJson(kernel: Kernel, tx: Tx, blobId: string): Promise<unknown> {
  const blob = await kernel.files.find(tx, blobId);
  return JSON.parse((await kernel.files.readAll(blob, await kernel.files.keysOf(tx))).toString("utf8"));
}
