import type { Identity } from "../identity/identity.ts";
import { memberNames } from "../tenancy/lookup.ts";
import type { Tx } from "../work/door.ts";
import { Problem } from "../work/problem.ts";
import { query } from "../work/query.ts";
import type { Signing } from "./declare.ts";
import { checkSignature, manifestationOfSignature } from "./manifestation.ts";
import { proofPlaces } from "./place.ts";
import {
  inForce,
  ownPermissions,
  refusalOf,
  signaturesOf,
  signerProblem,
  signerStanding,
  stateOf,
} from "./standing.ts";
import { readRow, readSnapshot, type Snapshot } from "./subject.ts";

/** How a record stands with its signatures: what is signed, what is next, what this person may do and why not. */
export async function signingView({ kernel }: Pick<Identity, "kernel">, tx: Tx, signing: Signing, rowId: string) {
  const record = signing.record.name;
  const snapshot = await readSnapshot(kernel, tx, signing, rowId, false).catch((error: unknown) => {
    // What is not ready to be signed says why; it can still be looked at.
    if (error instanceof Problem && error.status !== 404) return error;
    throw error;
  });
  const row = snapshot instanceof Problem ? await readRow(tx, signing, rowId, false) : snapshot;
  const all = await signaturesOf(tx, record, rowId);
  const standing = inForce(all, row);
  const held = await ownPermissions(tx);
  const signer = await signerStanding(tx);
  const notSigner = signerProblem(signer.status);
  const person = { membershipId: tx.who.actorId, userId: tx.who.userId };
  const places = await proofPlaces(
    tx,
    standing.map((each) => each.id),
  );
  const shown = async (each: (typeof all)[number]) => ({
    ...manifestationOfSignature(each),
    check: await checkSignature(kernel, tx, each),
    /** Where its proof is: the leaf's index, and whether it verifies without this server yet. */
    place: places.get(each.id) ?? null,
  });
  const steps = [];
  for (const step of signing.steps) {
    const own = standing.filter((each) => each.step === step.id);
    const open = refusalOf(signing, step, standing, nobodys(snapshot), { membershipId: "", userId: "" }) === undefined;
    const refusal =
      snapshot instanceof Problem
        ? snapshot
        : held.has(step.permission)
          ? (refusalOf(signing, step, standing, snapshot, person) ?? notSigner)
          : undefined;
    steps.push({
      id: step.id,
      title: step.title,
      state: step.state,
      meanings: step.meanings,
      reasons: step.reasons ?? [],
      reason: step.reason,
      signersNeeded: step.signers,
      independent: step.independent,
      signatures: await Promise.all(own.map(shown)),
      open,
      mayISign: open && held.has(step.permission) && refusal === undefined,
      refusal:
        refusal === undefined ? (held.has(step.permission) ? null : "This is not part of your role.") : refusal.detail,
      refusalCode: refusal?.code ?? (held.has(step.permission) ? null : "kernel.permission_missing"),
    });
  }
  const current = snapshot instanceof Problem ? null : snapshot;
  return {
    record,
    id: rowId,
    title: current?.title ?? signing.record.title,
    version: row.version,
    locked: row.locked,
    state: stateOf(signing, standing),
    signedVersion: current?.signedVersion ?? null,
    recordHash: current?.hash ?? null,
    facts: current?.facts ?? [],
    /** Whether what stands now is what was signed; null while nothing is. */
    unchanged:
      current === null || standing.length === 0 ? null : standing.every((each) => each.recordHash === current.hash),
    steps,
    /** Looked at closely when one is opened: there may be many. */
    earlier: all.filter((each) => !standing.includes(each)).map(manifestationOfSignature),
    unlocks: await unlocksOf(tx, record, rowId),
    /** Null where what was signed stays locked for good. */
    unlock:
      signing.unlock === null
        ? null
        : { may: row.locked && held.has(signing.unlock.permission), reasons: signing.unlock.reasons },
    me: { status: signer.status, printedName: signer.printedName },
  };
}

function nobodys(snapshot: Snapshot | Problem): { title: string; authors: readonly string[] } {
  return snapshot instanceof Problem ? { title: "", authors: [] } : snapshot;
}

/** Each unlocking: who, when, why. */
async function unlocksOf(tx: Tx, record: string, rowId: string) {
  const rows = await tx.all(
    query
      .selectFrom("kernel.change_reason as r")
      .innerJoin("kernel.version_history as h", (join) =>
        join
          .onRef("h.tenant_id", "=", "r.tenant_id")
          .onRef("h.row_id", "=", "r.row_id")
          .onRef("h.version", "=", "r.version"),
      )
      .innerJoin("kernel.version_history as b", (join) =>
        join
          .onRef("b.tenant_id", "=", "h.tenant_id")
          .onRef("b.row_id", "=", "h.row_id")
          .on((where) => where("b.version", "=", where("h.version", "-", 1))),
      )
      .select(["h.version", "h.at", "h.actor_id", "r.reason_code", "r.reason", "h.body", "b.body as before"])
      .where("r.record", "=", record)
      .where("r.row_id", "=", rowId)
      .orderBy("h.version"),
  );
  const names = await memberNames(tx);
  return rows
    .filter((row) => isLocked(row.before) && !isLocked(row.body))
    .map((row) => ({
      version: row.version,
      at: row.at,
      by: names.get(row.actor_id) ?? null,
      reasonCode: row.reason_code,
      reason: row.reason,
    }));
}

function isLocked(body: unknown): boolean {
  return typeof body === "object" && body !== null && typeof Reflect.get(body, "locked_at") === "string";
}
