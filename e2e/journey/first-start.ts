import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { ensureWebBuilt } from "../../server/build-web.ts";
import { startInstance } from "./instance.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** A home that was started once and is not set up: journeys copy it. */
    readonly startedHome: string;
  }
}

/** Builds the web pages when they are missing or stale, and starts an instance once, before any journey. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  await ensureWebBuilt(join(import.meta.dirname, "../../web/dist"));
  const first = await startInstance();
  await first.stop();
  project.provide("startedHome", first.home);
  return () => first.remove();
}
