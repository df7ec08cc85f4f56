import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { beginTotp, confirmTotp } from "../identity/totp-factor.ts";
import { addDomain, listDomains, verifyDomain } from "../sso/domain.ts";
import { trialSign } from "./fixture/report.ts";
import { asDoor } from "../testing/record-suite.ts";
import { openTestServer, type TestAnswer, type TestServer } from "../testing/server.ts";
import { makeSigner, type TestSigner } from "../testing/signing.ts";
import { codeNow } from "../testing/totp-app.ts";
import { startOidcProvider, type OidcProvider } from "../testing/sso/oidc-provider.ts";
import { openBrowser, pathOf, type Browser } from "../testing/sso/server.ts";

const base = "/api/trial-sign/reports";
const review = { step: "review", meaning: "Reviewed and found complete" };
const now = () => Math.floor(Date.now() / 1000);

let provider: OidcProvider;
let server: TestServer;
let acme: string;
let owner: Awaited<ReturnType<TestServer["member"]>>;
let author: TestSigner;
let people = 0;

beforeAll(async () => {
  provider = await startOidcProvider();
  server = await openTestServer([trialSign], { trustedOrigins: [provider.origin] });
  acme = await server.kernel.foundWorkspace("acme");
  owner = await server.member(acme, "owner");
  author = await makeSigner(server, await server.member(acme, "admin"), owner);
  const { kernel } = server;
  const id = await kernel.door.work(owner.session, "kernel.sso.change", (tx) => addDomain(tx, "acme.example"));
  const [listed] = await kernel.door.work(owner.session, "kernel.sso.read", listDomains);
  const value = listed?.record.value ?? "";
  await verifyDomain(kernel, owner.session, id, async () => ({ texts: [value] }));
  const { clientId, clientSecret, origin: issuer } = provider;
  const about = { name: "Acme sign-in", issuer, clientId, clientSecret, defaultRole: "member" };
  const body = { kind: "oidc", admitsNew: true, trustsMfa: false, ...about };
  const by = server.as(owner);
  const made = await by("POST", "/api/sso/connections", { body });
  const enabled = await by("POST", `/api/sso/connections/${String(made.body["id"])}/enable`, {
    body: { enabled: true },
  });
  if (made.status !== 201 || enabled.status !== 204) throw new Error("The connection could not be made");
});
afterAll(async () => {
  await server?.close();
  await provider?.close();
});

type Colleague = { browser: Browser; claims: Record<string, unknown>; membershipId: string; userId: string };
type Json = Record<string, unknown>;

/** Somebody whom the provider alone lets in. */
async function comesIn(): Promise<Colleague> {
  const browser = openBrowser(server.origin);
  const claims = { sub: `sub-${(people += 1)}`, email: `p${people}@acme.example`, email_verified: true, name: "Ada" };
  const begun = await json(await browser.post("/api/sso/start", { email: claims.email }));
  provider.script = { claims };
  await browser.get(pathOf(provider.authorize(String(begun["url"]))));
  const [row] = await asDoor(server, "select id, user_id from kernel.membership where email = $1", [claims.email]);
  return { browser, claims, membershipId: String(row?.["id"]), userId: String(row?.["user_id"]) };
}
async function json(response: Response): Promise<Json> {
  return response.status === 204 ? {} : response.json();
}
const post = async (person: Colleague, path: string, body: object, more: Record<string, string> = {}) => {
  const answer = await person.browser.post(path, body, { "probity-workspace": acme, ...more });
  return { status: answer.status, body: await json(answer) };
};

/** The second window: the provider asks, and the browser comes back. Gives the code the page that waits is told. */
async function isAsked(
  person: Colleague,
  url: unknown,
  said: Json = {},
  options: { nonce?: string; browser?: Browser } = {},
): Promise<string> {
  provider.script = { claims: { ...person.claims, auth_time: now(), ...said } };
  const back = provider.authorize(String(url), options.nonce === undefined ? {} : { nonce: options.nonce });
  const answer = await (options.browser ?? person.browser).get(pathOf(back));
  const location = new URL(answer.headers.get("location") ?? "", "http://localhost");
  expect([answer.status, location.pathname]).toEqual([303, location.pathname]);
  return location.pathname === "/confirmed" ? (location.searchParams.get("code") ?? "confirmed") : location.href;
}

