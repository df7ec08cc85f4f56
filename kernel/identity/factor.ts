import type { Pool, PoolClient } from "pg";
import type { Source } from "../work/credential.ts";
import { doorProblem } from "../work/error.ts";
import { factorProblem } from "./factor-error.ts";
import { underFactorLock } from "./factor-guard.ts";
import type { Identity } from "./identity.ts";
import { inIdentity } from "./identity-transaction.ts";
import { factorMail } from "./mail-text.ts";
import { noteSession } from "./note.ts";
import {
  checkedPasskey,
  storePasskey,
  takePasskey,
  type Assertion,
  type Registration,
  type RelyingParty,
} from "./passkey.ts";
import { firstRecoveryCodes, replaceRecoveryCodes, takeRecoveryCode } from "./recovery.ts";
import { startSession, type NewSession, type SessionProfile } from "./session.ts";
import { awaitingSession, completeSession, rotateSession } from "./session-token.ts";
import { spendOwnStepUp, spendOwnStepUpUnlessFresh } from "./step-up.ts";
import { base32Of, totpUri } from "./totp.ts";
import { beginTotp, confirmTotp, takeTotp } from "./totp-factor.ts";

/** A person at their own account: who, in which session, with what fresh proof. */
export type Own = SessionProfile & { readonly token: string; readonly grant: string | null; readonly source: Source };

export type Factors = {
  readonly totp: { readonly since: Date } | null;
  readonly passkeys: readonly { id: string; name: string; createdAt: Date; lastUsedAt: Date | null }[];
  readonly recoveryCodesLeft: number;
};

/** One proof of a second factor. */
export type FactorProof =
  | { readonly totp: string }
  | { readonly recoveryCode: string }
  | { readonly passkey: Assertion };

export const ownAct = {
  add: "identity.factor.add",
  remove: "identity.factor.remove",
  recoveryCodes: "identity.factor.recovery_codes",
} as const;

/** What second factors somebody has. No secret of any is in it. */
export async function factorsOf(database: Pool | PoolClient, userId: string): Promise<Factors> {
  const totp = await database.query<{ since: Date }>(
    "select confirmed_at as since from identity.totp where user_id = $1 and confirmed_at is not null",
    [userId],
  );
  const passkeys = await database.query<Factors["passkeys"][number]>(
    `select id, name, created_at as "createdAt", last_used_at as "lastUsedAt" from identity.passkey where user_id = $1 order by created_at`,
    [userId],
  );
  const codes = await database.query<{ left: number }>(
    "select count(*)::integer as left from identity.recovery_code where user_id = $1 and used_at is null",
    [userId],
  );
  return { totp: totp.rows[0] ?? null, passkeys: passkeys.rows, recoveryCodesLeft: codes.rows[0]?.left ?? 0 };
}

/** Begins an authenticator app; nothing counts until a code of it confirms it. The secret is shown once. */
export async function beginOwnTotp({ kernel }: Identity, own: Own): Promise<{ secret: string; uri: string }> {
  const secret = await inIdentity(kernel, async (client) => {
    await spendOwnStepUpUnlessFresh(client, own, { action: ownAct.add, subject: "totp" });
    return beginTotp(client, kernel.rootKey.key, own);
  });
  return { secret: base32Of(secret), uri: totpUri(secret, "Probity", own.email) };
}

/** Confirms it by a code: the session goes on with two factors and a new token, every one with less has ended. */
export async function confirmOwnTotp(
  identity: Identity,
  own: Own,
  code: string,
): Promise<{ session: NewSession; recoveryCodes: string[] }> {
  const { kernel } = identity;
  const made = await underFactorLock(kernel, own, () =>
    inIdentity(kernel, async (client) => {
      // Raised first: setting up a first factor ends every session that has not proved it.
      const session = await rotateSession(client, own.token, 2);
      if (session === undefined) throw doorProblem.session_ended();
      if (!(await confirmTotp(client, kernel.rootKey.key, own, code))) throw factorProblem.refused();
      return { session, recoveryCodes: await firstRecoveryCodes(client, kernel.rootKey.key, own.userId) };
    }),
  );
  if (made === undefined) throw factorProblem.refused();
  await note(identity, own, "kernel.factor.add", "totp");
  return made;
}

/** Adds a passkey to one's own account, with the same effect on sessions. */
export async function addOwnPasskey(
  identity: Identity,
  own: Own,
  party: RelyingParty,
  made: { name: string; response: Registration },
): Promise<{ id: string; session: NewSession; recoveryCodes: string[] }> {
  const { kernel } = identity;
  const passkey = await checkedPasskey(kernel.identityPool, party, own, made.response);
  const added = await inIdentity(kernel, async (client) => {
    const session = await rotateSession(client, own.token, 2);
    if (session === undefined) throw doorProblem.session_ended();
    const id = await storePasskey(client, own.userId, made.name, passkey);
    return { id, session, recoveryCodes: await firstRecoveryCodes(client, kernel.rootKey.key, own.userId) };
  });
  await note(identity, own, "kernel.factor.add", "passkey");
  return added;
}

