import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import { admit } from "../identity/membership.ts";
import { removeMember } from "../identity/people.ts";
import { plainName } from "../identity/plain-name.ts";
import { domainOf } from "../sso/domain-name.ts";
import { verifiedDomains } from "../sso/domain.ts";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";
import { scimProblem, unfit } from "./error.ts";
import type { Comparison } from "./filter.ts";
import { emailOf, type UserWish } from "./resource.ts";
import { settleRoles } from "./role.ts";

const record = "kernel.scim_user";

export type ScimUser = {
  readonly id: string;
  readonly userName: string;
  readonly email: string;
  readonly externalId: string | null;
  readonly givenName: string | null;
  readonly familyName: string | null;
  readonly active: boolean;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly groups: readonly { readonly id: string; readonly name: string }[];
};

export type Paging = { readonly startIndex: number; readonly count: number };
/** Who wrote: the directory's token, for the leaf. */
export type Writer = { readonly tokenId: string };

/** The address a wish is about: one of a verified domain, or the directory of one firm would write people of another. */
export async function wishedEmail(tx: Tx, wish: UserWish): Promise<string> {
  const email = wish.email ?? emailOf(wish.userName ?? "");
  if (!(await verifiedDomains(tx)).includes(domainOf(email))) {
    throw unfit("The address is not of a domain this workspace has verified.");
  }
  return email;
}

/**
 * Writes a new user: a membership, or the one the person has already. `userId` is the person's, found or made before, as
 * people live outside any workspace.
 */
export async function createUser(tx: Tx, by: Writer, userId: string, email: string, wish: UserWish): Promise<string> {
  const userName = wish.userName ?? email;
  await refuseTaken(tx, userName);
  const active = wish.active ?? true;
  const member = await tx.first(
    query.selectFrom("kernel.membership").select(["id", "status"]).where("user_id", "=", userId).forUpdate(),
  );
  const name = nameOf(wish, email);
  let membershipId = member?.id;
  if (membershipId === undefined || (member?.status !== "active" && active)) {
    membershipId = await admit(tx, { userId, name, email, role: "member" });
  }
  const rows = query
    .selectFrom(record)
    .select(["id", "version", "deleted_at"])
    .where("membership_id", "=", membershipId);
  const known = await tx.first(rows.forUpdate());
  if (known !== undefined && known.deleted_at === null) throw scimProblem.taken({ values: { what: "This user" } });
  const id = known?.id ?? uuidv7();
  await tx.record({
    action: known ? "kernel.scim_user.reopen" : "kernel.scim_user.create",
    record,
    rowId: id,
    version: (known?.version ?? 0) + 1,
    fields: { token: by.tokenId, active: String(active) },
  });
  const values = {
    user_name: userName,
    external_id: wish.externalId ?? null,
    given_name: wish.givenName ?? null,
    family_name: wish.familyName ?? null,
    active,
    deleted_at: null,
  };
  if (known) await tx.all(query.updateTable(record).set(values).where("id", "=", id));
  else await tx.all(query.insertInto(record).values({ id, membership_id: membershipId, ...values }));
  if (!active) await endMembership(tx, membershipId);
  await settleRoles(tx, [id]);
  return id;
}

/**
 * Changes a user. `active: false` ends the membership at once: sessions, keys and links with it, and jobs at their next
 * step, since the door lets nobody in who is no member.
 */
export async function changeUser(tx: Tx, by: Writer, id: string, wish: UserWish, version?: number): Promise<void> {
  const row = await lockUser(tx, id);
  if (version !== undefined && version !== row.version) throw scimProblem.stale();
  if (wish.userName !== undefined && wish.userName.toLowerCase() !== row.user_name.toLowerCase()) {
    await refuseTaken(tx, wish.userName);
  }
  // Who was removed here since comes back when the directory says so, not by any other change of theirs.
  const active = wish.active ?? (row.active && row.status === "active");
  const email = wish.email === undefined && wish.userName === undefined ? row.email : await wishedEmail(tx, wish);
  const after = {
    user_name: wish.userName ?? row.user_name,
    external_id: wish.externalId === undefined ? row.external_id : wish.externalId,
    given_name: wish.givenName === undefined ? row.given_name : wish.givenName,
    family_name: wish.familyName === undefined ? row.family_name : wish.familyName,
    active,
  };
  await tx.record({
    action:
      active === row.active
        ? "kernel.scim_user.change"
        : active
          ? "kernel.scim_user.activate"
          : "kernel.scim_user.deactivate",
    record,
    rowId: id,
    version: row.version + 1,
    fields: { token: by.tokenId, active: String(active) },
  });
  if (email !== row.email) await refuseOwner(tx, row.membership_id);
  await tx.all(query.updateTable(record).set(after).where("id", "=", id));
  const name = nameOf({ givenName: after.given_name, familyName: after.family_name }, email);
  if (active && row.status !== "active") await admit(tx, { userId: row.user_id, name, email, role: "member" });
  else if (active && (row.email !== email || row.name !== name)) await rename(tx, row, { name, email });
  if (!active) await endMembership(tx, row.membership_id);
  await settleRoles(tx, [id]);
}

