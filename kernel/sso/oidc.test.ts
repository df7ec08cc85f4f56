import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { OidcScript } from "../testing/sso/oidc-provider.ts";
import { openOidcWorld, type OidcWorld, type Space } from "../testing/sso/oidc-world.ts";
import { pathOf } from "../testing/sso/server.ts";

let world: OidcWorld;
let provider: OidcWorld["provider"];
let server: OidcWorld["server"];
beforeAll(async () => {
  world = await openOidcWorld();
  ({ provider, server } = world);
});
afterAll(() => world?.close());

describe("OpenID Connect of a workspace", () => {
  test("IDN-03 a person of a verified domain signs in, becomes a member, and is the same person the next time", async () => {
    const at = await world.space({ defaultRole: "admin" });
    const claims = world.person(at);
    const first = await world.signIn(at, { claims });
    expect(first.location).toBe(`/w/${at.slug}/home`);
    const session = await world.sessionOf(first.token);
    expect(session).toMatchObject({ email: claims.email, sso_tenant_id: at.id, assurance: 1 });
    const role = await server.kernel.identityPool.query(
      `select provider_id, access_token, refresh_token, id_token from identity.account where user_id = $1`,
      [session?.user_id],
    );
    expect(role.rows).toEqual([
      { provider_id: `sso:${at.connection}`, access_token: null, refresh_token: null, id_token: null },
    ]);
    const again = await world.signIn(at, { claims: { ...claims, email: `renamed@${at.domain}` } });
    expect((await world.sessionOf(again.token))?.user_id).toBe(session?.user_id);
  });

  test("IDN-03 the request carries state, nonce and PKCE S256, and no secret", async () => {
    const at = await world.space();
    const url = new URL(await world.begin(server.browser(), at.domain));
    expect(url.searchParams.get("code_challenge_method")).toBe("S256");
    for (const name of ["state", "nonce", "code_challenge"])
      expect(url.searchParams.get(name)?.length).toBeGreaterThan(40);
    expect(url.href).not.toContain(provider.clientSecret);
    expect(url.searchParams.get("redirect_uri")).toBe(`http://localhost/api/sso/oidc/${at.id}/callback`);
  });

  test("IDN-03 beginning a sign-in again and again asks the provider once what it is", async () => {
    const at = await world.space();
    await world.begin(server.browser(), at.domain);
    const before = provider.asked;
    await Promise.all(Array.from({ length: 20 }, () => world.begin(server.browser(), at.domain)));
    expect(provider.asked).toBe(before);
  });

  test("IDN-03 user information stands in where the ID token names no address", async () => {
    const at = await world.space();
    const { email, ...claims } = world.person(at);
    const done = await world.signIn(at, { claims, userinfo: { sub: claims.sub, email, email_verified: true } });
    expect((await world.sessionOf(done.token))?.email).toBe(email);
    const other = world.person(at);
    const forged = await world.signIn(at, {
      claims: { sub: other.sub },
      userinfo: { sub: "somebody-else", email: other.email, email_verified: true },
    });
    expect(forged).toMatchObject({ location: "/signin?sso=sso.answer_refused", token: undefined });
  });

  const now = () => Math.floor(Date.now() / 1000);
  const attacks: [string, (at: Space) => OidcScript, string][] = [
    ["alg none", (at) => ({ claims: world.person(at), forge: "none" }), "sso.answer_refused"],
    [
      "HS256 with the public key",
      (at) => ({ claims: world.person(at), forge: "hmac-with-public-key" }),
      "sso.answer_refused",
    ],
    ["signed by another key", (at) => ({ claims: world.person(at), forge: "other-key" }), "sso.answer_refused"],
    ["another audience", (at) => ({ claims: { ...world.person(at), aud: "another-client" } }), "sso.answer_refused"],
    [
      "several audiences, another party",
      (at) => ({ claims: { ...world.person(at), aud: [provider.clientId, "other"], azp: "other" } }),
      "sso.answer_refused",
    ],
    [
      "another issuer",
      (at) => ({ claims: { ...world.person(at), iss: "https://evil.example" } }),
      "sso.answer_refused",
    ],
    [
      "metadata of another issuer",
      (at) => ({ claims: world.person(at), metadataIssuer: "https://evil.example" }),
      "sso.provider_unreachable",
    ],
    ["expired two minutes ago", (at) => ({ claims: { ...world.person(at), exp: now() - 120 } }), "sso.answer_refused"],
    [
      "not yet valid for two minutes",
      (at) => ({ claims: { ...world.person(at), nbf: now() + 120 } }),
      "sso.answer_refused",
    ],
    ["another nonce", (at) => ({ claims: { ...world.person(at), nonce: "x".repeat(43) } }), "sso.answer_refused"],
    ["no subject", (at) => ({ claims: { ...world.person(at), sub: undefined } }), "sso.answer_refused"],
    [
      "e-mail not verified",
      (at) => ({ claims: { ...world.person(at), email_verified: false } }),
      "sso.email_unverified",
    ],
    [
      "e-mail not verified, as text",
      (at) => ({ claims: { ...world.person(at), email_verified: "false" } }),
      "sso.email_unverified",
    ],
    [
      "e-mail of another domain",
      (at) => ({ claims: { ...world.person(at), email: "ceo@victim.example" } }),
      "sso.email_foreign",
    ],
    [
      "e-mail of a subdomain",
      (at) => ({ claims: { ...world.person(at), email: `ada@sub.${at.domain}` } }),
      "sso.email_foreign",
    ],
    [
      "e-mail that ends in the domain",
      (at) => ({ claims: { ...world.person(at), email: `ada@evil${at.domain}` } }),
      "sso.email_foreign",
    ],
    [
      "two @ in the e-mail",
      (at) => ({ claims: { ...world.person(at), email: `ada@victim.example@${at.domain}` } }),
      "sso.answer_refused",
    ],
    ["no e-mail", (at) => ({ claims: { ...world.person(at), email: "" } }), "sso.answer_refused"],
  ];
  test.each(attacks)("IDN-03 refused, nobody signed in: %s", async (_, script, code) => {
    const at = await world.space();
    const done = await world.signIn(at, script(at));
    expect(done).toMatchObject({ location: `/signin?sso=${code}`, token: undefined });
  });

  test("IDN-03 a clock that is off by less than a minute is no refusal", async () => {
    const at = await world.space();
    expect((await world.signIn(at, { claims: { ...world.person(at), exp: now() - 30 } })).token).toBeDefined();
  });

  test("IDN-03 an answer is taken in the browser that began, once, and from this workspace's address alone", async () => {
    const at = await world.space();
    const other = await world.space();
    const victim = server.browser();
    provider.script = { claims: world.person(at) };
    const back = pathOf(provider.authorize(await world.begin(victim, at.domain)));
    const elsewhere = await server.browser().get(back);
    expect(elsewhere.headers.get("location")).toBe("/signin?sso=sso.attempt_ended");
    const thief = server.browser();
    await world.begin(thief, at.domain);
    expect((await thief.get(back)).headers.get("location")).toBe("/signin?sso=sso.attempt_ended");
    const wrong = await victim.get(back.replace(at.id, other.id));
    expect(wrong.headers.get("location")).toBe("/signin?sso=sso.attempt_ended");
    expect((await victim.get(back)).headers.get("location")).toBe(`/w/${at.slug}/home`);
    expect((await victim.get(back)).headers.get("location")).toBe("/signin?sso=sso.attempt_ended");
    expect(thief.cookies.has("probity-session")).toBe(false);
  });

  test("IDN-03 a code of another attempt is refused by its PKCE verifier, and by its nonce where the provider checks none", async () => {
    const at = await world.space();
    const thief = server.browser();
    const victim = server.browser();
    const theirs = new URL(await world.begin(thief, at.domain));
    provider.script = { claims: world.person(at) };
    const stolen = new URL(provider.authorize(await world.begin(victim, at.domain))).searchParams.get("code") ?? "";
    const inject = (code: string) =>
      thief.get(`/api/sso/oidc/${at.id}/callback?code=${code}&state=${theirs.searchParams.get("state") ?? ""}`);
    expect((await inject(stolen)).headers.get("location")).toBe("/signin?sso=sso.answer_refused");
    const second = new URL(await world.begin(thief, at.domain));
    provider.script = { claims: world.person(at), skipPkce: true };
    const code = new URL(provider.authorize(await world.begin(victim, at.domain))).searchParams.get("code") ?? "";
    const again = await thief.get(
      `/api/sso/oidc/${at.id}/callback?code=${code}&state=${second.searchParams.get("state") ?? ""}`,
    );
    expect(again.headers.get("location")).toBe("/signin?sso=sso.answer_refused");
    expect(thief.cookies.has("probity-session")).toBe(false);
  });

  test("IDN-03 the provider saying no is told, and unknown parameters are passed over", async () => {
    const at = await world.space();
    const browser = server.browser();
    const state = new URL(await world.begin(browser, at.domain)).searchParams.get("state") ?? "";
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
    const at = await world.space();
    const done = await world.signIn(at, { claims: world.person(at) }, { to });
    expect(done.location).toMatch(/^\/(w\/|%0d)/);
    expect(done.location).not.toContain("evil.example");
  });

  test("APP-06 an issuer inside the network is called neither by settings nor by sign-in", async () => {
    const at = await world.space();
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
    const trusting = await world.space({ trustsMfa: true });
    const doubting = await world.space();
    const amr = ["pwd", "mfa"];
    expect(
      await world.sessionOf((await world.signIn(trusting, { claims: world.person(trusting, { amr }) })).token),
    ).toMatchObject({
      assurance: 2,
    });
    expect(
      await world.sessionOf((await world.signIn(trusting, { claims: world.person(trusting, { amr: ["pwd"] }) })).token),
    ).toMatchObject({ assurance: 1 });
    expect(
      await world.sessionOf((await world.signIn(doubting, { claims: world.person(doubting, { amr }) })).token),
    ).toMatchObject({
      assurance: 1,
    });
  });

  test("IDN-03 the client secret is sealed, never shown, and not sent to a provider it was not given for", async () => {
    const at = await world.space();
    const call = server.as(at.owner);
    const shown = await (await call("GET", "/api/sso")).text();
    expect(shown).not.toContain(provider.clientSecret);
    const stored = await world.asDoor(
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
    const at = await world.space();
    const answer = await server.as(at.owner)("POST", `/api/sso/connections/${at.connection}/test`);
    const { url }: { url: string } = await answer.json();
    const browser = server.browser();
    const [pair = ""] = answer.headers.getSetCookie()[0]?.split(";", 1) ?? [];
    browser.cookies.set("probity-sso", pair.slice(pair.indexOf("=") + 1));
    provider.script = { claims: world.person(at) };
    const back = await browser.get(pathOf(provider.authorize(url)));
    expect(back.headers.get("location")).toBe(`/w/${at.slug}/sso?tested=${at.connection}`);
    expect(browser.cookies.has("probity-session")).toBe(false);
  });
});
