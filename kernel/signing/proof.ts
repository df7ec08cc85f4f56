import { createHash } from "node:crypto";
import type { Own } from "../identity/factor.ts";
import { underFactorLock } from "../identity/factor-guard.ts";
import type { Identity } from "../identity/identity.ts";
import { takePasskey, type Assertion, type RelyingParty } from "../identity/passkey.ts";
import { checkOwnPassword } from "../identity/step-up-proof.ts";
import { takeTotp } from "../identity/totp-factor.ts";
import type { Kernel } from "../kernel.ts";
import { noteFailedSigning } from "./alert.ts";
import { componentsOf, passkeyChallengeOf, type Components } from "./challenge.ts";
import { signingProblem } from "./error.ts";

/** What somebody enters to sign. */
export type SigningProof = {
  readonly userName?: string | undefined;
  readonly password?: string | undefined;
  readonly totp?: string | undefined;
  readonly passkey?: Assertion | undefined;
};

/** A challenge that waits, or was proved. */
export type Asked = {
  readonly id: string;
  readonly tenantId: string;
  readonly record: string;
  readonly rowId: string;
  readonly signedVersion: number;
  readonly recordHash: string;
  readonly step: string;
  readonly meaning: string;
  readonly reasonCode: string | null;
  readonly reason: string | null;
  readonly components: "all" | "one";
  readonly methods: readonly string[] | null;
  readonly provenAt: Date | null;
  readonly sessionId: string;
};

/** The challenge of this secret, where it is this session's and still good. */
export async function askedOf(
  { kernel }: Pick<Identity, "kernel">,
  own: Pick<Own, "userId" | "sessionId">,
  secret: string,
): Promise<Asked> {
  return waiting(kernel, own, { hash: createHash("sha256").update(secret, "utf8").digest(), id: null });
}

/** The same by its id, where the secret stayed in the page that waits. */
export async function askedById(
  { kernel }: Pick<Identity, "kernel">,
  own: Pick<Own, "userId" | "sessionId">,
  id: string,
): Promise<Asked> {
  return waiting(kernel, own, { hash: null, id });
}

async function waiting(
  kernel: Pick<Kernel, "identityPool">,
  own: Pick<Own, "userId" | "sessionId">,
  by: { readonly hash: Buffer | null; readonly id: string | null },
): Promise<Asked> {
  const found = await kernel.identityPool.query<Asked>(
    `select id, tenant_id as "tenantId", record, row_id as "rowId", signed_version as "signedVersion", record_hash as "recordHash",
       step, meaning, reason_code as "reasonCode", reason, components, methods, proven_at as "provenAt", session_id as "sessionId"
     from identity.signing_challenge
     where (secret_hash = $1 or id = $2) and session_id = $3 and user_id = $4 and used_at is null and expires_at > now()`,
    [by.hash, by.id, own.sessionId, own.userId],
  );
  const asked = found.rows[0];
  if (asked === undefined) throw signingProblem.challenge_ended();
  return asked;
}

/**
 * Proves a challenge by its signer's own credentials. Each try is counted before anything is looked at, so that fifty at
 * once are no more than the limit; at the limit signing in this person's name is locked until an admin reinstates it, and
 * the admins hear of it at once (11.300(d)).
 */
export async function proveChallenge(
  identity: Identity,
  own: Own,
  asked: Asked,
  proof: SigningProof,
  rules: { readonly attempts: number; readonly party: RelyingParty | undefined },
): Promise<Asked> {
  const account = await componentsOf(identity, own.userId);
  const byProvider = asked.provenAt !== null;
  // Proved by the person's identity provider; a second factor of their own is asked for beside it, as at sign-in.
  if (byProvider && (asked.components === "one" || !account.totp)) return forgive(identity, own, asked);
  if (byProvider && proof.totp === undefined)
    throw signingProblem.components_missing({ values: { needed: "a code of your app" } });
  if (!byProvider) checkComponents(asked.components, account, proof);
  const tries = await countedTry(identity, own, asked, rules.attempts);
  const methods = await look(identity, own, asked, byProvider ? { totp: proof.totp } : proof, rules.party);
  if (methods === undefined) {
    const locks = await refuseTry(identity, own, asked, { tries, limit: rules.attempts });
    throw locks ? signingProblem.locked({ values: { limit: rules.attempts } }) : signingProblem.refused();
  }
  await forgive(identity, own, asked);
  const proved = await markProven(identity, asked.id, [...(asked.methods ?? []), ...methods]);
  if (proved === undefined) throw signingProblem.challenge_ended();
  return { ...asked, methods: [...(asked.methods ?? []), ...methods], provenAt: proved };
}

/** Counts a try before anything is looked at; refuses where signing is locked. */
export async function countedTry(identity: Identity, own: Own, asked: Asked, limit: number): Promise<number> {
  const tries = await claimTry(identity, asked.tenantId, own.userId, limit);
  if (tries === undefined) throw signingProblem.locked({ values: { limit } });
  return tries;
}

