import type { Source } from "../work/credential.ts";
import { httpProblem } from "../http/problem-document.ts";
import { accountProblem } from "./account-error.ts";
import type { Identity } from "./identity.ts";
import { inIdentity } from "./identity-transaction.ts";
import { verifyMail } from "./mail-text.ts";
import { noteSession } from "./note.ts";
import { linkMinutes, linkOf, makeLink, useLink } from "./one-time-link.ts";
import { sessionProfile } from "./session.ts";

/** Whether a person's address is confirmed: they have read a mail there. */
export async function isVerified({ kernel }: Pick<Identity, "kernel">, userId: string): Promise<boolean> {
  const found = await kernel.identityPool.query(`select 1 from identity."user" where id = $1 and email_verified`, [
    userId,
  ]);
  return found.rowCount === 1;
}

/** Mails the signed-in person a link that confirms their address. */
export async function requestVerification(identity: Identity, sessionToken: string): Promise<void> {
  const { kernel, post, site } = identity;
  const profile = await sessionProfile(identity, sessionToken);
  if (profile === undefined) throw httpProblem.not_signed_in();
  const { userId, email, name } = profile;
  if (await isVerified(identity, userId)) return;
  await inIdentity(kernel, async (client) => {
    const token = await makeLink(client, { purpose: "verify", email, userId });
    if (token !== undefined) {
      const values = { name, url: `${site.url}/confirm/${token}`, hours: linkMinutes.verify / 60 };
      await post.queue(client, verifyMail.compose(values), { address: email, userId });
    }
  });
}

/**
 * Confirms an address. The link alone is not enough, its account must be signed in: somebody who made an account with
 * another's address can't have that other confirm it by a click, and the other can't sign in to it.
 */
export async function verifyAddress(
  identity: Identity,
  token: string,
  caller: { sessionToken: string; source: Source },
): Promise<void> {
  const { kernel } = identity;
  const profile = await sessionProfile(identity, caller.sessionToken);
  if (profile === undefined) throw httpProblem.not_signed_in();
  const link = await linkOf(kernel.identityPool, "verify", token);
  if (link === undefined) throw accountProblem.link_ended();
  if (link.userId !== profile.userId) throw accountProblem.link_for_another();
  await inIdentity(kernel, async (client) => {
    const used = await useLink(client, "verify", token);
    const confirmed = await client.query(
      `update identity."user" set email_verified = true, updated_at = now() where id = $1 and email = $2`,
      [profile.userId, used?.email ?? ""],
    );
    if (confirmed.rowCount !== 1) throw accountProblem.link_ended();
  });
  const { userId } = profile;
  await noteSession(kernel, { action: "kernel.address.confirm", outcome: "done", userId, source: caller.source });
}
