import { Type } from "typebox";
import { defineRoute, type Route } from "../http/route.ts";
import { platformRoles } from "../access/role.ts";
import { workspaceName } from "../tenancy/lookup.ts";
import { invitationDays, invite, listInvitations, withdrawInvitation } from "./invitation.ts";
import type { Identity } from "./identity.ts";
import { InvitationLimits } from "./invitation-limit.ts";
import { invitationMail } from "./mail-text.ts";
import { changeRole, endMemberSessions, handOver, listMembers, removeMember } from "./people.ts";
import { spendStepUp } from "./step-up.ts";

const read = "kernel.people.read";
const change = "kernel.people.change";
/** Whoever makes an owner proves afresh who they are (IDN-10). */
const makeOwner = "kernel.membership.make_owner";
const role = Type.Union(platformRoles.map((each) => Type.Literal(each)));
const idParams = Type.Object({ id: Type.String({ format: "uuid" }) });

/** The people of a workspace: list, invite, change role, remove, sign out. */
export function peopleRoutes({ kernel, post, site }: Identity, options: { origin: string }): Route[] {
  const limits = new InvitationLimits(kernel);
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
        const body = await kernel.door.work(request.credential, read, async (tx) => {
          kernel.access.read(tx.who, read, request.source, "kernel.membership");
          return {
            items: await listMembers(tx),
            invitations: await listInvitations(tx),
            next: null,
            you: tx.who.actorId,
          };
        });
        return { body };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/people/invitations",
      summary: "Invite somebody",
      tag: "people",
      budget: "billing",
      permission: change,
      body: Type.Object(
        { email: Type.String({ minLength: 3, maxLength: 254 }), role },
        { additionalProperties: false },
      ),
      answers: {
        201: Type.Object({
          id: Type.String(),
          /** Null when it goes by mail: then nobody but its reader has it. */
          link: Type.Union([Type.String(), Type.Null()]),
          mailed: Type.Boolean(),
          expiresAt: Type.String(),
        }),
      },
      handle: async (request) => {
        const mailed = site.sendsMail;
        await limits.spend(request.credential, request.body.email);
        const made = await kernel.door.work(request.credential, change, async (tx) => {
          const { email, token, ...invited } = await invite(tx, { ...request.body, mailed });
          const url = `${options.origin}/invite/${token}`;
          const { role } = request.body;
          const workspace = await workspaceName(tx);
          const mail = invitationMail.compose({ workspace, role, url, days: invitationDays });
          await post.queueIn(tx, mail, { address: email, userId: null });
          return { ...invited, link: mailed ? null : url, mailed };
        });
        return { status: 201, body: made };
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
        const { id } = request.params;
        await kernel.door.work(request.credential, change, async (tx) => {
          if (request.body.role === "owner") await spendStepUp(tx, request.raw, { action: makeOwner, subject: id });
          await changeRole(tx, id, request.body.role);
        });
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
      path: "/api/people/{id}/hand-over",
      summary: "Hand the workspace over: the member becomes owner, you become admin",
      tag: "people",
      budget: "billing",
      permission: change,
      params: idParams,
      answers: { 204: "" },
      handle: async (request) => {
        const { id } = request.params;
        await kernel.door.work(request.credential, change, async (tx) => {
          await spendStepUp(tx, request.raw, { action: makeOwner, subject: id });
          await handOver(tx, id);
        });
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
