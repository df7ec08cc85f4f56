import { createHash, randomBytes, randomUUIDv7 as uuidv7 } from "node:crypto";
import type { Own } from "../identity/factor.ts";
import { inIdentity } from "../identity/identity-transaction.ts";
import { noteSession } from "../identity/note.ts";
import { sessionProfile } from "../identity/session.ts";
import { rotateSession } from "../identity/session-token.ts";
import { grantHash, stepUpMinutes, storeGrant, type StepUpAct } from "../identity/step-up.ts";
import { proveByProvider, refuseProvider, signingNonceOf } from "../signing/provider.ts";
import type { Asked } from "../signing/proof.ts";
import { Problem } from "../work/problem.ts";
import { beginAttempt, type Attempt } from "./attempt.ts";
import type { SsoConnection } from "./connection.ts";
import { ssoProblem } from "./error.ts";
import type { Caller, Finished } from "./flow.ts";
import { beginOidc } from "./oidc.ts";
import { clientOf, isLinked, providerOf, readConnection, samlPartyOf, type LinkedProvider } from "./provider-of.ts";
import { beginSaml } from "./saml.ts";
import type { Sso } from "./sso.ts";

/** The page of ours that a window ends at; it tells the page that waits, and closes. */
const endPage = "/confirmed";

/** Whom the provider named, and whether it asked them between leaving and coming back, both by our clock. */
export type Answered = {
  readonly subject: string;
  readonly askedAnew: (leftAt: number, backAt: number) => boolean;
};

/** Where a second window goes to be asked, and by which id the page that waits hears of the end. */
export type Leaving = { readonly url: string; readonly id: string };

/**
 * Begins to prove a signature by the workspace's provider (21 CFR 11.200, for people who have no password here). What
 * comes back in the signed answer (the nonce of an ID token, the request a SAML assertion answers) is made of the challenge:
 * it speaks of this record, version and meaning.
 */
export async function beginSigning(
  sso: Sso,
  own: Own,
  provider: LinkedProvider,
  { asked, browser }: { asked: Asked; browser: string },
): Promise<Leaving> {
  const nonce = signingNonceOf(asked, randomBytes(32));
  const about = { purpose: "signing", challenge: asked.id };
  return leave(sso, own, { tenantId: asked.tenantId, ...provider, nonce, about, browser });
}

/**
 * Begins a fresh proof for one act (IDN-10) of somebody whom the workspace's provider alone lets in. The grant is known to
 * the page that waits from the start and is worth nothing until the provider has spoken: only then is it stored.
 */
export async function beginStepUp(
  sso: Sso,
  own: Own,
  { act, workspace, browser }: { act: StepUpAct; workspace: string; browser: string },
): Promise<Leaving & { grant: string }> {
  const provider = await stepUpProviderOf(sso, own, workspace);
  if (provider === undefined) throw ssoProblem.not_offered();
  const grant = randomBytes(32).toString("base64url");
  const about = { purpose: "step-up", ...act, grantHash: grantHash(grant).toString("base64url") };
  // Of the act and of chance: an answer speaks of this act on this subject in this session.
  const nonce = createHash("sha256")
    .update(JSON.stringify(["probity step-up by provider", workspace, own.sessionId, act.action, act.subject]))
    .update(randomBytes(32))
    .digest("base64url");
  return { ...(await leave(sso, own, { tenantId: workspace, ...provider, nonce, about, browser })), grant };
}

/** Whom to ask for a fresh proof; nobody for who has a factor of their own: a provider is no way around that. */
export async function stepUpProviderOf(sso: Sso, own: Own, workspace: string): Promise<LinkedProvider | undefined> {
  const { kernel } = sso;
  if (!own.workspaces.some(({ id }) => id === workspace) || (await hasFactor(sso, own.userId))) return undefined;
  const credential = kernel.system(workspace, own.source);
  return kernel.door.work(credential, "kernel.sso.sign_in", (tx) => providerOf(tx, sso, own.userId));
}

