import { createCipheriv, createDecipheriv, type KeyObject } from "node:crypto";

/** Bytes of a tag: never a shorter one (NIST SP 800-38D appendix C). */
export const tagBytes = 16;

/** AES-GCM with keys of 256 bits alone: ciphertext, then its tag. A nonce of 96 bits must never come twice under one key. */
export function sealGcm(key: KeyObject, nonce: Uint8Array, additional: Uint8Array, plaintext: Uint8Array): Buffer {
  const cipher = createCipheriv("aes-256-gcm", key, nonce, { authTagLength: tagBytes });
  cipher.setAAD(additional);
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** Opens what sealGcm made; throws where anything of it was changed, and gives nothing away before. */
export function openGcm(key: KeyObject, nonce: Uint8Array, additional: Uint8Array, sealed: Uint8Array): Buffer {
  if (sealed.length < tagBytes) throw new Error("Shorter than a tag");
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: tagBytes });
  decipher.setAAD(additional);
  decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes));
  const opened = decipher.update(sealed.subarray(0, sealed.length - tagBytes));
  // Nothing comes after the last byte in this mode; this is where the tag is checked.
  decipher.final();
  return opened;
}
