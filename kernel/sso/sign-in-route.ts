import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import { checkSameSite } from "../http/credential.ts";
import { defineRoute, type Answer, type Route, type RouteRequest } from "../http/route.ts";
import { ownOf } from "../identity/session-answer.ts";
import { sessionCookie } from "../identity/session-token.ts";
import { errorCatalogue, Problem } from "../work/problem.ts";
import { browserCookie, browserSecret, leavingCookie, ownTarget } from "./attempt.ts";
import { ssoProblem } from "./error.ts";
import {
  beginAtProvider,
  beginConnection,
  discover,
  finishOidcCallback,
  finishSamlCallback,
  finishSocialCallback,
  ownUserId,
  takeSamlResponse,
  type Caller,
  type Finished,
} from "./flow.ts";
import { samlMetadata } from "./saml.ts";
import { proveForLink } from "./linked.ts";
import { socialIds, socialTitles, type SocialId } from "./social.ts";
import { addressesOf, type Sso } from "./sso.ts";

const tenantParams = Type.Object({ tenant: Type.String({ format: "uuid" }) });
const providerParams = Type.Object({ provider: Type.Union(socialIds.map((each) => Type.Literal(each))) });
const email = Type.String({ minLength: 3, maxLength: 254 });
const relayed = Type.Optional(Type.String({ maxLength: 200 }));
const answerForm = Type.Object(
  { SAMLResponse: Type.Optional(Type.String()), SAMLRequest: Type.Optional(Type.String()), RelayState: relayed },
  { additionalProperties: false },
);
const said = Type.Optional(Type.String({ maxLength: 10_000 }));
/** What Apple's form holds; the rest of it is asked for again with the code. */
const codeForm = Type.Object(
  { code: said, state: said, error: said, iss: said, id_token: said, user: said, error_description: said },
  { additionalProperties: false },
);

