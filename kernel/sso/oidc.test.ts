import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { insertPerson } from "../identity/person.ts";
import { sessionHash } from "../identity/session-hash.ts";
import type { TestPerson } from "../testing/kernel.ts";
import { startOidcProvider, type OidcProvider, type OidcScript } from "./testing/oidc-provider.ts";
import { openSsoServer, pathOf, type Browser, type SsoServer } from "./testing/server.ts";

let provider: OidcProvider;
let server: SsoServer;
let count = 0;
type Space = Awaited<ReturnType<SsoServer["workspace"]>> & { domain: string; connection: string };

beforeAll(async () => {
  provider = await startOidcProvider();
  server = await openSsoServer({ trustedOrigins: [provider.origin] });
});
afterAll(async () => {
  await server?.close();
  await provider?.close();
});

async function connect(owner: TestPerson, more: object = {}): Promise<string> {
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
  expect(made.status).toBe(201);
  const { id }: { id: string } = await made.json();
  expect((await call("POST", `/api/sso/connections/${id}/enable`, { enabled: true })).status).toBe(204);
  return id;
}
async function space(more: object = {}): Promise<Space> {
  const domain = `org${count++}.example`;
  const made = await server.workspace(domain);
  return { ...made, domain, connection: await connect(made.owner, more) };
}
async function begin(browser: Browser, domain: string, to?: string): Promise<string> {
  const answer = await browser.post("/api/sso/start", { email: `anybody@${domain}`, ...(to ? { to } : {}) });
  expect(answer.status).toBe(200);
  const { url }: { url: string } = await answer.json();
  return url;
}
/** A whole sign-in; gives where the browser ended and its session token. */
async function signIn(
  at: Space,
  script: OidcScript,
  options: { browser?: Browser; to?: string } = {},
): Promise<{ location: string; token: string | undefined; browser: Browser }> {
  const browser = options.browser ?? server.browser();
  provider.script = { claims: {} };
  const url = await begin(browser, at.domain, options.to);
  provider.script = script;
  const answer = await browser.get(pathOf(provider.authorize(url)));
  expect(answer.status).toBe(303);
  return {
    location: answer.headers.get("location") ?? "",
    token: browser.cookies.get("probity-session"),
    browser,
  };
}
/** What is really stored, past every wall. */
async function asDoor(text: string, values: unknown[] = []) {
  const admin = new Client(server.kernel.admin);
  await admin.connect();
  try {
    await admin.query("set role probity_door");
    return (await admin.query(text, values)).rows;
  } finally {
    await admin.end();
  }
}
const person = (at: Space, more: Record<string, unknown> = {}) => {
  const name = `ada${count++}`;
  return { sub: `sub-${name}`, email: `${name}@${at.domain}`, email_verified: true, name: "Ada Byron", ...more };
};
async function sessionOf(token: string | undefined) {
  const found = await server.kernel.identityPool.query(
    `select s.user_id, s.assurance, s.sso_tenant_id, u.email from identity.session s join identity."user" u on u.id = s.user_id where s.token = $1`,
    [sessionHash(token ?? "")],
  );
  return found.rows[0];
}

