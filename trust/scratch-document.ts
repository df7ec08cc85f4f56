import { randomBytes } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Scratch } from "@probity/kernel";
import { listOf, type ProbeHttp } from "./http.ts";

export const collectionsPath = "/api/regulatory-docs/collections";
export const documentsPath = "/api/regulatory-docs/documents";
const collectionName = "Probe";

export type ScratchDocument = {
  readonly collectionId: string;
  readonly documentId: string;
  /** Random, and in the document's text: wherever it turns up, the document was stored in clear. */
  readonly marker: string;
  readonly bytes: Buffer;
};

/** A multipart upload by this key; answers what the API said. */
export function upload(http: ProbeHttp, key: string, collectionId: string, name: string, bytes: Uint8Array) {
  return http("POST", `${collectionsPath}/${collectionId}/documents`, { key, file: { name, bytes } });
}

/** The scratch tenant's one collection, made on the first run. */
export async function scratchCollection(http: ProbeHttp, key: string): Promise<string> {
  const known = await http("GET", `${collectionsPath}?limit=5`, { key });
  const found = listOf(known.body["items"])[0]?.["id"];
  if (typeof found === "string") return found;
  const made = await http("POST", collectionsPath, { key, json: { name: collectionName } });
  const id = made.body["id"];
  if (made.status !== 201 || typeof id !== "string")
    throw new Error(`the scratch collection could not be made: ${made.status} ${made.text.slice(0, 200)}`);
  return id;
}

export async function uploadScratchDocument(http: ProbeHttp, key: string): Promise<ScratchDocument> {
  const collectionId = await scratchCollection(http, key);
  const marker = `marker${randomBytes(18).toString("hex")}`;
  const bytes = Buffer.from(`Document control\n\nThis scratch document holds ${marker} and nothing else of meaning.\n`);
  const sent = await upload(http, key, collectionId, `probe-${marker.slice(6, 14)}.txt`, bytes);
  const documentId = sent.body["id"];
  if (sent.status !== 202 || typeof documentId !== "string")
    throw new Error(`the scratch document was not taken: ${sent.status} ${sent.text.slice(0, 200)}`);
  return { collectionId, documentId, marker, bytes };
}

/** A fresh download link for the scratch document. */
export async function linkTo(
  http: ProbeHttp,
  key: string,
  documentId: string,
): Promise<{ id: string; url: string; expiresAt: string }> {
  const made = await http("POST", `${documentsPath}/${documentId}/download`, { key });
  const { id, url, expiresAt } = made.body;
  if (made.status !== 201 || typeof id !== "string" || typeof url !== "string" || typeof expiresAt !== "string")
    throw new Error(`no download link was made: ${made.status} ${made.text.slice(0, 200)}`);
  return { id, url, expiresAt };
}

/** Takes away what earlier runs left in the scratch tenants, so that probing every quarter of an hour fills no disk. */
export async function sweepScratch(http: ProbeHttp, scratch: Scratch, filesFolder: string | undefined): Promise<void> {
  for (const tenant of [scratch.a, scratch.b]) {
    const key = tenant.ownerKey;
    const collection = await scratchCollection(http, key);
    const documents = await http("GET", `${documentsPath}?collection=${collection}`, { key });
    for (const { id, version } of listOf(documents.body["items"])) {
      await http("DELETE", `${documentsPath}/${String(id)}?reason=Probed`, {
        key,
        headers: { "if-match": `"${String(version)}"` },
      });
    }
    if (filesFolder === undefined) continue;
    for (const name of await readdir(join(filesFolder, tenant.id)).catch(() => []))
      await rm(join(filesFolder, tenant.id, name), { recursive: true, force: true });
  }
}