/** Removes the authenticator app or one passkey. With the last factor go the recovery codes, and every session has one factor again. */
export async function removeOwnFactor(identity: Identity, own: Own, factor: string): Promise<NewSession> {
  const { kernel } = identity;
  const session = await inIdentity(kernel, async (client) => {
    await spendOwnStepUp(client, own, { action: ownAct.remove, subject: factor });
    const removed =
      factor === "totp"
        ? await client.query("delete from identity.totp where user_id = $1 and confirmed_at is not null", [own.userId])
        : await client.query("delete from identity.passkey where user_id = $1 and id = $2", [own.userId, factor]);
    if (removed.rowCount !== 1) throw factorProblem.unknown();
    const rotated = await rotateSession(client, own.token);
    if (rotated === undefined) throw doorProblem.session_ended();
    return rotated;
  });
  await note(identity, own, "kernel.factor.remove", factor === "totp" ? "totp" : "passkey");
  return session;
}

export async function renameOwnPasskey({ kernel }: Identity, own: Own, id: string, name: string): Promise<void> {
  const renamed = await kernel.identityPool.query(
    "update identity.passkey set name = $3 where user_id = $1 and id = $2",
    [own.userId, id, name],
  );
  if (renamed.rowCount !== 1) throw factorProblem.unknown();
}

/** New recovery codes in place of all older ones. */
export async function renewOwnRecoveryCodes(identity: Identity, own: Own): Promise<string[]> {
  const { kernel } = identity;
  const codes = await inIdentity(kernel, async (client) => {
    await spendOwnStepUp(client, own, { action: ownAct.recoveryCodes, subject: own.userId });
    const { totp, passkeys } = await factorsOf(client, own.userId);
    if (totp === null && passkeys.length === 0) throw factorProblem.none_yet();
    return replaceRecoveryCodes(client, kernel.rootKey.key, own.userId);
  });
  await note(identity, own, "kernel.factor.add", "recovery codes");
  return codes;
}

/** Completes a half sign-in with its second factor: a new token, and the half one is worth nothing any more. */
export async function proveFactor(
  identity: Identity,
  half: { token: string; source: Source },
  proof: FactorProof,
  party: RelyingParty | undefined,
): Promise<NewSession> {
  const { kernel } = identity;
  const pool = kernel.identityPool;
  const awaiting = await awaitingSession(pool, half.token);
  if (awaiting === undefined) throw doorProblem.session_ended();
  const { userId, sessionId } = awaiting;
  const key = kernel.rootKey.key;
  const proved = await underFactorLock(kernel, { userId, source: half.source }, async () => {
    if ("totp" in proof) return (await takeTotp(pool, key, userId, proof.totp)) ? "totp" : undefined;
    if ("recoveryCode" in proof)
      return (await takeRecoveryCode(pool, key, userId, proof.recoveryCode)) ? "recovery code" : undefined;
    if (party === undefined) return undefined;
    const owner = await takePasskey(pool, party, "factor", { userId, sessionId }, proof.passkey);
    return owner === userId ? "passkey" : undefined;
  });
  const outcome = proved === undefined ? "refused" : "done";
  await noteSession(kernel, {
    action: "kernel.factor.prove",
    outcome,
    userId,
    reason: proved ?? "factor",
    source: half.source,
  });
  if (proved === undefined) throw factorProblem.refused();
  const session = await completeSession(pool, half.token);
  if (session === undefined) throw doorProblem.session_ended();
  return session;
}

/** Signs in by a passkey alone: what it is and the person verified by it are two factors. */
export async function signInByPasskey(
  identity: Identity,
  party: RelyingParty,
  attempt: { response: Assertion; source: Source; userAgent: string | null; previousToken?: string | undefined },
): Promise<NewSession> {
  const { kernel } = identity;
  const { source } = attempt;
  const nobody = { userId: null, sessionId: null };
  const userId = await takePasskey(kernel.identityPool, party, "sign-in", nobody, attempt.response);
  if (userId === undefined) {
    await noteSession(kernel, {
      action: "kernel.session.start",
      outcome: "refused",
      userId: null,
      reason: "passkey",
      source,
    });
    throw factorProblem.refused();
  }
  const half = await startSession(identity, { ...attempt, userId });
  const session = await completeSession(kernel.identityPool, half.token);
  if (session === undefined) throw doorProblem.session_ended();
  await noteSession(kernel, { action: "kernel.session.start", outcome: "done", userId, reason: "passkey", source });
  return session;
}

/** Leaves the event, and tells the person: whoever changed how they sign in may not be them. */
async function note(
  { kernel, post, site }: Identity,
  own: Own,
  action: "kernel.factor.add" | "kernel.factor.remove",
  reason: "totp" | "passkey" | "recovery codes",
): Promise<void> {
  const factor = reason === "totp" ? "an authenticator app" : "a passkey";
  const change = reason === "recovery codes" ? "codes" : action === "kernel.factor.add" ? "added" : "removed";
  const mail = factorMail.compose({ name: own.name, change, factor, url: site.url });
  await post.queue(kernel.identityPool, mail, { address: own.email, userId: own.userId });
  await noteSession(kernel, { action, outcome: "done", userId: own.userId, reason, source: own.source });
}
