import * as oidc from "openid-client";
import type { SsoClaims } from "./attempt.ts";
import { ssoProblem } from "./error.ts";
import { outgoingRefusal, outsideFetch } from "./outside.ts";
import type { Sso } from "./sso.ts";

/** One relying party: who we are to which provider. */
export type OidcClient = {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUri: string;
  readonly scope: string;
  /** The answer comes by a form of the provider's page; Apple does so when it is asked for an address. */
  readonly formPost?: boolean;
};

/** Asymmetric ones alone: with "none" or a shared secret anybody could be the provider (RFC 8725, 3.1 and 3.2). */
const algorithms: readonly string[] = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "EdDSA",
  "Ed25519",
];
const skewSeconds = 60;

/** Values that a provider uses to say that it asked for a second factor (RFC 8176, and what Okta and Entra ID send). */
const strongMethods: readonly string[] = ["mfa"];
const strongContexts: readonly string[] = [
  "http://schemas.openid.net/pape/policies/2007/06/multi-factor",
  "urn:okta:loa:2fa:any",
  "https://refeds.org/profile/mfa",
  "phr",
  "phrh",
];

/** A sign-in by somebody who is signed in, to prove that it is still them: the provider asks them again. */
export type Reauthentication = { readonly nonce: string; readonly email: string };

/**
 * Asks the provider where it is and begins: authorization code with PKCE (RFC 7636), state and nonce. The secrets stay on
 * the server; the state is the attempt's.
 */
export async function beginOidc(
  client: OidcClient,
  outside: Sso["outside"],
  again?: Reauthentication,
): Promise<{ secrets: Record<string, string>; url: (state: string) => string }> {
  const configuration = await configurationOf(client, outside, rememberedMetadata);
  const nonce = again?.nonce ?? oidc.randomNonce();
  const verifier = oidc.randomPKCECodeVerifier();
  const challenge = await oidc.calculatePKCECodeChallenge(verifier);
  return {
    secrets: { nonce, verifier },
    url: (state) =>
      oidc.buildAuthorizationUrl(configuration, {
        redirect_uri: client.redirectUri,
        scope: client.scope,
        state,
        nonce,
        code_challenge: challenge,
        code_challenge_method: "S256",
        ...(client.formPost === true ? { response_mode: "form_post" } : {}),
        // OpenID Connect Core 1.0, 3.1.2.1: asks again whoever is signed in there, and has the answer say when it did.
        ...(again === undefined ? {} : { prompt: "login", max_age: "0", login_hint: again.email }),
      }).href,
  };
}

/** What an ID token, and where it names no address the provider's user information, said. */
export type OidcAnswer = { readonly claims: Readonly<Record<string, unknown>>; readonly subject: string };

/**
 * Redeems the code and checks the ID token: issuer, audience and authorized party, signature by a key of the provider,
 * algorithm, times within a minute, nonce. No token is kept.
 */
export async function finishOidc(
  client: OidcClient,
  outside: Sso["outside"],
  back: { parameters: URLSearchParams; state: string; secrets: Readonly<Record<string, string>> },
): Promise<OidcAnswer> {
  if (back.parameters.has("error")) throw ssoProblem.provider_refused();
  const configuration = await configurationOf(client, outside, freshMetadata);
  try {
    const url = new URL(client.redirectUri);
    url.search = back.parameters.toString();
    const tokens = await oidc.authorizationCodeGrant(configuration, url, {
      expectedState: back.state,
      expectedNonce: back.secrets["nonce"] ?? "",
      pkceCodeVerifier: back.secrets["verifier"] ?? "",
      idTokenExpected: true,
    });
    const claims = tokens.claims();
    if (claims === undefined || tokens.id_token === undefined) throw ssoProblem.answer_refused();
    if (!algorithms.includes(algorithmOf(tokens.id_token))) throw ssoProblem.answer_refused();
    if (typeof claims["email"] === "string" || configuration.serverMetadata().userinfo_endpoint === undefined) {
      return { claims, subject: claims.sub };
    }
    // The subject must be the same: user information is no signed answer.
    const more = await oidc.fetchUserInfo(configuration, tokens.access_token, claims.sub);
    return { claims: { ...more, ...claims }, subject: claims.sub };
  } catch (error) {
    throw problemOfProvider(error);
  }
}

const roundingSeconds = 2;

/**
 * Whether the provider asked the person since they left us. The times are its own: between asking and making the token no
 * more time went by there than between leaving and coming back here, so that no clock has to agree with another. One that
 * says no time, or an older one because it was content with a session it had, proves nothing.
 */
