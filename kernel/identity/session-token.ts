import { createHash, randomBytes } from "node:crypto";
import type { Pool, PoolClient } from "pg";
import { cookieName } from "../http/credential.ts";
import type { NewSession } from "./session.ts";
import { sessionHash } from "./session-hash.ts";

/** No session lives longer, whatever its workspaces allow. */
export const sessionCeilingSeconds = 7 * 24 * 3600;

/** What is kept of a token whose session awaits its second factor (identity.await_factor in SQL). */
export function awaitingHash(token: string): string {
  return createHash("sha256")
    .update(`awaits factor:${sessionHash(token)}`, "utf8")
    .digest("hex");
}

/** 192 random bits. */
export function newToken(): string {
  return randomBytes(24).toString("base64url");
}

type Row = { id: string; user_id: string; expires_at: Date };

/**
 * Gives a session a new token, the old one is worth nothing from then on (ASVS 5.0 7.2.4). Its age goes on: a new token
 * makes no longer session. Undefined when the session has ended. `assurance` raises it.
 */
export async function rotateSession(
  database: Pool | PoolClient,
  token: string,
  assurance?: 2,
): Promise<NewSession | undefined> {
  const fresh = newToken();
  const found = await database.query<Row>(
    `update identity.session set token = $2, assurance = greatest(assurance, $3::smallint), updated_at = now()
     where token = $1 and expires_at > now() returning id, user_id, expires_at`,
    [sessionHash(token), sessionHash(fresh), assurance ?? 1],
  );
  return madeOf(found.rows[0], fresh);
}

/** Completes a half sign-in: a new token with two factors proved. Of two that race, one gets it. */
export async function completeSession(database: Pool | PoolClient, token: string): Promise<NewSession | undefined> {
  const fresh = newToken();
  const found = await database.query<Row>(
    `update identity.session set token = $2, assurance = 2, awaits_factor = false, updated_at = now(), last_seen_at = now(),
       expires_at = created_at + make_interval(secs => $3)
     where token = $1 and awaits_factor and expires_at > now() returning id, user_id, expires_at`,
    [awaitingHash(token), sessionHash(fresh), sessionCeilingSeconds],
  );
  return madeOf(found.rows[0], fresh);
}

/** Whose half sign-in this token is; undefined when it is none or has ended. */
export async function awaitingSession(
  database: Pool | PoolClient,
  token: string,
): Promise<{ sessionId: string; userId: string; email: string } | undefined> {
  const found = await database.query<{ id: string; user_id: string; email: string }>(
    `select s.id, s.user_id, u.email from identity.session s join identity."user" u on u.id = s.user_id and u.disabled_at is null
     where s.token = $1 and s.awaits_factor and s.expires_at > now()`,
    [awaitingHash(token)],
  );
  const row = found.rows[0];
  return row === undefined ? undefined : { sessionId: row.id, userId: row.user_id, email: row.email };
}

/** The cookie of a session: out of reach of scripts, of other sites and, on HTTPS, of plain HTTP (IDN-08). */
export function sessionCookie(https: boolean, session: NewSession): { "set-cookie": string } {
  const secure = https ? "; Secure" : "";
  return {
    "set-cookie": `${cookieName(https)}=${session.token}; Path=/; HttpOnly; SameSite=Lax${secure}; Expires=${session.expiresAt.toUTCString()}`,
  };
}

function madeOf(row: Row | undefined, token: string): NewSession | undefined {
  return row === undefined ? undefined : { token, userId: row.user_id, expiresAt: row.expires_at };
}
