import { Type } from "typebox";
import { defineRoute, type Route } from "../../http/route.ts";
import type { Identity } from "../../identity/identity.ts";
import { StreamPump } from "../stream/pump.ts";
import { streamRoutes } from "../stream/route.ts";
import { AnchorRound, type Stamp } from "./round.ts";
import { anchorRoutes } from "./route.ts";

/** What carries the log outside needs to know of the instance. */
export type OutsideConfig = {
  /** The public origin: logs are named after its host. */
  readonly url: string;
  /** Origins in a private network that the operator allows. */
  readonly trustedOrigins: readonly string[];
  /** A time-stamping authority, where one is configured. */
  readonly stamp?: Stamp | undefined;
};

/** Routes of everything that leaves: streams, and anchors. */
export function outsideRoutes({ kernel, site }: Identity, config: OutsideConfig): Route[] {
  const outside = { trustedOrigins: config.trustedOrigins };
  return [
    ...streamRoutes(kernel, { host: new URL(config.url).host, outside }),
    ...anchorRoutes(kernel, { outside, sendsMail: site.sendsMail, stamps: config.stamp !== undefined }),
    defineRoute({
      method: "GET",
      path: "/trust/anchors.json",
      summary: "How many outside hold checkpoints of this instance's log, by kind, and since when",
      tag: "trust",
      permission: "public",
      answers: { 200: Type.Object({ kinds: Type.Array(Type.Unknown()) }) },
      handle: async () => {
        const rows = await kernel.door.callFunction({ sql: "select * from kernel.anchor_summary()", parameters: [] });
        const kinds = rows.map(({ kind, holders, newest }) => ({ kind, holders: Number(holders), newest }));
        return { body: { kinds } };
      },
    }),
  ];
}

/** Starts what sends by itself. */
export function startOutside(
  { kernel, post, site }: Identity,
  config: OutsideConfig,
  onProblem: (error: unknown) => void,
): { stop(): Promise<void> } {
  const outside = { trustedOrigins: config.trustedOrigins };
  const pump = new StreamPump(kernel, { host: new URL(config.url).host, outside, onProblem });
  const anchors = new AnchorRound(kernel, {
    url: config.url,
    post,
    sendsMail: site.sendsMail,
    outside,
    stamp: config.stamp,
    onProblem,
  });
  pump.start();
  anchors.start();
  return {
    stop: async () => {
      await Promise.all([pump.stop(), anchors.stop()]);
    },
  };
}
