import type { FastifyInstance, FastifyRequest } from "fastify";
import { httpProblem } from "./problem-document.ts";

/** Media types other than JSON that a route may ask for: a form of a foreign page, and SCIM's JSON. */
export type OtherMedia = "form" | "scim";

/** A form carries one answer of an identity provider; more than this is none. */
const mostFormBytes = 512 * 1024;

declare module "fastify" {
  interface FastifyContextConfig {
    takes?: OtherMedia | undefined;
  }
}

/** Teaches the server these types for the routes that ask for them; everywhere else they stay unknown (415). */
export function takeOtherMedia(server: FastifyInstance): void {
  const refuseElsewhere = (request: FastifyRequest, media: OtherMedia) => {
    if (request.routeOptions.config.takes !== media) throw httpProblem.media_type();
  };
  server.addContentTypeParser<string>(
    "application/x-www-form-urlencoded",
    { parseAs: "string", bodyLimit: mostFormBytes },
    async (request: FastifyRequest, body: string) => {
      refuseElsewhere(request, "form");
      return Object.fromEntries(new URLSearchParams(body));
    },
  );
  const parseJson = server.getDefaultJsonParser("error", "error");
  server.addContentTypeParser<string>(
    "application/scim+json",
    { parseAs: "string" },
    (request: FastifyRequest, body: string, done) => {
      try {
        refuseElsewhere(request, "scim");
      } catch (error) {
        done(error instanceof Error ? error : new Error("refused"));
        return;
      }
      void parseJson(request, body, done);
    },
  );
}
