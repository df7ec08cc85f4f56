import { randomUUIDv7 as uuidv7 } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { Pool, PoolClient } from "pg";
import { newRecoveryCode, recoveryHash } from "./factor-secret.ts";

const codeCount = 10;

/** Gives a person new recovery codes in place of all older ones. They are shown once: only keyed hashes are kept. */
export async function replaceRecoveryCodes(client: PoolClient, rootKey: KeyObject, userId: string): Promise<string[]> {
  const codes = Array.from({ length: codeCount }, newRecoveryCode);
  await client.query("delete from identity.recovery_code where user_id = $1", [userId]);
  await client.query(
    `insert into identity.recovery_code (id, user_id, code_hash)
     select * from unnest($1::uuid[], array_fill($2::uuid, array[$4::integer]), $3::bytea[])`,
    [codes.map(() => uuidv7()), userId, codes.map((code) => recoveryHash(rootKey, userId, code)), codes.length],
  );
  return codes;
}

/** Codes for who has none left to use, so that a first factor never comes without a way back. */
export async function firstRecoveryCodes(client: PoolClient, rootKey: KeyObject, userId: string): Promise<string[]> {
  const left = await client.query(
    "select 1 from identity.recovery_code where user_id = $1 and used_at is null limit 1",
    [userId],
  );
  return left.rowCount === 0 ? replaceRecoveryCodes(client, rootKey, userId) : [];
}

/** Takes a code once: of two that race, the second waits for the first and finds it used. */
export async function takeRecoveryCode(
  database: Pool | PoolClient,
  rootKey: KeyObject,
  userId: string,
  code: string,
): Promise<boolean> {
  const taken = await database.query(
    "update identity.recovery_code set used_at = now() where user_id = $1 and code_hash = $2 and used_at is null",
    [userId, recoveryHash(rootKey, userId, code)],
  );
  return taken.rowCount === 1;
}
