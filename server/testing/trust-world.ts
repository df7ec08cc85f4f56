// A sound instance and faulty ones over one database, for the tests that see controls turn red.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { pino } from "pino";
import { afterAll, beforeAll, expect } from "vitest";
import {
  accessRoutes,
  AccessTokens,
  accountRoutes,
  anomalyRoutes,
  appRoutes,
  BudgetSpender,
  checkpointRoutes,
  createHttpServer,
  fileRoutes,
  jobRoutes,
  keyRoutes,
  policyRoutes,
  declaredGrants,
  declaredSignings,
  factorRoutes,
  freezeRoutes,
  ledgerRoutes,
  openIdentity,
  openKernel,
  openSso,
  operatorRoutes,
  outsideRoutes,
  peopleRoutes,
  reviewRoutes,
  sessionRoutes,
  signerRoutes,
  signingRoutes,
  SigningKeys,
  startOutside,
  ssoRoutes,
  tokenRoutes,
  watched,
  writeGrants,
  type Kernel,
  type Route,
} from "@probity/kernel";
import { ampleBudgets, createTestDatabase, testRootKey } from "@probity/kernel/testing";
import { controls, listOf, openTrustKey, ProbeRunner, recordOf, trustRoutes, type Control } from "@probity/trust";
import { testSealer } from "@probity/seal/testing";
import { executeAsOwner } from "../../kernel/lint/trial.ts";
import { enabledApps } from "../apps.ts";
import { sealRoutes } from "../seal.ts";

const patienceMs = 300_000;
const publicUrl = "http://localhost";
const sealer = testSealer();
const apps = enabledApps({ freeCheck: false, url: publicUrl }, sealer);
const securityContact = "security@example.test";
type Http = Awaited<ReturnType<typeof createHttpServer>>;
/** A server built wrongly: with other parts, other routes, or a hook that spoils its answers. */
export type Fault = {
  readonly kernel?: Partial<Kernel>;
  readonly route?: (route: Route) => Route;
  readonly http?: (http: Http) => void;
  /** With the limits of the workspaces' policy; the others count and never refuse. */
  readonly limits?: true;
};

export let database: Awaited<ReturnType<typeof createTestDatabase>>;
export let folder: string;
export let kernel: Kernel;
let sound: string;
let sending: ReturnType<typeof startOutside>;
const servers: Http[] = [];

/** A world of its own for the tests of a file, which calls this once beside them. */
export function useTrustWorld(): void {
  beforeAll(open, 120_000);
  afterAll(close);
}

async function open(): Promise<void> {
  database = await createTestDatabase(apps.map((app) => app.migrations));
  await writeGrants(database.admin, testRootKey.key, declaredGrants(apps));
  folder = await mkdtemp(join(tmpdir(), "probity-trust-"));
  const { host, port, database: name } = database.admin;
  kernel = openKernel({ host, port, database: name }, testRootKey, { filesFolder: join(folder, "files"), poolSize: 8 });
  sending = startOutside(
    openIdentity(kernel, { url: publicUrl }),
    { url: publicUrl, trustedOrigins: [] },
    () => undefined,
  );
  sound = await serve({});
}
async function close(): Promise<void> {
  for (const http of servers.splice(0)) await http.close();
  await sending.stop();
  await kernel.close();
  await rm(folder, { recursive: true, force: true });
  await database.drop();
}

const trustOptions = () => ({ home: folder, publicUrl, version: "0.0.0-test", securityContact });
const options = () => ({
  origin: publicUrl,
  trustedProxies: [],
  maxUploadBytes: kernel.limits.maxBytes,
  budgets: ampleBudgets,
  logger: pino({ level: "silent" }),
});

/** A real server on a free port. */
export async function serve(fault: Fault): Promise<string> {
  const own: Kernel = { ...kernel, ...fault.kernel };
  const identity = openIdentity(own, { url: publicUrl });
  const sso = openSso(identity, { origin: publicUrl, lookup: async () => ({ texts: [] }) });
  const tokens = new AccessTokens(new SigningKeys(own), publicUrl);
  const furtherKeys = [openTrustKey(folder, own.rootKey).jwk];
  const routes = [
    ...keyRoutes(own),
    ...policyRoutes(own),
    ...tokenRoutes(own, tokens, { origin: publicUrl, furtherKeys }),
    ...trustRoutes(own, trustOptions()),
    ...sealRoutes(sealer),
    ...sessionRoutes(identity, { origin: publicUrl, sampleData: async () => undefined }),
    ...accountRoutes(identity, { origin: publicUrl, sampleData: async () => undefined }),
    ...factorRoutes(identity, { origin: publicUrl }),
    ...freezeRoutes(identity),
    ...ssoRoutes(sso),
    ...peopleRoutes(identity, { origin: publicUrl }),
    ...accessRoutes(own, apps),
    ...operatorRoutes(identity, { origin: publicUrl }),
    ...reviewRoutes(own),
    ...anomalyRoutes(own),
    ...signerRoutes(identity),
    ...signingRoutes(sso, declaredSignings(apps.flatMap((app) => app.records))),
    ...ledgerRoutes(own),
    ...checkpointRoutes(own),
    ...outsideRoutes(identity, { url: publicUrl, trustedOrigins: [] }),
    ...jobRoutes(own),
    ...fileRoutes(own),
    ...apps.flatMap((app) => appRoutes(own, app)),
    homeRoute(own),
  ]
    .map((route) => watched(own, route))
    .map((route) => fault.route?.(route) ?? route);
  const http = await createHttpServer(routes, new BudgetSpender(own.door), {
    ...options(),
    policyLimits: fault.limits === true,
    tokens,
  });
  fault.http?.(http);
  servers.push(http);
  return http.listen({ host: "127.0.0.1", port: 0 });
}

