import * as oidc from "openid-client";
import { ssoProblem } from "./error.ts";
import type { OidcClient } from "./oidc.ts";
import { outgoingRefusal, outsideFetch } from "./outside.ts";
import type { Sso } from "./sso.ts";

/** Begins at a provider that speaks OAuth 2.0 alone: code, PKCE and state. */
export async function beginOauth(
  client: OidcClient,
  addresses: { authorization: string },
): Promise<{ secrets: Record<string, string>; url: (state: string) => string }> {
  const verifier = oidc.randomPKCECodeVerifier();
  const challenge = await oidc.calculatePKCECodeChallenge(verifier);
  return {
    secrets: { verifier },
    url: (state) => {
      const url = new URL(addresses.authorization);
      url.search = new URLSearchParams({
        client_id: client.clientId,
        redirect_uri: client.redirectUri,
        response_type: "code",
        scope: "public_profile",
        state,
        code_challenge: challenge,
        code_challenge_method: "S256",
      }).toString();
      return url.href;
    },
  };
}

/** Redeems a code for the access token. */
export async function redeemCode(
  client: OidcClient,
  tokenAddress: string,
  outside: Sso["outside"],
  back: { parameters: URLSearchParams; secrets: Readonly<Record<string, string>> },
): Promise<string> {
  const configuration = new oidc.Configuration(
    { issuer: client.issuer, token_endpoint: tokenAddress },
    client.clientId,
    undefined,
    oidc.ClientSecretPost(client.clientSecret),
  );
  configuration[oidc.customFetch] = outsideFetch(outside);
  if (client.issuer.startsWith("http:")) oidc.allowInsecureRequests(configuration);
  const url = new URL(client.redirectUri);
  url.search = back.parameters.toString();
  try {
    const tokens = await oidc.authorizationCodeGrant(configuration, url, {
      expectedState: back.parameters.get("state") ?? "",
      pkceCodeVerifier: back.secrets["verifier"] ?? "",
    });
    return tokens.access_token;
  } catch (error) {
    throw outgoingRefusal(error) ?? ssoProblem.answer_refused({ cause: error });
  }
}
