import type { App } from "@probity/kernel";
import { regulatoryDocs } from "@probity/regulatory-docs";
import type { Config } from "./config.ts";

/** THE list of enabled apps. */
export function enabledApps(config: Pick<Config, "freeCheck">): readonly App[] {
  return [regulatoryDocs({ freeCheck: { on: config.freeCheck, maxFiles: 60, maxTotalBytes: 100 * 1024 * 1024 } })];
}
