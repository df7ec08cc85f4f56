import { randomBytes, type KeyObject } from "node:crypto";
import type { Pool, PoolClient } from "pg";
import { factorProblem } from "./factor-error.ts";
import { openFactor, sealFactor } from "./factor-secret.ts";
import { matchingStep } from "./totp.ts";

/** RFC 4226 4 asks for 128 bits at least and recommends 160. */
const secretBytes = 20;
const setUpMinutes = 15;

/** Begins to set up an authenticator app: a new secret, sealed, that this session alone may confirm. */
export async function beginTotp(
  client: PoolClient,
  rootKey: KeyObject,
  own: { userId: string; sessionId: string },
): Promise<Buffer> {
  const secret = randomBytes(secretBytes);
  const begun = await client.query(
    `insert into identity.totp as t (user_id, secret_sealed, session_id) values ($1, $2, $3)
     on conflict (user_id) do update set secret_sealed = excluded.secret_sealed, session_id = excluded.session_id, created_at = now(), last_step = 0
     where t.confirmed_at is null`,
    [own.userId, sealFactor(rootKey, own.userId, secret), own.sessionId],
  );
  if (begun.rowCount !== 1) throw factorProblem.totp_on();
  return secret;
}

/** True when the code shows that the app holds the secret: from now on it counts. The code is used up by it. */
export async function confirmTotp(
  client: PoolClient,
  rootKey: KeyObject,
  own: { userId: string; sessionId: string },
  code: string,
): Promise<boolean> {
  const found = await client.query<{ secret_sealed: Buffer }>(
    `select secret_sealed from identity.totp where user_id = $1 and session_id = $2 and confirmed_at is null
       and created_at > now() - make_interval(mins => $3) for update`,
    [own.userId, own.sessionId, setUpMinutes],
  );
  const row = found.rows[0];
  if (row === undefined) throw factorProblem.totp_not_begun();
  const step = matchingStep(openFactor(rootKey, own.userId, row.secret_sealed), code, new Date());
  if (step === undefined) return false;
  await client.query(
    "update identity.totp set confirmed_at = now(), last_step = $2, session_id = null where user_id = $1",
    [own.userId, step],
  );
  return true;
}

/** True when the code is right and no code of its time step or a later one was taken before (ASVS 5.0 6.5.1). */
export async function takeTotp(
  database: Pool | PoolClient,
  rootKey: KeyObject,
  userId: string,
  code: string,
): Promise<boolean> {
  const found = await database.query<{ secret_sealed: Buffer }>(
    "select secret_sealed from identity.totp where user_id = $1 and confirmed_at is not null",
    [userId],
  );
  const row = found.rows[0];
  if (row === undefined) return false;
  const step = matchingStep(openFactor(rootKey, userId, row.secret_sealed), code, new Date());
  if (step === undefined) return false;
  const taken = await database.query(
    "update identity.totp set last_step = $2 where user_id = $1 and confirmed_at is not null and last_step < $2",
    [userId, step],
  );
  return taken.rowCount === 1;
}
