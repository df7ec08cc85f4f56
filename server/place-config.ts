// Where files go, and who holds the keys: what one word of the configuration may name.
import { resolve } from "node:path";
import type { SignerPlace } from "@probity/kernel";

/** A local folder (absolute), or a bucket of an S3-compatible store; its credentials come from the AWS_* variables. */
export type StorageConfig =
  | { readonly kind: "folder"; readonly folder: string }
  | {
      readonly kind: "s3";
      readonly bucket: string;
      /** Key prefix, without slashes around it; may be empty. */
      readonly prefix: string;
      /** Address of a store that is not Amazon's. */
      readonly endpoint: string | undefined;
      readonly region: string | undefined;
    };

/** A key file (absolute path), a key of AWS KMS, or a key of HashiCorp Vault Transit. */
export type KmsConfig =
  | { readonly kind: "file"; readonly file: string }
  | { readonly kind: "aws"; readonly keyArn: string }
  | {
      readonly kind: "vault";
      readonly address: string;
      readonly mount: string;
      readonly key: string;
    };

/** What storage may be, for the message about one that is not. */
export const storageAllowed =
  "the path of a folder, or s3://bucket/prefix?region=…&endpoint=https://… (credentials come from AWS_ACCESS_KEY_ID and its like)";
export const kmsAllowed =
  "the path of a key file, the ARN of an AWS KMS key, or https://vault-host/v1/transit/keys/NAME (its token comes from VAULT_TOKEN)";
export const signerAllowed = "unix:/path/of/a/socket that npx probity ledger signer listens on";

/** Undefined for what names no storage. */
export function storageOf(text: string): StorageConfig | undefined {
  const url = urlOf(text);
  if (url === undefined || url.host === "") {
    return text.includes("\0") || text.startsWith("s3:") ? undefined : { kind: "folder", folder: resolve(text) };
  }
  const known = [...url.searchParams.keys()].every((key) => key === "region" || key === "endpoint");
  const endpoint = url.searchParams.get("endpoint") ?? undefined;
  const endpointFits = endpoint === undefined || /^https?:$/.test(urlOf(endpoint)?.protocol ?? "");
  if (url.protocol !== "s3:" || url.username !== "" || url.password !== "" || !known || !endpointFits) {
    return undefined;
  }
  return {
    kind: "s3",
    bucket: url.hostname,
    prefix: url.pathname.replace(/^\/+|\/+$/g, ""),
    endpoint,
    region: url.searchParams.get("region") ?? undefined,
  };
}

/** Undefined for what names no holder of the root key. */
export function kmsOf(text: string): KmsConfig | undefined {
  if (text.startsWith("arn:")) {
    return /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:(key|alias)\/.+$/.test(text)
      ? { kind: "aws", keyArn: text }
      : undefined;
  }
  const url = urlOf(text);
  if (url === undefined || url.host === "") {
    return text.includes("\0") ? undefined : { kind: "file", file: resolve(text) };
  }
  const [, mount, key] = /^\/v1\/(.+)\/keys\/([^/]+)$/.exec(url.pathname) ?? [];
  const loopback = ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname);
  const secure = url.protocol === "https:" || (url.protocol === "http:" && loopback);
  if (mount === undefined || key === undefined || !secure || url.username !== "" || url.search !== "") {
    return undefined;
  }
  return { kind: "vault", address: url.origin, mount, key };
}

/** Undefined for what names no signer. */
export function signerOf(text: string): SignerPlace | undefined {
  const path = /^unix:(\/.+)$/.exec(text)?.[1];
  return path === undefined || text.includes("\0") ? undefined : { kind: "socket", path };
}

function urlOf(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}
