import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";
import { scimProblem, unfit } from "./error.ts";
import { memberInPath, plainPath, type Comparison } from "./filter.ts";
import { isObject, memberOf, text } from "./resource.ts";
import { settleRoles } from "./role.ts";
import type { Paging, Writer } from "./user.ts";

const record = "kernel.scim_group";
const memberRecord = "kernel.scim_group_member";
const mostMembers = 5000;

export type ScimGroup = {
  readonly id: string;
  readonly displayName: string;
  readonly externalId: string | null;
  readonly role: string | null;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly members: readonly { readonly id: string; readonly name: string }[];
};

/** What a directory may say of a group; `members` is the whole list, `add` and `remove` change it. */
export type GroupWish = {
  readonly displayName?: string | undefined;
  readonly externalId?: string | null | undefined;
  readonly members?: readonly string[] | undefined;
  readonly add?: readonly string[] | undefined;
  readonly remove?: readonly string[] | undefined;
};

export function readGroup(body: Readonly<Record<string, unknown>>): GroupWish {
  const displayName = text(memberOf(body, "displayName"), "displayName", 200);
  if (displayName === undefined) throw unfit("A group has a displayName.");
  return {
    displayName,
    externalId: text(memberOf(body, "externalId"), "externalId", 200) ?? null,
    members: idsIn(memberOf(body, "members") ?? []),
  };
}

/** One operation of a PATCH on a group (RFC 7644, 3.5.2). */
export function readGroupChange(operation: Readonly<Record<string, unknown>>): GroupWish {
  const path = memberOf(operation, "path");
  const value = memberOf(operation, "value");
  const op = String(memberOf(operation, "op")).toLowerCase();
  if (!["add", "replace", "remove"].includes(op)) throw unfit("An operation is add, replace or remove.");
  if (typeof path !== "string" || path === "") {
    if (!isObject(value) || op === "remove") throw scimProblem.path_unknown({ values: { path: "(none)" } });
    const members = memberOf(value, "members");
    return {
      displayName: text(memberOf(value, "displayName"), "displayName", 200),
      externalId: text(memberOf(value, "externalId"), "externalId", 200),
      ...(members === undefined ? {} : op === "add" ? { add: idsIn(members) } : { members: idsIn(members) }),
    };
  }
  const one = memberInPath(path);
  if (one !== undefined && op === "remove") return { remove: [one] };
  switch (plainPath(path)) {
    case "members":
      if (op === "add") return { add: idsIn(value) };
      if (op === "replace") return { members: idsIn(value) };
      // Entra ID names the members to remove; without them all go.
      return value === undefined || value === null ? { members: [] } : { remove: idsIn(value) };
    case "displayname":
      return { displayName: text(value, "displayName", 200) };
    case "externalid":
      return { externalId: op === "remove" ? null : text(value, "externalId", 200) };
    default:
      throw scimProblem.path_unknown({ values: { path: path.slice(0, 60) } });
  }
}

export async function createGroup(tx: Tx, by: Writer, wish: GroupWish): Promise<string> {
  const id = uuidv7();
  const displayName = wish.displayName ?? "";
  await refuseTaken(tx, displayName);
  await tx.record({
    action: "kernel.scim_group.create",
    record,
    rowId: id,
    version: 1,
    fields: { name: displayName, token: by.tokenId },
  });
  const values = { id, display_name: displayName, external_id: wish.externalId ?? null };
  await tx.all(query.insertInto(record).values(values));
  await changeMembers(tx, id, wish);
  return id;
}

export async function changeGroup(tx: Tx, by: Writer, id: string, wish: GroupWish, version?: number): Promise<void> {
  const row = await lockGroup(tx, id);
  if (version !== undefined && version !== row.version) throw scimProblem.stale();
  const displayName = wish.displayName ?? row.display_name;
  if (displayName.toLowerCase() !== row.display_name.toLowerCase()) await refuseTaken(tx, displayName);
  await tx.record({
    action: "kernel.scim_group.change",
    record,
    rowId: id,
    version: row.version + 1,
    fields: { name: displayName, token: by.tokenId },
  });
  const externalId = wish.externalId === undefined ? row.external_id : wish.externalId;
  await tx.all(
    query.updateTable(record).set({ display_name: displayName, external_id: externalId }).where("id", "=", id),
  );
  await changeMembers(tx, id, wish);
}

export async function deleteGroup(tx: Tx, by: Writer, id: string): Promise<void> {
  const row = await lockGroup(tx, id);
  await changeMembers(tx, id, { members: [] });
  await tx.record({
    action: "kernel.scim_group.delete",
    record,
    rowId: id,
    version: row.version + 1,
    fields: { token: by.tokenId },
  });
  await tx.all(query.updateTable(record).set({ deleted_at: new Date(), role: null }).where("id", "=", id));
}

/** Maps a group to a role, by an admin (kernel.sso.change); what its members become is settled apart. */
export async function mapGroup(tx: Tx, id: string, role: "admin" | "member" | null): Promise<void> {
  const row = await lockGroup(tx, id);
  await tx.record({
    action: "kernel.scim_group.map",
    record,
    rowId: id,
    version: row.version + 1,
    fields: { role: role ?? "" },
  });
  await tx.all(query.updateTable(record).set({ role }).where("id", "=", id));
}

/** Gives everybody of the directory the role that the mapping in force says. */
export async function settleAllRoles(tx: Tx): Promise<void> {
  const rows = await tx.all(query.selectFrom("kernel.scim_user").select("id").where("deleted_at", "is", null));
  await settleRoles(
    tx,
    rows.map((row) => row.id),
  );
}

