import type { Source } from "../work/credential.ts";
import { httpProblem } from "../http/problem-document.ts";
import type { Tx } from "../work/door.ts";
import { accountProblem } from "./account-error.ts";
import { identityProblem } from "./error.ts";
import { noSooner } from "./floor.ts";
import type { Identity } from "./identity.ts";
import { inIdentity } from "./identity-transaction.ts";
import { knownMail, registerMail } from "./mail-text.ts";
import { noteSession } from "./note.ts";
import { linkMinutes, linkOf, makeLink, useLink } from "./one-time-link.ts";
import { openWorkspace, type OpenedWorkspace } from "./open-workspace.ts";
import { checkedPerson, cleanEmail, insertPerson } from "./person.ts";
import { sessionProfile, startSession, type NewSession } from "./session.ts";

/**
 * Begins a registration: a mail goes to the address, and nothing is stored of a person. The answer is the same for an
 * address that has an account. Only whoever reads the mail chooses the password, so nobody can lay an account for another.
 */
export async function requestRegistration(
  identity: Identity,
  request: { email: string; captcha: string; source: Source },
): Promise<void> {
  if (!identity.site.registration) throw accountProblem.registration_off();
  const email = cleanEmail(request.email);
  if (email === undefined) throw identityProblem.email_unreadable();
  await identity.site.captcha.check("register", request.captcha, request.source);
  await noSooner(() => mailRegistration(identity, email));
}

async function mailRegistration({ kernel, post, site }: Identity, email: string): Promise<void> {
  const found = await kernel.identityPool.query<{ id: string; name: string; disabled: boolean }>(
    `select id, name, disabled_at is not null as disabled from identity."user" where email = $1`,
    [email],
  );
  const [person] = found.rows;
  if (person?.disabled === true) return;
  await inIdentity(kernel, async (client) => {
    const token = await makeLink(client, { purpose: "register", email, userId: null });
    if (token !== undefined) {
      const mail =
        person === undefined
          ? registerMail.compose({ url: `${site.url}/register/${token}`, minutes: linkMinutes.register })
          : knownMail.compose({ name: person.name, url: site.url });
      await post.queue(client, mail, { address: email, userId: person?.id ?? null });
    }
  });
}

/** The address a registration link was sent to; the page shows it. */
export async function registrationOf({ kernel }: Identity, token: string): Promise<{ email: string }> {
  const link = await linkOf(kernel.identityPool, "register", token);
  if (link === undefined) throw accountProblem.link_ended();
  return { email: link.email };
}

export type Registration = {
  readonly name: string;
  readonly password: string;
  readonly workspace: { readonly name: string; readonly preset: string };
  readonly source: Source;
  readonly userAgent: string | null;
  readonly previousToken?: string | undefined;
  readonly furnish?: ((tx: Tx) => Promise<void>) | undefined;
};

/** Finishes a registration: the person with a confirmed address, their own workspace, and a session. */
export async function completeRegistration(
  identity: Identity,
  token: string,
  registration: Registration,
): Promise<OpenedWorkspace & { session: NewSession }> {
  const { kernel, site } = identity;
  if (!site.registration) throw accountProblem.registration_off();
  const { email } = await registrationOf(identity, token);
  const person = checkedPerson({ name: registration.name, email, password: registration.password });
  await site.breached.refuseKnown(registration.password);
  const userId = await inIdentity(kernel, async (client) => {
    if ((await useLink(client, "register", token)) === undefined) throw accountProblem.link_ended();
    const made = await insertPerson(client, person);
    if (made === undefined) throw accountProblem.address_taken();
    await client.query(`update identity."user" set email_verified = true where id = $1`, [made]);
    return made;
  });
  const { source, userAgent, previousToken, workspace, furnish } = registration;
  const owner = { userId, name: person.name, email };
  // A person without a workspace, should it stop here, signs in and opens one.
  const opened = await openWorkspace(kernel, { owner, workspace, source, furnish });
  const session = await startSession(identity, { userId, source, userAgent, previousToken });
  await noteSession(kernel, {
    action: "kernel.session.start",
    outcome: "done",
    userId,
    reason: "registration",
    source,
  });
  return { ...opened, session };
}

/** Somebody signed in opens another workspace, as its owner. */
export async function openOwnWorkspace(
  identity: Identity,
  wanted: {
    sessionToken: string;
    workspace: { name: string; preset: string };
    source: Source;
    furnish?: ((tx: Tx) => Promise<void>) | undefined;
  },
): Promise<OpenedWorkspace> {
  if (!identity.site.registration) throw accountProblem.registration_off();
  const profile = await sessionProfile(identity, wanted.sessionToken);
  if (profile === undefined) throw httpProblem.not_signed_in();
  const { workspace, source, furnish } = wanted;
  return openWorkspace(identity.kernel, { owner: profile, workspace, source, furnish });
}
