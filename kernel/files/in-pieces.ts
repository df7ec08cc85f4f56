import { createHash } from "node:crypto";
import { setImmediate as next } from "node:timers/promises";

/** What is copied or hashed at once: some milliseconds' worth (3 ms to hash), after which others have their turn. */
const pieceBytes = 1024 * 1024;

/** A copy with memory of its own, made without holding requests up. */
export async function copyInPieces(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const copy = new Uint8Array(bytes.length);
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    if (at > 0) await next();
    copy.set(bytes.subarray(at, at + pieceBytes), at);
  }
  return copy;
}

/** What came in pieces as one, in memory of its own; large answers are put together without holding requests up. */
export async function joinInPieces(chunks: readonly Uint8Array[]): Promise<Buffer<ArrayBuffer>> {
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  let sinceBreak = 0;
  for (const chunk of chunks) {
    if (sinceBreak >= pieceBytes) {
      await next();
      sinceBreak = 0;
    }
    whole.set(chunk, at);
    at += chunk.length;
    sinceBreak += chunk.length;
  }
  return Buffer.from(whole.buffer);
}

/** SHA-256, computed without holding requests up: at once, 50 MB take a tenth of a second. */
export async function sha256InPieces(bytes: Uint8Array): Promise<Buffer> {
  const hash = createHash("sha256");
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    if (at > 0) await next();
    hash.update(bytes.subarray(at, at + pieceBytes));
  }
  return hash.digest();
}
