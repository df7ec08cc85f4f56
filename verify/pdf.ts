// Checks a sealed PDF with nothing but its bytes (PAdES, ISO 32000-2 §12.8). Runs in Node and in browsers.
import { verifyFile } from "./file.ts";
import { isGood } from "./outcome.ts";
import type { Outcome } from "./outcome.ts";
import { faultOfAdditions } from "./pdf-addition.ts";
import { attachmentsOf } from "./pdf-attachment.ts";
import type { PdfAttachment, PdfCheckOptions, PdfReport, PdfSignature } from "./pdf-outcome.ts";
import { readStretch } from "./pdf-revision.ts";
import { checkSignature, signatureObjects } from "./pdf-signature.ts";
import { indexOf, latin1 } from "./pdf-syntax.ts";

export type { PdfAttachment, PdfCheckOptions, PdfReport, PdfSignature } from "./pdf-outcome.ts";

const unchanged = "Nothing in this file changed since it was sealed.";
const byWhom = "Who sealed it is only what the file says: its certificate is not one you named.";

/** Whether a file says that it is a PDF. */
export function isPdf(bytes: Uint8Array): boolean {
  return latin1(bytes.subarray(0, 1024)).includes("%PDF-");
}

/**
 * Checks every signature of a PDF, what was appended since the first, and the proofs that are attached. Where WebCrypto is
 * missing (a page opened over plain http) nothing can be verified, and the report says so.
 */
export async function verifyPdf(bytes: Uint8Array, options: PdfCheckOptions = {}): Promise<PdfReport> {
  if (globalThis.crypto?.subtle === undefined) {
    return report("NOTHING_VERIFIED", "This page was not opened over https, so the browser checks no signatures.");
  }
  const { objects } = readStretch(bytes, 0, bytes.length);
  const found = signatureObjects(objects);
  if (found.length === 0) {
    return indexOf(bytes, "/ByteRange", 0) < 0
      ? report("NOTHING_VERIFIED", "The file holds no seal. Nothing was verified.")
      : report("TAMPERED", "The file speaks of a signature that can't be read.");
  }
  const signatures: PdfSignature[] = [];
  for (const object of found) {
    // oxlint-disable-next-line no-await-in-loop -- each hashes the whole file
    signatures.push(await checkSignature(bytes, object, objects, options.fingerprints ?? []));
  }
  const fault = faultOf(bytes, signatures);
  if (fault !== undefined) return { ...report("TAMPERED", sentenceOf(fault)), signatures };
  const seals = signatures.filter((each) => each.kind === "seal");
  if (seals.length === 0)
    return { ...report("NOTHING_VERIFIED", "The file holds a time-stamp and no seal."), signatures };
  const pinned = seals.some((each) => each.trust === "pinned");
  const wanted = (options.fingerprints ?? []).length > 0;
  // Only what the first seal covers: what it attests was there when it was made.
  const covered = readStretch(bytes, 0, Math.min(...seals.map((each) => each.coversTo)));
  const attachments = await attachmentsOf(covered.objects);
  const proofs = await proofsOf(attachments, options);
  if (wanted && !pinned) {
    const sentence = "The seal holds, but it was made with another certificate than the one you named.";
    return { ...report("NOTHING_VERIFIED", sentence), signatures, attachments, proofs };
  }
  const bad = proofs.find(({ verdict }) => !isGood(verdict.outcome));
  const best = proofs.find(({ verdict }) => verdict.outcome !== "VERIFIED") ?? proofs[0];
  return {
    outcome: bad?.verdict.outcome ?? best?.verdict.outcome ?? "VERIFIED",
    seal: "VERIFIED",
    sentence: `${unchanged}${
      bad === undefined ? (pinned ? "" : ` ${byWhom}`) : ` But the attached ${bad.name} does not hold.`
    }`,
    signatures,
    attachments,
    proofs,
    checked: checkedOf(seals, proofs.length),
    notChecked: notCheckedOf(seals, pinned, attachments.length > proofs.length),
  };
}

function faultOf(bytes: Uint8Array, signatures: readonly PdfSignature[]): string | undefined {
  const broken = signatures.find((each) => !each.holds);
  if (broken !== undefined) return broken.fault ?? "a signature does not hold";
  const first = signatures.toSorted((left, right) => left.coversTo - right.coversTo)[0];
  if (first === undefined) return undefined;
  return faultOfAdditions(bytes, readStretch(bytes, 0, first.coversTo), first.coversTo);
}

async function proofsOf(attachments: readonly PdfAttachment[], options: PdfCheckOptions): Promise<PdfReport["proofs"]> {
  if (options.verify === undefined) return [];
  const proofs: { name: string; verdict: PdfReport["proofs"][number]["verdict"] }[] = [];
  for (const { name, bytes } of attachments) {
    if (!/^\s*\{\s*"kind"\s*:\s*"(proof|bundle)"/.test(latin1(bytes.subarray(0, 200)))) continue;
    // oxlint-disable-next-line no-await-in-loop -- as large as an export may be
    proofs.push({ name, verdict: await verifyFile([bytes], options.verify) });
  }
  return proofs;
}

function checkedOf(seals: readonly PdfSignature[], proofs: number): string[] {
  const stamped = seals.filter((each) => each.timestamp !== null).length;
  return [
    "Every byte from the first to the end of the seal’s revision is as it was sealed, but for the signature itself.",
    "The key of the certificate inside the file made the signature.",
    "What was added after the seal, if anything, is further signatures and what is needed to check them.",
    ...(stamped > 0 ? ["A time-stamping authority’s key signed the time of the seal."] : []),
    ...(proofs > 0 ? ["The attached proofs, each by its own rules."] : []),
  ];
}

function notCheckedOf(seals: readonly PdfSignature[], pinned: boolean, others: boolean): string[] {
  const selfSigned = seals.some((each) => each.isSelfSigned);
  return [
    ...(pinned
      ? []
      : [
          selfSigned
            ? "Whose certificate it is: it is self-signed, so compare its fingerprint with the one the sender publishes."
            : "Whether the certificate’s issuer is to be trusted: name its fingerprint to have that checked.",
        ]),
    "Whether a certificate was revoked.",
    ...(seals.every((each) => each.timestamp === null)
      ? ["When it was sealed: no authority stamped it, the time is the sealing server’s own word."]
      : ["Whether the time-stamping authority is to be trusted."]),
    "That the pages say the same as the attachments.",
    ...(others ? ["What attachments that are no proofs mean. They are as they were sealed."] : []),
  ];
}

function report(outcome: Outcome, sentence: string): PdfReport {
  return {
    outcome,
    seal: outcome,
    sentence,
    signatures: [],
    attachments: [],
    proofs: [],
    checked: [],
    notChecked: ["Anything else of this file."],
  };
}

function sentenceOf(fault: string): string {
  return `${fault.charAt(0).toUpperCase()}${fault.slice(1)}.`;
}