/** The same, verified by the owner and acknowledged with a fresh proof by the provider. */
async function signer(): Promise<Colleague> {
  const person = await comesIn();
  const body = { printedName: `Ada ${people}`, method: "government-id", evidence: "Passport seen" };
  const verified = await server.as(owner)("POST", `/api/signing/signers/${person.membershipId}/verify`, { body });
  expect(verified.status).toBe(201);
  const act = { action: "kernel.signing.acknowledge", subject: person.membershipId, workspace: acme };
  const begun = await post(person, "/api/step-up/provider", act);
  const grant = String(begun.body["grant"]);
  const acknowledge = () => post(person, "/api/signing/acknowledge", {}, { "step-up": grant });
  // The grant is known before the provider has spoken, and worth nothing until then.
  expect((await acknowledge()).body["code"]).toBe("kernel.step_up_required");
  expect(await isAsked(person, begun.body["url"])).toBe("confirmed");
  expect((await acknowledge()).status).toBe(204);
  return person;
}

async function draft(): Promise<string> {
  const made = await author.by("POST", base, { body: { title: "Stability of batch 7", note: "as is" } });
  expect(made.status).toBe(201);
  return `${base}/${String(made.body["id"])}`;
}

async function begin(person: Colleague, one: string): Promise<{ challenge: string; url: string; body: Json }> {
  const opened = await post(person, `${one}/signing/challenge`, review, { "if-match": '"1"' });
  const challenge = String(opened.body["challenge"]);
  const leaving = await post(person, `${one}/signing/provider`, { challenge });
  return { challenge, url: String(leaving.body["url"]), body: opened.body };
}
const sign = (person: Colleague, one: string, challenge: string, more: object = {}) =>
  post(person, `${one}/signatures`, { challenge, ...more });
const outcome = (answer: Pick<TestAnswer, "status" | "body">) => [answer.status, answer.body["code"]];

