import { randomUUIDv7 as uuidv7 } from "node:crypto";
import type { PlatformRole } from "../access/role.ts";
import { admit } from "../identity/membership.ts";
import { belongingOf } from "../identity/note.ts";
import { plainName } from "../identity/plain-name.ts";
import { cleanEmail } from "../identity/person.ts";
import type { Identity } from "../identity/identity.ts";
import type { Kernel } from "../kernel.ts";
import type { Source } from "../work/credential.ts";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";
import type { SsoClaims } from "./attempt.ts";
import { domainOf } from "./domain-name.ts";
import { verifiedDomains } from "./domain.ts";
import { renewUnconfirmed } from "./renew.ts";
import { ssoProblem } from "./error.ts";

type Admission = {
  readonly tenantId: string;
  readonly connectionId: string;
  readonly defaultRole: Exclude<PlatformRole, "owner">;
  readonly admitsNew: boolean;
};

/**
 * Who a workspace's identity provider speaks of: found by the provider's own name for them, else by an address of a
 * verified domain, else new. Gives the person's id, with an open membership in that workspace.
 *
 * What keeps accounts apart: the address must be of a domain this workspace has verified, however the provider came to
 * it; a person who belonged here and was removed stays out; an account whose address nobody ever confirmed is either
 * nobody's yet, and then begins anew; or belongs here alone, and then keeps its work and loses every other way in; or
 * belongs elsewhere too, and then is left alone. An owner, whom no provider may shut out, keeps theirs. The session
 * opens this workspace alone, so that even a rightful link leads nowhere else.
 */
export async function admitBySso(
  identity: Pick<Identity, "kernel" | "post" | "site">,
  to: Admission,
  claims: SsoClaims,
  source: Source,
): Promise<string> {
  const { kernel } = identity;
  const email = cleanEmail(claims.email);
  if (email === undefined) throw ssoProblem.answer_refused();
  if (claims.emailVerified === false) throw ssoProblem.email_unverified();
  const credential = kernel.system(to.tenantId, source);
  const provider = `sso:${to.connectionId}`;
  const known = await personOf(kernel, provider, claims.subject, email);
  const state = await kernel.door.work(credential, "kernel.sso.sign_in", async (tx) => {
    if (!(await verifiedDomains(tx)).includes(domainOf(email))) throw ssoProblem.email_foreign();
    return known === undefined ? "none" : membershipState(tx, known.userId);
  });
  if (state === "ended" || (state === "none" && !to.admitsNew)) throw ssoProblem.membership_ended();
  if (known?.disabled === true) throw ssoProblem.membership_ended();
  const person = { name: nameOf(claims, email), email };
  let userId = known?.userId;
  if (known !== undefined && !known.linked && !known.confirmed && state === "none") {
    if ((await belongingOf(kernel, known.userId)).length > 0) throw ssoProblem.account_elsewhere();
    // Somebody registered the address ahead of its owner: with the account go its password, keys and sessions.
    await kernel.identityPool.query(`delete from identity."user" where id = $1 and not email_verified`, [known.userId]);
    userId = undefined;
  }
  if (known !== undefined && !known.linked && !known.confirmed && state === "open")
    await renewUnconfirmed(identity, to.tenantId, { userId: known.userId, ...person }, source);
  userId ??= await insertConfirmed(kernel, person);
  await link(kernel, userId, provider, claims.subject);
  if (state === "none") await open(kernel, to, userId, person, source);
  return userId;
}

async function membershipState(tx: Tx, userId: string): Promise<"open" | "ended" | "none"> {
  const row = await tx.first(
    query.selectFrom("kernel.membership").select(["status", "deleted_at"]).where("user_id", "=", userId),
  );
  if (row === undefined) return "none";
  return row.status === "active" && row.deleted_at === null ? "open" : "ended";
}

async function open(
  kernel: Kernel,
  to: Admission,
  userId: string,
  person: { name: string; email: string },
  source: Source,
): Promise<void> {
  await kernel.door.work(kernel.system(to.tenantId, source), "kernel.membership.accept", async (tx) => {
    // Looked at again, now under lock: of two first sign-ins at once, one opens the membership.
    const state = await membershipState(tx, userId);
    if (state === "ended") throw ssoProblem.membership_ended();
    if (state === "none") await admit(tx, { userId, ...person, role: to.defaultRole });
  });
}

type Known = { userId: string; linked: boolean; confirmed: boolean; disabled: boolean };

