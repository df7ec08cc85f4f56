import { randomUUIDv7 as uuidv7 } from "node:crypto";
import type { Kernel } from "../kernel.ts";
import { makeLeaf, type LedgerEvent } from "../ledger/leaf.ts";
import { instanceTenantId, systemActorId, type Source } from "../work/credential.ts";
import { identityProblem } from "./error.ts";
import { noSooner } from "./floor.ts";
import { guardKeys, type GuardKeys } from "./guard.ts";
import type { Identity } from "./identity.ts";
import { lockedMail } from "./mail-text.ts";
import { hashPassword, isOutdated, verifyNobody, verifyPassword } from "./password.ts";
import { passwordLength } from "./password-rule.ts";
import { cleanEmail } from "./person.ts";
import type { NewSession, SessionProfile, SessionWorkspace } from "./session.ts";
import { sessionHash } from "./session-hash.ts";
import { newToken, sessionCeilingSeconds } from "./session-token.ts";

export type SignIn = {
  readonly email: string;
  readonly password: string;
  readonly source: Source;
  readonly userAgent: string | null;
  /** The session token the browser presented, if any: it ends when this sign-in succeeds. */
  readonly previousToken?: string | undefined;
};

export type SignedIn = NewSession & {
  readonly profile: Omit<SessionProfile, "workspaces"> & {
    readonly workspaces: readonly (SessionWorkspace & { readonly mfaRequired: boolean; readonly frozen: boolean })[];
  };
  /** Somebody with a second factor has proved one of two: the token opens nothing until the other is proved. */
  readonly half: boolean;
};

/** What the database says at the beginning of a try, before any password is looked at. */
type Begun = {
  readonly allowed: boolean;
  /** This try fills the window: if it fails, the account is locked. */
  readonly locks: boolean;
  readonly userId: string | null;
  readonly name: string;
  readonly disabled: boolean;
  readonly hash: string | null;
  readonly places: readonly Place[];
};
type Place = {
  tenant: string;
  membership: string;
  slug: string;
  name: string;
  role: string;
  frozen: boolean;
  mfa: boolean;
};

/**
 * Signs in by e-mail and password. An unknown address, a wrong password, a disabled person and one without a password get
 * the same answer in about the same time (`identity.sign_in_refused`); a locked account or source gets
 * `identity.sign_in_locked`, known or not.
 */
export async function signIn(identity: Identity, attempt: SignIn): Promise<SignedIn> {
  const { kernel } = identity;
  const { source } = attempt;
  // An address that can't be one goes the whole way too: as an account nobody has.
  const email = cleanEmail(attempt.email) ?? "nobody@invalid.example";
  const keys = guardKeys(kernel.rootKey.key, source.address, email);
  const begun = await begin(identity, keys, { email, address: source.address });
  if (!begun.allowed) {
    kernel.access.refused(kernel.system("", source), "kernel.session.start", "identity.sign_in_locked", undefined);
    throw locked(kernel);
  }
  const started = performance.now();
  if (await isRight(begun, attempt.password)) {
    const session = await finish(identity, keys, begun, { ...attempt, email });
    if (session !== undefined) return session;
  }
  await noSooner(() => refuse(identity, begun, email, source), started);
  throw identityProblem.sign_in_refused();
}

/** The refusal of a locked account or source; how long it lasts at most is the same for all. */
export function locked(kernel: Pick<Kernel, "accountLimits">): Error {
  const { attempts, windowMinutes } = kernel.accountLimits.signIn;
  return identityProblem.sign_in_locked({
    values: { limit: attempts, minutes: windowMinutes },
    headers: { "retry-after": String(windowMinutes * 60) },
  });
}

/** First round trip: counts the attempt, and fetches what it is judged by. */
async function begin(
  { kernel }: Identity,
  keys: GuardKeys,
  { email, address }: { email: string; address: string | null },
): Promise<Begun> {
  const [row] = await kernel.door.callFunction({
    sql: "select * from kernel.begin_sign_in($1, $2, $3, $4, $5, make_interval(mins => $6), $7)",
    parameters: [
      kernel.system("").token,
      keys.source,
      keys.account,
      email,
      kernel.accountLimits.signIn.attempts,
      kernel.accountLimits.signIn.windowMinutes,
      address,
    ],
  });
  const text = (name: string): string | null => (typeof row?.[name] === "string" ? row[name] : null);
  const places: unknown = row?.["places"];
  return {
    allowed: row?.["allowed"] === true,
    locks: row?.["locks"] === true,
    userId: text("user_id"),
    name: text("name") ?? "",
    disabled: row?.["disabled"] === true,
    hash: text("hash"),
    places: Array.isArray(places) ? places.map(placeOf) : [],
  };
}

