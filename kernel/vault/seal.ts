import { createCipheriv, createDecipheriv, randomBytes, type KeyObject } from "node:crypto";

const formatVersion = 1;

/**
 * AES-256-GCM over one value: version byte, 96-bit random nonce, ciphertext, 128-bit tag. `place` (tenant, record, row, field …)
 * is authenticated with it, so that a sealed value copied to another place does not open (ENC-01).
 */
export function sealValue(key: KeyObject, plaintext: Buffer, place: readonly string[]): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce, { authTagLength: 16 });
  cipher.setAAD(placeBytes(place));
  return Buffer.concat([
    Buffer.of(formatVersion),
    nonce,
    cipher.update(plaintext),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
}

/** Opens what sealValue made for this very place; anything else throws. */
export function openValue(key: KeyObject, sealed: Buffer, place: readonly string[]): Buffer {
  if (sealed.length < 29 || sealed[0] !== formatVersion) throw new Error("Not a sealed value");
  const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(1, 13), { authTagLength: 16 });
  decipher.setAAD(placeBytes(place));
  decipher.setAuthTag(sealed.subarray(-16));
  return Buffer.concat([decipher.update(sealed.subarray(13, -16)), decipher.final()]);
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
