import { sql } from "kysely";
import { refuseMoreThanHeld } from "../access/custom-role.ts";
import { declaredRoles, permissionsOf } from "../access/declared.ts";
import { takeBackAccess } from "../access/take-back.ts";
import { guestRole, type PlatformRole } from "../access/role.ts";
import { systemActorId } from "../work/credential.ts";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";
import { identityProblem } from "./error.ts";

export type Member = {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly role: string;
  readonly status: string;
  readonly joinedAt: Date;
  /** By the sessions that still exist; null when none does. */
  readonly lastSeenAt: Date | null;
};

/** The people of the bound workspace, those who left too, in the order they came. */
export async function listMembers(tx: Tx): Promise<Member[]> {
  const rows = await tx.all(
    query
      .selectFrom("kernel.membership")
      .select(["id", "name", "email", "role", "status", "created_at"])
      .where("deleted_at", "is", null)
      .orderBy("created_at"),
  );
  const call = sql<{ membership_id: string; last_seen_at: Date }>`select * from kernel.members_last_seen()`;
  const seen = await tx.all({ compile: () => call.compile(query) });
  const lastSeen = new Map(seen.map((row) => [row.membership_id, row.last_seen_at]));
  return rows.map(({ created_at, ...row }) => ({
    ...row,
    joinedAt: created_at,
    lastSeenAt: lastSeen.get(row.id) ?? null,
  }));
}

/**
 * The caller's role as it stands now: owner, admin, or a member whose roles include changing people; anybody else is
 * refused. Holding a transaction is not enough: it may have been entered for something else.
 */
export async function actingRole(tx: Tx): Promise<PlatformRole> {
  if (tx.who.actorId === systemActorId) return "owner";
  const row = await tx.first(
    query
      .selectFrom("kernel.membership")
      .select("role")
      .where("id", "=", tx.who.actorId)
      .where("status", "=", "active"),
  );
  return actingAs(tx, row?.role);
}

async function actingAs(tx: Tx, role: string | undefined): Promise<PlatformRole> {
  // The server itself: a directory (SCIM) acts by it.
  if (tx.who.actorId === systemActorId) return "owner";
  if (role === "owner" || role === "admin") return role;
  if (role === "member" && (await permissionsOf(tx, tx.who.actorId)).has("kernel.people.change")) return role;
  throw identityProblem.people_not_yours();
}

/**
 * Gives a member another role (kernel.people.change). Only an owner makes or unmakes an owner, nobody changes their own
 * role, and the last owner stays. The member's sessions end: the new role begins with a new token (IDN-08).
 */
export async function changeRole(tx: Tx, membershipId: string, role: PlatformRole): Promise<void> {
  const target = await lockTarget(tx, membershipId, role === "owner");
  refuseGuest(target);
  if (target.role === role) return;
  const declared = await declaredRoles(tx);
  const before = declared.get(target.role);
  await refuseMoreThanHeld(
    tx,
    [...(declared.get(role) ?? [])].filter((each) => before?.has(each) !== true),
  );
  await tx.record({
    action: "kernel.membership.change_role",
    record: "kernel.membership",
    rowId: membershipId,
    version: target.version + 1,
    fields: { role, role_before: target.role },
  });
  await tx.all(query.updateTable("kernel.membership").set({ role }).where("id", "=", membershipId));
  await endSessions(tx, membershipId);
}

/**
 * Hands the workspace over: the target becomes owner and the caller, an owner, becomes admin, in one transaction. Both
 * sign in again.
 */
export async function handOver(tx: Tx, membershipId: string): Promise<void> {
  const target = await lockTarget(tx, membershipId, true);
  refuseGuest(target);
  const own = await tx.first(
    query.selectFrom("kernel.membership").select(["version"]).where("id", "=", tx.who.actorId),
  );
  const changes = [
    { id: membershipId, version: target.version, role: "owner", before: target.role },
    { id: tx.who.actorId, version: own?.version ?? 0, role: "admin", before: "owner" },
  ].filter((each) => each.role !== each.before);
  for (const { id, version, role, before } of changes) {
    await tx.record({
      action: "kernel.membership.hand_over",
      record: "kernel.membership",
      rowId: id,
      version: version + 1,
      fields: { role, role_before: before },
    });
    await tx.all(query.updateTable("kernel.membership").set({ role }).where("id", "=", id));
  }
  for (const { id } of changes) await endSessions(tx, id);
}

/**
 * Ends a membership (kernel.people.change): the row stays for history, its API keys and links are revoked, roles and shares
 * are taken back, and the person's sessions end; where they belong elsewhere, they sign in again.
 */
