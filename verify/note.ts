// C2SP signed-note, with Ed25519 keys (0x01) and timestamped cosignatures of witnesses (0x04, tlog-cosignature).
import { base64, concat, fromBase64, fromHex, hex, utf8 } from "./encoding.ts";
import { FormatError } from "./format-error.ts";
import { hashOne, runLater, type Plan, type Provider } from "./hash.ts";

export const ed25519Type = 0x01;
export const cosignatureType = 0x04;

const maximumLength = 1_000_000;
const maximumSignatures = 100;

export type NoteSignature = { readonly name: string; readonly keyId: string; readonly bytes: Uint8Array };
export type Note = { readonly text: string; readonly signatures: readonly NoteSignature[] };

/** A public key with the name it signs under. `keyId` are 8 hex digits. */
export type VerifierKey = {
  readonly name: string;
  readonly keyId: string;
  readonly type: number;
  readonly publicKey: Uint8Array;
};

/** A good signature by a known key. A witness says when it signed, in seconds since 1970. */
export type VerifiedSignature = { readonly key: VerifierKey; readonly timeSeconds?: number };

/** The first four bytes of SHA-256(name ‖ newline ‖ type ‖ public key), as 8 hex digits. */
export function* keyIdOf(name: string, type: number, publicKey: Uint8Array): Plan<string> {
  const hash = yield* hashOne(concat(utf8(`${name}\n`), Uint8Array.of(type), publicKey));
  return hex(hash.subarray(0, 4));
}

/** Writes a key as `name+id+base64(type ‖ public key)`. */
export function* vkeyText(name: string, type: number, publicKey: Uint8Array): Plan<string> {
  const keyId = yield* keyIdOf(name, type, publicKey);
  return `${name}+${keyId}+${base64(concat(Uint8Array.of(type), publicKey))}`;
}

/** Reads a vkey. Its id must be the one its name, type and key give, so that a mistyped key is found here and not later. */
export function* parseVkey(text: string): Plan<VerifierKey> {
  const [name = "", keyId = "", ...rest] = text.split("+");
  // Base64 may hold a plus of its own.
  const key = fromBase64(rest.join("+"));
  if (!isKeyName(name) || fromHex(keyId)?.length !== 4 || key === undefined || key.length < 2)
    throw new FormatError(`“${text.slice(0, 120)}” is not a verifier key (name+id+key)`);
  const type = key[0] ?? 0;
  const publicKey = key.subarray(1);
  if ((type === ed25519Type || type === cosignatureType) && publicKey.length !== 32)
    throw new FormatError(`The key of ${name} does not have the 32 bytes of Ed25519`);
  if ((yield* keyIdOf(name, type, publicKey)) !== keyId)
    throw new FormatError(`The id ${keyId} does not belong to the key of ${name}`);
  return { name, keyId, type, publicKey };
}

/** Takes a note apart; verifies nothing. */
export function parseNote(note: string): Note {
  if (note.length > maximumLength) throw new FormatError("The note is longer than a million characters");
  // Control characters could make a note look other than it is; U+FFFD comes of bytes that were no UTF-8.
  // oxlint-disable-next-line no-control-regex -- control characters are what it refuses
  if (/[\u0000-\u0009\u000b-\u001f]/.test(note) || !note.isWellFormed())
    throw new FormatError("The note holds characters that a note must not hold");
  const split = note.lastIndexOf("\n\n");
  if (split < 0 || !note.endsWith("\n")) throw new FormatError("The note has no signatures under an empty line");
  const lines = note.slice(split + 2).split("\n");
  lines.pop();
  if (lines.length === 0) throw new FormatError("The note has no signature");
  if (lines.length > maximumSignatures) throw new FormatError(`The note has over ${maximumSignatures} signatures`);
  return { text: note.slice(0, split + 1), signatures: lines.map(parseSignature) };
}

