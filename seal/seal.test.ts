import { createPrivateKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { verifyPdf } from "@probity/verify/pdf";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sealPdf } from "./seal.ts";
import type { SealOptions } from "./seal.ts";
import { keySigner, p12Signer, pemSigner } from "./signer.ts";
import { installed, outside, plainFetch, testAuthority, testPdf, testSigner } from "./testing/index.ts";
import type { TestAuthority } from "./testing/index.ts";
import { timestampClient } from "./timestamp.ts";

const folder = mkdtempSync(join(tmpdir(), "probity-seal-"));
const signer = testSigner();
const common: SealOptions = {
  signer,
  name: "Test instance",
  reason: "Sealed so that a change shows",
  at: new Date(),
  certify: true,
  attachments: [
    {
      name: "record.json",
      mediaType: "application/json",
      description: "The record",
      bytes: Buffer.from('{"pH":"7.24"}'),
    },
  ],
};
let pdf: Uint8Array;
let authority: TestAuthority;

beforeAll(async () => {
  pdf = await testPdf();
  authority = await testAuthority({ revocable: true });
});
afterAll(async () => {
  await authority.close();
  rmSync(folder, { recursive: true, force: true });
});

function stored(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

/** The CMS of the first signature and what it is over, for readers who know no PDF. */
function parts(bytes: Uint8Array): { cms: string; content: string } {
  const text = Buffer.from(bytes).toString("latin1");
  const [, before, after, rest] = (/\/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)/.exec(text) ?? [])
    .slice(1)
    .map(Number);
  if (before === undefined || after === undefined || rest === undefined) throw new Error("no ByteRange");
  const content = Buffer.concat([bytes.subarray(0, before), bytes.subarray(after, after + rest)]);
  const hex = text.slice(before + 1, after - 1);
  return { cms: stored("seal.der", Buffer.from(hex, "hex")), content: stored("content.bin", content) };
}