/** Signing in elsewhere: which ways there are, the way out, and the way back. */
export function ssoSignInRoutes(sso: Sso): Route[] {
  const https = sso.origin.startsWith("https:");
  const cookie = browserCookie(https);
  const callerOf = (request: RouteRequest): Caller => ({
    source: request.source,
    userAgent: request.userAgent,
    previousToken: request.sessionToken ?? undefined,
    browser: request.raw.cookies[cookie],
  });
  const leave = (url: string, browser: string): Answer => ({
    body: { url },
    headers: leavingCookie(https, browser),
  });
  /** A person's browser stands at this address: a refusal is told on the sign-in page, not as JSON. */
  const arrive = async (step: () => Promise<Finished>): Promise<Answer> => {
    try {
      const finished = await step();
      return {
        status: 303,
        headers: { location: finished.target, ...(finished.session ? sessionCookie(https, finished.session) : {}) },
      };
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return { status: 303, headers: { location: `/signin?sso=${encodeURIComponent(error.code)}` } };
    }
  };
  const providerOf = (id: string) => {
    const provider = sso.social.find((each) => each.id === id);
    if (provider === undefined) throw ssoProblem.not_offered();
    return provider;
  };
  const linkingTo = async (request: RouteRequest, provider: SocialId) => {
    const linkTo = await ownUserId(sso, request.sessionToken ?? undefined);
    if (linkTo === undefined) throw ssoProblem.not_offered();
    await proveForLink(sso, await ownOf(sso, request), provider);
    return { linkTo };
  };
  const socialBack = (request: RouteRequest<{ provider: string }>, parameters: URLSearchParams) =>
    arrive(() => finishSocialCallback(sso, providerOf(request.params.provider), parameters, callerOf(request)));

  return [
    defineRoute({
      method: "GET",
      path: "/api/sso/options",
      summary: "The ways of signing in that are offered beside a password",
      tag: "sso",
      permission: "public",
      answers: { 200: Type.Object({ providers: Type.Array(Type.Unknown()), problems: Type.Unknown() }) },
      handle: async () => ({
        body: { providers: sso.social.map(({ id }) => ({ id, title: socialTitles[id] })), problems: refusalTexts() },
      }),
    }),
    defineRoute({
      method: "POST",
      path: "/api/sso/discover",
      summary: "Whether the domain of an address signs in by single sign-on",
      tag: "sso",
      permission: "public",
      body: Type.Object({ email }, { additionalProperties: false }),
      answers: { 200: Type.Object({ connection: Type.Union([Type.Null(), Type.Unknown()]) }) },
      handle: async (request) => {
        const found = await discover(sso, request.body.email);
        return { body: { connection: found ? { name: found.name, forced: found.forced } : null } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/sso/start",
      summary: "Begin to sign in elsewhere: where to send the browser",
      tag: "sso",
      permission: "public",
      body: Type.Object(
        {
          email: Type.Optional(email),
          provider: Type.Optional(Type.String({ maxLength: 20 })),
          to: Type.Optional(Type.String({ maxLength: 500 })),
          link: Type.Optional(Type.Boolean()),
        },
        { additionalProperties: false },
      ),
      answers: { 200: Type.Object({ url: Type.String() }) },
      handle: async (request) => {
        checkSameSite(request.raw, sso.origin);
        const browser = browserSecret(request.raw.cookies[cookie]);
        const target = ownTarget(request.body.to) ?? "/";
        if (request.body.provider !== undefined) {
          const provider = providerOf(request.body.provider);
          const linkTo = request.body.link === true ? await linkingTo(request, provider.id) : {};
          return leave(await beginAtProvider(sso, { provider, browser, target, ...linkTo }), browser);
        }
        const found = await discover(sso, request.body.email ?? "");
        if (found === undefined) throw ssoProblem.not_offered();
        return leave(await beginConnection(sso, { ...found, browser, target, source: request.source }), browser);
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/sso/oidc/{tenant}/callback",
      summary: "Where a workspace's OpenID provider sends the browser back to",
      tag: "sso",
      permission: "public",
      params: tenantParams,
      anyQuery: true,
      answers: { 303: "" },
      handle: async (request) =>
        arrive(() => finishOidcCallback(sso, request.params.tenant, parametersOf(request.raw), callerOf(request))),
    }),
    defineRoute({
      method: "GET",
      path: "/api/sso/saml/{tenant}/metadata",
      summary: "This workspace as a SAML service provider",
      tag: "sso",
      permission: "public",
      params: tenantParams,
      answers: { 200: "application/samlmetadata+xml" },
      handle: async (request) => {
        const { samlEntity, samlAcs } = addressesOf(sso, request.params.tenant);
        return {
          body: samlMetadata({ entity: samlEntity, acs: samlAcs }),
          type: "application/samlmetadata+xml; charset=utf-8",
        };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/sso/saml/{tenant}/acs",
      summary: "Where a workspace's SAML identity provider sends its response",
      tag: "sso",
      permission: "public",
      params: tenantParams,
      takes: "form",
      body: answerForm,
      answers: { 303: "" },
      handle: async (request) =>
        arrive(async () => {
          const { SAMLResponse: response, RelayState: state } = request.body;
          // A LogoutRequest or LogoutResponse comes here too when an IdP is told of no other address.
          if (response === undefined) throw ssoProblem.single_logout();
          const { tenant } = request.params;
          const kept = await takeSamlResponse(sso, tenant, { response, state: state ?? "" }, callerOf(request));
          return { target: `/api/sso/saml/${tenant}/finish?state=${encodeURIComponent(kept)}` };
        }),
    }),
    defineRoute({
      method: "GET",
      path: "/api/sso/saml/{tenant}/finish",
      summary: "Finish a SAML sign-in in the browser that began it",
      tag: "sso",
      permission: "public",
      params: tenantParams,
      query: Type.Object({ state: Type.String({ maxLength: 100 }) }),
      answers: { 303: "" },
      handle: async (request) =>
        arrive(() => finishSamlCallback(sso, request.params.tenant, request.query.state, callerOf(request))),
    }),
    defineRoute({
      method: "GET",
      path: "/api/sso/social/{provider}/callback",
      summary: "Where a social provider sends the browser back to",
      tag: "sso",
      permission: "public",
      params: providerParams,
      anyQuery: true,
      answers: { 303: "" },
      handle: async (request) => socialBack(request, parametersOf(request.raw)),
    }),
    defineRoute({
      method: "POST",
      path: "/api/sso/social/{provider}/callback",
      summary: "The same for a provider that answers by a form",
      tag: "sso",
      permission: "public",
      params: providerParams,
      takes: "form",
      body: codeForm,
      answers: { 303: "" },
      handle: async (request) => {
        // A form of another site brings no cookie of ours: the browser comes again by itself, and then it does.
        const back = new URLSearchParams();
        for (const name of ["code", "state", "error", "iss"] as const) {
          const value = request.body[name];
          if (value !== undefined) back.set(name, value);
        }
        return {
          status: 303,
          headers: { location: `/api/sso/social/${request.params.provider}/callback?${back.toString()}` },
        };
      },
    }),
  ];
}

/** What the sign-in page says to whom a refusal sent back: an address can carry its code, not its text. */
function refusalTexts(): Record<string, { title: string; detail: string }> {
  const own = [...errorCatalogue()].filter(([code]) => code.startsWith("sso."));
  return Object.fromEntries(own.map(([code, { title, detail }]) => [code, { title, detail }]));
}

function parametersOf(request: FastifyRequest): URLSearchParams {
  const at = request.url.indexOf("?");
  return new URLSearchParams(at < 0 ? "" : request.url.slice(at + 1));
}
