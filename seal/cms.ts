import { createHash } from "node:crypto";
import { derChildren, derTag, expectDer, readDer } from "@probity/verify/pdf-der";
import { readCertificate } from "@probity/verify/pdf-certificate";
import { der, integer, nothing, octets, oid, sequence, setOf } from "./der.ts";
import type { SealSigner } from "./signer.ts";

const id = {
  data: "1.2.840.113549.1.7.1",
  signedData: "1.2.840.113549.1.7.2",
  contentType: "1.2.840.113549.1.9.3",
  messageDigest: "1.2.840.113549.1.9.4",
  signingCertificateV2: "1.2.840.113549.1.9.16.2.47",
  timeStampToken: "1.2.840.113549.1.9.16.2.14",
  sha256: "2.16.840.1.101.3.4.2.1",
  rsa: "1.2.840.113549.1.1.11",
  ecdsa: "1.2.840.10045.4.3.2",
} as const;

/** A signature that still lacks its time-stamp. */
export interface DetachedSignature {
  /** The signature's value: what a time-stamp is over. */
  readonly value: Uint8Array;
  /** The whole as DER, with the token when there is one. */
  encode(token?: Uint8Array): Uint8Array;
}

/**
 * A detached signature over a SHA-256 digest as PAdES wants it (EN 319 142-1 §6.3): the signer's certificate is bound by
 * signing-certificate-v2, the claimed time stands in the PDF and not here.
 */
export async function signDigest(signer: SealSigner, digest: Uint8Array): Promise<DetachedSignature> {
  const sha256 = sequence(oid(id.sha256), nothing);
  const certificateHash = createHash("sha256").update(signer.certificate).digest();
  const attributes = setOf(
    attribute(id.contentType, oid(id.data)),
    attribute(id.messageDigest, octets(digest)),
    // ESSCertIDv2 with its default, SHA-256, left out (RFC 5035 §3).
    attribute(id.signingCertificateV2, sequence(sequence(sequence(octets(certificateHash))))),
  );
  const value = await signer.sign(attributes);
  const { issuer, serial } = readCertificate(signer.certificate);
  const algorithm = signer.keyType === "RSA" ? sequence(oid(id.rsa), nothing) : sequence(oid(id.ecdsa));
  return {
    value,
    encode: (token) =>
      sequence(
        oid(id.signedData),
        der(
          0xa0,
          sequence(
            integer(1),
            setOf(sha256),
            sequence(oid(id.data)),
            der(0xa0, signer.certificate, ...signer.chain),
            setOf(
              sequence(
                integer(1),
                sequence(issuer, integer(serial)),
                sha256,
                // The same bytes as were signed, under the tag [0] (RFC 5652 §5.4).
                der(0xa0, expectDer(readDer(attributes), derTag.set, "the attributes").content),
                algorithm,
                octets(value),
                ...(token === undefined ? [] : [der(0xa1, attribute(id.timeStampToken, token))]),
              ),
            ),
          ),
        ),
      ),
  };
}

function attribute(type: string, value: Uint8Array): Uint8Array {
  return sequence(oid(type), setOf(value));
}

/** Certificates inside a token, so that they can be kept for later readers. */
export function certificatesOf(signedData: Uint8Array): Uint8Array[] {
  const [, body] = derChildren(readDer(signedData));
  const [inner] = derChildren(expectDer(body, 0xa0, "the signed data"));
  const held = derChildren(expectDer(inner, derTag.sequence, "the signed data")).find((each) => each.tag === 0xa0);
  return held === undefined ? [] : derChildren(held).map((each) => each.bytes);
}
