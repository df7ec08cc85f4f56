import { hash, randomUUID } from "node:crypto";
import type { RequestListener } from "node:http";
import { createServer as createSecureServer } from "node:https";
import cookie from "@fastify/cookie";
import multipart from "@fastify/multipart";
import fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type RouteShorthandOptions,
} from "fastify";
import type { BudgetSpender, Budget } from "../limits/budget.ts";
import { callerKinds, CallerLimits } from "../limits/caller.ts";
import { network } from "../identity/guard.ts";
import { Problem } from "../work/problem.ts";
import { accessTokenOf, bearerOf, sessionTokenOf, sourceOf, uuid } from "./credential.ts";
import { GivenRequest } from "./given-request.ts";
import { securityHeaders } from "./header.ts";
import { ownHost } from "./host.ts";
import { takeOtherMedia } from "./media.ts";
import { isLoopback, plainAddress } from "./network.ts";
import { httpProblem, problemDocument, problemOf } from "./problem-document.ts";
import type { Answer, Route } from "./route.ts";
import { lazyValidator } from "./validator.ts";
import { wireErrorHandler } from "./wire-error.ts";

export type HttpOptions = {
  readonly origin: string;
  readonly trustedProxies: readonly string[];
  readonly maxUploadBytes: number;
  /** By kind of call; `refusal` counts credentials that opened nothing, by address. */
  readonly budgets: Readonly<Record<NonNullable<Route["budget"]> | "refusal", Budget>>;
  readonly logger: FastifyBaseLogger;
  /** Serves HTTPS itself, with this certificate and key. */
  readonly tls?:
    | { readonly cert: string; readonly key: string; readonly minVersion: "TLSv1.2" | "TLSv1.3" }
    | undefined;
  /** Calls of people and keys count by their workspace's policy, not by `budgets`. */
  readonly policyLimits?: boolean;
  /** Tells our own access tokens from others; without it none is taken. */
  readonly tokens?: { isOurs(token: string): Promise<boolean> };
  /** Told of each bearer token that was not refused, with the address it came from. */
  readonly keyUse?: { note(token: string, address: string | null): void };
};

const requestTimeout = 300_000;

/** The HTTP server with the given routes: validated, limited, each error a problem document, each answer with its headers. */
export async function createHttpServer(
  routes: readonly Route[],
  spender: BudgetSpender,
  options: HttpOptions,
): Promise<FastifyInstance> {
  const https = options.origin.startsWith("https:");
  const server = fastify({
    loggerInstance: options.logger,
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: options.trustedProxies.length === 0 ? false : [...options.trustedProxies],
    genReqId: () => randomUUID(),
    bodyLimit: 1024 * 1024,
    routerOptions: { maxParamLength: 200 },
    // Unknown fields are refused, nothing is guessed: only query strings, which are all text, are converted.
    ajv: {
      customOptions: { removeAdditional: false, useDefaults: false, coerceTypes: false, allErrors: false },
      onCreate: (ajv) => void ajv.addFormat("uuid", uuid),
    },
    // A whole request, its files too, within this time: who sends a byte a minute keeps no memory and no socket.
    requestTimeout,
    ...(options.tls === undefined
      ? {}
      : {
          serverFactory: (handle: RequestListener) =>
            createSecureServer({ ...options.tls, requestTimeout, honorCipherOrder: true }, handle),
        }),
    // What fails before a route is found passes no hook: it gets the same headers and the same form here.
    frameworkErrors: (error, request, reply) => {
      reply.headers({ ...securityHeaders({ https }), "cache-control": "no-store", "request-id": request.id });
      void sendProblem(error, request, reply);
    },
    clientErrorHandler: wireErrorHandler({ https }),
    exposeHeadRoutes: false,
  });
  await server.register(cookie);
  await server.register(multipart, {
    limits: { fileSize: options.maxUploadBytes, files: 200, fields: 20, fieldSize: 10_000, parts: 220 },
    throwFileSizeLimit: false,
  });

  const requireOwnHost = ownHost(options.origin);
  const answerHeaders = { ...securityHeaders({ https }), "cache-control": "no-store" };
  server.addHook("onRequest", (request, reply, done) => {
    reply.headers(answerHeaders).header("request-id", request.id);
    // Plain HTTP that reached us past the proxy that should have made it HTTPS. This machine itself may (probes, a local proxy).
    if (https && request.protocol === "http" && !isLoopback(plainAddress(request.socket.remoteAddress ?? "")))
      throw httpProblem.https_needed();
    requireOwnHost(request);
    done();
  });
  server.setErrorHandler((error, request, reply) => sendProblem(error, request, reply));
  server.setNotFoundHandler((request, reply) => sendProblem(httpProblem.not_found(), request, reply));

  takeOtherMedia(server);
  const limits = options.policyLimits === true ? new CallerLimits(spender.door, spender) : undefined;
  const first = routes.find((route) => route.params !== undefined || route.body !== undefined);
  const lazy = first === undefined ? {} : { validatorCompiler: lazyValidator(server) };
  for (const route of routes)
    addRoute(server, route, spender, limits, { ...options, https, compiler: route === first ? {} : lazy });
  return server;
}

