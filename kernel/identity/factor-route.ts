import { Type } from "typebox";
import type { FastifyRequest } from "fastify";
import { checkSameSite } from "../http/credential.ts";
import { httpProblem } from "../http/problem-document.ts";
import { defineRoute, type Route } from "../http/route.ts";
import { doorProblem } from "../work/error.ts";
import {
  addOwnPasskey,
  beginOwnTotp,
  confirmOwnTotp,
  factorsOf,
  ownAct,
  proveFactor,
  removeOwnFactor,
  renameOwnPasskey,
  renewOwnRecoveryCodes,
  signInByPasskey,
} from "./factor.ts";
import { factorProblem } from "./factor-error.ts";
import type { Identity } from "./identity.ts";
import { inIdentity } from "./identity-transaction.ts";
import { assertionSchema, passkeyCreation, passkeyRequest, registrationSchema, relyingPartyOf } from "./passkey.ts";
import { awaitingAnswer, ownCredentialsOf, ownOf, profileAnswer } from "./session-answer.ts";
import { awaitingSession, sessionCookie } from "./session-token.ts";
import { proveStepUp } from "./step-up-proof.ts";
import { spendOwnStepUpUnlessFresh } from "./step-up.ts";

const totp = Type.String({ pattern: "^[0-9 ]{6,8}$" });
const recoveryCode = Type.String({ minLength: 16, maxLength: 30 });
const passkeyName = Type.String({ minLength: 1, maxLength: 60, pattern: "\\S" });
const password = Type.String({ minLength: 1, maxLength: 256 });
const codes = Type.Object({ recoveryCodes: Type.Array(Type.String()) });
const only = { additionalProperties: false };
const idParams = Type.Object({ id: Type.String({ format: "uuid" }) });
const factorProof = Type.Union([
  Type.Object({ totp }, only),
  Type.Object({ recoveryCode }, only),
  Type.Object({ passkey: assertionSchema }, only),
]);
const stepUpProof = Type.Union([
  Type.Object({ password }, only),
  Type.Object({ totp }, only),
  Type.Object({ passkey: assertionSchema }, only),
]);

