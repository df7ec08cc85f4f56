import type { FastifyRequest } from "fastify";
import type { Credential, Source } from "../work/credential.ts";
import { doorProblem } from "../work/error.ts";
import { credentialOf, sessionTokenOf, sourceOf } from "./credential.ts";
import type { RouteRequest } from "./route.ts";

/** What was found out about the token that a request carries: its SHA-256, and that it is an access token of ours. */
type Known = { readonly digest: string | undefined; readonly verified: string | undefined };

/** What a handler gets of a request; what not every handler asks for is found out when it is asked for. */
export class GivenRequest implements RouteRequest {
  readonly raw: FastifyRequest;
  readonly query: unknown;
  readonly #site: { readonly https: boolean; readonly origin: string };
  readonly #known: Known;

  constructor(
    raw: FastifyRequest,
    query: unknown,
    site: { readonly https: boolean; readonly origin: string },
    known: Known,
  ) {
    this.raw = raw;
    this.query = query;
    this.#site = site;
    this.#known = known;
  }

  get params(): unknown {
    return this.raw.params;
  }
  get body(): unknown {
    return this.raw.body;
  }
  get source(): Source {
    return sourceOf(this.raw);
  }
  get userAgent(): string {
    return (this.raw.headers["user-agent"] ?? "").slice(0, 300);
  }
  get credential(): Credential {
    return credentialOf(this.raw, { ...this.#known, https: this.#site.https, origin: this.#site.origin });
  }
  get sessionToken(): string | null {
    return sessionTokenOf(this.raw, this.#site.https);
  }
  get version(): number {
    const given = /^(?:W\/)?"?(\d{1,9})"?$/.exec(this.raw.headers["if-match"] ?? "")?.[1];
    if (given === undefined) throw doorProblem.version_missing();
    return Number(given);
  }
  get idempotencyKey(): string | null {
    const given = this.raw.headers["idempotency-key"];
    return typeof given === "string" ? given.slice(0, 200) : null;
  }
}
