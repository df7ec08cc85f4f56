import { createHash, randomBytes, randomUUIDv7 as uuidv7 } from "node:crypto";
import { crc32 } from "node:zlib";
import { sql } from "kysely";
import { memberNames } from "../tenancy/lookup.ts";
import { query } from "../work/query.ts";
import type { Tx } from "../work/door.ts";
import { doorProblem } from "../work/error.ts";
import { identityProblem } from "./error.ts";

/** A fresh secret: 32 random bytes; only its SHA-256 is stored, as the door compares it. */
export function newSecret(prefix: string): { token: string; hash: Buffer } {
  const token = `${prefix}${randomBytes(32).toString("base64url")}`;
  return { token, hash: createHash("sha256").update(token, "utf8").digest() };
}

const keyPrefix = "probity_pk_";

/**
 * A key as scanners of leaked secrets find it: a prefix that is ours alone, 256 random bits, and a checksum, so that a
 * find is certain without asking anybody: probity_pk_[A-Za-z0-9_-]{43}[0-9a-f]{8}
 */
export function newKey(): { token: string; hash: Buffer } {
  const random = randomBytes(32).toString("base64url");
  const token = `${keyPrefix}${random}${checksum(random)}`;
  return { token, hash: createHash("sha256").update(token, "utf8").digest() };
}

/** Whether a bearer token may be an API key: with its checksum right, or one from before there was a checksum. */
export function looksLikeKey(token: string): boolean {
  if (!token.startsWith(keyPrefix)) return token.startsWith("pk_");
  const [, random = "", sum] = /^([\w-]{43})([0-9a-f]{8})$/.exec(token.slice(keyPrefix.length)) ?? [];
  return sum !== undefined && checksum(random) === sum;
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, "0");
}

/**
 * Makes an API key for a member of the bound workspace. The key may do what is listed AND what its member's role still
 * may at the time of use. The token (`probity_pk_…`) is given back once and can't be read again.
 */
export async function issueKey(
  tx: Tx,
  key: {
    membershipId: string;
    name: string;
    permissions: readonly string[];
    expiresAt: Date;
    networks?: readonly string[] | undefined;
    /** Null or absent: all that its member sees. */
    limit?: KeyLimit | null | undefined;
  },
): Promise<{ id: string; token: string }> {
  const id = uuidv7();
  const { token, hash } = newKey();
  const limit = key.limit ?? null;
  const networks = key.networks === undefined || key.networks.length === 0 ? null : [...key.networks];
  await tx.record({
    action: "kernel.api_key.create",
    record: "kernel.api_key",
    rowId: id,
    version: 1,
    fields: {
      name: key.name,
      permissions: key.permissions.join(" "),
      expires_at: key.expiresAt,
      ...(networks === null ? {} : { networks: networks.join(" ") }),
      ...(limit === null ? {} : { members: limit.members.join(" "), records: limit.records.join(" ") }),
    },
  });
  await tx.all(
    query.insertInto("kernel.api_key").values({
      id,
      membership_id: key.membershipId,
      name: key.name,
      secret_hash: hash,
      permissions: [...key.permissions],
      expires_at: key.expiresAt,
      networks,
      member_ids: limit === null ? null : [...limit.members],
      record_ids: limit === null ? null : [...limit.records],
    }),
  );
  return { id, token };
}

/** Of what has an owner, a limited key sees the records of these members and these records, and what comes of them (ACC-04). */
export type KeyLimit = { readonly members: readonly string[]; readonly records: readonly string[] };

export type OwnedRecord = { readonly record: string; readonly id: string; readonly title: string };

/** What a key of the bound person can be limited to: the apps whose records have owners, and the records they see. */
export async function limitable(tx: Tx): Promise<{ apps: string[]; records: OwnedRecord[] }> {
  const owned = sql<OwnedRecord>`select record, id, title from kernel.owned_records() order by record, title limit 500`;
  const tables = await tx.all(
    query
      .selectFrom("kernel.governed_table")
      .select("record")
      .where(sql<boolean>`options #>> '{audience,owner}' = 'true'`),
  );
  const apps = [...new Set(tables.map(({ record }) => record.slice(0, record.indexOf("."))))];
  return { apps, records: await tx.all({ compile: () => owned.compile(query) }) };
}

/**
 * A person makes a key of their own (kernel.key.change): with nothing they may not do themselves, and for no longer than
 * the workspace's policy. A key makes no keys: it would outlive its own end.
 */
