import { createHash, createSecretKey, randomBytes, type KeyObject } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  openSync,
  closeSync,
  fsyncSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

export type RootKey = { readonly id: string; readonly key: KeyObject };

/**
 * The embedded default of ENC-02: a root key in a file only its owner can read. Made at first start, never replaced: a lost
 * root key means lost data, and losing it silently would be worse. A file others can read is an error.
 */
export function openRootKey(path: string): RootKey {
  if (!existsSync(path)) makeRootKey(path);
  const mode = statSync(path).mode & 0o777;
  if (process.platform !== "win32" && (mode & 0o077) !== 0) {
    throw new Error(
      `${path} can be read by others (mode ${mode.toString(8)}). Nothing was started. Run chmod 600 on it, and think about who read it.`,
    );
  }
  const bytes = Buffer.from(readFileSync(path, "utf8").trim(), "base64url");
  if (bytes.length !== 32) {
    throw new Error(
      `${path} does not hold a 32-byte key. Nothing was started. Put the right file back from your safe copy.`,
    );
  }
  return rootKeyOf(bytes);
}

/** A root key from its 32 bytes; the id names it beside everything it wrapped. */
export function rootKeyOf(bytes: Buffer): RootKey {
  return {
    id: createHash("sha256").update("probity root key id").update(bytes).digest("hex").slice(0, 16),
    key: createSecretKey(bytes),
  };
}

function makeRootKey(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  chmodSync(dirname(path), 0o700);
  const temporary = `${path}.${process.pid}`;
  const file = openSync(temporary, "wx", 0o600);
  writeSync(file, `${randomBytes(32).toString("base64url")}\n`);
  fsyncSync(file);
  closeSync(file);
  renameSync(temporary, path);
}
