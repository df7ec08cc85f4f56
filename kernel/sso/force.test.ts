import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestPerson } from "../testing/kernel.ts";
import { Problem } from "../work/problem.ts";
import { query } from "../work/query.ts";
import { issueKey } from "../identity/api-key.ts";
import { recheckDomains } from "./domain.ts";
import { noteBreakGlass } from "./force.ts";
import { openOidcWorld, type OidcWorld, type Space } from "../testing/sso/oidc-world.ts";

let world: OidcWorld;
let server: OidcWorld["server"];
let count = 0;
beforeAll(async () => {
  world = await openOidcWorld();
  ({ server } = world);
});
afterAll(() => world?.close());

const source = { address: "127.0.0.1", requestId: "test" };
const force = async (at: Space, body: object) => (await server.as(at.owner)("PUT", "/api/sso/force", body)).status;
const enter = (session: TestPerson["session"]) =>
  server.kernel.door
    .work(session, "kernel.home.read", async () => "in")
    .catch((error: unknown) => (error instanceof Problem ? error.code : error));
const discovered = async (at: Space) =>
  (await (await server.browser().post("/api/sso/discover", { email: `x@${at.domain}` })).json()).connection;

/** A member with this address who signed in with a password. */
async function withPassword(at: Space, role: "owner" | "member", domain: string): Promise<TestPerson> {
  const person = await server.kernel.addPerson(at.id, role);
  const email = `person${count++}@${domain}`;
  await server.kernel.identityPool.query(`update identity."user" set email = $2 where id = $1`, [person.userId, email]);
  await server.kernel.door.work(server.kernel.system(at.id), "kernel.membership.accept", async (tx) => {
    await tx.record({
      action: "kernel.membership.rename",
      record: "kernel.membership",
      rowId: person.membershipId,
      version: 2,
    });
    await tx.all(query.updateTable("kernel.membership").set({ email }).where("id", "=", person.membershipId));
  });
  return person;
}
/** They have a passkey and signed in by it: what opens their account whatever becomes of the provider. */
async function passkey(person: TestPerson): Promise<void> {
  const pool = server.kernel.identityPool;
  await pool.query("update identity.session set assurance = 2 where user_id = $1", [person.userId]);
  await pool.query(
    `insert into identity.passkey (id, user_id, name, credential_id, public_key, counter, transports)
     values ($1, $2, 'Key', $1::uuid::text, '', 0, '{}')`,
    [uuidv7(), person.userId],
  );
}