export async function makeOwnKey(
  tx: Tx,
  wanted: {
    name: string;
    permissions: readonly string[];
    days: number;
    networks: readonly string[];
    maxDays: number;
    limit?: KeyLimit | undefined;
  },
): Promise<{ id: string; token: string; expiresAt: Date }> {
  if (tx.credential.kind !== "session") throw identityProblem.key_by_person();
  const own = new Set(await permissionsOf(tx, tx.who.actorId));
  const missing = wanted.permissions.find((permission) => !own.has(permission));
  if (missing !== undefined) throw doorProblem.permission_missing({ values: { permission: missing.slice(0, 100) } });
  if (wanted.days > wanted.maxDays) throw identityProblem.key_too_long({ values: { days: wanted.maxDays } });
  if (wanted.limit !== undefined) {
    const { apps } = await limitable(tx);
    const beyond = wanted.permissions.find((permission) => !apps.includes(permission.split(".")[0] ?? ""));
    if (beyond !== undefined) throw identityProblem.key_limit_unkept({ values: { permission: beyond.slice(0, 100) } });
  }
  const expiresAt = new Date(Date.now() + wanted.days * 86_400_000);
  const { id, token } = await issueKey(tx, { ...wanted, membershipId: tx.who.actorId, expiresAt });
  return { id, token, expiresAt };
}

/** What a member of the bound workspace may do now. */
export async function permissionsOf(tx: Tx, membershipId: string): Promise<string[]> {
  const row = await tx.first(
    query.selectNoFrom(sql<string[]>`kernel.permissions_of(${membershipId})`.as("permissions")),
  );
  return row?.permissions ?? [];
}

export type ListedKey = {
  readonly id: string;
  readonly name: string;
  readonly member: { readonly id: string; readonly name: string | null };
  readonly yours: boolean;
  readonly permissions: readonly string[];
  readonly networks: readonly string[];
  /** Null: all that its member sees. */
  readonly limit: KeyLimit | null;
  readonly state: "active" | "ended" | "revoked";
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly revokedAt: Date | null;
  /** To the minute; null when it was never used. */
  readonly lastUsedAt: Date | null;
  readonly lastUsedFrom: string | null;
};

/** Keys of the bound workspace, also those that have ended: one's own, or everybody's. The newest first. */
export async function listKeys(tx: Tx, whose: "own" | "all"): Promise<ListedKey[]> {
  const rows = await tx.all(
    query
      .selectFrom("kernel.api_key")
      .select(["id", "name", "membership_id", "permissions", "created_at", "expires_at", "revoked_at"])
      .select(["member_ids", "record_ids"])
      .select(sql<string[] | null>`networks::text[]`.as("networks"))
      .where("deleted_at", "is", null)
      .$if(whose === "own", (own) => own.where("membership_id", "=", tx.who.actorId))
      .orderBy("created_at", "desc")
      .limit(1000),
  );
  const names = await memberNames(tx);
  const asked = sql<{ key_id: string; used_at: Date; source: string | null }>`select * from kernel.keys_used()`;
  const used = new Map((await tx.all({ compile: () => asked.compile(query) })).map((row) => [row.key_id, row]));
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    member: { id: row.membership_id, name: names.get(row.membership_id) ?? null },
    yours: row.membership_id === tx.who.actorId,
    permissions: row.permissions,
    networks: row.networks ?? [],
    limit:
      row.member_ids === null && row.record_ids === null
        ? null
        : { members: row.member_ids ?? [], records: row.record_ids ?? [] },
    state: row.revoked_at !== null ? "revoked" : row.expires_at.getTime() <= Date.now() ? "ended" : "active",
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    lastUsedAt: used.get(row.id)?.used_at ?? null,
    lastUsedFrom: used.get(row.id)?.source ?? null,
  }));
}

/** Revokes a key, one's own or anybody's; the tokens made from it end with it. Another's looks as if it did not exist. */
export async function revokeKey(tx: Tx, id: string, whose: "own" | "all"): Promise<void> {
  const row = await tx.first(
    query
      .selectFrom("kernel.api_key")
      .select(["version", "revoked_at"])
      .where("id", "=", id)
      .where("deleted_at", "is", null)
      .$if(whose === "own", (own) => own.where("membership_id", "=", tx.who.actorId))
      .forUpdate(),
  );
  if (row === undefined) throw identityProblem.key_unknown();
  if (row.revoked_at !== null) return;
  await tx.record({
    action: "kernel.api_key.revoke",
    record: "kernel.api_key",
    rowId: id,
    version: row.version + 1,
  });
  await tx.all(query.updateTable("kernel.api_key").set({ revoked_at: new Date() }).where("id", "=", id));
}
