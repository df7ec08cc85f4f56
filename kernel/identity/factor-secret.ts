import { createHmac, createSecretKey, hkdfSync, randomBytes, type KeyObject } from "node:crypto";
import { openValue, sealValue } from "../vault/seal.ts";

/** A key of its own for what proves people, derived from the root key: people belong to no tenant whose keys could seal it. */
function keyOf(rootKey: KeyObject, purpose: string): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync("sha256", rootKey.export(), "probity identity factor", purpose, 32)));
}

/** Seals a TOTP secret for its person: copied to another person's row it does not open. */
export function sealFactor(rootKey: KeyObject, userId: string, secret: Buffer): Buffer {
  return sealValue(keyOf(rootKey, "seal"), secret, ["identity.totp", userId, "secret"]);
}
export function openFactor(rootKey: KeyObject, userId: string, sealed: Buffer): Buffer {
  return openValue(keyOf(rootKey, "seal"), sealed, ["identity.totp", userId, "secret"]);
}

/** What is kept of a recovery code: a keyed hash for its person. A code has 80 random bits: no slow hash is needed. */
export function recoveryHash(rootKey: KeyObject, userId: string, code: string): Buffer {
  const plain = code.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  return createHmac("sha256", keyOf(rootKey, "recovery")).update(`${userId}:${plain}`).digest();
}

// Crockford's alphabet: no letter that is read as another.
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

/** A recovery code: 16 letters of 5 bits, in groups that can be read out. */
export function newRecoveryCode(): string {
  const letters = [...randomBytes(16)].map((byte) => alphabet[byte & 31]).join("");
  return letters.replaceAll(/(.{4})(?=.)/g, "$1-");
}
