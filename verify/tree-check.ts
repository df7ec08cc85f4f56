import { fromHashRow, sameBytes } from "./encoding.ts";
import type { LeafPart } from "./format.ts";
import { Frontier } from "./frontier.ts";
import { runLater, type HashAll, type HashAllLater } from "./hash.ts";
import { verifyConsistency, verifyInclusion } from "./merkle.ts";
import { rangeNodes } from "./proof.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { Findings } from "./finding.ts";

/** How a smaller tree stands to the newest one. */
export type Relation = "same" | "other" | "unknown";

/** Recomputes a log's root from an unfiltered range of leaves, and remembers the roots at the sizes somebody signed. */
export class TreeCheck {
  readonly #hashAll: HashAll | HashAllLater;
  readonly #findings: Findings;
  readonly #roots = new Map<number, Uint8Array>();
  readonly #proofs = new Map<number, Uint8Array[]>();
  #frontier: Frontier | undefined;
  #right: Uint8Array[] = [];
  #wanted: number[] = [];

  constructor(hashAll: HashAll | HashAllLater, findings: Findings) {
    this.#hashAll = hashAll;
    this.#findings = findings;
  }

  /** Begins at `from`, with the subtrees to its left, and marks the sizes whose roots will be asked for. */
  async begin(from: number, left: string, right: string, sizes: readonly number[]): Promise<void> {
    const [lefts, rights] = [fromHashRow(left), fromHashRow(right)];
    if (lefts === undefined || rights === undefined || lefts.length !== rangeNodes(0, from).length) {
      this.#findings.add("fault", "The hashes beside the range do not fit it");
      return;
    }
    this.#frontier = Frontier.of(from, lefts);
    this.#right = rights;
    this.#wanted = [...new Set(sizes)].filter((size) => size >= from).toSorted((a, b) => b - a);
    await this.#remember(this.#frontier);
  }

  get began(): boolean {
    return this.#frontier !== undefined;
  }
  get size(): number {
    return this.#frontier?.size ?? 0;
  }

  async append(hashes: readonly Uint8Array[]): Promise<void> {
    const frontier = this.#frontier;
    if (frontier === undefined) return;
    let at = 0;
    while (at < hashes.length) {
      const next = this.#wanted.at(-1);
      const end = next === undefined ? hashes.length : Math.min(hashes.length, at + next - frontier.size);
      await runLater(frontier.append(hashes.slice(at, end)), this.#hashAll);
      at = end;
      await this.#remember(frontier);
    }
  }

  /** The tree's root at the newest checkpoint's size: the leaves, then the subtrees right of them. Undefined if unreachable. */
  async close(size: number): Promise<Uint8Array | undefined> {
    const frontier = this.#frontier;
    if (frontier === undefined) return undefined;
    const nodes = rangeNodes(frontier.size, size);
    if (size >= frontier.size && nodes.length !== this.#right.length) {
      this.#findings.add("fault", "The hashes beside the range do not fit the checkpoint");
      return undefined;
    }
    for (const [place, { level }] of nodes.entries()) {
      const hash = this.#right[place];
      if (hash !== undefined) await runLater(frontier.appendNode(level, hash), this.#hashAll);
    }
    if (frontier.size === size) this.#roots.set(size, await runLater(frontier.root(), this.#hashAll));
    return this.#roots.get(size);
  }

  rootAt(size: number): Uint8Array | undefined {
    return this.#roots.get(size);
  }

  /** Keeps a consistency proof from a size to the newest. */
  addProof(size: number, proof: string): void {
    const hashes = fromHashRow(proof);
    if (hashes === undefined) this.#findings.add("fault", "A consistency proof can't be read");
    else this.#proofs.set(size, hashes);
  }

  /** Whether the newest tree continues an older checkpoint: by the leaves themselves, or by a proof. */
  async relation(old: Checkpoint, newest: Checkpoint): Promise<Relation> {
    if (old.size === newest.size) return sameBytes(old.root, newest.root) ? "same" : "other";
    if (old.size > newest.size) return "unknown";
    const root = this.#roots.get(old.size);
    if (root !== undefined) return sameBytes(root, old.root) ? "same" : "other";
    if (old.size === 0) return "same";
    const proof = this.#proofs.get(old.size);
    if (proof === undefined) return "unknown";
    const plan = verifyConsistency(old.size, newest.size, old.root, newest.root, proof);
    return (await runLater(plan, this.#hashAll)) ? "same" : "other";
  }

  /** Whether one leaf is under a checkpoint by its own proof. */
  async includes(part: LeafPart, hash: Uint8Array, checkpoint: Checkpoint): Promise<boolean> {
    const proof = fromHashRow(part.proof ?? "");
    if (part.proof === undefined || proof === undefined) return false;
    return runLater(verifyInclusion(part.index, checkpoint.size, hash, proof, checkpoint.root), this.#hashAll);
  }

  async #remember(frontier: Frontier): Promise<void> {
    while (this.#wanted.at(-1) === frontier.size) {
      this.#wanted.pop();
      this.#roots.set(frontier.size, await runLater(frontier.root(), this.#hashAll));
    }
  }
}
