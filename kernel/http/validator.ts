import type { FastifyInstance, FastifySchemaCompiler } from "fastify";

/**
 * Compiles the check of a route's schema when it is first asked for, with the server's own compiler. Of three hundred routes
 * most processes use a few, and no start has to wait for the others. Fastify makes its compiler for a route that has none of
 * its own, so one route that has a schema must be left to it.
 */
export function lazyValidator(server: FastifyInstance): FastifySchemaCompiler<unknown> {
  return (part) => {
    let check: ReturnType<FastifySchemaCompiler<unknown>> | undefined;
    const lazy: ReturnType<FastifySchemaCompiler<unknown>> = (data: unknown) => {
      if (check === undefined) {
        if (server.validatorCompiler === undefined) throw new Error("No route was left to Fastify's own compiler");
        check = server.validatorCompiler(part);
      }
      const fits = check(data);
      lazy.errors = check.errors ?? null;
      return fits;
    };
    return lazy;
  };
}
