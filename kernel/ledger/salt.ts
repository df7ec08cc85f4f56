import { randomFillSync } from "node:crypto";

export const saltLength = 16;

/** What is drawn at once: a call for random bytes costs as much for four thousand as for sixteen. */
const pool = Buffer.alloc(4096);
let used = pool.length;

/**
 * Hands `count` new salts, side by side, to `use`. Each byte is used once and wiped afterwards; nothing of them may be kept
 * but what `use` made of them.
 */
export function withSalts<T>(count: number, use: (salts: Buffer) => T): T {
  const length = count * saltLength;
  // More than there can be at once is drawn for itself.
  if (length > pool.length) return wiped(randomFillSync(Buffer.alloc(length)), use);
  if (used + length > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += length;
  return wiped(pool.subarray(used - length, used), use);
}

function wiped<T>(salts: Buffer, use: (salts: Buffer) => T): T {
  try {
    return use(salts);
  } finally {
    salts.fill(0);
  }
}
