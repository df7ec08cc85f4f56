import { createHmac, createSecretKey, hkdfSync, randomBytes, type KeyObject } from "node:crypto";
import { openGcm, sealGcm, tagBytes } from "./gcm.ts";

/**
 * Files at rest (ENC-01): a header, then frames of 64 KiB, each sealed with AES-256-GCM (NIST SP 800-38D).
 *
 *     header  "PBFR" · version 1 · key id length (1 byte) · key id (ASCII) · salt (16 random bytes)
 *     frame   ciphertext (65,536 bytes; the last one 0 … 65,536) · tag (16 bytes)
 *
 * Each file has a key of its own: HKDF-SHA-256 (RFC 5869) of the tenant's key with the file's salt, bound to version,
 * tenant, blob and key id. Under that key a nonce is the frame's number, so none comes twice, however often a file is
 * sealed. The additional data of a frame are tenant, blob, key id, its number and whether it is the last: a frame moved,
 * exchanged or cut off does not verify (the STREAM construction: Hoang, Reyhanitabar, Rogaway, Vizár, 2015).
 */

export const frameBytes = 64 * 1024;
const saltBytes = 16;
const magic = Buffer.from("PBFR\u0001", "latin1");
/** Frame numbers are 32 bits: 256 TiB. */
const maxFrames = 2 ** 32;

/** What a sealed file belongs to. */
export interface FrameBinding {
  readonly tenantId: string;
  readonly blobId: string;
  /** Which of the tenant's keys sealed it; stands in the header, 1–255 ASCII characters. */
  readonly keyId: string;
}

/** A sealed file does not verify: altered, cut short, moved or opened with another key. Nothing unverified was released. */
export class FrameError extends Error {
  override readonly name = "FrameError";
  readonly code: "not-sealed" | "other-key" | "unverified";

  constructor(code: FrameError["code"]) {
    super(
      code === "other-key"
        ? "This file was sealed with another key. Nothing of it was released. Ask an operator which key it needs."
        : "This file's seal is broken. Nothing unverified was released. Restore the file from a backup.",
    );
    this.code = code;
  }
}

/** Bytes a plaintext of this length takes when sealed. */
export function sealedBytes(plaintextBytes: number, keyId: string): number {
  const frames = Math.max(1, Math.ceil(plaintextBytes / frameBytes));
  return magic.length + 1 + keyId.length + saltBytes + plaintextBytes + frames * tagBytes;
}

/** Seals a file: yields the header, then one buffer a frame. `key` is the tenant's, a secret of 32 bytes. */
export async function* sealFrames(
  plaintext: AsyncIterable<Uint8Array> | Uint8Array,
  key: KeyObject,
  binding: FrameBinding,
): AsyncGenerator<Buffer, void, void> {
  const keyId = Buffer.from(binding.keyId, "ascii");
  if (!/^[\x21-\x7e]{1,255}$/.test(binding.keyId)) throw new TypeError("a key id is 1–255 printable ASCII characters");
  const salt = randomBytes(saltBytes);
  const fileKey = deriveFileKey(key, salt, binding);
  yield Buffer.concat([magic, Buffer.of(keyId.length), keyId, salt]);
  let number = 0;
  for await (const { piece, last } of pieces(plaintext, frameBytes)) {
    yield sealGcm(fileKey, nonceOf(number), additionalData(binding, number, last), piece);
    number += 1;
  }
}

/**
 * Opens a sealed file, frame by frame; a frame is yielded only after it verified. The end is vouched for by the last
 * frame alone: who stops reading early has a prefix. `key` may be looked up by the header's key id. Throws `FrameError`.
 */
export async function* openFrames(
  sealed: AsyncIterable<Uint8Array> | Uint8Array,
  key: KeyObject | ((keyId: string) => KeyObject | Promise<KeyObject>),
  owner: Pick<FrameBinding, "tenantId" | "blobId"> & Partial<Pick<FrameBinding, "keyId">>,
): AsyncGenerator<Buffer, void, void> {
  const source = iterate(sealed);
  const { keyId, salt, rest } = await readHeader(source);
  if (owner.keyId !== undefined && owner.keyId !== keyId) throw new FrameError("other-key");
  const binding: FrameBinding = { tenantId: owner.tenantId, blobId: owner.blobId, keyId };
  const fileKey = deriveFileKey(typeof key === "function" ? await key(keyId) : key, salt, binding);
  let number = 0;
  for await (const { piece, last } of pieces(chain(rest, source), frameBytes + tagBytes)) {
    let opened: Buffer;
    try {
      opened = openGcm(fileKey, nonceOf(number), additionalData(binding, number, last), piece);
    } catch {
      throw new FrameError("unverified");
    }
    yield opened;
    number += 1;
  }
}

