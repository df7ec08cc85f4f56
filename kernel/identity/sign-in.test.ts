import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTestKernel, type TestKernel } from "../testing/kernel.ts";
import { Problem } from "../work/problem.ts";
import { instanceTenantId } from "../work/credential.ts";
import { defaultAccountLimits } from "../limits/account-limit.ts";
import { InstanceLimits } from "../policy/instance.ts";
import { network } from "./guard.ts";
import { admit } from "./membership.ts";
import { hashPassword } from "./password.ts";
import { openIdentity, type Identity } from "./identity.ts";
import { insertPerson } from "./person.ts";
import { endSession, listSessions, sessionProfile, signOut } from "./session.ts";
import { signIn } from "./sign-in.ts";

const password = "copper lantern folds 81";
let kernel: TestKernel;
let identity: Identity;
let admin: Client;
let count = 0;

beforeAll(async () => {
  kernel = await openTestKernel();
  identity = openIdentity(kernel, { url: "http://localhost:3000" });
  admin = new Client(kernel.admin);
  await admin.connect();
  await admin.query("set role probity_owner");
});
afterAll(async () => {
  await admin.end();
  await kernel.close();
});

/** Each test comes from an address of its own: the lockout counts per source. */
const source = () => ({ address: `10.0.${count >> 8}.${count++ & 255}`, requestId: "test" });
async function addUser(): Promise<{ email: string; userId: string }> {
  const email = `person${count++}@example.test`;
  const userId = await insertPerson(kernel.identityPool, { name: "Ada Byron", email, password });
  if (userId === undefined) throw new Error("taken");
  return { email, userId };
}
const enter = (
  email: string,
  secret = password,
  more: { previousToken?: string; source?: ReturnType<typeof source> } = {},
) => signIn(identity, { email, password: secret, source: source(), userAgent: "test", ...more });
async function refusal(work: Promise<unknown>): Promise<Problem> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error("was not refused");
}

describe("sign-in", () => {
  test("IDN-01 the right password signs in, whatever the case of the address", async () => {
    const { email, userId } = await addUser();
    const session = await enter(email.toUpperCase());
    expect(session.userId).toBe(userId);
    expect(session.expiresAt.getTime()).toBeGreaterThan(Date.now());
    expect(await sessionProfile(identity, session.token)).toMatchObject({ userId, email, workspaces: [] });
  });

  test("IDN-08 the session table never holds a token, and what it holds signs nobody in", async () => {
    const { email } = await addUser();
    const { token } = await enter(email);
    const rows = await admin.query("select s::text as row, token from identity.session s");
    expect(rows.rows.some(({ row }) => String(row).includes(token))).toBe(false);
    for (const { token: stored } of rows.rows) {
      expect(stored).toMatch(/^[0-9a-f]{64}$/);
      expect(await sessionProfile(identity, stored)).toBeUndefined();
    }
  });

  test("IDN-01 passwords are stored as Argon2id with 9 MiB, four passes, one lane", async () => {
    const { userId } = await addUser();
    const found = await admin.query("select password from identity.account where user_id = $1", [userId]);
    expect(found.rows[0].password).toMatch(/^\$argon2id\$v=19\$m=9216,t=4,p=1\$/);
  });

  test("IDN-05 unknown address, wrong password and disabled person get one answer", async () => {
    const { email } = await addUser();
    const disabled = await addUser();
    await kernel.identityPool.query(`update identity."user" set disabled_at = now() where id = $1`, [disabled.userId]);
    const answers = await Promise.all([
      refusal(enter("nobody@example.test")),
      refusal(enter("not an address")),
      refusal(enter(email, "copper lantern folds 82")),
      refusal(enter(email, "x".repeat(5000))),
      refusal(enter(disabled.email)),
    ]);
    for (const { status, code, detail } of answers) {
      expect({ status, code, detail }).toEqual({
        status: 401,
        code: "identity.sign_in_refused",
        detail: answers[0]?.detail,
      });
    }
    expect(await listSessions(identity, disabled.userId)).toEqual([]);
  });

  test("IDN-08 a new sign-in ends the session the browser presented, and gives a new token", async () => {
    const { email } = await addUser();
    const first = await enter(email);
    const second = await enter(email, password, { previousToken: first.token });
    expect(second.token).not.toBe(first.token);
    expect(await sessionProfile(identity, first.token)).toBeUndefined();
    expect(await sessionProfile(identity, second.token)).toBeDefined();
  });

  test("IDN-08 sign-out ends the session on the server", async () => {
    const { email } = await addUser();
    const { token } = await enter(email);
    await signOut(identity, token, source());
    expect(await sessionProfile(identity, token)).toBeUndefined();
    await signOut(identity, token, source());
  });

  test("IDN-08 a person sees and ends their own sessions and nobody else's", async () => {
    const mine = await addUser();
    const other = await addUser();
    await enter(mine.email, password, { source: { address: "10.9.9.9", requestId: "test" } });
    const { token } = await enter(other.email);
    const [listed] = await listSessions(identity, mine.userId);
    expect(listed).toMatchObject({ address: "10.9.9.9", userAgent: "test" });
    const [foreign] = await listSessions(identity, other.userId);
    if (!listed || !foreign) throw new Error("not listed");
    const person = { userId: mine.userId, source: source() };
    expect((await refusal(endSession(identity, { ...person, sessionId: foreign.id }))).status).toBe(404);
    expect(await sessionProfile(identity, token)).toBeDefined();
    await endSession(identity, { ...person, sessionId: listed.id });
    expect(await listSessions(identity, mine.userId)).toEqual([]);
  });
});

