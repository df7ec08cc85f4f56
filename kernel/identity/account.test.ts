import { hash } from "node:crypto";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTestKernel, type TestKernel } from "../testing/kernel.ts";
import { Problem } from "../work/problem.ts";
import { openIdentity, type Identity } from "./identity.ts";
import { acceptInvitation, invite } from "./invitation.ts";
import { hashPassword } from "./password.ts";
import { changePassword } from "./password-change.ts";
import { insertPerson } from "./person.ts";
import type { Challenge } from "./proof-of-work.ts";
import { completeRegistration, openOwnWorkspace, requestRegistration } from "./registration.ts";
import { requestReset, resetOf, resetPassword } from "./reset.ts";
import { listSessions, sessionProfile, startSession } from "./session.ts";
import { signIn } from "./sign-in.ts";
import { isVerified, requestVerification, verifyAddress } from "./verification.ts";

const password = "copper lantern folds 81";
const other = "brass kettle sings 92 x";
let kernel: TestKernel;
let identity: Identity;
let admin: Client;
let count = 0;

beforeAll(async () => {
  kernel = await openTestKernel();
  identity = openIdentity(kernel, { url: "http://localhost:3000", registration: true });
  admin = new Client(kernel.admin);
  await admin.connect();
  await admin.query("set role probity_owner");
});
afterAll(async () => {
  await admin.end();
  await kernel.close();
});

const source = () => ({ address: `10.7.${count >> 8}.${count++ & 255}`, requestId: "test" });
const newAddress = () => `person${count++}@example.test`;
async function addUser(): Promise<{ email: string; userId: string }> {
  const email = newAddress();
  const userId = await insertPerson(kernel.identityPool, { name: "Ada Byron", email, password });
  if (userId === undefined) throw new Error("taken");
  return { email, userId };
}
const enter = (email: string, secret = password) =>
  signIn(identity, { email, password: secret, source: source(), userAgent: "test" });
async function code(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Problem) return error.code;
    throw error;
  }
  return "done";
}
/** At once: each waits for its floor. */
const times = (many: number, run: () => Promise<unknown>) => Promise.all(Array.from({ length: many }, run));
/** Does the work a browser would do. */
function solved({ salt, target, max, expires, signature }: Challenge = identity.site.captcha.challenge()): string {
  for (let number = 0; number <= max; number += 1) {
    if (hash("sha256", `${salt}.${number}`, "hex") === target) {
      return [salt, target, max, expires, signature, number].join(".");
    }
  }
  throw new Error("not to be solved");
}
/** What was mailed to an address, the newest first. */
async function mailsTo(email: string): Promise<{ template: string; text: string; url: string }[]> {
  const found = await admin.query(
    "select id, template, sealed from identity.mail where sealed is not null order by id desc",
  );
  return found.rows
    .map((row) => ({ template: String(row.template), ...identity.post.open(row.id, row.sealed) }))
    .filter(({ to }) => to === email)
    .map(({ template, text }) => ({ template, text, url: /https?:\/\/\S+/.exec(text)?.[0] ?? "" }));
}
const tokenOf = (mail: { url: string } | undefined) => mail?.url.split("/").at(-1) ?? "";
const ask = (email: string) => requestReset(identity, { email, captcha: solved(), source: source() });

