import { createPrivateKey, generateKeyPair, type KeyObject } from "node:crypto";
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { dirname, extname, join } from "node:path";
import { promisify } from "node:util";
import { Type } from "typebox";
import { defineRoute, openValue, sealValue, type RootKey, type Route } from "@probity/kernel";
import {
  keySigner,
  openSealer,
  p12Signer,
  pemSigner,
  SealKeyError,
  selfSignedCertificate,
  specimenOf,
  type Sealer,
  type SealSigner,
} from "@probity/seal";
import { ConfigError, type Config } from "./config.ts";
import { outsideFetch, timestampClients } from "./timestamp.ts";

/** What seals documents: a certificate of the operator's, or the instance's own. */
export interface SealConfig {
  /** Path of a PKCS #12 or PEM file with key and certificate; undefined for the instance's own, self-signed one. */
  readonly certificateFile: string | undefined;
  readonly passphrase: string | undefined;
}

const place = ["instance", "seal-key", "rsa-3072"];
const years = 10;

/** Opens the instance's seal: the configured certificate, or a key of its own that is made at the first start. */
export async function openInstanceSealer(
  config: Pick<Config, "home" | "url" | "seal" | "timestampUrls" | "trustedOrigins">,
  rootKey: RootKey,
): Promise<Sealer> {
  const host = new URL(config.url).host;
  const signer = await signerOf(config, rootKey, host).catch((error: unknown) => {
    if (!(error instanceof SealKeyError)) throw error;
    const todo =
      config.seal.certificateFile === undefined
        ? "Put the right file back from your safe copy, or move it away: a new seal is then made, with another fingerprint."
        : "Correct PROBITY_SEAL_CERT or PROBITY_SEAL_PASSPHRASE, then start again.";
    throw new ConfigError(`${error.message} Nothing was started. ${todo}`);
  });
  return openSealer({
    signer,
    name: `Probity at ${host}`,
    verifyUrl: `${config.url}/verify`,
    authorities: timestampClients(config),
    fetch: outsideFetch(config),
  });
}

async function signerOf(
  { home, seal }: Pick<Config, "home" | "seal">,
  rootKey: RootKey,
  host: string,
): Promise<SealSigner> {
  const { certificateFile, passphrase } = seal;
  if (certificateFile === undefined) return ownSigner(join(home, "keys", "seal.key"), rootKey, host);
  if (!existsSync(certificateFile)) throw new SealKeyError(`There is no file ${certificateFile}.`);
  const file = readFileSync(certificateFile);
  return /^\.(p12|pfx)$/i.test(extname(certificateFile))
    ? p12Signer(file, passphrase ?? "")
    : pemSigner(file.toString("utf8"), passphrase);
}

/**
 * The instance's own key with its self-signed certificate, sealed under the root key.
 * @throws when others may read the file, or the root key does not open it: a new key in its place would look like a takeover.
 */
async function ownSigner(path: string, rootKey: RootKey, host: string): Promise<SealSigner> {
  if (!existsSync(path)) {
    const { privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength: 3072 });
    // An hour back: the clock of who checks may be behind ours.
    const from = new Date(Date.now() - 3_600_000);
    const certificate = selfSignedCertificate(privateKey, { name: `Probity seal of ${host}`, from, years });
    storeOnce(path, sealValue(rootKey.key, packed(privateKey, certificate), place));
  }
  const mode = statSync(path).mode & 0o777;
  if (process.platform !== "win32" && (mode & 0o077) !== 0) {
    throw new SealKeyError(
      `${path} can be read by others (mode ${mode.toString(8)}). Run chmod 600 on it, and think about who read it.`,
    );
  }
  const { key, certificate } = unpacked(openSealed(path, rootKey));
  return keySigner(key, certificate);
}

function openSealed(path: string, rootKey: RootKey): Buffer {
  try {
    return openValue(rootKey.key, Buffer.from(readFileSync(path, "utf8").trim(), "base64url"), place);
  } catch {
    throw new SealKeyError(`${path} does not open with this root key.`);
  }
}

function packed(key: KeyObject, certificate: Uint8Array): Buffer {
  const pkcs8 = key.export({ format: "der", type: "pkcs8" });
  const length = Buffer.alloc(4);
  length.writeUInt32BE(pkcs8.length);
  return Buffer.concat([length, pkcs8, certificate]);
}

function unpacked(bytes: Buffer): { key: KeyObject; certificate: Buffer } {
  const end = 4 + bytes.readUInt32BE(0);
  const key = createPrivateKey({ key: bytes.subarray(4, end), format: "der", type: "pkcs8" });
  return { key, certificate: bytes.subarray(end) };
}

/** Of two servers that start at once the first one's key stays. */
function storeOnce(path: string, sealed: Buffer): void {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  const temporary = `${path}.${process.pid}`;
  const file = openSync(temporary, "w", 0o600);
  writeSync(file, `${sealed.toString("base64url")}\n`);
  fsyncSync(file);
  closeSync(file);
  try {
    linkSync(temporary, path);
  } catch (error) {
    if (!existsSync(path)) throw error;
  }
  unlinkSync(temporary);
}

/** What anybody may know of the seal: whoever checks a PDF compares its certificate with this one. */
export function sealRoutes(sealer: Sealer): Route[] {
  const specimen = specimenOf(sealer);
  return [
    defineRoute({
      method: "GET",
      path: "/api/seal/specimen",
      summary: "A sealed PDF that says how it is sealed, to try a reader on",
      tag: "instance",
      permission: "public",
      answers: { 200: "application/pdf" },
      handle: async () => ({
        body: Buffer.from(await specimen()),
        type: "application/pdf",
        headers: { "content-disposition": 'attachment; filename="seal-specimen.pdf"' },
      }),
    }),
    defineRoute({
      method: "GET",
      path: "/.well-known/probity-seal.pem",
      summary: "The certificate this instance seals documents with, and its chain",
      tag: "instance",
      permission: "public",
      answers: { 200: "text/plain" },
      handle: async () => ({ body: sealer.pem, type: "text/plain; charset=utf-8" }),
    }),
    defineRoute({
      method: "GET",
      path: "/api/seal",
      summary: "The seal's certificate, and what time-stamping authorities last answered",
      tag: "instance",
      permission: "public",
      answers: {
        200: Type.Object({
          subject: Type.String(),
          issuer: Type.String(),
          selfSigned: Type.Boolean(),
          fingerprint: Type.String(),
          notBefore: Type.String(),
          notAfter: Type.String(),
          authorities: Type.Array(Type.Unknown()),
        }),
      },
      handle: async () => ({ body: sealer.status() }),
    }),
  ];
}