describe("lockout", () => {
  const wrong = (email: string, from = source()) => refusal(enter(email, "wrong lantern folds 81", { source: from }));
  const codes = async (tries: Promise<Problem>[]) => {
    const counted = new Map<string, number>();
    for (const { code } of await Promise.all(tries)) counted.set(code, (counted.get(code) ?? 0) + 1);
    return counted;
  };
  /** At once: each waits for its floor. */
  const times = (many: number, run: () => Promise<unknown>) => Promise.all(Array.from({ length: many }, run));
  const later = (minutes: number) =>
    admin.query(
      `update identity.sign_in_guard g set locked_until = locked_until - make_interval(mins => $1),
         attempts = (select coalesce(array_agg(a - make_interval(mins => $1) order by a), '{}') from unnest(g.attempts) a)`,
      [minutes],
    );

  test("IDN-05 of 50 parallel guesses at one account from 50 sources, 5 are checked", async () => {
    const { email } = await addUser();
    const counted = await codes(Array.from({ length: 50 }, () => wrong(email)));
    expect(Object.fromEntries(counted)).toEqual({ "identity.sign_in_refused": 5, "identity.sign_in_locked": 45 });
    expect((await refusal(enter(email))).code).toBe("identity.sign_in_locked");
  });

  test("IDN-06 the operator's own number of failed sign-ins is the one in force, and the one the answer names", async () => {
    const { kernel } = identity;
    const accountLimits = new InstanceLimits({ ...defaultAccountLimits, signIn: { attempts: 2, windowMinutes: 20 } });
    const stricter = { ...identity, kernel: { ...kernel, accountLimits } };
    const source = { address: "192.0.2.77", requestId: "test" };
    const guess = (email: string) =>
      signIn(stricter, { email, password: "no such words", source, userAgent: null }).catch((error: unknown) => error);
    await guess("one@example.test");
    await guess("two@example.test");
    expect(await guess("three@example.test")).toMatchObject({
      code: "identity.sign_in_locked",
      headers: { "retry-after": "1200" },
      message: expect.anything(),
    });
  });

  test("IDN-05 of 50 parallel guesses at 50 accounts from one source, 5 are checked", async () => {
    const from = source();
    const counted = await codes(Array.from({ length: 50 }, (_, index) => wrong(`guess${index}@example.test`, from)));
    expect(Object.fromEntries(counted)).toEqual({ "identity.sign_in_refused": 5, "identity.sign_in_locked": 45 });
  });

  test("IDN-05 an account nobody has locks like one that exists", async () => {
    const { email } = await addUser();
    const answers = await Promise.all(
      [email, "nobody-here@example.test"].map(async (each) => {
        const seen = [];
        for (let index = 0; index < 7; index += 1) {
          const { status, code, detail, headers } = await wrong(each);
          seen.push({ status, code, detail, headers });
        }
        return seen;
      }),
    );
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[0]?.[6]).toMatchObject({ status: 429, headers: { "retry-after": "900" } });
  });

  test("IDN-05 the lock ends by itself after 15 minutes, and not before", async () => {
    const { email } = await addUser();
    await times(5, () => wrong(email));
    await later(14);
    expect((await refusal(enter(email))).code).toBe("identity.sign_in_locked");
    await later(2);
    expect((await enter(email)).token).toBeTruthy();
  });

  test("IDN-05 failures count over any 15 minutes; a sign-in in between forgets the account's", async () => {
    const { email } = await addUser();
    await times(4, () => wrong(email));
    await later(10);
    await wrong(email);
    expect((await refusal(enter(email))).code).toBe("identity.sign_in_locked");
    const other = await addUser();
    await times(4, () => wrong(other.email));
    await enter(other.email);
    expect((await wrong(other.email)).code).toBe("identity.sign_in_refused");
  });

  test("IDN-05 one's own sign-in does not wash away the guesses of the same source", async () => {
    const mine = await addUser();
    const victim = await addUser();
    const from = source();
    for (let index = 0; index < 5; index += 1) {
      await wrong(victim.email, from);
      if (index < 4) await enter(mine.email, password, { source: from });
    }
    expect((await refusal(enter(mine.email, password, { source: from }))).code).toBe("identity.sign_in_locked");
  });

  test("IDN-05 the lockout's table names no account and no address", async () => {
    const { email } = await addUser();
    await wrong(email, { address: "203.0.113.77", requestId: "test" });
    const rows = await admin.query("select key from identity.sign_in_guard");
    for (const { key } of rows.rows) expect(key).toMatch(/^[\w-]{43}$/);
  });

  test.each([
    ["203.0.113.7", "203.0.113.7"],
    ["::ffff:203.0.113.7", "203.0.113.7"],
    ["2001:db8:0:0:1::5", "2001:db8:0:0::/64"],
    ["2001:DB8::1", "2001:db8:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    [null, "none"],
  ])("%s counts as %s", (address, counted) => expect(network(address)).toBe(counted));
});

