import { randomBytes, type KeyObject } from "node:crypto";
import { openGcm, sealGcm } from "./gcm.ts";

const formatVersion = 1;

/**
 * AES-256-GCM over one value: version byte, 96-bit random nonce, ciphertext, 128-bit tag. `place` (tenant, record, row, field …)
 * is authenticated with it, so that a sealed value copied to another place does not open (ENC-01).
 */
export function sealValue(key: KeyObject, plaintext: Buffer, place: readonly string[]): Buffer {
  const nonce = randomBytes(12);
  return Buffer.concat([Buffer.of(formatVersion), nonce, sealGcm(key, nonce, placeBytes(place), plaintext)]);
}

/** Opens what sealValue made for this very place; anything else throws. */
export function openValue(key: KeyObject, sealed: Buffer, place: readonly string[]): Buffer {
  if (sealed[0] !== formatVersion) throw new Error("Not a sealed value");
  return openGcm(key, sealed.subarray(1, 13), placeBytes(place), sealed.subarray(13));
}

/** Length-prefixed, so that ("a", "bc") and ("ab", "c") differ. */
function placeBytes(place: readonly string[]): Buffer {
  return Buffer.concat(
    place.flatMap((part) => {
      const bytes = Buffer.from(part, "utf8");
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
}
