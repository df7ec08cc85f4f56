import { createHash, randomBytes, randomUUIDv7 as uuidv7 } from "node:crypto";
import { Type, type Static } from "typebox";
import { Value } from "typebox/value";
import type { Kernel } from "../kernel.ts";
import { ssoProblem } from "./error.ts";

/** What a provider said about a person, once everything about it was checked. */
const claimsSchema = Type.Object({
  /** The provider's own name for the person; never changes. */
  subject: Type.String({ minLength: 1, maxLength: 400 }),
  email: Type.String(),
  /** The provider vouches for the address; null where its kind says nothing about that. */
  emailVerified: Type.Union([Type.Boolean(), Type.Null()]),
  name: Type.String(),
  /** The provider says that it asked for a second factor. */
  multiFactor: Type.Boolean(),
  /** When it asked, when it said so, both by its clock, and when that came here by ours: milliseconds, of SAML alone. */
  asked: Type.Optional(
    Type.Object({ at: Type.Union([Type.Number(), Type.Null()]), made: Type.Number(), back: Type.Number() }),
  ),
});
export type SsoClaims = Static<typeof claimsSchema>;

export type Attempt = {
  readonly id: string;
  readonly kind: "oidc" | "saml" | "social";
  readonly connection: string;
  readonly tenantId: string | null;
  readonly secrets: Readonly<Record<string, string>>;
  /** A path of our own to go on to. */
  readonly target: string;
};

const lifeMinutes = 10;
const hash = (text: string) => createHash("sha256").update(text, "utf8").digest();

/** A path of this site, and nothing a browser could read as another one. */
export function ownTarget(path: string | undefined): string | undefined {
  return path !== undefined && path.length <= 500 && /^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(path) ? path : undefined;
}

/** What the browser that begins keeps in a cookie; only its hash is stored. A browser that has one already keeps it. */
export function browserSecret(cookie: string | undefined): string {
  return cookie !== undefined && /^[\w-]{43}$/.test(cookie) ? cookie : randomBytes(32).toString("base64url");
}

/** The cookie that ties an attempt to the browser that began it. */
export function browserCookie(https: boolean): string {
  return https ? "__Host-probity-sso" : "probity-sso";
}

/** What a browser keeps while it is away. */
export function leavingCookie(https: boolean, browser: string): { "set-cookie": string } {
  const secure = https ? "; Secure" : "";
  const seconds = lifeMinutes * 60;
  return {
    "set-cookie": `${browserCookie(https)}=${browser}; Path=/; HttpOnly; SameSite=Lax${secure}; Max-Age=${seconds}`,
  };
}

/** Begins an attempt; gives its state, which goes to the provider and comes back. */
export async function beginAttempt(
  kernel: Pick<Kernel, "identityPool">,
  attempt: Omit<Attempt, "id"> & { browser: string },
): Promise<{ id: string; state: string }> {
  const id = uuidv7();
  const state = randomBytes(32).toString("base64url");
  await kernel.identityPool.query(
    `with old as (delete from identity.sso_attempt where expires_at < now() and random() < 0.2)
     insert into identity.sso_attempt (id, kind, connection, tenant_id, browser_hash, state_hash, secrets, target, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, now() + make_interval(mins => $9))`,
    [
      id,
      attempt.kind,
      attempt.connection,
      attempt.tenantId,
      hash(attempt.browser),
      hash(state),
      JSON.stringify(attempt.secrets),
      attempt.target,
      lifeMinutes,
    ],
  );
  return { id, state };
}

/**
 * Takes an attempt: it must be this kind of this workspace or provider, unused, young enough, and come back in the browser
 * that began it. Taken means gone, whatever comes of it; a second use finds nothing.
 */
export async function takeAttempt(
  kernel: Pick<Kernel, "identityPool">,
  back: { state: string; browser: string | undefined; kind: Attempt["kind"]; of: string },
): Promise<Attempt & { claims: SsoClaims | null }> {
  const found = await kernel.identityPool.query<Row>(
    `delete from identity.sso_attempt where state_hash = $1 and browser_hash = $2 and kind = $3
       and coalesce(tenant_id::text, connection) = $4 and expires_at > now() returning *`,
    [hash(back.state), hash(back.browser ?? ""), back.kind, back.of],
  );
  const row = found.rows[0];
  if (row === undefined || back.browser === undefined) throw ssoProblem.attempt_ended();
  return { ...attemptOf(row), claims: Value.Check(claimsSchema, row.outcome) ? row.outcome : null };
}

/**
 * Looks at an attempt that came back by another site's form: such a request carries no cookie of ours. Nothing is taken
 * yet; the browser is sent on, and finishes with its cookie.
 */
export async function attemptOfState(
  kernel: Pick<Kernel, "identityPool">,
  back: { state: string; kind: Attempt["kind"]; of: string },
): Promise<Attempt> {
  const found = await kernel.identityPool.query<Row>(
    `select * from identity.sso_attempt where state_hash = $1 and kind = $2 and coalesce(tenant_id::text, connection) = $3
       and outcome is null and expires_at > now()`,
    [hash(back.state), back.kind, back.of],
  );
  const row = found.rows[0];
  if (row === undefined) throw ssoProblem.attempt_ended();
  return attemptOf(row);
}

/** Keeps what was said (null: nothing to be believed) until the browser comes; only the first answer to an attempt is kept. */
export async function keepClaims(
  kernel: Pick<Kernel, "identityPool">,
  id: string,
  claims: SsoClaims | null,
): Promise<void> {
  const kept = await kernel.identityPool.query(
    "update identity.sso_attempt set outcome = $2 where id = $1 and outcome is null",
    [id, JSON.stringify(claims)],
  );
  if (kept.rowCount !== 1) throw ssoProblem.attempt_ended();
}

/** Remembers an assertion until it would have ended anyway. False: it was taken before. */
export async function takeAssertion(
  kernel: Pick<Kernel, "identityPool">,
  assertion: { issuer: string; id: string; endsAt: Date },
): Promise<boolean> {
  const taken = await kernel.identityPool.query(
    `with old as (delete from identity.sso_replay where expires_at < now() and random() < 0.2)
     insert into identity.sso_replay (assertion_hash, expires_at) values ($1, $2) on conflict do nothing`,
    [hash(`${assertion.issuer}\0${assertion.id}`), new Date(assertion.endsAt.getTime() + 600_000)],
  );
  return taken.rowCount === 1;
}

type Row = {
  id: string;
  kind: Attempt["kind"];
  connection: string;
  tenant_id: string | null;
  secrets: Record<string, string>;
  target: string;
  outcome: unknown;
};

function attemptOf(row: Row): Attempt {
  const { id, kind, connection, secrets, target } = row;
  return { id, kind, connection, tenantId: row.tenant_id, secrets, target };
}
