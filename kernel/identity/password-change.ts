import type { Source } from "../work/credential.ts";
import { httpProblem } from "../http/problem-document.ts";
import { accountProblem } from "./account-error.ts";
import { claimAttempt, forgiveAttempt, guardKeys } from "./guard.ts";
import type { Identity } from "./identity.ts";
import { inIdentity } from "./identity-transaction.ts";
import { passwordChangedMail } from "./mail-text.ts";
import { notePassword } from "./note.ts";
import { storePassword } from "./password-store.ts";
import { hashPassword, verifyPassword } from "./password.ts";
import { checkPassword } from "./password-rule.ts";
import { sessionProfile, type NewSession } from "./session.ts";
import { rotateSession } from "./session-token.ts";
import { locked } from "./sign-in.ts";

/**
 * Changes one's own password: the current one is asked for, under the same lockout as a sign-in. Every other session ends
 * and this one gets a new token (ASVS 5.0 7.4.3).
 */
export async function changePassword(
  identity: Identity,
  change: { sessionToken: string; current: string; password: string; source: Source },
): Promise<NewSession> {
  const { kernel, post, site } = identity;
  const { source } = change;
  const profile = await sessionProfile(identity, change.sessionToken);
  if (profile === undefined) throw httpProblem.not_signed_in();
  const { userId, name, email, sessionId } = profile;
  const stored = await kernel.identityPool.query<{ password: string }>(
    "select password from identity.account where user_id = $1 and provider_id = 'credential' and password is not null",
    [userId],
  );
  const old = stored.rows[0]?.password;
  if (old === undefined) throw accountProblem.no_password();
  const keys = guardKeys(kernel.rootKey.key, source.address, email);
  if (!(await claimAttempt(kernel, keys))) throw locked(kernel);
  if (!(await verifyPassword(old, change.current))) throw accountProblem.password_wrong();
  await forgiveAttempt(kernel, keys);
  checkPassword(change.password, { name, email });
  await site.breached.refuseKnown(change.password);
  const hash = await hashPassword(change.password);
  const session = await inIdentity(kernel, async (client) => {
    // Before anything is changed: a session that another change has ended meanwhile changes nothing.
    const fresh = await rotateSession(client, change.sessionToken);
    if (fresh === undefined) throw httpProblem.not_signed_in();
    await storePassword(client, { userId, hash, provesMailbox: false, exceptSessionId: sessionId });
    await post.queue(client, passwordChangedMail.compose({ name, url: site.url }), { address: email, userId });
    return fresh;
  });
  await notePassword(kernel, { userId, reason: "changed", source });
  return session;
}