export async function listGroups(
  tx: Tx,
  filter: readonly Comparison[],
  { startIndex, count }: Paging,
): Promise<{ total: number; groups: ScimGroup[] }> {
  let found = openGroups();
  for (const { attribute, value } of filter) {
    if (typeof value !== "string") throw unknownAttribute(attribute);
    if (attribute === "displayname") found = found.where(sql<string>`lower(display_name)`, "=", value.toLowerCase());
    else if (attribute === "externalid") found = found.where("external_id", "=", value);
    else if (attribute === "id") found = found.where(sql<string>`id::text`, "=", value);
    else throw unknownAttribute(attribute);
  }
  const counted = await tx.first(query.selectFrom(found.as("found")).select(({ fn }) => fn.countAll<string>().as("n")));
  const rows = await tx.all(
    found
      .orderBy("created_at")
      .orderBy("id")
      .offset(startIndex - 1)
      .limit(count),
  );
  const groups = [];
  for (const row of rows) groups.push(await withMembers(tx, row));
  return { total: Number(counted?.n ?? 0), groups };
}

export async function groupOf(tx: Tx, id: string): Promise<ScimGroup> {
  const row = await tx.first(openGroups().where("id", "=", id));
  if (row === undefined) throw scimProblem.unknown();
  return withMembers(tx, row);
}

async function changeMembers(tx: Tx, groupId: string, wish: GroupWish): Promise<void> {
  const now = await tx.all(
    query
      .selectFrom(memberRecord)
      .select(["id", "scim_user_id", "version"])
      .where("group_id", "=", groupId)
      .where("deleted_at", "is", null)
      .forUpdate(),
  );
  const held = new Set(now.map((row) => row.scim_user_id));
  const wanted = new Set([...(wish.members ?? held), ...(wish.add ?? [])]);
  for (const id of wish.remove ?? []) wanted.delete(id);
  if (wanted.size > mostMembers) throw unfit(`A group has at most ${mostMembers} members.`);
  const added = [...wanted].filter((id) => !held.has(id));
  const gone = now.filter((row) => !wanted.has(row.scim_user_id));
  if (added.length > 0) {
    const users = query.selectFrom("kernel.scim_user").select("id").where("deleted_at", "is", null);
    const known = await tx.all(users.where(sql<string>`id::text`, "in", added));
    if (known.length !== added.length) throw unfit("A member is not a user of this workspace.");
    const rows = added.map((userId) => ({ id: uuidv7(), group_id: groupId, scim_user_id: userId }));
    await tx.recordAll(
      rows.map((row) => ({
        action: "kernel.scim_group_member.create",
        record: memberRecord,
        rowId: row.id,
        version: 1,
        fields: { group: groupId, member: row.scim_user_id },
      })),
    );
    await tx.all(query.insertInto(memberRecord).values(rows));
  }
  if (gone.length > 0) {
    await tx.recordAll(
      gone.map((row) => ({
        action: "kernel.scim_group_member.delete",
        record: memberRecord,
        rowId: row.id,
        version: row.version + 1,
      })),
    );
    const ids = gone.map((row) => row.id);
    await tx.all(query.updateTable(memberRecord).set({ deleted_at: new Date() }).where("id", "in", ids));
  }
  await settleRoles(tx, [...added, ...gone.map((row) => row.scim_user_id)]);
}

function openGroups() {
  return query
    .selectFrom(record)
    .select(["id", "display_name", "external_id", "role", "version", "created_at", "updated_at"])
    .where("deleted_at", "is", null);
}

async function lockGroup(tx: Tx, id: string) {
  const row = await tx.first(openGroups().where("id", "=", id).forUpdate());
  if (row === undefined) throw scimProblem.unknown();
  return row;
}

async function withMembers(tx: Tx, row: Awaited<ReturnType<typeof lockGroup>>): Promise<ScimGroup> {
  const members = await tx.all(
    query
      .selectFrom(memberRecord)
      .innerJoin("kernel.scim_user", (join) =>
        join
          .onRef("kernel.scim_user.id", "=", "kernel.scim_group_member.scim_user_id")
          .onRef("kernel.scim_user.tenant_id", "=", "kernel.scim_group_member.tenant_id"),
      )
      .select(["kernel.scim_user.id", "kernel.scim_user.user_name"])
      .where("kernel.scim_group_member.group_id", "=", row.id)
      .where("kernel.scim_group_member.deleted_at", "is", null)
      .orderBy("kernel.scim_user.id"),
  );
  return {
    id: row.id,
    displayName: row.display_name,
    externalId: row.external_id,
    role: row.role,
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    members: members.map((each) => ({ id: each.id, name: each.user_name })),
  };
}

async function refuseTaken(tx: Tx, displayName: string): Promise<void> {
  const found = openGroups().where(sql<string>`lower(display_name)`, "=", displayName.toLowerCase());
  if (await tx.first(found)) throw scimProblem.taken({ values: { what: "This group" } });
}

function idsIn(value: unknown): string[] {
  const list = Array.isArray(value) ? value : [value];
  if (list.length > mostMembers) throw unfit(`A group has at most ${mostMembers} members.`);
  return list.map((each) => {
    const id = isObject(each) ? memberOf(each, "value") : each;
    if (typeof id !== "string" || id.length > 100) throw unfit("A member is named by the id of a user.");
    return id;
  });
}

function unknownAttribute(attribute: string): Error {
  return scimProblem.filter_unreadable({ values: { reason: JSON.stringify(attribute.slice(0, 60)) } });
}
