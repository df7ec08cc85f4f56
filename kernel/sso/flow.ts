import { sessionProfile, type NewSession } from "../identity/session.ts";
import { sessionHash } from "../identity/session-hash.ts";
import { workspaceSlug } from "../tenancy/lookup.ts";
import { instanceTenantId, type Source } from "../work/credential.ts";
import { Problem } from "../work/problem.ts";
import {
  attemptOfState,
  beginAttempt,
  keepClaims,
  takeAssertion,
  takeAttempt,
  type Attempt,
  type SsoClaims,
} from "./attempt.ts";
import type { SsoConnection } from "./connection.ts";
import { cleanDomain, domainOf } from "./domain-name.ts";
import { ssoProblem } from "./error.ts";
import { tellOfLink } from "./linked.ts";
import { askedSince, beginOidc, claimsOfProvider, finishOidc } from "./oidc.ts";
import { admitBySso, linkSocial, personOfSocial } from "./person.ts";
import { clientOf, readConnection, samlPartyOf } from "./provider-of.ts";
import { finishReauthentication, isReauthentication } from "./reauthenticate.ts";
import { beginSaml, finishSaml, samlAskedSince } from "./saml.ts";
import { refused } from "./xml.ts";
import { noteSsoSignIn, startSsoSession } from "./session.ts";
import { beginSocial, finishSocial, type SocialProvider } from "./social.ts";
import type { Sso } from "./sso.ts";

export type Caller = {
  readonly source: Source;
  readonly userAgent: string | null;
  /** The session token the browser presented. */
  readonly previousToken: string | undefined;
  /** The cookie of the browser that began. */
  readonly browser: string | undefined;
};

/** Where a browser goes after it came back; with a session unless it was a test or a link. */
export type Finished = { readonly session?: NewSession; readonly target: string };

export type Discovered = {
  readonly tenantId: string;
  readonly connectionId: string;
  readonly name: string;
  readonly forced: boolean;
};

/** Whose single sign-on answers for an address: looked up by its domain alone, so that it says nothing about accounts. */
export async function discover({ kernel }: Pick<Sso, "kernel">, email: string): Promise<Discovered | undefined> {
  const domain = cleanDomain(domainOf(email.trim().toLowerCase()));
  const [row] = await kernel.door.callFunction({
    sql: "select * from kernel.sso_of_domain($1, $2)",
    parameters: [kernel.system(instanceTenantId).token, domain ?? ""],
  });
  if (row === undefined) return undefined;
  return {
    tenantId: String(row["tenant_id"]),
    connectionId: String(row["connection_id"]),
    name: String(row["name"]),
    forced: row["forced"] === true,
  };
}

/** Begins at a workspace's identity provider; gives the address the browser goes to. */
export async function beginConnection(
  sso: Sso,
  begin: { tenantId: string; connectionId: string; browser: string; target: string; test?: boolean; source: Source },
): Promise<string> {
  const { tenantId, connectionId, browser, target } = begin;
  const { connection, secret } = await readConnection(sso, tenantId, connectionId, begin.source);
  const kind = connection.kind;
  const begun =
    kind === "oidc"
      ? await beginOidc(clientOf(sso, connection, { tenantId, secret }), sso.outside)
      : await beginSaml(samlPartyOf(sso, connection, tenantId));
  const secrets = { ...begun.secrets, ...(begin.test === true ? { test: "yes" } : {}) };
  const { state } = await beginAttempt(sso.kernel, {
    kind,
    connection: connectionId,
    tenantId,
    secrets,
    target,
    browser,
  });
  return begun.url(state);
}

/** Begins at a social provider: to sign in, or to link it to the person of a session. */
export async function beginAtProvider(
  sso: Sso,
  begin: { provider: SocialProvider; browser: string; target: string; linkTo?: string },
): Promise<string> {
  const begun = await beginSocial(sso, begin.provider);
  const secrets = { ...begun.secrets, ...(begin.linkTo === undefined ? {} : { link: begin.linkTo }) };
  const { state } = await beginAttempt(sso.kernel, {
    kind: "social",
    connection: begin.provider.id,
    tenantId: null,
    secrets,
    target: begin.target,
    browser: begin.browser,
  });
  return begun.url(state);
}