describe("password reset", () => {
  test("IDN-01 a mailed link changes the password once; every session ends, the lock opens, the person is told", async () => {
    const { email, userId } = await addUser();
    const { token: session } = await enter(email);
    await times(5, () => code(enter(email, "wrong lantern folds 81")));
    expect(await code(enter(email))).toBe("identity.sign_in_locked");
    await ask(email);
    const [mail] = await mailsTo(email);
    const token = tokenOf(mail);
    expect(mail?.template).toBe("identity.reset");
    expect(await resetOf(identity, token)).toEqual({ email });
    const tries = await Promise.all(
      [other, `${other}2`, `${other}3`].map((each) =>
        code(resetPassword(identity, token, { password: each, source: source() })),
      ),
    );
    expect(tries.toSorted()).toEqual(["account.link_ended", "account.link_ended", "done"]);
    expect(await sessionProfile(identity, session)).toBeUndefined();
    expect(await code(enter(email))).toBe("identity.sign_in_refused");
    const chosen = [other, `${other}2`, `${other}3`][tries.indexOf("done")] ?? "";
    expect((await enter(email, chosen)).userId).toBe(userId);
    expect(await isVerified(identity, userId)).toBe(true);
    expect((await mailsTo(email))[0]?.template).toBe("identity.password_changed");
  });

  test("IDN-05 nothing but the mail tells whether an address is known; disabled and unknown ones get none", async () => {
    const known = await addUser();
    const disabled = await addUser();
    const elsewhere = await addUser();
    await admin.query(`update identity."user" set disabled_at = now() where id = $1`, [disabled.userId]);
    await admin.query("update identity.account set provider_id = 'sso', password = null where user_id = $1", [
      elsewhere.userId,
    ]);
    const addresses = [known.email, disabled.email, elsewhere.email, "nobody-here@example.test", "no address"];
    const took = await Promise.all(
      addresses.map(async (email) => {
        const captcha = solved();
        const started = performance.now();
        expect(await requestReset(identity, { email, captcha, source: source() })).toBeUndefined();
        return performance.now() - started;
      }),
    );
    for (const time of took) expect(time).toBeGreaterThan(399);
    expect((await mailsTo(known.email)).map(({ template }) => template)).toEqual(["identity.reset"]);
    expect((await mailsTo(elsewhere.email)).map(({ template }) => template)).toEqual(["identity.no_password"]);
    expect(await mailsTo(disabled.email)).toEqual([]);
    expect(await mailsTo("nobody-here@example.test")).toEqual([]);
  });

  test("IDN-01 a link that is too old, replaced by its use or made up changes nothing; a weak password neither", async () => {
    const { email } = await addUser();
    await ask(email);
    await ask(email);
    const [second, first] = (await mailsTo(email)).map(tokenOf);
    const reset = (token: string | undefined, chosen = other) =>
      code(resetPassword(identity, token ?? "", { password: chosen, source: source() }));
    expect(await reset(first, "password1234567")).toBe("identity.password_refused");
    expect(await reset(`${first}x`)).toBe("account.link_ended");
    expect(await reset(first)).toBe("done");
    expect(await reset(second)).toBe("account.link_ended");
    await ask(email);
    const third = tokenOf((await mailsTo(email))[0]);
    await admin.query("update identity.one_time_link set expires_at = now() where email = $1", [email]);
    expect(await reset(third)).toBe("account.link_ended");
    const stored = await admin.query("select l::text as row from identity.one_time_link l");
    for (const { row } of stored.rows) expect(String(row)).not.toMatch(/pr_|re_|ve_/);
  });

  test("IDN-05 who asks again and again fills nobody's mailbox", async () => {
    const { email } = await addUser();
    for (let index = 0; index < 5; index += 1) await ask(email);
    expect(await mailsTo(email)).toHaveLength(3);
    const other = await addUser();
    await Promise.all(Array.from({ length: 6 }, () => ask(other.email)));
    expect(await mailsTo(other.email)).toHaveLength(3);
  });
});

describe("password change", () => {
  test("IDN-08 asks for the current one, ends the other sessions and gives this one a new token", async () => {
    const { email, userId } = await addUser();
    const first = await enter(email);
    const second = await enter(email);
    const change = (current: string, chosen: string, sessionToken = first.token) =>
      changePassword(identity, { sessionToken, current, password: chosen, source: source() });
    expect(await code(change("wrong lantern folds 81", other))).toBe("account.password_wrong");
    expect(await code(change(password, "AdaByron12345"))).toBe("identity.password_refused");
    expect(await listSessions(identity, userId)).toHaveLength(2);
    const fresh = await change(password, other);
    expect(await sessionProfile(identity, second.token)).toBeUndefined();
    expect(await sessionProfile(identity, first.token)).toBeUndefined();
    expect(await sessionProfile(identity, fresh.token)).toMatchObject({ userId });
    expect(await code(enter(email))).toBe("identity.sign_in_refused");
    expect((await enter(email, other)).userId).toBe(userId);
    expect(await code(change(other, password))).toBe("http.not_signed_in");
  });

  test("IDN-05 guesses at the current password count like sign-ins", async () => {
    const { email } = await addUser();
    const { token } = await enter(email);
    const guess = () =>
      code(changePassword(identity, { sessionToken: token, current: "x", password: other, source: source() }));
    const seen = await Promise.all(Array.from({ length: 20 }, guess));
    expect(seen.filter((each) => each === "account.password_wrong")).toHaveLength(5);
    expect(seen.filter((each) => each === "identity.sign_in_locked")).toHaveLength(15);
  });
});

