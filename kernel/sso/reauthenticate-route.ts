import { Type } from "typebox";
import { checkSameSite } from "../http/credential.ts";
import { defineRoute, type Route } from "../http/route.ts";
import { ownOf } from "../identity/session-answer.ts";
import { browserCookie, browserSecret, leavingCookie } from "./attempt.ts";
import { beginStepUp, grantEnd, stepUpProviderOf } from "./reauthenticate.ts";
import type { Sso } from "./sso.ts";

/** A fresh proof by the workspace's identity provider, for who has no password and no factor here. */
export function reauthenticateRoutes(sso: Sso): Route[] {
  const https = sso.origin.startsWith("https:");
  return [
    defineRoute({
      method: "GET",
      path: "/api/step-up/provider",
      summary:
        "The identity provider of this workspace that confirms who you are, where you have no other way to do so",
      tag: "session",
      permission: "session",
      query: Type.Object({ workspace: Type.String({ format: "uuid" }) }),
      answers: { 200: Type.Object({ name: Type.Union([Type.String(), Type.Null()]) }) },
      handle: async (request) => {
        const provider = await stepUpProviderOf(sso, await ownOf(sso, request), request.query.workspace);
        return { body: { name: provider?.name ?? null } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/step-up/provider",
      summary:
        "Begin to prove by the workspace's identity provider who acts; the grant counts once it has asked you anew",
      tag: "session",
      permission: "session",
      budget: "authentication",
      body: Type.Object(
        {
          action: Type.String({ pattern: "^[a-z_]+(\\.[a-z_]+)+$", maxLength: 100 }),
          subject: Type.String({ minLength: 1, maxLength: 200 }),
          workspace: Type.String({ format: "uuid" }),
        },
        { additionalProperties: false },
      ),
      answers: {
        200: Type.Object({
          url: Type.String(),
          id: Type.String(),
          grant: Type.String(),
          expiresAt: Type.String(),
        }),
      },
      handle: async (request) => {
        checkSameSite(request.raw, sso.origin);
        const { workspace, ...act } = request.body;
        const browser = browserSecret(request.raw.cookies[browserCookie(https)]);
        const own = await ownOf(sso, request);
        const leaving = await beginStepUp(sso, own, { act, workspace, browser });
        return { body: { ...leaving, expiresAt: grantEnd() }, headers: leavingCookie(https, browser) };
      },
    }),
  ];
}
