import { createHash } from "node:crypto";
import type { Kernel } from "../kernel.ts";
import { canonicalText } from "../ledger/canonical.ts";
import type { Tx } from "../work/door.ts";
import { doorProblem } from "../work/error.ts";
import { queryFor } from "../work/query.ts";
import type { Signing, SigningSubject } from "./declare.ts";

/** Tables known by name only: the judge has compared their columns with the declaration. */
type NamedTables = Record<string, Record<string, unknown>>;
export const anyTable = queryFor<NamedTables>();

/** A record as it is to be signed: where it stands, and the bytes a signature stands for. */
export type Snapshot = SigningSubject & {
  readonly rowId: string;
  /** Of the row as it stands. */
  readonly version: number;
  readonly locked: boolean;
  /** The version a signature is about: the first one locks the record, and its version is the locked one. */
  readonly signedVersion: number;
  /** RFC 8785 text of {kind, record, row, v, version, content}. */
  readonly text: string;
  /** SHA-256 of it, hexadecimal. */
  readonly hash: string;
};

/**
 * Reads what is signed. With `hold` the row is held until the transaction ends: two signers, a signer and an unlocking,
 * and a signer and a change beneath the record wait for one another.
 */
export async function readSnapshot(
  kernel: Kernel,
  tx: Tx,
  signing: Signing,
  rowId: string,
  hold: boolean,
): Promise<Snapshot> {
  const standing = await readRow(tx, signing, rowId, hold);
  const subject = await signing.subject(kernel, tx, rowId);
  const signedVersion = standing.locked ? standing.version : standing.version + 1;
  const text = snapshotText(signing.record.name, rowId, signedVersion, subject.content);
  return { ...subject, ...standing, rowId, signedVersion, text, hash: hashOf(text) };
}

/** Where the row stands; 404 where there is none for the caller. */
export async function readRow(
  tx: Tx,
  signing: Pick<Signing, "record">,
  rowId: string,
  hold: boolean,
): Promise<{ version: number; locked: boolean }> {
  const wanted = anyTable
    .selectFrom(signing.record.name)
    .select(["version", "locked_at"])
    .where("id", "=", rowId)
    .where("deleted_at", "is", null);
  const row = await tx.first(hold ? wanted.forUpdate() : wanted);
  if (row === undefined) throw doorProblem.not_found();
  return { version: Number(row["version"]), locked: row["locked_at"] !== null };
}

/** The bytes a record version is signed as. */
export function snapshotText(record: string, rowId: string, version: number, content: unknown): string {
  return canonicalText({ kind: "probity.record", v: "1", record, row: rowId, version, content });
}

export function hashOf(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}
