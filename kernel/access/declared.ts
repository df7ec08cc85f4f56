import { sql } from "kysely";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";
import type { AppRoles, Grants } from "./role.ts";

/** What the pages about access need to know of an app. */
export type AccessApp = {
  readonly name: string;
  readonly title: string;
  readonly grants: Grants;
  readonly roles?: AppRoles | undefined;
};

/** Role → its permissions, as the door reads them: platform roles, and apps' own as `app.role`. */
export type DeclaredRoles = ReadonlyMap<string, ReadonlySet<string>>;

export async function declaredRoles(tx: Tx): Promise<DeclaredRoles> {
  const call = sql<{ role: string; permission: string }>`select role, permission from kernel.declared_roles()`;
  const roles = new Map<string, Set<string>>();
  for (const row of await tx.all({ compile: () => call.compile(query) })) {
    const held = roles.get(row.role) ?? new Set();
    roles.set(row.role, held.add(row.permission));
  }
  return roles;
}

/** Every permission that somebody else than an owner may hold: a custom role is made of these. */
export function givable(declared: DeclaredRoles): Set<string> {
  return new Set([...declared].filter(([role]) => role !== "owner").flatMap(([, held]) => [...held]));
}

/** What a member of the bound workspace may do at this moment, by the function that the door asks. */
export async function permissionsOf(tx: Tx, membershipId: string): Promise<Set<string>> {
  const row = await tx.first(query.selectNoFrom(sql<string[]>`kernel.permissions_of(${membershipId})`.as("held")));
  return new Set(row?.held);
}

/** The app a permission belongs to, by its first word: its schema, or `kernel`. */
export function appOf(permission: string): string {
  return permission.slice(0, permission.indexOf("."));
}

/** An app's name as SQL and permissions write it. */
export function schemaOf(app: Pick<AccessApp, "name">): string {
  return app.name.replaceAll("-", "_");
}
