import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { queryFor } from "@probity/kernel";
import { changePolicy, openTestServer, type TestPerson, type TestServer } from "@probity/kernel/testing";
import { regulatoryDocs } from "../app.ts";
import { query } from "../query.ts";

const app = regulatoryDocs({ freeCheck: { on: false, maxFiles: 1, maxTotalBytes: 1 } });
const base = "/api/regulatory-docs";
const read = "regulatory_docs.collection.read";
const may = [read, "regulatory_docs.collection.change", "regulatory_docs.document.upload"];

const keyQuery = queryFor<{
  "kernel.api_key": { id: string; record_ids: string[] | null; permissions: string[] };
}>();
let server: TestServer;
let [ana, ben, cleo]: TestPerson[] = [];
const collections: Record<string, string> = {};

const person = (who: TestPerson | undefined): TestPerson => who ?? expect.fail("nobody");
async function create(by: TestPerson, name: string): Promise<void> {
  const made = await server.as(by)("POST", `${base}/collections`, { body: { name } });
  expect(made.status).toBe(201);
  collections[name] = String(made.body["id"]);
  const id = uuidv7();
  await server.kernel.door.work(by.session, "regulatory_docs.document.upload", async (tx) => {
    await tx.record({
      action: "regulatory_docs.document.create",
      record: "regulatory_docs.document",
      rowId: id,
      version: 1,
    });
    await tx.all(
      query
        .insertInto("regulatory_docs.document")
        .values({ id, collection_id: collections[name] ?? "", name: `of ${name}`, current_revision: 1 }),
    );
  });
}

beforeAll(async () => {
  server = await openTestServer([app]);
  const acme = await server.kernel.foundWorkspace("acme");
  [ana, ben, cleo] = [
    await server.member(acme, "owner"),
    await server.member(acme, "member"),
    await server.member(acme, "member"),
  ];
  await create(person(ana), "hers");
  await create(person(ana), "her other");
  await create(person(ben), "his");
  await create(person(cleo), "cleo's");
});
afterAll(() => server?.close());

/** A key of this person, made as people make them. */
async function keyOf(by: TestPerson, limit?: { members?: string[]; records?: string[] }, permissions = may) {
  return server.as(by)("POST", "/api/keys", {
    body: {
      name: "An agent",
      permissions,
      days: 1,
      ...(limit === undefined ? {} : { limit: { members: limit.members ?? [], records: limit.records ?? [] } }),
    },
  });
}
/** What statements without any condition find with this key: at its first entry and, from a pass, at its second. */
async function seen(token: string): Promise<string[]> {
  const look = () =>
    server.kernel.door.work(
      { kind: "key", token, source: { address: "127.0.0.1", requestId: "test" } },
      read,
      async (tx) => {
        const found = await tx.all(query.selectFrom("regulatory_docs.collection").select("name"));
        const documents = await tx.all(query.selectFrom("regulatory_docs.document").select("name"));
        return [...found, ...documents].map(({ name }) => name).toSorted();
      },
    );
  const first = await look();
  // The pass is kept once the work is done.
  for (let round = 0; round < 3; round += 1) expect(await look()).toEqual(first);
  return first;
}
const tokenOf = (answer: { status: number; body: Record<string, unknown> }) => {
  expect(answer.status).toBe(201);
  return String(answer.body["token"]);
};
const all = ["cleo's", "her other", "hers", "his", "of cleo's", "of her other", "of hers", "of his"];

