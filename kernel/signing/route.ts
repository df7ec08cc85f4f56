import { Type } from "typebox";
import type { FastifyRequest } from "fastify";
import { checkSameSite } from "../http/credential.ts";
import { defineRoute, type Route, type RouteRequest } from "../http/route.ts";
import type { Kernel } from "../kernel.ts";
import { assertionSchema, passkeyRequest, relyingPartyOf } from "../identity/passkey.ts";
import { ownOf } from "../identity/session-answer.ts";
import { untilCovered } from "../ledger/until-covered.ts";
import { policyValue } from "../policy/store.ts";
import { reviewSigning } from "../review/signing.ts";
import { browserCookie, browserSecret, leavingCookie } from "../sso/attempt.ts";
import { ssoProblem } from "../sso/error.ts";
import { providerOf } from "../sso/provider-of.ts";
import { beginSigning } from "../sso/reauthenticate.ts";
import type { Sso } from "../sso/sso.ts";
import type { Credential } from "../work/credential.ts";
import { doorProblem } from "../work/error.ts";
import { signatureProofs } from "./attached-proof.ts";
import { openChallenge, passkeyChallengeOf, personCredential, stepOf } from "./challenge.ts";
import type { Signing, Unlocking } from "./declare.ts";
import { signingProblem } from "./error.ts";
import { unlockRecord } from "./lock.ts";
import { checkSignature, manifestationOfSignature, signedText } from "./manifestation.ts";
import { proofPlaces, type ProofPlace } from "./place.ts";
import { askedOf, proveChallenge } from "./proof.ts";
import { signRecord } from "./sign.ts";
import { signaturesOf } from "./standing.ts";
import { signingView } from "./view.ts";

const only = { additionalProperties: false };
const idParams = Type.Object({ id: Type.String({ format: "uuid" }) });
const secret = Type.String({ pattern: "^[\\w-]{43}$" });
const code = Type.Union([Type.String({ minLength: 1, maxLength: 60 }), Type.Null()]);
const words = Type.Union([Type.String({ minLength: 1, maxLength: 1000, pattern: "\\S" }), Type.Null()]);

/** Signing, unlocking and looking at the signatures of every record that declares to be signed, under its own address. */
export function signingRoutes(identity: Sso, signings: readonly Signing[]): Route[] {
  return [reviewSigning, ...signings].flatMap((signing) => routesOf(identity, signing));
}

