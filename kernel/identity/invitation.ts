import { createHash, randomUUIDv7 as uuidv7 } from "node:crypto";
import { refuseMoreThanHeld } from "../access/custom-role.ts";
import { declaredRoles } from "../access/declared.ts";
import { guestRole, type PlatformRole } from "../access/role.ts";
import type { Source } from "../work/credential.ts";
import type { Tx } from "../work/door.ts";
import { doorProblem } from "../work/error.ts";
import { query } from "../work/query.ts";
import { newSecret } from "./api-key.ts";
import { identityProblem } from "./error.ts";
import type { Identity } from "./identity.ts";
import { admit, refuseAsMember } from "./membership.ts";
import { actingRole } from "./people.ts";
import { checkedPerson, cleanEmail, insertPerson } from "./person.ts";
import { noteSession } from "./note.ts";
import { sessionProfile, startSession, type NewSession } from "./session.ts";
import { rotateSession } from "./session-token.ts";
import { signIn } from "./sign-in.ts";

export const invitationDays = 7;

/** Roles one can be invited with. An owner is made of a member, by an owner. */
export type InvitedRole = Exclude<PlatformRole, "owner"> | typeof guestRole;

export type Invitation = {
  readonly tenantId: string;
  readonly id: string;
  readonly email: string;
  readonly role: InvitedRole;
  readonly workspaceName: string;
  readonly workspaceSlug: string;
  readonly expiresAt: Date;
};

/**
 * Invites somebody into the bound workspace (kernel.people.change). The token of the link is given back once, for the
 * mail; only its hash is stored. An open invitation to the same address ends: the newest link is the good one.
 */
export async function invite(
  tx: Tx,
  invited: { email: string; role: PlatformRole | typeof guestRole; mailed?: boolean },
): Promise<{ id: string; token: string; expiresAt: Date; email: string }> {
  const acting = await actingRole(tx);
  const { role } = invited;
  if (role === "owner") throw identityProblem.owner_only();
  if (role !== "member" && acting === "member") throw identityProblem.people_not_yours();
  await refuseMoreThanHeld(tx, [...((await declaredRoles(tx)).get(role) ?? [])]);
  const email = cleanEmail(invited.email);
  if (email === undefined) throw identityProblem.email_unreadable();
  const known = await tx.all(
    query.selectFrom("kernel.membership").select(["id", "version", "status", "until"]).where("email", "=", email),
  );
  for (const member of known) await refuseAsMember(tx, member);
  for (const { id } of await openInvitations(tx, email)) await withdrawInvitation(tx, id);
  const id = uuidv7();
  const { token, hash } = newSecret("in_");
  const expiresAt = new Date(Date.now() + invitationDays * 86_400_000);
  await tx.record({
    action: "kernel.invitation.create",
    record: "kernel.invitation",
    rowId: id,
    version: 1,
    fields: { email, role, expires_at: expiresAt },
  });
  await tx.all(
    query
      .insertInto("kernel.invitation")
      .values({ id, email, role, secret_hash: hash, expires_at: expiresAt, mailed: invited.mailed ?? false }),
  );
  return { id, token, expiresAt, email };
}

/** Invitations of the bound workspace that can still be accepted, the newest first. */
export async function listInvitations(
  tx: Tx,
): Promise<{ id: string; email: string; role: string; expiresAt: Date; createdAt: Date }[]> {
  const rows = await openInvitations(tx);
  return rows.map(({ id, email, role, expires_at, created_at }) => ({
    id,
    email,
    role,
    expiresAt: expires_at,
    createdAt: created_at,
  }));
}

/** Ends an invitation before it is used (kernel.people.change). */
export async function withdrawInvitation(tx: Tx, id: string): Promise<void> {
  await actingRole(tx);
  const row = await lockOpen(tx, id);
  if (row === undefined) throw identityProblem.invitation_ended();
  await tx.record({
    action: "kernel.invitation.withdraw",
    record: "kernel.invitation",
    rowId: id,
    version: row.version + 1,
  });
  await tx.all(query.updateTable("kernel.invitation").set({ deleted_at: new Date() }).where("id", "=", id));
}

/** What the reader of an invitation link may know; undefined when the link is used, withdrawn, too old or unknown. */
export async function invitationOf(
  { kernel }: Pick<Identity, "kernel">,
  token: string,
): Promise<Invitation | undefined> {
  const [row] = await kernel.door.callFunction({
    sql: "select * from kernel.invitation_by_secret($1)",
    parameters: [token],
  });
  const expiresAt: unknown = row?.["expires_at"];
  if (row === undefined || !(expiresAt instanceof Date)) return undefined;
  return {
    tenantId: String(row["tenant_id"]),
    id: String(row["id"]),
    email: String(row["email"]),
    role: invitedRole(row["role"]),
    workspaceName: String(row["workspace_name"]),
    workspaceSlug: String(row["workspace_slug"]),
    expiresAt,
  };
}

export type Acceptance = {
  readonly source: Source;
  readonly userAgent: string | null;
  /** The token of the session the browser presented, if any. */
  readonly previousToken?: string | undefined;
} & (
  | { readonly name: string; readonly password: string }
  /** Accepts as the person of `previousToken`'s session. */
  | { readonly asSignedIn: true }
);

/**
 * Accepts an invitation. Somebody new is stored with name and password; somebody known proves their password (under the
 * lockout, like any sign-in) or is signed in with the invited address. Membership and use of the invitation are one
 * transaction: of racing uses one wins. Gives a new session; the presented one ends (a privilege changed, IDN-08).
 */
