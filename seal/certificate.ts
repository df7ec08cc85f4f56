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

/** Where a certificate stands that is issued by another, or for another purpose than sealing. */
export interface IssueOptions extends CertificateOptions {
  readonly issuer?: { readonly name: string; readonly key: KeyObject };
  /** Object identifier of the one purpose; absent for a certificate that issues others. */
  readonly usage: { readonly id: string; readonly critical: boolean } | undefined;
  /** Where lists of revoked certificates lie. */
  readonly revocationUrl?: string;
}

/** sha256WithRSAEncryption. */
export const sha256WithRsa = sequence(oid("1.2.840.113549.1.1.11"), nothing);

/**
 * A self-signed certificate for sealing documents (RFC 5280): an end entity that signs and issues nothing, with the usages
 * readers of PDF look for: digital signature, content commitment, and document signing (RFC 9336).
 */
export function selfSignedCertificate(key: KeyObject, options: CertificateOptions): Uint8Array {
  return issueCertificate(key, { ...options, usage: { id: "1.3.6.1.5.5.7.3.36", critical: false } });
}

/** A certificate for an RSA key: of its own issue, or of the issuer's. */
export function issueCertificate(key: KeyObject, options: IssueOptions): Uint8Array {
  const publicKey = createPublicKey(key).export({ format: "der", type: "spki" });
  const subject = nameOf(options.name, options.organisation);
  const until = new Date(options.from);
  until.setUTCFullYear(until.getUTCFullYear() + options.years);
  const { usage, issuer, revocationUrl } = options;
  // RFC 7093 §2: the first 160 bits of SHA-256.
  const identifier = createHash("sha256").update(publicKey).digest().subarray(0, 20);
  const extensions = sequence(
    extension("2.5.29.19", true, usage === undefined ? sequence(yes) : sequence()),
    // digitalSignature and contentCommitment, or keyCertSign and cRLSign; the first byte counts the unused bits.
    extension("2.5.29.15", true, der(0x03, usage === undefined ? Uint8Array.of(1, 0x06) : Uint8Array.of(6, 0xc0))),
    ...(usage === undefined ? [] : [extension("2.5.29.37", usage.critical, sequence(oid(usage.id)))]),
    extension("2.5.29.14", false, octets(identifier)),
    ...(revocationUrl === undefined ? [] : [extension("2.5.29.31", false, distributionPoint(revocationUrl))]),
  );
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const body = sequence(
    der(0xa0, integer(2)),
    integer(serial),
    sha256WithRsa,
    issuer === undefined ? subject : nameOf(issuer.name),
    sequence(time(options.from), time(until)),
    subject,
    publicKey,
    der(0xa3, extensions),
  );
  return sequence(body, sha256WithRsa, bits(sign("sha256", body, issuer?.key ?? key)));
}

/** A name of organisation and common name. */
export function nameOf(name: string, organisation?: string): Uint8Array {
  return sequence(...(organisation === undefined ? [] : [part("2.5.4.10", organisation)]), part("2.5.4.3", name));
}

function part(id: string, text: string): Uint8Array {
  return setOf(sequence(oid(id), utf8(text.slice(0, 64))));
}

function extension(id: string, critical: boolean, value: Uint8Array): Uint8Array {
  return sequence(oid(id), ...(critical ? [yes] : []), octets(value));
}

function distributionPoint(url: string): Uint8Array {
  return sequence(sequence(der(0xa0, der(0xa0, der(0x86, Buffer.from(url))))));
}
