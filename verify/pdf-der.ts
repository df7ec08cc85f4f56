// A reader of DER (ITU-T X.690) for what a PDF signature holds: CMS, certificates, time-stamps. It only reads, and refuses
// what DER forbids that would let two readers see different things: indefinite lengths, lengths beyond the end.

/** One value: its tag byte, the whole of its bytes, and those behind tag and length. */
export interface Der {
  readonly tag: number;
  readonly bytes: Uint8Array;
  readonly content: Uint8Array;
}

/** Tag bytes as they appear in CMS and X.509. */
export const derTag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8: 0x0c,
  sequence: 0x30,
  set: 0x31,
  utcTime: 0x17,
  generalizedTime: 0x18,
} as const;

/** What cannot be read as DER; the message is for people. */
export class DerError extends Error {
  override readonly name = "DerError";
}

/** Reads the value that starts at `offset`; what follows it is left alone. */
export function readDer(bytes: Uint8Array, offset = 0): Der {
  const tag = bytes[offset];
  const first = bytes[offset + 1];
  if (tag === undefined || first === undefined) throw new DerError("a value ends before its length");
  if ((tag & 0x1f) === 0x1f) throw new DerError("a tag of several bytes, which no signature uses");
  let length = first;
  let start = offset + 2;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0) throw new DerError("a length that is not stated, which DER forbids");
    if (count > 4) throw new DerError("a length beyond any file");
    length = 0;
    for (let index = 0; index < count; index += 1) length = length * 256 + (bytes[start + index] ?? Number.NaN);
    start += count;
  }
  const end = start + length;
  if (!(end <= bytes.length)) throw new DerError("a value reaches beyond the end");
  return { tag, bytes: bytes.subarray(offset, end), content: bytes.subarray(start, end) };
}

/** The values inside a constructed one, in order. */
export function derChildren(value: Der): Der[] {
  const children: Der[] = [];
  for (let offset = 0; offset < value.content.length;) {
    const child = readDer(value.content, offset);
    children.push(child);
    offset += child.bytes.length;
  }
  return children;
}

/** A value of the tag asked for, or an error that names what is missing. */
export function expectDer(value: Der | undefined, tag: number, name: string): Der {
  if (value?.tag !== tag) throw new DerError(`${name} is not where it belongs`);
  return value;
}

/** An object identifier in dots, such as 1.2.840.113549.1.7.2. */
export function derOid(value: Der | undefined): string {
  const { content } = expectDer(value, derTag.oid, "an object identifier");
  const parts: number[] = [];
  let part = 0;
  for (const byte of content) {
    part = part * 128 + (byte & 0x7f);
    if (byte < 0x80) {
      parts.push(part);
      part = 0;
    }
  }
  const [joined = 0, ...rest] = parts;
  const top = Math.min(2, Math.floor(joined / 40));
  return [top, joined - top * 40, ...rest].join(".");
}

/** UTCTime or GeneralizedTime in UTC, as RFC 5280 §4.1.2.5 and RFC 3161 write it. */
export function derTime(value: Der | undefined): Date {
  const text = value === undefined ? "" : latin(value.content);
  const [, year, month, day, hour, minute, second, fraction] =
    /^(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\.\d+)?Z$/.exec(text) ?? [];
  const isShort = value?.tag === derTag.utcTime;
  if (year === undefined || (!isShort && value?.tag !== derTag.generalizedTime) || (year.length === 2) !== isShort)
    throw new DerError("a time is not written as a time");
  const full = isShort ? (Number(year) >= 50 ? `19${year}` : `20${year}`) : year;
  const at = new Date(`${full}-${month}-${day}T${hour}:${minute}:${second}${(fraction ?? "").slice(0, 4)}Z`);
  // Later and earlier than it would both be wrong: a certificate would never be out of date.
  if (Number.isNaN(at.getTime())) throw new DerError("a time is none there is");
  return at;
}

/** The bytes of a bit string that ends on a byte, as keys and signatures do. */
export function derBits(value: Der | undefined): Uint8Array {
  const { content } = expectDer(value, derTag.bitString, "a bit string");
  if (content[0] !== 0) throw new DerError("a bit string does not end on a byte");
  return content.subarray(1);
}

/** Whether two byte strings are the same. */
export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}

/** Bytes in hexadecimal digits. */
export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function latin(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes.subarray(0, 64));
}
