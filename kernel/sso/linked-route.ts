import { Type } from "typebox";
import { checkSameSite } from "../http/credential.ts";
import { defineRoute, type Route } from "../http/route.ts";
import { ownCredentialsOf, ownOf } from "../identity/session-answer.ts";
import { linkedAccounts, unlinkAccount } from "./linked.ts";
import { socialIds } from "./social.ts";
import type { Sso } from "./sso.ts";

/** Which providers sign in as oneself, and taking one away. Linking one begins at /api/sso/start. */
export function linkedRoutes(sso: Sso): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/sso/linked",
      summary: "Providers that are offered, and those that sign in as oneself",
      tag: "sso",
      permission: "session",
      answers: { 200: Type.Object({ items: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const own = await ownOf(sso, request);
        return { body: { items: await linkedAccounts(sso, own.userId) } };
      },
    }),
    defineRoute({
      method: "DELETE",
      path: "/api/sso/linked/{provider}",
      summary: "Let a provider sign in as oneself no more",
      tag: "sso",
      permission: "session",
      params: Type.Object({ provider: Type.Union(socialIds.map((each) => Type.Literal(each))) }),
      answers: { 204: "" },
      handle: async (request) => {
        checkSameSite(request.raw, sso.origin);
        await unlinkAccount(sso, await ownCredentialsOf(sso, request), request.params.provider);
        return { status: 204 };
      },
    }),
  ];
}
