import { hash } from "node:crypto";

export const hashLength = 32;

/** 0x01 and room for two hashes: what an inner node is the hash of. */
const node = Buffer.alloc(1 + 2 * hashLength, 1);

/**
 * Puts SHA-256 of the input to its place. It comes as text of a byte a character: for a binary answer node:crypto makes a
 * buffer of its own each time, and that costs more than the hash does.
 */
export function putHash(input: string | Buffer, into: Buffer, place: number): void {
  into.write(hash("sha256", input, "binary"), place * hashLength, "binary");
}

/**
 * The RFC 6962 §2.1 root over `count` hashes that lie side by side, at least one: put where the first of them was, over the
 * rest of them. Neighbours are paired level by level and the last without one waits: the largest power of two on the left.
 */
export function foldRoot(hashes: Buffer, count: number): void {
  if (count < 1) throw new Error("No root without a leaf");
  for (let left = count; left > 1; left = (left + 1) >> 1) {
    const pairs = left >> 1;
    for (let pair = 0; pair < pairs; pair += 1) {
      node.set(hashes.subarray(2 * pair * hashLength, (2 * pair + 2) * hashLength), 1);
      putHash(node, hashes, pair);
    }
    if (left % 2 === 1) hashes.copy(hashes, pairs * hashLength, (left - 1) * hashLength, left * hashLength);
  }
}

/** The same over hashes that lie apart. */
export function merkleRoot(hashes: readonly Buffer[]): Buffer {
  if (hashes.some((each) => each.length !== hashLength)) throw new Error("A hash of SHA-256 has 32 bytes");
  const row = Buffer.concat(hashes);
  foldRoot(row, hashes.length);
  return row.subarray(0, hashLength);
}
