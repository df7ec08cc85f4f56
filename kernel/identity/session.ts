import { randomUUIDv7 as uuidv7 } from "node:crypto";
import type { Source } from "../work/credential.ts";
import { identityProblem } from "./error.ts";
import type { Identity } from "./identity.ts";
import { noteSession } from "./note.ts";
import { inIdentity } from "./identity-transaction.ts";
import { sessionHash } from "./session-hash.ts";
import { awaitingHash, newToken, sessionCeilingSeconds } from "./session-token.ts";
import { spendOwnStepUp } from "./step-up.ts";

/** A session that was just made. The token is known to its browser alone and is never shown again. */
export type NewSession = { readonly token: string; readonly userId: string; readonly expiresAt: Date };

export type SessionWorkspace = {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly role: string;
};
export type SessionProfile = {
  readonly userId: string;
  readonly sessionId: string;
  readonly name: string;
  readonly email: string;
  readonly workspaces: readonly SessionWorkspace[];
};

export type ListedSession = {
  readonly id: string;
  readonly createdAt: Date;
  readonly lastSeenAt: Date;
  readonly address: string | null;
  readonly userAgent: string | null;
};

/** Makes a session for a person who has proved who they are; a session the browser still presented ends (ASVS 5.0 7.2.4). */
export async function startSession(
  { kernel }: Pick<Identity, "kernel">,
  person: { userId: string; source: Source; userAgent: string | null; previousToken?: string | undefined },
): Promise<NewSession> {
  const token = newToken();
  // A disabled person gets no session on whatever way they signed in.
  const made = await kernel.identityPool.query<{ expires_at: Date }>(
    `insert into identity.session (id, user_id, token, ip_address, user_agent, expires_at)
     select $1, u.id, $3, $4, $5, now() + make_interval(secs => $6)
     from identity."user" u where u.id = $2 and u.disabled_at is null
     returning expires_at`,
    [
      uuidv7(),
      person.userId,
      sessionHash(token),
      person.source.address ?? "",
      (person.userAgent ?? "").slice(0, 400),
      sessionCeilingSeconds,
    ],
  );
  const expiresAt = made.rows[0]?.expires_at;
  if (expiresAt === undefined) throw identityProblem.sign_in_refused();
  if (person.previousToken !== undefined) {
    await kernel.identityPool.query("delete from identity.session where token = any ($1)", [
      [sessionHash(person.previousToken), awaitingHash(person.previousToken)],
    ]);
  }
  return { token, userId: person.userId, expiresAt };
}

/** Ends the session of this token on the server. An unknown token is no error: the caller is signed out either way. */
export async function signOut({ kernel }: Identity, token: string, source: Source): Promise<void> {
  const ended = await kernel.identityPool.query<{ user_id: string }>(
    "delete from identity.session where token = any ($1) returning user_id",
    [[sessionHash(token), awaitingHash(token)]],
  );
  const userId = ended.rows[0]?.user_id;
  if (userId === undefined) return;
  await noteSession(kernel, { action: "kernel.session.end", outcome: "done", userId, source });
}

/** Who this session is and where they belong; undefined when the session has ended, by time, idleness or sign-out. */
export async function sessionProfile(
  { kernel }: Pick<Identity, "kernel">,
  token: string,
): Promise<SessionProfile | undefined> {
  const [row] = await kernel.door.callFunction({
    sql: "select * from kernel.session_profile($1)",
    parameters: [token],
  });
  if (row === undefined) return undefined;
  const listed: unknown = row["workspaces"];
  return {
    userId: String(row["user_id"]),
    sessionId: String(row["session_id"]),
    name: String(row["name"]),
    email: String(row["email"]),
    workspaces: Array.isArray(listed) ? listed.map(workspaceOf) : [],
  };
}

/** A person's own sessions, the newest first. */
export async function listSessions({ kernel }: Identity, userId: string): Promise<ListedSession[]> {
  const found = await kernel.identityPool.query<{
    id: string;
    created_at: Date;
    last_seen_at: Date;
    ip_address: string | null;
    user_agent: string | null;
  }>(
    `select id, created_at, last_seen_at, nullif(ip_address, '') as ip_address, nullif(user_agent, '') as user_agent
     from identity.session where user_id = $1 and expires_at > now() and not awaits_factor order by created_at desc`,
    [userId],
  );
  return found.rows.map((row) => ({
    id: row.id,
    createdAt: row.created_at,
    lastSeenAt: row.last_seen_at,
    address: row.ip_address,
    userAgent: row.user_agent,
  }));
}

/** Ends one of a person's own sessions by its id; another person's looks as if it did not exist. */
export async function endSession(
  { kernel }: Identity,
  person: { userId: string; sessionId: string; source: Source },
): Promise<void> {
  const ended = await kernel.identityPool.query("delete from identity.session where id = $1 and user_id = $2", [
    person.sessionId,
    person.userId,
  ]);
  if (ended.rowCount !== 1) throw identityProblem.session_unknown();
  const { userId, source } = person;
  await noteSession(kernel, { action: "kernel.session.end", outcome: "done", userId, source });
}

/** Ends all of a person's sessions but the one they act in, those of half a sign-in too. Needs a fresh proof (IDN-10). */
export async function endOtherSessions(
  { kernel }: Identity,
  own: { userId: string; sessionId: string; grant: string | null; source: Source },
): Promise<number> {
  const { userId, sessionId, source } = own;
  const ended = await inIdentity(kernel, async (client) => {
    await spendOwnStepUp(client, own, { action: "identity.session.end_all", subject: userId });
    const gone = await client.query("delete from identity.session where user_id = $1 and id <> $2", [
      userId,
      sessionId,
    ]);
    return gone.rowCount ?? 0;
  });
  await noteSession(kernel, { action: "kernel.session.end", outcome: "done", userId, reason: "all others", source });
  return ended;
}

function workspaceOf(value: unknown): SessionWorkspace {
  const part = (name: string): string => {
    if (typeof value !== "object" || value === null) throw new Error("A workspace is an object");
    const found: unknown = Reflect.get(value, name);
    return typeof found === "string" ? found : "";
  };
  return { id: part("id"), slug: part("slug"), name: part("name"), role: part("role") };
}
