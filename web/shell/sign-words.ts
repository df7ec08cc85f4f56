import type { Tone } from "../kit/status.ts";
import type { ShownSignature, Signer, SigningView } from "./sign-types.ts";

const exact = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  timeZone: "UTC",
});

/** `12 Nov 2026, 09:02:11 UTC`: the moment as it was signed, the same for every reader (21 CFR 11.50(a)(2)). */
export function signedTime(iso: string): string {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? iso : `${exact.format(date)} UTC`;
}

/** How a record stands, in one word, with its shape. */
export function standingOf(view: SigningView): { tone: Tone; word: string } {
  if (view.unchanged === false) return { tone: "gap", word: "differs from what was signed" };
  return view.locked ? { tone: "sealed", word: `${view.state}, locked` } : { tone: "none", word: view.state };
}

/** What the log says of a signature. Never a bare tick: whoever reads it learns what was compared. */
export function sayCheck({ check, place }: ShownSignature): { tone: Tone; word: string } {
  if (!check.manifest) return { tone: "gap", word: "the signature was altered" };
  if (!check.record) return { tone: "gap", word: "the signed bytes were altered" };
  if (check.leaf === "waiting") return { tone: "partial", word: "waits for its place in the log" };
  const leaf = place === null || place.leaf === null ? "" : ` ${place.leaf.toLocaleString("en-GB")}`;
  if (check.leaf && place?.state === "placed")
    return { tone: "partial", word: `agrees with leaf${leaf}; the checkpoint over it comes` };
  return check.leaf
    ? { tone: "sealed", word: `agrees with leaf${leaf} of the signed log` }
    : { tone: "gap", word: "its leaf says otherwise" };
}

const signerWords: Readonly<Record<Signer["status"], { tone: Tone; word: string }>> = {
  none: { tone: "none", word: "not verified" },
  verified: { tone: "partial", word: "to acknowledge" },
  enabled: { tone: "sealed", word: "may sign" },
  revoked: { tone: "none", word: "taken back" },
  locked: { tone: "gap", word: "locked" },
};
export function sayStatus(status: Signer["status"]): { tone: Tone; word: string } {
  return signerWords[status];
}

export const methodWords = [
  { value: "government-id", label: "Government ID seen" },
  { value: "in-person", label: "Known in person" },
  { value: "employment-record", label: "Employment record checked" },
  { value: "video-call", label: "Video call with ID" },
] as const;

export function sayMethod(method: string | null): string {
  return methodWords.find((each) => each.value === method)?.label ?? "";
}

/** First and last of a hash, for the eye; the whole of it is beside or in the title. */
export function shortHash(hash: string): string {
  return `${hash.slice(0, 8)}…${hash.slice(-4)}`;
}