/** Takes a user out of the directory: the membership ends, what they did stays. */
export async function deleteUser(tx: Tx, by: Writer, id: string): Promise<void> {
  const row = await lockUser(tx, id);
  await endMembership(tx, row.membership_id);
  const places = await tx.all(
    query
      .selectFrom("kernel.scim_group_member")
      .select(["id", "version"])
      .where("scim_user_id", "=", id)
      .where("deleted_at", "is", null)
      .forUpdate(),
  );
  for (const place of places) {
    const leaf = { record: "kernel.scim_group_member", rowId: place.id, version: place.version + 1 };
    await tx.record({ action: "kernel.scim_group_member.delete", ...leaf });
    await tx.all(
      query.updateTable("kernel.scim_group_member").set({ deleted_at: new Date() }).where("id", "=", place.id),
    );
  }
  await tx.record({
    action: "kernel.scim_user.delete",
    record,
    rowId: id,
    version: row.version + 1,
    fields: { token: by.tokenId },
  });
  await tx.all(query.updateTable(record).set({ active: false, deleted_at: new Date() }).where("id", "=", id));
}

/** One page of users; `total` counts all that fit. */
export async function listUsers(
  tx: Tx,
  filter: readonly Comparison[],
  { startIndex, count }: Paging,
): Promise<{ total: number; users: ScimUser[] }> {
  let found = openUsers();
  for (const each of filter) found = compared(found, each);
  const counted = await tx.first(query.selectFrom(found.as("found")).select(({ fn }) => fn.countAll<string>().as("n")));
  const rows = await tx.all(
    found
      .orderBy("kernel.scim_user.created_at")
      .orderBy("kernel.scim_user.id")
      .offset(startIndex - 1)
      .limit(count),
  );
  return { total: Number(counted?.n ?? 0), users: await withGroups(tx, rows) };
}

export async function userOf(tx: Tx, id: string): Promise<ScimUser> {
  const row = await tx.first(openUsers().where("kernel.scim_user.id", "=", id));
  if (row === undefined) throw scimProblem.unknown();
  const [user] = await withGroups(tx, [row]);
  if (user === undefined) throw scimProblem.unknown();
  return user;
}

function openUsers() {
  return query
    .selectFrom("kernel.scim_user")
    .innerJoin("kernel.membership", (join) =>
      join
        .onRef("kernel.membership.id", "=", "kernel.scim_user.membership_id")
        .onRef("kernel.membership.tenant_id", "=", "kernel.scim_user.tenant_id"),
    )
    .select([
      "kernel.scim_user.id",
      "kernel.scim_user.user_name",
      "kernel.scim_user.external_id",
      "kernel.scim_user.given_name",
      "kernel.scim_user.family_name",
      "kernel.scim_user.version",
      "kernel.scim_user.created_at",
      "kernel.scim_user.updated_at",
      "kernel.membership.email",
      // An admin may have ended the membership here: then the person is not active, whatever the directory last said.
      sql<boolean>`kernel.scim_user.active and kernel.membership.status = 'active'`.as("active"),
    ])
    .where("kernel.scim_user.deleted_at", "is", null);
}
type Open = ReturnType<typeof openUsers>;
type OpenRow = {
  id: string;
  user_name: string;
  external_id: string | null;
  given_name: string | null;
  family_name: string | null;
  version: number;
  created_at: Date;
  updated_at: Date;
  email: string;
  active: boolean;
};

function compared(found: Open, { attribute, value }: Comparison): Open {
  if (attribute === "active" && typeof value === "boolean") {
    return found.where(sql<boolean>`(kernel.scim_user.active and kernel.membership.status = 'active')`, "=", value);
  }
  if (typeof value === "string") {
    switch (attribute) {
      case "username":
        return found.where(sql<string>`lower(kernel.scim_user.user_name)`, "=", value.toLowerCase());
      case "externalid":
        return found.where("kernel.scim_user.external_id", "=", value);
      case "id":
        return found.where(sql<string>`kernel.scim_user.id::text`, "=", value);
      case "emails":
      case "emails.value":
        return found.where("kernel.membership.email", "=", value.toLowerCase());
    }
  }
  throw scimProblem.filter_unreadable({ values: { reason: JSON.stringify(attribute.slice(0, 60)) } });
}

