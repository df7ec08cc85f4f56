// Seals that are almost right, each made anew over the same file, and each refused for what is wrong with it alone.
import { createHash, createPublicKey, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { fingerprintOf, readCertificate } from "@probity/verify/pdf-certificate";
import { verifyPdf } from "@probity/verify/pdf";
import { DerError, derTag, expectDer, readDer } from "@probity/verify/pdf-der";
import { faultOfToken, readToken } from "@probity/verify/pdf-token";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { issueCertificate, selfSignedCertificate, sha256WithRsa } from "./certificate.ts";
import { der, integer, nothing, octets, oid, sequence, setOf } from "./der.ts";
import { sealPdf } from "./seal.ts";
import { plainFetch, testAuthority, testPdf, type TestAuthority } from "./testing/index.ts";
import { timestampClient } from "./timestamp.ts";

const id = {
  data: "1.2.840.113549.1.7.1",
  signedData: "1.2.840.113549.1.7.2",
  contentType: "1.2.840.113549.1.9.3",
  digest: "1.2.840.113549.1.9.4",
  bound: "1.2.840.113549.1.9.16.2.47",
  token: "1.2.840.113549.1.9.16.2.14",
} as const;
const sha256 = sequence(oid("2.16.840.1.101.3.4.2.1"), nothing);
const sha1 = sequence(oid("1.3.14.3.2.26"), nothing);
const hour = 3_600_000;
const usage = { id: "1.3.6.1.5.5.7.3.36", critical: false };
const newKey = () => generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
const key = newKey();
const otherKey = newKey();
const own = selfSignedCertificate(key, { name: "Own", from: new Date(Date.now() - hour), years: 1 });
const other = selfSignedCertificate(otherKey, { name: "Other", from: new Date(Date.now() - hour), years: 1 });
const hashOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest();
const attribute = (type: string, ...values: Uint8Array[]) => sequence(oid(type), setOf(...values));
const boundTo = (certificate: Uint8Array) =>
  attribute(id.bound, sequence(sequence(sequence(octets(hashOf(certificate))))));

let sealed: Buffer;
let digest: Buffer;
let hole: readonly [from: number, to: number];
let authority: TestAuthority;
beforeAll(async () => {
  authority = await testAuthority();
  const signer = {
    certificate: own,
    chain: [],
    keyType: "RSA" as const,
    sign: async (bytes: Uint8Array) => sign("sha256", bytes, key),
  };
  sealed = Buffer.from(
    (
      await sealPdf(await testPdf(), {
        signer,
        name: "Test",
        reason: "Seal",
        at: new Date(),
        certify: true,
        attachments: [],
      })
    ).pdf,
  );
  const [, before = 0, after = 0] = (/\/ByteRange\s*\[([\d\s]+)\]/.exec(sealed.toString("latin1"))?.[1] ?? "")
    .trim()
    .split(/\s+/)
    .map(Number);
  hole = [before, after];
  digest = hashOf(Buffer.concat([sealed.subarray(0, before), sealed.subarray(after)]));
});
afterAll(() => authority?.close());

/** What of a seal is another than it should be. */
type Wrong = {
  readonly type?: string;
  readonly content?: Uint8Array;
  readonly contentType?: string;
  readonly certificate?: Uint8Array;
  readonly certificates?: readonly Uint8Array[];
  readonly identity?: Uint8Array;
  readonly algorithm?: Uint8Array;
  readonly attributes?: readonly Uint8Array[] | null;
  readonly key?: KeyObject;
  readonly signatureAlgorithm?: Uint8Array;
  readonly signers?: number;
  readonly unsigned?: (signature: Uint8Array) => Promise<Uint8Array>;
};
const attributes = (certificate = own) => [
  attribute(id.contentType, oid(id.data)),
  attribute(id.digest, octets(digest)),
  boundTo(certificate),
];

async function signedData(wrong: Wrong): Promise<Uint8Array> {
  const certificate = wrong.certificate ?? own;
  const { issuer, serial } = readCertificate(certificate);
  const set = setOf(...(wrong.attributes ?? attributes(certificate)));
  const signature = sign("sha256", set, wrong.key ?? key);
  const signer = sequence(
    integer(1),
    wrong.identity ?? sequence(issuer, integer(serial)),
    wrong.algorithm ?? sha256,
    ...(wrong.attributes === null ? [] : [der(0xa0, expectDer(readDer(set), derTag.set, "attributes").content)]),
    wrong.signatureAlgorithm ?? sha256WithRsa,
    octets(signature),
    ...(wrong.unsigned === undefined ? [] : [der(0xa1, attribute(id.token, await wrong.unsigned(signature)))]),
  );
  const content = sequence(
    oid(wrong.contentType ?? id.data),
    ...(wrong.content === undefined ? [] : [der(0xa0, octets(wrong.content))]),
  );
  const signers = Array.from({ length: wrong.signers ?? 1 }, () => signer);
  const inner = sequence(
    integer(1),
    setOf(sha256),
    content,
    der(0xa0, ...(wrong.certificates ?? [certificate])),
    setOf(...signers),
  );
  return sequence(oid(wrong.type ?? id.signedData), der(0xa0, inner));
}
/** The file with other bytes in the room of its signature's value. */
function holding(value: Uint8Array): Buffer {
  const changed = Buffer.from(sealed);
  changed.write(
    `<${Buffer.from(value)
      .toString("hex")
      .padEnd(hole[1] - hole[0] - 2, "0")}>`,
    hole[0],
    "latin1",
  );
  return changed;
}
async function checked(wrong: Wrong, fingerprints: readonly string[] = []) {
  const { outcome, signatures } = await verifyPdf(holding(await signedData(wrong)), { fingerprints });
  return { outcome, fault: signatures[0]?.fault ?? "", trust: signatures[0]?.trust };
}

describe("SIG-03 a seal that is almost right is refused for what is wrong with it", () => {
  const aged = (from: string) => selfSignedCertificate(key, { name: "Aged", from: new Date(from), years: 1 });
  const [named, ofSigner, bound] = [
    () => attributes()[0] ?? own,
    () => attributes()[1] ?? own,
    () => attributes()[2] ?? own,
  ];
  const rows: readonly [what: string, wrong: () => Wrong, fault: RegExp][] = [
    ["something else in its place", () => ({ type: id.data }), /what stands where the signature belongs is none/],
    ["no signer", () => ({ signers: 0 }), /0 signers instead of one/],
    ["two signers", () => ({ signers: 2 }), /2 signers instead of one/],
    ["no signed attributes", () => ({ attributes: null }), /no signed attributes/],
    [
      "an attribute twice",
      () => ({ attributes: [...attributes(), attribute(id.digest, octets(hashOf(digest)))] }),
      /1\.9\.4 is not there once/,
    ],
    [
      "an attribute without a value",
      () => ({ attributes: [...attributes(), attribute("1.2.3")] }),
      /1\.2\.3 is not there once/,
    ],
    [
      "a certificate of another number",
      () => ({ identity: sequence(readCertificate(own).issuer, integer(1)) }),
      /certificate is not inside/,
    ],
    [
      "a certificate of another issuer",
      () => ({ identity: sequence(readCertificate(other).issuer, integer(readCertificate(own).serial)) }),
      /certificate is not inside/,
    ],
    [
      "a certificate known by another key",
      () => ({ identity: der(0x80, hashOf(own).subarray(0, 20)) }),
      /certificate is not inside/,
    ],
    ["no certificate", () => ({ certificates: [other] }), /certificate is not inside/],
    ["a digest two files can share", () => ({ algorithm: sha1 }), /1\.3\.14\.3\.2\.26 is not one we trust/],
    [
      "another kind of content",
      () => ({ attributes: [attribute(id.contentType, oid("1.2.3")), ofSigner(), bound()] }),
      /names another kind of content/,
    ],
    ["no kind of content", () => ({ attributes: [ofSigner(), bound()] }), /can't be read/],
    [
      "a digest of something else",
      () => ({ attributes: [named(), attribute(id.digest, octets(hashOf(digest))), bound()] }),
      /changed after signing/,
    ],
    ["no digest", () => ({ attributes: [named(), bound()] }), /signed digest is not where it belongs/],
    [
      "another's certificate bound",
      () => ({ attributes: [named(), ofSigner(), boundTo(other)] }),
      /names another certificate/,
    ],
    [
      "no certificate bound",
      () => ({ attributes: [named(), ofSigner()] }),
      /does not name its certificate, as PAdES asks/,
    ],
    [
      "an empty binding",
      () => ({ attributes: [named(), ofSigner(), attribute(id.bound, sequence())] }),
      /names another certificate/,
    ],
    ["a file of its own inside", () => ({ content: Buffer.from("x") }), /holds something besides the file/],
    ["another's key", () => ({ key: otherKey }), /key did not make this signature/],
    [
      "an algorithm that was broken",
      () => ({ signatureAlgorithm: sequence(oid("1.2.840.113549.1.1.4"), nothing) }),
      /1\.1\.4 is not one we trust/,
    ],
    [
      "a certificate that was over",
      () => ({ certificate: aged("2015-01-01T00:00:00Z") }),
      /not valid at the time of the signature/,
    ],
    [
      "a certificate that was still to come",
      () => ({ certificate: aged("2040-01-01T00:00:00Z") }),
      /not valid at the time of the signature/,
    ],
  ];
  test("one that is right is none of these, whichever way it names its certificate", async () => {
    expect(await checked({})).toEqual({ outcome: "VERIFIED", fault: "", trust: "unknown" });
    const spki = createPublicKey(key).export({ format: "der", type: "spki" });
    expect(await checked({ identity: der(0x80, hashOf(spki).subarray(0, 20)) })).toMatchObject({ outcome: "VERIFIED" });
    expect(await checked({ signatureAlgorithm: sequence(oid("1.2.840.113549.1.1.1"), nothing) })).toMatchObject({
      outcome: "VERIFIED",
    });
    expect(await checked({ certificates: [other, own] })).toMatchObject({ outcome: "VERIFIED" });
  });
  test.each(rows)("%s", async (_, wrong, fault) => {
    expect(await checked(wrong())).toEqual({
      outcome: "TAMPERED",
      fault: expect.stringMatching(fault),
      trust: "unknown",
    });
  });
  test("bytes that are no DER", async () => {
    const good = Buffer.from(await signedData({}));
    for (const [value, fault] of [
      [Buffer.concat([Buffer.of(0x30, 0x80), good.subarray(4)]), /a length that is not stated/],
      [Buffer.concat([Buffer.of(0x30, 0x85, 0, 0, 0, 0, 1), good]), /a length beyond any file/],
      [Buffer.of(0x30, 0x84, 0x7f, 0xff, 0xff, 0xff), /reaches beyond the end/],
      [Buffer.of(0x3f, 0x01, 0x00), /a tag of several bytes/],
    ] as const) {
      const { outcome, signatures } = await verifyPdf(holding(value));
      expect([outcome, signatures[0]?.fault]).toEqual(["TAMPERED", expect.stringMatching(fault)]);
    }
  });

  test("a time-stamp that does not hold makes the seal none", async () => {
    const client = timestampClient(authority.url, { fetch: plainFetch });
    const stamp = async (bytes: Uint8Array) => (await client.stamp(hashOf(bytes))).token;
    expect(await checked({ unsigned: stamp })).toMatchObject({ outcome: "VERIFIED" });
    // Its time counts in place of what the file says: a certificate that was good then.
    expect(await checked({ unsigned: stamp, certificate: aged("2015-01-01T00:00:00Z") })).toMatchObject({
      fault: expect.stringMatching(/not valid at the time/),
    });
    expect(await checked({ unsigned: () => stamp(Buffer.from("x")) })).toMatchObject({
      outcome: "TAMPERED",
      fault: "the time-stamp is over something else",
    });
    expect(await checked({ unsigned: async () => signedData({}) })).toMatchObject({
      outcome: "TAMPERED",
      fault: expect.stringMatching(/belongs is none/),
    });
    const broken = async (signature: Uint8Array) => {
      const token = Buffer.from(await stamp(signature));
      token[token.length - 9] = (token.at(-9) ?? 0) ^ 1;
      return token;
    };
    expect(await checked({ unsigned: broken })).toMatchObject({
      outcome: "TAMPERED",
      fault: expect.stringMatching(/time-stamp does not hold: the certificate's key did not/),
    });
  });
});

describe("SIG-03 a certificate above the signer's counts only where it issued the one below", () => {
  const root = newKey();
  const from = new Date(Date.now() - hour);
  const issuer = { name: "Root", key: root };
  const authorityOf = (with_: KeyObject, name = "Root") =>
    issueCertificate(with_, { name, from, years: 5, usage: undefined });
  const genuine = authorityOf(root);
  const leaf = (by: { name: string; key: KeyObject } = issuer) =>
    issueCertificate(key, { name: "Leaf", from, years: 1, usage, issuer: by });
  const pinnedTo = async (certificate: Uint8Array, above: Uint8Array, by?: { name: string; key: KeyObject }) => {
    const one = leaf(by);
    const { outcome, trust } = await checked({ certificate: one, certificates: [one, above] }, [
      await fingerprintOf(certificate),
    ]);
    return [outcome, trust];
  };
  test("the genuine one is what the reader named", async () => {
    expect(await pinnedTo(genuine, genuine)).toEqual(["VERIFIED", "pinned"]);
  });
  test("a stranger's certificate that says to be issued by it, with the genuine one put beside", async () => {
    expect(await pinnedTo(genuine, genuine, { name: "Root", key: otherKey })).toEqual(["NOTHING_VERIFIED", "unknown"]);
  });
  test("one of the same name that another key made, and one of another name", async () => {
    expect(await pinnedTo(genuine, authorityOf(otherKey))).toEqual(["NOTHING_VERIFIED", "unknown"]);
    const twin = authorityOf(root, "Other root");
    expect(await pinnedTo(twin, twin)).toEqual(["NOTHING_VERIFIED", "unknown"]);
  });
  test("a certificate that may issue none, and issued one", async () => {
    const person = issueCertificate(root, { name: "Root", from, years: 1, usage });
    expect(await pinnedTo(person, person)).toEqual(["NOTHING_VERIFIED", "unknown"]);
  });
});

describe("SIG-03 a time-stamp that is almost right is none", () => {
  const tst = "1.2.840.113549.1.9.16.1.4";
  const stamping = "1.3.6.1.5.5.7.3.8";
  const from = new Date(Date.now() - hour);
  const stamped = Buffer.from("stamped");
  const info = (at = new Date()) =>
    sequence(
      integer(1),
      oid("1.2.3"),
      sequence(sha256, octets(hashOf(stamped))),
      integer(7),
      der(0x18, Buffer.from(`${at.toISOString().replaceAll(/[-:T]/g, "").slice(0, 14)}Z`)),
    );
  const said = (content: Uint8Array, ...more: Uint8Array[]) => [
    attribute(id.contentType, oid(tst)),
    attribute(id.digest, octets(hashOf(content))),
    ...more,
  ];
  const certified = (certificate: Uint8Array, content = info(), bound = [boundTo(certificate)]): Wrong => ({
    certificate,
    contentType: tst,
    content,
    attributes: said(content, ...bound),
  });
  const purpose = (usageId: string, critical: boolean) =>
    issueCertificate(key, { name: "Stamps", from, years: 1, usage: { id: usageId, critical } });
  const good = purpose(stamping, true);
  const fault = async (wrong: Wrong) => faultOfToken(readToken(await signedData(wrong)), stamped);

  test("bound to its certificate, which is for that alone and was good then", async () => {
    expect(await fault(certified(good))).toBeUndefined();
    expect(await fault(certified(good, info(), []))).toBe("the time-stamp does not name its certificate");
    for (const wrong of [purpose(stamping, false), purpose("1.3.6.1.5.5.7.3.36", true)])
      expect(await fault(certified(wrong))).toBe("the time-stamp's certificate is not for time-stamping");
    for (const at of [new Date(Date.now() - 2 * hour), new Date(Date.now() + 9_000 * hour)])
      expect(await fault(certified(good, info(at)))).toBe("the time-stamp's certificate was not valid at its time");
    await expect(fault({ ...certified(good), contentType: id.data })).rejects.toThrow("belongs is none");
    // A modulus that is no number: the key is none, and no reader may fall over it.
    const keyless = Buffer.from(good);
    const modulus = keyless.indexOf(Buffer.from("003082010a028201", "hex"));
    expect(modulus).toBeGreaterThan(0);
    keyless[modulus + 5] = 4;
    await expect(fault(certified(keyless))).rejects.toThrow(new DerError("the key of a certificate can't be read"));
    const { content: _, ...empty } = certified(good);
    await expect(fault(empty)).rejects.toThrow("belongs is none");
  });
});
