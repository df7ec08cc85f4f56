import { fingerprintOf } from "./pdf-certificate.ts";
import type { Certificate } from "./pdf-certificate.ts";
import { cmsId, faultOfSignature, isSignedBy, readSignedData } from "./pdf-cms.ts";
import type { SignedData } from "./pdf-cms.ts";
import { readDer, sameBytes } from "./pdf-der.ts";
import type { PdfSignature } from "./pdf-outcome.ts";
import { isArray, isDictionary, isReference, isText, nameIn, textIn } from "./pdf-syntax.ts";
import type { PdfDictionary, PdfObject } from "./pdf-syntax.ts";
import { faultOfToken, readToken } from "./pdf-token.ts";

/** Objects that are signatures: they state the bytes they cover. */
export function signatureObjects(objects: readonly PdfObject[]): PdfObject[] {
  return objects.filter(({ value }) => isDictionary(value) && value.entries.has("ByteRange"));
}

/** Checks one signature. Whatever can't be read is a fault, never an error. */
export async function checkSignature(
  bytes: Uint8Array,
  object: PdfObject,
  objects: readonly PdfObject[],
  fingerprints: readonly string[],
): Promise<PdfSignature> {
  const field = objects.findLast(({ value }) => {
    const reference = isDictionary(value) ? value.entries.get("V") : undefined;
    return isReference(reference) && reference.number === object.number;
  })?.value;
  const dictionary = isDictionary(object.value) ? object.value : { kind: "dictionary" as const, entries: new Map() };
  const kind = nameIn(dictionary, "SubFilter") === "ETSI.RFC3161" ? "document-timestamp" : "seal";
  const none: PdfSignature = {
    field: isDictionary(field) ? (textIn(field, "T") ?? null) : null,
    kind,
    holds: false,
    fault: null,
    coversTo: 0,
    coversWholeFile: false,
    signer: null,
    notBefore: null,
    notAfter: null,
    isSelfSigned: false,
    trust: "unknown",
    claimedAt: null,
    timestamp: null,
  };
  try {
    const covered = coverage(bytes, dictionary);
    if ("fault" in covered) return { ...none, fault: covered.fault };
    const known = { ...none, coversTo: covered.to, coversWholeFile: covered.to === bytes.length };
    return kind === "seal"
      ? await checkSeal(known, covered, dictionary, fingerprints)
      : await checkStamp(known, covered, fingerprints);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { ...none, fault: `the signature can't be read: ${reason}` };
  }
}

interface Coverage {
  /** The signed bytes, side by side. */
  readonly signed: Uint8Array;
  readonly contents: Uint8Array;
  readonly to: number;
}

/**
 * The bytes a signature covers: all from the first byte to the end of its revision, but for its own value. Anything else
 * leaves a place where something can be put that nobody signed.
 */
function coverage(bytes: Uint8Array, signature: PdfDictionary): Coverage | { readonly fault: string } {
  const range = signature.entries.get("ByteRange");
  const numbers = isArray(range)
    ? range.items.filter((each) => typeof each === "number" && Number.isInteger(each))
    : [];
  const [from, before, after, rest] = numbers.map(Number);
  if (!isArray(range) || range.items.length !== 4 || numbers.length !== 4)
    return { fault: "the signature does not state the two stretches of bytes it covers" };
  if (from === undefined || before === undefined || after === undefined || rest === undefined)
    return { fault: "the signature does not state the two stretches of bytes it covers" };
  if (from !== 0 || before <= 0 || after <= before || rest <= 0 || after + rest > bytes.length)
    return { fault: "the stretches the signature covers don’t lie in the file one behind the other" };
  const contents = signature.entries.get("Contents");
  if (!isText(contents) || bytes[contents.start] !== 0x3c)
    return { fault: "the signature's value is not where it belongs" };
  if (contents.start !== before || contents.end !== after)
    return { fault: "the signature leaves out more of the file than its own value" };
  if (contents.end - contents.start - 2 !== contents.bytes.length * 2)
    return { fault: "something else stands between the digits of the signature" };
  if (!endsRevision(bytes, after + rest)) return { fault: "the signature ends in the middle of a revision" };
  const value = readDer(contents.bytes);
  if (contents.bytes.subarray(value.bytes.length).some((byte) => byte !== 0))
    return { fault: "something else stands behind the signature's value" };
  const signed = new Uint8Array(before + rest);
  signed.set(bytes.subarray(0, before));
  signed.set(bytes.subarray(after, after + rest), before);
  return { signed, contents: value.bytes, to: after + rest };
}

/** Whether a revision ends here: "%%EOF" and at most the end of its line. */
function endsRevision(bytes: Uint8Array, at: number): boolean {
  const tail = String.fromCharCode(...bytes.subarray(Math.max(0, at - 7), at));
  return /%%EOF\r?\n?$/.test(tail);
}

