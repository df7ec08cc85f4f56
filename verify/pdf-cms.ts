// CMS signed data (RFC 5652), as PDF signatures and time-stamps use it. Signatures are checked by WebCrypto, which Node and
// browsers share; nothing here computes a hash or a signature itself.
import { readCertificate } from "./pdf-certificate.ts";
import type { Certificate } from "./pdf-certificate.ts";
import { derChildren, DerError, derOid, derTag, expectDer, readDer, sameBytes } from "./pdf-der.ts";
import type { Der } from "./pdf-der.ts";

/** Object identifiers of what is read here. */
export const cmsId = {
  data: "1.2.840.113549.1.7.1",
  signedData: "1.2.840.113549.1.7.2",
  timeStampInfo: "1.2.840.113549.1.9.16.1.4",
  contentType: "1.2.840.113549.1.9.3",
  messageDigest: "1.2.840.113549.1.9.4",
  timeStampToken: "1.2.840.113549.1.9.16.2.14",
  signingCertificate: "1.2.840.113549.1.9.16.2.12",
  signingCertificateV2: "1.2.840.113549.1.9.16.2.47",
  timeStamping: "1.3.6.1.5.5.7.3.8",
} as const;

/** A signed-data structure with its one signer. */
export interface SignedData {
  readonly contentType: string;
  /** What is inside; absent where the signature is detached. */
  readonly content: Uint8Array | undefined;
  readonly certificates: readonly Certificate[];
  readonly digestAlgorithm: string;
  /** The signed attributes by identifier, and their bytes as they were signed. */
  readonly signedAttributes: ReadonlyMap<string, Der>;
  readonly signedBytes: Uint8Array;
  readonly unsignedAttributes: ReadonlyMap<string, Der>;
  readonly signatureAlgorithm: Der;
  readonly signature: Uint8Array;
  readonly signer: Certificate;
}

/** Reads signed data; zeros behind it, which fill a PDF's hole, are left alone. */
export function readSignedData(bytes: Uint8Array): SignedData {
  const [type, body] = derChildren(expectDer(readDer(bytes), derTag.sequence, "the signature"));
  if (derOid(type) !== cmsId.signedData) throw new DerError("what stands where the signature belongs is none");
  const [signedData] = derChildren(expectDer(body, 0xa0, "the signed data"));
  const parts = derChildren(expectDer(signedData, derTag.sequence, "the signed data"));
  const [contentType, content] = derChildren(expectDer(parts[2], derTag.sequence, "the signed content"));
  const held = parts.find((each) => each.tag === 0xa0);
  const certificates = (held === undefined ? [] : derChildren(held))
    .filter((each) => each.tag === derTag.sequence)
    .map((each) => readCertificate(each.bytes));
  const signers = derChildren(expectDer(parts.at(-1), derTag.set, "the list of signers"));
  // PDF (ISO 32000-2 §12.8.3.3.1) and RFC 3161 §2.4.2 both ask for exactly one.
  if (signers.length !== 1) throw new DerError(`${signers.length} signers instead of one`);
  const [, identity, digest, ...rest] = derChildren(expectDer(signers[0], derTag.sequence, "the signer"));
  const attributes = rest.find((each) => each.tag === 0xa0);
  const unsigned = rest.find((each) => each.tag === 0xa1);
  const [signatureAlgorithm, signature] = rest.filter((each) => each !== attributes && each !== unsigned);
  if (attributes === undefined) throw new DerError("the signature has no signed attributes");
  // Signed as a SET OF (RFC 5652 §5.4), kept under the tag [0].
  const signedBytes = Uint8Array.from(attributes.bytes);
  signedBytes[0] = derTag.set;
  return {
    contentType: derOid(contentType),
    content:
      content === undefined
        ? undefined
        : expectDer(derChildren(content)[0], derTag.octetString, "the signed content").content,
    certificates,
    digestAlgorithm: hashName(expectDer(digest, derTag.sequence, "the digest algorithm")),
    signedAttributes: attributesOf(attributes),
    signedBytes,
    unsignedAttributes: unsigned === undefined ? new Map() : attributesOf(unsigned),
    signatureAlgorithm: expectDer(signatureAlgorithm, derTag.sequence, "the signature algorithm"),
    signature: expectDer(signature, derTag.octetString, "the signature's value").content,
    signer: signerOf(expectDer(identity, identity?.tag ?? 0, "the signer"), certificates),
  };
}

