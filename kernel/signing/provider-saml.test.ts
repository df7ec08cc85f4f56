import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addDomain, listDomains, verifyDomain } from "../sso/domain.ts";
import { asDoor } from "../testing/record-suite.ts";
import { openTestServer, type TestServer } from "../testing/server.ts";
import { makeSigner, type TestSigner } from "../testing/signing.ts";
import { makeSamlProvider, type SamlProvider, type SamlResponse } from "../testing/sso/saml-provider.ts";
import { openBrowser, pathOf, type Browser } from "../testing/sso/server.ts";
import { trialSign } from "./fixture/report.ts";

const base = "/api/trial-sign/reports";
const review = { step: "review", meaning: "Reviewed and found complete" };
const provider = makeSamlProvider("acme-idp");
const foreign = makeSamlProvider("other-idp");
const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();

type Json = Record<string, unknown>;
type Space = { id: string; slug: string; domain: string; owner: Awaited<ReturnType<TestServer["member"]>> };
type Colleague = { browser: Browser; nameId: string; membershipId: string; at: Space; idp: SamlProvider };

let server: TestServer;
let acme: Space;
let author: TestSigner;
let people = 0;

async function space(slug: string, idp: SamlProvider): Promise<Space> {
  const id = await server.kernel.foundWorkspace(slug);
  const owner = await server.member(id, "owner");
  const domain = `${slug}.example`;
  const { kernel } = server;
  const domainId = await kernel.door.work(owner.session, "kernel.sso.change", (tx) => addDomain(tx, domain));
  const [listed] = await kernel.door.work(owner.session, "kernel.sso.read", listDomains);
  const value = listed?.record.value ?? "";
  await verifyDomain(kernel, owner.session, domainId, async () => ({ texts: [value] }));
  const about = { name: "Acme sign-in", issuer: idp.entity, signInUrl: idp.signInUrl, certificates: [idp.pem] };
  const body = { kind: "saml", defaultRole: "member", admitsNew: true, trustsMfa: false, ...about };
  const by = server.as(owner);
  const made = await by("POST", "/api/sso/connections", { body });
  const path = `/api/sso/connections/${String(made.body["id"])}/enable`;
  const enabled = await by("POST", path, { body: { enabled: true } });
  if (made.status !== 201 || enabled.status !== 204) throw new Error("The connection could not be made");
  return { id, slug, domain, owner };
}

beforeAll(async () => {
  server = await openTestServer([trialSign]);
  acme = await space("acme", provider);
  author = await makeSigner(server, await server.member(acme.id, "admin"), acme.owner);
});
afterAll(() => server?.close());

async function json(response: Response): Promise<Json> {
  return response.status === 204 ? {} : response.json();
}
const post = async (person: Colleague, path: string, body: object, more: Record<string, string> = {}) => {
  const answer = await person.browser.post(path, body, { "probity-workspace": person.at.id, ...more });
  return { status: answer.status, body: await json(answer) };
};
const outcome = (answer: { status: number; body: Json }) => [answer.status, answer.body["code"]];

type Way = {
  readonly said?: Partial<SamlResponse>;
  readonly idp?: SamlProvider;
  readonly browser?: Browser;
  /** Sends another text than the signed one. */
  readonly changed?: (xml: string) => string;
};

/** The provider answers a request for this person by the form of its page; gives what the browser was told at the end. */
async function answers(person: Colleague, url: string, way: Way = {}): Promise<string> {
  const { browser = person.browser, changed = (xml) => xml } = way;
  const idp = way.idp ?? person.idp;
  const { response, relayState } = idp.answer(url, person.nameId, way.said ?? {});
  const SAMLResponse = Buffer.from(changed(idp.signed(response)), "utf8").toString("base64");
  return arrives(browser, person.at, { SAMLResponse, RelayState: relayState });
}

async function arrives(browser: Browser, at: Space, form: Record<string, string>): Promise<string> {
  const taken = await browser.crossPost(`/api/sso/saml/${at.id}/acs`, form);
  let location = taken.headers.get("location") ?? `status ${taken.status}`;
  if (location.includes("/finish?")) location = (await browser.get(pathOf(location))).headers.get("location") ?? "";
  const url = new URL(location, "http://localhost");
  return url.pathname === "/confirmed" ? (url.searchParams.get("code") ?? "confirmed") : url.pathname + url.search;
}

