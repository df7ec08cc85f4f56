import { createHash, createPublicKey, randomBytes, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { bits, der, integer, nothing, octets, oid, sequence, setOf, time, utf8, yes } from "./der.ts";

export interface CertificateOptions {
  /** What readers of PDF show as who sealed: at most 64 characters. */
  readonly name: string;
  readonly organisation?: string;
  readonly from: Date;
  readonly years: number;
}

const sha256WithRsa = sequence(oid("1.2.840.113549.1.1.11"), nothing);

/**
 * A self-signed certificate for sealing documents (RFC 5280): an end entity that signs and issues nothing, with the usages
 * readers of PDF look for: digital signature and content commitment, and document signing (RFC 9336).
 */
export function selfSignedCertificate(key: KeyObject, options: CertificateOptions): Uint8Array {
  const publicKey = createPublicKey(key).export({ format: "der", type: "spki" });
  const name = sequence(
    ...(options.organisation === undefined ? [] : [part("2.5.4.10", options.organisation)]),
    part("2.5.4.3", options.name),
  );
  const until = new Date(options.from);
  until.setUTCFullYear(until.getUTCFullYear() + options.years);
  // RFC 7093 §2: the first 160 bits of SHA-256.
  const identifier = octets(createHash("sha256").update(publicKey).digest().subarray(0, 20));
  const extensions = sequence(
    extension("2.5.29.19", true, sequence()),
    // Bits 0 and 1; six of the byte are unused.
    extension("2.5.29.15", true, der(0x03, Uint8Array.of(6, 0xc0))),
    extension("2.5.29.37", false, sequence(oid("1.3.6.1.5.5.7.3.36"))),
    extension("2.5.29.14", false, identifier),
  );
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const body = sequence(
    der(0xa0, integer(2)),
    integer(serial),
    sha256WithRsa,
    name,
    sequence(time(options.from), time(until)),
    name,
    publicKey,
    der(0xa3, extensions),
  );
  return sequence(body, sha256WithRsa, bits(sign("sha256", body, key)));
}

function part(id: string, text: string): Uint8Array {
  return setOf(sequence(oid(id), utf8(text.slice(0, 64))));
}

function extension(id: string, critical: boolean, value: Uint8Array): Uint8Array {
  return sequence(oid(id), ...(critical ? [yes] : []), octets(value));
}
