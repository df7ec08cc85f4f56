import { createHash, createHmac, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { startSite } from "./http.ts";

/** What the next sign-in at the provider answers, and how it misbehaves. */
export type OidcScript = {
  claims: Record<string, unknown>;
  header?: Record<string, unknown>;
  /** Signs with something else than the published key. */
  forge?: "none" | "hmac-with-public-key" | "other-key";
  /** The metadata names another issuer than the one asked for. */
  metadataIssuer?: string;
  /** Answers the code without looking at the PKCE verifier. */
  skipPkce?: boolean;
  userinfo?: Record<string, unknown>;
};

export type OidcProvider = {
  readonly origin: string;
  readonly clientId: string;
  readonly clientSecret: string;
  script: OidcScript;
  /** What the token endpoint was sent, newest last. */
  readonly redeemed: URLSearchParams[];
  /** How often it was asked what it is. */
  readonly asked: number;
  /** A person signs in there: gives the address the browser is sent back to. */
  authorize(url: string, forced?: { nonce?: string }): string;
  close(): Promise<void>;
};

/** An OpenID provider on loopback that speaks the real protocol, and lies when told to. Facebook's two addresses too. */
export async function startOidcProvider(): Promise<OidcProvider> {
  const own = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const other = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const codes = new Map<string, { challenge: string; nonce: string | null; redirectUri: string }>();
  const clientId = "probity-client";
  const clientSecret = randomBytes(16).toString("hex");
  const redeemed: URLSearchParams[] = [];
  const provider: { script: OidcScript; asked: number } = { script: { claims: {} }, asked: 0 };

  const tokenOf = (issuer: string, nonce: string | null): string => {
    const { script } = provider;
    const now = Math.floor(Date.now() / 1000);
    const algorithm = script.forge === "none" ? "none" : script.forge === "hmac-with-public-key" ? "HS256" : "RS256";
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const body = `${part({ alg: algorithm, kid: "k1", ...script.header })}.${part({
      iss: issuer,
      aud: clientId,
      iat: now,
      exp: now + 300,
      ...(nonce === null ? {} : { nonce }),
      ...script.claims,
    })}`;
    if (script.forge === "none") return `${body}.`;
    if (script.forge === "hmac-with-public-key") {
      const pem = own.publicKey.export({ type: "spki", format: "pem" });
      return `${body}.${createHmac("sha256", pem).update(body).digest("base64url")}`;
    }
    const key = script.forge === "other-key" ? other.privateKey : own.privateKey;
    return `${body}.${sign("sha256", Buffer.from(body), key).toString("base64url")}`;
  };

  const site = await startSite((request, body, response) => {
    const url = new URL(request.url ?? "/", "http://provider");
    const json = (status: number, value: object) =>
      void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
    const issuer = site.origin;
    if (url.pathname === "/.well-known/openid-configuration") {
      provider.asked += 1;
      return json(200, {
        issuer: provider.script.metadataIssuer ?? issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/jwks`,
        response_types_supported: ["code"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["RS256"],
        ...(provider.script.userinfo ? { userinfo_endpoint: `${issuer}/userinfo` } : {}),
      });
    }
    if (url.pathname === "/jwks") {
      return json(200, { keys: [{ ...own.publicKey.export({ format: "jwk" }), kid: "k1", use: "sig", alg: "RS256" }] });
    }
    if (url.pathname === "/userinfo") return json(200, provider.script.userinfo ?? {});
    if (url.pathname.endsWith("/me")) return json(200, provider.script.claims);
    if (url.pathname === "/token" || url.pathname.endsWith("/oauth/access_token")) {
      const form = new URLSearchParams(body);
      redeemed.push(form);
      const code = codes.get(form.get("code") ?? "");
      codes.delete(form.get("code") ?? "");
      const challenge = createHash("sha256")
        .update(form.get("code_verifier") ?? "")
        .digest("base64url");
      const fits = code !== undefined && (provider.script.skipPkce === true || code.challenge === challenge);
      if (!fits || code.redirectUri !== form.get("redirect_uri")) return json(400, { error: "invalid_grant" });
      const plain = url.pathname !== "/token";
      return json(200, {
        access_token: randomBytes(16).toString("hex"),
        token_type: "bearer",
        expires_in: 300,
        ...(plain ? {} : { id_token: tokenOf(issuer, code.nonce) }),
      });
    }
    return json(404, {});
  });

  return {
    origin: site.origin,
    clientId,
    clientSecret,
    redeemed,
    get asked() {
      return provider.asked;
    },
    get script() {
      return provider.script;
    },
    set script(script) {
      provider.script = script;
    },
    authorize: (text, forced = {}) => {
      const asked = new URL(text).searchParams;
      const code = randomBytes(16).toString("hex");
      const redirectUri = asked.get("redirect_uri") ?? "";
      const nonce = forced.nonce ?? asked.get("nonce");
      codes.set(code, { challenge: asked.get("code_challenge") ?? "", nonce, redirectUri });
      const back = new URL(redirectUri);
      back.searchParams.set("code", code);
      back.searchParams.set("state", asked.get("state") ?? "");
      return back.href;
    },
    close: site.close,
  };
}
