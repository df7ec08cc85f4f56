import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { installed, outside, testAuthority, type TestAuthority } from "@probity/seal/testing";
import { stampBy, timestampClients } from "./timestamp.ts";

let authority: TestAuthority;
let folder: string;
beforeAll(async () => {
  authority = await testAuthority();
  folder = mkdtempSync(join(tmpdir(), "probity-stamp-"));
});
afterAll(async () => {
  await authority?.close();
  rmSync(folder, { recursive: true, force: true });
});

const note = "probity.example/logs/platform\n7\nvt5T6GaLCXvyHFl9VUvvItR43XZxfLgftEcTyO3eJCQ=\n";
const digest = createHash("sha256").update(note).digest();
const stamp = (trustedOrigins: readonly string[], urls = [authority.url]) =>
  stampBy(timestampClients({ timestampUrls: urls, trustedOrigins }));

test.skipIf(!installed("openssl", "version"))(
  "LED-03 a time-stamp over a checkpoint is verified by OpenSSL with the text alone",
  async () => {
    const made = await stamp([authority.origin])?.(digest);
    const certificate = Buffer.from(authority.certificate).toString("base64");
    const lines = certificate.match(/.{1,64}/g)?.join("\n") ?? "";
    const file = (name: string, content: string | Uint8Array) => {
      writeFileSync(join(folder, name), content);
      return join(folder, name);
    };
    const token = file("token.tst", made?.token ?? "");
    const ca = file("ca.pem", `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`);
    const verify = (text: string) =>
      outside("openssl", ["ts", "-verify", "-data", text, "-in", token, "-token_in", "-CAfile", ca, "-partial_chain"]);
    expect(verify(file("text", note)).said).toContain("Verification: OK");
    expect(verify(file("other", note.replace("7", "8"))).code).not.toBe(0);
  },
);

test("LED-03 an authority that stamps something else, refuses or lies inside gives no time-stamp, and the next is asked", async () => {
  for (const how of ["other digest", "other nonce", "refuses", "broken signature", "hangs up"] as const) {
    authority.behave(how);
    await expect(stamp([authority.origin])?.(digest)).rejects.toThrow(/./);
  }
  authority.behave("nothing");
  await expect(stamp([])?.(digest)).rejects.toThrow(/not reached/);
  const second = await stamp([authority.origin], ["http://127.0.0.1:1/", authority.url])?.(digest);
  expect(second?.url).toBe(authority.url);
  expect(stampBy([])).toBeUndefined();
});