function addRoute(
  server: FastifyInstance,
  route: Route,
  spender: BudgetSpender,
  limits: CallerLimits | undefined,
  options: HttpOptions & { https: boolean; compiler: Pick<RouteShorthandOptions, "validatorCompiler"> },
): void {
  const properties = route.query?.properties ?? {};
  // One object for the life of the route: Fastify keeps the compiled check by the schema's identity.
  const querySchema = route.query ? { ...route.query, additionalProperties: false } : undefined;
  const budget = options.budgets[route.budget ?? "api"];
  const kind = callerKinds.find((each) => each === (route.budget ?? "api"));
  server.route({
    method: route.method,
    url: route.path.replaceAll(/\{(\w+)\}/g, ":$1"),
    config: { takes: route.takes },
    ...options.compiler,
    schema: {
      ...(route.params ? { params: { ...route.params, additionalProperties: false } } : {}),
      ...(route.body ? { body: route.body } : {}),
    },
    handler: async (request, reply) => {
      const from = network(request.ip);
      // An address that keeps trying tokens is stopped by its refusals.
      spender.checkSpent(options.budgets.refusal, from);
      const call = callOf(request, from, options.https);
      if (kind === undefined || route.permission === "public") await spender.spend(budget, from);
      else if (limits !== undefined) await limits.spend(kind, call, budget);
      else await spender.spend(budget, call.digest ?? from);
      if (!isKeepable(request.body) || !isKeepable(request.query) || !isKeepable(request.params))
        throw httpProblem.request_not_understood({
          values: { reason: "a text holds a character that can't be kept, or the body is nested too deep" },
        });
      const query = route.anyQuery === true ? request.query : parseQuery(properties, querySchema, request);
      const access = accessTokenOf(request);
      const verified = access !== undefined && (await options.tokens?.isOurs(access)) === true ? access : undefined;
      // A handler that answers by itself (a stream) gives its reply, which becomes nothing once it has been sent.
      let answer: Answer | FastifyReply | undefined;
      try {
        answer = await route.handle(
          new GivenRequest(request, query, options, { digest: call.digest, verified }),
          reply,
        );
      } catch (error) {
        const tried = request.headers.authorization ?? sessionTokenOf(request, options.https);
        if (tried !== null && error instanceof Problem && error.status === 401)
          await spender.spend(options.budgets.refusal, from);
        throw error;
      }
      const used = bearerOf(request);
      if (used !== undefined) options.keyUse?.note(used, sourceOf(request).address);
      return answer !== undefined && isAnswer(answer) ? sendAnswer(reply, answer) : reply;
    },
  });
}

const maxDepth = 32;

/** PostgreSQL keeps no NUL and RFC 8785 knows no lone surrogate: a text that holds one is refused before it does any work. */
function isKeepable(value: unknown, depth = 0): boolean {
  if (typeof value === "string") return value.isWellFormed() && !value.includes("\0");
  if (typeof value !== "object" || value === null) return true;
  // Nothing here is nested deeper than a few levels; a megabyte of brackets would run the stack out.
  if (depth === maxDepth) return false;
  return Object.entries(value).every(([name, member]) => isKeepable(name) && isKeepable(member, depth + 1));
}

/** Who calls, as far as can be told before the door: the token is looked up by its hash. */
function callOf(request: FastifyRequest, from: string, https: boolean) {
  const named = request.headers["probity-workspace"];
  const token = bearerOf(request) ?? sessionTokenOf(request, https);
  return {
    token,
    digest: token === null ? undefined : hash("sha256", token, "base64url"),
    workspace: typeof named === "string" && uuid.test(named) ? named : undefined,
    network: from,
  };
}

/** Query strings are text: numbers and booleans are converted where the schema asks for them, the rest stays text. */
function parseQuery(
  properties: Readonly<Record<string, unknown>>,
  schema: object | undefined,
  request: FastifyRequest,
): unknown {
  const given = request.query;
  if (typeof given !== "object" || given === null) return {};
  const parsed: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (property === undefined) {
      throw httpProblem.request_not_understood({ values: { reason: `querystring has an unknown field "${name}"` } });
    }
    const wanted = typeof property === "object" && property !== null && "type" in property ? property.type : undefined;
    parsed[name] =
      wanted === "integer" && typeof value === "string" && /^-?\d{1,9}$/.test(value) ? Number(value) : value;
  }
  if (schema && !request.validateInput(parsed, schema))
    throw httpProblem.request_not_understood({ values: { reason: "a query parameter does not fit" } });
  return parsed;
}

function isAnswer(value: Answer | FastifyReply): value is Answer {
  return !("raw" in value);
}

function sendAnswer(reply: FastifyReply, answer: Answer): FastifyReply {
  reply.status(answer.status ?? 200);
  if (answer.headers) reply.headers(answer.headers);
  if (answer.type !== undefined) reply.type(answer.type);
  return reply.send(answer.body);
}

function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = problemOf(error);
  if (problem.status >= 500) request.log.error({ err: problem.cause ?? error, code: problem.code }, "request failed");
  return reply
    .status(problem.status)
    .headers(problem.headers)
    .type("application/problem+json")
    .send(problemDocument(problem, request.id));
}
