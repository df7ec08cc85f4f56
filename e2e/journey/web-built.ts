import { join } from "node:path";
import { ensureWebBuilt } from "../../server/build-web.ts";

/** Builds the web pages when they are missing or stale, before any server of a journey starts. */
export async function setup(): Promise<void> {
  await ensureWebBuilt(join(import.meta.dirname, "../../web/dist"));
}