describe("SIG-01 signing without a password of one's own", () => {
  test("SIG-01 the identity provider asks anew, and the signature says so", async () => {
    const person = await signer();
    const one = await draft();
    const { challenge, url, body } = await begin(person, one);
    expect(body["components"]).toMatchObject({ password: false, passkey: false, provider: "Acme sign-in" });
    const sent = new URL(url).searchParams;
    expect([sent.get("prompt"), sent.get("max_age"), sent.get("login_hint")]).toEqual([
      "login",
      "0",
      person.claims["email"],
    ]);
    // Nothing is signed before the provider has spoken.
    expect(outcome(await sign(person, one, challenge))).toEqual([422, "signing.components_missing"]);
    expect(await isAsked(person, url)).toBe("confirmed");
    const made = await sign(person, one, challenge);
    expect(made.status).toBe(201);
    expect(made.body["manifest"]).toMatchObject({
      auth: { methods: ["provider"], components: "all" },
      meaning: review.meaning,
    });
    // Once.
    expect(outcome(await sign(person, one, challenge))).toEqual([409, "signing.challenge_ended"]);
    expect((await author.by("GET", `${one}/signing`)).body["steps"]).toMatchObject([
      { signatures: [{ check: { manifest: true, record: true } }] },
      {},
    ]);
  });

  const stale = "sso.not_asked_again";
  const unfresh: [string, () => Json, string][] = [
    ["an older sign-in", () => ({ auth_time: now() - 20 }), stale],
    ["a time to come", () => ({ auth_time: now() + 30 }), stale],
    ["no time", () => ({ auth_time: undefined }), stale],
    ["a time in words", () => ({ auth_time: String(now()) }), "sso.answer_refused"],
  ];
  test.each(unfresh)("SIG-01 %s is no fresh proof", async (_, said, told) => {
    const person = await signer();
    const one = await draft();
    const { challenge, url } = await begin(person, one);
    expect(await isAsked(person, url, said())).toBe(told);
    expect(outcome(await sign(person, one, challenge))).toEqual([422, "signing.components_missing"]);
  });

  test("SIG-01 another account there, another nonce, another browser and another session sign nothing", async () => {
    const person = await signer();
    const other = await signer();
    const one = await draft();
    const attempt = async (asked: (url: string) => Promise<string>) => {
      const { challenge, url } = await begin(person, one);
      const told = await asked(url);
      return [told, outcome(await sign(person, one, challenge))[1]];
    };
    const missing = "signing.components_missing";
    expect(await attempt((url) => isAsked(person, url, { sub: other.claims["sub"] }))).toEqual([
      "sso.another_account",
      missing,
    ]);
    // The token for another challenge: its nonce is not this one's.
    const elsewhere = new URL((await begin(person, await draft())).url).searchParams.get("nonce") ?? "";
    expect(await attempt((url) => isAsked(person, url, {}, { nonce: elsewhere }))).toEqual([
      "sso.answer_refused",
      missing,
    ]);
    const stranger = await attempt((url) => isAsked(person, url, {}, { browser: other.browser }));
    expect(stranger).toEqual(["http://localhost/signin?sso=sso.attempt_ended", missing]);
    // The same browser, signed in as somebody else meanwhile.
    const swapped = await attempt(async (url) => {
      const own = person.browser.cookies.get("probity-session") ?? "";
      person.browser.cookies.set("probity-session", other.browser.cookies.get("probity-session") ?? "");
      const told = await isAsked(person, url);
      person.browser.cookies.set("probity-session", own);
      return told;
    });
    expect(swapped).toEqual(["sso.attempt_ended", missing]);
    // Coming back twice with one answer.
    const { challenge, url } = await begin(person, one);
    expect(await isAsked(person, url)).toBe("confirmed");
    expect(await isAsked(person, url)).toBe("http://localhost/signin?sso=sso.attempt_ended");
    expect((await sign(person, one, challenge)).status).toBe(201);
  });

  test("SIG-01 the wrong account again and again locks signing, as wrong passwords do", async () => {
    const person = await signer();
    const one = await draft();
    let refused = "";
    for (let tries = 0; tries < 20 && refused !== "signing.locked"; tries += 1) {
      const { url } = await begin(person, one);
      refused = await isAsked(person, url, { sub: "somebody-else" });
      expect(["sso.another_account", "signing.locked"]).toContain(refused);
    }
    expect(refused).toBe("signing.locked");
    const { challenge, url } = await begin(person, one);
    expect(await isAsked(person, url)).toBe("signing.locked");
    expect((await sign(person, one, challenge)).status).toBe(422);
  });

  test("SIG-01 who has a password is not asked at the provider, for a signature or another act", async () => {
    const one = await draft();
    const challenged = await author.by("POST", `${one}/signing/challenge`, {
      version: 1,
      body: { ...review, step: "review" },
    });
    expect(challenged.status).toBe(403);
    const act = { action: "kernel.signing.acknowledge", subject: "x", workspace: acme };
    expect(outcome(await author.by("POST", "/api/step-up/provider", { body: act }))).toEqual([404, "sso.not_offered"]);
  });

  test("SIG-01 a second factor of one's own is asked for beside the provider, and alone for other acts", async () => {
    const person = await signer();
    const pool = server.kernel.identityPool;
    const found = await pool.query<{ id: string }>(
      "update identity.session set assurance = 2 where user_id = $1 returning id",
      [person.userId],
    );
    const own = { userId: person.userId, sessionId: found.rows[0]?.id ?? "" };
    const client = await pool.connect();
    const key = server.kernel.rootKey.key;
    const secret = await beginTotp(client, key, own).finally(() => client.release());
    const again = await pool.connect();
    expect(await confirmTotp(again, key, own, codeNow(secret, -1)).finally(() => again.release())).toBe(true);
    const act = { action: "kernel.signing.acknowledge", subject: "x", workspace: acme };
    expect(outcome(await post(person, "/api/step-up/provider", act))).toEqual([404, "sso.not_offered"]);
    const offered = await json(await person.browser.get(`/api/step-up/provider?workspace=${acme}`));
    expect(offered).toEqual({ name: null });
    const one = await draft();
    const { challenge, url } = await begin(person, one);
    expect(await isAsked(person, url)).toBe("confirmed");
    expect(outcome(await sign(person, one, challenge))).toEqual([422, "signing.components_missing"]);
    expect(outcome(await sign(person, one, challenge, { totp: "000000" }))).toEqual([403, "signing.refused"]);
    const made = await sign(person, one, challenge, { totp: codeNow(secret) });
    expect(made.body["manifest"]).toMatchObject({ auth: { methods: ["provider", "totp"] } });
  });
});
