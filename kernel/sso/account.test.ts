import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { removeMember } from "../identity/people.ts";
import { insertPerson } from "../identity/person.ts";
import { issueTestKey } from "../testing/kernel.ts";
import { openOidcWorld, type OidcWorld } from "../testing/sso/oidc-world.ts";

let count = 0;
let world: OidcWorld;
let server: OidcWorld["server"];
beforeAll(async () => {
  world = await openOidcWorld();
  ({ server } = world);
});
afterAll(() => world?.close());

describe("accounts of others", () => {
  test("IDN-03 whoever registered an address ahead of its owner has no part in the owner's account", async () => {
    const at = await world.space();
    const claims = world.person(at);
    const squatter = await insertPerson(server.kernel.identityPool, {
      name: "Squatter",
      email: claims.email,
      password: "copper lantern folds 81",
    });
    await server.kernel.identityPool.query(
      "insert into identity.session (id, user_id, token, expires_at) values (gen_random_uuid(), $1, 'squat', now() + interval '1 day')",
      [squatter],
    );
    const done = await world.signIn(at, { claims });
    const session = await world.sessionOf(done.token);
    expect(session?.user_id).not.toBe(squatter);
    const left = await server.kernel.identityPool.query(
      `select 1 from identity."user" where id = $1 union all select 1 from identity.session where token = 'squat'
       union all select 1 from identity.account where user_id = $2 and password is not null`,
      [squatter, session?.user_id],
    );
    expect(left.rowCount).toBe(0);
  });

  test("IDN-03 a member nobody ever confirmed keeps their place and nothing else that opened the account; an owner keeps all", async () => {
    const at = await world.space();
    const [member, owner] = [
      await server.kernel.addPerson(at.id, "member"),
      await server.kernel.addPerson(at.id, "owner"),
    ];
    const pool = server.kernel.identityPool;
    const key = await issueTestKey(server.kernel, owner, { permissions: ["kernel.people.read"] });
    for (const { userId } of [member, owner]) {
      await pool.query(`update identity."user" set email = $2 where id = $1`, [userId, `m${count++}@${at.domain}`]);
      await pool.query(
        "insert into identity.account (id, user_id, account_id, provider_id, password) values (gen_random_uuid(), $1::uuid, $1::text, 'credential', 'a hash')",
        [userId],
      );
    }
    const address = async (userId: string) =>
      (await pool.query<{ email: string }>(`select email from identity."user" where id = $1`, [userId])).rows[0]?.email;
    const ways = async (userId: string) =>
      (await pool.query("select 1 from identity.account where user_id = $1 and password is not null", [userId]))
        .rowCount;
    const done = await world.signIn(at, { claims: world.person(at, { email: await address(member.userId) }) });
    expect(await world.sessionOf(done.token)).toMatchObject({ user_id: member.userId, sso_tenant_id: at.id });
    expect(await ways(member.userId)).toBe(0);
    await expect(
      server.kernel.door.work(member.session, "kernel.home.read", async () => undefined),
    ).rejects.toMatchObject({ code: "kernel.session_ended" });
    const owned = await world.signIn(at, { claims: world.person(at, { email: await address(owner.userId) }) });
    expect(await world.sessionOf(owned.token)).toMatchObject({ user_id: owner.userId });
    expect(await ways(owner.userId)).toBe(1);
    await server.kernel.door.work(
      { ...owner.session, kind: "key", token: key },
      "kernel.people.read",
      async () => undefined,
    );
  });

  test("IDN-03 a provider switched off, moved or taken away ends the sessions it vouched for; another issuer's names for people go", async () => {
    const at = await world.space();
    const claims = world.person(at);
    const signedIn = async () => {
      const { token } = await world.signIn(at, { claims });
      expect(await world.sessionOf(token)).toBeDefined();
      return token;
    };
    const links = async () =>
      (
        await server.kernel.identityPool.query("select 1 from identity.account where provider_id = $1", [
          `sso:${at.connection}`,
        ])
      ).rowCount;
    const call = server.as(at.owner);
    const path = `/api/sso/connections/${at.connection}`;
    const body = (clientId: string, version: number) =>
      call(
        "PUT",
        path,
        {
          kind: "oidc",
          name: "Test provider",
          issuer: world.provider.origin,
          clientId,
          clientSecret: world.provider.clientSecret,
          defaultRole: "member",
          admitsNew: true,
          trustsMfa: false,
        },
        version,
      );
    let token = await signedIn();
    const elsewhere = await world.space();
    const others = await world.signIn(elsewhere, { claims: world.person(elsewhere) });
    expect((await call("POST", `${path}/enable`, { enabled: false })).status).toBe(204);
    expect(await world.sessionOf(token)).toBeUndefined();
    expect(await links()).toBe(1);
    await call("POST", `${path}/enable`, { enabled: true });
    token = await signedIn();
    const listed: { connections: { version: number }[] } = await (await call("GET", "/api/sso")).json();
    // The same once more changes nothing for anybody; another client is another provider.
    expect((await body(world.provider.clientId, listed.connections[0]?.version ?? 0)).status).toBe(204);
    expect(await world.sessionOf(token)).toBeDefined();
    expect((await body("another-client", (listed.connections[0]?.version ?? 0) + 1)).status).toBe(204);
    expect(await world.sessionOf(token)).toBeUndefined();
    expect(await links()).toBe(0);
    expect(await world.sessionOf(others.token)).toBeDefined();
  });

  test("IDN-03 an unconfirmed account that belongs to another workspace is not linked and not harmed", async () => {
    const at = await world.space();
    const elsewhere = await server.workspace(`elsewhere${count++}.example`);
    const member = await server.kernel.addPerson(elsewhere.id, "member");
    const email = `member${count++}@${at.domain}`;
    await server.kernel.identityPool.query(`update identity."user" set email = $2 where id = $1`, [
      member.userId,
      email,
    ]);
    const done = await world.signIn(at, { claims: world.person(at, { email }) });
    expect(done).toMatchObject({ location: "/signin?sso=sso.account_elsewhere", token: undefined });
    const kept = await server.kernel.identityPool.query(`select 1 from identity.session where user_id = $1`, [
      member.userId,
    ]);
    expect(kept.rowCount).toBe(1);
  });

  test("IDN-03 another tenant's provider can't speak for this one's people: neither by address nor by subject", async () => {
    const victim = await world.space();
    const evil = await world.space({ trustsMfa: true });
    const claims = world.person(victim);
    const first = await world.signIn(victim, { claims });
    const known = await world.sessionOf(first.token);
    const byAddress = await world.signIn(evil, { claims });
    expect(byAddress).toMatchObject({ location: "/signin?sso=sso.email_foreign", token: undefined });
    const bySubject = await world.signIn(evil, {
      claims: { ...claims, email: `x${count++}@${evil.domain}`, amr: ["mfa"] },
    });
    const session = await world.sessionOf(bySubject.token);
    expect(session).toMatchObject({ sso_tenant_id: evil.id });
    expect(session?.user_id).not.toBe(known?.user_id);
  });

  test("IDN-03 a session that one workspace's provider made opens no other workspace of that person", async () => {
    const at = await world.space({ trustsMfa: true });
    const elsewhere = await server.workspace(`elsewhere${count++}.example`);
    const member = await server.kernel.addPerson(elsewhere.id, "admin");
    const email = `member${count++}@${at.domain}`;
    await server.kernel.identityPool.query(
      `update identity."user" set email = $2, email_verified = true where id = $1`,
      [member.userId, email],
    );
    const done = await world.signIn(at, { claims: world.person(at, { email, amr: ["mfa"] }) });
    const session = await world.sessionOf(done.token);
    expect(session).toMatchObject({ user_id: member.userId, sso_tenant_id: at.id });
    const enter = (workspace?: string) =>
      server.kernel.door
        .work(
          { ...member.session, token: done.token ?? "", workspace },
          "kernel.home.read",
          async (tx) => tx.who.tenantId,
        )
        .catch((error: unknown) => (error instanceof Error ? error.message : "refused"));
    expect(await enter(at.id)).toBe(at.id);
    expect(await enter()).toBe(at.id);
    expect(await enter(elsewhere.id)).toBe("kernel.not_found");
  });

  test("IDN-03 somebody who was removed stays out, and nobody comes in where newcomers are not admitted", async () => {
    const at = await world.space();
    const claims = world.person(at);
    const first = await world.signIn(at, { claims });
    const user = await world.sessionOf(first.token);
    const rows = await server.kernel.acrossPool.query(
      "select id from kernel.membership where tenant_id = $1 and user_id = $2",
      [at.id, user?.user_id],
    );
    await server.kernel.door.work(at.owner.session, "kernel.people.change", (tx) =>
      removeMember(tx, String(rows.rows[0].id)),
    );
    expect(await world.sessionOf(first.token)).toBeUndefined();
    expect(await world.signIn(at, { claims })).toMatchObject({
      location: "/signin?sso=sso.membership_ended",
      token: undefined,
    });
    const closed = await world.space({ admitsNew: false });
    expect(await world.signIn(closed, { claims: world.person(closed) })).toMatchObject({
      location: "/signin?sso=sso.membership_ended",
      token: undefined,
    });
  });

  test("IDN-05 which addresses have accounts is not told: discovery looks at the domain alone", async () => {
    const at = await world.space();
    const known = world.person(at);
    await world.signIn(at, { claims: known });
    const ask = async (email: string) =>
      (await (await server.browser().post("/api/sso/discover", { email })).json()).connection;
    expect(await ask(known.email)).toEqual(await ask(`nobody@${at.domain}`));
    expect(await ask("nobody@unknown.example")).toBeNull();
    expect(await ask(known.email)).toMatchObject({ name: "Test provider", forced: false });
  });

  test("IDN-08 a sign-in leaves its event, done or refused, in the workspace's log, without the address", async () => {
    const at = await world.space();
    await world.signIn(at, { claims: world.person(at) });
    await world.signIn(at, { claims: world.person(at, { email_verified: false }) });
    // Waiting for its place or placed: how soon the sequencer comes by is not what is asked here.
    const rows = await world.asDoor(
      `select leaf ->> 'outcome' as outcome, leaf::text as text from (
         select convert_from(leaf, 'UTF8')::jsonb as leaf from kernel.ledger_inbox where tenant_id = $1
         union all select convert_from(leaf, 'UTF8')::jsonb from kernel.ledger_event where tenant_id = $1) staged
       where leaf ->> 'action' = 'kernel.session.start' order by leaf ->> 'at', leaf ->> 'id'`,
      [at.id],
    );
    expect(rows.map((row) => row["outcome"])).toEqual(["done", "refused"]);
    // A hash in hexadecimal may hold the name by chance; the address has its domain.
    for (const part of ["ada@", at.domain]) expect(JSON.stringify(rows)).not.toContain(part);
  });

  test("IDN-04 who has a second factor of their own is asked for it, whatever the provider says and the workspace trusts", async () => {
    for (const trustsMfa of [false, true]) {
      const at = await world.space({ trustsMfa });
      const claims = world.person(at, { amr: ["mfa"] });
      const first = await world.sessionOf((await world.signIn(at, { claims })).token);
      await server.kernel.identityPool.query(`update identity."user" set second_factor_at = now() where id = $1`, [
        first?.user_id,
      ]);
      const done = await world.signIn(at, { claims });
      const session = await world.sessionOf(done.token);
      expect([done.location, session]).toEqual([`/signin?to=%2Fw%2F${at.slug}%2Fhome`, undefined]);
    }
  });
});
