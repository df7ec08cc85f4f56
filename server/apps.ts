import type { App } from "@probity/kernel";
import { lab } from "@probity/lab";
import { regulatoryDocs } from "@probity/regulatory-docs";
import type { Sealer } from "@probity/seal";
import type { Config } from "./config.ts";

/** THE list of enabled apps. Without a sealer, as in commands that serve nobody, their documents leave unsealed. */
export function enabledApps(
  config: Pick<Config, "freeCheck"> & Partial<Pick<Config, "url">>,
  sealer?: Sealer,
): readonly App[] {
  return [
    regulatoryDocs({ freeCheck: { on: config.freeCheck, maxFiles: 60, maxTotalBytes: 100 * 1024 * 1024 }, sealer }),
    lab({ sealer, origin: config.url }),
  ];
}
