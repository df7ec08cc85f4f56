// The Merkle tree of RFC 6962 §2 (RFC 9162 §2.1 describes the same tree).
import { sameBytes } from "./encoding.ts";
import { hashLength, hashOne, type Plan } from "./hash.ts";

/** What is hashed for a leaf: 0x00 ‖ bytes. */
export function leafInput(bytes: Uint8Array): Uint8Array {
  const input = new Uint8Array(bytes.length + 1);
  input.set(bytes, 1);
  return input;
}

/** What is hashed for a node: 0x01 ‖ left ‖ right. */
export function nodeInput(left: Uint8Array, right: Uint8Array): Uint8Array {
  const input = new Uint8Array(1 + 2 * hashLength);
  input[0] = 1;
  input.set(left, 1);
  input.set(right, 1 + hashLength);
  return input;
}

/** The inputs of the nodes over neighbours, over one piece of memory. A last one without a neighbour is left out. */
export function nodeInputs(row: readonly Uint8Array[]): Uint8Array[] {
  const length = 1 + 2 * hashLength;
  const count = row.length >> 1;
  const slab = new Uint8Array(count * length);
  const inputs: Uint8Array[] = [];
  for (let place = 0; place < count; place++) {
    const [left, right] = [row[2 * place], row[2 * place + 1]];
    if (left === undefined || right === undefined) break;
    const at = place * length;
    slab[at] = 1;
    slab.set(left, at + 1);
    slab.set(right, at + 1 + hashLength);
    inputs.push(slab.subarray(at, at + length));
  }
  return inputs;
}

export function leafHash(bytes: Uint8Array): Plan<Uint8Array> {
  return hashOne(leafInput(bytes));
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Plan<Uint8Array> {
  return hashOne(nodeInput(left, right));
}

/** The root over leaf hashes, one batch a level; of no leaves it is SHA-256 of nothing (RFC 6962 §2.1). */
export function* merkleRoot(leaves: readonly Uint8Array[]): Plan<Uint8Array> {
  if (leaves.length === 0) return yield* hashOne(new Uint8Array());
  let level = leaves;
  while (level.length > 1) {
    const parents: Uint8Array[] = [...(yield nodeInputs(level))];
    const last = level.at(-1);
    if (level.length % 2 === 1 && last !== undefined) parents.push(last);
    level = parents;
  }
  const [root] = level;
  if (root === undefined) throw new Error("A level without a node");
  return root;
}

/**
 * Whether `leaf` is the hash of leaf `index` in the tree of `size` leaves with this root (RFC 9162 §2.1.3.2). Strict: an
 * empty tree holds nothing, every hash has 32 bytes, the proof has exactly the length the tree asks for.
 */
export function verifyInclusion(
  index: number,
  size: number,
  leaf: Uint8Array,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): Plan<boolean> {
  return verifySubtreeInclusion(index, { start: 0, end: size }, leaf, proof, root);
}

/** The leaves from `start` to before `end` of a longer log. */
export type Subtree = { readonly start: number; readonly end: number };

/** The same within a part of a log that is a tree of its own (draft-ietf-plants-merkle-tree-certs §4.3); a whole tree is one of them. */
export function* verifySubtreeInclusion(
  index: number,
  { start, end }: Subtree,
  leaf: Uint8Array,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): Plan<boolean> {
  if (!isCount(index) || !isSubtree(start, end) || index < start || index >= end) return false;
  if (!areHashes(leaf, root, ...proof)) return false;
  let place = index - start;
  let last = end - start - 1;
  let hash = leaf;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (place % 2 === 1 || place === last) {
      hash = yield* nodeHash(sibling, hash);
      while (place % 2 === 0 && place !== 0) [place, last] = [half(place), half(last)];
    } else {
      hash = yield* nodeHash(hash, sibling);
    }
    [place, last] = [half(place), half(last)];
  }
  return last === 0 && sameBytes(hash, root);
}

/**
 * Whether the tree of `newSize` leaves continues the tree of `oldSize` (RFC 9162 §2.1.4.2). Strict: from size 0 nothing can
 * be shown, so it is refused; equal sizes ask for equal roots and no proof.
 */
export function* verifyConsistency(
  oldSize: number,
  newSize: number,
  oldRoot: Uint8Array,
  newRoot: Uint8Array,
  proof: readonly Uint8Array[],
): Plan<boolean> {
  if (oldSize === 0) return false;
  return yield* verifySubtreeConsistency({ start: 0, end: oldSize }, newSize, oldRoot, newRoot, proof);
}

/**
 * Whether a part of the log with this root stands unchanged in the tree of `size` leaves (draft-ietf-plants-merkle-tree-certs
 * §4.4.3); a part that begins with the first leaf is the tree as it was. An empty part has the root of nothing and no proof.
 */
export function* verifySubtreeConsistency(
  { start, end }: Subtree,
  size: number,
  partRoot: Uint8Array,
  root: Uint8Array,
  proof: readonly Uint8Array[],
): Plan<boolean> {
  if (!isCount(size) || !isCount(end) || end > size) return false;
  if (start === end) return proof.length === 0 && sameBytes(partRoot, yield* hashOne(new Uint8Array()));
  if (!isSubtree(start, end)) return false;
  if (start === 0 && end === size) return proof.length === 0 && sameBytes(partRoot, root);
  if (!areHashes(partRoot, root, ...proof)) return false;
  let first = start;
  let place = end - 1;
  let last = size - 1;
  while (first !== place && (place === last || place % 2 === 1))
    [first, place, last] = [half(first), half(place), half(last)];
  const [seed, ...rest] = first === place ? [partRoot, ...proof] : proof;
  if (seed === undefined) return false;
  let part = seed;
  let whole = seed;
  for (const hash of rest) {
    if (last === 0) return false;
    if (place % 2 === 1 || place === last) {
      if (first < place) part = yield* nodeHash(hash, part);
      whole = yield* nodeHash(hash, whole);
      while (place % 2 === 0) [first, place, last] = [half(first), half(place), half(last)];
    } else {
      whole = yield* nodeHash(whole, hash);
    }
    [first, place, last] = [half(first), half(place), half(last)];
  }
  return last === 0 && sameBytes(part, partRoot) && sameBytes(whole, root);
}

/** A whole number JavaScript holds exactly. */
export function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

// Bit operators cut at 32 bits; a log may be longer.
function half(value: number): number {
  return Math.floor(value / 2);
}

/** Its first place is a multiple of the power of two that holds it: then it is a tree of its own in every longer tree. */
function isSubtree(start: number, end: number): boolean {
  if (!isCount(start) || !isCount(end) || start >= end) return false;
  let width = 1;
  while (width < end - start) width *= 2;
  return start % width === 0;
}

function areHashes(...hashes: readonly Uint8Array[]): boolean {
  return hashes.every((hash) => hash.length === hashLength);
}
