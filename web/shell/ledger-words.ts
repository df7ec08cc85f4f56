import type { Tone } from "../kit/status.ts";
import type { HolderKind, Holder, LogStatus, Stream } from "./ledger-types.ts";

export const kindWords: Readonly<Record<HolderKind, string>> = {
  witness: "witness",
  rfc3161: "time-stamp",
  mail: "copy by mail",
  webhook: "copy by webhook",
  download: "copy taken along",
};

/** Those outside: who took a copy along counts, since the copy is theirs. */
export function headline(holders: readonly Holder[]): string {
  if (holders.length === 0) return "Nobody outside this server has a copy yet.";
  if (holders.length === 1) return `${holders[0]?.holder ?? "One"} holds a checkpoint of this log.`;
  return `${holders.length} outside this server hold a checkpoint of this log.`;
}

/** The latest of all holders. */
export function newestOf(holders: readonly Holder[]): Holder | undefined {
  return holders.toSorted((a, b) => Date.parse(b.at) - Date.parse(a.at))[0];
}

export const conditions: Readonly<Record<LogStatus["condition"], { tone: Tone; word: string; text: string }>> = {
  never: { tone: "none", word: "not signed yet", text: "The first checkpoint comes within seconds of the start." },
  publishing: { tone: "covered", word: "signed as it grows", text: "" },
  rolled_back: {
    tone: "gap",
    word: "went back",
    text: "The database holds less than was signed. Nothing further is signed. Two owners declare what a restore lost.",
  },
  signer_away: {
    tone: "gap",
    word: "signer away",
    text: "Entries are stored and wait. The process that holds the key does not answer; ask your operator.",
  },
  damaged: {
    tone: "gap",
    word: "does not fit",
    text: "What is stored does not give what was signed. Nothing further is signed. Export the log and have it verified.",
  },
};

export const streamStates: Readonly<Record<Stream["state"], Tone>> = {
  running: "covered",
  paused: "none",
  retrying: "partial",
  stopped: "gap",
};

/** `12,480`. */
export function count(number: number): string {
  return number.toLocaleString("en-GB");
}
