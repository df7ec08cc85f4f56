import { Type } from "typebox";
import type { FastifyRequest } from "fastify";
import { checkSameSite } from "../http/credential.ts";
import { httpProblem } from "../http/problem-document.ts";
import { defineRoute, type Route, type RouteRequest } from "../http/route.ts";
import { presetOverview } from "../policy/preset.ts";
import type { Tx } from "../work/door.ts";
import type { Identity } from "./identity.ts";
import { changePassword } from "./password-change.ts";
import { completeRegistration, openOwnWorkspace, registrationOf, requestRegistration } from "./registration.ts";
import { requestReset, resetOf, resetPassword } from "./reset.ts";
import type { NewSession } from "./session.ts";
import { sessionProfile } from "./session.ts";
import { sessionCookie } from "./session-token.ts";
import { isVerified, requestVerification, verifyAddress } from "./verification.ts";

const email = Type.String({ minLength: 3, maxLength: 254 });
const password = Type.String({ minLength: 1, maxLength: 256 });
const captcha = Type.String({ minLength: 1, maxLength: 4096 });
const tokenParams = Type.Object({ token: Type.String({ minLength: 20, maxLength: 100 }) });
const only = { additionalProperties: false };
const workspace = Type.Object(
  { name: Type.String({ minLength: 1, maxLength: 80 }), preset: Type.String({ maxLength: 40 }) },
  only,
);
const forMail = Type.Object({ email, captcha }, only);
const mailed = Type.Object({ mailed: Type.Boolean() });
const opened = Type.Object({ workspaceId: Type.String(), slug: Type.String() });

