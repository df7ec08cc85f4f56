import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Problem } from "../work/problem.ts";
import { sessionHash } from "../identity/session-hash.ts";
import { verifySamlResponse } from "./saml-verify.ts";
import { forgedResponses } from "../testing/sso/forged-response.ts";
import { makeCertificate } from "../testing/sso/certificate.ts";
import { makeSamlProvider, type SamlProvider, type SamlResponse } from "../testing/sso/saml-provider.ts";
import { openSsoServer, pathOf, type Browser, type SsoServer } from "../testing/sso/server.ts";
import { wrappedResponses } from "../testing/sso/signature-wrapping.ts";

let server: SsoServer;
let count = 0;
const provider = makeSamlProvider("idp");
const foreign = makeSamlProvider("other-idp");
type Space = Awaited<ReturnType<SsoServer["workspace"]>> & { domain: string; connection: string };

beforeAll(async () => {
  server = await openSsoServer();
});
afterAll(() => server?.close());

async function space(idp: SamlProvider = provider, more: object = {}): Promise<Space> {
  const domain = `saml${count++}.example`;
  const made = await server.workspace(domain);
  const call = server.as(made.owner);
  const answer = await call("POST", "/api/sso/connections", {
    kind: "saml",
    name: "Test IdP",
    issuer: idp.entity,
    signInUrl: idp.signInUrl,
    certificates: [idp.pem],
    defaultRole: "member",
    admitsNew: true,
    trustsMfa: false,
    ...more,
  });
  expect(answer.status).toBe(201);
  const { id }: { id: string } = await answer.json();
  expect((await call("POST", `/api/sso/connections/${id}/enable`, { enabled: true })).status).toBe(204);
  return { ...made, domain, connection: id };
}
async function begin(browser: Browser, at: Space, nameId: string, more: Partial<SamlResponse> = {}) {
  const answer = await browser.post("/api/sso/start", { email: `anybody@${at.domain}` });
  expect(answer.status).toBe(200);
  const { url }: { url: string } = await answer.json();
  return { url, ...provider.answer(url, nameId, more) };
}
const encoded = (xml: string) => Buffer.from(xml, "utf8").toString("base64");
/** Brings a response by the form of another site, then follows to the finish; gives where the browser ended. */
async function bring(browser: Browser, at: Space, xml: string, relayState: string): Promise<string> {
  const form = { SAMLResponse: encoded(xml), RelayState: relayState };
  const answer = await browser.crossPost(`/api/sso/saml/${at.id}/acs`, form);
  if (answer.status !== 303) return `status ${answer.status}`;
  const location = answer.headers.get("location") ?? "";
  if (!location.includes("/finish?")) return location;
  return (await browser.get(pathOf(location))).headers.get("location") ?? "";
}
async function sessionOf(browser: Browser) {
  const found = await server.kernel.identityPool.query(
    `select s.user_id, s.assurance, s.sso_tenant_id, u.email from identity.session s join identity."user" u on u.id = s.user_id where s.token = $1`,
    [sessionHash(browser.cookies.get("probity-session") ?? "")],
  );
  return found.rows[0];
}
const refusedAt = "/signin?sso=sso.answer_refused";
const nameAt = (at: Space) => `ada${count++}@${at.domain}`;

