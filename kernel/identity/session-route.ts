import { Type } from "typebox";
import type { FastifyRequest } from "fastify";
import { checkSameSite, cookieName } from "../http/credential.ts";
import { httpProblem } from "../http/problem-document.ts";
import { defineRoute, type Route } from "../http/route.ts";
import { presetOverview } from "../policy/preset.ts";
import type { Tx } from "../work/door.ts";
import { identityProblem } from "./error.ts";
import { acceptInvitation, invitationOf } from "./invitation.ts";
import type { Identity } from "./identity.ts";
import { endOtherSessions, endSession, listSessions, signOut, type NewSession } from "./session.ts";
import { ownOf, profileAnswer, signedInAnswer } from "./session-answer.ts";
import { sessionCookie } from "./session-token.ts";
import { completeSetup, setupLinkOpen } from "./setup.ts";
import { signIn } from "./sign-in.ts";

const person = {
  name: Type.String({ minLength: 1, maxLength: 120 }),
  password: Type.String({ minLength: 1, maxLength: 256 }),
};
const email = Type.String({ minLength: 3, maxLength: 254 });
const tokenParams = Type.Object({ token: Type.String({ minLength: 20, maxLength: 100 }) });
const profileSchema = Type.Object({
  user: Type.Object({ id: Type.String(), name: Type.String(), email: Type.String() }),
  workspaces: Type.Array(Type.Unknown()),
});

export type SessionRouteOptions = {
  readonly origin: string;
  /** Lays sample data into the first workspace, in its founding transaction. */
  readonly sampleData: (tx: Tx) => Promise<void>;
};

