import type { Source } from "../work/credential.ts";
import { accountProblem } from "./account-error.ts";
import { noSooner } from "./floor.ts";
import { releaseAccount } from "./guard.ts";
import type { Identity } from "./identity.ts";
import { inIdentity } from "./identity-transaction.ts";
import { noPasswordMail, passwordChangedMail, resetMail } from "./mail-text.ts";
import { belongingOf, notePassword, noteSession } from "./note.ts";
import { linkMinutes, linkOf, makeLink, useLink } from "./one-time-link.ts";
import { storePassword } from "./password-store.ts";
import { hashPassword } from "./password.ts";
import { checkPassword } from "./password-rule.ts";
import { cleanEmail } from "./person.ts";

/**
 * Mails a link to choose a new password. Whether the address is known, locked, disabled or signs in elsewhere can't be told
 * from the answer or its time.
 */
export async function requestReset(
  identity: Identity,
  request: { email: string; captcha: string; source: Source },
): Promise<void> {
  await identity.site.captcha.check("reset", request.captcha, request.source);
  await noSooner(() => mailReset(identity, cleanEmail(request.email)));
}

async function mailReset({ kernel, post, site }: Identity, email: string | undefined): Promise<void> {
  if (email === undefined) return;
  const found = await kernel.identityPool.query<{ id: string; name: string; elsewhere: boolean }>(
    `select u.id, u.name, exists (select 1 from identity.account a where a.user_id = u.id)
       and not exists (select 1 from identity.account a where a.user_id = u.id and a.provider_id = 'credential') as elsewhere
     from identity."user" u where u.email = $1 and u.disabled_at is null`,
    [email],
  );
  const [person] = found.rows;
  if (person === undefined) return;
  const { id: userId, name } = person;
  const throughOthers = person.elsewhere && (await belongingOf(kernel, userId)).length < 2;
  await inIdentity(kernel, async (client) => {
    const token = await makeLink(client, { purpose: "reset", email, userId });
    if (token !== undefined) {
      const values = { name, url: `${site.url}/reset/${token}`, minutes: linkMinutes.reset };
      // Who signs in through their one organisation gets no password beside it by asking for one.
      const mail = throughOthers ? noPasswordMail.compose({ name, url: site.url }) : resetMail.compose(values);
      await post.queue(client, mail, { address: email, userId });
    }
  });
}

/**
 * A link to choose a new password, for the operator to hand over where no mail arrives: whoever runs the command line holds
 * the keys already. Undefined for an address nobody has.
 */
export async function resetLink({ kernel, site }: Identity, address: string): Promise<string | undefined> {
  const email = cleanEmail(address);
  const found = await kernel.identityPool.query<{ id: string }>(
    `select id from identity."user" where email = $1 and disabled_at is null`,
    [email ?? ""],
  );
  const userId = found.rows[0]?.id;
  if (email === undefined || userId === undefined) return undefined;
  const token = await inIdentity(kernel, (client) => makeLink(client, { purpose: "reset", email, userId }));
  if (token === undefined) return undefined;
  const source = { address: null, requestId: "command-line" };
  await noteSession(kernel, { action: "kernel.password.link", outcome: "done", userId, source });
  return `${site.url}/reset/${token}`;
}

/** Whose password a link still changes: the page shows the address. */
export async function resetOf({ kernel }: Identity, token: string): Promise<{ email: string }> {
  const link = await linkOf(kernel.identityPool, "reset", token);
  if (link === undefined) throw accountProblem.link_ended();
  return { email: link.email };
}

/**
 * Chooses a new password by the link of a mail. Every session ends, the address is confirmed, the account's lock opens. If
 * nobody had confirmed the address before, whoever set the account up may have been somebody else: what they laid down to
 * get in again goes too.
 */
export async function resetPassword(
  identity: Identity,
  token: string,
  chosen: { password: string; source: Source },
): Promise<void> {
  const { kernel, post, site } = identity;
  const link = await linkOf(kernel.identityPool, "reset", token);
  if (link?.userId === null || link === undefined) throw accountProblem.link_ended();
  const { email, userId } = link;
  const owner = await kernel.identityPool.query<{ name: string }>(
    `select name from identity."user" where id = $1 and email = $2 and disabled_at is null`,
    [userId, email],
  );
  const name = owner.rows[0]?.name;
  if (name === undefined) throw accountProblem.link_ended();
  checkPassword(chosen.password, { name, email });
  await site.breached.refuseKnown(chosen.password);
  const hash = await hashPassword(chosen.password);
  await inIdentity(kernel, async (client) => {
    if ((await useLink(client, "reset", token)) === undefined) throw accountProblem.link_ended();
    await storePassword(client, { userId, hash, provesMailbox: true });
    await releaseAccount(client, kernel.rootKey.key, email);
    await post.queue(client, passwordChangedMail.compose({ name, url: site.url }), { address: email, userId });
  });
  await notePassword(kernel, { userId, reason: "reset", source: chosen.source });
}
