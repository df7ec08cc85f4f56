import { sql } from "kysely";
import type { Tx } from "../work/door.ts";
import type { Problem } from "../work/problem.ts";
import { query } from "../work/query.ts";
import type { Signing, SigningStep } from "./declare.ts";
import { signingProblem } from "./error.ts";
import type { Snapshot } from "./subject.ts";

/** A signature as it was made. Every word of it is its own: nothing is looked up later (11.50(a)). */
export type Signature = {
  readonly id: string;
  readonly version: number;
  readonly recordHash: string;
  readonly membershipId: string;
  readonly userId: string;
  readonly printedName: string;
  readonly role: string;
  readonly step: string;
  readonly meaning: string;
  readonly reasonCode: string | null;
  readonly reason: string | null;
  readonly signedAt: Date;
  readonly zone: string;
  readonly auth: unknown;
  readonly manifest: string;
  readonly manifestHash: string;
};

/** Every signature of a record, oldest first. */
export async function signaturesOf(tx: Tx, record: string, rowId: string): Promise<Signature[]> {
  const rows = await tx.all(
    query
      .selectFrom("kernel.signature")
      .selectAll()
      .where("record", "=", record)
      .where("row_id", "=", rowId)
      .where("deleted_at", "is", null)
      .orderBy("signed_at")
      .orderBy("id"),
  );
  return rows.map((row) => ({
    id: row.id,
    version: row.signed_version,
    recordHash: row.record_hash,
    membershipId: row.membership_id,
    userId: row.user_id,
    printedName: row.printed_name,
    role: row.role,
    step: row.step,
    meaning: row.meaning,
    reasonCode: row.reason_code,
    reason: row.reason,
    signedAt: row.signed_at,
    zone: row.zone,
    auth: row.auth,
    manifest: row.manifest,
    manifestHash: row.manifest_hash,
  }));
}

/** A signature counts for the version it is about and for no later one, and while that version is locked (11.70). */
export function inForce(signatures: readonly Signature[], row: { version: number; locked: boolean }): Signature[] {
  return row.locked ? signatures.filter((each) => each.version === row.version) : [];
}

/** What the record is by the signatures in force: "draft", or the state of the last complete step. */
export function stateOf(signing: Signing, standing: readonly Signature[]): string {
  let state = "draft";
  for (const step of signing.steps) {
    if (standing.filter((each) => each.step === step.id).length < step.signers) break;
    state = step.state;
  }
  return state;
}

/** Why this person may not give this signature now; undefined where they may. Permission is the door's. */
export function refusalOf(
  signing: Signing,
  step: SigningStep,
  standing: readonly Signature[],
  snapshot: Pick<Snapshot, "title" | "authors">,
  person: { membershipId: string; userId: string | null },
): Problem | undefined {
  for (const before of signing.steps) {
    const count = standing.filter((each) => each.step === before.id).length;
    if (before.id === step.id) {
      if (count >= step.signers) return signingProblem.step_done({ values: { step: step.title } });
      break;
    }
    if (count < before.signers)
      return signingProblem.out_of_order({ values: { step: step.title, before: before.title.toLowerCase() } });
  }
  // By the person, not by the role they are in: a second role is no second pair of eyes.
  if (standing.some((each) => each.userId === person.userId)) return signingProblem.signed_before();
  if (step.independent && snapshot.authors.includes(person.membershipId))
    return signingProblem.own_work({ values: { title: snapshot.title, step: step.title.toLowerCase() } });
  return undefined;
}

export type SignerStatus = "none" | "verified" | "enabled" | "revoked";
export type SignerStanding = {
  readonly id: string | null;
  readonly status: SignerStatus;
  readonly printedName: string | null;
};

/** Whether the bound person may sign at all (SIG-06). */
export async function signerStanding(tx: Tx): Promise<SignerStanding> {
  const row = await tx.first(
    query
      .selectFrom("kernel.signer")
      .select(["id", "printed_name", "acknowledged_at", "revoked_at"])
      .where("membership_id", "=", tx.who.actorId)
      .where("deleted_at", "is", null),
  );
  if (row === undefined) return { id: null, status: "none", printedName: null };
  const status = row.revoked_at !== null ? "revoked" : row.acknowledged_at === null ? "verified" : "enabled";
  return { id: row.id, status, printedName: row.printed_name };
}

export function signerProblem(status: SignerStatus): Problem | undefined {
  if (status === "none") return signingProblem.not_verified();
  if (status === "verified") return signingProblem.not_acknowledged();
  return status === "revoked" ? signingProblem.revoked() : undefined;
}

/** What the bound person may do, by permission. */
export async function ownPermissions(tx: Tx): Promise<ReadonlySet<string>> {
  const call = sql<{ held: string[] }>`select kernel.permissions_of(${tx.who.actorId}) as held`;
  const row = await tx.first({ compile: () => call.compile(query) });
  return new Set(row?.held ?? []);
}
