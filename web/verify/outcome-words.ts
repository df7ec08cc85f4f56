import type { Outcome } from "@probity/verify";
import type { Tone } from "../kit/status.ts";

/** How an outcome is called on a page, and how it looks. */
export const outcomeWords: Readonly<Record<Outcome, { readonly word: string; readonly tone: Tone }>> = {
  VERIFIED: { word: "Verified", tone: "covered" },
  VERIFIED_WITH_ERASURES: { word: "Verified, with erasures", tone: "covered" },
  CONTINUED_AFTER_RESTORE: { word: "Continued after a restore", tone: "partial" },
  INCOMPLETE: { word: "Incomplete", tone: "partial" },
  TAMPERED: { word: "Tampered with", tone: "gap" },
  ROLLED_BACK: { word: "Rolled back", tone: "gap" },
  NOTHING_VERIFIED: { word: "Nothing verified", tone: "none" },
};