/**
 * The name of a file's content inside one tenant: equal files share it, and outside the tenant nobody can tell whether a
 * known file is there. HMAC-SHA-256 as 64 hex digits. `contentSha256` is the digest's 32 bytes or 64 hex digits. Give it
 * a key that is not rotated, or the same file is stored again after each rotation.
 */
export function blobIdentity(tenantKey: KeyObject, contentSha256: Uint8Array | string): string {
  const digest = typeof contentSha256 === "string" ? Buffer.from(contentSha256, "hex") : contentSha256;
  if (digest.length !== 32) throw new TypeError("a SHA-256 digest has 32 bytes");
  assertSecret(tenantKey);
  return createHmac("sha256", tenantKey).update("probity/blob/1\0").update(digest).digest("hex");
}

function assertSecret(key: KeyObject): void {
  if (key.type !== "secret" || key.symmetricKeySize !== 32)
    throw new TypeError("a tenant's key is a secret of 32 bytes");
}

function deriveFileKey(key: KeyObject, salt: Uint8Array, binding: FrameBinding): KeyObject {
  assertSecret(key);
  const info = joined("probity/file/1", binding.tenantId, binding.blobId, binding.keyId);
  return createSecretKey(Buffer.from(hkdfSync("sha256", key, salt, info, 32)));
}

function nonceOf(number: number): Buffer {
  if (number >= maxFrames) throw new RangeError("the file has too many frames");
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32BE(number, 8);
  return nonce;
}

function additionalData(binding: FrameBinding, number: number, last: boolean): Buffer {
  const tail = Buffer.alloc(5);
  tail.writeUInt32BE(number);
  tail.writeUInt8(last ? 1 : 0, 4);
  return Buffer.concat([joined("probity/frame/1", binding.tenantId, binding.blobId, binding.keyId), tail]);
}

/** Each part with its length before it, so that no two lists of parts give the same bytes. */
function joined(...parts: readonly string[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part) => {
      const bytes = Buffer.from(part, "utf8");
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
}

async function readHeader(source: AsyncIterator<Uint8Array>) {
  let held: Buffer = Buffer.alloc(0);
  const need = async (bytes: number) => {
    while (held.length < bytes) {
      const next = await source.next();
      if (next.done === true) throw new FrameError("not-sealed");
      held = Buffer.concat([held, next.value]);
    }
  };
  await need(magic.length + 1);
  if (!held.subarray(0, magic.length).equals(magic)) throw new FrameError("not-sealed");
  const idStart = magic.length + 1;
  const idEnd = idStart + held.readUInt8(magic.length);
  await need(idEnd + saltBytes);
  return {
    keyId: held.toString("ascii", idStart, idEnd),
    salt: held.subarray(idEnd, idEnd + saltBytes),
    rest: held.subarray(idEnd + saltBytes),
  };
}

async function* iterate(source: AsyncIterable<Uint8Array> | Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  if (source instanceof Uint8Array) yield source;
  else yield* source;
}

async function* chain(first: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  yield first;
  yield* rest;
}

/** Cuts a source into pieces of `size` bytes; the last may be shorter, and is empty only where the source is. */
async function* pieces(
  source: AsyncIterable<Uint8Array> | Uint8Array,
  size: number,
): AsyncGenerator<{ piece: Uint8Array; last: boolean }, void, void> {
  let held: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of iterate(source)) {
    let at = 0;
    while (at < chunk.length) {
      // A full piece is let go only when more follows: what follows decides whether it is the last.
      if (length === size) {
        yield { piece: whole(held), last: false };
        held = [];
        length = 0;
      }
      const part = chunk.subarray(at, at + size - length);
      held.push(part);
      length += part.length;
      at += part.length;
    }
  }
  yield { piece: whole(held), last: true };
}

function whole(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts);
}
