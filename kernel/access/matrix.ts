import { sql } from "kysely";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";
import { listCustomRoles, type CustomRole } from "./custom-role.ts";
import { appOf, declaredRoles, type DeclaredRoles } from "./declared.ts";
import { memberRoleRows } from "./member-role.ts";
import { reasonsOf, rolesOf, type Reason, type RolesOfMember } from "./reason.ts";

/** Somebody or something that can act here: a person, a key, a link. */
export type Principal = {
  readonly kind: "member" | "key" | "link";
  readonly id: string;
  readonly name: string;
  readonly email: string | null;
  /** The membership it acts for: a key and a link do nothing their person may not do. */
  readonly memberId: string;
  readonly platformRole: string;
  readonly until: Date | null;
  readonly holds: readonly Held[];
};
export type Held = { readonly permission: string; readonly why: readonly Reason[] };

export type Access = {
  readonly principals: readonly Principal[];
  readonly permissions: readonly { readonly id: string; readonly app: string; readonly ownersOnly: boolean }[];
  readonly customRoles: readonly CustomRole[];
  readonly declared: DeclaredRoles;
  readonly rolesOf: ReadonlyMap<string, RolesOfMember>;
};

type MemberRow = {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly role: string;
  readonly until: Date | null;
};

/** Who can do what in the bound workspace at this moment, and why: people, their keys and their links. */
export async function accessOf(tx: Tx): Promise<Access> {
  const declared = await declaredRoles(tx);
  const customRoles = await listCustomRoles(tx);
  const rows = await memberRoleRows(tx);
  const members = await activeMembers(tx);
  const roles = new Map(members.map((member) => [member.id, rolesOf(member.role, member.id, rows, customRoles)]));
  const reasons = new Map([...roles].map(([id, each]) => [id, reasonsOf(each, declared)]));
  const people = members.map((member) => ({
    kind: "member" as const,
    id: member.id,
    name: member.name,
    email: member.email,
    memberId: member.id,
    platformRole: member.role,
    until: member.until,
    holds: heldOf(reasons.get(member.id)),
  }));
  const delegates = await keysAndLinks(tx, members, reasons);
  const all = new Set([...declared.values()].flatMap((held) => [...held]));
  return {
    principals: [...people, ...delegates],
    permissions: [...all].toSorted().map((id) => ({
      id,
      app: appOf(id),
      ownersOnly: [...declared].every(([role, held]) => role === "owner" || !held.has(id)),
    })),
    customRoles,
    declared,
    rolesOf: roles,
  };
}

async function activeMembers(tx: Tx): Promise<MemberRow[]> {
  return tx.all(
    query
      .selectFrom("kernel.membership")
      .select(["id", "name", "email", "role", "until"])
      .where("status", "=", "active")
      .where("deleted_at", "is", null)
      .where((where) => where.or([where("until", "is", null), where("until", ">", new Date())]))
      .orderBy("name")
      .orderBy("id"),
  );
}

/** A key or link holds what it was made for AND what its person still holds: the second half is the reason shown. */
async function keysAndLinks(
  tx: Tx,
  members: readonly MemberRow[],
  reasons: ReadonlyMap<string, ReadonlyMap<string, readonly Reason[]>>,
): Promise<Principal[]> {
  const now = new Date();
  const keys = await tx.all(
    query
      .selectFrom("kernel.api_key")
      .select(["id", "name", "membership_id", "permissions", "expires_at"])
      .where("revoked_at", "is", null)
      .where("deleted_at", "is", null)
      .where("expires_at", ">", now)
      .orderBy("created_at"),
  );
  // Where documents have audiences, a link's name would tell what its maker sees.
  const space = await tx.first(query.selectFrom("kernel.workspace").select("sharing"));
  const links = await tx.all(
    query
      .selectFrom("kernel.link")
      .select(["id", "purpose", "membership_id", sql<string[]>`array[permission]`.as("permissions"), "expires_at"])
      .where("revoked_at", "is", null)
      .where("deleted_at", "is", null)
      .where("expires_at", ">", now)
      .orderBy("created_at")
      .limit(1_000),
  );
  const of = new Map(members.map((member) => [member.id, member]));
  return [
    ...keys.map((key) => ({ ...key, kind: "key" as const })),
    ...links.map((link) => ({
      ...link,
      kind: "link" as const,
      name: space?.sharing === "owner" && link.membership_id !== tx.who.actorId ? "download link" : link.purpose,
    })),
  ].flatMap((each) => {
    const member = of.get(each.membership_id);
    if (member === undefined) return [];
    const own = reasons.get(member.id);
    const held = heldOf(own).filter(({ permission }) => each.permissions.includes(permission));
    return {
      kind: each.kind,
      id: each.id,
      name: each.name,
      email: member.email,
      memberId: member.id,
      platformRole: member.role,
      until: each.expires_at,
      holds: held,
    };
  });
}

function heldOf(reasons: ReadonlyMap<string, readonly Reason[]> | undefined): Held[] {
  return [...(reasons ?? [])].map(([permission, why]) => ({ permission, why })).toSorted(byPermission);
}
function byPermission(a: Held, b: Held): number {
  return a.permission < b.permission ? -1 : 1;
}

/** One line of the exported matrix: who, what, and by which chain. */
export function accessLines(access: Access): Record<string, unknown>[] {
  const names = new Map(access.principals.map((each) => [each.id, each.name]));
  return access.principals.flatMap((each) =>
    each.holds.flatMap(({ permission, why }) =>
      why.map((reason) => ({
        kind: each.kind,
        name: each.name,
        email: each.email,
        actsFor: each.kind === "member" ? "" : (names.get(each.memberId) ?? ""),
        app: appOf(permission),
        permission,
        why: [...(each.kind === "member" ? [] : [`${each.kind} for ${permission}`]), sayReason(reason)].join(" → "),
        until: each.until,
        id: each.id,
      })),
    ),
  );
}

/** A reason in words, for files. */
export function sayReason(reason: Reason): string {
  if (reason.kind === "platform-role") return `role ${reason.role} of the workspace`;
  if (reason.kind === "app-role") return `role ${reason.role} in ${reason.app.replaceAll("_", "-")}`;
  return `custom role ${reason.name}`;
}
