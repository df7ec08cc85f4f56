import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { issueTestKey, type TestPerson } from "../testing/kernel.ts";
import { openTestServer, type TestServer } from "../testing/server.ts";

let server: TestServer;
let person: TestPerson;
let id: string;
beforeAll(async () => {
  server = await openTestServer([]);
  person = await server.member(await server.kernel.foundWorkspace("acme"), "owner");
  id = "01a200e1-f843-740a-9086-0ff0df42fa90";
});
afterAll(async () => server.close());

/** What a browser sends with a session's cookie, by itself. */
const cookie = () => ({
  cookie: `probity-session=${person.session.token}`,
  "probity-workspace": person.session.workspace ?? "",
});
const change = (headers: Record<string, string>) =>
  server.anonymous("DELETE", `/api/keys/${id}`, { headers: { ...cookie(), ...headers } });

describe("APP-06 CSRF: a change by cookie comes from our own pages or is refused", () => {
  test.each([
    ["a form of another site: no header of ours", {}],
    ["our header with another value", { "probity-request": "true" }],
    ["another origin", { "probity-request": "1", origin: "https://attacker.example" }],
    ["an origin that only begins like ours", { "probity-request": "1", origin: "http://localhost.attacker.example" }],
    ["a sandboxed frame or a data address", { "probity-request": "1", origin: "null" }],
    ["the browser's word that it is cross-site", { "probity-request": "1", "sec-fetch-site": "cross-site" }],
    ["a sister domain", { "probity-request": "1", "sec-fetch-site": "same-site" }],
  ])("%s", async (_, headers) => {
    const answer = await change(headers);
    expect([answer.status, answer.body["code"]]).toEqual([403, "http.cross_site"]);
  });

  test("our own page is heard: the key it names is not there", async () => {
    const own = { "probity-request": "1", "sec-fetch-site": "same-origin", origin: "http://localhost" };
    expect((await change(own)).status).toBe(404);
  });

  test("a program with a key sends no cookie and needs no header; a cookie beside it counts for nothing", async () => {
    const key = await issueTestKey(server.kernel, person, { permissions: ["kernel.key.change"] });
    const authorization = `Bearer ${key}`;
    expect((await server.anonymous("DELETE", `/api/keys/${id}`, { headers: { authorization } })).status).toBe(404);
    const wrong = { ...cookie(), authorization: "Bearer probity_pk_nonsense-nonsense-nonsense" };
    expect((await server.anonymous("GET", "/api/keys", { headers: wrong })).status).toBe(401);
  });

  test("no answer gives another site leave to read it", async () => {
    const origin = "https://attacker.example";
    for (const path of ["/api/keys", "/.well-known/jwks.json", "/api/nowhere"]) {
      const answer = await server.anonymous("GET", path, { headers: { ...cookie(), origin } });
      expect(answer.headers.get("access-control-allow-origin")).toBeNull();
      expect(answer.headers.get("cross-origin-resource-policy")).toBe("same-origin");
    }
  });
});
