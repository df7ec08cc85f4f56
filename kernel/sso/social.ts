import { createHmac, createPrivateKey, sign } from "node:crypto";
import { fetchOutside } from "../http/outgoing.ts";
import type { SsoClaims } from "./attempt.ts";
import { ssoProblem } from "./error.ts";
import { beginOidc, claimsOfProvider, finishOidc, type OidcAnswer, type OidcClient } from "./oidc.ts";
import type { Sso } from "./sso.ts";
import { beginOauth, redeemCode } from "./oauth.ts";

export const socialIds = ["google", "microsoft", "apple", "facebook"] as const;
export type SocialId = (typeof socialIds)[number];

/** A provider as the operator configured it. */
export type SocialProvider = {
  readonly id: SocialId;
  readonly clientId: string;
  /** A client secret; Apple's is made anew for each sign-in from this key. */
  readonly secret: string | { readonly teamId: string; readonly keyId: string; readonly privateKey: string };
  /** Where the provider is; its public address unless a test has one of its own. */
  readonly issuer?: string;
};

export const socialTitles: Readonly<Record<SocialId, string>> = {
  google: "Google",
  microsoft: "Microsoft",
  apple: "Apple",
  facebook: "Facebook",
};

/** Microsoft's tenant of personal accounts, whose addresses Microsoft has confirmed. */
const microsoftPersonal = "9188040d-6c67-4c5b-b112-36a304b66dad";
const issuers: Readonly<Record<SocialId, string>> = {
  google: "https://accounts.google.com",
  microsoft: `https://login.microsoftonline.com/${microsoftPersonal}/v2.0`,
  apple: "https://appleid.apple.com",
  facebook: "https://www.facebook.com",
};

function issuerOf(provider: SocialProvider): string {
  return provider.issuer ?? issuers[provider.id];
}

function clientOf(sso: Pick<Sso, "origin">, provider: SocialProvider): OidcClient {
  return {
    issuer: issuerOf(provider),
    clientId: provider.clientId,
    clientSecret: typeof provider.secret === "string" ? provider.secret : appleSecret(provider, provider.secret),
    redirectUri: `${sso.origin}/api/sso/social/${provider.id}/callback`,
    scope: provider.id === "apple" ? "openid email name" : "openid email profile",
    formPost: provider.id === "apple",
  };
}

/** Begins at a provider: OpenID Connect, or plain OAuth 2.0 at Facebook. */
export async function beginSocial(
  sso: Sso,
  provider: SocialProvider,
): Promise<{ secrets: Record<string, string>; url: (state: string) => string }> {
  const client = clientOf(sso, provider);
  return provider.id === "facebook" ? beginOauth(client, facebookAddresses(provider)) : beginOidc(client, sso.outside);
}

/** Who came back. The tokens are used here and kept nowhere. */
export async function finishSocial(
  sso: Sso,
  provider: SocialProvider,
  back: { parameters: URLSearchParams; state: string; secrets: Readonly<Record<string, string>> },
): Promise<SsoClaims> {
  if (back.parameters.has("error")) throw ssoProblem.provider_refused();
  const client = clientOf(sso, provider);
  if (provider.id === "facebook") return finishFacebook(sso, provider, client, back);
  const answer = await finishOidc(client, sso.outside, back);
  return { ...claimsOfProvider(answer), emailVerified: vouches(provider, answer), multiFactor: false };
}

/**
 * Whether the provider itself confirmed the address. In a Microsoft work tenant an admin writes any address they like, so
 * the claim that says it was confirmed must be there (xms_edov); of personal accounts Microsoft has confirmed each.
 */
function vouches(provider: SocialProvider, { claims }: OidcAnswer): boolean {
  if (provider.id === "microsoft") {
    const confirmed = claims["xms_edov"];
    return (
      claims["tid"] === microsoftPersonal ||
      confirmed === true ||
      confirmed === 1 ||
      confirmed === "1" ||
      confirmed === "true"
    );
  }
  const said = claims["email_verified"];
  return said === true || (provider.id === "apple" && said === "true");
}

function facebookAddresses(provider: SocialProvider) {
  const graph = provider.issuer ?? "https://graph.facebook.com";
  return {
    authorization: `${issuerOf(provider)}/v23.0/dialog/oauth`,
    token: `${graph}/v23.0/oauth/access_token`,
    person: `${graph}/v23.0/me`,
  };
}

/** Facebook does not say whether an address is confirmed: it never finds an account by one, only by a link made before. */
async function finishFacebook(
  sso: Sso,
  provider: SocialProvider,
  client: OidcClient,
  back: { parameters: URLSearchParams; secrets: Readonly<Record<string, string>> },
): Promise<SsoClaims> {
  const addresses = facebookAddresses(provider);
  const token = await redeemCode(client, addresses.token, sso.outside, back);
  const person = new URL(addresses.person);
  person.searchParams.set("fields", "id,name");
  // Shows that the call is ours, not somebody's with a token of another application.
  person.searchParams.set("appsecret_proof", createHmac("sha256", client.clientSecret).update(token).digest("hex"));
  const answer = await fetchOutside(person.href, {
    ...sso.outside,
    headers: { authorization: `Bearer ${token}` },
    redirects: 0,
    maxBytes: 64 * 1024,
  });
  if (answer.status !== 200) throw ssoProblem.answer_refused();
  const said: unknown = JSON.parse(answer.body.toString("utf8"));
  const text = (name: string) => {
    const value: unknown = typeof said === "object" && said !== null ? Reflect.get(said, name) : undefined;
    return typeof value === "string" ? value : "";
  };
  const subject = text("id");
  if (subject === "") throw ssoProblem.answer_refused();
  return { subject, email: "", emailVerified: null, name: text("name"), multiFactor: false };
}

/** Apple takes no stored secret but a token signed for five minutes (ES256). */
function appleSecret(provider: SocialProvider, key: { teamId: string; keyId: string; privateKey: string }): string {
  const now = Math.floor(Date.now() / 1000);
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const body = `${part({ alg: "ES256", kid: key.keyId })}.${part({
    iss: key.teamId,
    iat: now,
    exp: now + 300,
    aud: issuerOf(provider),
    sub: provider.clientId,
  })}`;
  const signature = sign("sha256", Buffer.from(body), {
    key: createPrivateKey(key.privateKey),
    dsaEncoding: "ieee-p1363",
  });
  return `${body}.${signature.toString("base64url")}`;
}
