import { createHash, randomBytes, randomUUIDv7 as uuidv7 } from "node:crypto";
import type { FastifyRequest } from "fastify";
import { sql } from "kysely";
import { DatabaseError, type PoolClient } from "pg";
import type { Tx } from "../work/door.ts";
import { doorProblem } from "../work/error.ts";
import { query } from "../work/query.ts";

/** How long a fresh proof is good for its one act. */
export const stepUpMinutes = 5;
/** Who signed in this recently has just proved who they are: enough for setting up a first factor. */
const freshMinutes = 10;

/** What a fresh proof is for: one act on one subject. For a document the subject is its hash, so that it signs what was shown. */
export type StepUpAct = { readonly action: string; readonly subject: string };
/** What the subject is called, for the page that asks: no part of what the proof is for. */
type ToldAct = StepUpAct & { readonly told?: string };
export type StepUpMethod = "password" | "totp" | "passkey" | "provider";

/** The grant a request brings along. */
export function stepUpOf(request: FastifyRequest): string | null {
  const sent = request.headers["step-up"];
  return typeof sent === "string" && /^[\w-]{20,100}$/.test(sent) ? sent : null;
}

/**
 * Uses up the caller's fresh proof for this act, in the act's own transaction: refused here, nothing of it happens. Without a grant, or
 * with one of another session, workspace, act or subject, or one that is used or too old: `kernel.step_up_required`, which
 * names the act, so that the page can ask and send the request again (IDN-10). Keys and links prove nobody's presence.
 */
export async function spendStepUp(tx: Tx, request: FastifyRequest, act: ToldAct): Promise<void> {
  const grant = stepUpOf(request);
  const { credential } = tx;
  if (grant === null || credential.kind !== "session") throw stepUpRequired(act, tx.who.tenantId);
  try {
    await tx.all(
      query.selectNoFrom(
        sql<null>`kernel.use_step_up(${grant}, ${credential.token}, ${act.action}, ${act.subject})`.as("used"),
      ),
    );
  } catch (error) {
    if (error instanceof DatabaseError && error.message === "step_up_required")
      throw stepUpRequired(act, tx.who.tenantId);
    throw error;
  }
}

/** The same for an act on one's own account, which belongs to no workspace. */
export async function spendOwnStepUp(
  client: PoolClient,
  own: { sessionId: string; grant: string | null },
  act: StepUpAct,
): Promise<void> {
  const used = await client.query(
    `update identity.step_up_grant set used_at = clock_timestamp()
     where secret_hash = $1 and session_id = $2 and tenant_id is null and action = $3 and subject = $4
       and used_at is null and expires_at > clock_timestamp()`,
    [grantHash(own.grant ?? ""), own.sessionId, act.action, act.subject],
  );
  if (own.grant === null || used.rowCount !== 1) throw stepUpRequired(act, null);
}

/** As spendOwnStepUp, but who has no factor yet and signed in just now has proved enough. */
export async function spendOwnStepUpUnlessFresh(
  client: PoolClient,
  own: { sessionId: string; grant: string | null },
  act: StepUpAct,
): Promise<void> {
  const fresh = await client.query(
    `select 1 from identity.session s join identity."user" u on u.id = s.user_id
     where s.id = $1 and u.second_factor_at is null and s.created_at > now() - make_interval(mins => $2)`,
    [own.sessionId, freshMinutes],
  );
  if (fresh.rowCount !== 1) await spendOwnStepUp(client, own, act);
}

/** Makes the grant of a fresh proof. What is kept is its hash. */
export async function grantStepUp(
  client: PoolClient,
  proved: StepUpAct & { sessionId: string; workspace: string | null; method: StepUpMethod },
): Promise<{ grant: string; expiresAt: Date }> {
  const grant = randomBytes(32).toString("base64url");
  return { grant, expiresAt: await storeGrant(client, proved, grantHash(grant)) };
}

/** Stores a grant of which the hash alone is known here. */
export async function storeGrant(
  client: PoolClient,
  proved: StepUpAct & { sessionId: string; workspace: string | null; method: StepUpMethod },
  hash: Buffer,
): Promise<Date> {
  const made = await client.query<{ expires_at: Date }>(
    `insert into identity.step_up_grant (id, secret_hash, session_id, tenant_id, action, subject, method, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, now() + make_interval(mins => $8)) returning expires_at`,
    [uuidv7(), hash, proved.sessionId, proved.workspace, proved.action, proved.subject, proved.method, stepUpMinutes],
  );
  await client.query("delete from identity.step_up_grant where expires_at < now() - interval '1 day'");
  const row = made.rows[0];
  if (row === undefined) throw new Error("A grant was not stored");
  return row.expires_at;
}

/** The refusal that names the act, so that the page can ask and send the request again. */
export function stepUpRequired({ action, subject, told }: ToldAct, workspace: string | null): Error {
  const named = told === undefined ? {} : { told: told.slice(0, 200) };
  return doorProblem.step_up_required({ members: { stepUp: { action, subject, workspace, ...named } } });
}

export function grantHash(grant: string): Buffer {
  return createHash("sha256").update(grant, "utf8").digest();
}
