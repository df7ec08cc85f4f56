import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { removeMember } from "../identity/people.ts";
import { insertPerson } from "../identity/person.ts";
import { openDirectory, patch, type Directory, type Space } from "../testing/scim/directory.ts";

let directory: Directory;
let server: Directory["server"];
let at: Space;
let count = 0;
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

describe("SCIM users", () => {
  test("IDN-03 a user is created, found, changed and read with its version", async () => {
    const id = await create("ada");
    expect(await memberOf(id))?.toMatchObject({
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
    expect((await call("GET", `/Users?filter=${encodeURIComponent(both)}`)).body.totalResults).toBe(1);
    const changed = await call(
      "PATCH",
      `/Users/${id}`,
      patch(
        { op: "Replace", path: "name.givenName", value: "Augusta" },
        { op: "add", value: { "name.familyName": "King" } },
      ),
    );
    expect([changed.status, changed.headers.get("etag")]).toEqual([200, 'W/"2"']);
    expect(await memberOf(id))?.toMatchObject({ name: "Augusta King" });
    const stale = await call("PATCH", `/Users/${id}`, patch({ op: "replace", path: "active", value: true }), {
      "if-match": 'W/"1"',
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
      const ways = await directory.waysIn(at, id);
      expect(await ways()).toEqual(["in", "in", "in"]);
      expect((await call("PATCH", `/Users/${id}`, patch(operation))).body.active).toBe(false);
      expect(await ways()).toEqual(["kernel.session_ended", "kernel.key_ended", "kernel.link_ended"]);
      expect(
        (await call("PATCH", `/Users/${id}`, patch({ op: "replace", path: "active", value: true }))).body.active,
      ).toBe(true);
      expect(await ways()).toEqual(["kernel.session_ended", "kernel.key_ended", "kernel.link_ended"]);
    },
  );

  test("IDN-03 deletion ends them too, and the person can be created again", async () => {
    const id = await create("again");
    const ways = await directory.waysIn(at, id);
    expect((await call("DELETE", `/Users/${id}`)).status).toBe(204);
    expect(await ways()).toEqual(["kernel.session_ended", "kernel.key_ended", "kernel.link_ended"]);
    expect((await call("GET", `/Users/${id}`)).status).toBe(404);
    expect((await call("DELETE", `/Users/${id}`)).status).toBe(404);
    expect(await create("again")).toBe(id);
    expect(await memberOf(id))?.toMatchObject({ status: "active" });
  });

  test("IDN-03 active that is neither true nor false is refused, not read as true", async () => {
    const id = await create("unclear");
    for (const value of ["no", 0, {}, "0"]) {
      const answer = await call("PATCH", `/Users/${id}`, patch({ op: "replace", path: "active", value }));
      expect([value, answer.status, answer.body.scimType]).toEqual([value, 400, "invalidValue"]);
    }
  });

  test("IDN-03 a user exists once; addresses of other domains and other people's accounts are refused", async () => {
    await create("twice");
    const again = await call("POST", "/Users", user("twice"));
    expect([again.status, again.body.scimType]).toEqual([409, "uniqueness"]);
    const foreign = await call(
      "POST",
      "/Users",
      user("x", { emails: [{ value: "ceo@victim.example", primary: true }] }),
    );
    expect([foreign.status, foreign.body.scimType]).toEqual([400, "invalidValue"]);
    const id = await create("mover");
    const moved = await call(
      "PATCH",
      `/Users/${id}`,
      patch({ op: "replace", path: "emails", value: [{ value: "ceo@victim.example" }] }),
    );
    expect(moved.status).toBe(400);
    expect(await memberOf(id))?.toMatchObject({ email: `mover@${at.domain}` });
  });

  test("IDN-03 an account somebody registered ahead of the directory has no part in the user", async () => {
    const email = `squat@${at.domain}`;
    const squatter = await insertPerson(server.kernel.identityPool, {
      name: "S",
      email,
      password: "copper lantern folds 81",
    });
    const id = await create("squat");
    expect((await memberOf(id))?.user_id).not.toBe(squatter);
    const elsewhere = await server.workspace(`scim-elsewhere${count++}.example`);
    const member = await server.kernel.addPerson(elsewhere.id, "member");
    await server.kernel.identityPool.query(`update identity."user" set email = $2 where id = $1`, [
      member.userId,
      `held@${at.domain}`,
    ]);
    expect((await call("POST", "/Users", user("held"))).status).toBe(409);
  });

  test("IDN-03 an owner stays, at the address they have, whatever the directory says", async () => {
    const { kernel } = server;
    const email = `owner@${at.domain}`;
    await kernel.identityPool.query(`update identity."user" set email = $2, email_verified = true where id = $1`, [
      at.owner.userId,
      email,
    ]);
    const id = await create("owner");
    expect((await memberOf(id))?.id).toBe(at.owner.membershipId);
    const answer = await call("PATCH", `/Users/${id}`, patch({ op: "replace", path: "active", value: false }));
    expect([answer.status, answer.body.scimType]).toEqual([409, "mutability"]);
    const moved = patch({ op: "replace", path: "userName", value: `mine@${at.domain}` });
    expect((await call("PATCH", `/Users/${id}`, moved)).status).toBe(409);
    expect(await memberOf(id)).toMatchObject({
      status: "active",
      role: "owner",
      email: expect.stringMatching(/^owner/),
    });
  });

  test("IDN-03 who was removed here comes back when the directory says so, not by another change of theirs", async () => {
    const { kernel } = server;
    const id = await create("removed");
    const member = await memberOf(id);
    await kernel.door.work(at.owner.session, "kernel.people.change", (tx) => removeMember(tx, member?.id ?? ""));
    const renamed = patch({ op: "replace", path: "name.givenName", value: "Roberta" });
    await call("PATCH", `/Users/${id}`, renamed);
    expect((await memberOf(id))?.status).toBe("disabled");
    await call("PATCH", `/Users/${id}`, patch({ op: "replace", path: "active", value: true }));
    expect((await memberOf(id))?.status).toBe("active");
  });

  test("IDN-03 lists come in pages, counted whole", async () => {
    const ids = [];
    for (const name of ["p1", "p2", "p3"]) ids.push(await create(name));
    const first = await call("GET", "/Users?startIndex=1&count=2");
    expect(first.body).toMatchObject({ totalResults: 3, itemsPerPage: 2, startIndex: 1 });
    const second = await call("GET", "/Users?startIndex=3&count=2");
    const listed = [...first.body.Resources, ...second.body.Resources].map((each: { id: string }) => each.id);
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
    if (answer.status === 200) expect(answer.body.totalResults).toBe(0);
    else expect(answer.body.scimType).toBe("invalidFilter");
    expect((await call("GET", "/Users")).body.totalResults).toBe(1);
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
    expect(await memberOf(id))?.toMatchObject({ status: "active" });
  });
});
