import { Type } from "typebox";
import {
  anchorHome,
  anomalyHome,
  defineRoute,
  isSetUp,
  openApiDocument,
  reviewHome,
  workspaceSlug,
  type HomeItem,
  type Budget,
  type Identity,
  type Route,
} from "@probity/kernel";
import { listPacks } from "@probity/regulatory-docs/engine";
import type { Config } from "./config.ts";
import type { Instance } from "./open.ts";

const urgencies: readonly HomeItem["urgency"][] = ["late", "today", "week", "admin"];

/** What anybody may know of the instance, its health, its API's description, and the home page. */
export function instanceRoutes(
  instance: Instance,
  identity: Identity,
  config: Config,
  options: { version: string; budgets: Record<string, Budget>; allRoutes: () => readonly Route[] },
): Route[] {
  const { kernel } = instance;
  return [
    defineRoute({
      method: "GET",
      path: "/healthz",
      summary: "Alive",
      tag: "instance",
      permission: "public",
      answers: { 200: Type.Object({ alive: Type.Boolean() }) },
      handle: async () => ({ body: { alive: true } }),
    }),
    defineRoute({
      method: "GET",
      path: "/readyz",
      summary: "Serving: the database answers",
      tag: "instance",
      permission: "public",
      answers: { 200: Type.Object({ ready: Type.Boolean() }) },
      handle: async () => {
        await isSetUp(identity);
        return { body: { ready: true } };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/instance",
      summary: "What this instance offers",
      tag: "instance",
      permission: "public",
      answers: { 200: Type.Object({ setUp: Type.Boolean() }) },
      handle: async () => ({
        body: {
          setUp: await isSetUp(identity),
          name: new URL(config.url).host,
          version: options.version,
          registration: config.registration,
          freeCheck: { on: config.freeCheck, perHour: options.budgets["check"]?.limit ?? 0 },
          packs: listPacks(),
          limits: { maxBytes: kernel.limits.maxBytes, maxPages: kernel.limits.maxPages },
          accountLimits: { signIn: kernel.accountLimits.signIn, registration: kernel.accountLimits.registration },
        },
      }),
    }),
    defineRoute({
      method: "GET",
      path: "/api/openapi.json",
      summary: "This API as OpenAPI 3.1",
      tag: "instance",
      permission: "public",
      answers: { 200: Type.Object({ openapi: Type.String() }) },
      handle: async () => ({
        body: openApiDocument(options.allRoutes(), { title: "Probity", version: options.version, url: config.url }),
      }),
    }),
    defineRoute({
      method: "GET",
      path: "/api/home",
      summary: "What waits for the person who asks",
      tag: "instance",
      permission: "kernel.home.read",
      answers: { 200: Type.Object({ items: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const items = await kernel.door.work(request.credential, "kernel.home.read", async (tx) => {
          const found: HomeItem[] = [];
          const slug = await workspaceSlug(tx);
          found.push(
            ...(await anomalyHome(tx, slug)),
            ...(await reviewHome(tx, slug)),
            ...(await anchorHome(tx, slug)),
          );
          for (const app of instance.apps) found.push(...((await app.home?.(tx, slug)) ?? []));
          kernel.access.read(tx.who, "kernel.home.read", request.source);
          // What is late comes first, whoever says so; within that, in the order it was said.
          return found.toSorted((a, b) => urgencies.indexOf(a.urgency) - urgencies.indexOf(b.urgency));
        });
        return { body: { items } };
      },
    }),
  ];
}
