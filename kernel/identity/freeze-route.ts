import { Type } from "typebox";
import { defineRoute, type Route } from "../http/route.ts";
import { agreeToThaw, freezeOf, freezeWorkspace } from "./freeze.ts";
import type { Identity } from "./identity.ts";
import { endMemberSession, listMemberSessions } from "./member-session.ts";
import { spendStepUp } from "./step-up.ts";

const freeze = "kernel.workspace.freeze";
const thaw = "kernel.workspace.thaw";
const people = "kernel.people.change";

/** What stops people: the freeze of a workspace and its thaw, and the sessions of members one by one. */
export function freezeRoutes({ kernel }: Identity): Route[] {
  return [
    defineRoute({
      method: "POST",
      path: "/api/workspace/freeze",
      summary: "Freeze the workspace: its sessions, keys, links and jobs stop at once",
      tag: "workspace",
      permission: freeze,
      body: Type.Object(
        { reason: Type.String({ minLength: 1, maxLength: 500, pattern: "\\S" }) },
        { additionalProperties: false },
      ),
      answers: { 200: Type.Object({ sessionsEnded: Type.Integer() }) },
      handle: async (request) => {
        const sessionsEnded = await kernel.door.work(request.credential, freeze, async (tx) => {
          await spendStepUp(tx, request.raw, { action: freeze, subject: tx.who.tenantId });
          return freezeWorkspace(tx, request.body.reason);
        });
        return { body: { sessionsEnded } };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/workspace/freeze",
      summary: "Who froze the workspace and why, and who has asked for the thaw",
      tag: "workspace",
      permission: thaw,
      answers: { 200: Type.Object({ reason: Type.String(), frozenAt: Type.String() }) },
      handle: async (request) => ({ body: await kernel.door.work(request.credential, thaw, freezeOf) }),
    }),
    defineRoute({
      method: "POST",
      path: "/api/workspace/thaw",
      summary: "Ask for the thaw, or agree to it: two different people open the workspace again",
      tag: "workspace",
      permission: thaw,
      answers: { 200: Type.Object({ thawed: Type.Boolean() }) },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, thaw, async (tx) => {
          await spendStepUp(tx, request.raw, { action: thaw, subject: tx.who.tenantId });
          return agreeToThaw(tx);
        });
        return { body };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/people/sessions",
      summary: "The live sessions of the workspace's members",
      tag: "people",
      permission: people,
      answers: { 200: Type.Object({ items: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const items = await kernel.door.work(request.credential, people, async (tx) => {
          kernel.access.read(tx.who, people, request.source, "identity.session");
          return listMemberSessions(tx);
        });
        return { body: { items } };
      },
    }),
    defineRoute({
      method: "DELETE",
      path: "/api/people/sessions/{id}",
      summary: "End one session of a member",
      tag: "people",
      permission: people,
      params: Type.Object({ id: Type.String({ format: "uuid" }) }),
      answers: { 204: "" },
      handle: async (request) => {
        await kernel.door.work(request.credential, people, (tx) => endMemberSession(tx, request.params.id));
        return { status: 204 };
      },
    }),
  ];
}
