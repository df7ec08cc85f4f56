export type TextEncodingName = "utf-8" | "utf-16le" | "utf-16be" | "windows-1252";

/** Bytes that Windows-1252 leaves without a character. */
const undefinedIn1252 = new Set([0x81, 0x8d, 0x8f, 0x90, 0x9d]);

/** More than this share of bytes above 0x7F, and a file that is not UTF-8 is data and not western text. */
const maxHighShare = 0.3;

/**
 * The encoding of a text file, or `undefined` where the bytes are not text. UTF-16 needs its byte order mark; text
 * without one is UTF-8 where it decodes as such and Windows-1252 otherwise. Control characters other than tab, line
 * ends, form feed and the old end-of-file mark are not text.
 */
export function detectTextEncoding(bytes: Uint8Array): TextEncodingName | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return decodes(bytes, "utf-16le") ? "utf-16le" : undefined;
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return decodes(bytes, "utf-16be") ? "utf-16be" : undefined;

  let high = 0;
  let undefinedBytes = 0;
  // Counted by hand: entries() makes an array a byte, and 50 MB of them hold the server up for ten seconds.
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index] ?? 0;
    if (byte < 0x20) {
      const allowed =
        byte === 0x09 ||
        byte === 0x0a ||
        byte === 0x0d ||
        byte === 0x0c ||
        (byte === 0x1a && index === bytes.length - 1);
      if (!allowed) return undefined;
    } else if (byte === 0x7f) {
      return undefined;
    } else if (byte > 0x7f) {
      high += 1;
      if (undefinedIn1252.has(byte)) undefinedBytes += 1;
    }
  }
  if (decodes(bytes, "utf-8")) return "utf-8";
  return undefinedBytes === 0 && high <= bytes.length * maxHighShare ? "windows-1252" : undefined;
}

function decodes(bytes: Uint8Array, encoding: TextEncodingName): boolean {
  if (encoding !== "utf-8" && bytes.length % 2 !== 0) return false;
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
    // eslint-disable-next-line no-control-regex -- control characters are what is looked for
    return !/[\u0000-\u0008\u000b\u000e-\u0019\u001b-\u001f\ufffe\uffff]/.test(text);
  } catch {
    return false;
  }
}