function parseSignature(line: string): NoteSignature {
  const [dash, name = "", signature = "", ...more] = line.split(" ");
  const bytes = fromBase64(signature);
  if (dash !== "—" || !isKeyName(name) || bytes === undefined || bytes.length < 5 || more.length > 0)
    throw new FormatError("A signature line of the note can't be read");
  return { name, keyId: hex(bytes.subarray(0, 4)), bytes: bytes.subarray(4) };
}

/** One signature line, newline included. */
export function signatureLine(name: string, keyId: string, signature: Uint8Array): string {
  const id = fromHex(keyId);
  if (!isKeyName(name) || id?.length !== 4) throw new FormatError("A signature needs a key's name and id");
  return `— ${name} ${base64(concat(id, signature))}\n`;
}

/** A note from a text that ends with a newline and its signature lines. */
export function noteText(text: string, lines: readonly string[]): string {
  return `${text}\n${lines.join("")}`;
}

/** What a witness signs (tlog-cosignature, Ed25519): when, and the whole checkpoint. */
export function cosignatureMessage(timeSeconds: number, text: string): Uint8Array {
  return utf8(`cosignature/v1\ntime ${timeSeconds}\n${text}`);
}

/** The bytes of a cosignature: the time in eight bytes, big-endian, then the Ed25519 signature. */
export function cosignatureBytes(timeSeconds: number, signature: Uint8Array): Uint8Array {
  const time = new Uint8Array(8);
  new DataView(time.buffer).setBigUint64(0, BigInt(timeSeconds));
  return concat(time, signature);
}

/** Why a note is refused: nobody known signed it, or somebody known did not. */
export class NoteRefused extends Error {
  override readonly name = "NoteRefused";
  readonly reason: "unsigned" | "bad-signature";
  constructor(reason: "unsigned" | "bad-signature", message: string) {
    super(message);
    this.reason = reason;
  }
}

/**
 * The good signatures of known keys, one a key. Signatures of unknown keys and types say nothing and are passed over; one
 * bad signature of a known key, or no good one, refuses the note.
 */
export async function openNote(
  note: Note,
  keys: readonly VerifierKey[],
  provider: Provider,
): Promise<VerifiedSignature[]> {
  const found = new Map<string, VerifiedSignature>();
  for (const signature of note.signatures) {
    const known = keys.filter((key) => key.name === signature.name && key.keyId === signature.keyId);
    for (const key of known) {
      if (key.type !== ed25519Type && key.type !== cosignatureType) continue;
      const verified = await verifySignature(note.text, key, signature.bytes, provider);
      if (verified === undefined)
        throw new NoteRefused("bad-signature", `The signature of ${key.name} (${key.keyId}) does not fit its text`);
      const place = `${key.name}+${key.keyId}`;
      if (!found.has(place)) found.set(place, verified);
    }
  }
  if (found.size === 0) throw new NoteRefused("unsigned", "None of the known keys signed the note");
  return [...found.values()];
}

async function verifySignature(
  text: string,
  key: VerifierKey,
  bytes: Uint8Array,
  provider: Provider,
): Promise<VerifiedSignature | undefined> {
  if (key.type === ed25519Type) {
    const good = bytes.length === 64 && (await provider.verifyEd25519(key.publicKey, utf8(text), bytes));
    return good ? { key } : undefined;
  }
  if (bytes.length !== 72) return undefined;
  const time = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0);
  if (time > BigInt(Number.MAX_SAFE_INTEGER)) return undefined;
  const timeSeconds = Number(time);
  const message = cosignatureMessage(timeSeconds, text);
  return (await provider.verifyEd25519(key.publicKey, message, bytes.subarray(8))) ? { key, timeSeconds } : undefined;
}

/** Reads several vkeys. Keys of types we don't know are kept: they are passed over when a note is opened. */
export async function readVkeys(texts: readonly string[], provider: Provider): Promise<VerifierKey[]> {
  const keys: VerifierKey[] = [];
  for (const text of texts) keys.push(await runLater(parseVkey(text), provider.hashAll));
  return keys;
}

function isKeyName(name: string): boolean {
  return name !== "" && !/[\s+]/u.test(name);
}
