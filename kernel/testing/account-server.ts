import { pino } from "pino";
import { createHttpServer } from "../http/server.ts";
import { factorRoutes } from "../identity/factor-route.ts";
import { freezeRoutes } from "../identity/freeze-route.ts";
import { openIdentity, type Identity } from "../identity/identity.ts";
import { admit } from "../identity/membership.ts";
import { peopleRoutes } from "../identity/people-route.ts";
import { insertPerson } from "../identity/person.ts";
import { sessionRoutes } from "../identity/session-route.ts";
import { policyRoutes } from "../policy/route.ts";
import { keyRoutes } from "../identity/key-route.ts";
import { jobRoutes } from "../jobs/route.ts";
import { BudgetSpender } from "../limits/budget.ts";
import type { PlatformRole } from "../access/role.ts";
import { openTestKernel, type TestKernel } from "./kernel.ts";
import { ampleBudgets } from "./server.ts";
import { stepUpIn } from "./step-up.ts";

export type AccountAnswer = { status: number; headers: Headers; body: Record<string, unknown> };
export type Account = { readonly userId: string; readonly email: string; readonly password: string };

const origin = "http://localhost";
let addresses = 0;

/** A browser: its own cookie, its own address, and the headers our pages send. */
export class AccountBrowser {
  token: string | null = null;
  workspace: string | undefined;
  readonly #base: string;
  readonly #address = `10.${(++addresses >> 16) & 255}.${(addresses >> 8) & 255}.${addresses & 255}`;

  constructor(base: string) {
    this.#base = base;
  }
  async call(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<AccountAnswer> {
    const answer = await fetch(`${this.#base}${path}`, {
      method,
      headers: {
        "probity-request": "1",
        "x-forwarded-for": this.#address,
        ...(this.token === null ? {} : { cookie: `probity-session=${this.token}` }),
        ...(this.workspace === undefined ? {} : { "probity-workspace": this.workspace }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    for (const cookie of answer.headers.getSetCookie()) {
      const value = /^probity-session=([^;]*)/.exec(cookie)?.[1];
      if (value !== undefined) this.token = value === "" ? null : value;
    }
    const text = await answer.text();
    const isJson = answer.headers.get("content-type")?.includes("json") === true;
    return { status: answer.status, headers: answer.headers, body: isJson ? JSON.parse(text) : {} };
  }
  signIn(account: Account): Promise<AccountAnswer> {
    return this.call("POST", "/api/session", { email: account.email, password: account.password });
  }
  /** A grant for one act, by password, as the page's dialog gets it. */
  async stepUp(account: Account, action: string, subject: string, workspace: string | null): Promise<string> {
    const proof = { password: account.password };
    const { status, body } = await this.call("POST", "/api/step-up", { action, subject, workspace, proof });
    if (status !== 201) throw new Error(`Step-up answered ${status}: ${JSON.stringify(body)}`);
    return String(body["grant"]);
  }
  /** Calls, and where a fresh proof is asked for gives it and sends the same call again, as our pages do. */
  async proved(account: Account, method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const first = await this.call(method, path, body, headers);
    const wanted = stepUpIn(first.body);
    if (wanted === undefined) return first;
    const grant = await this.stepUp(account, wanted.action, wanted.subject, wanted.workspace);
    return this.call(method, path, body, { ...headers, "step-up": grant });
  }
}

export type AccountServer = {
  readonly kernel: TestKernel;
  readonly identity: Identity;
  readonly base: string;
  browser(): AccountBrowser;
  /** A person with a password who belongs to the given workspaces. */
  account(places?: Readonly<Record<string, PlatformRole>>): Promise<Account>;
  close(): Promise<void>;
};

/** Real HTTP routes of accounts, factors, sessions, people, policies and the freeze on a database of their own. */
export async function openAccountServer(): Promise<AccountServer> {
  const kernel = await openTestKernel({ poolSize: 8 });
  const identity = openIdentity(kernel, { url: origin });
  const http = await createHttpServer(
    [
      ...sessionRoutes(identity, { origin, sampleData: async () => undefined }),
      ...factorRoutes(identity, { origin }),
      ...freezeRoutes(identity),
      ...peopleRoutes(identity, { origin }),
      ...policyRoutes(kernel),
      ...keyRoutes(kernel),
      ...jobRoutes(kernel),
    ],
    new BudgetSpender(kernel.door),
    {
      origin,
      trustedProxies: ["127.0.0.1"],
      maxUploadBytes: 1_000_000,
      budgets: ampleBudgets,
      logger: pino({ level: process.env["PROBITY_TEST_LOG"] ?? "silent" }),
    },
  );
  const base = await http.listen({ host: "127.0.0.1", port: 0 });
  let people = 0;
  return {
    kernel,
    identity,
    base,
    browser: () => new AccountBrowser(base),
    account: async (places = {}) => {
      const email = `person${++people}@example.test`;
      const password = "copper lantern folds 81";
      const userId = await insertPerson(kernel.identityPool, { name: `Person ${people}`, email, password });
      if (userId === undefined) throw new Error("taken");
      for (const [workspace, role] of Object.entries(places)) {
        await kernel.door.work(kernel.system(workspace), "kernel.membership.accept", (tx) =>
          admit(tx, { userId, name: `Person ${people}`, email, role }),
        );
      }
      return { userId, email, password };
    },
    close: async () => {
      await http.close();
      await kernel.close();
    },
  };
}