export async function removeMember(tx: Tx, membershipId: string): Promise<void> {
  const target = await lockTarget(tx, membershipId, false);
  await revokeAll(tx, "kernel.api_key", membershipId);
  await revokeAll(tx, "kernel.link", membershipId);
  await withdrawInvitationsOf(tx, membershipId);
  await tx.record({
    action: "kernel.membership.end",
    record: "kernel.membership",
    rowId: membershipId,
    version: target.version + 1,
  });
  // Before the membership ends: of somebody who has left, the database ends no session.
  await endSessions(tx, membershipId);
  await tx.all(query.updateTable("kernel.membership").set({ status: "disabled" }).where("id", "=", membershipId));
  await takeBackAccess(tx, membershipId);
}

/** A link that was never used would let who is removed in again. */
async function withdrawInvitationsOf(tx: Tx, membershipId: string): Promise<void> {
  const open = await tx.all(
    query
      .selectFrom("kernel.invitation as i")
      .innerJoin("kernel.membership as m", (join) => join.onRef("m.email", "=", "i.email"))
      .select(["i.id", "i.version"])
      .where("m.id", "=", membershipId)
      .where("i.accepted_at", "is", null)
      .where("i.deleted_at", "is", null)
      .forUpdate("i"),
  );
  for (const { id, version } of open) {
    await tx.record({
      action: "kernel.invitation.withdraw",
      record: "kernel.invitation",
      rowId: id,
      version: version + 1,
    });
    await tx.all(query.updateTable("kernel.invitation").set({ deleted_at: new Date() }).where("id", "=", id));
  }
}

/** An admin signs a member of the workspace out everywhere (kernel.people.change). Gives the number of sessions ended. */
export async function endMemberSessions(tx: Tx, membershipId: string): Promise<number> {
  const acting = await actingRole(tx);
  const target = await tx.first(
    query
      .selectFrom("kernel.membership")
      .select(["role"])
      .where("id", "=", membershipId)
      .where("status", "=", "active")
      .where("deleted_at", "is", null),
  );
  if (target === undefined) throw identityProblem.member_unknown();
  // An owner's too: an admin can end any session of the organisation (IDN-08).
  if (acting === "member" && target.role !== "member") throw identityProblem.people_not_yours();
  const ended = await endSessions(tx, membershipId);
  await tx.record({
    action: "kernel.session.end",
    record: "kernel.membership",
    rowId: membershipId,
    fields: { count: String(ended), by: "admin" },
  });
  return ended;
}

/**
 * Locks every owner's row, the actor's and the target's, in one order, and checks who may do what from what stands after
 * the wait: two owners who unmake each other at once can't leave the workspace without one.
 */
export async function lockTarget(
  tx: Tx,
  membershipId: string,
  makesOwner: boolean,
): Promise<{ role: string; version: number }> {
  const rows = await tx.all(
    query
      .selectFrom("kernel.membership")
      .select(["id", "role", "status", "version"])
      .where((where) => where.or([where("role", "=", "owner"), where("id", "in", [tx.who.actorId, membershipId])]))
      .where("deleted_at", "is", null)
      .orderBy("id")
      .forUpdate(),
  );
  const active = rows.filter((row) => row.status === "active");
  const target = active.find((row) => row.id === membershipId);
  const acting = await actingAs(tx, active.find((row) => row.id === tx.who.actorId)?.role);
  if (target === undefined) throw identityProblem.member_unknown();
  if (target.id === tx.who.actorId) throw identityProblem.own_membership();
  if ((target.role === "owner" || makesOwner) && acting !== "owner") {
    throw identityProblem.owner_only();
  }
  if (acting === "member" && target.role !== "member") throw identityProblem.people_not_yours();
  const owners = active.filter((row) => row.role === "owner");
  if (target.role === "owner" && owners.length < 2) throw identityProblem.last_owner();
  return target;
}

/**
 * Somebody from outside, whom an app invited to what concerns them, becomes no member by another role: the confinement of
 * their transactions goes by it. Who is to be one is removed and invited, and so takes it up themselves.
 */
export function refuseGuest(target: { readonly role: string }): void {
  if (target.role === guestRole) throw identityProblem.guest_stays();
}

/** Revokes every key or link of a member, each with its leaf. */
export async function revokeAll(tx: Tx, table: "kernel.api_key" | "kernel.link", membershipId: string): Promise<void> {
  const rows = await tx.all(
    query
      .selectFrom(table)
      .select(["id", "version"])
      .where("membership_id", "=", membershipId)
      .where("revoked_at", "is", null)
      .forUpdate(),
  );
  if (rows.length === 0) return;
  await tx.recordAll(
    rows.map((row) => ({
      action: `${table}.revoke`,
      record: table,
      rowId: row.id,
      version: row.version + 1,
    })),
  );
  await tx.all(
    query
      .updateTable(table)
      .set({ revoked_at: new Date() })
      .where(
        "id",
        "in",
        rows.map((row) => row.id),
      ),
  );
}

/** Ends a member's sessions, in the transaction that changes what they may do. */
export async function endSessions(tx: Tx, membershipId: string): Promise<number> {
  const row = await tx.first(query.selectNoFrom(sql<number>`kernel.end_member_sessions(${membershipId})`.as("ended")));
  return row?.ended ?? 0;
}
