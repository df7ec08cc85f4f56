import { Type } from "typebox";
import { credentialOf } from "../http/credential.ts";
import { defineRoute, type Route } from "../http/route.ts";
import type { Kernel } from "../kernel.ts";
import type { AccessTokens } from "./access-token.ts";
import { tokenProblem } from "./error.ts";
import { endTokens, exchangeKey, refreshTokens } from "./grant.ts";

const tokenText = Type.String({ minLength: 20, maxLength: 2000 });

/** Short-lived tokens for programs: exchange a key, refresh, end; and the keys that prove them (IDN-09). */
export function tokenRoutes(
  kernel: Kernel,
  tokens: AccessTokens,
  options: {
    readonly origin: string;
    /** Public keys of this instance for other purposes, published in the same set. */
    readonly furtherKeys?: readonly Readonly<Record<string, unknown>>[];
  },
): Route[] {
  const https = options.origin.startsWith("https:");
  return [
    defineRoute({
      method: "POST",
      path: "/api/token",
      summary: "Make a short-lived access token from an API key, or the next one from a refresh token",
      tag: "token",
      permission: "public",
      body: Type.Object({ refreshToken: Type.Optional(tokenText) }, { additionalProperties: false }),
      answers: {
        200: Type.Object({
          accessToken: Type.String(),
          tokenType: Type.Literal("Bearer"),
          expiresIn: Type.Integer(),
          refreshToken: Type.String(),
          refreshExpiresAt: Type.String({ format: "date-time" }),
        }),
      },
      handle: async (request) => {
        const { refreshToken } = request.body;
        const made =
          refreshToken === undefined
            ? await exchangeKey(kernel, tokens, keyOf(request.raw))
            : await refreshTokens(kernel, tokens, refreshToken, request.source);
        return {
          body: {
            accessToken: made.accessToken,
            tokenType: "Bearer",
            expiresIn: Math.max(0, Math.floor((made.accessExpiresAt.getTime() - Date.now()) / 1000)),
            refreshToken: made.refreshToken,
            refreshExpiresAt: made.refreshExpiresAt,
          },
        };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/token/end",
      summary: "End an access or refresh token and every token made with it",
      tag: "token",
      permission: "public",
      body: Type.Object({ token: tokenText }, { additionalProperties: false }),
      answers: { 204: "" },
      handle: async (request) => {
        await endTokens(kernel, request.body.token, request.source);
        return { status: 204 };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/.well-known/jwks.json",
      summary: "Public keys of this instance (RFC 7517)",
      tag: "token",
      permission: "public",
      answers: { 200: Type.Object({ keys: Type.Array(Type.Unknown()) }) },
      handle: async () => ({
        body: { keys: [...(options.furtherKeys ?? []), ...(await tokens.keySet()).keys] },
        headers: { "cache-control": "public, max-age=3600" },
      }),
    }),
  ];

  function keyOf(raw: Parameters<typeof credentialOf>[0]) {
    const credential =
      raw.headers.authorization === undefined ? undefined : credentialOf(raw, { https, origin: options.origin });
    // A token makes no further tokens, and a browser has its session.
    if (credential?.kind !== "key") throw tokenProblem.key_needed();
    return credential;
  }
}