/** A browser that came back from an OpenID provider of a workspace. */
export async function finishOidcCallback(
  sso: Sso,
  tenantId: string,
  parameters: URLSearchParams,
  caller: Caller,
): Promise<Finished> {
  return noted(sso, { tenantId, way: "oidc", caller }, async () => {
    const state = parameters.get("state") ?? "";
    const attempt = await takeAttempt(sso.kernel, { state, browser: caller.browser, kind: "oidc", of: tenantId });
    const { connection, secret } = await readConnection(sso, tenantId, attempt.connection, caller.source);
    const back = { parameters, state, secrets: attempt.secrets };
    const finish = () => finishOidc(clientOf(sso, connection, { tenantId, secret }), sso.outside, back);
    if (isReauthentication(attempt))
      return finishReauthentication(sso, { tenantId, connection, attempt, caller }, async () => {
        const answer = await finish();
        return { subject: answer.subject, askedAnew: (leftAt, backAt) => askedSince(answer, leftAt, backAt) };
      });
    const answer = await finish();
    return finishWorkspace(sso, tenantId, connection, attempt, claimsOfProvider(answer), caller);
  });
}

/**
 * A response that another site's form brought: judged and kept. It comes without our cookies, so nobody is signed in yet;
 * the browser is sent on to finish with the cookie it began with. A response nobody asked for belongs to no attempt.
 */
export async function takeSamlResponse(
  sso: Sso,
  tenantId: string,
  form: { response: string; state: string },
  caller: Caller,
): Promise<string> {
  return noted(sso, { tenantId, way: "saml", caller }, async () => {
    const attempt = await attemptOfState(sso.kernel, { state: form.state, kind: "saml", of: tenantId });
    const { connection } = await readConnection(sso, tenantId, attempt.connection, caller.source);
    try {
      await keepClaims(sso.kernel, attempt.id, await judged(sso, { tenantId, connection, attempt }, form.response));
    } catch (error) {
      // The page that waits for a fresh proof is told of the refusal, by the browser that holds its session.
      if (!isReauthentication(attempt) || !(error instanceof Problem)) throw error;
      await keepClaims(sso.kernel, attempt.id, null);
    }
    return form.state;
  });
}

async function judged(
  sso: Sso,
  { tenantId, connection, attempt }: { tenantId: string; connection: SsoConnection; attempt: Attempt },
  response: string,
): Promise<SsoClaims> {
  const party = samlPartyOf(sso, connection, tenantId);
  const { claims, assertion } = await finishSaml(party, { response, secrets: attempt.secrets });
  const fresh = { issuer: `${tenantId} ${connection.issuer}`, id: assertion.id, endsAt: assertion.endsAt };
  if (!(await takeAssertion(sso.kernel, fresh))) throw refused("taken before");
  return claims;
}

/** Finishes what a form brought, in the browser that began it. */
export async function finishSamlCallback(sso: Sso, tenantId: string, state: string, caller: Caller): Promise<Finished> {
  return noted(sso, { tenantId, way: "saml", caller }, async () => {
    const attempt = await takeAttempt(sso.kernel, { state, browser: caller.browser, kind: "saml", of: tenantId });
    const { claims } = attempt;
    if (isReauthentication(attempt)) {
      const { connection } = await readConnection(sso, tenantId, attempt.connection, caller.source);
      return finishReauthentication(sso, { tenantId, connection, attempt, caller }, async () => {
        if (claims === null) throw ssoProblem.answer_refused();
        return { subject: claims.subject, askedAnew: (leftAt) => samlAskedSince(claims.asked, leftAt) };
      });
    }
    if (claims === null) throw ssoProblem.attempt_ended();
    const { connection } = await readConnection(sso, tenantId, attempt.connection, caller.source);
    return finishWorkspace(sso, tenantId, connection, attempt, claims, caller);
  });
}

