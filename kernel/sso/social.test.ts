import { generateKeyPairSync } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { insertPerson } from "../identity/person.ts";
import { sessionHash } from "../identity/session-hash.ts";
import { startOidcProvider, type OidcProvider } from "../testing/sso/oidc-provider.ts";
import { grantFor, stepUpIn } from "../testing/step-up.ts";
import { openSsoServer, pathOf, type Browser, type SsoServer } from "../testing/sso/server.ts";

let provider: OidcProvider;
let server: SsoServer;
let count = 0;

beforeAll(async () => {
  provider = await startOidcProvider();
  const { clientId, clientSecret, origin: issuer } = provider;
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  server = await openSsoServer({
    trustedOrigins: [issuer],
    social: [
      { id: "google", clientId, secret: clientSecret, issuer },
      { id: "microsoft", clientId, secret: clientSecret, issuer },
      { id: "apple", clientId, secret: { teamId: "TEAM", keyId: "KEY", privateKey: pem }, issuer },
      { id: "facebook", clientId, secret: clientSecret, issuer },
    ],
  });
});
afterAll(async () => {
  await server?.close();
  await provider?.close();
});

async function account(confirmed = true): Promise<{ email: string; userId: string }> {
  const email = `social${count++}@example.test`;
  const password = "copper lantern folds 81";
  const userId = (await insertPerson(server.kernel.identityPool, { name: "Ada", email, password })) ?? "";
  await server.kernel.identityPool.query(`update identity."user" set email_verified = $2 where id = $1`, [
    userId,
    confirmed,
  ]);
  return { email, userId };
}
async function begin(browser: Browser, id: string, more: object = {}): Promise<string> {
  const call = (headers = {}) => browser.post("/api/sso/start", { provider: id, ...more }, headers);
  let answer = await call();
  let body: { url?: string; stepUp?: unknown } = await answer.json();
  const wanted = stepUpIn(body);
  if (wanted !== undefined) {
    const token = browser.cookies.get("probity-session") ?? "";
    answer = await call({ "step-up": await grantFor(server.kernel, token, wanted) });
    body = await answer.json();
  }
  return body.url ?? `status ${answer.status}`;
}
async function signIn(id: string, claims: Record<string, unknown>, browser = server.browser(), more: object = {}) {
  provider.script = { claims };
  const answer = await browser.get(pathOf(provider.authorize(await begin(browser, id, more))));
  return { location: answer.headers.get("location"), userId: await userOf(browser), browser };
}
async function userOf(browser: Browser): Promise<string | undefined> {
  const token = browser.cookies.get("probity-session");
  const found = await server.kernel.identityPool.query<{ user_id: string }>(
    "select user_id from identity.session where token = $1",
    [sessionHash(token ?? "")],
  );
  return found.rows[0]?.user_id;
}
const mailsTo = async (userId: string) =>
  (
    await server.kernel.identityPool.query<{ template: string }>(
      "select template from identity.mail where user_id = $1 order by id",
      [userId],
    )
  ).rows.map(({ template }) => template);
const refused = (code: string) => ({ location: `/signin?sso=sso.${code}`, userId: undefined });
const subject = () => `sub-${count++}`;

