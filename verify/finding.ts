/** Something found. A *fault* speaks of change, a *gap* of something missing, a *remark* is for the reader to know. */
export type Finding = {
  readonly sort: "fault" | "gap" | "rollback" | "remark";
  readonly text: string;
  readonly index?: number;
};

/** On whose word the signature counts. */
export type Trust = {
  /** pinned: by a key (or kept checkpoint) the reader brought; first-use: by the key the file itself names; none: nobody known signed. */
  readonly mode: "pinned" | "first-use" | "none";
  readonly keys: readonly { readonly name: string; readonly keyId: string; readonly role: "log" | "platform" }[];
  readonly witnesses: {
    readonly signed: number;
    readonly of: number;
    /** Whether the reader brought the witnesses' keys; else the file names them itself. */
    readonly pinned: boolean;
    readonly names: readonly string[];
  };
};

/** When the checkpoint existed, and on whose word. */
export type CheckpointTime = {
  readonly at: string;
  readonly by: "timestamp" | "witness" | "platform" | "leaf" | "file";
  readonly name: string;
};

export type LostRange = {
  readonly from: number;
  readonly to: number;
  readonly index: number;
  readonly owners: readonly string[];
};

/** Collects findings without letting a hostile file fill the memory. */
export class Findings {
  readonly list: Finding[] = [];
  count = 0;
  readonly #sorts = new Set<Finding["sort"]>();

  add(sort: Finding["sort"], text: string, index?: number): void {
    this.count += 1;
    this.#sorts.add(sort);
    if (this.list.length < 100) this.list.push(index === undefined ? { sort, text } : { sort, text, index });
  }
  has(sort: Finding["sort"]): boolean {
    return this.#sorts.has(sort);
  }
}