/** A hash is compared in every case: whose it is can't be told from the time. */
async function isRight({ hash, disabled }: Begun, password: string): Promise<boolean> {
  if (password.length > passwordLength.max) return verifyNobody("");
  if (hash === null) return verifyNobody(password);
  return (await verifyPassword(hash, password)) && !disabled;
}

/** Second round trip: the session, the account's count given back, and the leaves. Undefined when the hash is no longer theirs. */
async function finish(
  { kernel }: Identity,
  keys: GuardKeys,
  { userId, hash, name, places }: Begun,
  attempt: SignIn,
): Promise<SignedIn | undefined> {
  if (userId === null || hash === null) return undefined;
  const token = newToken();
  const sessionId = uuidv7();
  const expiresAt = new Date(Date.now() + sessionCeilingSeconds * 1000);
  const session = {
    id: sessionId,
    token: sessionHash(token),
    address: attempt.source.address ?? "",
    agent: (attempt.userAgent ?? "").slice(0, 400),
    expires: expiresAt.toISOString(),
    previous: attempt.previousToken === undefined ? null : sessionHash(attempt.previousToken),
  };
  const event = { action: "kernel.session.start", outcome: "done" } as const;
  const [row] = await kernel.door.callFunction({
    sql: "select kernel.finish_sign_in($1, $2, $3, $4, $5, $6, $7, $8) as made",
    parameters: [
      kernel.system("").token,
      keys.source,
      keys.account,
      userId,
      hash,
      isOutdated(hash) ? await hashPassword(attempt.password) : null,
      JSON.stringify(session),
      leaves(places, attempt.source, event, { user: userId }),
    ],
  });
  if (row?.["made"] !== "made" && row?.["made"] !== "half") return undefined;
  const workspaces = places.map(({ tenant, slug, name: title, role, mfa, frozen }) => ({
    id: tenant,
    slug,
    name: title,
    role,
    mfaRequired: mfa,
    frozen,
  }));
  return {
    token,
    userId,
    expiresAt,
    half: row["made"] === "half",
    profile: { userId, sessionId, name, email: attempt.email, workspaces },
  };
}

/** The other second round trip: what happened is noted, and the try that locked the account is told to its person. */
async function refuse({ kernel, post, site }: Identity, begun: Begun, email: string, source: Source): Promise<void> {
  const { userId, places, name, locks, disabled } = begun;
  const event = { action: "kernel.session.start", outcome: "refused" } as const;
  const fields = { ...(userId === null ? {} : { user: userId }), reason: "password" };
  let mail: string | null = null;
  if (locks && userId !== null && !disabled) {
    const { attempts, windowMinutes } = kernel.accountLimits.signIn;
    const composed = lockedMail.compose({ name, attempts, minutes: windowMinutes, url: site.url });
    const { id, template, sealed } = post.seal(composed, { address: email, userId });
    mail = JSON.stringify({ id, template, sealed: sealed.toString("base64"), user: userId });
  }
  await kernel.door.callFunction({
    sql: "select kernel.refuse_sign_in($1, $2, $3)",
    parameters: [kernel.system("").token, leaves(places, source, event, fields, { reason: "password" }), mail],
  });
}

/** One leaf in the instance's own log, and one in each open workspace of the person, about their membership there. */
function leaves(
  places: readonly Place[],
  source: Source,
  event: Pick<LedgerEvent, "action" | "outcome">,
  fields: Readonly<Record<string, string>>,
  placeFields: Readonly<Record<string, string>> = {},
): string {
  const made = (tenantId: string, more: Partial<LedgerEvent>) => {
    const { bytes, openings } = makeLeaf({ tenantId, actorId: systemActorId }, source, { ...event, ...more });
    return { tenant: tenantId, leaf: bytes.toString("base64"), openings };
  };
  return JSON.stringify([
    made(instanceTenantId, { fields }),
    ...places
      .filter((place) => !place.frozen)
      .map((place) =>
        made(place.tenant, { record: "kernel.membership", rowId: place.membership, fields: placeFields }),
      ),
  ]);
}

function placeOf(value: unknown): Place {
  const part = (name: string): unknown =>
    typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
  const text = (name: string) => String(part(name) ?? "");
  return {
    tenant: text("tenant"),
    membership: text("membership"),
    slug: text("slug"),
    name: text("name"),
    role: text("role"),
    frozen: part("frozen") === true,
    mfa: part("mfa") === true,
  };
}
