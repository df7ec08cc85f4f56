// Each guard around the seal by something almost right: answers of authorities, revocation lists, keys, and PDFs that are odd.
import { createHash, generateKeyPairSync, sign, X509Certificate, type KeyObject } from "node:crypto";
import { PDF, PdfArray, PdfDict, PdfName, PdfNumber, PdfString } from "@libpdf/core";
import { readCertificate } from "@probity/verify/pdf-certificate";
import { verifyPdf } from "@probity/verify/pdf";
import { derChildren, readDer } from "@probity/verify/pdf-der";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { issueCertificate, nameOf, sha256WithRsa } from "./certificate.ts";
import { certificatesOf } from "./cms.ts";
import { bits, der, integer, octets, oid, sequence, setOf, time, utf8 } from "./der.ts";
import { revocationList, revocationListUrls } from "./revocation.ts";
import { sealPdf, SealError, type SealOptions } from "./seal.ts";
import { keySigner, pemSigner, SealKeyError } from "./signer.ts";
import { plainFetch, testAuthority, testPdf, testSigner, type TestAuthority } from "./testing/index.ts";
import { timestampClient, type Fetch, type TimeStamp, type TimeStampClient } from "./timestamp.ts";

const digest = createHash("sha256").update("a checkpoint").digest();
const signer = testSigner();
const hour = 3_600_000;
const from = new Date(Date.now() - hour);
const newKey = () => generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
let authority: TestAuthority;
let pdf: Uint8Array;
beforeAll(async () => {
  authority = await testAuthority({ revocable: true });
  pdf = await testPdf(1);
});
afterAll(() => authority?.close());
const options = (more: Partial<SealOptions> = {}): SealOptions => ({
  signer,
  name: "Test",
  reason: "Seal",
  at: new Date(),
  ...more,
});

describe("SIG-03 an answer that is almost a time-stamp is none", () => {
  /** The authority behind something that changes what is asked or answered. */
  const through =
    (change: { ask?: (body: Uint8Array) => Uint8Array; answer?: (body: Uint8Array) => Uint8Array }): Fetch =>
    async (url, request) => {
      const { body } = request;
      const asked = body === undefined || change.ask === undefined ? request : { ...request, body: change.ask(body) };
      const answered = await plainFetch(url, asked);
      return { ...answered, body: change.answer?.(answered.body) ?? answered.body };
    };
  const stamped = (fetch: Fetch, more: { certificates?: string[] } = {}) =>
    timestampClient(authority.url, { fetch, ...more }).stamp(digest);
  const withStatus = (...status: Uint8Array[]) =>
    through({
      answer: (body) => sequence(sequence(...status), derChildren(readDer(body))[1]?.bytes ?? new Uint8Array()),
    });

  test("only a digest of 32 bytes is stamped, and nobody is asked for another", async () => {
    const before = authority.requests();
    for (const length of [31, 33])
      await expect(timestampClient(authority.url, { fetch: plainFetch }).stamp(new Uint8Array(length))).rejects.toThrow(
        "digest of 32 bytes",
      );
    expect(authority.requests()).toBe(before);
  });
  test("granted is 0 or 1 in one byte, whatever token comes along", async () => {
    for (const good of [0, 1]) expect((await stamped(withStatus(integer(good)))).authority).toBe("CN=Test time-stamps");
    for (const bad of [der(0x02, Uint8Array.of(1, 0)), der(0x02, Uint8Array.of(0, 2)), der(0x02), integer(2)])
      await expect(stamped(withStatus(bad))).rejects.toThrow("it refused with status");
  });
  test("a refusal is told once, and not at any length", async () => {
    const said = await stamped(withStatus(integer(2), sequence(utf8("x".repeat(5_000))))).catch(String);
    expect(said).toMatch(/^TimeStampError: \S+ gave no time-stamp that holds: it refused with status 2 \(x{200}\)\.$/);
  });
  test("the same bytes under the name of another digest are something else", async () => {
    const ask = (body: Uint8Array) => {
      const changed = Buffer.from(body);
      const at = changed.indexOf(Buffer.from(oid("2.16.840.1.101.3.4.2.1")));
      changed[at + 10] = 3;
      return changed;
    };
    await expect(stamped(through({ ask }))).rejects.toThrow("it stamped something else");
  });
  test("a certificate that was configured is believed", async () => {
    const own = createHash("sha256").update(authority.certificate).digest("hex");
    expect((await stamped(plainFetch, { certificates: ["00", own] })).authority).toBe("CN=Test time-stamps");
  });
});

