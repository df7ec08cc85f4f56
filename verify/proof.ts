// Making proofs: which nodes a proof consists of, whoever keeps them (tiles, a table, all leaves at once).
import { merkleRoot, nodeHash } from "./merkle.ts";
import type { Plan } from "./hash.ts";

/** A perfect subtree: leaves [index · 2^level, (index + 1) · 2^level). */
export type NodeAt = { readonly level: number; readonly index: number };
/** Leaves [begin, end). */
export type LeafRange = readonly [begin: number, end: number];

/** The fewest perfect subtrees that make up [begin, end), left to right. */
export function rangeNodes(begin: number, end: number): NodeAt[] {
  const nodes: NodeAt[] = [];
  let at = begin;
  while (at < end) {
    let level = 0;
    while (at % 2 ** (level + 1) === 0 && at + 2 ** (level + 1) <= end) level += 1;
    nodes.push({ level, index: at / 2 ** level });
    at += 2 ** level;
  }
  return nodes;
}

/** The subtrees whose roots are the inclusion proof of leaf `index` (RFC 6962 §2.1.1), in the proof's order. */
export function inclusionRanges(index: number, size: number): LeafRange[] {
  const ranges: LeafRange[] = [];
  let [begin, end] = [0, size];
  while (end - begin > 1) {
    const split = begin + largestPowerBelow(end - begin);
    if (index < split) {
      ranges.push([split, end]);
      end = split;
    } else {
      ranges.push([begin, split]);
      begin = split;
    }
  }
  return ranges.toReversed();
}

/** The subtrees whose roots are the consistency proof from `oldSize` to `newSize` (RFC 6962 §2.1.2), in the proof's order. */
export function consistencyRanges(oldSize: number, newSize: number): LeafRange[] {
  const ranges: LeafRange[] = [];
  let [begin, end] = [0, newSize];
  while (end !== oldSize) {
    const split = begin + largestPowerBelow(end - begin);
    if (oldSize <= split) {
      ranges.push([split, end]);
      end = split;
    } else {
      ranges.push([begin, split]);
      begin = split;
    }
  }
  // The old tree's own root is known to who asks; a part of it is not.
  if (begin > 0) ranges.push([begin, end]);
  return ranges.toReversed();
}

/** The proof over ranges, from the hashes of perfect subtrees. */
export function* proofOf(ranges: readonly LeafRange[], hashAt: (node: NodeAt) => Uint8Array): Plan<Uint8Array[]> {
  const proof: Uint8Array[] = [];
  for (const [begin, end] of ranges) proof.push(yield* foldNodes(rangeNodes(begin, end).map(hashAt)));
  return proof;
}

/** The root over perfect subtrees of falling size, as they lie at a tree's right edge. */
export function* foldNodes(hashes: readonly Uint8Array[]): Plan<Uint8Array> {
  let root = hashes.at(-1);
  if (root === undefined) throw new Error("No root without a node");
  for (const hash of hashes.slice(0, -1).toReversed()) root = yield* nodeHash(hash, root);
  return root;
}

/** The proof over ranges, from all leaf hashes: for tests and small trees. */
export function* proofFromLeaves(ranges: readonly LeafRange[], leaves: readonly Uint8Array[]): Plan<Uint8Array[]> {
  const proof: Uint8Array[] = [];
  for (const [begin, end] of ranges) proof.push(yield* merkleRoot(leaves.slice(begin, end)));
  return proof;
}

function largestPowerBelow(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}
