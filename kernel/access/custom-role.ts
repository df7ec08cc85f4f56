import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { DatabaseError } from "pg";
import type { Tx } from "../work/door.ts";
import { doorProblem } from "../work/error.ts";
import { query } from "../work/query.ts";
import { systemActorId } from "../work/credential.ts";
import { declaredRoles, givable, permissionsOf } from "./declared.ts";
import { accessProblem } from "./error.ts";

export type CustomRole = {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly permissions: readonly string[];
  readonly version: number;
};
export type RoleBody = {
  readonly name: string;
  readonly description: string;
  readonly permissions: readonly string[];
};

/** The roles this workspace has made, by name. */
export async function listCustomRoles(tx: Tx): Promise<CustomRole[]> {
  return tx.all(
    query
      .selectFrom("kernel.custom_role")
      .select(["id", "name", "description", "permissions", "version"])
      .where("deleted_at", "is", null)
      .orderBy("name"),
  );
}

/**
 * Makes a role (kernel.role.change) of permissions that its maker holds and that are not the owners' alone. The database
 * asks the same again, whatever statement comes.
 */
export async function makeRole(tx: Tx, role: RoleBody): Promise<string> {
  const permissions = [...new Set(role.permissions)].toSorted();
  await refuseWider(tx, permissions, []);
  const id = uuidv7();
  await tx.record({
    action: "kernel.custom_role.create",
    record: "kernel.custom_role",
    rowId: id,
    version: 1,
    fields: { name: role.name, permissions: permissions.join(" ") },
  });
  await named(
    tx.all(
      query
        .insertInto("kernel.custom_role")
        .values({ id, name: role.name.trim(), description: role.description, permissions }),
    ),
  );
  return id;
}

/** Changes a role for everybody who has it (kernel.role.change). */
export async function changeCustomRole(tx: Tx, id: string, version: number, role: RoleBody): Promise<number> {
  const before = await lockRole(tx, id);
  if (before.version !== version) throw doorProblem.stale({ values: { current: before.version, given: version } });
  const permissions = [...new Set(role.permissions)].toSorted();
  await refuseWider(tx, permissions, before.permissions);
  await tx.record({
    action: "kernel.custom_role.change",
    record: "kernel.custom_role",
    rowId: id,
    version: version + 1,
    fields: {
      name: role.name,
      permissions: permissions.join(" "),
      permissions_before: before.permissions.join(" "),
    },
  });
  await named(
    tx.all(
      query
        .updateTable("kernel.custom_role")
        .set({ name: role.name.trim(), description: role.description, permissions })
        .where("id", "=", id),
    ),
  );
  return version + 1;
}

/** Ends a role (kernel.role.change): whoever had it loses what only it gave, at their next request. */
export async function deleteRole(tx: Tx, id: string): Promise<void> {
  const { version } = await lockRole(tx, id);
  await tx.record({
    action: "kernel.custom_role.delete",
    record: "kernel.custom_role",
    rowId: id,
    version: version + 1,
  });
  await tx.all(query.updateTable("kernel.custom_role").set({ deleted_at: new Date() }).where("id", "=", id));
}

async function lockRole(tx: Tx, id: string) {
  const row = await tx.first(
    query
      .selectFrom("kernel.custom_role")
      .select(["version", "permissions"])
      .where("id", "=", id)
      .where("deleted_at", "is", null)
      .forUpdate(),
  );
  if (row === undefined) throw accessProblem.custom_role_unknown();
  return row;
}

async function refuseWider(tx: Tx, permissions: readonly string[], had: readonly string[]): Promise<void> {
  const declared = await declaredRoles(tx);
  const known = new Set([...declared.values()].flatMap((held) => [...held]));
  const may = givable(declared);
  for (const permission of permissions.filter((each) => !had.includes(each))) {
    if (!known.has(permission)) throw accessProblem.permission_unknown({ values: { permission } });
    if (!may.has(permission)) throw accessProblem.owner_only_permission({ values: { permission } });
  }
  await refuseMoreThanHeld(
    tx,
    permissions.filter((each) => !had.includes(each)),
  );
}

/** Refuses to give what the caller does not hold. Owners give what is declared: they could hold it at any time. */
export async function refuseMoreThanHeld(tx: Tx, given: readonly string[]): Promise<void> {
  if (tx.who.actorId === systemActorId || tx.who.role === "owner") return;
  const held = await permissionsOf(tx, tx.who.actorId);
  const beyond = given.find((each) => !held.has(each));
  if (beyond !== undefined) throw accessProblem.more_than_yours({ values: { permission: beyond } });
}

async function named(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (error instanceof DatabaseError && error.code === "23505") throw accessProblem.role_name_taken({ cause: error });
    throw error;
  }
}
