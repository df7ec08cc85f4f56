import type { VerifyOptions } from "./bundle-state.ts";
import type { Outcome } from "./outcome.ts";
import type { Verdict } from "./verdict.ts";

/** What was found of one signature in a PDF. */
export interface PdfSignature {
  /** The field's name, where one was found. */
  readonly field: string | null;
  readonly kind: "seal" | "document-timestamp";
  /** Whether the signed bytes are what was signed, by the key of the certificate inside. */
  readonly holds: boolean;
  /** What is wrong, in words; null where nothing is. */
  readonly fault: string | null;
  /** Where the revision ends that this signature covers; the file's end where nothing was added since. */
  readonly coversTo: number;
  readonly coversWholeFile: boolean;
  readonly signer: { readonly name: string; readonly issuer: string; readonly fingerprint: string } | null;
  readonly notBefore: string | null;
  readonly notAfter: string | null;
  readonly isSelfSigned: boolean;
  /** Whether the certificate is one the reader named beforehand. */
  readonly trust: "pinned" | "unknown";
  /** When, by the signer's own word. */
  readonly claimedAt: string | null;
  /** When, by a time-stamping authority. */
  readonly timestamp: {
    readonly at: string;
    readonly authority: string;
    readonly holds: boolean;
    readonly fault: string | null;
  } | null;
}

/** A file inside the PDF, as it stands in the revision the last signature covers. */
export interface PdfAttachment {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What checking a PDF found. */
export interface PdfReport {
  /** The worst of what the seals and the attached proofs came to. */
  readonly outcome: Outcome;
  /** The seals alone: VERIFIED, TAMPERED or NOTHING_VERIFIED. */
  readonly seal: Outcome;
  /** The reason in one sentence. */
  readonly sentence: string;
  readonly signatures: readonly PdfSignature[];
  readonly attachments: readonly PdfAttachment[];
  /** What the attached proofs and bundles came to, checked as any other file. */
  readonly proofs: readonly { readonly name: string; readonly verdict: Verdict }[];
  readonly checked: readonly string[];
  readonly notChecked: readonly string[];
}

export interface PdfCheckOptions {
  /** SHA-256 fingerprints of certificates the reader trusts, in hexadecimal digits, with or without colons. */
  readonly fingerprints?: readonly string[];
  /** How attached proofs are checked; without it they are only listed. */
  readonly verify?: VerifyOptions;
}