/** A browser that came back from a social provider. */
export async function finishSocialCallback(
  sso: Sso,
  provider: SocialProvider,
  parameters: URLSearchParams,
  caller: Caller,
): Promise<Finished> {
  return noted(sso, { tenantId: null, way: provider.id, caller }, async (found) => {
    const state = parameters.get("state") ?? "";
    const attempt = await takeAttempt(sso.kernel, { state, browser: caller.browser, kind: "social", of: provider.id });
    const claims = await finishSocial(sso, provider, { parameters, state, secrets: attempt.secrets });
    const linkTo = attempt.secrets["link"];
    if (linkTo !== undefined) {
      if ((await ownUserId(sso, caller.previousToken)) !== linkTo) throw ssoProblem.attempt_ended();
      if (await linkSocial(sso.kernel, provider.id, linkTo, claims))
        await tellOfLink(sso, linkTo, provider.id, caller.source);
      return { target: attempt.target };
    }
    const { userId, isNew } = await personOfSocial(sso.kernel, provider.id, claims);
    found.userId = userId;
    if (isNew) await tellOfLink(sso, userId, provider.id, caller.source);
    const made = await startSsoSession(sso, { userId, tenantId: null, multiFactor: false, ...caller });
    const home = (await sessionProfile(sso, made.session.token))?.workspaces[0];
    return arrival(made, attempt.target === "/" && home ? `/w/${home.slug}/home` : attempt.target);
  });
}

/** The person of a session that is their own: one a workspace's provider vouched for may not change who they are. */
export async function ownUserId(sso: Sso, token: string | undefined): Promise<string | undefined> {
  if (token === undefined || (await sessionProfile(sso, token)) === undefined) return undefined;
  const found = await sso.kernel.identityPool.query<{ user_id: string }>(
    "select user_id from identity.session where token = $1 and sso_tenant_id is null",
    [sessionHash(token)],
  );
  return found.rows[0]?.user_id;
}

async function finishWorkspace(
  sso: Sso,
  tenantId: string,
  connection: SsoConnection,
  attempt: Attempt,
  claims: SsoClaims,
  caller: Caller,
): Promise<Finished> {
  if (attempt.secrets["test"] === "yes") return { target: `${attempt.target}?tested=${connection.id}` };
  if (!connection.enabled) throw ssoProblem.not_offered();
  const to = { ...connection, tenantId, connectionId: connection.id };
  const userId = await admitBySso(sso, to, claims, caller.source);
  const multiFactor = connection.trustsMfa && claims.multiFactor;
  const made = await startSsoSession(sso, { userId, tenantId, multiFactor, ...caller });
  if (attempt.target !== "/") return arrival(made, attempt.target);
  const { kernel } = sso;
  const slug = await kernel.door.work(kernel.system(tenantId, caller.source), "kernel.sso.sign_in", workspaceSlug);
  return arrival(made, `/w/${slug}/home`);
}

/** Who still owes a second factor is asked for it on the sign-in page, and goes on from there. */
function arrival({ session, half }: { session: NewSession; half: boolean }, target: string): Finished {
  return { session, target: half ? `/signin?to=${encodeURIComponent(target)}` : target };
}

/** Refusals that belong to no attempt. */
const unattributed: readonly string[] = ["sso.attempt_ended", "kernel.not_found", "kernel.workspace_frozen"];

type Noted = { tenantId: string | null; way: string; caller: Caller };

/** Runs one step of a sign-in and leaves its event: done when it made a session, refused when it ended in a refusal. */
async function noted<T extends Finished | string>(
  sso: Sso,
  { tenantId, way, caller }: Noted,
  step: (found: { userId: string | null }) => Promise<T>,
): Promise<T> {
  const found: { userId: string | null } = { userId: null };
  const { source } = caller;
  try {
    const done = await step(found);
    if (typeof done === "object" && done.session) {
      await noteSsoSignIn(sso.kernel, { tenantId, userId: done.session.userId, way, source });
    }
    return done;
  } catch (error) {
    if (error instanceof Problem && unattributed.includes(error.code)) {
      // Anybody can knock with a made-up state: such knocks are counted by source and minute, not written down one by one.
      sso.kernel.access.refused(sso.kernel.system("", source), "kernel.session.start", error.code, undefined);
    } else if (error instanceof Problem) {
      await noteSsoSignIn(sso.kernel, { tenantId, userId: found.userId, way, refusal: error.code, source });
    }
    throw error;
  }
}