describe("ACC-04 a key limited to some data reaches no other, whatever statement is sent", () => {
  test("without a limit it sees what its person sees; with one, these records and what comes of them", async () => {
    expect(await seen(tokenOf(await keyOf(person(ana))))).toEqual(all);
    const one = tokenOf(await keyOf(person(ana), { records: [collections["hers"] ?? ""] }));
    expect(await seen(one)).toEqual(["hers", "of hers"]);
    const his = tokenOf(await keyOf(person(ana), { members: [person(ben).membershipId] }));
    expect(await seen(his)).toEqual(["his", "of his"]);
    const both = { records: [collections["her other"] ?? ""], members: [person(ben).membershipId] };
    expect(await seen(tokenOf(await keyOf(person(ana), both)))).toEqual(["her other", "his", "of her other", "of his"]);
    expect(await seen(tokenOf(await keyOf(person(ana), {})))).toEqual([]);
  });

  test("over HTTP what lies beyond looks as if it did not exist, to read, to change, and beneath it", async () => {
    const token = tokenOf(await keyOf(person(ana), { records: [collections["hers"] ?? ""] }));
    const call = (method: string, path: string, body?: object, headers: Record<string, string> = {}) =>
      server.anonymous(method, path, {
        ...(body && { body }),
        headers: { authorization: `Bearer ${token}`, ...headers },
      });
    expect((await call("GET", `${base}/collections/${collections["hers"]}`)).status).toBe(200);
    expect((await call("GET", `${base}/collections`)).text).not.toContain("her other");
    for (const name of ["her other", "his"]) {
      const path = `${base}/collections/${collections[name]}`;
      expect((await call("GET", path)).status).toBe(404);
      expect((await call("GET", `${path}/history`)).text).not.toContain('"items":[{');
      expect((await call("PATCH", path, { name: "Mine", reason: "Mine" }, { "if-match": '"1"' })).status).toBe(404);
    }
    // Nor does it make what it could not see: a record of its person's is not among its own.
    expect((await call("POST", `${base}/collections`, { name: "New" })).status).toBe(404);
    const changed = await call(
      "PATCH",
      `${base}/collections/${collections["hers"]}`,
      { name: "hers", reason: "Named" },
      { "if-match": '"1"' },
    );
    expect(changed.status).toBe(200);
  });

  test("a token made from it is limited as it is", async () => {
    const token = tokenOf(await keyOf(person(ana), { records: [collections["hers"] ?? ""] }));
    const grant = await server.anonymous("POST", "/api/token", {
      headers: { authorization: `Bearer ${token}` },
      body: {},
    });
    const access = String(grant.body["accessToken"]);
    const list = await server.anonymous("GET", `${base}/collections`, {
      headers: { authorization: `Bearer ${access}` },
    });
    expect([list.status, list.text.includes('"hers"'), list.text.includes("her other")]).toEqual([200, true, false]);
  });

  test("where records have an audience, a limit gives nothing its person does not see, now or later", async () => {
    const wide = {
      records: Object.values(collections),
      members: [person(ana), person(ben), person(cleo)].map((each) => each.membershipId),
    };
    const token = tokenOf(await keyOf(person(ben), wide));
    const sharing = (value: string, version: number) =>
      server.kernel.door.work(person(ana).session, "kernel.policy.change", (tx) =>
        changePolicy(tx, "access.sharing", value, version, "test"),
      );
    expect(await seen(token)).toEqual(all);
    const version = await sharing("owner", 0);
    expect(await seen(token)).toEqual(["his", "of his"]);
    const share = (members: string[]) =>
      server.as(person(ana))("PUT", `/api/shares/regulatory_docs.collection/${collections["hers"]}`, {
        body: { members },
      });
    expect((await share([person(ben).membershipId])).status).toBeLessThan(300);
    expect(await seen(token)).toEqual(["hers", "his", "of hers", "of his"]);
    expect((await share([])).status).toBeLessThan(300);
    expect(await seen(token)).toEqual(["his", "of his"]);
    // What its person does not see can't be named by them, either.
    expect((await keyOf(person(ben), { records: [collections["hers"] ?? ""] })).status).toBe(404);
    await sharing("workspace", version);
  });

  test("a limit that could not hold is refused, and none is widened, by the database too", async () => {
    const refused = await keyOf(person(ana), { records: [] }, [read, "kernel.people.read"]);
    expect([refused.status, refused.body["code"]]).toEqual([422, "identity.key_limit_unkept"]);
    const made = await keyOf(person(ana), { records: [collections["hers"] ?? ""] });
    const id = String(made.body["id"]);
    const widen = (set: { record_ids: null } | { permissions: string[] }) =>
      server.kernel.door.work(person(ana).session, "kernel.key.change", async (tx) => {
        await tx.record({ action: "kernel.api_key.change", record: "kernel.api_key", rowId: id, version: 2 });
        await tx.all(keyQuery.updateTable("kernel.api_key").set(set).where("id", "=", id));
      });
    await expect(widen({ record_ids: null })).rejects.toMatchObject({ code: "kernel.permission_missing" });
    await expect(widen({ permissions: [...may, "kernel.people.read"] })).rejects.toMatchObject({
      code: "kernel.permission_missing",
    });
  });
});
