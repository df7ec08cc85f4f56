import type { PoolClient } from "pg";
import type { Own } from "../identity/factor.ts";
import { inIdentity } from "../identity/identity-transaction.ts";
import { linkedMail, unlinkedMail } from "../identity/mail-text.ts";
import { noteSession } from "../identity/note.ts";
import { spendOwnStepUpUnlessFresh } from "../identity/step-up.ts";
import type { Source } from "../work/credential.ts";
import { ssoProblem } from "./error.ts";
import { socialIds, socialTitles, type SocialId } from "./social.ts";
import type { Sso } from "./sso.ts";

/** Fresh proofs for one's own ways of signing in (IDN-10). */
export const linkAct = { add: "identity.social.link", remove: "identity.social.unlink" } as const;

export type LinkedAccount = { readonly id: SocialId; readonly title: string; readonly since: Date | null };

/** Social providers that are offered here or linked to this person, with the moment they were linked. */
export async function linkedAccounts(sso: Sso, userId: string): Promise<LinkedAccount[]> {
  const found = await sso.kernel.identityPool.query<{ provider: string; since: Date }>(
    `select substr(provider_id, 8) as provider, created_at as since from identity.account
     where user_id = $1 and provider_id like 'social:%'`,
    [userId],
  );
  const since = new Map(found.rows.map((row) => [row.provider, row.since]));
  const shown = socialIds.filter((id) => since.has(id) || sso.social.some((each) => each.id === id));
  return shown.map((id) => ({ id, title: socialTitles[id], since: since.get(id) ?? null }));
}

/** Asks for a fresh proof before a browser leaves to link a provider: a stolen session plants no way in. */
export async function proveForLink(sso: Sso, own: Own, provider: SocialId): Promise<void> {
  await inIdentity(sso.kernel, (client) =>
    spendOwnStepUpUnlessFresh(client, own, { action: linkAct.add, subject: provider }),
  );
}

/** Takes a provider's account away from one's own, with a fresh proof. The last way in stays. */
export async function unlinkAccount(sso: Sso, own: Own, provider: SocialId): Promise<void> {
  await inIdentity(sso.kernel, async (client) => {
    await spendOwnStepUpUnlessFresh(client, own, { action: linkAct.remove, subject: provider });
    // One at a time: of two that go at once the second sees what the first left.
    await client.query(`select 1 from identity."user" where id = $1 for update`, [own.userId]);
    const gone = await client.query("delete from identity.account where user_id = $1 and provider_id = $2", [
      own.userId,
      `social:${provider}`,
    ]);
    if (gone.rowCount !== 1) throw ssoProblem.not_linked();
    if (!(await hasWayIn(client, own.userId))) throw ssoProblem.last_way_in();
    const mail = unlinkedMail.compose({ name: own.name, provider: socialTitles[provider], url: sso.site.url });
    await sso.post.queue(client, mail, { address: own.email, userId: own.userId });
  });
  await noteLink(sso, "kernel.account.unlink", own.userId, provider, own.source);
}

/** Tells a person, and the log, that a provider's account signs in as them from now on. */
export async function tellOfLink(sso: Sso, userId: string, provider: SocialId, source: Source): Promise<void> {
  const found = await sso.kernel.identityPool.query<{ name: string; email: string }>(
    `select name, email from identity."user" where id = $1`,
    [userId],
  );
  const [person] = found.rows;
  if (person === undefined) return;
  const mail = linkedMail.compose({ name: person.name, provider: socialTitles[provider], url: sso.site.url });
  await sso.post.queue(sso.kernel.identityPool, mail, { address: person.email, userId });
  await noteLink(sso, "kernel.account.link", userId, provider, source);
}

async function hasWayIn(client: PoolClient, userId: string): Promise<boolean> {
  const found = await client.query(
    `select 1 from identity.account where user_id = $1 and (provider_id <> 'credential' or password is not null)
     union all select 1 from identity.passkey where user_id = $1 limit 1`,
    [userId],
  );
  return found.rowCount === 1;
}

async function noteLink(
  sso: Sso,
  action: "kernel.account.link" | "kernel.account.unlink",
  userId: string,
  reason: string,
  source: Source,
): Promise<void> {
  await noteSession(sso.kernel, { action, outcome: "done", userId, reason, source });
}
