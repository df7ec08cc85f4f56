import { createHash } from "node:crypto";
import { canonicalText, type SignatureProof } from "@probity/kernel";
import type { PrintedSignature } from "@probity/paper";
import type { CertificateContent } from "./content.ts";

/**
 * A certificate as data. `record` is to the byte what was signed once it is written canonically (RFC 8785): its SHA-256 is
 * the `recordHash` of each signature, which the proof beside it shows to stand in the ledger.
 */
export function certificateData(
  row: { readonly id: string; readonly version: number; readonly templateId: string },
  content: CertificateContent,
  signatures: readonly PrintedSignature[],
  proofs: readonly SignatureProof["proof"][],
): { text: string; sha256: string } {
  const record = {
    kind: "probity.record",
    v: "1",
    record: "lab.certificate",
    row: row.id,
    version: row.version,
    content: { ...content, templateId: row.templateId },
  };
  const text = `${canonicalText({ kind: "certificate-of-analysis", v: "1", record, signatures, proofs })}\n`;
  return { text, sha256: createHash("sha256").update(text).digest("hex") };
}
