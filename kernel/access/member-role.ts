import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { endSessions, lockTarget, refuseGuest } from "../identity/people.ts";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";
import { listCustomRoles, refuseMoreThanHeld } from "./custom-role.ts";
import { appOf, declaredRoles } from "./declared.ts";
import { accessProblem } from "./error.ts";
import { noRole } from "./role.ts";

/** A member's access beside the platform role: app (by its schema) → role, null for the default; ids of custom roles. */
export type MemberAccess = {
  readonly apps: Readonly<Record<string, string | null>>;
  readonly customRoles: readonly string[];
};

export type MemberRoleRow = {
  readonly id: string;
  readonly membership_id: string;
  readonly app: string | null;
  readonly role: string | null;
  readonly custom_role_id: string | null;
  readonly version: number;
  readonly deleted_at: Date | null;
};

/** Every role given to members, taken back ones too. */
export async function memberRoleRows(tx: Tx, membershipId?: string): Promise<MemberRoleRow[]> {
  const all = query
    .selectFrom("kernel.member_role")
    .select(["id", "membership_id", "app", "role", "custom_role_id", "version", "deleted_at"]);
  return tx.all(membershipId === undefined ? all : all.where("membership_id", "=", membershipId));
}

/**
 * Sets a member's roles in apps and their custom roles (kernel.people.change): exactly these afterwards. Nobody sets
 * their own, an owner's can't be set, and nobody gives more than they hold. A change ends the member's sessions: new
 * access begins with a new token (IDN-08).
 */
export async function setAccess(tx: Tx, membershipId: string, access: MemberAccess): Promise<void> {
  const target = await lockTarget(tx, membershipId, false);
  refuseGuest(target);
  if (target.role === "owner") throw accessProblem.owner_holds_all();
  const rows = await memberRoleRows(tx, membershipId);
  const declared = await declaredRoles(tx);
  const custom = new Map((await listCustomRoles(tx)).map((role) => [role.id, role]));
  const platform = [...(declared.get(target.role) ?? [])];
  const wanted = new Set(access.customRoles);
  for (const id of wanted) if (!custom.has(id)) throw accessProblem.role_unknown({ values: { role: id } });

  let changes = 0;
  for (const [app, role] of Object.entries(access.apps)) {
    const permissions = (name: string | null): readonly string[] =>
      name === null
        ? platform.filter((permission) => appOf(permission) === app)
        : [...(declared.get(`${app}.${name}`) ?? [])];
    if (role !== null && role !== noRole && !declared.has(`${app}.${role}`))
      throw accessProblem.role_unknown({ values: { role } });
    const row = rows.find((each) => each.app === app);
    const current = row?.deleted_at === null ? row.role : null;
    if (current === role) continue;
    const had = new Set(permissions(current));
    await refuseMoreThanHeld(
      tx,
      permissions(role).filter((each) => !had.has(each)),
    );
    await put(tx, membershipId, row, role === null ? null : { app, role });
    changes += 1;
  }
  for (const id of new Set([...wanted, ...rows.flatMap((row) => row.custom_role_id ?? [])])) {
    const row = rows.find((each) => each.custom_role_id === id);
    if ((row?.deleted_at === null) === wanted.has(id)) continue;
    if (wanted.has(id)) await refuseMoreThanHeld(tx, custom.get(id)?.permissions ?? []);
    await put(tx, membershipId, row, wanted.has(id) ? { custom_role_id: id } : null);
    changes += 1;
  }
  if (changes > 0) await endSessions(tx, membershipId);
}

async function put(
  tx: Tx,
  membershipId: string,
  row: MemberRoleRow | undefined,
  given: { app: string; role: string } | { custom_role_id: string } | null,
): Promise<void> {
  if (row === undefined && given === null) return;
  const id = row?.id ?? uuidv7();
  const version = (row?.version ?? 0) + 1;
  const named = given ?? { app: row?.app ?? undefined, custom_role_id: row?.custom_role_id ?? undefined };
  await tx.record({
    action: given === null ? "kernel.member_role.take_back" : "kernel.member_role.give",
    record: "kernel.member_role",
    rowId: id,
    version,
    fields: { membership: membershipId, ...named },
  });
  if (row === undefined) {
    await tx.all(query.insertInto("kernel.member_role").values({ id, membership_id: membershipId, ...given }));
    return;
  }
  const role = given !== null && "role" in given ? { role: given.role } : {};
  await tx.all(
    query
      .updateTable("kernel.member_role")
      .set({ ...role, deleted_at: given === null ? new Date() : null })
      .where("id", "=", id),
  );
}