describe("what a sign-in tells", () => {
  test("IDN-05 unknown address, wrong password, many workspaces, disabled: all refusals take as long", async () => {
    const known = await addUser();
    const disabled = await addUser();
    const busy = await addUser();
    await kernel.identityPool.query(`update identity."user" set disabled_at = now() where id = $1`, [disabled.userId]);
    for (let index = 0; index < 5; index += 1) {
      const workspace = await kernel.foundWorkspace(`busy-${count++}`);
      const person = { userId: busy.userId, name: "Busy", email: busy.email, role: "member" } as const;
      await kernel.door.work(kernel.system(workspace), "kernel.membership.accept", (tx) => admit(tx, person));
    }
    const kinds = {
      unknown: () => enter("nobody-at-all@example.test"),
      wrong: () => enter(known.email, "wrong lantern folds 81"),
      busy: () => enter(busy.email, "wrong lantern folds 81"),
      disabled: () => enter(disabled.email),
    };
    const times = new Map<string, number[]>();
    // Four kinds side by side, one of each: they wait for the floor most of the time.
    for (let round = 0; round < 21; round += 1) {
      await admin.query("delete from identity.sign_in_guard");
      await Promise.all(
        Object.entries(kinds).map(async ([kind, attempt]) => {
          const started = performance.now();
          await refusal(attempt());
          times.set(kind, [...(times.get(kind) ?? []), performance.now() - started]);
        }),
      );
    }
    // The floor hides the differences. A busy machine can only add to a time: of many, the least is what the kind costs.
    const least = [...times.values()].map((each) => Math.min(...each));
    for (const [kind, each] of times) {
      expect([kind, Math.min(...each) > 248]).toEqual([kind, true]);
    }
    expect(Math.max(...least) - Math.min(...least)).toBeLessThan(40);
  });

  test("IDN-05 every outcome leaves its leaf, in the instance's log and in the person's workspaces", async () => {
    const workspace = await kernel.foundWorkspace(`acme-${count++}`);
    const person = await kernel.addPerson(workspace, "member");
    await admin.query(
      "insert into identity.account (id, user_id, account_id, provider_id, password) values ($1, $1, $2, 'credential', $3)",
      [person.userId, person.userId, await hashPassword(password)],
    );
    const profile = await sessionProfile(identity, person.session.token);
    const email = profile?.email ?? "";
    await refusal(enter(email, "wrong lantern folds 81"));
    const { token } = await enter(email);
    await signOut(identity, token, source());
    await admin.query("set role probity_door");
    const events = await admin.query(
      `select l.tenant_id, l.action, b.body ->> 'outcome' as outcome, l.row_id, l.leaf
       from (select tenant_id, action, row_id, leaf from kernel.ledger_inbox
             union all select tenant_id, action, row_id, leaf from kernel.ledger_event) l
       cross join lateral (select convert_from(l.leaf, 'UTF8')::jsonb as body) b
       where l.action like 'kernel.session.%' order by b.body ->> 'id' desc`,
    );
    await admin.query("set role probity_owner");
    const outcomes = (tenant: string) =>
      events.rows
        .filter((row) => row.tenant_id === tenant)
        .slice(0, 3)
        .map((row) => [row.action, row.outcome, row.row_id]);
    expect(outcomes(workspace)).toEqual([
      ["kernel.session.end", "done", person.membershipId],
      ["kernel.session.start", "done", person.membershipId],
      ["kernel.session.start", "refused", person.membershipId],
    ]);
    expect(outcomes(instanceTenantId)).toEqual([
      ["kernel.session.end", "done", null],
      ["kernel.session.start", "done", null],
      ["kernel.session.start", "refused", null],
    ]);
    for (const { leaf } of events.rows) {
      expect(String(leaf)).not.toMatch(/@|10\.0\.|example/);
      expect(String(leaf)).not.toContain(person.userId);
    }
  });

  test("IDN-08 a session that is idle or too old for all its workspaces shows nothing", async () => {
    const workspace = await kernel.foundWorkspace(`idle-${count++}`);
    for (const change of [
      "last_seen_at = now() - interval '31 minutes'",
      "created_at = now() - interval '13 hours'",
      "expires_at = now()",
    ]) {
      const person = await kernel.addPerson(workspace, "member");
      expect(await sessionProfile(identity, person.session.token)).toMatchObject({ workspaces: [{ id: workspace }] });
      await admin.query(`update identity.session set ${change} where user_id = $1`, [person.userId]);
      expect(await sessionProfile(identity, person.session.token)).toBeUndefined();
    }
  });
});
