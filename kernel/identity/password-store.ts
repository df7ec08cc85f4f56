import { randomUUIDv7 as uuidv7 } from "node:crypto";
import type { PoolClient } from "pg";

/**
 * Stores a new password and ends every session of the person but the named one, open links to reset it too. A password
 * chosen by a mailed link proves the mailbox. Where the address was not confirmed until then, ways in that were laid before
 * go: the account may have been made by somebody who does not read that mailbox.
 */
export async function storePassword(
  client: PoolClient,
  change: { userId: string; hash: string; provesMailbox: boolean; exceptSessionId?: string },
): Promise<void> {
  const { userId, hash, provesMailbox } = change;
  const person = await client.query<{ email_verified: boolean }>(
    `select email_verified from identity."user" where id = $1 for update`,
    [userId],
  );
  if (provesMailbox && person.rows[0]?.email_verified === false) {
    await forgetWaysIn(client, userId);
  }
  const changed = await client.query(
    "update identity.account set password = $2, updated_at = now() where user_id = $1 and provider_id = 'credential'",
    [userId, hash],
  );
  if (changed.rowCount === 0) {
    await client.query(
      `insert into identity.account (id, user_id, account_id, provider_id, password) values ($1, $2::uuid, $2::text, 'credential', $3)`,
      [uuidv7(), userId, hash],
    );
  }
  await client.query("delete from identity.session where user_id = $1 and id is distinct from $2", [
    userId,
    change.exceptSessionId ?? null,
  ]);
  await client.query(
    "update identity.one_time_link set expires_at = now() where user_id = $1 and purpose = 'reset' and expires_at > now()",
    [userId],
  );
}

/** Takes away every way in but a password, and counts the address as confirmed: its reader is known now. */
export async function forgetWaysIn(client: PoolClient, userId: string): Promise<void> {
  await client.query("delete from identity.account where user_id = $1 and provider_id <> 'credential'", [userId]);
  await client.query("delete from identity.passkey where user_id = $1", [userId]);
  await client.query("delete from identity.totp where user_id = $1", [userId]);
  await client.query("delete from identity.recovery_code where user_id = $1", [userId]);
  await client.query(`update identity."user" set email_verified = true, updated_at = now() where id = $1`, [userId]);
}
