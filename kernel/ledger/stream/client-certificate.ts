import { createPrivateKey, X509Certificate, type KeyObject } from "node:crypto";
import { incompleteStream } from "./error.ts";

/** What a stream shows a receiver that asks who calls (TLS client authentication, RFC 5425 §4.2.1). */
export type ClientCertificate = {
  /** PEM, the stream's own first. */
  readonly certificate: string;
  /** PEM; sealed, and shown to nobody again (ENC-03). */
  readonly key: string;
};

/** What is shown of one: no key. */
export type ShownCertificate = { readonly subject: string; readonly fingerprint: string; readonly until: string };

const leastRsaBits = 2048;

/** The certificates of a PEM text, each read once, so that what is kept is what can be read. */
export function certificatesOf(text: string): string[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0)
    throw incompleteStream("A certificate is PEM text that begins with -----BEGIN CERTIFICATE-----.");
  try {
    return blocks.map((block) => new X509Certificate(block).toString());
  } catch {
    throw incompleteStream("A certificate can't be read.");
  }
}

/** A certificate and its key as they were pasted; refused where the receiver would refuse them, or the key is somebody else's. */
export function checkedClient({ certificate, key }: ClientCertificate, now = new Date()): ClientCertificate {
  const chain = certificatesOf(certificate);
  const own = new X509Certificate(chain[0] ?? "");
  const secret = keyOf(key);
  if (!own.checkPrivateKey(secret))
    throw incompleteStream("The key is not the certificate's: give the stream's own certificate first.");
  const bits = secret.asymmetricKeyDetails?.modulusLength ?? leastRsaBits;
  if (bits < leastRsaBits)
    throw incompleteStream(`An RSA key has ${leastRsaBits} bits at least; this one has ${bits}.`);
  if (own.validToDate <= now) throw incompleteStream("The certificate has ended.");
  return { certificate: chain.join(""), key: String(secret.export({ format: "pem", type: "pkcs8" })) };
}

export function shownCertificate(certificate: string | null): ShownCertificate | null {
  if (certificate === null) return null;
  const own = new X509Certificate(certificate);
  return {
    subject: own.subject.replaceAll("\n", ", ") || "no name",
    fingerprint: own.fingerprint256,
    until: own.validToDate.toISOString(),
  };
}

function keyOf(text: string): KeyObject {
  try {
    return createPrivateKey(text);
  } catch {
    throw incompleteStream(
      "The key can't be read: it is PEM text without a passphrase, such as -----BEGIN PRIVATE KEY-----.",
    );
  }
}
