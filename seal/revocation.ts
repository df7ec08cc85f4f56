import type { Certificate } from "@probity/verify/pdf-certificate";
import { isSignedBy } from "@probity/verify/pdf-cms";
import { derBits, derChildren, derOid, derTag, derTime, expectDer, readDer, sameBytes } from "@probity/verify/pdf-der";
import type { Der } from "@probity/verify/pdf-der";
import type { Fetch } from "./timestamp.ts";

const distributionPoints = "2.5.29.31";
const maxBytes = 4 * 1024 * 1024;

/** Addresses of the revocation lists a certificate names (RFC 5280 §4.2.1.13). */
export function revocationListUrls(certificate: Uint8Array): string[] {
  const [body] = derChildren(readDer(certificate));
  const extensions = derChildren(expectDer(body, derTag.sequence, "the certificate")).find((each) => each.tag === 0xa3);
  const [list] = extensions === undefined ? [] : derChildren(extensions);
  const urls: string[] = [];
  for (const extension of list === undefined ? [] : derChildren(list)) {
    const parts = derChildren(extension);
    const value = parts.at(-1);
    if (derOid(parts[0]) !== distributionPoints || value === undefined) continue;
    for (const name of namesWithin(readDer(value.content))) urls.push(new TextDecoder().decode(name.content));
  }
  return urls.filter((url) => /^https?:\/\//.test(url));
}

/** Every uniformResourceIdentifier [6] inside, however deep. */
function namesWithin(value: Der): Der[] {
  if (value.tag === 0x86) return [value];
  return (value.tag & 0x20) === 0 ? [] : derChildren(value).flatMap(namesWithin);
}

/**
 * Fetches a list of this issuer that is in force, from the first address that has one. Lists come over plain HTTP: where the
 * issuer's certificate is held, its key must have made the list.
 */
export async function revocationList(
  urls: readonly string[],
  issuer: Uint8Array,
  fetch: Fetch,
  held: readonly Certificate[] = [],
): Promise<Uint8Array> {
  const issuers = held.filter(({ subject }) => sameBytes(subject, issuer));
  let reason = "no address";
  for (const url of urls) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- the next address is asked only when this one has failed
      const answer = await fetch(url, { method: "GET", maxBytes, timeoutSeconds: 10 });
      if (answer.status !== 200) throw new Error(`HTTP status ${answer.status}`);
      const whole = readDer(answer.body);
      const [body, algorithm, signature] = derChildren(whole);
      const said = expectDer(body, derTag.sequence, "the revocation list");
      const parts = derChildren(said);
      const from = parts[0]?.tag === derTag.integer ? 2 : 1;
      if (Buffer.compare(expectDer(parts[from], derTag.sequence, "the issuer").bytes, issuer) !== 0)
        throw new Error("it is of another issuer");
      const next = parts[from + 2];
      const isDated = next?.tag === derTag.utcTime || next?.tag === derTag.generalizedTime;
      if (isDated && derTime(next) < new Date()) throw new Error("it is out of date");
      const signed = expectDer(algorithm, derTag.sequence, "the algorithm of the revocation list");
      const made = issuers.map((each) => isSignedBy(signed, "SHA-256", each, said.bytes, derBits(signature)));
      // oxlint-disable-next-line no-await-in-loop -- as above
      if (made.length > 0 && !(await Promise.all(made)).includes(true)) throw new Error("its issuer did not sign it");
      return whole.bytes;
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
    }
  }
  throw new Error(`No revocation list from ${urls.join(", ")}: ${reason}.`);
}
