import { setTimeout } from "node:timers/promises";
import { APIError } from "better-auth/api";
import type { Source } from "../work/credential.ts";
import { identityProblem } from "./error.ts";
import { claimAttempt, forgiveAttempt, guardKeys, signInLimit } from "./guard.ts";
import type { Identity } from "./identity.ts";
import { noteSession } from "./note.ts";
import { passwordLength } from "./password-rule.ts";
import { cleanEmail } from "./person.ts";
import { sessionHeaders, type NewSession } from "./session.ts";
import { sessionHash } from "./session-hash.ts";

export type SignIn = {
  readonly email: string;
  readonly password: string;
  readonly source: Source;
  readonly userAgent: string | null;
  /** The session token the browser presented, if any: it ends when this sign-in succeeds. */
  readonly previousToken?: string | undefined;
};

/**
 * No refusal comes sooner. A known address leaves a leaf in each of its workspaces, which takes a few milliseconds that an
 * unknown one does not: the floor hides them.
 */
const refusalFloorMs = 250;

/**
 * Signs in by e-mail and password. An unknown address, a wrong password and a disabled person get the same answer in
 * about the same time (`identity.sign_in_refused`); a locked account or source gets `identity.sign_in_locked`, known or not.
 */
export async function signIn(identity: Identity, attempt: SignIn): Promise<NewSession> {
  const { kernel } = identity;
  const { source } = attempt;
  // An address that can't be one goes the whole way too: as an account nobody has.
  const email = cleanEmail(attempt.email) ?? "nobody@invalid.example";
  const keys = guardKeys(kernel.rootKey.key, source.address, email);
  if (!(await claimAttempt(kernel, keys))) {
    kernel.access.refused(kernel.system("", source), "kernel.session.start", "identity.sign_in_locked", undefined);
    throw locked();
  }
  const floor = setTimeout(refusalFloorMs, undefined, { ref: false });
  const session = await checkedSession(identity, { ...attempt, email });
  if (session === undefined) {
    await noteSession(kernel, {
      action: "kernel.session.start",
      outcome: "refused",
      userId: await userIdOf(identity, email),
      reason: "password",
      source,
    });
    await floor;
    throw identityProblem.sign_in_refused();
  }
  const ended = attempt.previousToken;
  await Promise.all([
    forgiveAttempt(kernel, keys),
    ended === undefined
      ? undefined
      : kernel.identityPool.query("delete from identity.session where token = $1", [sessionHash(ended)]),
    noteSession(kernel, {
      action: "kernel.session.start",
      outcome: "done",
      userId: session.userId,
      source,
    }),
  ]);
  return session;
}

/** The refusal of a locked account or source; how long it lasts at most is the same for all. */
export function locked(): Error {
  const { attempts, windowMinutes } = signInLimit;
  return identityProblem.sign_in_locked({
    values: { limit: attempts, minutes: windowMinutes },
    headers: { "retry-after": String(windowMinutes * 60) },
  });
}

/** better-auth checks the password (it hashes one for an unknown address too, so both take as long) and makes the session. */
async function checkedSession({ auth }: Identity, attempt: SignIn): Promise<NewSession | undefined> {
  const tooLong = attempt.password.length > passwordLength.max;
  try {
    const { response } = await auth.api.signInEmail({
      body: { email: attempt.email, password: tooLong ? "" : attempt.password },
      headers: sessionHeaders(attempt.source, attempt.userAgent),
      returnHeaders: true,
    });
    const context = await auth.$context;
    return {
      token: response.token,
      userId: response.user.id,
      expiresAt: new Date(Date.now() + context.sessionConfig.expiresIn * 1000),
    };
  } catch (error) {
    if (error instanceof APIError && error.statusCode < 500) return undefined;
    throw error;
  }
}

async function userIdOf({ kernel }: Identity, email: string): Promise<string | null> {
  const found = await kernel.identityPool.query<{ id: string }>({
    name: "user_id_of_email",
    text: `select id from identity."user" where email = $1`,
    values: [email],
  });
  return found.rows[0]?.id ?? null;
}