describe("SIG-03 a revocation list is kept where it is the issuer's, signed and in force", () => {
  const rootKey = newKey();
  const root = readCertificate(issueCertificate(rootKey, { name: "Root", from, years: 5, usage: undefined }));
  const soon = new Date(Date.now() + hour);
  const listOf = (more: { name?: string; next?: Uint8Array | null; version?: boolean; key?: KeyObject } = {}) => {
    const body = sequence(
      ...(more.version === false ? [] : [integer(1)]),
      sha256WithRsa,
      nameOf(more.name ?? "Root"),
      time(from),
      ...(more.next === null ? [] : [more.next ?? time(soon)]),
    );
    return sequence(body, sha256WithRsa, bits(sign("sha256", body, more.key ?? rootKey)));
  };
  const served =
    (lists: Readonly<Record<string, Uint8Array>>): Fetch =>
    async (url) =>
      lists[url] === undefined ? { status: 404, body: listOf() } : { status: 200, body: lists[url] };
  const asked = (lists: Readonly<Record<string, Uint8Array>>, urls = Object.keys(lists)) =>
    revocationList(urls, root.subject, served(lists), [root]);

  test("with and without version and next date", async () => {
    for (const good of [listOf(), listOf({ version: false }), listOf({ next: null })])
      expect(Buffer.from(await asked({ a: good })).equals(good)).toBe(true);
    // Nobody's certificate of that name is held: whether it was signed is the reader's to check.
    await expect(
      revocationList(["a"], root.subject, served({ a: listOf({ key: newKey() }) }), []),
    ).resolves.toBeDefined();
  });
  test.each([
    ["another issuer of a later name", () => listOf({ name: "Roou" }), "of another issuer"],
    ["another issuer of an earlier name", () => listOf({ name: "Roos" }), "of another issuer"],
    ["one that was over in this century", () => listOf({ next: time(from) }), "out of date"],
    [
      "one that was over, in four digits",
      () => listOf({ next: der(0x18, Buffer.from("20200101000000Z")) }),
      "out of date",
    ],
    ["one that another key signed", () => listOf({ key: newKey() }), "its issuer did not sign it"],
    ["a page", () => Buffer.from("<html>"), "No revocation list"],
  ])("%s is none", async (_, list, why) => {
    await expect(asked({ a: list() })).rejects.toThrow(why);
    // The next address is asked.
    expect(Buffer.from(await asked({ a: list(), b: listOf() })).equals(listOf())).toBe(true);
  });
  test("one that another certificate's key signed, held beside the issuer's, is none", async () => {
    const otherKey = newKey();
    const other = readCertificate(issueCertificate(otherKey, { name: "Other", from, years: 5, usage: undefined }));
    const fetch = served({ a: listOf({ key: otherKey }) });
    await expect(revocationList(["a"], root.subject, fetch, [other, root])).rejects.toThrow("did not sign it");
  });
  test("an answer that is no success is none, whatever it holds", async () => {
    await expect(asked({}, ["gone"])).rejects.toThrow("HTTP status 404");
  });
  test("its addresses are those the certificate names for it, and of the web", () => {
    const key = newKey();
    const usage = { id: "1.3.6.1.5.5.7.3.36", critical: false };
    const named = (revocationUrl: string) =>
      issueCertificate(key, { name: "Leaf", from, years: 1, usage, revocationUrl });
    for (const url of ["http://a/b", "https://a/b"]) expect(revocationListUrls(named(url))).toEqual([url]);
    for (const url of ["ldap://a/b", "file:///etc/passwd", "ldap://a/http://b"])
      expect(revocationListUrls(named(url))).toEqual([]);
    const other = Buffer.from(named("http://a/b"));
    // The same under another name: addresses of the issuer (issuerAltName).
    other[other.indexOf(Buffer.from(oid("2.5.29.31"))) + 4] = 18;
    expect(revocationListUrls(other)).toEqual([]);
  });
});