export function askedSince({ claims }: OidcAnswer, leftAt: number, backAt: number): boolean {
  const { auth_time: asked, iat: made } = claims;
  if (typeof asked !== "number" || typeof made !== "number") return false;
  return made - asked <= (backAt - leftAt) / 1000 + roundingSeconds && asked - made <= roundingSeconds;
}

/** The person, from the claims of a workspace's own provider. Silence about the address is no denial there: the domain is verified. */
export function claimsOfProvider(answer: OidcAnswer): SsoClaims {
  const { claims, subject } = answer;
  const said = claims["email_verified"];
  const text = (name: string) => {
    const value = claims[name];
    return typeof value === "string" ? value : "";
  };
  const amr = claims["amr"];
  return {
    subject,
    email: text("email") || text("preferred_username"),
    emailVerified: said === undefined || said === null ? null : said === true || said === "true",
    name: text("name") || [text("given_name"), text("family_name")].join(" ").trim(),
    multiFactor:
      (Array.isArray(amr) && amr.some((each) => strongMethods.includes(String(each)))) ||
      strongContexts.includes(text("acr")),
  };
}

const rememberedMs = 10 * 60_000;
const failedMs = 10_000;
type Metadata = { readonly until: number; readonly server: Promise<oidc.ServerMetadata> };
const remembered = new WeakMap<Sso["outside"], Map<string, Metadata>>();

/**
 * What a provider says of itself, for a sign-in that begins: asked at most every ten minutes and once by all who wait for
 * it. Anybody may begin one, and a hundred of them are no reason for a hundred calls elsewhere. One that comes back asks anew.
 */
function rememberedMetadata(issuer: URL, clientId: string, outside: Sso["outside"]): Promise<oidc.ServerMetadata> {
  const kept = remembered.get(outside) ?? new Map<string, Metadata>();
  remembered.set(outside, kept);
  const known = kept.get(issuer.href);
  if (known !== undefined && known.until > Date.now()) return known.server;
  if (kept.size > 1000) kept.clear();
  const server = freshMetadata(issuer, clientId, outside);
  kept.set(issuer.href, { until: Date.now() + rememberedMs, server });
  server.catch(() => kept.set(issuer.href, { until: Date.now() + failedMs, server }));
  return server;
}

async function freshMetadata(issuer: URL, clientId: string, outside: Sso["outside"]): Promise<oidc.ServerMetadata> {
  const found = await oidc.discovery(issuer, clientId, undefined, undefined, {
    [oidc.customFetch]: outsideFetch(outside),
    timeout: 10,
    // Plain http reaches nothing but an origin the operator trusts on this machine: the outgoing client sees to it.
    execute: issuer.protocol === "http:" ? [oidc.allowInsecureRequests] : [],
  });
  return { ...found.serverMetadata() };
}

async function configurationOf(
  client: OidcClient,
  outside: Sso["outside"],
  metadataOf: typeof freshMetadata,
): Promise<oidc.Configuration> {
  const issuer = new URL(client.issuer);
  try {
    const server = await metadataOf(issuer, client.clientId, outside);
    const methods = server.token_endpoint_auth_methods_supported;
    const basic = methods === undefined || methods.includes("client_secret_basic");
    const authentication = basic
      ? oidc.ClientSecretBasic(client.clientSecret)
      : oidc.ClientSecretPost(client.clientSecret);
    const configuration = new oidc.Configuration(
      server,
      client.clientId,
      { [oidc.clockTolerance]: skewSeconds },
      authentication,
    );
    configuration[oidc.customFetch] = outsideFetch(outside);
    configuration.timeout = 10;
    // Verifies the signature of an ID token also where it came over a connection of our own.
    oidc.enableNonRepudiationChecks(configuration);
    if (issuer.protocol === "http:") oidc.allowInsecureRequests(configuration);
    return configuration;
  } catch (error) {
    throw outgoingRefusal(error) ?? ssoProblem.provider_unreachable({ cause: error });
  }
}

function problemOfProvider(error: unknown): unknown {
  const outgoing = outgoingRefusal(error);
  if (outgoing) return outgoing;
  if (error instanceof oidc.AuthorizationResponseError) return ssoProblem.provider_refused({ cause: error });
  return ssoProblem.answer_refused({ cause: error });
}

function algorithmOf(token: string): string {
  const header: unknown = JSON.parse(Buffer.from(token.split(".", 1)[0] ?? "", "base64url").toString("utf8"));
  return typeof header === "object" && header !== null && "alg" in header ? String(header.alg) : "";
}
