import type { Tone } from "@probity/web/kit/status.ts";
import type { Finding, Refusal, Status } from "./types.ts";

/** Word and tone of each status. */
export const statusLook: Record<Status, { tone: Tone; word: string }> = {
  covered: { tone: "covered", word: "covered" },
  partial: { tone: "partial", word: "partial" },
  gap: { tone: "gap", word: "gap" },
  "not-assessable": { tone: "none", word: "not assessable" },
};

/** The status that counts: the person's when one decided, otherwise the machine's. */
export function standing(finding: Finding): Status {
  return finding.decidedStatus ?? finding.status;
}

/** `.62`; nothing for what cannot be assessed. */
export function showCoverage(finding: Finding): string {
  if (finding.status === "not-assessable") return "";
  return finding.coverage >= 1 ? "1.0" : finding.coverage.toFixed(2).replace(/^0/, "");
}

/** The name a matrix row has for assistive technology. */
export function rowName(finding: Finding): string {
  const decided =
    finding.decision === null ? "undecided" : finding.decision.kind === "accepted" ? "accepted" : "overridden";
  return `${finding.requirementId} ${finding.title}, ${statusLook[standing(finding)].word}, ${decided}`;
}

/** Display name of a person field, which the API gives as an id or as a person. */
export function personName(person: string | { name: string | null } | null): string {
  if (person === null) return "somebody who left";
  return typeof person === "string" ? person : (person.name ?? "somebody who left");
}

export const reasonCodes = [
  { value: "evidence-elsewhere", label: "Evidence is elsewhere" },
  { value: "evidence-insufficient", label: "The quotes do not carry it" },
  { value: "not-applicable", label: "Does not apply to us" },
  { value: "misread", label: "The document was misread" },
  { value: "other", label: "Other, see reason" },
] as const;

export type ReasonCode = (typeof reasonCodes)[number]["value"];

/** Why a file was refused, in one line; a title that only repeats the code is left out. */
export function refusalText(refusal: Refusal | null): string {
  if (refusal === null) return "";
  const title = refusal.title === refusal.code ? "" : refusal.title;
  return [/[.!?…]$/.test(title) || title === "" ? title : `${title}.`, refusal.detail].join(" ").trim();
}