describe("SIG-03 the level of a seal is what was reached", () => {
  const timestamps = () => [timestampClient(authority.url, { fetch: plainFetch })];
  const issued = (more: { revocationUrl?: string } = {}) => {
    const key = newKey();
    const issuer = { name: "Issuer", key: newKey() };
    const usage = { id: "1.3.6.1.5.5.7.3.36", critical: false };
    return keySigner(key, issueCertificate(key, { name: "Issued", from, years: 1, usage, issuer, ...more }));
  };
  test("B-T and nothing appended without a way to revocation lists", async () => {
    const { level, pdf: bytes } = await sealPdf(pdf, options({ timestamps: timestamps() }));
    expect([level, Buffer.from(bytes).includes("/DSS")]).toEqual(["B-T", false]);
  });
  test("B-T where the seal's certificate is another's and names no list, or none can be had", async () => {
    for (const [own, why] of [
      [issued(), "CN=Issued names no revocation list"],
      [issued({ revocationUrl: `${authority.origin}/list.crl` }), "it is of another issuer"],
    ] as const) {
      const sealed = await sealPdf(pdf, options({ signer: own, timestamps: timestamps(), fetch: plainFetch }));
      expect([sealed.level, sealed.refusals]).toEqual(["B-T", [expect.stringContaining(why)]]);
    }
  });
  test("B-T where who answers for the issuer is another", async () => {
    const fetch: Fetch = async (url, request) => {
      const answer = await plainFetch(url, request);
      if (!url.endsWith(".crl")) return answer;
      const [body, algorithm] = derChildren(readDer(answer.body));
      if (body === undefined || algorithm === undefined) throw new Error("no list");
      const signature = bits(sign("sha256", body.bytes, signer.key));
      return { ...answer, body: sequence(body.bytes, algorithm.bytes, signature) };
    };
    const sealed = await sealPdf(pdf, options({ timestamps: timestamps(), fetch }));
    expect([sealed.level, sealed.refusals.join()]).toEqual(["B-T", expect.stringContaining("did not sign it")]);
  });
  test("certificates are looked for where there are none", () => {
    expect(certificatesOf(sequence(oid("1.2.840.113549.1.7.2"), der(0xa0, sequence(integer(1)))))).toEqual([]);
  });
});

describe("SIG-03 a signature fits the room kept for it, to the byte", () => {
  const stamping = (length: number): TimeStampClient => ({
    url: "http://stamps.example",
    stamp: async (): Promise<TimeStamp> => ({
      token: sequence(octets(new Uint8Array(length))),
      at: new Date(),
      serial: "1",
      policy: "1.2.3",
      authority: "CN=x",
      certificate: authority.certificate,
      url: "http://stamps.example",
    }),
  });
  test("a token of twelve thousand bytes fits, one over the room is refused, one that fills it is not", async () => {
    const sealing = (length: number) => sealPdf(pdf, options({ timestamps: [stamping(length)] }));
    expect((await sealing(12_000)).level).toBe("B-T");
    const said = await sealing(30_000).catch(String);
    const [, takes, room] = (/takes (\d+) bytes, and (\d+) were kept/.exec(String(said)) ?? []).map(Number);
    const last = 30_000 - ((takes ?? 0) - (room ?? 0));
    await expect(sealing(last + 1)).rejects.toThrow(SealError);
    const { pdf: bytes } = await sealing(last);
    // The hole is full, and still ends where the ByteRange says.
    const [, before = 0, after = 0] = (
      /\/ByteRange\s*\[([\d\s]+)\]/.exec(Buffer.from(bytes).toString("latin1"))?.[1] ?? ""
    )
      .trim()
      .split(/\s+/)
      .map(Number);
    expect([bytes[before], bytes[after - 1]]).toEqual(["<".charCodeAt(0), ">".charCodeAt(0)]);
  });
});

