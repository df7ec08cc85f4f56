import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { issueKey, newSecret } from "../identity/api-key.ts";
import { insertPerson } from "../identity/person.ts";
import { openSsoServer, type SsoServer } from "../sso/testing/server.ts";
import { Problem } from "../work/problem.ts";
import { query } from "../work/query.ts";

let server: SsoServer;
let count = 0;
type Space = Awaited<ReturnType<SsoServer["workspace"]>> & { domain: string; token: string; tokenId: string };
let at: Space;

beforeAll(async () => {
  server = await openSsoServer();
});
afterAll(() => server?.close());
beforeEach(async () => {
  at = await space();
});

async function space(): Promise<Space> {
  const domain = `scim${count++}.example`;
  const made = await server.workspace(domain);
  const answer = await server.as(made.owner)("POST", "/api/sso/directory/tokens", { name: "Okta" });
  const { token, id }: { token: string; id: string } = await answer.json();
  return { ...made, domain, token, tokenId: id };
}
type Answered = { status: number; body: Record<string, any>; headers: Headers };
async function call(
  method: string,
  path: string,
  body?: unknown,
  options: { token?: string; headers?: Record<string, string> } = {},
): Promise<Answered> {
  const answer = await fetch(`${server.origin}/scim/v2${path}`, {
    method,
    headers: {
      authorization: `Bearer ${options.token ?? at.token}`,
      ...(body === undefined ? {} : { "content-type": "application/scim+json" }),
      ...options.headers,
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === "" ? {} : JSON.parse(text), headers: answer.headers };
}
const user = (name: string, more: object = {}) => ({
  schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
  userName: `${name}@${at.domain}`,
  externalId: `ext-${name}`,
  name: { givenName: "Ada", familyName: "Byron" },
  emails: [{ value: `${name}@${at.domain}`, type: "work", primary: true }],
  active: true,
  title: "passed over",
  ...more,
});
const patch = (...Operations: object[]) => ({
  schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
  Operations,
});
async function create(name: string, more: object = {}): Promise<string> {
  const made = await call("POST", "/Users", user(name, more));
  expect([made.status, made.body["detail"]]).toEqual([201, undefined]);
  return made.body["id"];
}
async function memberOf(id: string, tenantId = at.id) {
  const found = await server.kernel.acrossPool.query(
    `select m.id, m.user_id, m.role, m.status, m.email, m.name from kernel.scim_user u
     join kernel.membership m on m.tenant_id = u.tenant_id and m.id = u.membership_id where u.tenant_id = $1 and u.id = $2`,
    [tenantId, id],
  );
  return found.rows[0];
}
/** A live session, key and link of this member; gives what each of them answers now. */
async function waysIn(id: string): Promise<() => Promise<unknown[]>> {
  const { kernel } = server;
  const { id: membershipId, user_id: userId } = await memberOf(id);
  const session = await kernel.addPerson(at.id, "member");
  await kernel.identityPool.query("update identity.session set user_id = $2 where user_id = $1", [
    session.userId,
    userId,
  ]);
  const { token: key } = await kernel.door.work(kernel.system(at.id), "kernel.people.change", (tx) =>
    issueKey(tx, {
      membershipId,
      name: "key",
      permissions: ["kernel.home.read"],
      expiresAt: new Date(Date.now() + 3_600_000),
    }),
  );
  const link = newSecret("ln_");
  const linkId = crypto.randomUUID();
  await kernel.door.work(kernel.system(at.id), "kernel.people.change", async (tx) => {
    await tx.record({ action: "kernel.link.create", record: "kernel.link", rowId: linkId, version: 1 });
    await tx.all(
      query.insertInto("kernel.link").values({
        id: linkId,
        secret_hash: link.hash,
        purpose: "test",
        subject_id: linkId,
        permission: "kernel.home.read",
        membership_id: membershipId,
        expires_at: new Date(Date.now() + 3_600_000),
      }),
    );
  });
  const source = { address: "127.0.0.1", requestId: "test" };
  const enter = (credential: Parameters<typeof kernel.door.work>[0]) =>
    kernel.door
      .work(credential, "kernel.home.read", async () => "in")
      .catch((error: unknown) => (error instanceof Problem ? error.code : error));
  return () =>
    Promise.all([
      enter({ ...session.session, workspace: at.id }),
      enter({ kind: "key", token: key, source }),
      enter({ kind: "link", token: link.token, source }),
    ]);
}

describe("SCIM users", () => {
  test("IDN-03 a user is created, found, changed and read with its version", async () => {
    const id = await create("ada");
    expect(await memberOf(id)).toMatchObject({
      role: "member",
      status: "active",
      email: `ada@${at.domain}`,
      name: "Ada Byron",
    });
    const one = await call("GET", `/Users/${id}`);
    expect([one.status, one.headers.get("content-type"), one.headers.get("etag")]).toEqual([
      200,
      "application/scim+json; charset=utf-8",
      'W/"1"',
    ]);
    expect(one.body).toMatchObject({ id, userName: `ada@${at.domain}`, externalId: "ext-ada", active: true });
    const found = await call("GET", `/Users?filter=${encodeURIComponent(`userName eq "ADA@${at.domain}"`)}`);
    expect(found.body).toMatchObject({ totalResults: 1, Resources: [{ id }] });
    const both = `externalId eq "ext-ada" and active eq true`;
    expect((await call("GET", `/Users?filter=${encodeURIComponent(both)}`)).body["totalResults"]).toBe(1);
    const changed = await call(
      "PATCH",
      `/Users/${id}`,
      patch(
        { op: "Replace", path: "name.givenName", value: "Augusta" },
        { op: "add", value: { "name.familyName": "King" } },
      ),
    );
    expect([changed.status, changed.headers.get("etag")]).toEqual([200, 'W/"2"']);
    expect(await memberOf(id)).toMatchObject({ name: "Augusta King" });
    const stale = await call("PATCH", `/Users/${id}`, patch({ op: "replace", path: "active", value: true }), {
      headers: { "if-match": 'W/"1"' },
    });
    expect([stale.status, stale.body["schemas"]]).toEqual([412, ["urn:ietf:params:scim:api:messages:2.0:Error"]]);
  });

  test.each([
    ["Okta", { op: "replace", value: { active: false } }],
    ["Entra ID", { op: "Replace", path: "active", value: "False" }],
    ["plain", { op: "replace", path: "urn:ietf:params:scim:schemas:core:2.0:User:active", value: false }],
  ])(
    "IDN-03 deactivation as %s writes it ends session, key and link at once, activation does not bring them back",
    async (_, operation) => {
      const id = await create("leaver");
      const ways = await waysIn(id);
      expect(await ways()).toEqual(["in", "in", "in"]);
      expect((await call("PATCH", `/Users/${id}`, patch(operation))).body["active"]).toBe(false);
      expect(await ways()).toEqual(["kernel.session_ended", "kernel.key_ended", "kernel.link_ended"]);
      expect(
        (await call("PATCH", `/Users/${id}`, patch({ op: "replace", path: "active", value: true }))).body["active"],
      ).toBe(true);
      expect(await ways()).toEqual(["kernel.session_ended", "kernel.key_ended", "kernel.link_ended"]);
    },
  );

  test("IDN-03 deletion ends them too, and the person can be created again", async () => {
    const id = await create("again");
    const ways = await waysIn(id);
    expect((await call("DELETE", `/Users/${id}`)).status).toBe(204);
    expect(await ways()).toEqual(["kernel.session_ended", "kernel.key_ended", "kernel.link_ended"]);
    expect((await call("GET", `/Users/${id}`)).status).toBe(404);
    expect((await call("DELETE", `/Users/${id}`)).status).toBe(404);
    expect(await create("again")).toBe(id);
    expect(await memberOf(id)).toMatchObject({ status: "active" });
  });

  test("IDN-03 active that is neither true nor false is refused, not read as true", async () => {
    const id = await create("unclear");
    for (const value of ["no", 0, {}, "0"]) {
      const answer = await call("PATCH", `/Users/${id}`, patch({ op: "replace", path: "active", value }));
      expect([value, answer.status, answer.body["scimType"]]).toEqual([value, 400, "invalidValue"]);
    }
  });

  test("IDN-03 a user exists once; addresses of other domains and other people's accounts are refused", async () => {
    await create("twice");
    const again = await call("POST", "/Users", user("twice"));
    expect([again.status, again.body["scimType"]]).toEqual([409, "uniqueness"]);
    const foreign = await call(
      "POST",
      "/Users",
      user("x", { emails: [{ value: "ceo@victim.example", primary: true }] }),
    );
    expect([foreign.status, foreign.body["scimType"]]).toEqual([400, "invalidValue"]);
    const id = await create("mover");
    const moved = await call(
      "PATCH",
      `/Users/${id}`,
      patch({ op: "replace", path: "emails", value: [{ value: "ceo@victim.example" }] }),
    );
    expect(moved.status).toBe(400);
    expect(await memberOf(id)).toMatchObject({ email: `mover@${at.domain}` });
  });

  test("IDN-03 an account somebody registered ahead of the directory has no part in the user", async () => {
    const email = `squat@${at.domain}`;
    const squatter = await insertPerson(server.kernel.identityPool, {
      name: "S",
      email,
      password: "copper lantern folds 81",
    });
    const id = await create("squat");
    expect((await memberOf(id)).user_id).not.toBe(squatter);
    const elsewhere = await server.workspace(`scim-elsewhere${count++}.example`);
    const member = await server.kernel.addPerson(elsewhere.id, "member");
    await server.kernel.identityPool.query(`update identity."user" set email = $2 where id = $1`, [
      member.userId,
      `held@${at.domain}`,
    ]);
    expect((await call("POST", "/Users", user("held"))).status).toBe(409);
  });

  test("IDN-03 the last owner and the owner kept for emergencies stay", async () => {
    const { kernel } = server;
    const email = `owner@${at.domain}`;
    await kernel.identityPool.query(`update identity."user" set email = $2, email_verified = true where id = $1`, [
      at.owner.userId,
      email,
    ]);
    const id = await create("owner");
    expect((await memberOf(id)).id).toBe(at.owner.membershipId);
    const answer = await call("PATCH", `/Users/${id}`, patch({ op: "replace", path: "active", value: false }));
    expect([answer.status, answer.body["scimType"]]).toEqual([409, "mutability"]);
    expect(await memberOf(id)).toMatchObject({ status: "active", role: "owner" });
  });

  test("IDN-03 lists come in pages, counted whole", async () => {
    const ids = [];
    for (const name of ["p1", "p2", "p3"]) ids.push(await create(name));
    const first = await call("GET", "/Users?startIndex=1&count=2");
    expect(first.body).toMatchObject({ totalResults: 3, itemsPerPage: 2, startIndex: 1 });
    const second = await call("GET", "/Users?startIndex=3&count=2");
    const listed = [...first.body["Resources"], ...second.body["Resources"]].map((each: { id: string }) => each.id);
    expect(listed).toEqual(ids);
    expect((await call("GET", "/Users?count=0")).body).toMatchObject({ totalResults: 3, Resources: [] });
    expect((await call("GET", "/Users?startIndex=-5&count=-1&attributes=userName")).status).toBe(200);
  });

  test.each([
    [`userName eq "x" or true eq true`],
    [`userName eq "x'; drop table kernel.scim_user; --"`],
    [`userName eq "x" and (active eq true)`],
    [`userName co ""`],
    [`not (active eq true)`],
    [`userName eq "x\\" or userName pr \\""`],
    [`secret_hash eq "x"`],
    [`"x" eq "x"`],
    [`userName eq "%"`],
    [`id eq "00000000"`],
    [`userName eq ${'"x" and userName eq '.repeat(50)}"x"`],
  ])("APP-03 a filter is data and nothing else: %s", async (filter) => {
    await create("victim");
    const answer = await call("GET", `/Users?filter=${encodeURIComponent(filter)}`);
    expect([200, 400]).toContain(answer.status);
    if (answer.status === 200) expect(answer.body["totalResults"]).toBe(0);
    else expect(answer.body["scimType"]).toBe("invalidFilter");
    expect((await call("GET", "/Users")).body["totalResults"]).toBe(1);
  });

  test("APP-03 what is no SCIM is refused: no JSON, no operations, prototypes, ids of nothing", async () => {
    const id = await create("shape");
    expect((await call("PATCH", `/Users/${id}`, "{")).status).toBe(400);
    expect((await call("PATCH", `/Users/${id}`, {})).status).toBe(400);
    expect((await call("PATCH", `/Users/${id}`, patch({ op: "move", path: "active" }))).status).toBe(400);
    expect((await call("PATCH", `/Users/${id}`, patch({ op: "replace", path: "id", value: "x" }))).status).toBe(400);
    expect(
      (
        await call(
          "PATCH",
          `/Users/${id}`,
          `{"__proto__":{"Operations":[{"op":"replace","path":"active","value":false}]}}`,
        )
      ).status,
    ).toBe(400);
    expect((await call("GET", "/Users/not-an-id")).status).toBe(400);
    expect((await call("POST", "/Users", { userName: 7 })).status).toBe(400);
    expect(await memberOf(id)).toMatchObject({ status: "active" });
  });
});

describe("SCIM groups", () => {
  const role = (id: string, to: string | null) =>
    server.as(at.owner)("PUT", `/api/sso/directory/groups/${id}`, { role: to });
  const roleOf = async (id: string) => (await memberOf(id)).role;

  test("IDN-03 a group mapped to a role makes its members that, and sessions end where a role changes", async () => {
    const [ada, bob] = [await create("ada"), await create("bob")];
    const made = await call("POST", "/Groups", { displayName: "Admins", members: [{ value: ada }] });
    expect(made.status).toBe(201);
    const id: string = made.body["id"];
    expect(await roleOf(ada)).toBe("member");
    const ways = await waysIn(ada);
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
    expect((await call("GET", `/Users/${bob}`)).body["groups"]).toMatchObject([{ value: id, display: "Admins" }]);
    expect((await call("DELETE", `/Groups/${id}`)).status).toBe(204);
    expect([await roleOf(ada), await roleOf(bob)]).toEqual(["member", "member"]);
  });

  test("IDN-03 the directory maps no group to a role, and makes or unmakes no owner", async () => {
    const ada = await create("ada");
    const made = await call("POST", "/Groups", { displayName: "Owners", role: "admin", members: [{ value: ada }] });
    await call(
      "PATCH",
      `/Groups/${made.body["id"]}`,
      patch({ op: "replace", value: { role: "owner", displayName: "Owners" } }),
    );
    expect(await roleOf(ada)).toBe("member");
    const owner = await role(made.body["id"], "owner");
    expect(owner.status).toBe(400);
    const member = await server.kernel.addPerson(at.id, "member");
    expect(
      (await server.as(member)("PUT", `/api/sso/directory/groups/${made.body["id"]}`, { role: "admin" })).status,
    ).toBe(403);
  });

  test("IDN-03 members of another workspace can't be put into a group", async () => {
    const theirs = await space();
    const made = await call(
      "POST",
      "/Users",
      { ...user("x"), userName: `x@${theirs.domain}`, emails: [{ value: `x@${theirs.domain}` }] },
      { token: theirs.token },
    );
    expect(made.status).toBe(201);
    const answer = await call("POST", "/Groups", { displayName: "G", members: [{ value: made.body["id"] }] });
    expect([answer.status, answer.body["scimType"]]).toEqual([400, "invalidValue"]);
  });
});

describe("SCIM tokens", () => {
  test("IDN-03 another tenant's token sees and changes nothing", async () => {
    const id = await create("mine");
    const group = (await call("POST", "/Groups", { displayName: "Mine" })).body["id"];
    const { token } = await space();
    for (const [method, path, body] of [
      ["GET", `/Users/${id}`],
      ["PUT", `/Users/${id}`, user("mine")],
      ["PATCH", `/Users/${id}`, patch({ op: "replace", path: "active", value: false })],
      ["DELETE", `/Users/${id}`],
      ["GET", `/Groups/${group}`],
      ["PATCH", `/Groups/${group}`, patch({ op: "replace", path: "displayName", value: "x" })],
      ["DELETE", `/Groups/${group}`],
    ] as const) {
      expect([method, path, (await call(method, path, body, { token })).status]).toEqual([method, path, 404]);
    }
    expect((await call("GET", "/Users", undefined, { token })).body["totalResults"]).toBe(0);
    expect((await call("GET", "/Groups", undefined, { token })).body["totalResults"]).toBe(0);
    expect(await memberOf(id)).toMatchObject({ status: "active" });
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
    expect((await call("GET", "/Users", undefined, { token: `sc_${"A".repeat(43)}` })).status).toBe(401);
    expect((await call("GET", "/Users", undefined, { token: "x" })).status).toBe(401);
    expect((await server.as(at.owner)("DELETE", `/api/sso/directory/tokens/${at.tokenId}`)).status).toBe(204);
    expect((await call("GET", "/Users")).status).toBe(401);
    expect((await call("POST", "/Users", user("late"))).status).toBe(401);
  });

  test("IDN-03 the token of a frozen workspace, and one from an address that is not listed, is refused", async () => {
    const set = async (text: string) => {
      const { Client } = await import("pg");
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
    expect((await call("GET", "/ResourceTypes")).body["totalResults"]).toBe(2);
    expect((await call("GET", "/Schemas")).body["totalResults"]).toBe(2);
  });
});
