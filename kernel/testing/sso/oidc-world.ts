import { Client } from "pg";
import { sessionHash } from "../../identity/session-hash.ts";
import type { TestPerson } from "../kernel.ts";
import { startOidcProvider, type OidcProvider, type OidcScript } from "./oidc-provider.ts";
import { openSsoServer, pathOf, type Browser, type SsoServer } from "./server.ts";

/** A workspace whose provider is the test provider. */
export type Space = Awaited<ReturnType<SsoServer["workspace"]>> & { domain: string; connection: string };
export type SessionRow = {
  user_id: string;
  assurance: number;
  sso_tenant_id: string | null;
  email: string;
};

/** A server, an OpenID provider on loopback, and the ways of signing in between them. */
export type OidcWorld = {
  readonly provider: OidcProvider;
  readonly server: SsoServer;
  space(more?: object): Promise<Space>;
  begin(browser: Browser, domain: string, to?: string): Promise<string>;
  /** A whole sign-in; gives where the browser ended and its session token. */
  signIn(
    at: Space,
    script: OidcScript,
    options?: { browser?: Browser; to?: string },
  ): Promise<{ location: string; token: string | undefined; browser: Browser }>;
  /** Claims of somebody new at this workspace's domain. */
  person(at: Space, more?: Record<string, unknown>): Record<string, unknown> & { sub: string; email: string };
  sessionOf(token: string | undefined): Promise<SessionRow | undefined>;
  /** What is really stored, past every wall. */
  asDoor(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
};

export async function openOidcWorld(): Promise<OidcWorld> {
  const provider = await startOidcProvider();
  const server = await openSsoServer({ trustedOrigins: [provider.origin] });
  let count = 0;

  const connect = async (owner: TestPerson, more: object): Promise<string> => {
    const call = server.as(owner);
    const made = await call("POST", "/api/sso/connections", {
      kind: "oidc",
      name: "Test provider",
      issuer: provider.origin,
      clientId: provider.clientId,
      clientSecret: provider.clientSecret,
      defaultRole: "member",
      admitsNew: true,
      trustsMfa: false,
      ...more,
    });
    const { id }: { id: string } = await made.json();
    const enabled = await call("POST", `/api/sso/connections/${id}/enable`, { enabled: true });
    if (made.status !== 201 || enabled.status !== 204) throw new Error("The connection could not be made");
    return id;
  };
  const begin = async (browser: Browser, domain: string, to?: string): Promise<string> => {
    const answer = await browser.post("/api/sso/start", { email: `anybody@${domain}`, ...(to ? { to } : {}) });
    const body: { url?: string } = await answer.json();
    if (body.url === undefined) throw new Error(`The sign-in could not begin: ${answer.status}`);
    return body.url;
  };
  return {
    provider,
    server,
    begin,
    space: async (more = {}) => {
      const domain = `org${count++}.example`;
      const made = await server.workspace(domain);
      return { ...made, domain, connection: await connect(made.owner, more) };
    },
    signIn: async (at, script, options = {}) => {
      const browser = options.browser ?? server.browser();
      provider.script = { claims: {} };
      const url = await begin(browser, at.domain, options.to);
      provider.script = script;
      const answer = await browser.get(pathOf(provider.authorize(url)));
      return {
        location: answer.headers.get("location") ?? `status ${answer.status}`,
        token: browser.cookies.get("probity-session"),
        browser,
      };
    },
    person: (at, more = {}) => {
      const name = `ada${count++}`;
      return { sub: `sub-${name}`, email: `${name}@${at.domain}`, email_verified: true, name: "Ada Byron", ...more };
    },
    sessionOf: async (token) => {
      const found = await server.kernel.identityPool.query<SessionRow>(
        `select s.user_id, s.assurance, s.sso_tenant_id, u.email
         from identity.session s join identity."user" u on u.id = s.user_id where s.token = $1`,
        [sessionHash(token ?? "")],
      );
      return found.rows[0];
    },
    asDoor: async (text, values = []) => {
      const admin = new Client(server.kernel.admin);
      await admin.connect();
      try {
        await admin.query("set role probity_door");
        return (await admin.query(text, values)).rows;
      } finally {
        await admin.end();
      }
    },
    close: async () => {
      await server.close();
      await provider.close();
    },
  };
}