async function withGroups(tx: Tx, rows: readonly OpenRow[]): Promise<ScimUser[]> {
  if (rows.length === 0) return [];
  const places = await tx.all(
    query
      .selectFrom("kernel.scim_group_member")
      .innerJoin("kernel.scim_group", (join) =>
        join
          .onRef("kernel.scim_group.id", "=", "kernel.scim_group_member.group_id")
          .onRef("kernel.scim_group.tenant_id", "=", "kernel.scim_group_member.tenant_id"),
      )
      .select(["kernel.scim_group_member.scim_user_id", "kernel.scim_group.id", "kernel.scim_group.display_name"])
      .where("kernel.scim_group_member.deleted_at", "is", null)
      .where("kernel.scim_group.deleted_at", "is", null)
      .where(
        "kernel.scim_group_member.scim_user_id",
        "in",
        rows.map((row) => row.id),
      ),
  );
  return rows.map((row) => ({
    id: row.id,
    userName: row.user_name,
    email: row.email,
    externalId: row.external_id,
    givenName: row.given_name,
    familyName: row.family_name,
    active: row.active,
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    groups: places
      .filter((place) => place.scim_user_id === row.id)
      .map((place) => ({ id: place.id, name: place.display_name })),
  }));
}

async function lockUser(tx: Tx, id: string) {
  const row = await tx.first(
    query
      .selectFrom("kernel.scim_user")
      .innerJoin("kernel.membership", (join) =>
        join
          .onRef("kernel.membership.id", "=", "kernel.scim_user.membership_id")
          .onRef("kernel.membership.tenant_id", "=", "kernel.scim_user.tenant_id"),
      )
      .select([
        "kernel.scim_user.id",
        "kernel.scim_user.user_name",
        "kernel.scim_user.external_id",
        "kernel.scim_user.given_name",
        "kernel.scim_user.family_name",
        "kernel.scim_user.active",
        "kernel.scim_user.version",
        "kernel.scim_user.membership_id",
        "kernel.membership.user_id",
        "kernel.membership.name",
        "kernel.membership.email",
        "kernel.membership.status",
        "kernel.membership.version as membership_version",
      ])
      .where("kernel.scim_user.id", "=", id)
      .where("kernel.scim_user.deleted_at", "is", null)
      .forUpdate(),
  );
  if (row === undefined) throw scimProblem.unknown();
  return row;
}

async function rename(
  tx: Tx,
  row: { membership_id: string; membership_version: number },
  after: { name: string; email: string },
): Promise<void> {
  await tx.record({
    action: "kernel.membership.rename",
    record: "kernel.membership",
    rowId: row.membership_id,
    version: row.membership_version + 1,
  });
  await tx.all(query.updateTable("kernel.membership").set(after).where("id", "=", row.membership_id));
}

/** A directory moves no owner's address: who reads that mailbox could become them. */
async function refuseOwner(tx: Tx, id: string): Promise<void> {
  const member = await tx.first(query.selectFrom("kernel.membership").select(["role", "status"]).where("id", "=", id));
  if (member?.role === "owner" && member.status === "active") throw scimProblem.kept();
}

/** Ends an open membership. An owner's ends by another owner in Probity alone; so the one kept for emergencies stays too. */
async function endMembership(tx: Tx, id: string): Promise<void> {
  const member = await tx.first(query.selectFrom("kernel.membership").select(["role", "status"]).where("id", "=", id));
  if (member?.status !== "active") return;
  if (member.role === "owner") throw scimProblem.kept();
  await removeMember(tx, id);
}

async function refuseTaken(tx: Tx, userName: string): Promise<void> {
  const found = query
    .selectFrom(record)
    .select("id")
    .where(sql<string>`lower(user_name)`, "=", userName.toLowerCase());
  if (await tx.first(found.where("deleted_at", "is", null)))
    throw scimProblem.taken({ values: { what: "This userName" } });
}

function nameOf(wish: Pick<UserWish, "givenName" | "familyName">, email: string): string {
  const name = plainName([wish.givenName ?? "", wish.familyName ?? ""].join(" "))
    .slice(0, 200)
    .trim();
  return name === "" ? (email.split("@", 1)[0] ?? email) : name;
}
