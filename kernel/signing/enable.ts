import { randomUUIDv7 as uuidv7 } from "node:crypto";
import type { FastifyRequest } from "fastify";
import { sql } from "kysely";
import { DatabaseError } from "pg";
import type { Identity } from "../identity/identity.ts";
import { stepUpOf, stepUpRequired } from "../identity/step-up.ts";
import { mixesScripts, plainName } from "../identity/plain-name.ts";
import { memberNames } from "../tenancy/lookup.ts";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";
import { personCredential } from "./challenge.ts";
import { signingProblem } from "./error.ts";
import { acknowledgementHash } from "./manifestation.ts";
import { signerStanding } from "./standing.ts";

/** How somebody's identity can have been verified (11.100(b)). */
export const verificationMethods = ["government-id", "in-person", "employment-record", "video-call"] as const;

/** What a person takes as binding before they may sign (11.100(c)). Its hash is in the leaf: other words, another hash. */
export const acknowledgementText =
  "My electronic signature in this workspace is the legally binding equivalent of my handwritten signature. I sign with my own credentials alone, let nobody else use them, and answer for what is signed with them.";

export type SignerLine = {
  readonly membershipId: string;
  readonly name: string;
  readonly signerId: string | null;
  readonly status: "none" | "verified" | "enabled" | "revoked" | "locked";
  readonly printedName: string | null;
  readonly verifiedBy: string | null;
  readonly verifiedAt: Date | null;
  readonly method: string | null;
  readonly evidence: string | null;
  readonly acknowledgedAt: Date | null;
  readonly revokedReason: string | null;
};

/** Every active member, and how far they are from signing (SIG-06). */
export async function listSigners({ kernel }: Pick<Identity, "kernel">, tx: Tx): Promise<SignerLine[]> {
  const rows = await tx.all(
    query
      .selectFrom("kernel.membership as m")
      .leftJoin("kernel.signer as s", (join) =>
        join.onRef("s.tenant_id", "=", "m.tenant_id").onRef("s.membership_id", "=", "m.id"),
      )
      .select(["m.id as membership_id", "m.user_id", "m.name", "s.id", "s.printed_name", "s.verified_by"])
      .select(["s.verified_at", "s.method", "s.evidence", "s.acknowledged_at", "s.revoked_at", "s.revoked_reason"])
      .where("m.status", "=", "active")
      .where("m.deleted_at", "is", null)
      .where("m.role", "<>", "operator")
      // A customer's contact signs nothing here; who signed as a member before stays on the list.
      .where((eb) => eb.or([eb("m.role", "<>", "guest"), eb("s.id", "is not", null)]))
      .orderBy("m.name"),
  );
  const names = await memberNames(tx);
  const guards = await kernel.identityPool.query<{ user_id: string }>(
    "select user_id from identity.signing_guard where tenant_id = $1 and locked_at is not null",
    [tx.who.tenantId],
  );
  const locked = new Set(guards.rows.map((row) => row.user_id));
  return rows.map((row) => ({
    membershipId: row.membership_id,
    name: row.name,
    signerId: row.id,
    status: statusOf(row, locked.has(row.user_id)),
    printedName: row.printed_name,
    verifiedBy: row.verified_by === null ? null : (names.get(row.verified_by) ?? null),
    verifiedAt: row.verified_at,
    method: row.method,
    evidence: row.evidence,
    acknowledgedAt: row.acknowledged_at,
    revokedReason: row.revoked_reason,
  }));
}

function statusOf(
  row: { id: string | null; revoked_at: Date | null; acknowledged_at: Date | null },
  locked: boolean,
): SignerLine["status"] {
  if (row.id === null) return "none";
  if (row.revoked_at !== null) return "revoked";
  if (locked) return "locked";
  return row.acknowledged_at === null ? "verified" : "enabled";
}

type Place = { readonly id: string; readonly version: number };

