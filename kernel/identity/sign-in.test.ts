import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTestKernel, type TestKernel } from "../testing/kernel.ts";
import { Problem } from "../work/problem.ts";
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
      const context = await identity.auth.$context;
      expect(await context.internalAdapter.findSession(stored)).toBeNull();
    }
  });

  test("IDN-08 better-auth finds, changes and ends a session by its token alone", async () => {
    const { email } = await addUser();
    const { token } = await enter(email);
    const { internalAdapter } = await identity.auth.$context;
    expect((await internalAdapter.findSession(token))?.session.token).toBe(token);
    await internalAdapter.updateSession(token, { userAgent: "changed" });
    expect((await internalAdapter.findSession(token))?.session.userAgent).toBe("changed");
    await internalAdapter.deleteSession(token);
    expect(await sessionProfile(identity, token)).toBeUndefined();
  });

  test("IDN-01 passwords are stored as Argon2id with 19 MiB, two passes, one lane", async () => {
    const { userId } = await addUser();
    const found = await admin.query("select password from identity.account where user_id = $1", [userId]);
    expect(found.rows[0].password).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
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
