import { hash, randomUUIDv7 as uuidv7 } from "node:crypto";
import { sealedFields } from "../record/define-record.ts";
import type { Source, Who } from "../work/credential.ts";
import { canonicalText } from "./canonical.ts";
import { foldRoot, hashLength, putHash } from "./merkle.ts";
import { momentText } from "./moment.ts";
import { saltLength, withSalts } from "./salt.ts";

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

const emptyRoot = hash("sha256", "");

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
  const { root, openings } = committedTo(source, event);
  const { record, rowId, version } = event;
  // RFC 8785: the names in the order of their letters. What is made here of letters, digits and dashes needs no escape.
  const text =
    `{"action":${canonicalText(event.action)},"actor":${canonicalText(who.actorId)},"at":"${momentText(at.getTime())}","id":"${uuidv7()}"` +
    `,"outcome":"${event.outcome ?? "done"}"${record === undefined ? "" : `,"record":${canonicalText(record)}`}` +
    `,"request":${canonicalText(source.requestId)},"root":"${root}"${rowId === undefined ? "" : `,"row":${canonicalText(rowId)}`}` +
    `,"tenant":${canonicalText(who.tenantId)},"v":"1"${version === undefined ? "" : `,"version":"${version}"`}}`;
  const bytes = Buffer.from(text, "utf8");
  if (bytes.length > 1024) throw new Error(`A leaf of ${bytes.length} bytes is over 1024`);
  return { bytes, openings };
}

/** The change of one row. */
export type ChangeEvent = LedgerEvent & {
  readonly record: string;
  readonly rowId: string;
  readonly version: number;
  readonly outcome?: "done";
};

const between = "\u001f";

/**
 * What the database is told of a change, for the guard of the changed row to make the leaf of (`kernel.guard`): it takes row, version,
 * tenant, actor and time from the row itself and refuses a change that isn't the one told of. Parts joined by U+001F, in which
 * none holds one.
 */
export function toldLeaf(who: Pick<Who, "tenantId" | "actorId">, source: Source, event: ChangeEvent): string {
  const { root, openings } = committedTo(source, event);
  const parts = [
    event.record,
    event.rowId,
    String(event.version),
    who.tenantId,
    who.actorId,
    event.action,
    uuidv7(),
    source.requestId,
    root,
    JSON.stringify(openings),
  ];
  if (parts.some((part) => part.includes(between))) throw new Error("A leaf's part holds the mark between them");
  return parts.join(between);
}

function committedTo(source: Source, event: LedgerEvent): { root: string; openings: Record<string, Opening> } {
  // What a record keeps under seal is kept nowhere in clear: its opening is the salt alone (ENC-01).
  const sealed = sealedFields(event.record);
  const committed: [string, string, boolean][] = Object.entries(event.fields ?? {})
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, canonicalText(value), !sealed.has(name)]);
  if (source.address !== null) committed.push(["source", source.address, true]);
  committed.sort(([a], [b]) => (a < b ? -1 : 1));

  const openings: Record<string, Opening> = {};
  return { root: committed.length === 0 ? emptyRoot : rootOver(committed, openings), openings };
}

/** The root over the commitments of name, value and whether the value is kept, each with a salt of its own; fills the openings. */
function rootOver(
  committed: readonly (readonly [string, string, boolean])[],
  openings: Record<string, Opening>,
): string {
  const hashes = Buffer.allocUnsafe(committed.length * hashLength);
  withSalts(committed.length, (salts) => {
    for (const [index, [name, value, keep]] of committed.entries()) {
      const own = salts.subarray(index * saltLength, (index + 1) * saltLength);
      const salt = own.toString("base64url");
      openings[name] = keep ? { salt, value } : { salt };
      withInput(own, name, value, (input) => putHash(input, hashes, index));
    }
  });
  foldRoot(hashes, committed.length);
  return hashes.toString("hex", 0, hashLength);
}

/** SHA-256(0x00 ‖ salt ‖ name ‖ 0x00 ‖ value): an RFC 6962 leaf hash whose input starts with 16 secret bytes. */
export function commitment(salt: Buffer, name: string, value: string): Buffer {
  return withInput(salt, name, value, (input) => hash("sha256", input, "buffer"));
}

/** What is hashed for most fields fits here; it is wiped each time. */
const room = Buffer.alloc(2048);

function withInput<T>(salt: Buffer, name: string, value: string, use: (input: Buffer) => T): T {
  // UTF-8 takes three bytes at most for each UTF-16 unit.
  const most = 2 + salt.length + 3 * (name.length + value.length);
  const place = most <= room.length ? room : Buffer.allocUnsafe(most);
  place[0] = 0;
  place.set(salt, 1);
  let end = 1 + salt.length;
  end += place.write(name, end);
  place[end] = 0;
  end += 1;
  end += place.write(value, end);
  const input = place.subarray(0, end);
  try {
    return use(input);
  } finally {
    input.fill(0);
  }
}
