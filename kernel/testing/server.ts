import type { ClientConfig } from "pg";
import { pino } from "pino";
import { appRoutes, type App } from "../app.ts";
import { accessRoutes } from "../access/route.ts";
import { declaredGrants, type PlatformRole } from "../access/role.ts";
import { fileRoutes } from "../files/link.ts";
import { createHttpServer, type HttpOptions } from "../http/server.ts";
import { issueKey } from "../identity/api-key.ts";
import { keyRoutes } from "../identity/key-route.ts";
import { KeyUse } from "../identity/key-use.ts";
import { openIdentity } from "../identity/identity.ts";
import { jobRoutes } from "../jobs/route.ts";
import { checkpointRoutes } from "../ledger/checkpoint-route.ts";
import { ledgerRoutes } from "../ledger/route.ts";
import { BudgetSpender, type Budget } from "../limits/budget.ts";
import { policyRoutes } from "../policy/route.ts";
import { declaredSignings } from "../signing/declare.ts";
import { signerRoutes } from "../signing/enable-route.ts";
import { signingRoutes } from "../signing/route.ts";
import { ssoRoutes } from "../sso/route.ts";
import { openSso } from "../sso/sso.ts";
import { AccessTokens } from "../token/access-token.ts";
import { tokenRoutes } from "../token/route.ts";
import { SigningKeys } from "../token/signing-key.ts";
import { openTestKernel, type TestKernel, type TestPerson } from "./kernel.ts";
import { grantFor, stepUpIn } from "./step-up.ts";

/** What came back over HTTP; `body` is the parsed JSON, or null where there is none. */
export type TestAnswer = { status: number; headers: Headers; text: string; body: Record<string, unknown> };
export type TestRequest = {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly version?: number;
};
/** Somebody who calls the API: a session in a browser, a key, or nobody. */
export type TestCaller = (method: string, path: string, request?: TestRequest) => Promise<TestAnswer>;

export type TestServer = {
  readonly kernel: TestKernel;
  readonly origin: string;
  /** Says our own access tokens from others; signs with the instance's keys. */
  readonly tokens: AccessTokens;
  readonly keyUse: KeyUse;
  readonly anonymous: TestCaller;
  /** A browser with this person's session cookie, and the headers our own pages send. */
  as(person: TestPerson): TestCaller;
  /** A program with an API key of this person (who must be an owner or admin) that may do just these things. */
  withKey(person: TestPerson, permissions: readonly string[]): Promise<TestCaller>;
  member(workspace: string, role: PlatformRole): Promise<TestPerson>;
  close(): Promise<void>;
};

const ample = (name: string): Budget => ({ name, limit: 1_000_000, windowSeconds: 60, block: 1_000 });
/** Budgets that count and never refuse: tests of limits bring their own. */
export const ampleBudgets: HttpOptions["budgets"] = {
  api: ample("api"),
  authentication: ample("authentication"),
  registration: ample("registration"),
  upload: ample("upload"),
  analysis: ample("analysis"),
  billing: ample("billing"),
  check: ample("check"),
  refusal: ample("refusal"),
};

/** A real HTTP server of the given apps on a free loopback port, over a database of its own. */
export async function openTestServer(
  apps: readonly App[],
  options: {
    budgets?: HttpOptions["budgets"];
    trustedProxies?: readonly string[];
    trustedOrigins?: readonly string[];
    /** As in openTestKernel. */
    on?: ClientConfig;
  } = {},
): Promise<TestServer> {
  const kernel = await openTestKernel({
    apps: apps.map((app) => app.migrations),
    grants: declaredGrants(apps),
    poolSize: 8,
    ...(options.on === undefined ? {} : { on: options.on }),
  });
  const tokens = new AccessTokens(new SigningKeys(kernel), "http://localhost");
  const keyUse = new KeyUse(kernel.door);
  const identity = openIdentity(kernel, { url: "http://localhost" });
  const sso = openSso(identity, {
    origin: "http://localhost",
    outside: { trustedOrigins: options.trustedOrigins ?? [] },
    lookup: async () => "silent",
  });
  const signings = declaredSignings(apps.flatMap((app) => app.records));
  const routes = [
    ...signerRoutes(identity),
    ...signingRoutes(sso, signings),
    ...ssoRoutes(sso),
    ...keyRoutes(kernel),
    ...policyRoutes(kernel),
    ...accessRoutes(kernel, apps),
    ...tokenRoutes(kernel, tokens, { origin: "http://localhost" }),
    ...apps.flatMap((app) => appRoutes(kernel, app)),
    ...ledgerRoutes(kernel),
    ...checkpointRoutes(kernel),
    ...jobRoutes(kernel),
    ...fileRoutes(kernel),
  ];
  const http = await createHttpServer(routes, new BudgetSpender(kernel.door), {
    origin: "http://localhost",
    trustedProxies: options.trustedProxies ?? [],
    tokens,
    keyUse,
    maxUploadBytes: kernel.limits.maxBytes,
    budgets: options.budgets ?? ampleBudgets,
    logger: pino({ level: process.env["PROBITY_TEST_LOG"] ?? "silent" }),
  });
  const origin = await http.listen({ host: "127.0.0.1", port: 0 });
  const caller =
    (own: Readonly<Record<string, string>>): TestCaller =>
    (method, path, request) =>
      call(origin, own, method, path, request);
  return {
    kernel,
    origin,
    tokens,
    keyUse,
    anonymous: caller({}),
    as: (person) => {
      const browser = caller({
        cookie: `probity-session=${person.session.token}`,
        "probity-workspace": person.session.workspace ?? "",
        "probity-request": "1",
      });
      // Where a fresh proof is asked for, one is given and the call sent again, as our pages do.
      return async (method, path, request = {}) => {
        const answer = await browser(method, path, request);
        const wanted = stepUpIn(answer.body);
        if (wanted === undefined) return answer;
        const grant = await grantFor(kernel, person.session.token, wanted);
        return browser(method, path, { ...request, headers: { ...request.headers, "step-up": grant } });
      };
    },
    withKey: async (person, permissions) => {
      const { token } = await kernel.door.work(person.session, "kernel.key.change", (tx) =>
        issueKey(tx, {
          membershipId: person.membershipId,
          name: "test key",
          permissions,
          expiresAt: new Date(Date.now() + 3_600_000),
        }),
      );
      return caller({ authorization: `Bearer ${token}` });
    },
    member: (workspace, role) => kernel.addPerson(workspace, role),
    close: async () => {
      await http.close();
      await kernel.close();
    },
  };
}

async function call(
  origin: string,
  own: Readonly<Record<string, string>>,
  method: string,
  path: string,
  request: TestRequest = {},
): Promise<TestAnswer> {
  const answer = await fetch(`${origin}${path}`, {
    method,
    headers: {
      ...own,
      ...(request.body === undefined ? {} : { "content-type": "application/json" }),
      ...(request.version === undefined ? {} : { "if-match": `"${request.version}"` }),
      ...request.headers,
    },
    ...(request.body === undefined
      ? {}
      : { body: typeof request.body === "string" ? request.body : JSON.stringify(request.body) }),
  });
  const text = await answer.text();
  const isJson = /[/+]json(;|$)/.test(answer.headers.get("content-type") ?? "");
  return { status: answer.status, headers: answer.headers, text, body: isJson ? JSON.parse(text) : {} };
}
