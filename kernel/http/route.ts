import type { FastifyReply, FastifyRequest } from "fastify";
import type { Static, TObject, TSchema } from "typebox";
import type { Credential, Source } from "../work/credential.ts";
import type { OtherMedia } from "./media.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** What a handler gets: parsed, validated, and who is asking. */
export type RouteRequest<Params = unknown, Query = unknown, Body = unknown> = {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly source: Source;
  readonly userAgent: string;
  /** The caller's credential; a call without one is refused with 401 when this is read. */
  readonly credential: Credential;
  /** The session token of a browser, if any: for routes about the session itself. */
  readonly sessionToken: string | null;
  /** The row version named by If-Match; refused with 428 when missing and read. */
  readonly version: number;
  readonly idempotencyKey: string | null;
  readonly raw: FastifyRequest;
};

export type Answer = {
  readonly status?: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Media type when the body is not JSON. */
  readonly type?: string;
};

/** One route: what OpenAPI says of it, what Fastify validates, and what it does. */
export type Route = {
  readonly method: Method;
  /** OpenAPI style: /api/lab/samples/{id} */
  readonly path: string;
  readonly summary: string;
  readonly tag: string;
  /** The permission the door checks; "public" or "session" where no workspace is involved. */
  readonly permission: string;
  readonly params?: TObject;
  readonly query?: TObject;
  readonly body?: TSchema;
  /** Takes a body of this type too, beside JSON. */
  readonly takes?: OtherMedia;
  /** Unknown query parameters are passed over: OAuth 2.0 asks for that of a redirection address (RFC 6749, 4.1.2). */
  readonly anyQuery?: boolean;
  /** Multipart upload: the body is a stream of files. */
  readonly multipart?: boolean;
  /** Sent again under its Idempotency-Key it is done once; a route without this pays the header no heed. */
  readonly keyed?: boolean;
  /** Status → schema of the answer, or a media type. */
  readonly answers: Readonly<Record<number, TSchema | string>>;
  /** Which rate budget a call counts against (APP-02). */
  readonly budget?: "api" | "authentication" | "registration" | "upload" | "analysis" | "billing" | "check";
  readonly handle: (request: RouteRequest, reply: FastifyReply) => Promise<Answer | FastifyReply>;
};

/** The type a route's handler gets for one of its schemas. */
export type Shape<S> = S extends TSchema ? Static<S> : unknown;

/** Declares a route with its handler's types taken from its schemas. */
export function defineRoute<
  P extends TObject | undefined = undefined,
  Q extends TObject | undefined = undefined,
  B extends TSchema | undefined = undefined,
>(
  route: Omit<Route, "params" | "query" | "body" | "handle"> & {
    params?: P;
    query?: Q;
    body?: B;
    handle: (
      request: RouteRequest<Shape<P>, Shape<Q>, Shape<B>>,
      reply: FastifyReply,
    ) => Promise<Answer | FastifyReply>;
  },
): Route;
export function defineRoute(route: Route): Route {
  return route;
}
