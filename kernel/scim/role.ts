import { endSessions } from "../identity/people.ts";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";

/**
 * Gives people of the directory the role their groups are mapped to: admin before member. Where no group is mapped to a
 * role, groups say nothing and roles stay. An owner is made and unmade here in Probity alone.
 */
export async function settleRoles(tx: Tx, userIds: readonly string[]): Promise<void> {
  const mapped = await tx.all(
    query
      .selectFrom("kernel.scim_group")
      .select(["id", "role"])
      .where("role", "is not", null)
      .where("deleted_at", "is", null),
  );
  if (mapped.length === 0 || userIds.length === 0) return;
  const members = await tx.all(
    query
      .selectFrom("kernel.membership")
      .innerJoin("kernel.scim_user", (join) =>
        join
          .onRef("kernel.scim_user.membership_id", "=", "kernel.membership.id")
          .onRef("kernel.scim_user.tenant_id", "=", "kernel.membership.tenant_id"),
      )
      .select([
        "kernel.membership.id",
        "kernel.membership.role",
        "kernel.membership.version",
        "kernel.scim_user.id as scim_user_id",
      ])
      .where("kernel.scim_user.id", "in", [...userIds])
      .where("kernel.membership.status", "=", "active")
      .where("kernel.membership.role", "in", ["admin", "member"])
      .orderBy("kernel.membership.id")
      .forUpdate(),
  );
  const places = await tx.all(
    query
      .selectFrom("kernel.scim_group_member")
      .select(["scim_user_id", "group_id"])
      .where("scim_user_id", "in", [...userIds])
      .where("deleted_at", "is", null),
  );
  const admins = new Set(mapped.filter((group) => group.role === "admin").map((group) => group.id));
  for (const member of members) {
    const isAdmin = places.some((place) => place.scim_user_id === member.scim_user_id && admins.has(place.group_id));
    const role = isAdmin ? "admin" : "member";
    if (role === member.role) continue;
    await tx.record({
      action: "kernel.membership.change_role",
      record: "kernel.membership",
      rowId: member.id,
      version: member.version + 1,
      fields: { role, role_before: member.role, by: "directory" },
    });
    await tx.all(query.updateTable("kernel.membership").set({ role }).where("id", "=", member.id));
    // The new role begins with a new token (IDN-08).
    await endSessions(tx, member.id);
  }
}