describe("lockout mail", () => {
  test("IDN-05 the person is told when their account locks, once in six hours, and nobody else is", async () => {
    const { email } = await addUser();
    for (let round = 0; round < 2; round += 1) {
      await Promise.all(Array.from({ length: 9 }, () => code(enter(email, "wrong lantern folds 81"))));
      await admin.query("delete from identity.sign_in_guard");
    }
    await times(6, () => code(enter("nobody-there@example.test")));
    expect((await mailsTo(email)).map(({ template }) => template)).toEqual(["identity.locked"]);
    expect(await mailsTo("nobody-there@example.test")).toEqual([]);
    const patient = await addUser();
    await times(4, () => code(enter(patient.email, "wrong lantern folds 81")));
    await enter(patient.email);
    expect(await mailsTo(patient.email)).toEqual([]);
  });
});

describe("registration", () => {
  const begin = (email: string) => requestRegistration(identity, { email, captcha: solved(), source: source() });
  const finish = (token: string, more: { password?: string; name?: string } = {}) =>
    completeRegistration(identity, token, {
      name: more.name ?? "Ben Kos",
      password: more.password ?? password,
      workspace: { name: "Kos & Söhne", preset: "regulatory-docs" },
      source: source(),
      userAgent: null,
    });

  test("IDN-01 who reads the mailbox opens an account with a workspace of its own, once", async () => {
    const email = newAddress();
    await begin(email);
    const token = tokenOf((await mailsTo(email))[0]);
    expect((await admin.query(`select 1 from identity."user" where email = $1`, [email])).rowCount).toBe(0);
    const made = await finish(token);
    expect(made.slug).toMatch(/^kos-sohne-[0-9a-f]{6}$/);
    expect(await sessionProfile(identity, made.session.token)).toMatchObject({
      email,
      workspaces: [{ id: made.workspaceId, role: "owner" }],
    });
    expect(await isVerified(identity, made.session.userId)).toBe(true);
    expect(await code(finish(token))).toBe("account.link_ended");
    const opened = await openOwnWorkspace(identity, {
      sessionToken: made.session.token,
      workspace: { name: "Second", preset: "lab" },
      source: source(),
    });
    expect((await sessionProfile(identity, made.session.token))?.workspaces.map(({ id }) => id)).toEqual([
      made.workspaceId,
      opened.workspaceId,
    ]);
  });

  test("IDN-05 a known address gets the same answer and another mail", async () => {
    const { email } = await addUser();
    await begin(email);
    expect((await mailsTo(email)).map(({ template, url }) => [template, url])).toEqual([
      ["identity.known", "http://localhost:3000/signin"],
    ]);
  });

  test("IDN-01 it is off unless the operator turned it on", async () => {
    const off: Identity = { ...identity, site: { ...identity.site, registration: false } };
    expect(await code(requestRegistration(off, { email: newAddress(), captcha: solved(), source: source() }))).toBe(
      "account.registration_off",
    );
    const { email } = await addUser();
    const { token } = await enter(email);
    const wanted = { sessionToken: token, workspace: { name: "Second", preset: "lab" }, source: source() };
    expect(await code(openOwnWorkspace(off, wanted))).toBe("account.registration_off");
  });

  test("IDN-01 an account laid for another before they come is worth nothing once they come", async () => {
    // The attacker, owner of a workspace, invites the victim's address, sees the link and uses it themselves.
    const acme = await kernel.foundWorkspace(`lair-${count++}`);
    const attacker = await kernel.addPerson(acme, "owner");
    const victim = newAddress();
    const { token } = await kernel.door.work(attacker.session, "kernel.people.change", (tx) =>
      invite(tx, { email: victim, role: "member" }),
    );
    const laid = await acceptInvitation(identity, token, {
      name: "V",
      password: "attackers own words 7",
      source: source(),
      userAgent: null,
    });
    const { userId } = laid.session;
    await startSession(identity, { userId, source: source(), userAgent: null });
    await admin.query(
      "insert into identity.account (id, user_id, account_id, provider_id) values (gen_random_uuid(), $1, 'attacker', 'google')",
      [userId],
    );
    expect(await isVerified(identity, userId)).toBe(false);
    // They can't have the victim confirm it: the link needs the account's own session.
    await requestVerification(identity, laid.session.token);
    const [mail] = await mailsTo(victim);
    const bystander = await addUser();
    const { token: foreign } = await enter(bystander.email);
    expect(await code(verifyAddress(identity, tokenOf(mail), { sessionToken: foreign, source: source() }))).toBe(
      "account.link_for_another",
    );
    expect(await isVerified(identity, userId)).toBe(false);
    // The victim comes, hears that there is an account, and proves the mailbox.
    await begin(victim);
    expect((await mailsTo(victim))[0]?.template).toBe("identity.known");
    await ask(victim);
    await resetPassword(identity, tokenOf((await mailsTo(victim))[0]), { password: other, source: source() });
    expect(await listSessions(identity, userId)).toEqual([]);
    expect(await code(enter(victim, "attackers own words 7"))).toBe("identity.sign_in_refused");
    const left = await admin.query("select provider_id from identity.account where user_id = $1", [userId]);
    expect(left.rows).toEqual([{ provider_id: "credential" }]);
    expect((await enter(victim, other)).userId).toBe(userId);
  });

  test("IDN-01 an invitation confirms the address only when its link went by mail alone", async () => {
    const acme = await kernel.foundWorkspace(`mailed-${count++}`);
    const boss = await kernel.addPerson(acme, "admin");
    for (const mailed of [true, false]) {
      const email = newAddress();
      const { token } = await kernel.door.work(boss.session, "kernel.people.change", (tx) =>
        invite(tx, { email, role: "member", mailed }),
      );
      const { session } = await acceptInvitation(identity, token, {
        name: "Cleo",
        password,
        source: source(),
        userAgent: null,
      });
      expect(await isVerified(identity, session.userId)).toBe(mailed);
      if (mailed) continue;
      await requestVerification(identity, session.token);
      await verifyAddress(identity, tokenOf((await mailsTo(email))[0]), {
        sessionToken: session.token,
        source: source(),
      });
      expect(await isVerified(identity, session.userId)).toBe(true);
    }
  });
});

describe("a change in between", () => {
  test("IDN-08 a sign-in with the old password that ends after the change gets no session", async () => {
    const { email, userId } = await addUser();
    const fresh = await hashPassword(other);
    // The change holds the account's row until the sign-in has compared the old hash and waits for it.
    const change = new Client(kernel.admin);
    await change.connect();
    await change.query("set role probity_owner");
    await change.query("begin");
    await change.query("update identity.account set password = $2 where user_id = $1", [userId, fresh]);
    const tried = code(enter(email));
    const end = Date.now() + 20_000;
    let waits = 0;
    while (waits === 0) {
      if (Date.now() > end) throw new Error("the sign-in did not wait for the change");
      const found = await admin.query(
        `select count(*)::int as n from pg_locks w where not w.granted and exists (
           select 1 from pg_locks h join pg_database d on d.oid = h.database where h.pid = w.pid and d.datname = current_database())`,
      );
      waits = found.rows[0].n;
      if (waits === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await change.query("commit");
    await change.end();
    expect(await tried).toBe("identity.sign_in_refused");
    expect(await listSessions(identity, userId)).toEqual([]);
  });
});