describe("SIG-03 an odd PDF is sealed as it is, or refused", () => {
  const made = async (change: (document: PDF) => void): Promise<Uint8Array> => {
    const document = await PDF.load(pdf);
    change(document);
    return document.save();
  };
  const pageOf = (document: PDF): PdfDict => {
    const page = document.context.pages.getPage(0);
    const found = page === null ? undefined : document.context.resolve(page);
    if (!(found instanceof PdfDict)) throw new Error("no page");
    return found;
  };
  test("one that holds what the room for a signature looks like", async () => {
    const hole = 4096 + signer.certificate.length;
    const digits = PdfNumber.of(9_999_999_999);
    const same = await made((document) => {
      document.getCatalog().set("Old", PdfString.fromBytes(new Uint8Array(hole)));
      document.getCatalog().set("Range", PdfArray.of(PdfNumber.of(0), digits, digits, digits));
    });
    expect(Buffer.from(same).includes(`<${"0".repeat(hole * 2)}>`)).toBe(true);
    expect(Buffer.from(same).includes("9999999999 9999999999 9999999999")).toBe(true);
    const { pdf: sealed } = await sealPdf(same, options());
    expect(Buffer.from(sealed.subarray(0, same.length)).equals(same)).toBe(true);
    expect((await verifyPdf(sealed)).outcome).toBe("VERIFIED");
  });
  test("one without pages, and one that would have to be written anew", async () => {
    await expect(sealPdf(await PDF.create().save(), options())).rejects.toThrow(SealError);
    const broken = Buffer.from(
      Buffer.from(pdf)
        .toString("latin1")
        .replace(/startxref\s+\d+/, "startxref\n7"),
      "latin1",
    );
    await expect(sealPdf(broken, options())).rejects.toThrow("can't be appended to");
  });
  test("what stands on its page stays there, in the page or elsewhere", async () => {
    const note = () => PdfDict.of({ Type: PdfName.of("Annot"), Subtype: PdfName.of("Text") });
    const within = await made((document) => {
      pageOf(document).set("Annots", PdfArray.of(document.context.register(note())));
    });
    const elsewhere = await made((document) => {
      const list = PdfArray.of(document.context.register(note()));
      pageOf(document).set("Annots", document.context.register(list));
    });
    const listed = async (bytes: Uint8Array) => {
      const { pdf: sealed } = await sealPdf(bytes, options());
      expect((await verifyPdf(sealed)).outcome).toBe("VERIFIED");
      const document = await PDF.load(sealed);
      const list = pageOf(document).get("Annots");
      return list instanceof PdfArray ? list.length : "elsewhere";
    };
    expect([await listed(within), await listed(elsewhere), await listed(pdf)]).toEqual([2, "elsewhere", 1]);
  });
});

describe("SIG-03 a key that can't seal is refused in words that show nothing of it", () => {
  const key = String(signer.key.export({ format: "pem", type: "pkcs8" }));
  const locked = String(
    signer.key.export({ format: "pem", type: "pkcs8", cipher: "aes-256-cbc", passphrase: "open sesame" }),
  );
  const certificate = new X509Certificate(signer.certificate).toString();
  test("of another kind, or in a file without one or without a certificate", () => {
    const { privateKey } = generateKeyPairSync("ed25519");
    expect(() => keySigner(privateKey, signer.certificate)).toThrow("neither RSA nor elliptic curve");
    expect(() => pemSigner(key)).toThrow("holds no certificate");
    expect(() => pemSigner(certificate)).toThrow("holds no private key");
  });
  test("behind a passphrase that is missing or another", () => {
    expect(pemSigner(`${locked}${certificate}`, "open sesame").keyType).toBe("RSA");
    for (const passphrase of [undefined, "wrong"]) {
      const open = () => pemSigner(`${locked}${certificate}`, passphrase);
      expect(open).toThrow(SealKeyError);
      expect(open).toThrow("its passphrase is missing or another one");
    }
  });
});

test("DER is written in its shortest form: lengths, numbers, dates and the order of a set", () => {
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
  expect(hex(octets(new Uint8Array(127))).slice(0, 4)).toBe("047f");
  expect(hex(octets(new Uint8Array(128))).slice(0, 6)).toBe("048180");
  expect([0, 127, 128, 255].map((value) => hex(integer(value)))).toEqual(["020100", "02017f", "02020080", "020200ff"]);
  expect(hex(integer(Uint8Array.of(0, 0, 0x80)))).toBe("02020080");
  expect(hex(setOf(integer(2), integer(1)))).toBe("3106020101020102");
  expect([2049, 2050].map((year) => time(new Date(Date.UTC(year, 0)))[0])).toEqual([0x17, 0x18]);
});
