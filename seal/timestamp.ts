import { createHash, randomBytes } from "node:crypto";
import { derChildren, derTag, expectDer, hexOf, readDer, sameBytes } from "@probity/verify/pdf-der";
import { faultOfTokenSignature, readToken } from "@probity/verify/pdf-token";
import { integer, nothing, octets, oid, sequence, yes } from "./der.ts";

/** The one way out to the network; the server hands in a client that judges addresses. */
export type Fetch = (
  url: string,
  request: {
    readonly method: "GET" | "POST";
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: Uint8Array;
    readonly maxBytes: number;
    readonly timeoutSeconds: number;
  },
) => Promise<{ readonly status: number; readonly body: Uint8Array }>;

/** A time-stamp that was checked: the token (DER), when, and by whose certificate. */
export interface TimeStamp {
  readonly token: Uint8Array;
  readonly at: Date;
  /** The authority's serial number of this token, in hexadecimal digits. */
  readonly serial: string;
  /** The policy it was made under, an object identifier. */
  readonly policy: string;
  /** The subject of the certificate that signed it. */
  readonly authority: string;
  /** The certificate, DER. Whether its issuer is to be trusted is the reader's to say. */
  readonly certificate: Uint8Array;
  readonly url: string;
}

/** One time-stamping authority. */
export interface TimeStampClient {
  readonly url: string;
  /** Stamps a SHA-256 digest. */
  stamp(digest: Uint8Array): Promise<TimeStamp>;
}

export interface TimeStampOptions {
  readonly fetch: Fetch;
  /** SHA-256 fingerprints (hexadecimal) of certificates allowed to sign; absent allows each that is for time-stamping. */
  readonly certificates?: readonly string[];
  readonly timeoutSeconds?: number;
}

/** An authority did not answer, or with something that is no time-stamp of ours; the message is for the operator. */
export class TimeStampError extends Error {
  override readonly name = "TimeStampError";
}

const sha256 = "2.16.840.1.101.3.4.2.1";
const maxBytes = 64 * 1024;

/**
 * A client of a time-stamping authority (RFC 3161 over HTTP, §3.4). Each answer is checked before it is believed: status,
 * digest, nonce, signature, and that its certificate is for time-stamping and was valid then.
 */
export function timestampClient(url: string, options: TimeStampOptions): TimeStampClient {
  return {
    url,
    stamp: async (digest) => {
      if (digest.length !== 32) throw new TimeStampError("What is stamped is a SHA-256 digest of 32 bytes.");
      // Positive and without leading zeros, so that it comes back byte for byte.
      const nonce = randomBytes(16);
      nonce[0] = ((nonce[0] ?? 0) & 0x7f) | 0x40;
      const answer = await options
        .fetch(url, {
          method: "POST",
          headers: { "content-type": "application/timestamp-query", accept: "application/timestamp-reply" },
          body: timeStampRequest(digest, nonce),
          maxBytes,
          timeoutSeconds: options.timeoutSeconds ?? 10,
        })
        .catch((cause: unknown) => {
          const reason = cause instanceof Error ? cause.message : "the connection failed";
          throw new TimeStampError(`${hostOf(url)} was not reached: ${reason}`, { cause });
        });
      if (answer.status !== 200) throw new TimeStampError(`${hostOf(url)} answered with HTTP status ${answer.status}.`);
      return checked(url, answer.body, digest, nonce, options.certificates);
    },
  };
}

/** Asks authorities in their order until one gives a time-stamp that holds. */
export async function firstTimeStamp(
  clients: readonly TimeStampClient[],
  digest: Uint8Array,
): Promise<{ readonly stamp: TimeStamp | undefined; readonly refusals: readonly string[] }> {
  const refusals: string[] = [];
  for (const client of clients) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- the next is asked only when this one has failed
      return { stamp: await client.stamp(digest), refusals };
    } catch (error) {
      refusals.push(error instanceof Error ? error.message : String(error));
    }
  }
  return { stamp: undefined, refusals };
}

/** TimeStampReq (RFC 3161 §2.4.1), asking for the certificate. */
export function timeStampRequest(digest: Uint8Array, nonce: Uint8Array): Uint8Array {
  return sequence(integer(1), sequence(sequence(oid(sha256), nothing), octets(digest)), integer(nonce), yes);
}

async function checked(
  url: string,
  response: Uint8Array,
  digest: Uint8Array,
  nonce: Uint8Array,
  allowed: readonly string[] | undefined,
): Promise<TimeStamp> {
  const refuse = (reason: string, cause?: unknown) =>
    new TimeStampError(`${hostOf(url)} gave no time-stamp that holds: ${reason}.`, { cause });
  try {
    const [status, tokenDer] = derChildren(expectDer(readDer(response), derTag.sequence, "the answer"));
    const [code, ...detail] = derChildren(expectDer(status, derTag.sequence, "the answer's status"));
    const granted = expectDer(code, derTag.integer, "the answer's status").content;
    // 0 granted, 1 granted with modifications; everything else is a refusal (§2.4.2).
    if (granted.length !== 1 || (granted[0] ?? 2) > 1) {
      const said = detail.flatMap((each) => (each.tag === derTag.sequence ? derChildren(each) : []));
      const words = said.map((each) => new TextDecoder().decode(each.content)).join(" ");
      throw refuse(`it refused with status ${granted[0] ?? "?"}${words === "" ? "" : ` (${words.slice(0, 200)})`}`);
    }
    const token = readToken(expectDer(tokenDer, derTag.sequence, "the token").bytes);
    if (token.hashAlgorithm !== "SHA-256" || !sameBytes(token.imprint, digest))
      throw refuse("it stamped something else");
    if (token.nonce === undefined || !sameBytes(token.nonce, nonce))
      throw refuse("it answered another request: the nonce is not ours");
    const fault = await faultOfTokenSignature(token);
    if (fault !== undefined) throw refuse(fault);
    const { signer } = token.cms;
    const fingerprint = createHash("sha256").update(signer.bytes).digest("hex");
    if (allowed !== undefined && !allowed.includes(fingerprint))
      throw refuse("its certificate is not one of those configured");
    return {
      token: expectDer(tokenDer, derTag.sequence, "the token").bytes,
      at: token.at,
      serial: hexOf(token.serial),
      policy: token.policy,
      authority: signer.subjectName,
      certificate: signer.bytes,
      url,
    };
  } catch (error) {
    if (error instanceof TimeStampError) throw error;
    throw refuse(error instanceof Error ? error.message : "it can't be read", error);
  }
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}