describe("OpenID Connect of a workspace", () => {
  test("IDN-03 a person of a verified domain signs in, becomes a member, and is the same person the next time", async () => {
    const at = await space({ defaultRole: "admin" });
    const claims = person(at);
    const first = await signIn(at, { claims });
    expect(first.location).toBe(`/w/${at.slug}/home`);
    const session = await sessionOf(first.token);
    expect(session).toMatchObject({ email: claims.email, sso_tenant_id: at.id, assurance: 1 });
    const role = await server.kernel.identityPool.query(
      `select provider_id, access_token, refresh_token, id_token from identity.account where user_id = $1`,
      [session.user_id],
    );
    expect(role.rows).toEqual([
      { provider_id: `sso:${at.connection}`, access_token: null, refresh_token: null, id_token: null },
    ]);
    const again = await signIn(at, { claims: { ...claims, email: `renamed@${at.domain}` } });
    expect((await sessionOf(again.token))?.user_id).toBe(session.user_id);
  });

  test("IDN-03 the request carries state, nonce and PKCE S256, and no secret", async () => {
    const at = await space();
    const url = new URL(await begin(server.browser(), at.domain));
    expect(url.searchParams.get("code_challenge_method")).toBe("S256");
    for (const name of ["state", "nonce", "code_challenge"])
      expect(url.searchParams.get(name)?.length).toBeGreaterThan(40);
    expect(url.href).not.toContain(provider.clientSecret);
    expect(url.searchParams.get("redirect_uri")).toBe(`http://localhost/api/sso/oidc/${at.id}/callback`);
  });

  test("IDN-03 user information stands in where the ID token names no address", async () => {
    const at = await space();
    const { email, ...claims } = person(at);
    const done = await signIn(at, { claims, userinfo: { sub: claims.sub, email, email_verified: true } });
    expect((await sessionOf(done.token))?.email).toBe(email);
    const other = person(at);
    const forged = await signIn(at, {
      claims: { sub: other.sub },
      userinfo: { sub: "somebody-else", email: other.email, email_verified: true },
    });
    expect(forged).toMatchObject({ location: "/signin?sso=sso.answer_refused", token: undefined });
  });

  const now = () => Math.floor(Date.now() / 1000);
  const attacks: [string, (at: Space) => OidcScript, string][] = [
    ["alg none", (at) => ({ claims: person(at), forge: "none" }), "sso.answer_refused"],
    [
      "HS256 with the public key",
      (at) => ({ claims: person(at), forge: "hmac-with-public-key" }),
      "sso.answer_refused",
    ],
    ["signed by another key", (at) => ({ claims: person(at), forge: "other-key" }), "sso.answer_refused"],
    ["another audience", (at) => ({ claims: { ...person(at), aud: "another-client" } }), "sso.answer_refused"],
    [
      "several audiences, another party",
      (at) => ({ claims: { ...person(at), aud: [provider.clientId, "other"], azp: "other" } }),
      "sso.answer_refused",
    ],
    ["another issuer", (at) => ({ claims: { ...person(at), iss: "https://evil.example" } }), "sso.answer_refused"],
    [
      "metadata of another issuer",
      (at) => ({ claims: person(at), metadataIssuer: "https://evil.example" }),
      "sso.provider_unreachable",
    ],
    ["expired two minutes ago", (at) => ({ claims: { ...person(at), exp: now() - 120 } }), "sso.answer_refused"],
    ["not yet valid for two minutes", (at) => ({ claims: { ...person(at), nbf: now() + 120 } }), "sso.answer_refused"],
    ["another nonce", (at) => ({ claims: { ...person(at), nonce: "x".repeat(43) } }), "sso.answer_refused"],
    ["no subject", (at) => ({ claims: { ...person(at), sub: undefined } }), "sso.answer_refused"],
    ["e-mail not verified", (at) => ({ claims: { ...person(at), email_verified: false } }), "sso.email_unverified"],
    [
      "e-mail not verified, as text",
      (at) => ({ claims: { ...person(at), email_verified: "false" } }),
      "sso.email_unverified",
    ],
    [
      "e-mail of another domain",
      (at) => ({ claims: { ...person(at), email: "ceo@victim.example" } }),
      "sso.email_foreign",
    ],
    [
      "e-mail of a subdomain",
      (at) => ({ claims: { ...person(at), email: `ada@sub.${at.domain}` } }),
      "sso.email_foreign",
    ],
    [
      "e-mail that ends in the domain",
      (at) => ({ claims: { ...person(at), email: `ada@evil${at.domain}` } }),
      "sso.email_foreign",
    ],
    [
      "two @ in the e-mail",
      (at) => ({ claims: { ...person(at), email: `ada@victim.example@${at.domain}` } }),
      "sso.answer_refused",
    ],
    ["no e-mail", (at) => ({ claims: { ...person(at), email: "" } }), "sso.answer_refused"],
  ];
  test.each(attacks)("IDN-03 refused, nobody signed in: %s", async (_, script, code) => {
    const at = await space();
    const done = await signIn(at, script(at));
    expect(done).toMatchObject({ location: `/signin?sso=${code}`, token: undefined });
  });

  test("IDN-03 a clock that is off by less than a minute is no refusal", async () => {
    const at = await space();
    expect((await signIn(at, { claims: { ...person(at), exp: now() - 30 } })).token).toBeDefined();
  });

  test("IDN-03 an answer is taken in the browser that began, once, and from this workspace's address alone", async () => {
    const at = await space();
    const other = await space();
    const victim = server.browser();
    provider.script = { claims: person(at) };
    const back = pathOf(provider.authorize(await begin(victim, at.domain)));
    const elsewhere = await server.browser().get(back);
    expect(elsewhere.headers.get("location")).toBe("/signin?sso=sso.attempt_ended");
    const thief = server.browser();
    await begin(thief, at.domain);
    expect((await thief.get(back)).headers.get("location")).toBe("/signin?sso=sso.attempt_ended");
    const wrong = await victim.get(back.replace(at.id, other.id));
    expect(wrong.headers.get("location")).toBe("/signin?sso=sso.attempt_ended");
    expect((await victim.get(back)).headers.get("location")).toBe(`/w/${at.slug}/home`);
    expect((await victim.get(back)).headers.get("location")).toBe("/signin?sso=sso.attempt_ended");
    expect(thief.cookies.has("probity-session")).toBe(false);
  });

  test("IDN-03 a code of another attempt is refused by its PKCE verifier, and by its nonce where the provider checks none", async () => {
    const at = await space();
    const thief = server.browser();
    const victim = server.browser();
    const theirs = new URL(await begin(thief, at.domain));
    provider.script = { claims: person(at) };
    const stolen = new URL(provider.authorize(await begin(victim, at.domain))).searchParams.get("code") ?? "";
    const inject = (code: string) =>
      thief.get(`/api/sso/oidc/${at.id}/callback?code=${code}&state=${theirs.searchParams.get("state") ?? ""}`);
    expect((await inject(stolen)).headers.get("location")).toBe("/signin?sso=sso.answer_refused");
    const second = new URL(await begin(thief, at.domain));
    provider.script = { claims: person(at), skipPkce: true };
    const code = new URL(provider.authorize(await begin(victim, at.domain))).searchParams.get("code") ?? "";
    const again = await thief.get(
      `/api/sso/oidc/${at.id}/callback?code=${code}&state=${second.searchParams.get("state") ?? ""}`,
    );
    expect(again.headers.get("location")).toBe("/signin?sso=sso.answer_refused");
    expect(thief.cookies.has("probity-session")).toBe(false);
  });

  test("IDN-03 the provider saying no is told, and unknown parameters are passed over", async () => {
    const at = await space();
    const browser = server.browser();
    const state = new URL(await begin(browser, at.domain)).searchParams.get("state") ?? "";
    const answer = await browser.get(
      `/api/sso/oidc/${at.id}/callback?error=access_denied&state=${state}&session_state=x&other=1`,
    );
    expect(answer.headers.get("location")).toBe("/signin?sso=sso.provider_refused");
  });

  test.each([
    ["https://evil.example/"],
    ["//evil.example"],
    ["/\\evil.example"],
    ["javascript:alert(1)"],
    ["/%0d%0aset-cookie: a=b\r\nx"],
  ])("APP-06 after it the browser stays here: to=%j", async (to) => {
    const at = await space();
    const done = await signIn(at, { claims: person(at) }, { to });
    expect(done.location).toMatch(/^\/(w\/|%0d)/);
    expect(done.location).not.toContain("evil.example");
  });

  test("APP-06 an issuer inside the network is called neither by settings nor by sign-in", async () => {
    const at = await space();
    const call = server.as(at.owner);
    const body = {
      kind: "oidc",
      name: "x",
      clientId: "a",
      clientSecret: "b",
      defaultRole: "member",
      admitsNew: true,
      trustsMfa: false,
    };
    for (const issuer of ["http://169.254.169.254/latest", "http://localhost:5432", "file:///etc/passwd"]) {
      expect((await call("POST", "/api/sso/connections", { ...body, issuer })).status).toBe(422);
    }
    const made = await call("POST", "/api/sso/connections", { ...body, issuer: "https://169.254.169.254/x" });
    const { id }: { id: string } = await made.json();
    const answer = await call("POST", `/api/sso/connections/${id}/test`);
    expect([answer.status, (await answer.json()).code]).toEqual([422, "outgoing.address_refused"]);
    const metadata = await call("POST", "/api/sso/metadata", { url: "https://[::ffff:127.0.0.1]/metadata" });
    expect(metadata.status).toBe(422);
  });

  test("IDN-03 a second factor at the provider counts where the workspace trusts it, and only when it is said", async () => {
    const trusting = await space({ trustsMfa: true });
    const doubting = await space();
    const amr = ["pwd", "mfa"];
    expect(await sessionOf((await signIn(trusting, { claims: person(trusting, { amr }) })).token)).toMatchObject({
      assurance: 2,
    });
    expect(
      await sessionOf((await signIn(trusting, { claims: person(trusting, { amr: ["pwd"] }) })).token),
    ).toMatchObject({ assurance: 1 });
    expect(await sessionOf((await signIn(doubting, { claims: person(doubting, { amr }) })).token)).toMatchObject({
      assurance: 1,
    });
  });

  test("IDN-03 the client secret is sealed, never shown, and not sent to a provider it was not given for", async () => {
    const at = await space();
    const call = server.as(at.owner);
    const shown = await (await call("GET", "/api/sso")).text();
    expect(shown).not.toContain(provider.clientSecret);
    const stored = await asDoor(
      "select t::text as row from kernel.sso_connection t union all select t::text from kernel.version_history t union all select convert_from(l.leaf, 'UTF8') from kernel.ledger_inbox l",
    );
    expect(stored.some(({ row }) => String(row).includes(provider.clientSecret))).toBe(false);
    const moved = await call(
      "PUT",
      `/api/sso/connections/${at.connection}`,
      {
        kind: "oidc",
        name: "x",
        issuer: "https://evil.example",
        clientId: provider.clientId,
        defaultRole: "member",
        admitsNew: true,
        trustsMfa: false,
      },
      2,
    );
    expect([moved.status, (await moved.json()).code]).toEqual([422, "sso.connection_incomplete"]);
  });

  test("IDN-03 a test signs nobody in", async () => {
    const at = await space();
    const answer = await server.as(at.owner)("POST", `/api/sso/connections/${at.connection}/test`);
    const { url }: { url: string } = await answer.json();
    const browser = server.browser();
    const [pair = ""] = answer.headers.getSetCookie()[0]?.split(";", 1) ?? [];
    browser.cookies.set("probity-sso", pair.slice(pair.indexOf("=") + 1));
    provider.script = { claims: person(at) };
    const back = await browser.get(pathOf(provider.authorize(url)));
    expect(back.headers.get("location")).toBe(`/w/${at.slug}/sso?tested=${at.connection}`);
    expect(browser.cookies.has("probity-session")).toBe(false);
  });
});

