import { appOf, givable, type DeclaredRoles } from "./declared.ts";
import type { CustomRole } from "./custom-role.ts";
import type { MemberRoleRow } from "./member-role.ts";
import { noRole } from "./role.ts";

/** Why somebody may do something: one link of the chain that leads from them to the permission. */
export type Reason =
  | { readonly kind: "platform-role"; readonly role: string }
  | { readonly kind: "app-role"; readonly app: string; readonly role: string }
  | { readonly kind: "custom-role"; readonly id: string; readonly name: string };

export type RolesOfMember = {
  readonly platformRole: string;
  /** app → role, where a role of its own stands in place of the platform role's. */
  readonly appRoles: ReadonlyMap<string, string>;
  readonly customRoles: readonly CustomRole[];
};

/** Each member's roles from the rows as they stand. */
export function rolesOf(
  platformRole: string,
  membershipId: string,
  rows: readonly MemberRoleRow[],
  customRoles: readonly CustomRole[],
): RolesOfMember {
  const own =
    platformRole === "admin" || platformRole === "member"
      ? rows.filter((row) => row.membership_id === membershipId && row.deleted_at === null)
      : [];
  return {
    platformRole,
    appRoles: new Map(
      own.flatMap((row) => (row.app !== null && row.role !== null ? [[row.app, row.role] as const] : [])),
    ),
    customRoles: customRoles.filter((role) => own.some((row) => row.custom_role_id === role.id)),
  };
}

/** Permission → every reason for it. Says the same as kernel.member_permissions, with why; a test holds the two together. */
export function reasonsOf(member: RolesOfMember, declared: DeclaredRoles): Map<string, Reason[]> {
  const reasons = new Map<string, Reason[]>();
  const add = (permission: string, reason: Reason) => {
    reasons.set(permission, [...(reasons.get(permission) ?? []), reason]);
  };
  for (const permission of declared.get(member.platformRole) ?? []) {
    if (!member.appRoles.has(appOf(permission))) add(permission, { kind: "platform-role", role: member.platformRole });
  }
  for (const [app, role] of member.appRoles) {
    for (const permission of declared.get(`${app}.${role}`) ?? []) add(permission, { kind: "app-role", app, role });
  }
  const may = givable(declared);
  for (const { id, name, permissions } of member.customRoles) {
    for (const permission of permissions) if (may.has(permission)) add(permission, { kind: "custom-role", id, name });
  }
  return reasons;
}

/** Why not: what stands in the way, and which roles would give it. */
export function missing(
  member: RolesOfMember,
  permission: string,
  declared: DeclaredRoles,
  customRoles: readonly CustomRole[],
): { readonly blockedBy: string | null; readonly givenBy: string[] } {
  const own = member.appRoles.get(appOf(permission));
  const byPlatform = declared.get(member.platformRole)?.has(permission) === true;
  return {
    blockedBy:
      own !== undefined && byPlatform
        ? own === noRole
          ? `${appOf(permission)}.${noRole}`
          : `${appOf(permission)}.${own}`
        : null,
    givenBy: [
      ...[...declared].filter(([, held]) => held.has(permission)).map(([role]) => role),
      ...customRoles.filter((role) => role.permissions.includes(permission)).map((role) => role.name),
    ],
  };
}