function attributesOf(field: Der): Map<string, Der> {
  const found = new Map<string, Der>();
  for (const attribute of derChildren(field)) {
    const [id, values] = derChildren(attribute);
    const [value] = derChildren(expectDer(values, derTag.set, "the values of an attribute"));
    const name = derOid(id);
    // Of two, one reader would believe the first and another the last.
    if (found.has(name) || value === undefined) throw new DerError(`the attribute ${name} is not there once`);
    found.set(name, value);
  }
  return found;
}

function signerOf(identity: Der, certificates: readonly Certificate[]): Certificate {
  const found = certificates.filter((each) => {
    if (identity.tag === 0x80)
      return each.keyIdentifier !== undefined && sameBytes(each.keyIdentifier, identity.content);
    const [issuer, serial] = derChildren(identity);
    return issuer !== undefined && serial !== undefined
      ? sameBytes(each.issuer, issuer.bytes) && sameBytes(each.serial, serial.content)
      : false;
  });
  const [only] = found;
  if (only === undefined) throw new DerError("the signer's certificate is not inside");
  return only;
}

const hashNames: Readonly<Record<string, string>> = {
  "2.16.840.1.101.3.4.2.1": "SHA-256",
  "2.16.840.1.101.3.4.2.2": "SHA-384",
  "2.16.840.1.101.3.4.2.3": "SHA-512",
};

/** The name WebCrypto gives a digest algorithm. SHA-1 and older are refused: two documents can share such a digest. */
export function hashName(algorithm: Der): string {
  const id = derOid(derChildren(algorithm)[0]);
  const name = hashNames[id];
  if (name === undefined) throw new DerError(`the digest algorithm ${id} is not one we trust`);
  return name;
}

/** A digest by WebCrypto. */
export async function digestOf(name: string, bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest(name, Uint8Array.from(bytes)));
}

/**
 * What is wrong with a signature over content, or undefined when nothing is: the digest in the signed attributes is that of
 * the content, the attributes name this content type and this certificate, and the certificate's key made the signature.
 */
export async function faultOfSignature(cms: SignedData, content: Uint8Array): Promise<string | undefined> {
  const { signedAttributes } = cms;
  if (derOid(signedAttributes.get(cmsId.contentType)) !== cms.contentType)
    return "the signature names another kind of content";
  const stated = expectDer(signedAttributes.get(cmsId.messageDigest), derTag.octetString, "the signed digest");
  if (!sameBytes(stated.content, await digestOf(cms.digestAlgorithm, content)))
    return "the signed bytes were changed after signing";
  const bound = await isBoundTo(cms);
  if (bound === false) return "the signature names another certificate than the one inside";
  if (!(await isSignedBy(cms.signatureAlgorithm, cms.digestAlgorithm, cms.signer, cms.signedBytes, cms.signature)))
    return "the certificate's key did not make this signature";
  return undefined;
}

/** Whether the attribute signing-certificate(-v2) holds the digest of the certificate; undefined where there is none. */
async function isBoundTo(cms: SignedData): Promise<boolean | undefined> {
  const second = cms.signedAttributes.get(cmsId.signingCertificateV2);
  const attribute = second ?? cms.signedAttributes.get(cmsId.signingCertificate);
  if (attribute === undefined) return undefined;
  const [list] = derChildren(attribute);
  const [id] = list === undefined ? [] : derChildren(list);
  const parts = id === undefined ? [] : derChildren(id);
  const hash = parts.find((each) => each.tag === derTag.octetString);
  // RFC 5035: SHA-256 where the second form names none; the first form knows SHA-1 alone (RFC 2634).
  const named = parts[0]?.tag === derTag.sequence && second !== undefined ? hashName(parts[0]) : "SHA-256";
  const digest = await digestOf(second === undefined ? "SHA-1" : named, cms.signer.bytes);
  return hash !== undefined && sameBytes(hash.content, digest);
}