describe("SAML of a workspace", () => {
  test("IDN-03 a person of a verified domain signs in; the assertion alone is signed, or the response too", async () => {
    const at = await space();
    const nameId = nameAt(at);
    for (const both of [false, true]) {
      const browser = server.browser();
      const { response, relayState } = await begin(browser, at, nameId, {
        attributes: { displayName: "Ada Byron" },
      });
      const once = provider.signed(response);
      const xml = both ? provider.sign(once, response.responseId) : once;
      expect(await bring(browser, at, xml, relayState)).toBe(`/w/${at.slug}/home`);
      expect(await sessionOf(browser)).toMatchObject({ email: nameId, sso_tenant_id: at.id, assurance: 1 });
    }
    const people = await server.kernel.identityPool.query(`select name from identity."user" where email = $1`, [
      nameId,
    ]);
    expect(people.rows).toEqual([{ name: "Ada Byron" }]);
  });

  test("IDN-03 SP metadata names this workspace's own addresses, and wants assertions signed", async () => {
    const at = await space();
    const answer = await fetch(`${server.origin}/api/sso/saml/${at.id}/metadata`);
    const text = await answer.text();
    expect(answer.status).toBe(200);
    expect(text).toContain(`entityID="http://localhost/api/sso/saml/${at.id}/metadata"`);
    expect(text).toContain(`Location="http://localhost/api/sso/saml/${at.id}/acs"`);
    expect(text).toMatch(/WantAssertionsSigned="true"/);
    expect(text).not.toContain("SingleLogoutService");
  });

  test("IDN-03 a second factor at the provider counts where the workspace trusts it", async () => {
    const context = "https://refeds.org/profile/mfa";
    for (const [trustsMfa, assurance] of [
      [true, 2],
      [false, 1],
    ] as const) {
      const at = await space(provider, { trustsMfa });
      const browser = server.browser();
      const { response, relayState } = await begin(browser, at, nameAt(at), { context });
      await bring(browser, at, provider.signed(response), relayState);
      expect(await sessionOf(browser)).toMatchObject({ assurance });
    }
  });

  test.each(forgedResponses(provider, foreign))("IDN-03 refused, nobody signed in: %s", async (_, forge) => {
    const at = await space();
    const browser = server.browser();
    const { response, relayState } = await begin(browser, at, nameAt(at));
    expect(await bring(browser, at, forge(response, at.domain), relayState)).toBe(refusedAt);
    expect(browser.cookies.has("probity-session")).toBe(false);
    // The very attempt still works with the true response: what was refused was the forgery alone.
    expect(await bring(browser, at, provider.signed(response), relayState)).toBe(`/w/${at.slug}/home`);
  });

  test("IDN-03 the nine permutations of signature wrapping are refused, by our check alone and over HTTP", async () => {
    const at = await space();
    for (let index = 0; index < 9; index += 1) {
      const browser = server.browser();
      const { response, relayState } = await begin(browser, at, nameAt(at));
      const [name = "", xml = ""] = wrappedResponses(provider, response, `ceo@${at.domain}`)[index] ?? [];
      expect(xml).toContain(`ceo@${at.domain}`);
      const judged = () =>
        verifySamlResponse(xml, {
          issuer: provider.entity,
          certificates: [provider.pem],
          audience: response.audience,
          acs: response.destination,
          inResponseTo: response.inResponseTo,
          now: new Date(),
        });
      expect(judged).toThrow(Problem);
      expect([name, await bring(browser, at, xml, relayState)]).toEqual([name, refusedAt]);
      expect(browser.cookies.has("probity-session")).toBe(false);
    }
  });

  test("IDN-03 a response is taken once, in the browser that began, at this workspace's address, and only when it was asked for", async () => {
    const at = await space();
    const other = await space();
    const browser = server.browser();
    const { response, relayState } = await begin(browser, at, nameAt(at));
    const xml = provider.signed(response);
    const ended = "/signin?sso=sso.attempt_ended";
    // Begun by the provider: nobody asked.
    expect(await bring(server.browser(), at, xml, "")).toBe(ended);
    expect(await bring(server.browser(), at, xml, "https://evil.example/")).toBe(ended);
    expect(await bring(browser, other, xml, relayState)).toBe(ended);
    // The response of a thief in the victim's browser (login CSRF), and the other way round.
    const form = { SAMLResponse: encoded(xml), RelayState: relayState };
    const kept = await browser.crossPost(`/api/sso/saml/${at.id}/acs`, form);
    const finish = pathOf(kept.headers.get("location") ?? "");
    const victim = server.browser();
    await begin(victim, at, nameAt(at));
    expect((await victim.get(finish)).headers.get("location")).toBe(ended);
    expect(await bring(browser, at, xml, relayState)).toBe(ended);
    expect((await browser.get(finish)).headers.get("location")).toBe(`/w/${at.slug}/home`);
    expect((await browser.get(finish)).headers.get("location")).toBe(ended);
    expect(await bring(browser, at, xml, relayState)).toBe(ended);
    // The same assertion in the answer to a second request: seen before.
    const again = await begin(browser, at, response.nameId);
    const replayed = provider.signed({ ...again.response, assertionId: response.assertionId });
    expect(await bring(browser, at, replayed, again.relayState)).toBe(refusedAt);
  });

  test("IDN-03 APP-06 RelayState leads nowhere but into this site", async () => {
    const at = await space();
    const browser = server.browser();
    const answer = await browser.post("/api/sso/start", { email: `a@${at.domain}`, to: "https://evil.example/" });
    const { url }: { url: string } = await answer.json();
    const { response, relayState } = provider.answer(url, nameAt(at));
    expect(relayState).toMatch(/^[\w-]{43}$/);
    expect(await bring(browser, at, provider.signed(response), relayState)).toBe(`/w/${at.slug}/home`);
  });

  test("IDN-03 an address of a foreign domain is refused, and another tenant's provider can't name this one's people", async () => {
    const at = await space();
    const evil = await space(foreign);
    const browser = server.browser();
    const own = await begin(browser, at, "ceo@victim.example");
    expect(await bring(browser, at, provider.signed(own.response), own.relayState)).toBe(
      "/signin?sso=sso.email_foreign",
    );
    const theirs = server.browser();
    const begun = await begin(theirs, evil, `ceo@${at.domain}`, { issuer: foreign.entity });
    expect(await bring(theirs, evil, foreign.signed(begun.response), begun.relayState)).toBe(
      "/signin?sso=sso.email_foreign",
    );
    expect(theirs.cookies.has("probity-session")).toBe(false);
  });

  test("IDN-03 APP-06 a response of a megabyte is refused before it is read", async () => {
    const at = await space();
    const browser = server.browser();
    const { response, relayState } = await begin(browser, at, nameAt(at));
    const padded = (characters: number) =>
      provider.signed(response).replace("<samlp:Status>", `<!--${"x".repeat(characters)}--><samlp:Status>`);
    expect(await bring(browser, at, padded(1_000_000), relayState)).toBe("status 413");
    const started = performance.now();
    const wide = provider
      .signed(response)
      .replace("<samlp:Status>", `<samlp:Extensions>${"<x/>".repeat(60_000)}</samlp:Extensions><samlp:Status>`);
    expect(await bring(browser, at, wide, relayState)).toBe(refusedAt);
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  test("IDN-03 there is no single logout: neither a request by form nor by redirect ends or begins anything", async () => {
    const at = await space();
    const browser = server.browser();
    const answer = await browser.crossPost(`/api/sso/saml/${at.id}/acs`, {
      SAMLRequest: encoded("<x/>"),
      RelayState: "x",
    });
    expect(answer.headers.get("location")).toBe("/signin?sso=sso.single_logout");
    const redirected = await browser.get(`/api/sso/saml/${at.id}/acs?SAMLRequest=x`);
    expect(redirected.status).toBe(404);
  });

  test("IDN-03 a weak certificate, one that is none, and a sign-in address that is no https are not stored", async () => {
    const { owner } = await server.workspace(`weak${count++}.example`);
    const call = server.as(owner);
    const body = {
      kind: "saml",
      name: "x",
      issuer: "x",
      signInUrl: provider.signInUrl,
      certificates: [provider.pem],
      defaultRole: "member",
      admitsNew: true,
      trustsMfa: false,
    };
    for (const wrong of [
      { certificates: [makeCertificate("weak", 1024).pem] },
      { certificates: ["MIIB"] },
      { certificates: [] },
      { signInUrl: "http://idp.example/sso" },
      { signInUrl: "javascript:alert(1)" },
    ]) {
      const answer = await call("POST", "/api/sso/connections", { ...body, ...wrong });
      expect([wrong, answer.status]).toEqual([wrong, 422]);
    }
  });

  test("IDN-03 metadata of an identity provider is read; a trap in it is not", async () => {
    const { owner } = await server.workspace(`metadata${count++}.example`);
    const call = server.as(owner);
    const xml = `<?xml version="1.0"?><!-- by hand --><md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${provider.entity}"><md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>${provider.pem.replaceAll(/-----.*-----|\s/g, "")}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor><md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="${provider.signInUrl}"/></md:IDPSSODescriptor></md:EntityDescriptor>`;
    const read = await call("POST", "/api/sso/metadata", { xml });
    expect([read.status, await read.json()]).toMatchObject([
      200,
      { issuer: provider.entity, signInUrl: provider.signInUrl },
    ]);
    const trap = await call("POST", "/api/sso/metadata", {
      xml: `<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>${xml}`,
    });
    expect(trap.status).toBe(422);
  });
});
