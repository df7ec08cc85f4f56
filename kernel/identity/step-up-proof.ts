import type { Source } from "../work/credential.ts";
import { doorProblem } from "../work/error.ts";
import type { Own } from "./factor.ts";
import { factorProblem } from "./factor-error.ts";
import { underFactorLock } from "./factor-guard.ts";
import { claimAttempt, forgiveAttempt, guardKeys } from "./guard.ts";
import type { Identity } from "./identity.ts";
import { inIdentity } from "./identity-transaction.ts";
import { noteSession } from "./note.ts";
import { takePasskey, type Assertion, type RelyingParty } from "./passkey.ts";
import { verifyPassword } from "./password.ts";
import type { NewSession } from "./session.ts";
import { rotateSession } from "./session-token.ts";
import { locked } from "./sign-in.ts";
import { grantStepUp, type StepUpAct, type StepUpMethod } from "./step-up.ts";
import { takeTotp } from "./totp-factor.ts";

export type StepUpProof = { readonly password: string } | { readonly totp: string } | { readonly passkey: Assertion };

/**
 * Proves afresh who acts, for one act. Wrong proofs count toward the same lockouts as at sign-in. The session goes on
 * under a new token, and the grant is its alone.
 */
export async function proveStepUp(
  identity: Identity,
  own: Own,
  act: StepUpAct & { workspace: string | null },
  proof: StepUpProof,
  party: RelyingParty | undefined,
): Promise<{ grant: string; expiresAt: Date; session: NewSession }> {
  const { kernel } = identity;
  const method = await look(identity, own, proof, party);
  const outcome = method === undefined ? "refused" : "done";
  await noteSession(kernel, {
    action: "kernel.step_up.grant",
    outcome,
    userId: own.userId,
    reason: act.action,
    source: own.source,
  });
  if (method === undefined) throw factorProblem.refused();
  return inIdentity(kernel, async (client) => {
    const session = await rotateSession(client, own.token);
    if (session === undefined) throw doorProblem.session_ended();
    return { ...(await grantStepUp(client, { ...act, sessionId: own.sessionId, method })), session };
  });
}

async function look(
  identity: Identity,
  own: Own,
  proof: StepUpProof,
  party: RelyingParty | undefined,
): Promise<StepUpMethod | undefined> {
  const { kernel } = identity;
  const { userId, sessionId } = own;
  if ("password" in proof) return (await checkOwnPassword(identity, own, proof.password)) ? "password" : undefined;
  return underFactorLock<StepUpMethod>(kernel, own, async () => {
    if ("totp" in proof)
      return (await takeTotp(kernel.identityPool, kernel.rootKey.key, userId, proof.totp)) ? "totp" : undefined;
    if (party === undefined) return undefined;
    const owner = await takePasskey(kernel.identityPool, party, "step-up", { userId, sessionId }, proof.passkey);
    return owner === userId ? "passkey" : undefined;
  });
}

/** One's own password, under the lockout of the sign-in: a stolen session is no way to guess it. */
export async function checkOwnPassword(
  { kernel }: Identity,
  own: { userId: string; email: string; source: Source },
  password: string,
): Promise<boolean> {
  const keys = guardKeys(kernel.rootKey.key, own.source.address, own.email);
  if (!(await claimAttempt(kernel, keys))) throw locked(kernel);
  const found = await kernel.identityPool.query<{ password: string }>(
    "select password from identity.account where user_id = $1 and provider_id = 'credential' and password is not null",
    [own.userId],
  );
  const stored = found.rows[0]?.password;
  if (stored === undefined || !(await verifyPassword(stored, password))) return false;
  await forgiveAttempt(kernel, keys);
  return true;
}
