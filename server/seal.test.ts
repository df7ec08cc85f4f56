import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSecretKey, X509Certificate } from "node:crypto";
import { afterAll, expect, test } from "vitest";
import { testRootKey } from "@probity/kernel/testing";
import { testSigner } from "@probity/seal/testing";
import { openInstanceSealer } from "./seal.ts";

const home = mkdtempSync(join(tmpdir(), "probity-seal-key-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const none = { certificateFile: undefined, passphrase: undefined };
const config = { home, url: "https://qa.example.com", timestampUrls: [], trustedOrigins: [] };

test("SIG-03 the seal's own key is made once, lies sealed under the root key, and opens with no other", async () => {
  const first = await openInstanceSealer({ ...config, seal: none }, testRootKey);
  const again = await openInstanceSealer({ ...config, seal: none }, testRootKey);
  expect(again.pem).toBe(first.pem);
  expect(first.status()).toMatchObject({ selfSigned: true, subject: "CN=Probity seal of qa.example.com" });
  const path = join(home, "keys", "seal.key");
  const stored = Buffer.from(readFileSync(path, "utf8"), "base64url");
  expect(stored.includes(new X509Certificate(first.pem).publicKey.export({ type: "spki", format: "der" }))).toBe(false);
  const other = { id: "other", key: createSecretKey(Buffer.alloc(32, 7)) };
  await expect(openInstanceSealer({ ...config, seal: none }, other)).rejects.toThrow(
    "does not open with this root key",
  );
  if (process.platform === "win32") return;
  chmodSync(path, 0o644);
  await expect(openInstanceSealer({ ...config, seal: none }, testRootKey)).rejects.toThrow("can be read by others");
  chmodSync(path, 0o600);
});

test("SIG-03 a configured certificate is used, and one that can't be is named without showing its key", async () => {
  const signer = testSigner("A company");
  const key = String(signer.key.export({ format: "pem", type: "pkcs8" }));
  const encrypted = String(
    signer.key.export({ format: "pem", type: "pkcs8", cipher: "aes-256-cbc", passphrase: "open sesame" }),
  );
  const certificate = new X509Certificate(signer.certificate).toString();
  const stranger = new X509Certificate(testSigner("A stranger").certificate).toString();
  const open = (text: string, passphrase?: string) => {
    const certificateFile = join(home, "seal.pem");
    writeFileSync(certificateFile, text);
    return openInstanceSealer({ ...config, seal: { certificateFile, passphrase } }, testRootKey);
  };
  expect((await open(`${key}${certificate}`)).status().subject).toBe("CN=A company");
  expect((await open(`${certificate}${encrypted}`, "open sesame")).status().subject).toBe("CN=A company");
  for (const [text, passphrase] of [
    [`${key}${stranger}`, undefined],
    [`${certificate}${encrypted}`, "wrong"],
    [key, undefined],
    [certificate, undefined],
  ] as const) {
    // oxlint-disable-next-line no-await-in-loop -- one file after the other
    const error = await open(text, passphrase).then(
      () => "accepted",
      (reason: unknown) => String(reason),
    );
    expect(error).toContain("PROBITY_SEAL_CERT");
    expect(error).not.toMatch(/PRIVATE|sesame|wrong|[A-Za-z0-9+/]{40}/);
  }
});
