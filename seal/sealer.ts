import { X509Certificate } from "node:crypto";
import { sealPdf } from "./seal.ts";
import type { SealAttachment, SealResult } from "./seal.ts";
import type { SealSigner } from "./signer.ts";
import type { Fetch, TimeStampClient } from "./timestamp.ts";

/** What sealing a document needs to know of it. */
export interface SealRequest {
  readonly reason: string;
  readonly at: Date;
  readonly attachments: readonly SealAttachment[];
}

/** What an authority last said. */
export interface AuthorityStatus {
  readonly host: string;
  /** When it was last asked; null before the first time since the start. */
  readonly askedAt: string | null;
  readonly stamped: boolean | null;
  /** Its refusal in words, or null. */
  readonly refusal: string | null;
  /** The subject of the certificate that last signed. */
  readonly authority: string | null;
}

/** What anybody may know of the seal. */
export interface SealStatus {
  readonly subject: string;
  readonly issuer: string;
  readonly selfSigned: boolean;
  /** SHA-256 of the certificate, AB:CD:… */
  readonly fingerprint: string;
  readonly notBefore: string;
  readonly notAfter: string;
  readonly authorities: readonly AuthorityStatus[];
}

/** The instance's seal, as apps are handed it. */
export interface Sealer {
  seal(pdf: Uint8Array, request: SealRequest): Promise<SealResult>;
  status(): SealStatus;
  /** Certificate and chain as PEM. */
  readonly pem: string;
  /** The instance, as readers of PDF show it. */
  readonly name: string;
  /** The page on which anybody checks a sealed file. */
  readonly verifyUrl: string;
}

export interface SealerOptions {
  readonly signer: SealSigner;
  /** The instance, as readers of PDF show it. */
  readonly name: string;
  readonly verifyUrl: string;
  /** Time-stamping authorities, asked in this order. */
  readonly authorities: readonly TimeStampClient[];
  readonly fetch: Fetch;
}

/** Makes the instance's seal of a signer and its authorities, and keeps what each last answered. */
export function openSealer({ signer, name, verifyUrl, authorities, fetch }: SealerOptions): Sealer {
  const answers = new Map<string, Omit<AuthorityStatus, "host">>();
  const clients = authorities.map((client) => remembering(client, answers));
  const certificate = new X509Certificate(signer.certificate);
  const chain = [signer.certificate, ...signer.chain].map((each) => new X509Certificate(each).toString());
  return {
    pem: chain.join(""),
    name,
    verifyUrl,
    seal: (pdf, { reason, at, attachments }) =>
      sealPdf(pdf, { signer, name, reason, at, attachments, certify: true, timestamps: clients, fetch }),
    status: () => ({
      subject: certificate.subject.replaceAll("\n", ", "),
      issuer: certificate.issuer.replaceAll("\n", ", "),
      // Not checkIssued: it asks for the right to issue certificates, which this one has not.
      selfSigned: certificate.subject === certificate.issuer && certificate.verify(certificate.publicKey),
      fingerprint: certificate.fingerprint256,
      notBefore: certificate.validFromDate.toISOString(),
      notAfter: certificate.validToDate.toISOString(),
      authorities: authorities.map(({ url }) => ({
        host: new URL(url).host,
        ...(answers.get(url) ?? { askedAt: null, stamped: null, refusal: null, authority: null }),
      })),
    }),
  };
}

function remembering(client: TimeStampClient, answers: Map<string, Omit<AuthorityStatus, "host">>): TimeStampClient {
  return {
    url: client.url,
    stamp: async (digest) => {
      const askedAt = new Date().toISOString();
      try {
        const stamp = await client.stamp(digest);
        answers.set(client.url, { askedAt, stamped: true, refusal: null, authority: stamp.authority });
        return stamp;
      } catch (error) {
        const refusal = error instanceof Error ? error.message : String(error);
        answers.set(client.url, { askedAt, stamped: false, refusal, authority: null });
        throw error;
      }
    },
  };
}
