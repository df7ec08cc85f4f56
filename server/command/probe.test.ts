import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { testSealer } from "@probity/seal/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  AccessTokens,
  appRoutes,
  BudgetSpender,
  createHttpServer,
  fileRoutes,
  jobRoutes,
  declaredGrants,
  ledgerRoutes,
  openIdentity,
  openKernel,
  openScratch,
  peopleRoutes,
  SigningKeys,
  tokenRoutes,
  writeGrants,
  type Kernel,
  type Route,
  type Scratch,
} from "@probity/kernel";
import { ampleBudgets, createTestDatabase, testRootKey } from "@probity/kernel/testing";
import { httpTo, openTrustKey, trustRoutes } from "@probity/trust";
import { enabledApps } from "../apps.ts";
import { readConfig } from "../config.ts";
import { instanceRoutes } from "../instance-route.ts";
import { attack, type ProbeRow } from "./probe-attack.ts";
import { run } from "./probe.ts";

const apps = enabledApps({ freeCheck: false });
const config = readConfig({ PROBITY_FREE_CHECK: "off" });

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let folder: string;
let kernel: Kernel;
let scratch: Scratch;
const servers: Awaited<ReturnType<typeof createHttpServer>>[] = [];

beforeAll(async () => {
  database = await createTestDatabase(apps.map((app) => app.migrations));
  await writeGrants(database.admin, testRootKey.key, declaredGrants(apps));
  folder = await mkdtemp(join(tmpdir(), "probity-outside-"));
  const { host, port, database: name } = database.admin;
  kernel = openKernel({ host, port, database: name }, testRootKey, { filesFolder: join(folder, "files"), poolSize: 8 });
  scratch = await openScratch(kernel);
}, 120_000);
afterAll(async () => {
  for (const http of servers) await http.close();
  await kernel.close();
  await rm(folder, { recursive: true, force: true });
  await database.drop();
});

/** A real server; `change` makes it a faulty one. */
async function serve(change: (route: Route) => Route = (route) => route): Promise<string> {
  const identity = openIdentity(kernel, { url: config.url });
  const instance = {
    kernel,
    apps,
    sealer: testSealer(),
    cluster: undefined,
    admin: database.admin,
    findings: [],
    close: async () => undefined,
  };
  const routes: Route[] = [];
  routes.push(
    ...[
      ...instanceRoutes(instance, identity, config, { version: "0", budgets: ampleBudgets, allRoutes: () => routes }),
      ...tokenRoutes(kernel, new AccessTokens(new SigningKeys(kernel), config.url), {
        origin: config.url,
        furtherKeys: [openTrustKey(folder, kernel.rootKey).jwk],
      }),
      ...trustRoutes(kernel, { home: folder, publicUrl: config.url, version: "0" }),
      ...peopleRoutes(identity, { origin: config.url }),
      ...ledgerRoutes(kernel),
      ...jobRoutes(kernel),
      ...fileRoutes(kernel),
      ...apps.flatMap((app) => appRoutes(kernel, app)),
    ].map(change),
  );
  const http = await createHttpServer(routes, new BudgetSpender(kernel.door), {
    origin: config.url,
    trustedProxies: [],
    maxUploadBytes: kernel.limits.maxBytes,
    budgets: ampleBudgets,
    logger: pino({ level: process.env["PROBITY_TEST_LOG"] ?? "silent" }),
  });
  servers.push(http);
  return http.listen({ host: "127.0.0.1", port: 0 });
}

const keys = () => ({ keyA: scratch.a.ownerKey, keyB: scratch.b.ownerKey });
const attacked = async (origin: string) => attack(httpTo(origin), { origin, ...keys() });
const of = (rows: readonly ProbeRow[], outcome: ProbeRow["outcome"]) =>
  rows.filter((row) => row.outcome === outcome).map((row) => `${row.check}: ${row.address}`);

describe("npx probity probe tests an instance from outside", { timeout: 120_000 }, () => {
  test("a sound instance holds, records and files of both tenants were really looked for, and are gone afterwards", async () => {
    const rows = await attacked(await serve());
    expect(rows.filter(({ outcome }) => outcome === "failed")).toEqual([]);
    expect(of(rows, "held")).toEqual(
      expect.arrayContaining([
        "Two workspaces: ",
        "A's records under B's key: /api/regulatory-docs/collections",
        "A's records under B's key: /api/regulatory-docs/collections/{id}",
        "A's records under B's key: /api/regulatory-docs/collections/{id}/history",
        "A's records under B's key: /api/regulatory-docs/documents",
        "A's records under B's key: /api/jobs/{id}/events",
        "A's records under B's key: /api/people",
        "Without a key: /api/ledger/events",
        "Deleting A's own test records with B's key: ",
        "Unknown fields are refused: ",
        "Security headers: ",
        "The trust statement: /trust.json",
      ]),
    );
    const left = await httpTo(await serve())("GET", "/api/regulatory-docs/collections", { key: scratch.a.ownerKey });
    expect(left.body["items"]).toEqual([]);
  });

  test("an address that answers whoever asks is found", async () => {
    const open = await serve((route) =>
      route.path === "/api/regulatory-docs/collections/{id}" && route.method === "GET"
        ? {
            ...route,
            // A handler that looks the row up for its owner, not for the caller.
            handle: (request, reply) => {
              const credential = { kind: "key", token: scratch.a.ownerKey, source: request.source };
              return route.handle(Object.create(request, { credential: { value: credential } }), reply);
            },
          }
        : route,
    );
    const failed = of(await attacked(open), "failed");
    expect(failed).toContain("A's records under B's key: /api/regulatory-docs/collections/{id}");
    expect(failed).toContain("Without a key: /api/regulatory-docs/collections/{id}");
    expect(await run([open, "--key-a", scratch.a.ownerKey, "--key-b", scratch.b.ownerKey, "--json"])).toBe(1);
  });

  test("two keys of one workspace prove nothing, and it says so", async () => {
    const origin = await serve();
    const rows = await attack(httpTo(origin), { origin, keyA: scratch.a.ownerKey, keyB: scratch.a.memberKey });
    expect(of(rows, "failed")).toContain("Two workspaces: ");
  });

  test("a key that opens nothing proves nothing, and is said to", async () => {
    const origin = await serve();
    const unknown = `pk_${"A".repeat(43)}`;
    await expect(attack(httpTo(origin), { origin, keyA: scratch.a.ownerKey, keyB: unknown })).rejects.toThrow(/Key B/);
  });

  test("wrong use is exit code 2", async () => {
    expect(await run([])).toBe(2);
    expect(await run(["http://127.0.0.1:1", "--key-a", "x"])).toBe(2);
    expect(await run(["http://127.0.0.1:1", "--key-a", "x", "--key-b", "x"])).toBe(2);
    expect(await run(["ftp://127.0.0.1", "--key-a", "x", "--key-b", "y"])).toBe(2);
  });
});
