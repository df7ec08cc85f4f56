import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Client } from "pg";
import { openDirectory, patch, type Directory, type Space } from "../testing/scim/directory.ts";
import { Problem } from "../work/problem.ts";

let directory: Directory;
let server: Directory["server"];
let at: Space;

beforeAll(async () => {
  directory = await openDirectory();
  ({ server } = directory);
});
afterAll(() => directory?.close());
beforeEach(async () => {
  at = await directory.space();
});

const create = (name: string, more: object = {}) => directory.create(at, name, more);
const call = (method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>) =>
  directory.call(at, method, path, body, headers);
const memberOf = (id: string) => directory.memberOf(at, id);
const user = (name: string, more: object = {}) => directory.user(at, name, more);

describe("SCIM groups", () => {
  const role = (id: string, to: string | null) =>
    server.as(at.owner)("PUT", `/api/sso/directory/groups/${id}`, { role: to });
  const roleOf = async (id: string) => (await memberOf(id))?.role;

  test("IDN-03 a group mapped to a role makes its members that, and sessions end where a role changes", async () => {
    const [ada, bob] = [await create("ada"), await create("bob")];
    const made = await call("POST", "/Groups", { displayName: "Admins", members: [{ value: ada }] });
    expect(made.status).toBe(201);
    const id: string = made.body.id;
    expect(await roleOf(ada)).toBe("member");
    const ways = await directory.waysIn(at, ada);
    expect((await role(id, "admin")).status).toBe(204);
    expect([await roleOf(ada), await roleOf(bob), (await ways())[0]]).toEqual([
      "admin",
      "member",
      "kernel.session_ended",
    ]);
    await call("PATCH", `/Groups/${id}`, patch({ op: "Add", path: "members", value: [{ value: bob }] }));
    expect(await roleOf(bob)).toBe("admin");
    await call("PATCH", `/Groups/${id}`, patch({ op: "Remove", path: `members[value eq "${ada}"]` }));
    await call("PATCH", `/Groups/${id}`, patch({ op: "remove", path: "members", value: [{ value: bob }] }));
    expect([await roleOf(ada), await roleOf(bob)]).toEqual(["member", "member"]);
    await call("PUT", `/Groups/${id}`, { displayName: "Admins", members: [{ value: ada }, { value: bob }] });
    expect((await call("GET", `/Users/${bob}`)).body.groups).toMatchObject([{ value: id, display: "Admins" }]);
    expect((await call("DELETE", `/Groups/${id}`)).status).toBe(204);
    expect([await roleOf(ada), await roleOf(bob)]).toEqual(["member", "member"]);
  });

  test("IDN-03 the directory maps no group to a role, and makes or unmakes no owner", async () => {
    const ada = await create("ada");
    const made = await call("POST", "/Groups", { displayName: "Owners", role: "admin", members: [{ value: ada }] });
    await call(
      "PATCH",
      `/Groups/${made.body.id}`,
      patch({ op: "replace", value: { role: "owner", displayName: "Owners" } }),
    );
    expect(await roleOf(ada)).toBe("member");
    const owner = await role(made.body.id, "owner");
    expect(owner.status).toBe(400);
    const member = await server.kernel.addPerson(at.id, "member");
    expect(
      (await server.as(member)("PUT", `/api/sso/directory/groups/${made.body.id}`, { role: "admin" })).status,
    ).toBe(403);
  });

  test("IDN-03 members of another workspace can't be put into a group", async () => {
    const theirs = await directory.space();
    const made = await directory.call(theirs, "POST", "/Users", directory.user(theirs, "x"));
    expect(made.status).toBe(201);
    const answer = await call("POST", "/Groups", { displayName: "G", members: [{ value: made.body.id }] });
    expect([answer.status, answer.body.scimType]).toEqual([400, "invalidValue"]);
  });
});

describe("SCIM tokens", () => {
  test("IDN-03 another tenant's token sees and changes nothing", async () => {
    const id = await create("mine");
    const group = (await call("POST", "/Groups", { displayName: "Mine" })).body.id;
    const other = await directory.space();
    for (const [method, path, body] of [
      ["GET", `/Users/${id}`],
      ["PUT", `/Users/${id}`, user("mine")],
      ["PATCH", `/Users/${id}`, patch({ op: "replace", path: "active", value: false })],
      ["DELETE", `/Users/${id}`],
      ["GET", `/Groups/${group}`],
      ["PATCH", `/Groups/${group}`, patch({ op: "replace", path: "displayName", value: "x" })],
      ["DELETE", `/Groups/${group}`],
    ] as const) {
      expect([method, path, (await directory.call(other, method, path, body)).status]).toEqual([method, path, 404]);
    }
    expect((await directory.call(other, "GET", "/Users")).body.totalResults).toBe(0);
    expect((await directory.call(other, "GET", "/Groups")).body.totalResults).toBe(0);
    expect(await memberOf(id))?.toMatchObject({ status: "active" });
  });

  test("IDN-03 a token is shown once, stored as a hash, ends when revoked, and opens nothing else", async () => {
    expect(at.token).toMatch(/^sc_[\w-]{43}$/);
    const listed = await (await server.as(at.owner)("GET", "/api/sso/directory")).text();
    expect(listed).not.toContain(at.token);
    const rows = await server.kernel.acrossPool.query("select t::text as row from kernel.scim_token t");
    expect(rows.rows.some(({ row }) => String(row).includes(at.token))).toBe(false);
    const asKey = server.kernel.door
      .work(
        { kind: "key", token: at.token, source: { address: null, requestId: "t" } },
        "kernel.home.read",
        async () => "in",
      )
      .catch((error: unknown) => (error instanceof Problem ? error.code : error));
    expect(await asKey).toBe("kernel.key_ended");
    expect((await directory.call({ ...at, token: `sc_${"A".repeat(43)}` }, "GET", "/Users")).status).toBe(401);
    expect((await directory.call({ ...at, token: "x" }, "GET", "/Users")).status).toBe(401);
    expect((await server.as(at.owner)("DELETE", `/api/sso/directory/tokens/${at.tokenId}`)).status).toBe(204);
    expect((await call("GET", "/Users")).status).toBe(401);
    expect((await call("POST", "/Users", user("late"))).status).toBe(401);
  });

  test("IDN-03 the token of a frozen workspace, and one from an address that is not listed, is refused", async () => {
    const set = async (text: string) => {
      const admin = new Client(server.kernel.admin);
      await admin.connect();
      await admin.query("set role probity_door");
      await admin.query(text, [at.id]);
      await admin.end();
    };
    await set("update kernel.workspace set ip_allow = '{10.9.9.0/24}' where id = $1");
    expect((await call("GET", "/Users")).status).toBe(401);
    await set("update kernel.workspace set ip_allow = null, frozen_at = now() where id = $1");
    expect((await call("GET", "/Users")).status).toBe(401);
    await set("update kernel.workspace set frozen_at = null where id = $1");
    expect((await call("GET", "/Users")).status).toBe(200);
  });

  test("IDN-03 the server says what it can do", async () => {
    expect((await call("GET", "/ServiceProviderConfig")).body).toMatchObject({
      patch: { supported: true },
      bulk: { supported: false },
    });
    expect((await call("GET", "/ResourceTypes")).body.totalResults).toBe(2);
    expect((await call("GET", "/Schemas")).body.totalResults).toBe(2);
  });
});
