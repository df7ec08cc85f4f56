import { PDF } from "@libpdf/core";
import { readCertificate } from "@probity/verify/pdf-certificate";
import { certificatesOf } from "./cms.ts";
import { revocationList, revocationListUrls } from "./revocation.ts";
import type { Fetch } from "./timestamp.ts";

/**
 * Appends what a reader needs years later: the certificates of seal and time-stamp and the lists that say they were not
 * revoked (DSS, ISO 32000-2 §12.8.4.3). `complete` where each certificate that names a list has one; a self-signed
 * certificate names none, and nobody could revoke it.
 */
export async function addValidationData(
  pdf: Uint8Array,
  sealChain: readonly Uint8Array[],
  token: Uint8Array,
  fetch: Fetch,
): Promise<{ pdf: Uint8Array; complete: boolean; refusals: string[] }> {
  const refusals: string[] = [];
  const lists = new Map<string, Uint8Array>();
  let complete = true;
  const certificates = [...sealChain, ...certificatesOf(token)].map(readCertificate);
  for (const { bytes: certificate, issuer, subject, subjectName } of certificates) {
    const isRoot = Buffer.compare(issuer, subject) === 0;
    const urls = revocationListUrls(certificate);
    if (urls.length === 0) {
      if (!isRoot) {
        complete = false;
        refusals.push(`The certificate of ${subjectName} names no revocation list.`);
      }
      continue;
    }
    try {
      // oxlint-disable-next-line no-await-in-loop -- few, and of few servers
      const list = await revocationList(urls, issuer, fetch, certificates);
      lists.set(Buffer.from(certificate).toString("base64"), list);
    } catch (error) {
      complete = false;
      refusals.push(error instanceof Error ? error.message : String(error));
    }
  }
  const document = await PDF.load(pdf);
  const kept = await document.addValidationData({
    revocationProvider: {
      getOCSP: () => Promise.resolve(null),
      getCRL: (certificate) => Promise.resolve(lists.get(Buffer.from(certificate).toString("base64")) ?? null),
    },
  });
  if (!Buffer.from(kept.bytes.subarray(0, pdf.length)).equals(pdf)) {
    return { pdf, complete: false, refusals: [...refusals, "The file was rewritten where it should be appended to."] };
  }
  return { pdf: kept.bytes, complete, refusals };
}
