import { createHash, randomBytes, randomUUIDv7 as uuidv7 } from "node:crypto";
import { sealedFields } from "../record/define-record.ts";
import type { Source, Who } from "../work/credential.ts";
import { canonicalText } from "./canonical.ts";

/** What happened, before it becomes a leaf. `fields` are committed to, salted: the leaf holds none of their content. */
export type LedgerEvent = {
  readonly action: string;
  readonly outcome?: "done" | "refused" | "failed";
  readonly record?: string;
  readonly rowId?: string;
  /** Set for a change of a governed row: the version the change makes. */
  readonly version?: number;
  /**
   * Of an app's record, a field that bears the name of one it declares says what this version holds there: an export compares
   * both, and one that says something else makes it TAMPERED.
   */
  readonly fields?: Readonly<Record<string, unknown>>;
};

export type Opening = { readonly salt: string; readonly value?: string };
export type Leaf = { readonly bytes: Buffer; readonly openings: Record<string, Opening> };

const emptyRoot = createHash("sha256").digest("hex");

/**
 * Makes a leaf: a flat RFC 8785 object of ASCII keys and string values, at most 1 KiB, whose bytes are what is hashed.
 * Actor is a pseudonym (the membership id). `root` is the RFC 6962 root over the salted commitments of the fields, in
 * the order of their names; the caller's address is one of them. Values lie in the openings, beside the log, where they can
 * be forgotten.
 */
export function makeLeaf(
  who: Pick<Who, "tenantId" | "actorId">,
  source: Source,
  event: LedgerEvent,
  at = new Date(),
): Leaf {
  // What a record keeps under seal is kept nowhere in clear: its opening is the salt alone (ENC-01).
  const sealed = sealedFields(event.record);
  const committed: [string, string, boolean][] = Object.entries(event.fields ?? {})
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, canonicalText(value), !sealed.has(name)]);
  if (source.address !== null) committed.push(["source", source.address, true]);
  committed.sort(([a], [b]) => (a < b ? -1 : 1));

  const random = randomBytes(16 * committed.length);
  const openings: Record<string, Opening> = {};
  const hashes = committed.map(([name, value, keep], index) => {
    const salt = random.subarray(index * 16, index * 16 + 16);
    openings[name] = keep ? { salt: salt.toString("base64url"), value } : { salt: salt.toString("base64url") };
    return commitment(salt, name, value);
  });

  const body: Record<string, string> = {
    v: "1",
    id: uuidv7(),
    at: at.toISOString(),
    tenant: who.tenantId,
    actor: who.actorId,
    action: event.action,
    outcome: event.outcome ?? "done",
    request: source.requestId,
    root: hashes.length === 0 ? emptyRoot : merkleRoot(hashes).toString("hex"),
  };
  if (event.record !== undefined) body["record"] = event.record;
  if (event.rowId !== undefined) body["row"] = event.rowId;
  if (event.version !== undefined) body["version"] = String(event.version);
  const text = canonicalText(body);
  const bytes = Buffer.from(text, "utf8");
  if (bytes.length > 1024) throw new Error(`A leaf of ${bytes.length} bytes is over 1024`);
  return { bytes, openings };
}

/** SHA-256(0x00 ‖ salt ‖ name ‖ 0x00 ‖ value): an RFC 6962 leaf hash whose input starts with 16 secret bytes. */
export function commitment(salt: Buffer, name: string, value: string): Buffer {
  return createHash("sha256").update("\0").update(salt).update(name).update("\0").update(value).digest();
}

/** RFC 6962 §2.1 over at least one leaf hash. */
export function merkleRoot(hashes: readonly Buffer[]): Buffer {
  const [first] = hashes;
  if (first === undefined) throw new Error("No root without a leaf");
  if (hashes.length === 1) return first;
  const split = 2 ** Math.floor(Math.log2(hashes.length - 1));
  return createHash("sha256")
    .update("\x01")
    .update(merkleRoot(hashes.slice(0, split)))
    .update(merkleRoot(hashes.slice(split)))
    .digest();
}
