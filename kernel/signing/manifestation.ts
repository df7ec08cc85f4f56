import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import type { Kernel } from "../kernel.ts";
import { canonicalText } from "../ledger/canonical.ts";
import { commitment } from "../ledger/leaf.ts";
import { merkleRoot } from "../ledger/merkle.ts";
import { readSealed } from "../vault/sealed-field.ts";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";
import { leafFields, type Manifest } from "./sign.ts";
import { signaturesOf, type Signature } from "./standing.ts";
import { hashOf } from "./subject.ts";

/** A signature as it is shown and printed (11.50): name, date and time with zone, meaning; and what binds it to its record. */
export type Manifestation = {
  readonly id: string;
  readonly printedName: string;
  readonly role: string;
  readonly meaning: string;
  /** ISO 8601 in UTC. */
  readonly signedAt: string;
  readonly zone: string;
  readonly reasonCode: string | null;
  readonly reason: string | null;
  readonly version: number;
  readonly recordHash: string;
  readonly manifestHash: string;
};

/** The signatures of one version of a record as they are printed, oldest first. */
export async function manifestationOf(
  tx: Tx,
  record: string,
  rowId: string,
  version: number,
): Promise<Manifestation[]> {
  const all = await signaturesOf(tx, record, rowId);
  return all.filter((each) => each.version === version).map(manifestationOfSignature);
}

export function manifestationOfSignature(each: Signature): Manifestation {
  return {
    id: each.id,
    printedName: each.printedName,
    role: each.role,
    meaning: each.meaning,
    signedAt: each.signedAt.toISOString(),
    zone: each.zone,
    reasonCode: each.reasonCode,
    reason: each.reason,
    version: each.version,
    recordHash: each.recordHash,
    manifestHash: each.manifestHash,
  };
}

/** What a look at a signature found. Anything but `true` and `waiting` means that somebody changed what was signed. */
export type SignatureCheck = {
  /** The row says what its signed bytes say. */
  readonly manifest: boolean;
  /** The kept bytes of the record hash to what was signed. */
  readonly record: boolean;
  /** The leaf in the log commits to this signature; `waiting` until the leaf has its place. */
  readonly leaf: boolean | "waiting";
};

/** Checks a signature against its own bytes, the bytes it stands for, and its leaf in the log. */
export async function checkSignature(kernel: Kernel, tx: Tx, signature: Signature): Promise<SignatureCheck> {
  const manifest = manifestIn(signature.manifest);
  const text = await signedText(kernel, tx, signature.id);
  return {
    manifest: manifest !== undefined && saysTheSame(signature, manifest),
    record: text !== undefined && hashOf(text) === signature.recordHash && speaksOf(text, signature),
    leaf: manifest === undefined ? false : await leafCommits(tx, signature, manifest),
  };
}

/** The very bytes that were signed; undefined where they are gone. */
export async function signedText(kernel: Kernel, tx: Tx, signatureId: string): Promise<string | undefined> {
  const sealed = (await readSealed(tx, kernel.keyring, "kernel.signature", [signatureId])).get(signatureId);
  const text = sealed?.["snapshot"];
  return typeof text === "string" ? gunzipSync(Buffer.from(text, "base64")).toString("utf8") : undefined;
}

function saysTheSame(signature: Signature, manifest: Manifest): boolean {
  return (
    hashOf(signature.manifest) === signature.manifestHash &&
    canonicalText(manifest) === signature.manifest &&
    manifest.id === signature.id &&
    manifest.version === signature.version &&
    manifest.recordHash === signature.recordHash &&
    manifest.signer === signature.membershipId &&
    manifest.person === signature.userId &&
    manifest.printedName === signature.printedName &&
    manifest.meaning === signature.meaning &&
    manifest.step === signature.step &&
    manifest.signedAt === signature.signedAt.toISOString()
  );
}

/** The kept bytes name the record and version themselves: those of another one hash as well, and are refused. */
function speaksOf(text: string, signature: Signature): boolean {
  const manifest = manifestIn(signature.manifest);
  const said: unknown = JSON.parse(text);
  if (typeof said !== "object" || said === null) return false;
  return (
    Reflect.get(said, "record") === manifest?.record &&
    Reflect.get(said, "row") === manifest?.row &&
    Reflect.get(said, "version") === signature.version
  );
}

async function leafCommits(tx: Tx, signature: Signature, manifest: Manifest): Promise<boolean | "waiting"> {
  const found = await tx.first(
    query
      .selectFrom("kernel.ledger_event as e")
      .leftJoin("kernel.ledger_opening as o", (join) =>
        join.onRef("o.tenant_id", "=", "e.tenant_id").onRef("o.leaf_id", "=", "e.leaf_id"),
      )
      .select(["e.leaf", "o.openings"])
      .where("e.row_id", "=", signature.id)
      .where("e.action", "=", "kernel.signature.made"),
  );
  if (found === undefined) return "waiting";
  const leaf: unknown = JSON.parse(found.leaf.toString("utf8"));
  const root: unknown = typeof leaf === "object" && leaf !== null ? Reflect.get(leaf, "root") : undefined;
  const fields = leafFields(manifest, hashOf(signature.manifest));
  const openings = openingsIn(found.openings);
  const hashes = [...openings.keys()].toSorted().map((name) => {
    const opening = openings.get(name);
    // What the signature says itself, never what is kept beside the leaf: the leaf is to confirm it.
    const value = fields[name] === undefined ? opening?.value : canonicalText(fields[name]);
    return opening === undefined || value === undefined
      ? undefined
      : commitment(Buffer.from(opening.salt, "base64url"), name, value);
  });
  const whole = hashes.flatMap((hash) => (hash === undefined ? [] : [hash]));
  const named = Object.entries(fields).filter(([, value]) => value !== undefined);
  if (whole.length !== hashes.length || whole.length === 0 || !named.every(([name]) => openings.has(name)))
    return false;
  return merkleRoot(whole).toString("hex") === root;
}

function openingsIn(value: unknown): Map<string, { salt: string; value?: string }> {
  const found = new Map<string, { salt: string; value?: string }>();
  if (typeof value !== "object" || value === null) return found;
  for (const [name, opening] of Object.entries(value)) {
    const salt: unknown = typeof opening === "object" && opening !== null ? Reflect.get(opening, "salt") : undefined;
    const kept: unknown = typeof opening === "object" && opening !== null ? Reflect.get(opening, "value") : undefined;
    if (typeof salt === "string") found.set(name, { salt, ...(typeof kept === "string" ? { value: kept } : {}) });
  }
  return found;
}

/** The manifest in its bytes; undefined where they hold none. */
export function manifestIn(text: string): Manifest | undefined {
  const parsed: unknown = JSON.parse(text);
  return isManifest(parsed) ? parsed : undefined;
}
function isManifest(value: unknown): value is Manifest {
  return (
    typeof value === "object" &&
    value !== null &&
    ["id", "record", "row", "recordHash", "signer", "person", "printedName", "meaning", "step", "signedAt"].every(
      (name) => typeof Reflect.get(value, name) === "string",
    ) &&
    typeof Reflect.get(value, "auth") === "object"
  );
}

/** SHA-256 of what a person takes as binding, for its leaf. */
export function acknowledgementHash(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}