/** Second factors of one's own account, the second step of a sign-in, sign-in by passkey, and step-up. */
export function factorRoutes(identity: Identity, options: { origin: string }): Route[] {
  const { kernel } = identity;
  const https = options.origin.startsWith("https:");
  const party = relyingPartyOf(options.origin);
  const sameSite = (request: FastifyRequest) => checkSameSite(request, options.origin);
  const partyOrRefuse = () => {
    if (party === undefined) throw factorProblem.passkey_refused();
    return party;
  };
  const halfOf = async (token: string | null) => {
    const awaiting = token === null ? undefined : await awaitingSession(kernel.identityPool, token);
    if (token === null || awaiting === undefined) throw doorProblem.session_ended();
    return { ...awaiting, token };
  };

  return [
    defineRoute({
      method: "GET",
      path: "/api/factor",
      summary: "One's own second factors",
      tag: "factor",
      permission: "session",
      answers: {
        200: Type.Object({
          totp: Type.Unknown(),
          passkeys: Type.Array(Type.Unknown()),
          recoveryCodesLeft: Type.Integer(),
          passkeyAddress: Type.Union([Type.String(), Type.Null()]),
        }),
      },
      handle: async (request) => {
        const own = await ownOf(identity, request);
        const factors = await factorsOf(kernel.identityPool, own.userId);
        return { body: { ...factors, passkeyAddress: party?.origin ?? null } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/factor/totp",
      summary: "Begin to set up an authenticator app; its secret is shown once",
      tag: "factor",
      permission: "session",
      answers: { 201: Type.Object({ secret: Type.String(), uri: Type.String() }) },
      handle: async (request) => {
        sameSite(request.raw);
        return { status: 201, body: await beginOwnTotp(identity, await ownCredentialsOf(identity, request)) };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/factor/totp/confirm",
      summary: "Confirm an authenticator app by a code of it",
      tag: "factor",
      permission: "session",
      body: Type.Object({ totp }, only),
      answers: { 200: codes },
      handle: async (request) => {
        sameSite(request.raw);
        const own = await ownCredentialsOf(identity, request);
        const { session, recoveryCodes } = await confirmOwnTotp(identity, own, request.body.totp);
        return { body: { recoveryCodes }, headers: sessionCookie(https, session) };
      },
    }),
    defineRoute({
      method: "DELETE",
      path: "/api/factor/totp",
      summary: "Remove the authenticator app",
      tag: "factor",
      permission: "session",
      answers: { 204: "" },
      handle: async (request) => {
        sameSite(request.raw);
        const session = await removeOwnFactor(identity, await ownCredentialsOf(identity, request), "totp");
        return { status: 204, headers: sessionCookie(https, session) };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/factor/recovery-codes",
      summary: "Make new recovery codes in place of all older ones; they are shown once",
      tag: "factor",
      permission: "session",
      answers: { 201: codes },
      handle: async (request) => {
        sameSite(request.raw);
        const recoveryCodes = await renewOwnRecoveryCodes(identity, await ownCredentialsOf(identity, request));
        return { status: 201, body: { recoveryCodes } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/factor/passkey/options",
      summary: "What the browser needs to make a passkey",
      tag: "factor",
      permission: "session",
      answers: { 200: Type.Object({ challenge: Type.String() }) },
      handle: async (request) => {
        sameSite(request.raw);
        const own = await ownCredentialsOf(identity, request);
        const relying = partyOrRefuse();
        const body = await inIdentity(kernel, async (client) => {
          await spendOwnStepUpUnlessFresh(client, own, { action: ownAct.add, subject: "passkey" });
          return passkeyCreation(client, relying, own);
        });
        return { body };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/factor/passkey",
      summary: "Add a passkey",
      tag: "factor",
      permission: "session",
      body: Type.Object({ name: passkeyName, response: registrationSchema }, only),
      answers: { 201: Type.Object({ id: Type.String(), recoveryCodes: Type.Array(Type.String()) }) },
      handle: async (request) => {
        sameSite(request.raw);
        const own = await ownCredentialsOf(identity, request);
        const { id, session, recoveryCodes } = await addOwnPasskey(identity, own, partyOrRefuse(), request.body);
        return { status: 201, body: { id, recoveryCodes }, headers: sessionCookie(https, session) };
      },
    }),
    defineRoute({
      method: "PATCH",
      path: "/api/factor/passkey/{id}",
      summary: "Name a passkey",
      tag: "factor",
      permission: "session",
      params: idParams,
      body: Type.Object({ name: passkeyName }, only),
      answers: { 204: "" },
      handle: async (request) => {
        sameSite(request.raw);
        await renameOwnPasskey(
          identity,
          await ownCredentialsOf(identity, request),
          request.params.id,
          request.body.name,
        );
        return { status: 204 };
      },
    }),
    defineRoute({
      method: "DELETE",
      path: "/api/factor/passkey/{id}",
      summary: "Remove a passkey",
      tag: "factor",
      permission: "session",
      params: idParams,
      answers: { 204: "" },
      handle: async (request) => {
        sameSite(request.raw);
        const session = await removeOwnFactor(identity, await ownCredentialsOf(identity, request), request.params.id);
        return { status: 204, headers: sessionCookie(https, session) };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/session/factor",
      summary: "Which second factors would complete this half sign-in",
      tag: "session",
      permission: "session",
      answers: { 202: Type.Object({ awaits: Type.Unknown() }) },
      handle: async (request) => {
        const answer = request.sessionToken === null ? undefined : await awaitingAnswer(identity, request.sessionToken);
        if (answer === undefined) throw httpProblem.not_signed_in();
        return answer;
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/session/factor",
      summary: "Complete a half sign-in by its second factor",
      tag: "session",
      permission: "session",
      budget: "authentication",
      body: factorProof,
      answers: { 200: Type.Object({ user: Type.Unknown(), workspaces: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        sameSite(request.raw);
        const token = request.sessionToken;
        if (token === null) throw httpProblem.not_signed_in();
        const session = await proveFactor(identity, { token, source: request.source }, request.body, party);
        return { ...(await profileAnswer(identity, session.token)), headers: sessionCookie(https, session) };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/session/factor/passkey-options",
      summary: "What the browser needs to complete a half sign-in by a passkey",
      tag: "session",
      permission: "session",
      budget: "authentication",
      answers: { 200: Type.Object({ challenge: Type.String() }) },
      handle: async (request) => {
        sameSite(request.raw);
        const { userId, sessionId } = await halfOf(request.sessionToken);
        return {
          body: await passkeyRequest(kernel.identityPool, partyOrRefuse(), "factor", { userId, sessionId }),
        };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/session/passkey/options",
      summary: "What the browser needs to sign in by a passkey; it names nobody",
      tag: "session",
      permission: "public",
      budget: "authentication",
      answers: { 200: Type.Object({ challenge: Type.String() }) },
      handle: async (request) => {
        sameSite(request.raw);
        const nobody = { userId: null, sessionId: null };
        return { body: await passkeyRequest(kernel.identityPool, partyOrRefuse(), "sign-in", nobody) };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/session/passkey",
      summary: "Sign in by a passkey",
      tag: "session",
      permission: "public",
      budget: "authentication",
      body: Type.Object({ passkey: assertionSchema }, only),
      answers: { 200: Type.Object({ user: Type.Unknown(), workspaces: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        sameSite(request.raw);
        const session = await signInByPasskey(identity, partyOrRefuse(), {
          response: request.body.passkey,
          source: request.source,
          userAgent: request.userAgent,
          previousToken: request.sessionToken ?? undefined,
        });
        return { ...(await profileAnswer(identity, session.token)), headers: sessionCookie(https, session) };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/step-up",
      summary: "Prove afresh who acts, for one act on one subject",
      tag: "session",
      permission: "session",
      budget: "authentication",
      body: Type.Object(
        {
          action: Type.String({ pattern: "^[a-z_]+(\\.[a-z_]+)+$", maxLength: 100 }),
          subject: Type.String({ minLength: 1, maxLength: 200 }),
          workspace: Type.Union([Type.String({ format: "uuid" }), Type.Null()]),
          proof: stepUpProof,
        },
        only,
      ),
      answers: { 201: Type.Object({ grant: Type.String(), expiresAt: Type.String() }) },
      handle: async (request) => {
        sameSite(request.raw);
        const { proof, ...act } = request.body;
        const { grant, expiresAt, session } = await proveStepUp(
          identity,
          await ownOf(identity, request),
          act,
          proof,
          party,
        );
        return { status: 201, body: { grant, expiresAt }, headers: sessionCookie(https, session) };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/step-up/passkey-options",
      summary: "What the browser needs to prove by a passkey who acts",
      tag: "session",
      permission: "session",
      budget: "authentication",
      answers: { 200: Type.Object({ challenge: Type.String() }) },
      handle: async (request) => {
        sameSite(request.raw);
        const { userId, sessionId } = await ownOf(identity, request);
        return {
          body: await passkeyRequest(kernel.identityPool, partyOrRefuse(), "step-up", { userId, sessionId }),
        };
      },
    }),
  ];
}
