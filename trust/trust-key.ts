import { createHash, createPrivateKey, createPublicKey, hkdfSync, sign, verify, type KeyObject } from "node:crypto";
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { canonicalText, openValue, sealValue, type RootKey } from "@probity/kernel";

/** The key that signs the trust statement; `jwk` is its public half as published (RFC 8037, kid by RFC 7638). */
export type TrustKey = { readonly id: string; readonly key: KeyObject; readonly jwk: Record<string, string> };

/** PKCS #8 of an Ed25519 seed (RFC 8410 §7): this prefix, then the 32 bytes. */
const pkcs8Prefix = Buffer.from("302e020100300506032b657004220420", "hex");
const place = ["instance", "trust-key", "ed25519"];

/**
 * Opens the signing key in keys/trust.key, sealed under the root key. The first time it is derived from the root key, so
 * that every server of an instance has the same one; from then on the file is what counts, and survives a new root key.
 * @throws when others may read the file, or the root key does not open it: a new key in its place would look like a takeover.
 */
export function openTrustKey(home: string, rootKey: RootKey): TrustKey {
  const path = join(home, "keys", "trust.key");
  if (!existsSync(path)) {
    const seed = Buffer.from(hkdfSync("sha256", rootKey.key, "", "probity trust statement key", 32));
    storeSealed(path, sealValue(rootKey.key, seed, place));
  }
  const mode = statSync(path).mode & 0o777;
  if (process.platform !== "win32" && (mode & 0o077) !== 0) {
    throw new Error(
      `${path} can be read by others (mode ${mode.toString(8)}). Nothing was started. Run chmod 600 on it, and think about who read it.`,
    );
  }
  return keyOf(openValue(rootKey.key, Buffer.from(readFileSync(path, "utf8").trim(), "base64url"), place));
}

function storeSealed(path: string, sealed: Buffer): void {
  const folder = join(path, "..");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  const temporary = `${path}.${process.pid}`;
  const file = openSync(temporary, "w", 0o600);
  writeSync(file, `${sealed.toString("base64url")}\n`);
  fsyncSync(file);
  closeSync(file);
  renameSync(temporary, path);
}

function keyOf(seed: Buffer): TrustKey {
  const key = createPrivateKey({ key: Buffer.concat([pkcs8Prefix, seed]), format: "der", type: "pkcs8" });
  const x = createPublicKey(key).export({ format: "jwk" }).x ?? "";
  const id = createHash("sha256")
    .update(canonicalText({ crv: "Ed25519", kty: "OKP", x }))
    .digest("base64url");
  return { id, key, jwk: { kty: "OKP", crv: "Ed25519", x, kid: id, use: "sig", alg: "EdDSA" } };
}

/** Signs the RFC 8785 form of an object; the signature becomes its member `signature`. */
export function signed<T extends object>(statement: T, key: TrustKey): T & { signature: Record<string, string> } {
  return {
    ...statement,
    signature: {
      algorithm: "Ed25519",
      keyId: key.id,
      over: "the RFC 8785 form of this object without its member signature",
      value: sign(null, Buffer.from(canonicalText(statement)), key.key).toString("base64url"),
    },
  };
}

/** Whether an object signed by `signed` is as it was signed, under one of these public keys. */
export function verifies(
  statement: Readonly<Record<string, unknown>>,
  keys: readonly Readonly<Record<string, unknown>>[],
): boolean {
  const { signature, ...rest } = statement;
  if (typeof signature !== "object" || signature === null) return false;
  const members = Object.fromEntries(Object.entries(signature));
  const jwk = keys.find((each) => each["kid"] === members["keyId"]);
  if (jwk === undefined || typeof members["value"] !== "string") return false;
  const { kty, crv, x } = jwk;
  if (kty !== "OKP" || crv !== "Ed25519" || typeof x !== "string") return false;
  const publicKey = { kty, crv, x };
  return verify(
    null,
    Buffer.from(canonicalText(rest)),
    createPublicKey({ key: publicKey, format: "jwk" }),
    Buffer.from(members["value"], "base64url"),
  );
}