/** By the provider's name for them first: an address can be given to somebody else, that name can't. */
async function personOf(kernel: Kernel, provider: string, subject: string, email: string): Promise<Known | undefined> {
  const found = await kernel.identityPool.query<Known>(
    `select u.id as "userId", u.email_verified as confirmed, u.disabled_at is not null as disabled, a.id is not null as linked
     from identity."user" u left join identity.account a on a.user_id = u.id and a.provider_id = $1 and a.account_id = $2
     where a.id is not null or u.email = $3 order by a.id is null limit 1`,
    [provider, subject, email],
  );
  return found.rows[0];
}

async function insertConfirmed(kernel: Kernel, person: { name: string; email: string }): Promise<string> {
  const made = await kernel.identityPool.query<{ id: string }>(
    `insert into identity."user" (id, name, email, email_verified) values ($1, $2, $3, true)
     on conflict (email) do nothing returning id`,
    [uuidv7(), person.name, person.email],
  );
  const id = made.rows[0]?.id;
  // Somebody with this address came in between: who they are is judged by a new attempt.
  if (id === undefined) throw ssoProblem.attempt_ended();
  return id;
}

/** One account of a provider is one person's, and of one provider a person has one: another one is refused. */
async function link(kernel: Kernel, userId: string, provider: string, subject: string): Promise<boolean> {
  const made = await kernel.identityPool.query(
    `insert into identity.account (id, user_id, account_id, provider_id)
     select $1, $2, $3, $4 where not exists (select 1 from identity.account where user_id = $2 and provider_id = $4)
     on conflict (provider_id, account_id) do nothing`,
    [uuidv7(), userId, subject, provider],
  );
  const found = await kernel.identityPool.query<{ user_id: string }>(
    "select user_id from identity.account where provider_id = $1 and account_id = $2",
    [provider, subject],
  );
  if (found.rows[0]?.user_id !== userId) throw ssoProblem.answer_refused();
  return made.rowCount === 1;
}

/**
 * The person behind an address that a workspace's directory writes; the address is of a verified domain. One that nobody
 * ever confirmed and that belongs nowhere begins anew; one that belongs to another workspace alone is left alone.
 */
export async function personForDirectory(
  kernel: Kernel,
  wanted: { tenantId: string; email: string; name: string },
): Promise<string> {
  const { tenantId, email } = wanted;
  const known = await personOf(kernel, "", "", email);
  if (known !== undefined) {
    const places = await belongingOf(kernel, known.userId);
    if (known.confirmed || places.some((place) => place.tenantId === tenantId)) return known.userId;
    if (places.length > 0) throw ssoProblem.account_elsewhere();
    await kernel.identityPool.query(`delete from identity."user" where id = $1 and not email_verified`, [known.userId]);
  }
  const name = nameOf({ name: wanted.name }, email);
  return insertConfirmed(kernel, { name, email });
}

/** Follows a new address in the directory, for a person who belongs to that workspace alone: else it is not its to change. */
export async function renamePerson(
  kernel: Kernel,
  person: { userId: string; tenantId: string; email: string },
): Promise<void> {
  const places = await belongingOf(kernel, person.userId);
  if (places.some((place) => place.tenantId !== person.tenantId)) return;
  await kernel.identityPool.query(
    `update identity."user" u set email = $2 where id = $1 and not exists (select 1 from identity."user" o where o.email = $2)`,
    [person.userId, person.email],
  );
}

/**
 * Who a social provider speaks of. Its word for an address counts only when it says that the address is confirmed, and
 * links only to an account that is confirmed too: else whoever registered the address first would share the account.
 */
export async function personOfSocial(
  kernel: Kernel,
  providerId: string,
  claims: SsoClaims,
): Promise<{ userId: string; isNew: boolean }> {
  const email = cleanEmail(claims.email);
  const provider = `social:${providerId}`;
  const known = await personOf(kernel, provider, claims.subject, email ?? "");
  if (known?.disabled === true) throw ssoProblem.no_account();
  if (known?.linked === true) return { userId: known.userId, isNew: false };
  if (email === undefined || claims.emailVerified !== true) throw ssoProblem.email_unverified();
  if (known === undefined) throw ssoProblem.no_account();
  if (!known.confirmed) throw ssoProblem.account_elsewhere();
  return { userId: known.userId, isNew: await link(kernel, known.userId, provider, claims.subject) };
}

/** Links a provider's account to a person who is signed in as themselves: for providers whose word for an address counts little. */
export async function linkSocial(
  kernel: Kernel,
  providerId: string,
  userId: string,
  claims: SsoClaims,
): Promise<boolean> {
  return link(kernel, userId, `social:${providerId}`, claims.subject);
}

function nameOf(claims: Pick<SsoClaims, "name">, email: string): string {
  const name = plainName(claims.name).slice(0, 200).trim();
  return name === "" ? (email.split("@", 1)[0] ?? email) : name;
}