/** Somebody whom the provider alone lets in. */
async function comesIn(at: Space = acme, idp: SamlProvider = provider): Promise<Colleague> {
  const browser = openBrowser(server.origin);
  const nameId = `p${(people += 1)}@${at.domain}`;
  const begun = await json(await browser.post("/api/sso/start", { email: nameId }));
  const person = { browser, nameId, membershipId: "", at, idp };
  expect(await answers(person, String(begun["url"]))).toBe(`/w/${at.slug}/home`);
  const [row] = await asDoor(server, "select id from kernel.membership where email = $1", [nameId]);
  return { ...person, membershipId: String(row?.["id"]) };
}

const actOf = (person: Colleague) => ({
  action: "kernel.signing.acknowledge",
  subject: person.membershipId,
  workspace: person.at.id,
});
const acknowledge = (person: Colleague, grant: unknown) =>
  post(person, "/api/signing/acknowledge", {}, { "step-up": String(grant) });

/** The same, verified by the owner: what is left is to acknowledge it with a fresh proof. */
async function verified(): Promise<Colleague> {
  const person = await comesIn();
  const body = { printedName: `Ada ${people}`, method: "government-id", evidence: "Passport seen" };
  const by = server.as(acme.owner);
  expect((await by("POST", `/api/signing/signers/${person.membershipId}/verify`, { body })).status).toBe(201);
  return person;
}

