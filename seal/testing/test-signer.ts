import { generateKeyPairSync } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { selfSignedCertificate } from "../certificate.ts";
import { keySigner } from "../signer.ts";
import type { SealSigner } from "../signer.ts";

/** A signer with a key of its own, made for the occasion. */
export function testSigner(name = "Test seal"): SealSigner & { readonly key: KeyObject } {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const from = new Date(Date.now() - 3_600_000);
  return {
    ...keySigner(privateKey, selfSignedCertificate(privateKey, { name, from, years: 5 })),
    key: privateKey,
  };
}
