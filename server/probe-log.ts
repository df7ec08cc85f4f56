import { probeHeader } from "@probity/trust";
import type { FastifyInstance } from "fastify";

/** What stands beside every log line that a probe of this server's own brings about. */
export const probeWords = "brought about on purpose by this server's own probe";

/**
 * Names the probes in the log: a probe that damages a sealed file to see that nothing of it is given out leaves the same error
 * as real damage does, and whoever reads the log is to tell them apart. The mark is made at each start and told to the probes
 * alone, so that nobody else's request is taken for one of theirs.
 */
export function nameProbes(http: Pick<FastifyInstance, "setChildLoggerFactory">, mark: string): void {
  http.setChildLoggerFactory((logger, bindings, options, request) =>
    logger.child(request.headers[probeHeader] === mark ? { ...bindings, probe: probeWords } : bindings, options),
  );
}
