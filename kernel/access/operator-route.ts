import { Type } from "typebox";
import { defineRoute, type Route } from "../http/route.ts";
import type { Identity } from "../identity/identity.ts";
import { spendStepUp } from "../identity/step-up.ts";
import { doorProblem } from "../work/error.ts";
import { acceptOperatorGrant, endOperatorGrant, grantOperator, listOperatorGrants } from "./operator.ts";

const read = "kernel.people.read";
const grant = "kernel.operator.grant";
const end = "kernel.people.change";

/** The one way for whoever runs the instance into a workspace: an owner's grant, seen by everybody in it (IDN-11). */
export function operatorRoutes(identity: Identity, options: { origin: string }): Route[] {
  const { kernel } = identity;
  return [
    defineRoute({
      method: "GET",
      path: "/api/operator-grants",
      summary: "When and why an operator of the instance was let in",
      tag: "access",
      permission: read,
      answers: { 200: Type.Object({ items: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const items = await kernel.door.work(request.credential, read, async (tx) => {
          kernel.access.read(tx.who, read, request.source, "kernel.operator_grant");
          return listOperatorGrants(tx);
        });
        return { body: { items } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/operator-grants",
      summary: "Let an operator of the instance in, for hours and with a reason",
      tag: "access",
      permission: grant,
      body: Type.Object(
        {
          email: Type.String({ minLength: 3, maxLength: 254 }),
          hours: Type.Integer({ minimum: 1, maximum: 72 }),
          reason: Type.String({ minLength: 1, maxLength: 500, pattern: "\\S" }),
        },
        { additionalProperties: false },
      ),
      answers: { 201: Type.Object({ id: Type.String(), link: Type.String(), expiresAt: Type.String() }) },
      handle: async (request) => {
        const made = await kernel.door.work(request.credential, grant, async (tx) => {
          await spendStepUp(tx, request.raw, { action: grant, subject: request.body.email });
          return grantOperator(tx, request.body);
        });
        return {
          status: 201,
          body: {
            id: made.id,
            link: `${options.origin}/operator/${made.token}`,
            expiresAt: made.expiresAt.toISOString(),
          },
        };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/operator-grants/{id}/end",
      summary: "End a grant: the operator is out at once",
      tag: "access",
      permission: end,
      params: Type.Object({ id: Type.String({ format: "uuid" }) }),
      answers: { 204: "" },
      handle: async (request) => {
        await kernel.door.work(request.credential, end, (tx) => endOperatorGrant(tx, request.params.id));
        return { status: 204 };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/operator-grants/accept",
      summary: "Take up a grant as the account it was made for",
      tag: "access",
      permission: "session",
      budget: "authentication",
      body: Type.Object({ token: Type.String({ pattern: "^og_[A-Za-z0-9_-]{43}$" }) }, { additionalProperties: false }),
      answers: { 200: Type.Object({ workspace: Type.String(), until: Type.String() }) },
      handle: async (request) => {
        // Not yet a member: the session alone says who it is.
        const { token } = request.credential;
        if (request.credential.kind !== "session") throw doorProblem.session_ended();
        const { workspace, until } = await acceptOperatorGrant(identity, request.body.token, {
          token,
          source: request.source,
        });
        return { body: { workspace, until: until.toISOString() } };
      },
    }),
  ];
}