async function leave(
  sso: Sso,
  own: Own,
  to: LinkedProvider & { tenantId: string; nonce: string; about: Record<string, string>; browser: string },
): Promise<Leaving> {
  const { tenantId, connectionId, nonce, about, browser } = to;
  const { connection, secret } = await readConnection(sso, tenantId, connectionId, own.source);
  const { kind } = connection;
  const again = { nonce, email: own.email };
  const begun =
    kind === "oidc"
      ? await beginOidc(clientOf(sso, connection, { tenantId, secret }), sso.outside, again)
      : await beginSaml(samlPartyOf(sso, connection, tenantId), again);
  const id = uuidv7();
  const secrets = { ...begun.secrets, ...about, id, session: own.sessionId, leftAt: String(Date.now()) };
  const attempt = { kind, connection: connectionId, tenantId, secrets, target: endPage, browser };
  const { state } = await beginAttempt(sso.kernel, attempt);
  return { url: await begun.url(state), id };
}

export function isReauthentication({ secrets }: Pick<Attempt, "secrets">): boolean {
  return secrets["purpose"] !== undefined;
}

/**
 * Finishes what began above: the same session, the same account at the provider, asked since. Whatever is refused is told
 * on the page that waits; nobody is signed in or out by it.
 */
export async function finishReauthentication(
  sso: Sso,
  back: { tenantId: string; connection: SsoConnection; attempt: Attempt; caller: Caller },
  answered: () => Promise<Answered>,
): Promise<Finished> {
  const { attempt, tenantId, connection, caller } = back;
  const { secrets } = attempt;
  const profile = caller.previousToken === undefined ? undefined : await sessionProfile(sso, caller.previousToken);
  const token = caller.previousToken ?? "";
  const target = (code: string) => `${attempt.target}?id=${secrets["id"] ?? ""}${code === "" ? "" : `&code=${code}`}`;
  if (profile === undefined || profile.sessionId !== secrets["session"])
    return { target: target(ssoProblem.attempt_ended().code) };
  const own: Own = { ...profile, token, grant: null, source: caller.source };
  const signs = secrets["purpose"] === "signing";
  const place = { tenantId, id: secrets["challenge"] ?? "" };
  try {
    if (!connection.enabled) throw ssoProblem.not_offered();
    const answer = await answered();
    if (!answer.askedAnew(Number(secrets["leftAt"]), Date.now())) throw ssoProblem.not_asked_again();
    const same = await isLinked(sso, own.userId, connection.id, answer.subject);
    if (signs) {
      await proveByProvider(sso, own, place, same);
      if (!same) throw ssoProblem.another_account();
      return { target: target("") };
    }
    if (!same) throw ssoProblem.another_account();
    return { session: await grantAct(sso, own, tenantId, secrets), target: target("") };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (signs && error.code !== "sso.another_account") await refuseProvider(sso, own, place, error.code);
    if (!signs) await note(sso, own, secrets, "refused");
    return { target: target(error.code) };
  }
}

/** Stores the grant; the session goes on under a new token (ASVS 5.0 7.2.4). */
async function grantAct(sso: Sso, own: Own, tenantId: string, secrets: Attempt["secrets"]) {
  const { action = "", subject = "", grantHash: hash = "" } = secrets;
  const session = await inIdentity(sso.kernel, async (client) => {
    const made = await rotateSession(client, own.token);
    if (made === undefined) throw ssoProblem.attempt_ended();
    const proved = { action, subject, sessionId: own.sessionId, workspace: tenantId, method: "provider" } as const;
    await storeGrant(client, proved, Buffer.from(hash, "base64url"));
    return made;
  });
  await note(sso, own, secrets, "done");
  return session;
}

async function note(
  { kernel }: Sso,
  own: Own,
  secrets: Attempt["secrets"],
  outcome: "done" | "refused",
): Promise<void> {
  const reason = secrets["action"] ?? "";
  await noteSession(kernel, {
    action: "kernel.step_up.grant",
    outcome,
    userId: own.userId,
    reason,
    source: own.source,
  });
}

async function hasFactor({ kernel }: Sso, userId: string): Promise<boolean> {
  const found = await kernel.identityPool.query(
    `select 1 from identity.totp where user_id = $1 and confirmed_at is not null
     union all select 1 from identity.passkey where user_id = $1 limit 1`,
    [userId],
  );
  return found.rowCount === 1;
}

/** When a grant that is stored now would end, for the page that waits. */
export function grantEnd(): Date {
  return new Date(Date.now() + stepUpMinutes * 60_000);
}