async function signerOf(tx: Tx, membershipId: string): Promise<(Place & { revoked: boolean }) | undefined> {
  const row = await tx.first(
    query
      .selectFrom("kernel.signer")
      .select(["id", "version", "revoked_at"])
      .where("membership_id", "=", membershipId)
      .where("deleted_at", "is", null),
  );
  return row === undefined ? undefined : { id: row.id, version: row.version, revoked: row.revoked_at !== null };
}

/** Somebody else vouches for who this is: who, when, how, by what; the name is the one that will be printed. */
export async function verifySigner(
  tx: Tx,
  request: FastifyRequest,
  verified: { membershipId: string; printedName: string; method: string; evidence: string },
): Promise<{ id: string }> {
  if (verified.membershipId === tx.who.actorId) throw signingProblem.signer_unknown();
  const known = await signerOf(tx, verified.membershipId);
  const id = known?.id ?? uuidv7();
  const { membershipId, method, evidence } = verified;
  const printedName = plainName(verified.printedName);
  if (printedName === "" || mixesScripts(printedName)) throw signingProblem.name_unclear();
  await tx.record({
    action: "kernel.signer.verify",
    record: "kernel.signer",
    rowId: id,
    version: (known?.version ?? 0) + 1,
    fields: { membership: membershipId, printedName, method, evidence },
  });
  await gated(tx, request, { action: "kernel.signing.verify", subject: membershipId }, (grant, token) =>
    sql`select kernel.verify_signer(${id}, ${membershipId}, ${printedName}, ${method}, ${evidence}, ${grant}, ${token})`.compile(
      query,
    ),
  );
  return { id };
}

/** The person takes their signature as binding: from now on they may sign. */
export async function acknowledgeSigning(tx: Tx, request: FastifyRequest): Promise<void> {
  const standing = await signerStanding(tx);
  if (standing.status !== "verified" || standing.id === null) throw signingProblem.nothing_to_acknowledge();
  const known = await signerOf(tx, tx.who.actorId);
  const hash = acknowledgementHash(acknowledgementText);
  await tx.record({
    action: "kernel.signer.acknowledge",
    record: "kernel.signer",
    rowId: standing.id,
    version: (known?.version ?? 0) + 1,
    fields: { text: hash },
  });
  await gated(tx, request, { action: "kernel.signing.acknowledge", subject: tx.who.actorId }, (grant, token) =>
    sql`select kernel.acknowledge_signing(${hash}, ${grant}, ${token})`.compile(query),
  );
}

/** Takes signing back. Earlier signatures stand. */
export async function revokeSigner(
  tx: Tx,
  request: FastifyRequest,
  membershipId: string,
  reason: string,
): Promise<void> {
  const known = await signerOf(tx, membershipId);
  if (known === undefined || known.revoked) throw signingProblem.signer_unknown();
  await tx.record({
    action: "kernel.signer.revoke",
    record: "kernel.signer",
    rowId: known.id,
    version: known.version + 1,
    fields: { reason },
  });
  await gated(tx, request, { action: "kernel.signing.revoke", subject: known.id }, (grant, token) =>
    sql`select kernel.revoke_signer(${known.id}, ${reason}, ${grant}, ${token})`.compile(query),
  );
}

/** Runs a function that itself uses up the fresh proof given for this act; without one the refusal names the act. */
async function gated(
  tx: Tx,
  request: FastifyRequest,
  act: { action: string; subject: string },
  statement: (grant: string, token: string) => { readonly sql: string; readonly parameters: readonly unknown[] },
): Promise<void> {
  const credential = personCredential(tx.credential);
  const grant = stepUpOf(request);
  if (grant === null) throw stepUpRequired(act, tx.who.tenantId);
  try {
    const call = statement(grant, credential.token);
    await tx.all({ compile: () => ({ ...query.selectNoFrom((each) => each.lit(1).as("one")).compile(), ...call }) });
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    if (error.message === "step_up_required") throw stepUpRequired(act, tx.who.tenantId);
    if (error.message === "not_found") throw signingProblem.signer_unknown({ cause: error });
    throw error;
  }
}
