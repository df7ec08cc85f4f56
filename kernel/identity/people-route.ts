import { Type } from "typebox";
import { defineRoute, type Route } from "../http/route.ts";
import { platformRoles } from "../access/role.ts";
import { invite, listInvitations, withdrawInvitation } from "./invitation.ts";
import type { Identity } from "./identity.ts";
import { changeRole, endMemberSessions, listMembers, removeMember } from "./people.ts";

const read = "kernel.people.read";
const change = "kernel.people.change";
const role = Type.Union(platformRoles.map((each) => Type.Literal(each)));
const idParams = Type.Object({ id: Type.String({ format: "uuid" }) });

/** The people of a workspace: list, invite, change role, remove, sign out. */
export function peopleRoutes({ kernel }: Identity, options: { origin: string }): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/people",
      summary: "The people of the workspace and open invitations",
      tag: "people",
      permission: read,
      answers: {
        200: Type.Object({
          items: Type.Array(Type.Unknown()),
          invitations: Type.Array(Type.Unknown()),
          next: Type.Null(),
        }),
      },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, read, async (tx) => ({
          items: await listMembers(tx),
          invitations: await listInvitations(tx),
          next: null,
          you: tx.who.actorId,
        }));
        return { body };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/people/invitations",
      summary: "Invite somebody",
      tag: "people",
      permission: change,
      body: Type.Object(
        { email: Type.String({ minLength: 3, maxLength: 254 }), role },
        { additionalProperties: false },
      ),
      answers: { 201: Type.Object({ id: Type.String(), link: Type.String(), expiresAt: Type.String() }) },
      handle: async (request) => {
        const made = await kernel.door.work(request.credential, change, (tx) => invite(tx, request.body));
        return {
          status: 201,
          body: { id: made.id, link: `${options.origin}/invite/${made.token}`, expiresAt: made.expiresAt },
        };
      },
    }),
    defineRoute({
      method: "DELETE",
      path: "/api/people/invitations/{id}",
      summary: "Withdraw an invitation",
      tag: "people",
      permission: change,
      params: idParams,
      answers: { 204: "" },
      handle: async (request) => {
        await kernel.door.work(request.credential, change, (tx) => withdrawInvitation(tx, request.params.id));
        return { status: 204 };
      },
    }),
    defineRoute({
      method: "PATCH",
      path: "/api/people/{id}",
      summary: "Give a member another role",
      tag: "people",
      permission: change,
      params: idParams,
      body: Type.Object({ role }, { additionalProperties: false }),
      answers: { 204: "" },
      handle: async (request) => {
        await kernel.door.work(request.credential, change, (tx) =>
          changeRole(tx, request.params.id, request.body.role),
        );
        return { status: 204 };
      },
    }),
    defineRoute({
      method: "DELETE",
      path: "/api/people/{id}",
      summary: "End a membership: keys, links and sessions end with it",
      tag: "people",
      permission: change,
      params: idParams,
      answers: { 204: "" },
      handle: async (request) => {
        await kernel.door.work(request.credential, change, (tx) => removeMember(tx, request.params.id));
        return { status: 204 };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/people/{id}/sign-out",
      summary: "Sign a member out everywhere",
      tag: "people",
      permission: change,
      params: idParams,
      answers: { 200: Type.Object({ ended: Type.Integer() }) },
      handle: async (request) => ({
        body: {
          ended: await kernel.door.work(request.credential, change, (tx) => endMemberSessions(tx, request.params.id)),
        },
      }),
    }),
  ];
}
