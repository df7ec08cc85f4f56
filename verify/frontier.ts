import { isCount, merkleRoot, nodeHash, nodeInputs } from "./merkle.ts";
import { hashLength, type Plan } from "./hash.ts";
import { rangeNodes } from "./proof.ts";

/**
 * The right edge of a growing tree: the roots of its perfect subtrees, one for each bit of its size. It is all that is
 * needed to append leaves and to know the root; also called a compact range that begins at 0.
 */
export class Frontier {
  #size = 0;
  /** By level: set exactly where the size has a bit. */
  readonly #edge: (Uint8Array | undefined)[] = [];

  /** From the hashes of `hashes`, largest subtree first. */
  static of(size: number, hashes: readonly Uint8Array[]): Frontier {
    const nodes = isCount(size) ? rangeNodes(0, size) : [];
    if (!isCount(size) || nodes.length !== hashes.length || hashes.some((hash) => hash.length !== hashLength))
      throw new Error("A frontier has one hash of 32 bytes for each bit of its size");
    const frontier = new Frontier();
    frontier.#size = size;
    for (const [place, { level }] of nodes.entries()) frontier.#edge[level] = hashes[place];
    return frontier;
  }

  get size(): number {
    return this.#size;
  }

  /** The edge, largest subtree first: what `of` reads. */
  hashes(): Uint8Array[] {
    return this.#edge.filter((hash) => hash !== undefined).toReversed();
  }

  copy(): Frontier {
    return Frontier.of(this.#size, this.hashes());
  }

  /** Appends leaf hashes, one batch a level. */
  *append(leaves: readonly Uint8Array[]): Plan<void> {
    let level = 0;
    let nodes: readonly Uint8Array[] = leaves;
    while (nodes.length > 0) {
      const waiting = this.#edge[level];
      const row = waiting === undefined ? nodes : [waiting, ...nodes];
      const inputs = nodeInputs(row);
      this.#edge[level] = row.length % 2 === 1 ? row.at(-1) : undefined;
      nodes = inputs.length === 0 ? [] : yield inputs;
      level += 1;
    }
    this.#size += leaves.length;
  }

  /** Appends a perfect subtree of 2^level leaves; it must begin where such a subtree can. */
  *appendNode(level: number, hash: Uint8Array): Plan<void> {
    if (this.#size % 2 ** level !== 0) throw new Error("A subtree begins at a multiple of its own size");
    let at = level;
    let node = hash;
    for (let left = this.#edge[at]; left !== undefined; left = this.#edge[at]) {
      this.#edge[at] = undefined;
      node = yield* nodeHash(left, node);
      at += 1;
    }
    this.#edge[at] = node;
    this.#size += 2 ** level;
  }

  /** The root of the tree as it is now. */
  *root(): Plan<Uint8Array> {
    let root: Uint8Array | undefined;
    for (const hash of this.#edge) {
      if (hash !== undefined) root = root === undefined ? hash : yield* nodeHash(hash, root);
    }
    return root ?? (yield* merkleRoot([]));
  }
}
