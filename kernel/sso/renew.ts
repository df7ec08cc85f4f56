import { inIdentity } from "../identity/identity-transaction.ts";
import type { Identity } from "../identity/identity.ts";
import { renewedMail } from "../identity/mail-text.ts";
import { belongingOf, noteSession } from "../identity/note.ts";
import { forgetWaysIn } from "../identity/password-store.ts";
import { revokeAll } from "../identity/people.ts";
import { workspaceName } from "../tenancy/lookup.ts";
import type { Source } from "../work/credential.ts";
import { query } from "../work/query.ts";
import { ssoProblem } from "./error.ts";

/**
 * The first time a workspace's provider speaks of a member whose address nobody ever confirmed: whoever set the account up
 * may not be whom the provider means. Their membership stays; password, second factors, linked accounts, sessions and keys
 * end, and the address counts as confirmed by the provider of its domain. Who belongs to another workspace too is refused
 * and confirms their address first; an owner is left as they are.
 */
export async function renewUnconfirmed(
  { kernel, post, site }: Pick<Identity, "kernel" | "post" | "site">,
  tenantId: string,
  person: { userId: string; name: string; email: string },
  source: Source,
): Promise<void> {
  const { userId, name, email } = person;
  const places = await belongingOf(kernel, userId);
  if (places.some((place) => place.tenantId !== tenantId)) throw ssoProblem.account_elsewhere();
  const workspace = await kernel.door.work(kernel.system(tenantId, source), "kernel.people.change", async (tx) => {
    const member = await tx.first(
      query.selectFrom("kernel.membership").select(["id", "role"]).where("user_id", "=", userId).forUpdate(),
    );
    if (member === undefined || member.role === "owner") return undefined;
    await revokeAll(tx, "kernel.api_key", member.id);
    await revokeAll(tx, "kernel.link", member.id);
    return workspaceName(tx);
  });
  if (workspace === undefined) return;
  await inIdentity(kernel, async (client) => {
    await forgetWaysIn(client, userId);
    await client.query("delete from identity.account where user_id = $1", [userId]);
    await client.query("delete from identity.session where user_id = $1", [userId]);
    await post.queue(client, renewedMail.compose({ name, workspace, url: site.url }), { address: email, userId });
  });
  await noteSession(kernel, {
    action: "kernel.account.renew",
    outcome: "done",
    userId,
    reason: "single sign-on",
    source,
  });
}
