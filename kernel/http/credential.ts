import type { FastifyRequest } from "fastify";
import { looksLikeKey } from "../identity/api-key.ts";
import type { Credential, Source } from "../work/credential.ts";
import { plainAddress } from "./network.ts";
import { httpProblem } from "./problem-document.ts";

/** An id as PostgreSQL reads it: RFC 9562 text, without the urn form that JSON Schema's format allows. */
export const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The cookie's name says how it is protected: __Host- needs HTTPS, no domain, path /. Plain HTTP is for loopback alone. */
export function cookieName(https: boolean): string {
  return https ? "__Host-probity-session" : "probity-session";
}

/** Where a request comes from. Fastify has already applied the list of trusted proxies. */
export function sourceOf(request: FastifyRequest): Source {
  return { address: plainAddress(request.ip), requestId: request.id };
}

export function sessionTokenOf(request: FastifyRequest, https: boolean): string | null {
  return request.cookies[cookieName(https)] ?? null;
}

const bearerForm = /^Bearer ([\w.~+/=-]{20,2000})$/;

export function bearerOf(request: FastifyRequest): string | undefined {
  const given = request.headers.authorization;
  return given === undefined ? undefined : bearerForm.exec(given)?.[1];
}

/** The bearer token of a request when it has the form of an access token (a JWT), to be judged before the route runs. */
export function accessTokenOf(request: FastifyRequest): string | undefined {
  const bearer = bearerOf(request);
  return bearer !== undefined && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(bearer) ? bearer : undefined;
}

/**
 * The credential a request carries: a bearer key or access token (which `verified` says to be one of ours), or a session
 * cookie. A cookie is sent by the browser by itself, so a change by cookie must also carry a header no other site can set,
 * and an origin that is ours (CSRF, APP-06). `digest` is that of the token it carries, where it is known.
 */
export function credentialOf(
  request: FastifyRequest,
  options: { https: boolean; origin: string; verified?: string | undefined; digest?: string | undefined },
): Credential {
  const { digest } = options;
  const source = sourceOf(request);
  const named = request.headers["probity-workspace"];
  // Read or refused, never passed over: without it the call would act in another of the caller's workspaces.
  if (named !== undefined && (typeof named !== "string" || !uuid.test(named)))
    throw httpProblem.request_not_understood({ values: { reason: "the header Probity-Workspace is no id" } });
  const workspace = named;
  const bearer = bearerOf(request);
  if (bearer !== undefined && bearer === options.verified)
    return { kind: "token", token: bearer, digest, workspace, source };
  if (bearer !== undefined && looksLikeKey(bearer)) return { kind: "key", token: bearer, digest, workspace, source };
  const token = sessionTokenOf(request, options.https);
  if (token === null || bearer !== undefined) throw httpProblem.not_signed_in();
  if (request.method !== "GET" && request.method !== "HEAD") checkSameSite(request, options.origin);
  return { kind: "session", token, digest, workspace, source };
}

/** Refuses a change that a page of another site made the browser send. */
export function checkSameSite(request: FastifyRequest, origin: string): void {
  const sent = request.headers.origin;
  const site = request.headers["sec-fetch-site"];
  const host = request.headers.host;
  const foreign =
    (sent !== undefined && sent !== origin && sent !== `http://${host}` && sent !== `https://${host}`) ||
    (site !== undefined && site !== "same-origin" && site !== "none");
  if (foreign || request.headers["probity-request"] !== "1") throw httpProblem.cross_site();
}
