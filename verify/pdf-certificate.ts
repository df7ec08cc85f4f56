import { derBits, derChildren, DerError, derOid, derTag, derTime, expectDer, hexOf, readDer } from "./pdf-der.ts";
import type { Der } from "./pdf-der.ts";

/** What a checker of signatures needs of an X.509 certificate (RFC 5280). */
export interface Certificate {
  readonly bytes: Uint8Array;
  /** What the issuer signed. */
  readonly body: Uint8Array;
  readonly serial: Uint8Array;
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly issuerName: string;
  readonly subjectName: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array;
  readonly keyIdentifier: Uint8Array | undefined;
  /** Whether it may issue others. */
  readonly isAuthority: boolean;
  /** Extended key usages, by object identifier; empty where none are named. */
  readonly usages: readonly string[];
  readonly usagesAreCritical: boolean;
  readonly signatureAlgorithm: Der;
  readonly signature: Uint8Array;
}

/** Short names of the parts of a name that people read. */
const nameParts: Readonly<Record<string, string>> = {
  "2.5.4.3": "CN",
  "2.5.4.6": "C",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
};

const extensionId = {
  keyIdentifier: "2.5.29.14",
  basicConstraints: "2.5.29.19",
  extendedUsage: "2.5.29.37",
} as const;

/** Reads one certificate from its DER. */
export function readCertificate(bytes: Uint8Array): Certificate {
  const whole = expectDer(readDer(bytes), derTag.sequence, "a certificate");
  const [body, signatureAlgorithm, signature] = derChildren(whole);
  const parts = derChildren(expectDer(body, derTag.sequence, "the body of a certificate"));
  // The version [0] is left out by certificates of the first version.
  const from = parts[0]?.tag === 0xa0 ? 1 : 0;
  const [serial, , issuer, validity, subject, publicKey, ...rest] = parts.slice(from);
  const [notBefore, notAfter] = derChildren(expectDer(validity, derTag.sequence, "the validity of a certificate"));
  const extensions = rest.find((each) => each.tag === 0xa3);
  const found = extensions === undefined ? [] : extensionsOf(extensions);
  const extension = (id: string) => found.find((each) => each.id === id);
  const keyIdentifier = extension(extensionId.keyIdentifier);
  const usages = extension(extensionId.extendedUsage);
  const constraints = extension(extensionId.basicConstraints);
  const issuerDer = expectDer(issuer, derTag.sequence, "the issuer of a certificate");
  const subjectDer = expectDer(subject, derTag.sequence, "the subject of a certificate");
  return {
    bytes: whole.bytes,
    body: expectDer(body, derTag.sequence, "the body of a certificate").bytes,
    serial: expectDer(serial, derTag.integer, "the serial number of a certificate").content,
    issuer: issuerDer.bytes,
    subject: subjectDer.bytes,
    issuerName: nameOf(issuerDer),
    subjectName: nameOf(subjectDer),
    notBefore: derTime(notBefore),
    notAfter: derTime(notAfter),
    publicKey: expectDer(publicKey, derTag.sequence, "the key of a certificate").bytes,
    keyIdentifier: keyIdentifier === undefined ? undefined : readDer(keyIdentifier.value).content,
    isAuthority:
      constraints !== undefined &&
      derChildren(readDer(constraints.value)).some((each) => each.tag === derTag.boolean && each.content[0] === 0xff),
    usages: usages === undefined ? [] : derChildren(readDer(usages.value)).map(derOid),
    usagesAreCritical: usages?.critical ?? false,
    signatureAlgorithm: expectDer(signatureAlgorithm, derTag.sequence, "the algorithm of a certificate"),
    signature: derBits(signature),
  };
}

function extensionsOf(field: Der): { id: string; critical: boolean; value: Uint8Array }[] {
  const [list] = derChildren(field);
  return derChildren(expectDer(list, derTag.sequence, "the extensions of a certificate")).map((each) => {
    const parts = derChildren(each);
    const value = parts.at(-1);
    return {
      id: derOid(parts[0]),
      critical: parts.some((part) => part.tag === derTag.boolean && part.content[0] === 0xff),
      value: expectDer(value, derTag.octetString, "an extension of a certificate").content,
    };
  });
}

/** A name as people read it: "CN=…, O=…". */
function nameOf(name: Der): string {
  const said: string[] = [];
  for (const group of derChildren(name)) {
    for (const pair of derChildren(group)) {
      const [id, value] = derChildren(pair);
      if (value === undefined) throw new DerError("a name without a value");
      const key = nameParts[derOid(id)];
      if (key !== undefined) said.push(`${key}=${textOf(value)}`);
    }
  }
  return said.join(", ");
}

function textOf(value: Der): string {
  // BMPString is UTF-16 with the high byte first; everything else in use is UTF-8 or a part of it.
  const decoder = new TextDecoder(value.tag === 0x1e ? "utf-16be" : "utf-8");
  // A name may hold control characters that would move what is printed beside it.
  return decoder.decode(value.content).replaceAll(/\p{C}/gu, "");
}

/** SHA-256 of a certificate in the form people compare: AB:CD:… */
export async function fingerprintOf(certificate: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", Uint8Array.from(certificate)));
  return (hexOf(digest).toUpperCase().match(/../g) ?? []).join(":");
}
