import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { asDoor } from "../testing/record-suite.ts";
import { openTestServer, type TestCaller, type TestServer } from "../testing/server.ts";
import type { TestPerson } from "../testing/kernel.ts";
import { looksLikeKey, newKey } from "./api-key.ts";

let server: TestServer;
let owner: TestPerson;
let member: TestPerson;
let other: TestPerson;
const wish = { name: "Nightly export", permissions: ["kernel.job.read"], days: 30 };
const listed = (answer: { body: Record<string, unknown> }) => {
  const { items } = answer.body;
  return Array.isArray(items) ? items.map((item: Record<string, unknown>) => item) : [];
};
const withToken =
  (token: unknown): TestCaller =>
  (method, path, request = {}) =>
    server.anonymous(method, path, { ...request, headers: { authorization: `Bearer ${token}`, ...request.headers } });

beforeAll(async () => {
  server = await openTestServer([]);
  const workspace = await server.kernel.foundWorkspace("acme");
  owner = await server.member(workspace, "owner");
  member = await server.member(workspace, "member");
  other = await server.member(await server.kernel.foundWorkspace("other"), "owner");
});
afterAll(() => server?.close());

describe("IDN-09 API keys", () => {
  test("a key is shown once, stored as a hash, and does what it was made for and nothing more", async () => {
    const made = await server.as(member)("POST", "/api/keys", { body: wish });
    expect(made.status).toBe(201);
    const token = String(made.body["token"]);
    expect(token).toMatch(/^probity_pk_[\w-]{43}[0-9a-f]{8}$/);
    expect((await withToken(token)("GET", "/api/jobs")).status).toBe(200);
    expect((await withToken(token)("GET", "/api/policy")).status).toBe(403);
    const list = await server.as(member)("GET", "/api/keys");
    expect(list.text).not.toContain(token);
    for (const table of ["api_key", "version_history", "ledger_inbox", "ledger_event"]) {
      const rows = await asDoor(server, `select to_jsonb(t)::text as row from kernel.${table} t`);
      expect([table, rows.some((row) => String(row["row"]).includes(token))]).toEqual([table, false]);
    }
  });

  test("nobody gives a key what they may not do themselves", async () => {
    const grab = { ...wish, permissions: ["kernel.job.read", "kernel.people.change"] };
    expect((await server.as(member)("POST", "/api/keys", { body: grab })).status).toBe(403);
    expect((await server.as(owner)("POST", "/api/keys", { body: grab })).status).toBe(201);
    const unknown = { ...wish, permissions: ["kernel.job.read", "kernel.everything"] };
    expect((await server.as(owner)("POST", "/api/keys", { body: unknown })).status).toBe(403);
  });

  test("a key makes no key, whatever it may do", async () => {
    const may = [...wish.permissions, "kernel.key.change"];
    const made = await server.as(owner)("POST", "/api/keys", { body: { ...wish, permissions: may } });
    const again = await withToken(made.body["token"])("POST", "/api/keys", { body: wish });
    expect([again.status, again.body["code"]]).toEqual([403, "identity.key_by_person"]);
  });

  test("a revoked key opens nothing from the next call on, and stays in the list", async () => {
    const made = await server.as(member)("POST", "/api/keys", { body: { ...wish, name: "To revoke" } });
    const call = withToken(made.body["token"]);
    expect((await call("GET", "/api/jobs")).status).toBe(200);
    expect((await server.as(member)("DELETE", `/api/keys/${made.body["id"]}`)).status).toBe(204);
    expect((await call("GET", "/api/jobs")).status).toBe(401);
    const row = listed(await server.as(member)("GET", "/api/keys")).find((item) => item["id"] === made.body["id"]);
    expect(row).toMatchObject({ state: "revoked", name: "To revoke", yours: true });
  });

  test("a key past its end opens nothing, and the longest life is the policy's", async () => {
    const made = await server.as(owner)("POST", "/api/keys", { body: wish });
    const gone = new Date(Date.now() - 1000);
    await server.kernel.door.work(owner.session, "kernel.key.change", async (tx) => {
      const { query } = await import("../work/query.ts");
      const id = String(made.body["id"]);
      await tx.record({ action: "test.end", record: "kernel.api_key", rowId: id, version: 2 });
      await tx.all(query.updateTable("kernel.api_key").set({ expires_at: gone }).where("id", "=", id));
    });
    expect((await withToken(made.body["token"])("GET", "/api/jobs")).status).toBe(401);
    const put = { value: 7, reason: "Short keys" };
    expect((await server.as(owner)("PUT", "/api/policy/key.maxDays", { body: put, version: 0 })).status).toBe(200);
    const long = await server.as(owner)("POST", "/api/keys", { body: { ...wish, days: 8 } });
    expect([long.status, long.body["code"]]).toEqual([422, "identity.key_too_long"]);
    expect((await server.as(owner)("POST", "/api/keys", { body: { ...wish, days: 7 } })).status).toBe(201);
  });

  test("others' keys are for those who look after them; another workspace's are not there", async () => {
    const made = await server.as(member)("POST", "/api/keys", { body: { ...wish, days: 7, name: "Member's own" } });
    const id = String(made.body["id"]);
    expect((await server.as(member)("GET", "/api/keys/all")).status).toBe(403);
    expect(listed(await server.as(owner)("GET", "/api/keys")).some((item) => item["id"] === id)).toBe(false);
    const all = listed(await server.as(owner)("GET", "/api/keys/all"));
    expect(all.find((item) => item["id"] === id)).toMatchObject({ yours: false, member: { id: member.membershipId } });
    expect((await server.as(owner)("DELETE", `/api/keys/${id}`)).status).toBe(404);
    expect((await server.as(other)("DELETE", `/api/keys/${id}`)).status).toBe(404);
    expect((await server.as(other)("DELETE", `/api/keys/all/${id}`)).status).toBe(404);
    expect((await server.as(other)("GET", "/api/keys/all")).text).not.toContain(id);
    expect((await withToken(made.body["token"])("GET", "/api/jobs")).status).toBe(200);
    expect((await server.as(owner)("DELETE", `/api/keys/all/${id}`)).status).toBe(204);
    expect((await withToken(made.body["token"])("GET", "/api/jobs")).status).toBe(401);
  });

  test("when and from where a key was last used is shown", async () => {
    const made = await server.as(member)("POST", "/api/keys", { body: { ...wish, days: 7 } });
    const own = async () =>
      listed(await server.as(member)("GET", "/api/keys")).find((item) => item["id"] === made.body["id"]);
    expect(await own()).toMatchObject({ lastUsedAt: null, lastUsedFrom: null });
    await withToken(made.body["token"])("GET", "/api/jobs");
    await withToken(`${String(made.body["token"]).slice(0, -1)}x`)("GET", "/api/jobs");
    await server.keyUse.flush();
    expect(await own()).toMatchObject({ lastUsedAt: expect.stringMatching(/^20/), lastUsedFrom: "127.0.0.1" });
  });

  test("a network that is none is refused with its own words", async () => {
    for (const network of ["10.0.0.1/8", "10.0.0.0", "::ffff:1.2.3.4/200", "everywhere", "fe80::%1/64"]) {
      const answer = await server.as(owner)("POST", "/api/keys", { body: { ...wish, days: 7, networks: [network] } });
      expect([network, answer.status]).toEqual([network, 422]);
    }
  });
});

test("IDN-09 a key can be told by its form alone: prefix and checksum, for scanners of leaked secrets", () => {
  const { token } = newKey();
  expect(looksLikeKey(token)).toBe(true);
  for (const at of [12, 30, 54, 60]) {
    const flipped = `${token.slice(0, at)}${token[at] === "0" ? "1" : "0"}${token.slice(at + 1)}`;
    expect([at, looksLikeKey(flipped)]).toEqual([at, false]);
  }
  expect(looksLikeKey("probity_pk_")).toBe(false);
});
