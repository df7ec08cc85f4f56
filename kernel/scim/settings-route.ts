import { Type } from "typebox";
import { defineRoute, type Route } from "../http/route.ts";
import { spendStepUp } from "../identity/step-up.ts";
import type { Sso } from "../sso/sso.ts";
import { listGroups, mapGroup, settleAllRoles } from "./group.ts";
import { issueScimToken, listScimTokens, revokeScimToken } from "./token.ts";

const read = "kernel.sso.read";
const change = "kernel.sso.change";
const idParams = Type.Object({ id: Type.String({ format: "uuid" }) });
const mostGroups = 200;

/** Settings → Single sign-on: the directory's token, and which group makes whom an admin. */
export function scimSettingsRoutes({ kernel, origin }: Sso): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/sso/directory",
      summary: "The workspace's directory: address, tokens and groups",
      tag: "sso",
      permission: read,
      answers: {
        200: Type.Object({
          address: Type.String(),
          tokens: Type.Array(Type.Unknown()),
          groups: Type.Array(Type.Unknown()),
        }),
      },
      handle: async (request) => ({
        body: await kernel.door.work(request.credential, read, async (tx) => {
          kernel.access.read(tx.who, read, request.source, "kernel.scim_group");
          return {
            address: `${origin}/scim/v2`,
            tokens: await listScimTokens(tx),
            groups: (await listGroups(tx, [], { startIndex: 1, count: mostGroups })).groups.map((group) => ({
              id: group.id,
              name: group.displayName,
              role: group.role,
              memberCount: group.members.length,
            })),
          };
        }),
      }),
    }),
    defineRoute({
      method: "POST",
      path: "/api/sso/directory/tokens",
      summary: "Make a token for the directory; it is shown once",
      tag: "sso",
      permission: change,
      body: Type.Object({ name: Type.String({ minLength: 1, maxLength: 80 }) }, { additionalProperties: false }),
      answers: { 201: Type.Object({ id: Type.String(), token: Type.String(), expiresAt: Type.String() }) },
      handle: async (request) => ({
        status: 201,
        body: await kernel.door.work(request.credential, change, async (tx) => {
          const { name } = request.body;
          // Whoever holds it makes people members: somebody present gives it out, no key and no stolen cookie (IDN-10).
          await spendStepUp(tx, request.raw, { action: "kernel.scim_token.create", subject: name });
          return issueScimToken(tx, name);
        }),
      }),
    }),
    defineRoute({
      method: "DELETE",
      path: "/api/sso/directory/tokens/{id}",
      summary: "Revoke a directory's token",
      tag: "sso",
      permission: change,
      params: idParams,
      answers: { 204: "" },
      handle: async (request) => {
        await kernel.door.work(request.credential, change, (tx) => revokeScimToken(tx, request.params.id));
        return { status: 204 };
      },
    }),
    defineRoute({
      method: "PUT",
      path: "/api/sso/directory/groups/{id}",
      summary: "Map a group of the directory to a role",
      tag: "sso",
      permission: change,
      params: idParams,
      body: Type.Object(
        { role: Type.Union([Type.Null(), Type.Literal("admin"), Type.Literal("member")]) },
        { additionalProperties: false },
      ),
      answers: { 204: "" },
      handle: async (request) => {
        const { credential, params, body, source } = request;
        const people = "kernel.people.change";
        // Who maps groups to roles makes admins: both permissions, then the mapping, then what follows from it.
        const tenantId = await kernel.door.work(credential, people, async (tx) => tx.who.tenantId);
        await kernel.door.work(credential, change, (tx) => mapGroup(tx, params.id, body.role));
        await kernel.door.work(kernel.system(tenantId, source), people, settleAllRoles);
        return { status: 204 };
      },
    }),
  ];
}