describe("required single sign-on", () => {
  test("IDN-03 people of the domain come in by their provider alone; guests of other domains and one owner otherwise", async () => {
    const at = await world.space();
    const member = await withPassword(at, "member", at.domain);
    const guest = await withPassword(at, "member", "guest.example");
    const glass = await withPassword(at, "owner", at.domain);
    expect(await enter(member.session)).toBe("in");
    await passkey(glass);
    expect(await force(at, { forced: true, breakGlassId: glass.membershipId })).toBe(204);
    expect(await enter(member.session)).toBe("kernel.sso_required");
    expect(await enter(guest.session)).toBe("in");
    const done = await world.signIn(at, { claims: world.person(at) });
    expect(await enter({ ...member.session, token: done.token ?? "" })).toBe("in");
    expect(await enter(glass.session)).toBe("in");
    // Whoever dropped the factor since does not come in by the password alone.
    await server.kernel.identityPool.query("delete from identity.passkey where user_id = $1", [glass.userId]);
    await server.kernel.identityPool.query("update identity.session set assurance = 1 where user_id = $1", [
      glass.userId,
    ]);
    expect(await enter(glass.session)).toBe("kernel.second_factor_required");
    expect(await discovered(at)).toMatchObject({ forced: true });
    expect(await force(at, { forced: false, breakGlassId: null })).toBe(204);
    expect(await enter(member.session)).toBe("in");
  });

  test("IDN-03 the owner who goes around it leaves an event of its own; others do not", async () => {
    const at = await world.space();
    const glass = await withPassword(at, "owner", at.domain);
    const member = await withPassword(at, "member", at.domain);
    await noteBreakGlass(server.kernel, glass.userId, source);
    await passkey(glass);
    expect(await force(at, { forced: true, breakGlassId: glass.membershipId })).toBe(204);
    await noteBreakGlass(server.kernel, member.userId, source);
    await noteBreakGlass(server.kernel, glass.userId, source);
    const rows = await world.asDoor(
      "select row_id from kernel.ledger_inbox where tenant_id = $1 and action = 'kernel.sso.break_glass'",
      [at.id],
    );
    expect(rows).toEqual([{ row_id: glass.membershipId }]);
  });

  test("IDN-03 it can't be required without a way in: domain, connection in use, an active owner", async () => {
    const at = await world.space();
    const member = await withPassword(at, "member", at.domain);
    const owner = at.owner.membershipId;
    expect(await force(at, { forced: true, breakGlassId: null })).toBe(422);
    expect(await force(at, { forced: true, breakGlassId: member.membershipId })).toBe(422);
    // An owner who could not come in while the provider is away is nobody's emergency exit.
    const bare = await server.as(at.owner)("PUT", "/api/sso/force", { forced: true, breakGlassId: owner });
    expect([bare.status, (await bare.json()).code]).toEqual([422, "sso.break_glass_bare"]);
    await passkey(at.owner);
    const call = server.as(at.owner);
    await call("POST", `/api/sso/connections/${at.connection}/enable`, { enabled: false });
    expect(await force(at, { forced: true, breakGlassId: owner })).toBe(409);
    await call("POST", `/api/sso/connections/${at.connection}/enable`, { enabled: true });
    expect(await force(at, { forced: true, breakGlassId: owner })).toBe(204);
    const off = await call("POST", `/api/sso/connections/${at.connection}/enable`, { enabled: false });
    expect([off.status, (await off.json()).code]).toEqual([409, "sso.domain_forced"]);
    expect((await call("DELETE", `/api/sso/connections/${at.connection}`)).status).toBe(409);
    expect((await call("DELETE", `/api/sso/domains/${at.domainId}`)).status).toBe(409);
  });

  test("IDN-03 a domain that is verified no more is forced no more", async () => {
    const at = await world.space();
    const gate = async () =>
      (await world.asDoor("select sso_forced_domains as domains from kernel.workspace where id = $1", [at.id]))[0]?.[
        "domains"
      ];
    await passkey(at.owner);
    expect(await force(at, { forced: true, breakGlassId: at.owner.membershipId })).toBe(204);
    expect(await gate()).toEqual([at.domain]);
    const gone = async () => ({ texts: [] });
    await recheckDomains(server.kernel, gone, new Date(Date.now() + 2 * 86_400_000));
    await recheckDomains(server.kernel, gone, new Date(Date.now() + 6 * 86_400_000));
    expect(await gate()).toBeNull();
    expect(await discovered(at)).toBeNull();
  });

  test("IDN-03 members may neither see nor change any of it", async () => {
    const at = await world.space();
    const call = server.as(await server.kernel.addPerson(at.id, "member"));
    expect((await call("GET", "/api/sso")).status).toBe(403);
    expect((await call("PUT", "/api/sso/force", { forced: false, breakGlassId: null })).status).toBe(403);
    expect((await call("POST", "/api/sso/domains", { domain: "x.example" })).status).toBe(403);
    expect((await call("POST", `/api/sso/connections/${at.connection}/test`)).status).toBe(403);
    const other = await world.space();
    expect((await server.as(other.owner)("DELETE", `/api/sso/connections/${at.connection}`)).status).toBe(404);
    expect((await server.as(other.owner)("POST", `/api/sso/connections/${at.connection}/test`)).status).toBe(404);
  });

  test("IDN-10 a connection, its requirement and a directory's token are somebody's own act, freshly proved", async () => {
    const at = await world.space();
    const key = await server.kernel.door.work(at.owner.session, "kernel.key.change", (tx) =>
      issueKey(tx, {
        membershipId: at.owner.membershipId,
        name: "robot",
        permissions: ["kernel.sso.read", "kernel.sso.change"],
        expiresAt: new Date(Date.now() + 3_600_000),
      }),
    );
    const cookie = { cookie: `probity-session=${at.owner.session.token}`, "probity-workspace": at.id };
    for (const credential of [{ authorization: `Bearer ${key.token}` }, cookie]) {
      const call = async (method: string, path: string, body: object) => {
        const headers = {
          ...credential,
          "probity-request": "1",
          "content-type": "application/json",
          ...(method === "PUT" ? { "if-match": '"1"' } : {}),
        };
        const answer = await fetch(`${server.origin}${path}`, { method, headers, body: JSON.stringify(body) });
        const text = await answer.text();
        return [answer.status, text === "" ? "" : JSON.parse(text).code];
      };
      const path = `/api/sso/connections/${at.connection}`;
      const may = { defaultRole: "admin", admitsNew: true, trustsMfa: true };
      const theirs = { kind: "oidc", name: "Theirs", issuer: "https://idp.example", clientId: "theirs", ...may };
      const asked = {
        changed: await call("PUT", path, theirs),
        enabled: await call("POST", `${path}/enable`, { enabled: true }),
        forced: await call("PUT", "/api/sso/force", { forced: false, breakGlassId: null }),
        directory: await call("POST", "/api/sso/directory/tokens", { name: "Okta" }),
      };
      const refused = [403, "kernel.step_up_required"];
      expect(asked).toEqual({ changed: refused, enabled: refused, forced: refused, directory: refused });
    }
    // Switched off at once by whoever may: stopping a way in waits for no proof.
    const off = await server.as(at.owner)("POST", `/api/sso/connections/${at.connection}/enable`, { enabled: false });
    expect(off.status).toBe(204);
  });
});