function homeRoute(own: Kernel): Route {
  return {
    method: "GET",
    path: "/api/home",
    summary: "Home",
    tag: "instance",
    permission: "kernel.home.read",
    answers: {},
    handle: async (request) => ({
      body: await own.door.work(request.credential, "kernel.home.read", async () => ({ items: [] })),
    }),
  };
}

/** Runs one control's probes against a server, then reads its status as anybody would: from the signed statement. */
export async function statusAfter(
  id: string,
  options: { origin?: string; control?: Control; contact?: string | undefined } = {},
) {
  const control = options.control ?? controls.find((each) => each.id === id);
  if (control === undefined) throw new Error(`no control ${id}`);
  const runner = new ProbeRunner(kernel, {
    probeUrl: options.origin ?? sound,
    publicUrl,
    admin: database.admin,
    records: apps.flatMap((app) => app.records),
    filesFolder: join(folder, "files"),
    ...("contact" in options ? {} : { securityContact }),
    controls: [control],
  });
  // A test that ran out of time leaves its round behind it, and two are never made at once: that of this one is what counts.
  let notes = await runner.run();
  for (const until = Date.now() + patienceMs; notes === undefined && Date.now() < until; notes = await runner.run())
    await pause(250);
  if (notes === undefined) throw new Error("another round of probes did not end");
  const statement = await readStatement();
  const status = listOf(statement["controls"]).find((each) => each["id"] === id)?.["status"];
  const detail = notes.map((note) => `${note.probe} ${note.outcome}: ${note.detail}`).join("\n");
  return { status, detail };
}

/** Over HTTP, from a server that keeps no statement from before. */
async function readStatement(): Promise<Record<string, unknown>> {
  const http = await createHttpServer(trustRoutes(kernel, trustOptions()), new BudgetSpender(kernel.door), options());
  try {
    const origin = await http.listen({ host: "127.0.0.1", port: 0 });
    return recordOf(await (await fetch(`${origin}/trust.json`)).json());
  } finally {
    await http.close();
  }
}

/** With what the probes said where it is not. */
async function isActive(id: string): Promise<void> {
  const { status, detail } = await statusAfter(id);
  expect(status === "active" ? status : detail).toBe("active");
}

/** Active, then the protection is taken away and the page says degraded with this reason, then active again. */
export async function turnsRed(id: string, breakIt: string, mendIt: string, reason: RegExp): Promise<void> {
  await isActive(id);
  await executeAsOwner(database.admin, breakIt);
  try {
    const red = await statusAfter(id);
    expect(red.detail).toMatch(new RegExp(reason, "i"));
    expect(red.status).toBe("degraded");
  } finally {
    await executeAsOwner(database.admin, mendIt);
  }
  await isActive(id);
}

/** The same with a server that was built wrongly. */
export async function turnsRedServing(id: string, fault: Fault, reason: RegExp): Promise<void> {
  await isActive(id);
  await isRedServing(id, fault, reason);
  await isActive(id);
}

/** Degraded with this reason, for a control that a test beside it sees active before and after. */
export async function isRedServing(id: string, fault: Fault, reason: RegExp): Promise<void> {
  const red = await statusAfter(id, { origin: await serve(fault) });
  expect(red.detail).toMatch(new RegExp(reason, "i"));
  expect(red.status).toBe("degraded");
}

/** A server that does this act for whoever brings no fresh proof; with one, it is done as ever. */
export function withoutProof(path: string, answer: { status: number; body: object }): Fault {
  return {
    route: (route) =>
      route.path === path
        ? {
            ...route,
            handle: async (request, reply) =>
              request.raw.headers["step-up"] === undefined ? answer : route.handle(request, reply),
          }
        : route,
  };
}

export const door = "set role probity_door; ";

/** An object that answers like `whole`, but for the given members. */
export function withMember<T extends object>(whole: T, members: Partial<T>): T {
  return new Proxy(whole, {
    get: (target, name) => {
      const own: unknown = Reflect.get(members, name);
      const value: unknown = own ?? Reflect.get(target, name, target);
      return typeof value === "function" && own === undefined ? value.bind(target) : value;
    },
  });
}