async function checkSeal(
  known: PdfSignature,
  covered: Coverage,
  dictionary: PdfDictionary,
  fingerprints: readonly string[],
): Promise<PdfSignature> {
  const form = nameIn(dictionary, "SubFilter");
  if (form !== "ETSI.CAdES.detached" && form !== "adbe.pkcs7.detached")
    return { ...known, fault: `signatures of the form ${form ?? "without a name"} are not checked here` };
  const cms = readSignedData(covered.contents);
  if (form === "ETSI.CAdES.detached" && !cms.signedAttributes.has(cmsId.signingCertificateV2))
    return { ...known, fault: "the signature does not name its certificate, as PAdES asks" };
  if (cms.content !== undefined) return { ...known, fault: "the signature holds something besides the file" };
  const who = await describe(cms, fingerprints);
  const claimed = pdfTime(textIn(dictionary, "M"));
  const token = cms.unsignedAttributes.get(cmsId.timeStampToken);
  const timestamp = token === undefined ? null : await checkToken(token.bytes, cms.signature);
  const at = timestamp?.holds === true ? new Date(timestamp.at) : claimed;
  const fault =
    (await faultOfSignature(cms, covered.signed)) ??
    (timestamp?.fault === undefined || timestamp.fault === null ? undefined : timestamp.fault) ??
    (at !== undefined && (at < cms.signer.notBefore || at > cms.signer.notAfter)
      ? "the certificate was not valid at the time of the signature"
      : undefined);
  return {
    ...known,
    ...who,
    holds: fault === undefined,
    fault: fault ?? null,
    claimedAt: claimed?.toISOString() ?? null,
    timestamp,
  };
}

async function checkToken(token: Uint8Array, stamped: Uint8Array): Promise<NonNullable<PdfSignature["timestamp"]>> {
  const read = readToken(token);
  const fault = await faultOfToken(read, stamped);
  return {
    at: read.at.toISOString(),
    authority: read.cms.signer.subjectName,
    holds: fault === undefined,
    fault: fault ?? null,
  };
}

async function checkStamp(
  known: PdfSignature,
  covered: Coverage,
  fingerprints: readonly string[],
): Promise<PdfSignature> {
  const timestamp = await checkToken(covered.contents, covered.signed);
  const who = await describe(readSignedData(covered.contents), fingerprints);
  return { ...known, ...who, holds: timestamp.holds, fault: timestamp.fault, timestamp };
}

type Who = Pick<PdfSignature, "signer" | "notBefore" | "notAfter" | "isSelfSigned" | "trust">;

async function describe(cms: SignedData, fingerprints: readonly string[]): Promise<Who> {
  const { signer } = cms;
  const chain = await Promise.all((await chainOf(cms)).map(fingerprintOf));
  const wanted = new Set(fingerprints.map(plain));
  return {
    signer: { name: signer.subjectName, issuer: signer.issuerName, fingerprint: chain[0] ?? "" },
    notBefore: signer.notBefore.toISOString(),
    notAfter: signer.notAfter.toISOString(),
    isSelfSigned: sameBytes(signer.issuer, signer.subject),
    trust: chain.some((each) => wanted.has(plain(each))) ? "pinned" : "unknown",
  };
}

/** The signer's certificate and those above it that really issued the one below. */
async function chainOf(cms: SignedData): Promise<Uint8Array[]> {
  const chain = [cms.signer.bytes];
  let below: Certificate = cms.signer;
  for (let step = 0; step < 8 && !sameBytes(below.issuer, below.subject); step += 1) {
    let above: Certificate | undefined;
    for (const each of cms.certificates) {
      if (!each.isAuthority || !sameBytes(each.subject, below.issuer)) continue;
      // oxlint-disable-next-line no-await-in-loop -- one certificate is of the issuer's name, rarely two
      if (await isSignedBy(below.signatureAlgorithm, "SHA-256", each, below.body, below.signature)) above = each;
    }
    if (above === undefined) break;
    chain.push(above.bytes);
    below = above;
  }
  return chain;
}

function plain(fingerprint: string): string {
  return fingerprint.replaceAll(/[^0-9a-f]/gi, "").toLowerCase();
}

/** "D:20261122064035+00'00'" (ISO 32000-2 §7.9.4). */
function pdfTime(text: string | undefined): Date | undefined {
  const match = /^D:(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:Z|([+-])(\d\d)'?(\d\d)?'?)?/.exec(text ?? "");
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, sign, hours = "00", minutes = "00"] = match;
  const zone = sign === undefined ? "Z" : `${sign}${hours}:${minutes}`;
  const at = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}${zone}`);
  return Number.isNaN(at.getTime()) ? undefined : at;
}
