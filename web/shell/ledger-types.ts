/** What `/api/ledger/anchors`, `/api/ledger/status` and `/api/ledger/streams` answer. */

export type HolderKind = "mail" | "webhook" | "witness" | "rfc3161" | "download";

export interface AnchorTarget {
  id: string;
  kind: "mail" | "webhook" | "witness";
  name: string;
  address: string;
  vkey: string | null;
  lastAt: string | null;
  size: number;
  failingSince: string | null;
  problem: string | null;
  nextAt: string;
  previousUntil: string | null;
}

export interface AnchorLine {
  id: string;
  kind: HolderKind;
  at: string;
  holder: string;
  outcome: "done" | "failed";
  size: number | null;
  problem: string | null;
  hasProof: boolean;
}

export interface Holder {
  kind: HolderKind;
  holder: string;
  at: string;
  size: number;
}

export interface Standing {
  targets: AnchorTarget[];
  anchors: AnchorLine[];
  holders: Holder[];
  quorum: { needed: number; have: number; witnesses: number };
  policy: { copyHours: number; witnessMinutes: number };
  sendsMail: boolean;
  stamps: boolean;
}

export interface LogStatus {
  condition: "never" | "publishing" | "rolled_back" | "signer_away" | "damaged";
  since: string | null;
  keyBesideData: boolean | null;
  waiting: number;
  oldestMilliseconds: number;
  behindMilliseconds: number;
  /** What of this workspace's log was signed and is gone or another, and who outside shows it. */
  halted: { reason: string; from: number; to: number; holder?: string } | null;
  /** Since when its entries wait because its count was set back. */
  stopped: string | null;
  checkpoint?: { origin: string; size: number; signedAt: string };
}

export interface LogKeys {
  platform: string;
  vkeys: string[];
}

export interface Stream {
  id: string;
  name: string;
  kind: "webhook" | "syslog";
  address: string;
  pinned: boolean;
  certificate: { subject: string; fingerprint: string; until: string } | null;
  previousUntil: string | null;
  format: "json" | "ocsf";
  personal: boolean;
  state: "running" | "paused" | "retrying" | "stopped";
  next: number;
  behind: number;
  sent: number;
  lastSentAt: string | null;
  failingSince: string | null;
  nextTryAt: string | null;
  problem: string | null;
  letters: number;
  addedAt: string;
}