export async function acceptInvitation(
  identity: Identity,
  token: string,
  acceptance: Acceptance,
): Promise<{ session: NewSession; tenantId: string; membershipId: string }> {
  const invitation = await invitationOf(identity, token);
  if (invitation === undefined) throw identityProblem.invitation_ended();
  const { source, userAgent, previousToken } = acceptance;
  const person = await prove(identity, { ...invitation, token }, acceptance);
  let joined: { membershipId: string; mailed: boolean };
  try {
    joined = await join(identity, invitation, token, person, source);
  } catch (error) {
    await person.undo();
    throw error;
  }
  const { userId } = person;
  // The link was in a mail to this address and nowhere else: whoever uses it reads that mailbox.
  if (joined.mailed) {
    await identity.kernel.identityPool.query(
      `update identity."user" set email_verified = true where id = $1 and email = $2 and not email_verified`,
      [userId, invitation.email],
    );
  }
  // Who is signed in goes on as before under a new token: two factors stay two, and a session that one workspace's
  // provider vouched for opens that workspace alone still.
  const session =
    person.session ??
    ("asSignedIn" in acceptance
      ? await rotateSession(identity.kernel.identityPool, previousToken ?? "")
      : await startSession(identity, { userId, source, userAgent, previousToken }));
  if (session === undefined) throw doorProblem.session_ended();
  if (person.session === undefined) {
    await noteSession(identity.kernel, {
      action: "kernel.session.start",
      outcome: "done",
      userId,
      reason: "invitation",
      source,
    });
  }
  return { session, tenantId: invitation.tenantId, membershipId: joined.membershipId };
}

type Proved = {
  readonly userId: string;
  readonly name: string;
  /** Made while proving the password. */
  readonly session?: NewSession;
  /** Takes back what proving stored, when the invitation ended meanwhile. */
  readonly undo: () => Promise<void>;
};

async function prove(
  identity: Identity,
  { email, token }: Invitation & { token: string },
  acceptance: Acceptance,
): Promise<Proved> {
  const { identityPool } = identity.kernel;
  if ("asSignedIn" in acceptance) {
    const profile = await sessionProfile(identity, acceptance.previousToken ?? "");
    if (profile?.email !== email) {
      // Of two clicks the first has joined and ended the session both came with.
      throw (await invitationOf(identity, token)) === undefined
        ? identityProblem.invitation_ended()
        : identityProblem.invitation_for_another();
    }
    return { userId: profile.userId, name: profile.name, undo: async () => undefined };
  }
  const { password, source, userAgent, previousToken } = acceptance;
  const known = await identityPool.query(`select 1 from identity."user" where email = $1`, [email]);
  if (known.rowCount === 0) {
    const person = checkedPerson({ name: acceptance.name, email, password });
    await identity.site.breached.refuseKnown(password);
    const userId = await insertPerson(identityPool, person);
    if (userId !== undefined) {
      const undo = async () => {
        await identityPool.query(`delete from identity."user" where id = $1`, [userId]);
      };
      return { userId, name: person.name, undo };
    }
  }
  // Half signed in when they have a second factor: the membership is theirs, and opens once that is proved too.
  const session = await signIn(identity, { email, password, source, userAgent, previousToken });
  const { profile } = session;
  const undo = async () => {
    await identityPool.query("delete from identity.session where id = $1", [profile.sessionId]);
  };
  return { userId: session.userId, name: profile.name, session, undo };
}

/** Uses the invitation and makes the membership, under the row's lock. */
async function join(
  { kernel }: Identity,
  invitation: Invitation,
  token: string,
  person: Proved,
  source: Source,
): Promise<{ membershipId: string; mailed: boolean }> {
  const credential = kernel.system(invitation.tenantId, source);
  return kernel.door.work(credential, "kernel.membership.accept", async (tx) => {
    const row = await lockOpen(tx, invitation.id);
    const hash = createHash("sha256").update(token, "utf8").digest();
    if (row === undefined || !row.secret_hash.equals(hash)) throw identityProblem.invitation_ended();
    await tx.record({
      action: "kernel.invitation.accept",
      record: "kernel.invitation",
      rowId: row.id,
      version: row.version + 1,
    });
    const { userId, name } = person;
    const membershipId = await admit(tx, { userId, name, email: row.email, role: invitedRole(row.role) });
    await tx.all(
      query
        .updateTable("kernel.invitation")
        .set({ accepted_at: new Date(), membership_id: membershipId })
        .where("id", "=", row.id),
    );
    return { membershipId, mailed: row.mailed };
  });
}

function invitedRole(kept: unknown): InvitedRole {
  return kept === "admin" || kept === guestRole ? kept : "member";
}

function openQuery() {
  return query
    .selectFrom("kernel.invitation")
    .select(["id", "email", "role", "version", "secret_hash", "expires_at", "created_at", "mailed"])
    .where("accepted_at", "is", null)
    .where("deleted_at", "is", null)
    .where("expires_at", ">", new Date());
}

async function openInvitations(tx: Tx, email?: string) {
  const open = openQuery().orderBy("created_at", "desc");
  return tx.all(email === undefined ? open : open.where("email", "=", email));
}

async function lockOpen(tx: Tx, id: string) {
  return tx.first(openQuery().where("id", "=", id).forUpdate());
}