describe("social sign-in", () => {
  test("IDN-02 a confirmed address finds its confirmed account, and the provider's name finds it from then on", async () => {
    const { email, userId } = await account();
    const sub = subject();
    expect(await signIn("google", { sub, email, email_verified: true })).toMatchObject({ location: "/", userId });
    expect(await signIn("google", { sub, email: "changed@example.test", email_verified: false })).toMatchObject({
      userId,
    });
    const kept = await server.kernel.identityPool.query(
      "select access_token, refresh_token, id_token from identity.account where user_id = $1 and provider_id = 'social:google'",
      [userId],
    );
    expect(kept.rows).toEqual([{ access_token: null, refresh_token: null, id_token: null }]);
  });

  test("IDN-02 an address the provider does not vouch for is refused", async () => {
    const { email } = await account();
    for (const email_verified of [false, undefined, "true", 1]) {
      expect(await signIn("google", { sub: subject(), email, email_verified })).toMatchObject(
        refused("email_unverified"),
      );
    }
  });

  test("IDN-02 an account whose address was never confirmed is not joined: it may be somebody else's trap", async () => {
    const { email } = await account(false);
    expect(await signIn("google", { sub: subject(), email, email_verified: true })).toMatchObject(
      refused("account_elsewhere"),
    );
  });

  test("IDN-02 a Microsoft tenant's admin can't write somebody else's address: it must be marked confirmed, or personal", async () => {
    const { email, userId } = await account();
    const tid = "11111111-2222-3333-4444-555555555555";
    expect(await signIn("microsoft", { sub: subject(), email, email_verified: true, tid })).toMatchObject(
      refused("email_unverified"),
    );
    expect(await signIn("microsoft", { sub: subject(), email, tid, xms_edov: false })).toMatchObject(
      refused("email_unverified"),
    );
    expect(await signIn("microsoft", { sub: subject(), email, tid, xms_edov: true })).toMatchObject({ userId });
  });

  test("IDN-02 Apple answers by a form of its own page: the browser finishes with its cookie, another one does not", async () => {
    const { email, userId } = await account();
    const browser = server.browser();
    provider.script = { claims: { sub: subject(), email, email_verified: "true" } };
    const url = await begin(browser, "apple");
    expect(new URL(url).searchParams.get("response_mode")).toBe("form_post");
    const back = new URL(provider.authorize(url)).searchParams;
    const form = { code: back.get("code") ?? "", state: back.get("state") ?? "", user: "{}" };
    const answer = await browser.crossPost("/api/sso/social/apple/callback", form);
    const next = answer.headers.get("location") ?? "";
    expect((await server.browser().get(next)).headers.get("location")).toBe("/signin?sso=sso.attempt_ended");
    expect((await browser.get(next)).headers.get("location")).toBe("/");
    expect(await userOf(browser)).toBe(userId);
  });

  test("IDN-02 Facebook, which confirms no address, opens only an account that was linked while signed in", async () => {
    const { email, userId } = await account();
    const id = subject();
    expect(await signIn("facebook", { id, email, email_verified: true })).toMatchObject(refused("email_unverified"));
    const browser = server.browser();
    await signIn("google", { sub: subject(), email, email_verified: true }, browser);
    const linked = await signIn("facebook", { id }, browser, { link: true, to: "/me" });
    expect(linked).toMatchObject({ location: "/me", userId });
    expect(await signIn("facebook", { id })).toMatchObject({ location: "/", userId });
    const verifiers = provider.redeemed.map((form) => form.get("code_verifier")?.length ?? 0);
    expect(Math.min(...verifiers)).toBeGreaterThan(42);
  });

  test("IDN-02 nobody links for somebody else: not signed out, not in another session, not twice", async () => {
    const victim = await account();
    expect(await begin(server.browser(), "facebook", { link: true })).toBe("status 404");
    const id = subject();
    const thief = server.browser();
    const mine = await account();
    await signIn("google", { sub: subject(), email: mine.email, email_verified: true }, thief);
    provider.script = { claims: { id } };
    const back = pathOf(provider.authorize(await begin(thief, "facebook", { link: true })));
    // The thief's link finished in the victim's browser: it carries another cookie.
    const theirs = server.browser();
    await signIn("google", { sub: subject(), email: victim.email, email_verified: true }, theirs);
    expect((await theirs.get(back)).headers.get("location")).toBe("/signin?sso=sso.attempt_ended");
    // Signed out in between.
    provider.script = { claims: { id } };
    thief.cookies.delete("probity-session");
    expect((await thief.get(back)).headers.get("location")).toBe("/signin?sso=sso.attempt_ended");
    expect(await signIn("facebook", { id })).toMatchObject({ userId: undefined });
  });

  test("IDN-02 IDN-10 linking and unlinking ask for a fresh proof, and the owner is told by mail; the last way in stays", async () => {
    const { email, userId } = await account();
    const browser = server.browser();
    await signIn("google", { sub: subject(), email, email_verified: true }, browser);
    expect(await mailsTo(userId)).toEqual(["identity.linked"]);
    await server.kernel.identityPool.query(
      "update identity.session set created_at = now() - interval '11 minutes' where user_id = $1",
      [userId],
    );
    const bare = await browser.post("/api/sso/start", { provider: "facebook", link: true });
    expect([bare.status, await bare.json()]).toMatchObject([
      403,
      { code: "kernel.step_up_required", stepUp: { action: "identity.social.link", subject: "facebook" } },
    ]);
    await signIn("facebook", { id: subject() }, browser, { link: true, to: "/me" });
    expect(await mailsTo(userId)).toEqual(["identity.linked", "identity.linked"]);
    const own = async () => {
      const body: { items: { id: string; since: string | null }[] } = await (
        await browser.get("/api/sso/linked")
      ).json();
      return body.items.filter(({ since }) => since !== null).map(({ id }) => id);
    };
    expect(await own()).toEqual(["google", "facebook"]);
    const unlink = async (id: string, proved = true) => {
      const act = { action: "identity.social.unlink", subject: id, workspace: null };
      const token = browser.cookies.get("probity-session") ?? "";
      const grant = proved ? { "step-up": await grantFor(server.kernel, token, act) } : {};
      return browser.delete(`/api/sso/linked/${id}`, grant);
    };
    expect((await unlink("facebook", false)).status).toBe(403);
    expect((await unlink("apple")).status).toBe(404);
    expect((await unlink("facebook")).status).toBe(204);
    expect(await own()).toEqual(["google"]);
    expect((await mailsTo(userId)).at(-1)).toBe("identity.unlinked");
    await server.kernel.identityPool.query(
      "delete from identity.account where user_id = $1 and provider_id = 'credential'",
      [userId],
    );
    expect(await (await unlink("google")).json()).toMatchObject({ code: "sso.last_way_in" });
    expect(await own()).toEqual(["google"]);
  });

  test("IDN-02 a session that a workspace's provider vouched for links nothing", async () => {
    const { email, userId } = await account();
    const browser = server.browser();
    await signIn("google", { sub: subject(), email, email_verified: true }, browser);
    await server.kernel.identityPool.query(
      "update identity.session set sso_tenant_id = gen_random_uuid() where user_id = $1",
      [userId],
    );
    expect(await begin(browser, "facebook", { link: true })).toBe("status 404");
  });

  test("IDN-02 an address without an account opens none, and a disabled person stays out", async () => {
    expect(
      await signIn("google", { sub: subject(), email: "nobody@example.test", email_verified: true }),
    ).toMatchObject(refused("no_account"));
    const { email, userId } = await account();
    const sub = subject();
    await signIn("google", { sub, email, email_verified: true });
    await server.kernel.identityPool.query(`update identity."user" set disabled_at = now() where id = $1`, [userId]);
    expect(await signIn("google", { sub, email, email_verified: true })).toMatchObject({ userId: undefined });
  });

  test.each([["google"], ["microsoft"], ["apple"]])(
    "IDN-02 %s: another nonce, another browser, another provider's answer are refused",
    async (id) => {
      const { email } = await account();
      const browser = server.browser();
      provider.script = { claims: { sub: subject(), email, email_verified: true, xms_edov: true } };
      const forged = pathOf(provider.authorize(await begin(browser, id), { nonce: "x".repeat(43) }));
      expect((await browser.get(forged)).headers.get("location")).toBe("/signin?sso=sso.answer_refused");
      const back = pathOf(provider.authorize(await begin(browser, id)));
      expect((await server.browser().get(back)).headers.get("location")).toBe("/signin?sso=sso.attempt_ended");
      const mixed = back.replace(`/social/${id}/`, `/social/${id === "google" ? "apple" : "google"}/`);
      expect((await browser.get(mixed)).headers.get("location")).toBe("/signin?sso=sso.attempt_ended");
      expect(await userOf(browser)).toBeUndefined();
    },
  );

  test("IDN-02 none is offered unless configured", async () => {
    const plain = await openSsoServer();
    try {
      const options = await plain.browser().get("/api/sso/options");
      expect(await options.json()).toMatchObject({ providers: [] });
      const answer = await plain.browser().post("/api/sso/start", { provider: "google" });
      expect(answer.status).toBe(404);
    } finally {
      await plain.close();
    }
  });
});
