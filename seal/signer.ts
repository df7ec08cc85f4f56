import { createPrivateKey, createPublicKey, sign, X509Certificate } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { P12Signer } from "@libpdf/core";

/** What seals: a certificate, the chain above it, and a key that signs with SHA-256. The key itself never leaves. */
export interface SealSigner {
  /** DER. */
  readonly certificate: Uint8Array;
  /** Issuers, nearest first, DER; empty for a self-signed certificate. */
  readonly chain: readonly Uint8Array[];
  readonly keyType: "RSA" | "EC";
  /** Signs bytes; an EC signature as the SEQUENCE of r and s that CMS holds. */
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

/** A certificate or its key cannot be used; the message is for the operator and shows nothing of the key. */
export class SealKeyError extends Error {
  override readonly name = "SealKeyError";
}

/** A signer from a key of node:crypto and its certificate with chain. */
export function keySigner(key: KeyObject, certificate: Uint8Array, chain: readonly Uint8Array[] = []): SealSigner {
  const type = key.asymmetricKeyType;
  if (type !== "rsa" && type !== "ec")
    throw new SealKeyError("The seal's key is neither RSA nor elliptic curve, and readers of PDF know no other.");
  const fits = new X509Certificate(certificate).publicKey.equals(createPublicKey(key));
  if (!fits) throw new SealKeyError("The seal's key does not belong to its certificate.");
  return {
    certificate,
    chain,
    keyType: type === "rsa" ? "RSA" : "EC",
    // With a callback it runs in the pool of threads: RSA takes milliseconds others need not wait for.
    sign: (bytes) =>
      new Promise((resolve, reject) => {
        sign("sha256", bytes, key, (error, signature) => (error === null ? resolve(signature) : reject(error)));
      }),
  };
}

/** A signer from PEM: one private key, and certificates with the signer's first. */
export function pemSigner(pem: string, passphrase?: string): SealSigner {
  const certificates = [...pem.matchAll(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)].map(
    ([text]) => new X509Certificate(text).raw,
  );
  const [certificate, ...chain] = certificates;
  if (certificate === undefined) throw new SealKeyError("The PEM file of the seal holds no certificate.");
  return keySigner(readKey(pem, passphrase), certificate, chain);
}

function readKey(pem: string, passphrase: string | undefined): KeyObject {
  const [key] = /-----BEGIN ([A-Z]+ )?PRIVATE KEY-----[\s\S]+?-----END ([A-Z]+ )?PRIVATE KEY-----/.exec(pem) ?? [];
  if (key === undefined) throw new SealKeyError("The PEM file of the seal holds no private key.");
  try {
    return createPrivateKey(passphrase === undefined ? key : { key, passphrase });
  } catch {
    // What OpenSSL says may hold a part of the file.
    throw new SealKeyError("The private key of the seal can't be opened: its passphrase is missing or another one.");
  }
}

/** A signer from a PKCS #12 file (.p12, .pfx). */
export async function p12Signer(file: Uint8Array, passphrase: string): Promise<SealSigner> {
  const opened = await P12Signer.create(file, passphrase).catch(() => {
    throw new SealKeyError(
      "The PKCS #12 file of the seal can't be opened: its passphrase is another one, or it is damaged.",
    );
  });
  return {
    certificate: opened.certificate,
    chain: opened.certificateChain ?? [],
    keyType: opened.keyType,
    sign: (bytes) => opened.sign(bytes, "SHA-256"),
  };
}
