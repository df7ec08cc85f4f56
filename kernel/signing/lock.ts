import type { FastifyRequest } from "fastify";
import { sql, type Compilable, type InferResult } from "kysely";
import { DatabaseError } from "pg";
import { stepUpOf, stepUpRequired } from "../identity/step-up.ts";
import type { ChangeEvent } from "../ledger/leaf.ts";
import type { Tx } from "../work/door.ts";
import { doorProblem } from "../work/error.ts";
import { query } from "../work/query.ts";
import { personCredential } from "./challenge.ts";
import type { Signing, Unlocking } from "./declare.ts";
import { signingProblem } from "./error.ts";
import { setLock } from "./sign.ts";
import { readRow } from "./subject.ts";

export type GivenReason = { readonly code: string | null; readonly text: string };
type Lockable = Pick<Signing, "record">;

/**
 * Keeps why a version was changed, beside its leaf, for good (SIG-06). The leaf of that version is staged before, in the
 * same transaction, and commits to the same reason.
 */
export async function giveReason(
  tx: Tx,
  place: { readonly record: string; readonly rowId: string; readonly version: number },
  reason: GivenReason,
): Promise<void> {
  const call = sql`select kernel.give_reason(${place.record}, ${place.rowId}, ${place.version}, ${reason.code}, ${reason.text})`;
  await tx.all({ compile: () => call.compile(query) });
}

/** One change and its leaf. A reason lies beside the leaf of its version, which is therefore staged before it. */
export async function changeWithReason<Q extends Compilable<unknown>>(
  tx: Tx,
  event: ChangeEvent,
  reason: GivenReason | undefined,
  change: Q,
): Promise<InferResult<Q>> {
  if (reason === undefined) return tx.change(event, change);
  await tx.record(event);
  await giveReason(tx, event, reason);
  return tx.all(change);
}

/** Locks a record without a signature (a verified result). Gives the locked version. */
export async function lockRecord(
  tx: Tx,
  signing: Lockable,
  rowId: string,
  version: number,
  fields: Readonly<Record<string, unknown>> = {},
): Promise<number> {
  const record = signing.record.name;
  const row = await readRow(tx, signing, rowId, true);
  if (row.version !== version) throw doorProblem.stale({ values: { current: row.version, given: version } });
  if (row.locked) throw doorProblem.locked();
  await tx.record({ action: `${record}.lock`, record, rowId, version: version + 1, fields });
  await setLock(tx, record, rowId, version, true);
  return version + 1;
}

/**
 * Takes a lock off, as a new version: signatures of the locked one stay and count for it alone. Needs the unlock permission
 * (the door's entry), a fresh proof for this very row (IDN-10) and a reason; the database lets no other way through.
 */
export async function unlockRecord(
  tx: Tx,
  request: FastifyRequest,
  signing: Pick<Signing, "record"> & { readonly unlock: Unlocking },
  rowId: string,
  version: number,
  reason: GivenReason,
  /** What the row is called, for the page that asks for the proof. */
  told?: string,
): Promise<number> {
  const record = signing.record.name;
  const credential = personCredential(tx.credential);
  if (reason.code !== null && !signing.unlock.reasons.some((each) => each.code === reason.code))
    throw signingProblem.meaning_unknown();
  const row = await readRow(tx, signing, rowId, true);
  if (!row.locked) throw signingProblem.not_locked();
  if (row.version !== version) throw doorProblem.stale({ values: { current: row.version, given: version } });
  const named = told === undefined ? {} : { told };
  const act = { action: "kernel.record.unlock", subject: `${record}:${rowId}`, ...named };
  const grant = stepUpOf(request);
  if (grant === null) throw stepUpRequired(act, tx.who.tenantId);
  const place = { record, rowId, version: version + 1 };
  await tx.record({ action: `${record}.unlock`, ...place, fields: { reason: reason.text, reasonCode: reason.code } });
  const permit = sql`select kernel.permit_unlock(${record}, ${rowId}, ${version + 1}, ${grant}, ${credential.token})`;
  try {
    await tx.all({ compile: () => permit.compile(query) });
  } catch (error) {
    if (error instanceof DatabaseError && error.message === "step_up_required")
      throw stepUpRequired(act, tx.who.tenantId);
    throw error;
  }
  await giveReason(tx, place, reason);
  await setLock(tx, record, rowId, version, false);
  return version + 1;
}
