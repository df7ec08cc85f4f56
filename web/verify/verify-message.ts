import type { PdfReport } from "@probity/verify/pdf";
import type { SeenLeaf, Verdict } from "@probity/verify";

/** What the page hands to its worker: the file itself, by reference, and what the reader brought. */
export interface VerifyRequest {
  file: File;
  keys: string[];
  /** Of certificates, for PDFs. */
  fingerprints: string[];
  checkpoint: string;
}

/** What the worker says. */
export type VerifyAnswer =
  | { readonly kind: "progress"; readonly bytes: number; readonly leaves: number }
  | { readonly kind: "verdict"; readonly verdict: Verdict; readonly leaves: readonly SeenLeaf[] }
  | { readonly kind: "pdf"; readonly report: Omit<PdfReport, "attachments">; readonly attachments: readonly string[] }
  | { readonly kind: "usage"; readonly text: string }
  | { readonly kind: "failed"; readonly text: string };
