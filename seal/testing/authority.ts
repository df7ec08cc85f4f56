import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingMessage, Server } from "node:http";
import { derChildren, derTag, expectDer, readDer } from "@probity/verify/pdf-der";
import { readCertificate } from "@probity/verify/pdf-certificate";
import { issueCertificate, nameOf, sha256WithRsa } from "../certificate.ts";
import { bits, der, integer, nothing, octets, oid, sequence, setOf, time } from "../der.ts";

/** How an authority can misbehave. */
export type Misbehaviour =
  | "nothing"
  | "refuses"
  | "fails"
  | "hangs up"
  | "other digest"
  | "other nonce"
  | "no nonce"
  | "broken signature"
  | "not for time-stamping"
  | "outside its validity"
  | "no answer of ours";

/** A time-stamping authority on loopback that makes real tokens (RFC 3161), and misbehaves when told to. */
export interface TestAuthority {
  readonly url: string;
  readonly origin: string;
  /** The certificate it signs with, DER. */
  readonly certificate: Uint8Array;
  /** How many requests came. */
  readonly requests: () => number;
  behave(how: Misbehaviour): void;
  close(): Promise<void>;
}

const tstInfo = "1.2.840.113549.1.9.16.1.4";
const sha256 = sequence(oid("2.16.840.1.101.3.4.2.1"), nothing);
const timeStamping = "1.3.6.1.5.5.7.3.8";

/** Starts an authority. With `revocable` a root issues its certificate, and the same server hands out the root's list. */
export async function testAuthority(options: { name?: string; revocable?: boolean } = {}): Promise<TestAuthority> {
  const name = options.name ?? "Test time-stamps";
  let how: Misbehaviour = "nothing";
  let count = 0;
  let answer: (request: Uint8Array) => Uint8Array = () => new Uint8Array();
  let list: Uint8Array = new Uint8Array();
  const server = createServer((request, response) => {
    if (request.url === "/list.crl") {
      response.writeHead(200, { "content-type": "application/pkix-crl" }).end(list);
      return;
    }
    count += 1;
    if (how === "hangs up") {
      request.socket.destroy();
      return;
    }
    void bodyOf(request).then((body) => {
      if (how === "fails") response.writeHead(503).end("busy");
      else if (request.headers["content-type"] !== "application/timestamp-query") response.writeHead(415).end();
      else response.writeHead(200, { "content-type": "application/timestamp-reply" }).end(answer(body));
    });
  });
  const origin = await listening(server);
  const from = new Date(Date.now() - 3_600_000);
  const { privateKey: key } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const usage = { id: timeStamping, critical: true };
  const chain: Uint8Array[] = [];
  let issuer: { name: string; key: KeyObject } | undefined;
  if (options.revocable === true) {
    const { privateKey: rootKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    issuer = { name: `${name} root`, key: rootKey };
    chain.push(issueCertificate(rootKey, { name: issuer.name, from, years: 5, usage: undefined }));
    list = revocationList(issuer.name, rootKey);
  }
  const issued = {
    name,
    from,
    years: 2,
    ...(issuer === undefined ? {} : { issuer, revocationUrl: `${origin}/list.crl` }),
  };
  const certificate = issueCertificate(key, { ...issued, usage });
  // The same key under a certificate for something else.
  const wrong = issueCertificate(key, { ...issued, usage: { id: "1.3.6.1.5.5.7.3.36", critical: true } });
  answer = (request) => respond(request, key, how === "not for time-stamping" ? [wrong] : [certificate, ...chain], how);
  return {
    url: `${origin}/tsa`,
    origin,
    certificate,
    requests: () => count,
    behave: (next) => {
      how = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function respond(
  request: Uint8Array,
  key: KeyObject,
  certificates: readonly Uint8Array[],
  how: Misbehaviour,
): Uint8Array {
  if (how === "no answer of ours") return Buffer.from("<html>Sign in to the hotel network</html>");
  if (how === "refuses") return sequence(sequence(integer(2), sequence(der(0x0c, Buffer.from("quota used up")))));
  const [, imprint, ...rest] = derChildren(readDer(request));
  const asked = rest.find((each) => each.tag === derTag.integer);
  const nonce = how === "other nonce" ? integer(randomBytes(8)) : how === "no nonce" ? undefined : asked?.bytes;
  const stamped =
    how === "other digest"
      ? sequence(sha256, octets(createHash("sha256").update("other").digest()))
      : expectDer(imprint, derTag.sequence, "the digest").bytes;
  const at = how === "outside its validity" ? new Date("2019-05-05T05:05:05Z") : new Date();
  const generalized = der(0x18, Buffer.from(`${at.toISOString().replaceAll(/[-:T]/g, "").slice(0, 14)}Z`));
  const info = sequence(
    integer(1),
    oid("1.3.6.1.4.1.99999.1"),
    stamped,
    integer(randomBytes(8)),
    generalized,
    ...(nonce === undefined ? [] : [nonce]),
  );
  return sequence(sequence(integer(0)), signedInfo(info, key, certificates, how));
}

function signedInfo(
  info: Uint8Array,
  key: KeyObject,
  certificates: readonly Uint8Array[],
  how: Misbehaviour,
): Uint8Array {
  const [certificate = new Uint8Array()] = certificates;
  const attribute = (type: string, value: Uint8Array) => sequence(oid(type), setOf(value));
  const attributes = setOf(
    attribute("1.2.840.113549.1.9.3", oid(tstInfo)),
    attribute("1.2.840.113549.1.9.4", octets(createHash("sha256").update(info).digest())),
    attribute(
      "1.2.840.113549.1.9.16.2.47",
      sequence(sequence(sequence(octets(createHash("sha256").update(certificate).digest())))),
    ),
  );
  const signature = sign("sha256", attributes, key);
  if (how === "broken signature") signature[9] = (signature[9] ?? 0) ^ 1;
  const { issuer, serial } = readCertificate(certificate);
  const signer = sequence(
    integer(1),
    sequence(issuer, integer(serial)),
    sha256,
    der(0xa0, expectDer(readDer(attributes), derTag.set, "the attributes").content),
    sha256WithRsa,
    octets(signature),
  );
  const content = sequence(oid(tstInfo), der(0xa0, octets(info)));
  const signed = sequence(integer(3), setOf(sha256), content, der(0xa0, ...certificates), setOf(signer));
  return sequence(oid("1.2.840.113549.1.7.2"), der(0xa0, signed));
}

/** An empty list of revoked certificates (RFC 5280 §5). */
function revocationList(issuer: string, key: KeyObject): Uint8Array {
  const now = Date.now();
  const body = sequence(
    integer(1),
    sha256WithRsa,
    nameOf(issuer),
    time(new Date(now - 60_000)),
    time(new Date(now + 86_400_000)),
  );
  return sequence(body, sha256WithRsa, bits(sign("sha256", body, key)));
}

async function bodyOf(request: IncomingMessage): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}

function listening(server: Server): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(`http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`);
    });
  });
}