/** Sign-in, sign-out, one's own sessions, the set-up link and invitations. */
export function sessionRoutes(identity: Identity, options: SessionRouteOptions): Route[] {
  const https = options.origin.startsWith("https:");
  const cookie = (session: NewSession) => sessionCookie(https, session);
  const ended = {
    // What pages were kept, and every cookie, go with the session (ASVS 5.0 14.3.1). Settings of this browser stay.
    "clear-site-data": '"cache", "cookies"',
    "set-cookie": `${cookieName(https)}=; Path=/; HttpOnly; SameSite=Lax${https ? "; Secure" : ""}; Max-Age=0`,
  };
  const sameSite = (request: FastifyRequest) => checkSameSite(request, options.origin);

  return [
    defineRoute({
      method: "POST",
      path: "/api/session",
      summary: "Sign in by e-mail and password",
      tag: "session",
      permission: "public",
      budget: "authentication",
      body: Type.Object({ email, password: person.password }, { additionalProperties: false }),
      answers: { 200: profileSchema },
      handle: async (request) => {
        sameSite(request.raw);
        const session = await signIn(identity, {
          ...request.body,
          source: request.source,
          userAgent: request.userAgent,
          previousToken: request.sessionToken ?? undefined,
        });
        if (session.half) return { ...(await signedInAnswer(identity, session.token)), headers: cookie(session) };
        // What the sign-in saw in its own two round trips; a third one would see the same.
        const { userId: id, name, email: address, workspaces } = session.profile;
        return {
          body: { user: { id, name, email: address }, assurance: 1, secondFactor: false, workspaces },
          headers: cookie(session),
        };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/session",
      summary: "Who is signed in, and in which workspaces",
      tag: "session",
      permission: "session",
      answers: { 200: profileSchema },
      handle: async (request) => {
        if (request.sessionToken === null) throw httpProblem.not_signed_in();
        return profileAnswer(identity, request.sessionToken);
      },
    }),
    defineRoute({
      method: "DELETE",
      path: "/api/session",
      summary: "Sign out",
      tag: "session",
      permission: "session",
      answers: { 204: "" },
      handle: async (request) => {
        sameSite(request.raw);
        if (request.sessionToken !== null) await signOut(identity, request.sessionToken, request.source);
        return { status: 204, headers: ended };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/session/all",
      summary: "One's own sessions on every device",
      tag: "session",
      permission: "session",
      answers: { 200: Type.Object({ items: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const own = await ownOf(identity, request);
        const sessions = await listSessions(identity, own.userId);
        return { body: { items: sessions.map((each) => ({ ...each, current: each.id === own.sessionId })) } };
      },
    }),
    defineRoute({
      method: "DELETE",
      path: "/api/session/all",
      summary: "End all one's other sessions",
      tag: "session",
      permission: "session",
      answers: { 200: Type.Object({ ended: Type.Integer() }) },
      handle: async (request) => {
        sameSite(request.raw);
        return { body: { ended: await endOtherSessions(identity, await ownOf(identity, request)) } };
      },
    }),
    defineRoute({
      method: "DELETE",
      path: "/api/session/all/{id}",
      summary: "End one of one's own sessions",
      tag: "session",
      permission: "session",
      params: Type.Object({ id: Type.String({ format: "uuid" }) }),
      answers: { 204: "" },
      handle: async (request) => {
        sameSite(request.raw);
        const { userId, source } = await ownOf(identity, request);
        await endSession(identity, { userId, sessionId: request.params.id, source });
        return { status: 204 };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/setup/{token}",
      summary: "Whether a set-up link is still good",
      tag: "setup",
      permission: "public",
      budget: "authentication",
      params: tokenParams,
      answers: { 200: Type.Object({ open: Type.Boolean(), presets: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        if (!(await setupLinkOpen(identity, request.params.token))) throw identityProblem.setup_link_ended();
        return { body: { open: true, presets: presetOverview() } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/setup/{token}",
      summary: "Set the instance up: its owner and first workspace",
      tag: "setup",
      permission: "public",
      budget: "authentication",
      params: tokenParams,
      body: Type.Object(
        {
          owner: Type.Object({ ...person, email }, { additionalProperties: false }),
          workspace: Type.Object(
            { name: Type.String({ minLength: 1, maxLength: 80 }), preset: Type.String({ maxLength: 40 }) },
            { additionalProperties: false },
          ),
          sampleData: Type.Boolean(),
        },
        { additionalProperties: false },
      ),
      answers: { 201: Type.Object({ workspaceId: Type.String(), slug: Type.String() }) },
      handle: async (request) => {
        sameSite(request.raw);
        const { owner, workspace, sampleData } = request.body;
        const made = await completeSetup(identity, request.params.token, {
          owner,
          workspace,
          source: request.source,
          userAgent: request.userAgent,
          ...(sampleData ? { furnish: options.sampleData } : {}),
        });
        return { status: 201, body: { workspaceId: made.workspaceId, slug: made.slug }, headers: cookie(made.session) };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/invitations/{token}",
      summary: "What an invitation is for",
      tag: "people",
      permission: "public",
      budget: "authentication",
      params: tokenParams,
      answers: {
        200: Type.Object({
          email: Type.String(),
          role: Type.String(),
          workspaceName: Type.String(),
          expiresAt: Type.String(),
        }),
      },
      handle: async (request) => {
        const found = await invitationOf(identity, request.params.token);
        if (!found) throw identityProblem.invitation_ended();
        return {
          body: {
            email: found.email,
            role: found.role,
            workspaceName: found.workspaceName,
            expiresAt: found.expiresAt,
          },
        };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/invitations/{token}/join",
      summary: "Accept an invitation as whom one is signed in",
      tag: "people",
      permission: "session",
      budget: "authentication",
      params: tokenParams,
      answers: { 200: profileSchema },
      handle: async (request) => {
        sameSite(request.raw);
        const own = await ownOf(identity, request);
        const { session } = await acceptInvitation(identity, request.params.token, {
          asSignedIn: true,
          source: request.source,
          userAgent: request.userAgent,
          previousToken: own.token,
        });
        return { ...(await profileAnswer(identity, session.token)), headers: cookie(session) };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/invitations/{token}",
      summary: "Accept an invitation",
      tag: "people",
      permission: "public",
      budget: "authentication",
      params: tokenParams,
      body: Type.Object(person, { additionalProperties: false }),
      answers: { 200: profileSchema },
      handle: async (request) => {
        sameSite(request.raw);
        const { source, userAgent, sessionToken } = request;
        const { session } = await acceptInvitation(identity, request.params.token, {
          ...request.body,
          source,
          userAgent,
          previousToken: sessionToken ?? undefined,
        });
        return { ...(await signedInAnswer(identity, session.token)), headers: cookie(session) };
      },
    }),
  ];
}
