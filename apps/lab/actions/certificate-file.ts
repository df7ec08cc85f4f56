import { Readable } from "node:stream";
import type { Answer, Kernel, Tx } from "@probity/kernel";
import { certificateProblem as problem } from "../certificate-error.ts";
import { fileName, readCertificate, type Standing } from "./certificate-view.ts";

export type Format = "pdf" | "json";
type Open = Awaited<ReturnType<typeof openFile>>;

/** Finds a certificate's file and the keys it opens with; the bytes come after the transaction. */
export async function openFile(kernel: Kernel, tx: Tx, id: string, format: Format) {
  const found = await readCertificate(tx, id);
  const file = found.files.find((each) => each.format === format);
  if (file === undefined)
    throw found.issuedAt === null
      ? problem.certificate_not_signed({ values: { number: found.number } })
      : problem.certificate_unsealed({ values: { number: found.number } });
  return {
    number: found.number,
    standing: found.standing,
    supersededBy: found.supersededBy,
    sha256: file.sha256,
    format,
    blob: await kernel.files.find(tx, file.blobId),
    keys: await kernel.files.keysOf(tx),
  };
}

/** The bytes as they were sealed, and beside them how the certificate stands now. */
export function sendFile(kernel: Kernel, open: Open): Answer {
  return {
    body: Readable.from(kernel.files.open(open.blob, open.keys)),
    type: open.format === "pdf" ? "application/pdf" : "application/json; charset=utf-8",
    headers: fileHeaders(open.number, open.standing, open.format, open.supersededBy),
  };
}

export function fileHeaders(
  number: string,
  standing: Standing,
  format: Format,
  supersededBy: string | null,
): Record<string, string> {
  return {
    "content-disposition": `attachment; filename="${fileName(number, standing, format)}"`,
    "cache-control": "no-store",
    "probity-certificate": supersededBy === null ? standing : `${standing} by ${supersededBy}`,
  };
}
