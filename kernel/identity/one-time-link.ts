import { createHash, randomBytes } from "node:crypto";
import type { Pool, PoolClient } from "pg";

export type LinkPurpose = "reset" | "register" | "verify";
export type OneTimeLink = { readonly userId: string | null; readonly email: string };

const prefixes = { reset: "pr_", register: "re_", verify: "ve_" } as const satisfies Record<LinkPurpose, string>;
/** Minutes a link lives (ASVS 5.0 6.4.1: short). */
export const linkMinutes = { reset: 60, register: 60, verify: 24 * 60 } as const satisfies Record<LinkPurpose, number>;
/** Mails of one kind to one address within an hour; what is asked for beyond that is answered the same and sends none. */
const hourlyMax = 3;

/** Makes a link for this address, unless it got several within the hour. The token goes into the mail alone. */
export async function makeLink(
  database: PoolClient,
  link: { purpose: LinkPurpose; email: string; userId: string | null },
): Promise<string | undefined> {
  const token = `${prefixes[link.purpose]}${randomBytes(32).toString("base64url")}`;
  // One at a time for an address: of fifty at once each counts those before it. The lock ends with the transaction.
  await database.query("select pg_advisory_xact_lock(7072, hashtext($1))", [`${link.purpose}:${link.email}`]);
  const made = await database.query(
    `insert into identity.one_time_link (token_hash, purpose, user_id, email, expires_at)
     select $1, $2, $3, $4, now() + make_interval(mins => $5)
     where (select count(*) from identity.one_time_link l
       where l.email = $4 and l.purpose = $2 and l.created_at > now() - interval '1 hour') < $6`,
    [tokenHash(token), link.purpose, link.userId, link.email, linkMinutes[link.purpose], hourlyMax],
  );
  return made.rowCount === 1 ? token : undefined;
}

/** Whom a link that still works is for. */
export async function linkOf(
  database: Pool | PoolClient,
  purpose: LinkPurpose,
  token: string,
): Promise<OneTimeLink | undefined> {
  const found = await database.query<{ user_id: string | null; email: string }>(
    "select user_id, email from identity.one_time_link where token_hash = $1 and purpose = $2 and expires_at > now()",
    [tokenHash(token), purpose],
  );
  return linkFrom(found.rows[0]);
}

/**
 * Uses a link, in the transaction of what it is used for: of two at once one finds it. Every other link of its kind to the
 * same address ends with it; they stay counted until the hour is over.
 */
export async function useLink(
  client: PoolClient,
  purpose: LinkPurpose,
  token: string,
): Promise<OneTimeLink | undefined> {
  const found = await client.query<{ user_id: string | null; email: string }>(
    `update identity.one_time_link set expires_at = now() where token_hash = $1 and purpose = $2 and expires_at > now()
     returning user_id, email`,
    [tokenHash(token), purpose],
  );
  const link = linkFrom(found.rows[0]);
  if (link === undefined) return undefined;
  await client.query(
    "update identity.one_time_link set expires_at = now() where email = $1 and purpose = $2 and expires_at > now()",
    [link.email, purpose],
  );
  await client.query("delete from identity.one_time_link where expires_at < now() - interval '2 days'");
  return link;
}

function tokenHash(token: string): Buffer {
  return createHash("sha256").update(token, "utf8").digest();
}

function linkFrom(row: { user_id: string | null; email: string } | undefined): OneTimeLink | undefined {
  return row === undefined ? undefined : { userId: row.user_id, email: row.email };
}
