/**
 * What a bundle and a proof look like. A **bundle** is JSON Lines: every line one object with its `kind`, in this order: the
 * head; checkpoints, platform, anchors, consistency; the range's hashes; restores and erasures; leaves by rising index; the
 * end. It is read as it comes, so what leaves are compared with stands before them. A **proof bundle** is one JSON object
 * about one leaf.
 *
 * Hashes are 32 bytes; a row of them (a proof, a frontier) is written as one base64 text of all of them, which keeps a proof
 * small. Notes and leaves are given as text, to the byte.
 */
export const formatVersion = "1";

/**
 * One field of a leaf, in one of three states: shown (`salt` and `value`, the text that was committed to), shown by the row
 * (`salt` alone: the value is the canonical text of `record.values[name]`), or closed (`commitment` alone: erased, or not
 * for the reader of this file). To recompute a leaf's root every field of it must be named in one of them.
 */
export type FieldOpening =
  | { readonly salt: string; readonly value: string }
  | { readonly salt: string }
  | { readonly commitment: string };
export type Openings = Readonly<Record<string, FieldOpening>>;

/** The row version a leaf speaks of, as it is stored today. Each value must be the one the leaf commits to. */
export type RecordRow = {
  readonly record: string;
  readonly row: string;
  readonly version: string;
  readonly values: Readonly<Record<string, unknown>>;
  /** The version is not there and no leaf says where it went, or the row is not what its own history says. */
  readonly state?: "missing" | "altered";
};

export type HeadLine = {
  readonly kind: "bundle";
  readonly v: typeof formatVersion;
  readonly origin: string;
  readonly tenant: string;
  /** By the clock of the server that made it. */
  readonly madeAt: string;
  /** Leaves [from, to). */
  readonly from: number;
  readonly to: number;
  /** Whether the maker says that every leaf of the range is inside. Only an unfiltered bundle may. */
  readonly complete: boolean;
  readonly filter: Readonly<Record<string, unknown>> | null;
  /** How many leaves the range holds without the filter. */
  readonly unfilteredCount: number;
  /** Keys of the log, of the platform log and of witnesses, by the file's own word. */
  readonly vkeys: readonly string[];
};

/** A signed checkpoint; the last is the newest, and what everything is checked against. `proof`: consistency from it to that. */
export type CheckpointLine = { readonly kind: "checkpoint"; readonly note: string; readonly proof?: string };

/** The consistency proof between two sizes, for a reader who kept a checkpoint of size `from`. */
export type ConsistencyLine = {
  readonly kind: "consistency";
  readonly from: number;
  readonly to: number;
  readonly proof: string;
};

/**
 * That a tenant's checkpoint is in the platform log: `leaf` is the platform's leaf of a tick, `{"at","count","heads","v"}`,
 * at `index` of the platform log by `proof` to `note`; `heads` is the RFC 6962 root over the texts (without signatures) of the
 * checkpoints of that tick by rising origin, and the tenant's stands at `place` of `count` by `placeProof`.
 */
export type PlatformPart = {
  readonly note: string;
  readonly leaf: string;
  readonly index: number;
  readonly proof: string;
  readonly place: number;
  readonly placeProof: string;
};
export type PlatformLine = PlatformPart & { readonly kind: "platform" };

/**
 * What lies outside: an RFC 3161 token over SHA-256 of the text (without signatures) of `note`; a note with a witness's
 * cosignature; or where a copy was sent, which the file can only say.
 */
export type Anchor =
  | { readonly type: "rfc3161"; readonly note: string; readonly token: string }
  | { readonly type: "witness"; readonly note: string }
  | { readonly type: "copy"; readonly note: string; readonly to: string; readonly at: string };
export type AnchorLine = Anchor & { readonly kind: "anchor" };

/** A leaf with what is shown of it. `proof` is there where the bundle is filtered, or the leaf lies outside its range. */
export type LeafPart = {
  readonly index: number;
  readonly leaf: string;
  readonly open?: Openings;
  readonly record?: RecordRow;
  readonly proof?: string;
};
export type LeafLine = LeafPart & { readonly kind: "leaf" };

/**
 * A declared restore. The leaf (action `kernel.ledger.epoch.opened`) shows the fields `lost` ([from, to), leaves that were signed and
 * are gone), `old` (the note of the last checkpoint before) and `owners` (the two who declared it). Inside the range the
 * line only names the index of its leaf.
 */
export type EpochLine = { readonly kind: "epoch"; readonly index: number; readonly at?: LeafPart };

/** The leaf (action `privacy.erasure.executed`) that explains closed fields: it shows `leaves`, `basis`, `approver`. */
export type ErasureLine = { readonly kind: "erasure"; readonly index: number; readonly at?: LeafPart };

/** The perfect subtrees left of `from` and right of `to` (rangeNodes), so that the leaves between give the root. */
export type RangeLine = { readonly kind: "range"; readonly left: string; readonly right: string };

export type EndLine = { readonly kind: "end"; readonly leaves: number };

export type BundleLine =
  | HeadLine
  | CheckpointLine
  | ConsistencyLine
  | PlatformLine
  | AnchorLine
  | LeafLine
  | EpochLine
  | ErasureLine
  | RangeLine
  | EndLine;

/** Everything somebody needs to check one leaf years later. At most 4 KiB in a log of ten million leaves. */
export type ProofBundle = {
  readonly kind: "proof";
  readonly v: typeof formatVersion;
  readonly origin: string;
  readonly vkeys: readonly string[];
  readonly index: number;
  readonly leaf: string;
  readonly open?: Openings;
  readonly record?: RecordRow;
  readonly proof: string;
  readonly checkpoint: string;
  readonly platform?: PlatformPart;
  readonly anchors?: readonly Anchor[];
  /** A document that the leaf commits to: `field` of it is the SHA-256, in hexadecimal, of the document's canonical text. */
  readonly enclosed?: { readonly field: string; readonly document: Readonly<Record<string, unknown>> };
};

/** The actions of leaves that explain what is missing. */
export const erasureAction = "privacy.erasure.executed";
export const epochAction = "kernel.ledger.epoch.opened";
