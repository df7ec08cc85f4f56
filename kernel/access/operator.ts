import { createHash, randomUUIDv7 as uuidv7 } from "node:crypto";
import { newSecret } from "../identity/api-key.ts";
import { identityProblem } from "../identity/error.ts";
import type { Identity } from "../identity/identity.ts";
import { refuseAsMember } from "../identity/membership.ts";
import { removeMember } from "../identity/people.ts";
import { cleanEmail } from "../identity/person.ts";
import { sessionProfile } from "../identity/session.ts";
import { policyValue } from "../policy/store.ts";
import { memberNames } from "../tenancy/lookup.ts";
import type { Source } from "../work/credential.ts";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";
import { accessProblem } from "./error.ts";

export type OperatorGrant = {
  readonly id: string;
  readonly email: string;
  readonly reason: string;
  readonly grantedBy: string | null;
  readonly grantedAt: Date;
  readonly expiresAt: Date;
  readonly acceptedAs: string | null;
  readonly endedAt: Date | null;
  readonly state: "offered" | "active" | "ended";
};

/** Every grant to an operator there was, the newest first. */
export async function listOperatorGrants(tx: Tx): Promise<OperatorGrant[]> {
  const names = await memberNames(tx);
  const rows = await tx.all(
    query
      .selectFrom("kernel.operator_grant")
      .select(["id", "email", "reason", "created_by", "created_at", "expires_at", "membership_id", "ended_at"])
      .orderBy("created_at", "desc")
      .limit(200),
  );
  const now = new Date();
  return rows.map((row) => ({
    id: row.id,
    email: row.email,
    reason: row.reason,
    grantedBy: names.get(row.created_by) ?? null,
    grantedAt: row.created_at,
    expiresAt: row.expires_at,
    acceptedAs: row.membership_id,
    endedAt: row.ended_at,
    state: row.ended_at !== null || row.expires_at <= now ? "ended" : row.membership_id === null ? "offered" : "active",
  }));
}

/**
 * Lets somebody who runs the instance in (kernel.operator.grant, owners alone), for hours and with a reason (IDN-11). The
 * token is handed to them; it is taken up once, by the account of this address, and opens nothing without a second factor.
 */
export async function grantOperator(
  tx: Tx,
  grant: { email: string; hours: number; reason: string },
): Promise<{ id: string; token: string; expiresAt: Date }> {
  const email = cleanEmail(grant.email);
  if (email === undefined) throw identityProblem.email_unreadable();
  const most = await policyValue(tx, "operator.maxHours");
  if (grant.hours > most) throw accessProblem.operator_too_long({ values: { hours: most } });
  const member = await tx.first(
    query
      .selectFrom("kernel.membership")
      .select("id")
      .where("email", "=", email)
      .where("status", "=", "active")
      .where("role", "<>", "operator"),
  );
  if (member) throw identityProblem.already_member();
  const id = uuidv7();
  const { token, hash } = newSecret("og_");
  const expiresAt = new Date(Date.now() + grant.hours * 3_600_000);
  await tx.record({
    action: "kernel.operator_grant.create",
    record: "kernel.operator_grant",
    rowId: id,
    version: 1,
    fields: { email, reason: grant.reason, expires_at: expiresAt },
  });
  await tx.all(
    query
      .insertInto("kernel.operator_grant")
      .values({ id, email, reason: grant.reason, secret_hash: hash, expires_at: expiresAt }),
  );
  return { id, token, expiresAt };
}

/** Ends a grant before its time (kernel.people.change): who came by it is out at their next request. */
export async function endOperatorGrant(tx: Tx, id: string): Promise<void> {
  const row = await tx.first(
    query
      .selectFrom("kernel.operator_grant")
      .select(["version", "membership_id", "ended_at"])
      .where("id", "=", id)
      .forUpdate(),
  );
  if (row === undefined) throw accessProblem.operator_grant_ended();
  if (row.ended_at !== null) return;
  await tx.record({
    action: "kernel.operator_grant.end",
    record: "kernel.operator_grant",
    rowId: id,
    version: row.version + 1,
  });
  await tx.all(query.updateTable("kernel.operator_grant").set({ ended_at: new Date() }).where("id", "=", id));
  if (row.membership_id === null) return;
  const member = await tx.first(
    query.selectFrom("kernel.membership").select(["role", "status"]).where("id", "=", row.membership_id),
  );
  if (member?.role === "operator" && member.status === "active") await removeMember(tx, row.membership_id);
}

/** Takes a grant up, as the account of its address that is signed in. Gives the workspace it opens. */
export async function acceptOperatorGrant(
  identity: Identity,
  token: string,
  session: { token: string; source: Source },
): Promise<{ workspace: string; until: Date }> {
  const [found] = await identity.kernel.door.callFunction({
    sql: "select * from kernel.operator_grant_by_secret($1)",
    parameters: [token],
  });
  const profile = await sessionProfile(identity, session.token);
  if (found === undefined || profile === undefined) throw accessProblem.operator_grant_ended();
  if (profile.email !== found["email"]) throw identityProblem.invitation_for_another();
  const grantId = String(found["id"]);
  const credential = identity.kernel.system(String(found["tenant_id"]), session.source);
  return identity.kernel.door.work(credential, "kernel.membership.accept", async (tx) => {
    const grant = await tx.first(
      query
        .selectFrom("kernel.operator_grant")
        .select(["version", "secret_hash", "expires_at"])
        .where("id", "=", grantId)
        .where("ended_at", "is", null)
        .where("membership_id", "is", null)
        .where("expires_at", ">", new Date())
        .forUpdate(),
    );
    const hash = createHash("sha256").update(token, "utf8").digest();
    if (grant === undefined || !grant.secret_hash.equals(hash)) throw accessProblem.operator_grant_ended();
    const membershipId = await admitOperator(tx, profile, grant.expires_at);
    await tx.record({
      action: "kernel.operator_grant.accept",
      record: "kernel.operator_grant",
      rowId: grantId,
      version: grant.version + 1,
      fields: { membership: membershipId },
    });
    await tx.all(
      query.updateTable("kernel.operator_grant").set({ membership_id: membershipId }).where("id", "=", grantId),
    );
    return { workspace: String(found["workspace_slug"]), until: grant.expires_at };
  });
}

async function admitOperator(
  tx: Tx,
  person: { userId: string; name: string; email: string },
  until: Date,
): Promise<string> {
  const found = await tx.first(
    query
      .selectFrom("kernel.membership")
      .select(["id", "version", "status", "role", "until"])
      .where("user_id", "=", person.userId)
      .forUpdate(),
  );
  if (found !== undefined && (found.status !== "active" || found.role !== "operator")) await refuseAsMember(tx, found);
  const id = found?.id ?? uuidv7();
  const values = {
    name: person.name,
    email: person.email,
    role: "operator",
    status: "active",
    until,
    deleted_at: null,
  };
  await tx.record({
    action: found ? "kernel.membership.reopen" : "kernel.membership.create",
    record: "kernel.membership",
    rowId: id,
    version: (found?.version ?? 0) + 1,
    fields: { role: "operator", until },
  });
  await tx.all(
    found
      ? query.updateTable("kernel.membership").set(values).where("id", "=", id)
      : query.insertInto("kernel.membership").values({ id, user_id: person.userId, ...values }),
  );
  return id;
}