/** And acknowledged by what the provider said. */
async function signer(): Promise<Colleague> {
  const person = await verified();
  const begun = await post(person, "/api/step-up/provider", actOf(person));
  expect(outcome(await acknowledge(person, begun.body["grant"]))).toEqual([403, "kernel.step_up_required"]);
  expect(await answers(person, String(begun.body["url"]))).toBe("confirmed");
  expect((await acknowledge(person, begun.body["grant"])).status).toBe(204);
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
const sign = (person: Colleague, one: string, challenge: string) => post(person, `${one}/signatures`, { challenge });

describe("SIG-01 signing by a SAML identity provider", () => {
  test("SIG-01 it is told to ask anew, and the signature says so; once", async () => {
    const person = await signer();
    const one = await draft();
    const { challenge, url, body } = await begin(person, one);
    expect(body["components"]).toMatchObject({ password: false, passkey: false, provider: "Acme sign-in" });
    expect(provider.answer(url, person.nameId).forced).toBe(true);
    expect(outcome(await sign(person, one, challenge))).toEqual([422, "signing.components_missing"]);
    expect(await answers(person, url)).toBe("confirmed");
    const made = await sign(person, one, challenge);
    expect([made.status, made.body["manifest"]]).toMatchObject([
      201,
      { auth: { methods: ["provider"], components: "all" }, meaning: review.meaning },
    ]);
    expect(outcome(await sign(person, one, challenge))).toEqual([409, "signing.challenge_ended"]);
    // Whoever just signs in is not asked anew: that stays the provider's to decide.
    const start = await json(await openBrowser(server.origin).post("/api/sso/start", { email: person.nameId }));
    expect(provider.answer(String(start["url"]), person.nameId).forced).toBe(false);
  });

  const stale = "sso.not_asked_again";
  const unfresh: [string, () => Way, string][] = [
    ["the session it had", () => ({ said: { authnInstant: ago(20) } }), stale],
    ["a time to come", () => ({ said: { authnInstant: ago(-30) } }), stale],
    ["no time", () => ({ said: { authnInstant: "" } }), stale],
    ["a time in words", () => ({ said: { authnInstant: "just now" } }), "sso.answer_refused"],
    [
      "another time than was signed",
      () => ({ said: { authnInstant: ago(90) }, changed: freshened }),
      "sso.answer_refused",
    ],
    ["a refusal", () => ({ said: { status: "urn:oasis:names:tc:SAML:2.0:status:Responder" } }), "sso.answer_refused"],
    [
      "another's key",
      () => ({ changed: (xml) => xml.replaceAll(/<ds:SignatureValue>.{4}/g, "<ds:SignatureValue>AAAA") }),
      "sso.answer_refused",
    ],
  ];
  const freshened = (xml: string) => xml.replace(/AuthnInstant="[^"]+"/, `AuthnInstant="${ago(0)}"`);
  test.each(unfresh)("SIG-01 %s is no fresh proof", async (_, way, told) => {
    const person = await verified();
    const act = await post(person, "/api/step-up/provider", actOf(person));
    expect(await answers(person, String(act.body["url"]), way())).toBe(told);
    expect(outcome(await acknowledge(person, act.body["grant"]))).toEqual([403, "kernel.step_up_required"]);
    // The attempt is spent: a good answer to it comes too late.
    expect(await answers(person, String(act.body["url"]))).toBe("/signin?sso=sso.attempt_ended");
    expect(outcome(await acknowledge(person, act.body["grant"]))).toEqual([403, "kernel.step_up_required"]);
  });

  test("SIG-01 a response held back does not make an older sign-in fresh", async () => {
    const person = await verified();
    const act = await post(person, "/api/step-up/provider", actOf(person));
    // As if they had left nine minutes ago: the provider was content with what it had then, and its answer was kept until now.
    await server.kernel.identityPool.query(
      "update identity.sso_attempt set secrets = jsonb_set(secrets, '{leftAt}', to_jsonb($1::text)) where tenant_id = $2",
      [String(Date.now() - 240_000), acme.id],
    );
    const held = { authnInstant: ago(420), issueInstant: ago(239) };
    expect(await answers(person, String(act.body["url"]), { said: held })).toBe(stale);
  });

  test("SIG-01 another person, browser, session, request, tenant or a used assertion sign nothing", async () => {
    const person = await signer();
    const other = await signer();
    const one = await draft();
    const attempt = async (asked: (url: string) => Promise<string>) => {
      const { challenge, url } = await begin(person, one);
      const told = await asked(url);
      return [told, outcome(await sign(person, one, challenge))[1]];
    };
    const missing = "signing.components_missing";
    const refused = ["sso.answer_refused", missing];
    expect(await attempt((url) => answers(person, url, { said: { nameId: other.nameId } }))).toEqual([
      "sso.another_account",
      missing,
    ]);
    // The answer to another challenge of theirs: it speaks of that one.
    const elsewhere = provider.answer((await begin(person, await draft())).url, person.nameId).response.inResponseTo;
    expect(await attempt((url) => answers(person, url, { said: { inResponseTo: elsewhere } }))).toEqual(refused);
    expect(await attempt((url) => answers(person, url, { browser: other.browser }))).toEqual([
      "/signin?sso=sso.attempt_ended",
      missing,
    ]);
    const swapped = await attempt(async (url) => {
      const own = person.browser.cookies.get("probity-session") ?? "";
      person.browser.cookies.set("probity-session", other.browser.cookies.get("probity-session") ?? "");
      const told = await answers(person, url);
      person.browser.cookies.set("probity-session", own);
      return told;
    });
    expect(swapped).toEqual(["sso.attempt_ended", missing]);
    expect(await attempt((url) => answers(person, url, { idp: foreign, said: { issuer: provider.entity } }))).toEqual(
      refused,
    );
    // Seen before: the assertion of a proof that was taken, in an answer to this request.
    const first = await begin(person, one);
    const used = `_a${crypto.randomUUID()}`;
    expect(await answers(person, first.url, { said: { assertionId: used } })).toBe("confirmed");
    expect(await answers(person, first.url, { said: { assertionId: used } })).toBe("/signin?sso=sso.attempt_ended");
    expect(await attempt((url) => answers(person, url, { said: { assertionId: used } }))).toEqual(refused);
    // What was proved for one challenge signs that one, and it alone.
    const second = await begin(person, one);
    expect(outcome(await sign(person, one, second.challenge))[1]).toBe(missing);
    expect((await sign(person, one, first.challenge)).status).toBe(201);
  });

  test("SIG-01 another tenant's provider proves nothing here, whomever it names", async () => {
    const evil = await space("evil", foreign);
    const person = await verified();
    const intruder = await comesIn(evil, foreign);
    const mine = await post(person, "/api/step-up/provider", actOf(person));
    const { response, relayState } = foreign.answer(String(mine.body["url"]), person.nameId);
    const form = { SAMLResponse: Buffer.from(foreign.signed(response)).toString("base64"), RelayState: relayState };
    expect(await arrives(person.browser, evil, form)).toBe("/signin?sso=sso.attempt_ended");
    // A member of that workspace alone begins nothing in this one.
    const begun = await post(intruder, "/api/step-up/provider", { ...actOf(person), workspace: acme.id });
    expect(outcome(begun)).toEqual([404, "sso.not_offered"]);
    expect(await answers(person, String(mine.body["url"]))).toBe("confirmed");
    // The grant is this session's: another's request brings nothing with it.
    const other = await verified();
    expect(outcome(await acknowledge(other, mine.body["grant"]))).toEqual([403, "kernel.step_up_required"]);
    expect((await acknowledge(person, mine.body["grant"])).status).toBe(204);
  });

  test("SIG-01 a proof for one act or subject is none for another", async () => {
    const person = await verified();
    for (const more of [{ subject: person.at.id }, { action: "kernel.stream.create" }]) {
      const begun = await post(person, "/api/step-up/provider", { ...actOf(person), ...more });
      expect(await answers(person, String(begun.body["url"]))).toBe("confirmed");
      const tried = await acknowledge(person, begun.body["grant"]);
      expect(outcome(tried)).toEqual([403, "kernel.step_up_required"]);
    }
  });
});
