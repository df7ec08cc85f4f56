import { sha256 } from "@noble/hashes/sha2.js";

/** The work of a challenge, off the page's own thread. Not crypto.subtle: it is missing on plain http, and slow one by one. */
addEventListener("message", ({ data }: MessageEvent<{ salt: string; target: string; max: number }>) => {
  const target = Uint8Array.from(data.target.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  const encoder = new TextEncoder();
  for (let number = 0; number <= data.max; number += 1) {
    const hash = sha256(encoder.encode(`${data.salt}.${number}`));
    if (hash.every((byte, index) => byte === target[index])) {
      postMessage(number);
      return;
    }
  }
  postMessage(null);
});
