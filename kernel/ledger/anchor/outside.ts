import type { Route } from "../../http/route.ts";
import type { Kernel } from "../../kernel.ts";
import { StreamPump } from "../stream/pump.ts";
import { streamRoutes } from "../stream/route.ts";

/** What carries the log outside needs to know of the instance. */
export type OutsideConfig = {
  /** The public origin: logs are named after its host. */
  readonly url: string;
  /** Origins in a private network that the operator allows. */
  readonly trustedOrigins: readonly string[];
};

/** Routes of everything that leaves: streams. */
export function outsideRoutes(kernel: Kernel, config: OutsideConfig): Route[] {
  const host = new URL(config.url).host;
  return streamRoutes(kernel, { host, outside: { trustedOrigins: config.trustedOrigins } });
}

/** Starts what sends by itself. */
export function startOutside(
  kernel: Kernel,
  config: OutsideConfig,
  onProblem: (error: unknown) => void,
): { stop(): Promise<void> } {
  const host = new URL(config.url).host;
  const pump = new StreamPump(kernel, { host, outside: { trustedOrigins: config.trustedOrigins }, onProblem });
  pump.start();
  return { stop: () => pump.stop() };
}
