import { pino } from "pino";
import { createHttpServer } from "../../http/server.ts";
import { openIdentity } from "../../identity/identity.ts";
import { BudgetSpender } from "../../limits/budget.ts";
import { ampleBudgets } from "../server.ts";
import { grantFor, stepUpIn } from "../step-up.ts";
import { openTestKernel, type TestKernel, type TestPerson } from "../kernel.ts";
import { addDomain, listDomains, verifyDomain } from "../../sso/domain.ts";
import { ssoRoutes } from "../../sso/route.ts";
import { openSso, type Sso } from "../../sso/sso.ts";

/** A browser: it keeps cookies, follows nothing by itself, and can be told to come from another site's form. */
export type Browser = {
  readonly cookies: Map<string, string>;
  get(path: string): Promise<Response>;
  post(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
  delete(path: string, headers: Readonly<Record<string, string>>): Promise<Response>;
  /** A form of another site: no cookie goes along that is not SameSite=None. */
  crossPost(path: string, form: Record<string, string>): Promise<Response>;
};

export type SsoServer = {
  readonly kernel: TestKernel;
  readonly sso: Sso;
  readonly origin: string;
  browser(): Browser;
  /** Calls the API as this person's browser. */
  as(person: TestPerson): (method: string, path: string, body?: unknown, version?: number) => Promise<Response>;
  /** A workspace with a verified domain and its owner. */
  workspace(domain: string): Promise<{ id: string; slug: string; owner: TestPerson; domainId: string }>;
  close(): Promise<void>;
};

let count = 0;

/** A real HTTP server with sign-in elsewhere, over a database of its own. */
export async function openSsoServer(
  options: { trustedOrigins?: readonly string[]; social?: Sso["social"] } = {},
): Promise<SsoServer> {
  const kernel = await openTestKernel({ poolSize: 6 });
  const identity = openIdentity(kernel, { url: "http://localhost" });
  const sso = openSso(identity, {
    origin: "http://localhost",
    social: options.social ?? [],
    outside: { trustedOrigins: options.trustedOrigins ?? [] },
    lookup: async () => "silent",
  });
  const http = await createHttpServer(ssoRoutes(sso), new BudgetSpender(kernel.door), {
    origin: "http://localhost",
    trustedProxies: [],
    maxUploadBytes: kernel.limits.maxBytes,
    budgets: ampleBudgets,
    logger: pino({ level: process.env["PROBITY_TEST_LOG"] ?? "silent" }),
  });
  const origin = await http.listen({ host: "127.0.0.1", port: 0 });
  return {
    kernel,
    sso,
    origin,
    browser: () => openBrowser(origin),
    // Where a fresh proof is asked for, one is given and the call sent again, as our pages do.
    as: (person) => async (method, path, body, version) => {
      const call = (proof: Record<string, string> = {}) =>
        fetch(`${origin}${path}`, {
          method,
          redirect: "manual",
          headers: {
            cookie: `probity-session=${person.session.token}`,
            "probity-workspace": person.session.workspace ?? "",
            "probity-request": "1",
            ...(body === undefined ? {} : { "content-type": "application/json" }),
            ...(version === undefined ? {} : { "if-match": `"${version}"` }),
            ...proof,
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
      const answer = await call();
      if (answer.status !== 403) return answer;
      const wanted = stepUpIn(await answer.clone().json());
      return wanted === undefined ? answer : call({ "step-up": await grantFor(kernel, person.session.token, wanted) });
    },
    workspace: async (domain) => {
      const slug = `sso-${count++}`;
      const id = await kernel.foundWorkspace(slug);
      const owner = await kernel.addPerson(id, "owner");
      const domainId = await kernel.door.work(owner.session, "kernel.sso.change", (tx) => addDomain(tx, domain));
      const [listed] = await kernel.door.work(owner.session, "kernel.sso.read", listDomains);
      const value = listed?.record.value ?? "";
      await verifyDomain(kernel, owner.session, domainId, async () => ({ texts: [value] }));
      return { id, slug, owner, domainId };
    },
    close: async () => {
      await http.close();
      await kernel.close();
    },
  };
}

export function openBrowser(origin: string): Browser {
  const cookies = new Map<string, string>();
  const keep = (response: Response): Response => {
    for (const line of response.headers.getSetCookie()) {
      const [pair = ""] = line.split(";", 1);
      const at = pair.indexOf("=");
      cookies.set(pair.slice(0, at), pair.slice(at + 1));
    }
    return response;
  };
  const cookie = () => [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  return {
    cookies,
    get: async (path) =>
      keep(
        await fetch(`${origin}${path}`, {
          redirect: "manual",
          headers: { cookie: cookie(), "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" },
        }),
      ),
    delete: async (path, headers) =>
      keep(
        await fetch(`${origin}${path}`, {
          method: "DELETE",
          headers: { cookie: cookie(), "probity-request": "1", ...headers },
        }),
      ),
    post: async (path, body, headers = {}) =>
      keep(
        await fetch(`${origin}${path}`, {
          method: "POST",
          redirect: "manual",
          headers: { cookie: cookie(), "content-type": "application/json", "probity-request": "1", ...headers },
          body: JSON.stringify(body),
        }),
      ),
    crossPost: async (path, form) =>
      keep(
        await fetch(`${origin}${path}`, {
          method: "POST",
          redirect: "manual",
          headers: { "sec-fetch-site": "cross-site", origin: "https://idp.example" },
          body: new URLSearchParams(form),
        }),
      ),
  };
}

/** The path and query of an address of ours. */
export function pathOf(url: string): string {
  const { pathname, search } = new URL(url, "http://localhost");
  return pathname + search;
}
