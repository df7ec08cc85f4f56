// RFC 3161 tokens, as far as they can be read without a certificate store: what was stamped, and when.
import { fromBase64, hex, sameBytes } from "./encoding.ts";
import { FormatError } from "./format-error.ts";

/** `hash` is what the authority saw; `at` when, by its clock. The authority's signature is not judged here. */
export type TimestampToken = { readonly hash: Uint8Array; readonly at: string; readonly serial: string };

type Der = { readonly tag: number; readonly body: Uint8Array; readonly next: number };

const signedData = Uint8Array.of(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02);
const tstInfo = Uint8Array.of(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04);
const sha256 = Uint8Array.of(0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01);

/** Reads a TimeStampToken, or the TimeStampResp around it (RFC 3161 §2.4.2), from base64 of its DER. */
export function readTimestampToken(text: string): TimestampToken {
  const bytes = fromBase64(text);
  if (bytes === undefined) throw new FormatError("The time stamp is not base64");
  const outer = one(bytes, 0x30);
  const [first, second] = children(outer);
  // A response begins with its status, a token with its content type.
  const content = first?.tag === 0x30 && second !== undefined ? children(expect(second, 0x30)) : [first, second];
  if (!sameBytes(expect(content[0], 0x06), signedData)) throw new FormatError("The time stamp holds no signed data");
  const signed = children(one(expect(content[1], 0xa0), 0x30));
  const encapsulated = children(expect(signed[2], 0x30));
  if (!sameBytes(expect(encapsulated[0], 0x06), tstInfo)) throw new FormatError("The signed data is no time stamp");
  const info = children(one(one(expect(encapsulated[1], 0xa0), 0x04), 0x30));
  const imprint = children(expect(info[2], 0x30));
  const algorithm = children(expect(imprint[0], 0x30));
  if (!sameBytes(expect(algorithm[0], 0x06), sha256)) throw new FormatError("The time stamp is not over SHA-256");
  return { hash: expect(imprint[1], 0x04), serial: hex(expect(info[3], 0x02)), at: timeOf(expect(info[4], 0x18)) };
}

/** GeneralizedTime as RFC 3161 §2.4.2 asks for it: YYYYMMDDhhmmss[.s…]Z. */
function timeOf(bytes: Uint8Array): string {
  const text = String.fromCharCode(...bytes.subarray(0, 40));
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\.\d+)?Z$/.exec(text);
  if (match === null) throw new FormatError("The time of the time stamp can't be read");
  const [, year, month, day, hour, minute, second, fraction = ""] = match;
  return `${year}-${month}-${day}T${hour}:${minute}:${second}${fraction}Z`;
}

function children(bytes: Uint8Array): Der[] {
  const found: Der[] = [];
  for (let at = 0; at < bytes.length;) {
    const each = read(bytes, at);
    found.push(each);
    at = each.next;
  }
  return found;
}

function one(bytes: Uint8Array, tag: number): Uint8Array {
  const only = read(bytes, 0);
  if (only.next !== bytes.length) throw new FormatError("The time stamp has bytes too many");
  return expect(only, tag);
}

function expect(found: Der | undefined, tag: number): Uint8Array {
  if (found?.tag !== tag) throw new FormatError("The time stamp is not built as one");
  return found.body;
}

/** One DER value with a definite length of up to four bytes (X.690 §8.1). */
function read(bytes: Uint8Array, at: number): Der {
  const tag = bytes[at] ?? 0;
  let length = bytes[at + 1] ?? 0;
  let start = at + 2;
  if (length >= 0x80) {
    const count = length & 0x7f;
    if (count === 0 || count > 4) throw new FormatError("The time stamp has a length that can't be read");
    length = 0;
    for (let index = 0; index < count; index++) length = length * 256 + (bytes[start + index] ?? 0);
    start += count;
  }
  if ((tag & 0x1f) === 0x1f || start + length > bytes.length) throw new FormatError("The time stamp is cut off");
  return { tag, body: bytes.subarray(start, start + length), next: start + length };
}
