const standard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const forUrl = `${standard.slice(0, 62)}-_`;
const standardValues = valuesOf(standard);
const urlValues = valuesOf(forUrl);
const hexOf = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

const encoder = new TextEncoder();

export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** The UTF-8 of many texts over one piece of memory: thousands of small ones cost more to allocate than to hash. */
export function utf8All(texts: readonly string[]): Uint8Array[] {
  const slab = new Uint8Array(texts.reduce((length, text) => length + text.length, 0));
  let at = 0;
  return texts.map((text) => {
    const place = slab.subarray(at, at + text.length);
    const { read, written } = encoder.encodeInto(text, place);
    if (read < text.length) return encoder.encode(text);
    at += written;
    return place;
  });
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}

/** RFC 4648 §4, padded. */
export function base64(bytes: Uint8Array): string {
  return encode(bytes, standard, true);
}

/** RFC 4648 §5, unpadded. */
export function base64url(bytes: Uint8Array): string {
  return encode(bytes, forUrl, false);
}

/** Reads RFC 4648 §4 as strictly as it can be written: padding present, no stray bits, one spelling per value. */
export function fromBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined;
  const end = text.endsWith("==") ? text.length - 2 : text.endsWith("=") ? text.length - 1 : text.length;
  return decode(text, end, standardValues);
}

/** Reads RFC 4648 §5 without padding, as strictly. */
export function fromBase64url(text: string): Uint8Array | undefined {
  return decode(text, text.length, urlValues);
}

export function hex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += hexOf[byte] ?? "";
  return text;
}

export function fromHex(text: string): Uint8Array | undefined {
  if (!/^([0-9a-f]{2})*$/.test(text)) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let index = 0; index < bytes.length; index++)
    bytes[index] = Number.parseInt(text.slice(index * 2, index * 2 + 2), 16);
  return bytes;
}

function encode(bytes: Uint8Array, alphabet: string, pad: boolean): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at;
    const group = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    text += alphabet.charAt(group >> 18) + alphabet.charAt((group >> 12) & 63);
    if (left > 1) text += alphabet.charAt((group >> 6) & 63);
    else if (pad) text += "=";
    if (left > 2) text += alphabet.charAt(group & 63);
    else if (pad) text += "=";
  }
  return text;
}

function decode(text: string, length: number, values: Int8Array): Uint8Array | undefined {
  if (length % 4 === 1) return undefined;
  const bytes = new Uint8Array((length * 6) >> 3);
  let bits = 0;
  let held = 0;
  let at = 0;
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index);
    const value = code < 256 ? (values[code] ?? -1) : -1;
    if (value < 0) return undefined;
    held = ((held << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[at] = (held >> bits) & 255;
      at += 1;
    }
  }
  return (held & ((1 << bits) - 1)) === 0 ? bytes : undefined;
}

function valuesOf(alphabet: string): Int8Array {
  const values = new Int8Array(256).fill(-1);
  for (let index = 0; index < 64; index++) values[alphabet.charCodeAt(index)] = index;
  return values;
}

/** A row of hashes as one base64 text. */
export function hashRow(hashes: readonly Uint8Array[]): string {
  return base64(concat(...hashes));
}

/** Reads a row of hashes; undefined where it is none. */
export function fromHashRow(text: string): Uint8Array[] | undefined {
  const bytes = fromBase64(text);
  if (bytes === undefined || bytes.length % 32 !== 0) return undefined;
  return Array.from({ length: bytes.length / 32 }, (_, index) => bytes.subarray(index * 32, index * 32 + 32));
}