describe("accounts of others", () => {
  test("IDN-03 whoever registered an address ahead of its owner has no part in the owner's account", async () => {
    const at = await space();
    const claims = person(at);
    const squatter = await insertPerson(server.kernel.identityPool, {
      name: "Squatter",
      email: claims.email,
      password: "copper lantern folds 81",
    });
    await server.kernel.identityPool.query(
      "insert into identity.session (id, user_id, token, expires_at) values (gen_random_uuid(), $1, 'squat', now() + interval '1 day')",
      [squatter],
    );
    const done = await signIn(at, { claims });
    const session = await sessionOf(done.token);
    expect(session?.user_id).not.toBe(squatter);
    const left = await server.kernel.identityPool.query(
      `select 1 from identity."user" where id = $1 union all select 1 from identity.session where token = 'squat'
       union all select 1 from identity.account where user_id = $2 and password is not null`,
      [squatter, session?.user_id],
    );
    expect(left.rowCount).toBe(0);
  });

  test("IDN-03 an unconfirmed account that belongs to another workspace is not linked and not harmed", async () => {
    const at = await space();
    const elsewhere = await server.workspace(`elsewhere${count++}.example`);
    const member = await server.kernel.addPerson(elsewhere.id, "member");
    const email = `member${count++}@${at.domain}`;
    await server.kernel.identityPool.query(`update identity."user" set email = $2 where id = $1`, [
      member.userId,
      email,
    ]);
    const done = await signIn(at, { claims: person(at, { email }) });
    expect(done).toMatchObject({ location: "/signin?sso=sso.account_elsewhere", token: undefined });
    const kept = await server.kernel.identityPool.query(`select 1 from identity.session where user_id = $1`, [
      member.userId,
    ]);
    expect(kept.rowCount).toBe(1);
  });

  test("IDN-03 another tenant's provider can't speak for this one's people: neither by address nor by subject", async () => {
    const victim = await space();
    const evil = await space({ trustsMfa: true });
    const claims = person(victim);
    const first = await signIn(victim, { claims });
    const known = await sessionOf(first.token);
    const byAddress = await signIn(evil, { claims });
    expect(byAddress).toMatchObject({ location: "/signin?sso=sso.email_foreign", token: undefined });
    const bySubject = await signIn(evil, { claims: { ...claims, email: `x${count++}@${evil.domain}`, amr: ["mfa"] } });
    const session = await sessionOf(bySubject.token);
    expect(session).toMatchObject({ sso_tenant_id: evil.id });
    expect(session?.user_id).not.toBe(known?.user_id);
  });

  test("IDN-03 a session that one workspace's provider made opens no other workspace of that person", async () => {
    const at = await space({ trustsMfa: true });
    const elsewhere = await server.workspace(`elsewhere${count++}.example`);
    const member = await server.kernel.addPerson(elsewhere.id, "admin");
    const email = `member${count++}@${at.domain}`;
    await server.kernel.identityPool.query(
      `update identity."user" set email = $2, email_verified = true where id = $1`,
      [member.userId, email],
    );
    const done = await signIn(at, { claims: person(at, { email, amr: ["mfa"] }) });
    const session = await sessionOf(done.token);
    expect(session).toMatchObject({ user_id: member.userId, sso_tenant_id: at.id });
    const enter = (workspace?: string) =>
      server.kernel.door
        .work(
          { ...member.session, token: done.token ?? "", workspace },
          "kernel.home.read",
          async (tx) => tx.who.tenantId,
        )
        .catch((error: unknown) => (error instanceof Error ? error.message : "refused"));
    expect(await enter(at.id)).toBe(at.id);
    expect(await enter()).toBe(at.id);
    expect(await enter(elsewhere.id)).toBe("kernel.not_found");
  });

  test("IDN-03 somebody who was removed stays out, and nobody comes in where newcomers are not admitted", async () => {
    const at = await space();
    const claims = person(at);
    const first = await signIn(at, { claims });
    const user = await sessionOf(first.token);
    const { removeMember } = await import("../identity/people.ts");
    const rows = await server.kernel.acrossPool.query(
      "select id from kernel.membership where tenant_id = $1 and user_id = $2",
      [at.id, user?.user_id],
    );
    await server.kernel.door.work(at.owner.session, "kernel.people.change", (tx) =>
      removeMember(tx, String(rows.rows[0].id)),
    );
    expect(await sessionOf(first.token)).toBeUndefined();
    expect(await signIn(at, { claims })).toMatchObject({
      location: "/signin?sso=sso.membership_ended",
      token: undefined,
    });
    const closed = await space({ admitsNew: false });
    expect(await signIn(closed, { claims: person(closed) })).toMatchObject({
      location: "/signin?sso=sso.membership_ended",
      token: undefined,
    });
  });

  test("IDN-05 which addresses have accounts is not told: discovery looks at the domain alone", async () => {
    const at = await space();
    const known = person(at);
    await signIn(at, { claims: known });
    const ask = async (email: string) =>
      (await (await server.browser().post("/api/sso/discover", { email })).json()).connection;
    expect(await ask(known.email)).toEqual(await ask(`nobody@${at.domain}`));
    expect(await ask("nobody@unknown.example")).toBeNull();
    expect(await ask(known.email)).toMatchObject({ name: "Test provider", forced: false });
  });

  test("IDN-08 a sign-in leaves its event, done or refused, in the workspace's log, without the address", async () => {
    const at = await space();
    await signIn(at, { claims: person(at) });
    await signIn(at, { claims: person(at, { email_verified: false }) });
    await server.kernel.access.flush();
    while ((await server.kernel.sequencer.round()) > 0) continue;
    const rows = await asDoor(
      "select convert_from(leaf, 'UTF8')::jsonb as leaf from kernel.ledger_event where tenant_id = $1 order by seq",
      [at.id],
    );
    const starts = rows.map((row) => row["leaf"]).filter((leaf) => leaf.action === "kernel.session.start");
    expect(starts.map((leaf) => leaf.outcome)).toEqual(["done", "refused"]);
    expect(JSON.stringify(rows)).not.toContain("ada");
  });
});