function routesOf(identity: Sso, signing: Signing): Route[] {
  const { kernel, origin } = identity;
  const { app, path, may } = signing.record;
  // The kernel's own records bear no app's name in their address.
  const base = app === "kernel" ? `/api/${path}/{id}` : `/api/${app}/${path}/{id}`;
  const party = relyingPartyOf(origin);
  const https = origin.startsWith("https:");
  const sameSite = (request: FastifyRequest) => checkSameSite(request, origin);
  /** The door judges whoever calls, before anything is said of signatures: a key that has ended hears that it has. */
  const entered = async (request: RouteRequest) => {
    const rules = await kernel.door.work(request.credential, may.read, async (tx) => ({
      attempts: await policyValue(tx, "signing.attempts"),
      tenantId: tx.who.tenantId,
    }));
    const credential = personCredential(request.credential);
    sameSite(request.raw);
    return { ...rules, credential, own: await ownOf(identity, request) };
  };
  /** How far the proof of a signature is, after at most so many seconds. */
  const placeOf = async (credential: Credential, id: string, seconds: number): Promise<ProofPlace | undefined> => {
    let place: ProofPlace | undefined;
    await untilCovered(async () => {
      place = (await kernel.door.work(credential, may.read, (tx) => proofPlaces(tx, [id]))).get(id);
      return place?.state === "signed" ? place : undefined;
    }, seconds);
    return place;
  };
  const common = { tag: app, permission: may.read, params: idParams };

  return [
    defineRoute({
      ...common,
      method: "GET",
      path: `${base}/signing`,
      summary: "How it stands with signatures and lock, and what you may sign",
      answers: { 200: Type.Object({ state: Type.String(), steps: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, may.read, async (tx) => {
          const view = await signingView(identity, tx, signing, request.params.id);
          kernel.access.read(tx.who, may.read, request.source, signing.record.name, request.params.id);
          return view;
        });
        return { body };
      },
    }),
    defineRoute({
      ...common,
      method: "POST",
      path: `${base}/signing/challenge`,
      summary:
        "Begin a signature: a challenge for this version, this meaning and this session, good once and for minutes",
      body: Type.Object(
        {
          step: Type.String({ maxLength: 40 }),
          meaning: Type.String({ minLength: 1, maxLength: 200 }),
          reasonCode: Type.Optional(code),
          reason: Type.Optional(words),
        },
        only,
      ),
      answers: { 201: Type.Object({ challenge: Type.String(), expiresAt: Type.String() }) },
      handle: async (request) => {
        const { credential, own } = await entered(request);
        const { step, meaning, reasonCode = null, reason = null } = request.body;
        const intent = { step, meaning, reasonCode, reason, version: request.version };
        const body = await openChallenge(identity, own, signing, request.params.id, intent, credential);
        return { status: 201, body: { ...body, passkeyHere: party !== undefined } };
      },
    }),
    defineRoute({
      ...common,
      method: "POST",
      path: `${base}/signing/passkey-options`,
      summary: "What the browser needs to sign by a passkey; the authenticator signs this very record and meaning",
      body: Type.Object({ challenge: secret }, only),
      answers: { 200: Type.Object({ challenge: Type.String() }) },
      handle: async (request) => {
        const { own } = await entered(request);
        if (party === undefined) throw signingProblem.refused();
        const asked = await askedOf(identity, own, request.body.challenge);
        const { userId, sessionId } = own;
        return {
          body: await passkeyRequest(
            kernel.identityPool,
            party,
            "signing",
            { userId, sessionId },
            passkeyChallengeOf(asked),
          ),
        };
      },
    }),
    defineRoute({
      ...common,
      method: "POST",
      path: `${base}/signing/provider`,
      summary:
        "For people without a password here: where a second window goes, so that the workspace's identity provider asks them anew",
      body: Type.Object({ challenge: secret }, only),
      answers: { 200: Type.Object({ url: Type.String(), id: Type.String() }) },
      handle: async (request) => {
        const { credential, own } = await entered(request);
        const asked = await askedOf(identity, own, request.body.challenge);
        const provider = await kernel.door.work(credential, may.read, (tx) => providerOf(tx, identity, own.userId));
        if (provider === undefined || asked.rowId !== request.params.id) throw ssoProblem.not_offered();
        const browser = browserSecret(request.raw.cookies[browserCookie(https)]);
        const body = await beginSigning(identity, own, provider, { asked, browser });
        return { body, headers: leavingCookie(https, browser) };
      },
    }),
    defineRoute({
      ...common,
      method: "POST",
      path: `${base}/signatures`,
      summary: "Sign: prove the challenge by your own credentials",
      body: Type.Object(
        {
          challenge: secret,
          userName: Type.Optional(Type.String({ minLength: 1, maxLength: 254 })),
          password: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
          totp: Type.Optional(Type.String({ pattern: "^[0-9 ]{6,8}$" })),
          passkey: Type.Optional(assertionSchema),
          /** How long to wait until the signature verifies without this server; it is given at once all the same. */
          waitSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 10 })),
        },
        only,
      ),
      answers: { 201: Type.Object({ id: Type.String(), version: Type.Integer(), proof: Type.Unknown() }) },
      handle: async (request) => {
        const { credential, own, attempts, tenantId } = await entered(request);
        const { challenge, waitSeconds = 0, ...proof } = request.body;
        const asked = await askedOf(identity, own, challenge);
        if (asked.record !== signing.record.name || asked.rowId !== request.params.id || asked.tenantId !== tenantId)
          throw signingProblem.challenge_ended();
        const step = stepOf(signing, asked.step);
        // Whoever lost the permission meanwhile is refused before any credential is looked at.
        await kernel.door.work(credential, step.permission, async () => undefined);
        const proved = await proveChallenge(identity, own, asked, proof, { attempts, party });
        const made = await kernel.door.work(credential, step.permission, (tx) =>
          signRecord(kernel, tx, signing, proved, { challenge, credential }),
        );
        const place = await placeOf(credential, made.id, waitSeconds);
        return { status: 201, body: { ...made, recordHash: proved.recordHash, proof: place } };
      },
    }),
    defineRoute({
      ...common,
      method: "GET",
      path: `${base}/signatures/{signature}`,
      summary:
        "One signature: what it says, the very bytes that were signed, and whether they still agree with the log",
      params: Type.Object({ id: Type.String({ format: "uuid" }), signature: Type.String({ format: "uuid" }) }),
      query: Type.Object({ waitSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 10 })) }),
      answers: {
        200: Type.Object({
          manifest: Type.String(),
          signed: Type.Unknown(),
          check: Type.Unknown(),
          proof: Type.Unknown(),
        }),
      },
      handle: async (request) => {
        const { id, signature } = request.params;
        const { waitSeconds = 0 } = request.query;
        if (waitSeconds > 0) await placeOf(request.credential, signature, waitSeconds);
        const body = await kernel.door.work(request.credential, may.read, async (tx) => {
          const all = await signaturesOf(tx, signing.record.name, id);
          const found = all.find((each) => each.id === signature);
          if (found === undefined) throw doorProblem.not_found();
          await tx.record({ action: "kernel.signature.open", record: "kernel.signature", rowId: signature });
          return {
            ...manifestationOfSignature(found),
            manifest: found.manifest,
            signed: (await signedText(kernel, tx, signature)) ?? null,
            check: await checkSignature(kernel, tx, found),
            place: (await proofPlaces(tx, [signature])).get(signature),
            /** For whoever keeps it: verifies offline. Null until a signed checkpoint covers the leaf. */
            proof: (await signatureProofs(tx, [signature]))[0]?.proof ?? null,
          };
        });
        return { body };
      },
    }),
    ...(signing.unlock === null ? [] : [unlockRoute(kernel, signing, signing.unlock, base)]),
  ];
}

/** The one way to take a lock off. */
function unlockRoute(kernel: Kernel, { record }: Signing, unlock: Unlocking, base: string): Route {
  return defineRoute({
    method: "POST",
    path: `${base}/unlock`,
    summary: "Take the lock off, with a fresh proof and a reason; a new version begins",
    tag: record.app,
    permission: unlock.permission,
    params: idParams,
    body: Type.Object(
      { reasonCode: Type.Optional(code), reason: Type.String({ minLength: 1, maxLength: 1000, pattern: "\\S" }) },
      only,
    ),
    answers: { 200: Type.Object({ version: Type.Integer() }) },
    handle: async (request) => {
      const { reason, reasonCode = null } = request.body;
      const version = request.version;
      const given = { code: reasonCode, text: reason };
      const made = await kernel.door.work(request.credential, unlock.permission, (tx) =>
        unlockRecord(tx, request.raw, { record, unlock }, request.params.id, version, given),
      );
      return { body: { version: made }, headers: { etag: `"${made}"` } };
    },
  });
}