/** The account without a session, and one's own: password reset and change, registration, the address's confirmation. */
export function accountRoutes(
  identity: Identity,
  options: { origin: string; sampleData: (tx: Tx) => Promise<void> },
): Route[] {
  const https = options.origin.startsWith("https:");
  const sameSite = (request: FastifyRequest) => checkSameSite(request, options.origin);
  const cookie = (session: NewSession) => sessionCookie(https, session);
  const tokenOf = (request: RouteRequest): string => {
    if (request.sessionToken === null) throw httpProblem.not_signed_in();
    return request.sessionToken;
  };
  const furnishing = (sampleData: boolean) => (sampleData ? { furnish: options.sampleData } : {});

  return [
    defineRoute({
      method: "GET",
      path: "/api/captcha",
      summary: "The check against robots: which one, and a challenge of the built-in one",
      tag: "account",
      permission: "public",
      answers: { 200: Type.Object({ kind: Type.String() }) },
      handle: async () => {
        const { captcha: check } = identity.site;
        return { body: { ...check.shown, challenge: check.shown.kind === "proof" ? check.challenge() : null } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/password/reset",
      summary: "Ask for a mail with a link to choose a new password",
      tag: "account",
      permission: "public",
      budget: "authentication",
      body: forMail,
      answers: { 202: mailed },
      handle: async (request) => {
        sameSite(request.raw);
        await requestReset(identity, { ...request.body, source: request.source });
        return { status: 202, body: { mailed: true } };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/password/reset/{token}",
      summary: "Whose password a link changes",
      tag: "account",
      permission: "public",
      budget: "authentication",
      params: tokenParams,
      answers: { 200: Type.Object({ email: Type.String() }) },
      handle: async (request) => ({ body: await resetOf(identity, request.params.token) }),
    }),
    defineRoute({
      method: "POST",
      path: "/api/password/reset/{token}",
      summary: "Choose a new password; every session ends",
      tag: "account",
      permission: "public",
      budget: "authentication",
      params: tokenParams,
      body: Type.Object({ password }, only),
      answers: { 204: "" },
      handle: async (request) => {
        sameSite(request.raw);
        await resetPassword(identity, request.params.token, { ...request.body, source: request.source });
        return { status: 204 };
      },
    }),
    defineRoute({
      method: "PUT",
      path: "/api/password",
      summary: "Change one's own password; every other session ends",
      tag: "account",
      permission: "session",
      budget: "authentication",
      body: Type.Object({ current: password, password }, only),
      answers: { 204: "" },
      handle: async (request) => {
        sameSite(request.raw);
        const { source } = request;
        const session = await changePassword(identity, { ...request.body, sessionToken: tokenOf(request), source });
        return { status: 204, headers: cookie(session) };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/verification",
      summary: "Whether one's own address is confirmed",
      tag: "account",
      permission: "session",
      answers: { 200: Type.Object({ verified: Type.Boolean() }) },
      handle: async (request) => {
        const profile = await sessionProfile(identity, tokenOf(request));
        if (profile === undefined) throw httpProblem.not_signed_in();
        return { body: { verified: await isVerified(identity, profile.userId) } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/verification",
      summary: "Ask for a mail that confirms one's own address",
      tag: "account",
      permission: "session",
      budget: "authentication",
      answers: { 202: mailed },
      handle: async (request) => {
        sameSite(request.raw);
        await requestVerification(identity, tokenOf(request));
        return { status: 202, body: { mailed: true } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/verification/{token}",
      summary: "Confirm one's own address by a link",
      tag: "account",
      permission: "session",
      budget: "authentication",
      params: tokenParams,
      answers: { 204: "" },
      handle: async (request) => {
        sameSite(request.raw);
        const { source } = request;
        await verifyAddress(identity, request.params.token, { sessionToken: tokenOf(request), source });
        return { status: 204 };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/registration",
      summary: "Ask for a mail with a link to open an account",
      tag: "account",
      permission: "public",
      budget: "registration",
      body: forMail,
      answers: { 202: mailed },
      handle: async (request) => {
        sameSite(request.raw);
        await requestRegistration(identity, { ...request.body, source: request.source });
        return { status: 202, body: { mailed: true } };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/registration/{token}",
      summary: "The address a registration link was sent to",
      tag: "account",
      permission: "public",
      budget: "authentication",
      params: tokenParams,
      answers: { 200: Type.Object({ email: Type.String(), presets: Type.Array(Type.Unknown()) }) },
      handle: async (request) => ({
        body: { ...(await registrationOf(identity, request.params.token)), presets: presetOverview() },
      }),
    }),
    defineRoute({
      method: "POST",
      path: "/api/registration/{token}",
      summary: "Open an account and its workspace",
      tag: "account",
      permission: "public",
      budget: "authentication",
      params: tokenParams,
      body: Type.Object(
        {
          name: Type.String({ minLength: 1, maxLength: 120 }),
          password,
          workspace,
          sampleData: Type.Boolean(),
        },
        only,
      ),
      answers: { 201: opened },
      handle: async (request) => {
        sameSite(request.raw);
        const { sampleData, ...chosen } = request.body;
        const made = await completeRegistration(identity, request.params.token, {
          ...chosen,
          ...furnishing(sampleData),
          source: request.source,
          userAgent: request.userAgent,
          previousToken: request.sessionToken ?? undefined,
        });
        return { status: 201, body: { workspaceId: made.workspaceId, slug: made.slug }, headers: cookie(made.session) };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/workspaces",
      summary: "Open a workspace of one's own",
      tag: "account",
      permission: "session",
      budget: "registration",
      body: Type.Object({ ...workspace.properties, sampleData: Type.Boolean() }, only),
      answers: { 201: opened },
      handle: async (request) => {
        sameSite(request.raw);
        const { sampleData, ...wanted } = request.body;
        const made = await openOwnWorkspace(identity, {
          sessionToken: tokenOf(request),
          workspace: wanted,
          source: request.source,
          ...furnishing(sampleData),
        });
        return { status: 201, body: { workspaceId: made.workspaceId, slug: made.slug } };
      },
    }),
  ];
}
