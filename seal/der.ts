// A writer of DER (ITU-T X.690), the counterpart of verify/pdf-der.ts: the three structures we make (CMS, time-stamp request,
// self-signed certificate) are nests of tag, length and content. OpenSSL and pdfsig read what it writes (seal.test.ts).

/** One value. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const digits: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest & 0xff);
  const size = length < 0x80 ? [length] : [0x80 | digits.length, ...digits];
  return Buffer.concat([Buffer.of(tag, ...size), ...parts]);
}

export function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  return der(0x30, ...parts);
}

/** SET OF, its members in the order DER asks for (X.690 §11.6). */
export function setOf(...parts: readonly Uint8Array[]): Uint8Array {
  return der(0x31, ...parts.toSorted((left, right) => Buffer.compare(left, right)));
}

/** A number of any length that is not negative, from its bytes with the highest first. */
export function integer(bytes: Uint8Array | number): Uint8Array {
  const digits = typeof bytes === "number" ? Uint8Array.of(bytes) : bytes;
  let from = 0;
  while (from < digits.length - 1 && digits[from] === 0) from += 1;
  const rest = digits.subarray(from);
  return (rest[0] ?? 0) >= 0x80 ? der(0x02, Uint8Array.of(0), rest) : der(0x02, rest);
}

/** An object identifier from its dotted form. */
export function oid(dotted: string): Uint8Array {
  const [top = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes: number[] = [];
  for (const part of [top * 40 + second, ...rest]) {
    const digits = [part & 0x7f];
    for (let high = Math.floor(part / 128); high > 0; high = Math.floor(high / 128))
      digits.unshift((high & 0x7f) | 0x80);
    bytes.push(...digits);
  }
  return der(0x06, Uint8Array.from(bytes));
}

export function octets(bytes: Uint8Array): Uint8Array {
  return der(0x04, bytes);
}

/** A bit string that ends on a byte. */
export function bits(bytes: Uint8Array): Uint8Array {
  return der(0x03, Uint8Array.of(0), bytes);
}

export function utf8(text: string): Uint8Array {
  return der(0x0c, Buffer.from(text));
}

export const nothing = der(0x05);
export const yes = der(0x01, Uint8Array.of(0xff));

/** UTCTime until 2049, GeneralizedTime after (RFC 5280 §4.1.2.5). */
export function time(at: Date): Uint8Array {
  const text = `${at.toISOString().replaceAll(/[-:T]/g, "").slice(0, 14)}Z`;
  return at.getUTCFullYear() < 2050 ? der(0x17, Buffer.from(text.slice(2))) : der(0x18, Buffer.from(text));
}
