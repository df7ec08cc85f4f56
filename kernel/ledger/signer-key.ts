import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

/** The log's key: Ed25519 (RFC 8032). `publicKey` are its raw 32 bytes. */
export type SignerKey = { readonly key: KeyObject; readonly publicKey: Buffer };

/**
 * Opens the key the log is signed with, in PEM (PKCS #8). Made at first use and never replaced: whoever pinned it would see
 * another log.
 * @throws when others may read the file.
 */
export function openSignerKey(path: string): SignerKey {
  if (!existsSync(path)) makeSignerKey(path);
  const mode = statSync(path).mode & 0o777;
  if (process.platform !== "win32" && (mode & 0o077) !== 0) {
    throw new Error(
      `${path} can be read by others (mode ${mode.toString(8)}). Nothing was signed. Run chmod 600 on it, and think about who read it.`,
    );
  }
  const key = createPrivateKey(readFileSync(path, "utf8"));
  if (key.asymmetricKeyType !== "ed25519")
    throw new Error(`${path} holds no Ed25519 key. Nothing was signed. Put the right file back from your safe copy.`);
  const { x } = createPublicKey(key).export({ format: "jwk" });
  return { key, publicKey: Buffer.from(x ?? "", "base64url") };
}

function makeSignerKey(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  chmodSync(dirname(path), 0o700);
  const temporary = `${path}.${process.pid}`;
  const file = openSync(temporary, "wx", 0o600);
  writeSync(file, generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }).toString());
  fsyncSync(file);
  closeSync(file);
  try {
    // A link fails where there is a key already: of two that start at once, the first one's stays.
    linkSync(temporary, path);
  } catch (error) {
    if (!existsSync(path)) throw error;
  } finally {
    rmSync(temporary);
  }
}