describe("SIG-03 PDFs are sealed so that others can verify them", () => {
  test("B-B: sealed with what is attached, nothing before it changed", async () => {
    const sealed = await sealPdf(pdf, common);
    expect(sealed.level).toBe("B-B");
    expect(Buffer.from(sealed.pdf.subarray(0, pdf.length)).equals(pdf)).toBe(true);
    const found = await verifyPdf(sealed.pdf);
    expect(found.outcome).toBe("VERIFIED");
    expect(found.attachments.map(({ name }) => name)).toEqual(["record.json"]);
    expect(Buffer.from(sealed.pdf).toString("latin1")).toMatch(/\/DocMDP[\s\S]*\/P 2\b|\/P 2\b[\s\S]*\/DocMDP/);
  });

  test.skipIf(!installed("openssl", "version"))("openssl cms verifies it, and not with a byte changed", async () => {
    const sealed = await sealPdf(pdf, common);
    const { cms, content } = parts(sealed.pdf);
    const root = stored("root.pem", new X509Certificate(signer.certificate).toString());
    const verify = (file: string) =>
      outside(
        "openssl",
        `cms -verify -binary -cades -inform DER -in ${cms} -content ${file} -CAfile ${root} -purpose any -out ${folder}/out`.split(
          " ",
        ),
      ).said;
    expect(verify(content)).toMatch(/verification successful/i);
    expect(verify(stored("other.bin", "other"))).toMatch(/verification failure|digest/i);
  });

  test.skipIf(!installed("pdfsig"))("pdfsig accepts it, and refuses it with a byte changed", async () => {
    const sealed = await sealPdf(pdf, common);
    const { said } = outside("pdfsig", ["-nocert", stored("good.pdf", sealed.pdf)]);
    expect(said).toContain("Signature is Valid");
    expect(said).toContain("Total document signed");
    const changed = Buffer.from(sealed.pdf);
    changed[40] = (changed[40] ?? 0) ^ 1;
    expect(outside("pdfsig", ["-nocert", stored("bad.pdf", changed)]).said).not.toContain("Signature is Valid");
  });

  test("a second seal leaves the first good", async () => {
    const one = await sealPdf(pdf, common);
    const other = testSigner("Second seal");
    const two = await sealPdf(one.pdf, { signer: other, name: "Other", reason: "Received", at: new Date() });
    const found = await verifyPdf(two.pdf);
    expect(found.outcome).toBe("VERIFIED");
    expect(found.signatures.map(({ holds, coversWholeFile }) => [holds, coversWholeFile])).toEqual([
      [true, false],
      [true, true],
    ]);
    if (!installed("pdfsig")) return;
    const { said } = outside("pdfsig", ["-nocert", stored("two.pdf", two.pdf)]);
    expect(said.match(/Signature is Valid/g)).toHaveLength(2);
  });

  test("a PDF is certified once only", async () => {
    const one = await sealPdf(pdf, common);
    await expect(sealPdf(one.pdf, { ...common, attachments: [] })).rejects.toThrow("certified before");
  });

  test("B-T and B-LT: the time is proved, and what later readers need is inside", async () => {
    const timestamps = [timestampClient(authority.url, { fetch: plainFetch })];
    const stamped = await sealPdf(pdf, { ...common, timestamps });
    expect(stamped.level).toBe("B-T");
    const kept = await sealPdf(pdf, { ...common, timestamps, fetch: plainFetch });
    expect(kept.refusals).toEqual([]);
    expect(kept.level).toBe("B-LT");
    expect(Buffer.from(kept.pdf).toString("latin1")).toMatch(/\/CRLs/);
    for (const { pdf: bytes } of [stamped, kept]) {
      // oxlint-disable-next-line no-await-in-loop -- two
      const found = await verifyPdf(bytes);
      expect(found.outcome).toBe("VERIFIED");
      expect(found.sentence).toContain("Nothing in this file changed since it was sealed.");
      expect(found.signatures[0]?.timestamp).toMatchObject({ holds: true, authority: "CN=Test time-stamps" });
    }
  });

  test("an authority that does not answer leaves a seal without proved time, and says so", async () => {
    authority.behave("fails");
    const sealed = await sealPdf(pdf, {
      ...common,
      timestamps: [timestampClient(authority.url, { fetch: plainFetch })],
    });
    authority.behave("nothing");
    expect(sealed.level).toBe("B-B");
    expect(sealed.refusals[0]).toContain("503");
  });

  test("keys come from PEM, from PKCS #12 and on an elliptic curve", async () => {
    const key = String(signer.key.export({ format: "pem", type: "pkcs8" }));
    const certificate = new X509Certificate(signer.certificate).toString();
    const signers = [pemSigner(`${key}${certificate}`)];
    if (installed("openssl", "version")) {
      const [p12, ec, ecKey] = [join(folder, "seal.p12"), join(folder, "ec.pem"), join(folder, "ec.key")];
      const both = stored("both.pem", `${key}${certificate}`);
      outside("openssl", ["pkcs12", "-export", "-in", both, "-out", p12, "-passout", "pass:open sesame"]);
      const { readFileSync } = await import("node:fs");
      signers.push(await p12Signer(readFileSync(p12), "open sesame"));
      await expect(p12Signer(readFileSync(p12), "wrong")).rejects.toThrow("passphrase");
      const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "9"];
      outside("openssl", ["req", "-x509", ...curve, "-subj", "/CN=Curve", "-keyout", ecKey, "-out", ec]);
      signers.push(keySigner(createPrivateKey(readFileSync(ecKey)), new X509Certificate(readFileSync(ec)).raw));
    }
    for (const each of signers) {
      // oxlint-disable-next-line no-await-in-loop -- three
      const { pdf: sealed } = await sealPdf(pdf, { ...common, signer: each, at: new Date() });
      // oxlint-disable-next-line no-await-in-loop -- three
      expect((await verifyPdf(sealed)).outcome).toBe("VERIFIED");
    }
    const { privateKey: other } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    expect(() => keySigner(other, signer.certificate)).toThrow("does not belong");
  });
});