/** Leaves the leaf of a wrong try; at the limit signing is locked. Answers whether it is. */
export async function refuseTry(
  identity: Identity,
  own: Own,
  asked: Asked,
  { tries, limit }: { tries: number; limit: number },
): Promise<boolean> {
  const locks = tries >= limit;
  if (locks) await lockSigning(identity, asked.tenantId, own.userId);
  await noteFailedSigning(identity, own, asked, { tries, locks });
  return locks;
}

/** A right proof ends the count of wrong ones. */
async function forgive({ kernel }: Identity, own: Own, asked: Asked): Promise<Asked> {
  await kernel.identityPool.query(
    "delete from identity.signing_guard where tenant_id = $1 and user_id = $2 and locked_at is null",
    [asked.tenantId, own.userId],
  );
  return asked;
}

/** Marks a challenge as proved by these methods; undefined where it has ended meanwhile. */
export async function markProven(
  { kernel }: Pick<Identity, "kernel">,
  id: string,
  methods: readonly string[],
): Promise<Date | undefined> {
  const proven = await kernel.identityPool.query<{ proven_at: Date }>(
    `update identity.signing_challenge set proven_at = date_trunc('milliseconds', clock_timestamp()), methods = $2
     where id = $1 and used_at is null and coalesce(methods, '{}') <@ $2 and coalesce(methods, '{}') <> $2
       and expires_at > now() returning proven_at`,
    [id, [...methods]],
  );
  return proven.rows[0]?.proven_at;
}

/** An account's missing component is no reason to ask for less: password and code where it has both, a passkey (which is two) else. */
function checkComponents(
  needed: "all" | "one",
  account: Omit<Components, "needed" | "provider">,
  proof: SigningProof,
): void {
  if (proof.passkey !== undefined) return;
  if (needed === "one") {
    if (proof.password === undefined && proof.totp === undefined)
      throw signingProblem.components_missing({
        values: { needed: "your password, a code of your app, or a passkey" },
      });
    return;
  }
  const missing = [
    ...(proof.userName === undefined ? ["your e-mail address"] : []),
    ...(proof.password === undefined ? ["your password"] : []),
    ...(account.totp && proof.totp === undefined ? ["a code of your app"] : []),
  ];
  if (missing.length > 0) throw signingProblem.components_missing({ values: { needed: missing.join(" and ") } });
}

async function look(
  identity: Identity,
  own: Own,
  asked: Asked,
  proof: SigningProof,
  party: RelyingParty | undefined,
): Promise<string[] | undefined> {
  const { kernel } = identity;
  const { userId, sessionId } = own;
  const { passkey, password, totp, userName } = proof;
  if (passkey !== undefined) {
    if (party === undefined || challengeNamed(passkey) !== passkeyChallengeOf(asked).toString("base64url"))
      return undefined;
    const owner = await takePasskey(kernel.identityPool, party, "signing", { userId, sessionId }, passkey);
    return owner === userId ? ["passkey"] : undefined;
  }
  const methods: string[] = [];
  if (userName !== undefined) {
    if (userName.trim().toLowerCase() !== own.email.toLowerCase()) return undefined;
    methods.push("user-name");
  }
  if (password !== undefined) {
    if (!(await checkOwnPassword(identity, own, password))) return undefined;
    methods.push("password");
  }
  if (totp !== undefined) {
    const taken = await underFactorLock(kernel, own, async () =>
      (await takeTotp(kernel.identityPool, kernel.rootKey.key, userId, totp)) ? true : undefined,
    );
    if (taken === undefined) return undefined;
    methods.push("totp");
  }
  return methods;
}

/** Which try this is; undefined where signing is locked, and nothing may be looked at. */
async function claimTry(
  { kernel }: Identity,
  tenantId: string,
  userId: string,
  limit: number,
): Promise<number | undefined> {
  const claimed = await kernel.identityPool.query<{ tries: number }>(
    `insert into identity.signing_guard as g (tenant_id, user_id, tries) values ($1, $2, 1)
     on conflict (tenant_id, user_id) do update set tries = g.tries + 1 where g.locked_at is null and g.tries < $3 returning tries`,
    [tenantId, userId, limit],
  );
  return claimed.rows[0]?.tries;
}

/** Signing in this person's name ends until it is reinstated; a running series of signings ends with it. */
async function lockSigning({ kernel }: Identity, tenantId: string, userId: string): Promise<void> {
  await kernel.identityPool.query(
    "update identity.signing_guard set locked_at = now() where tenant_id = $1 and user_id = $2",
    [tenantId, userId],
  );
  await kernel.identityPool.query(
    `delete from identity.signing_session o using identity.session s
     where o.session_id = s.id and o.tenant_id = $1 and s.user_id = $2`,
    [tenantId, userId],
  );
}

function challengeNamed(assertion: Assertion): string {
  try {
    const said: unknown = JSON.parse(Buffer.from(assertion.response.clientDataJSON, "base64url").toString("utf8"));
    const named: unknown = typeof said === "object" && said !== null ? Reflect.get(said, "challenge") : "";
    return typeof named === "string" ? named : "";
  } catch {
    return "";
  }
}