/** Whether a certificate's key signed these bytes. Unknown algorithms are an error, not a "no". */
export async function isSignedBy(
  algorithm: Der,
  digest: string,
  signer: Pick<Certificate, "publicKey">,
  bytes: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const { name, hash } = signatureKind(algorithm, digest);
  const [keyAlgorithm] = derChildren(readDer(signer.publicKey));
  const [, parameters] = derChildren(expectDer(keyAlgorithm, derTag.sequence, "the key of a certificate"));
  const spki = Uint8Array.from(signer.publicKey);
  const signed = Uint8Array.from(bytes);
  if (name === "ECDSA") {
    const curve = curves[parameters?.tag === derTag.oid ? derOid(parameters) : ""];
    if (curve === undefined) throw new DerError("the key's curve is not one we trust");
    const key = await readKey(spki, { name, namedCurve: curve.name });
    const plain = plainSignature(signature, curve.bytes);
    return plain !== undefined && crypto.subtle.verify({ name, hash }, key, plain, signed);
  }
  const key = await readKey(spki, { name, hash });
  return crypto.subtle.verify(
    name === "RSA-PSS" ? { name, saltLength: saltLength(hash) } : name,
    key,
    Uint8Array.from(signature),
    signed,
  );
}

/** A key that is none is a file that can't be read, as any other part of it that is none. */
async function readKey(
  spki: Uint8Array<ArrayBuffer>,
  algorithm: RsaHashedImportParams | EcKeyImportParams,
): Promise<CryptoKey> {
  try {
    return await crypto.subtle.importKey("spki", spki, algorithm, false, ["verify"]);
  } catch (error) {
    if (error instanceof DOMException && error.name === "NotSupportedError") throw error;
    throw new DerError("the key of a certificate can't be read");
  }
}

const curves: Readonly<Record<string, { name: string; bytes: number }>> = {
  "1.2.840.10045.3.1.7": { name: "P-256", bytes: 32 },
  "1.3.132.0.34": { name: "P-384", bytes: 48 },
  "1.3.132.0.35": { name: "P-521", bytes: 66 },
};

const rsa = "RSASSA-PKCS1-v1_5";
const signatureNames: Readonly<Record<string, readonly [name: string, hash: string]>> = {
  "1.2.840.113549.1.1.11": [rsa, "SHA-256"],
  "1.2.840.113549.1.1.12": [rsa, "SHA-384"],
  "1.2.840.113549.1.1.13": [rsa, "SHA-512"],
  "1.2.840.10045.4.3.2": ["ECDSA", "SHA-256"],
  "1.2.840.10045.4.3.3": ["ECDSA", "SHA-384"],
  "1.2.840.10045.4.3.4": ["ECDSA", "SHA-512"],
};

function signatureKind(algorithm: Der, digest: string): { name: string; hash: string } {
  const [id, parameters] = derChildren(algorithm);
  const oid = derOid(id);
  const known = signatureNames[oid];
  if (known !== undefined) return { name: known[0], hash: known[1] };
  // rsaEncryption says nothing of the digest: it is the one named beside it.
  if (oid === "1.2.840.113549.1.1.1") return { name: rsa, hash: digest };
  if (oid === "1.2.840.113549.1.1.10") {
    const [hash] = parameters === undefined ? [] : derChildren(parameters);
    const [inner] = hash?.tag === 0xa0 ? derChildren(hash) : [];
    if (inner !== undefined) return { name: "RSA-PSS", hash: hashName(inner) };
  }
  throw new DerError(`the signature algorithm ${oid} is not one we trust`);
}

function saltLength(hash: string): number {
  return Number(hash.slice(-3)) / 8;
}

/** ECDSA as WebCrypto wants it, r and s side by side, from the SEQUENCE that CMS holds. */
function plainSignature(signature: Uint8Array, bytes: number): Uint8Array<ArrayBuffer> | undefined {
  const plain = new Uint8Array(bytes * 2);
  const [r, s] = derChildren(expectDer(readDer(signature), derTag.sequence, "the signature's value"));
  for (const [index, part] of [r, s].entries()) {
    const value = expectDer(part, derTag.integer, "the signature's value").content;
    const digits = value[0] === 0 ? value.subarray(1) : value;
    if (digits.length > bytes) return undefined;
    plain.set(digits, (index + 1) * bytes - digits.length);
  }
  return plain;
}
