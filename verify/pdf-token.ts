import { cmsId, digestOf, faultOfSignature, hashName, readSignedData } from "./pdf-cms.ts";
import type { SignedData } from "./pdf-cms.ts";
import { derChildren, DerError, derOid, derTag, derTime, expectDer, readDer, sameBytes } from "./pdf-der.ts";

/** A time-stamp token (RFC 3161 §2.4.2) as it was read. */
export interface TimeStampToken {
  readonly cms: SignedData;
  /** The TSTInfo's bytes, which the authority signed. */
  readonly info: Uint8Array;
  readonly at: Date;
  readonly serial: Uint8Array;
  readonly policy: string;
  readonly imprint: Uint8Array;
  readonly hashAlgorithm: string;
  readonly nonce: Uint8Array | undefined;
}

/** Reads a token; judges nothing. */
export function readToken(bytes: Uint8Array): TimeStampToken {
  const cms = readSignedData(bytes);
  if (cms.contentType !== cmsId.timeStampInfo || cms.content === undefined)
    throw new DerError("what stands where the time-stamp belongs is none");
  const [, policy, imprint, serial, at, ...rest] = derChildren(readDer(cms.content));
  const [algorithm, digest] = derChildren(expectDer(imprint, derTag.sequence, "the stamped digest"));
  return {
    cms,
    info: cms.content,
    at: derTime(at),
    serial: expectDer(serial, derTag.integer, "the time-stamp's number").content,
    policy: derOid(policy),
    imprint: expectDer(digest, derTag.octetString, "the stamped digest").content,
    hashAlgorithm: hashName(expectDer(algorithm, derTag.sequence, "the stamped digest's algorithm")),
    // Behind the time: accuracy (a sequence), ordering (a boolean), nonce (an integer), tsa [0], extensions [1].
    nonce: rest.find((each) => each.tag === derTag.integer)?.content,
  };
}

/**
 * What is wrong with a token over these bytes, or undefined: it stamps their digest, its signature is whole and names its
 * certificate, and the certificate is for time-stamping alone (RFC 3161 §2.3) and was valid at the time stated.
 */
export async function faultOfToken(token: TimeStampToken, stamped: Uint8Array): Promise<string | undefined> {
  if (!sameBytes(token.imprint, await digestOf(token.hashAlgorithm, stamped)))
    return "the time-stamp is over something else";
  return faultOfTokenSignature(token);
}

/** The same, without what was stamped: signature, certificate and its purpose. */
export async function faultOfTokenSignature(token: TimeStampToken): Promise<string | undefined> {
  const { signer, signedAttributes } = token.cms;
  const isBound = signedAttributes.has(cmsId.signingCertificateV2) || signedAttributes.has(cmsId.signingCertificate);
  if (!isBound) return "the time-stamp does not name its certificate";
  const fault = await faultOfSignature(token.cms, token.info);
  if (fault !== undefined) return `the time-stamp does not hold: ${fault}`;
  if (signer.usages.length !== 1 || signer.usages[0] !== cmsId.timeStamping || !signer.usagesAreCritical)
    return "the time-stamp's certificate is not for time-stamping";
  if (token.at < signer.notBefore || token.at > signer.notAfter)
    return "the time-stamp's certificate was not valid at its time";
  return undefined;
}
