import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openAccountServer, type Account, type AccountBrowser, type AccountServer } from "../testing/account-server.ts";
import { codeNow, secretOf } from "../testing/totp-app.ts";
import { query } from "../work/query.ts";
import { issueKey } from "./api-key.ts";
import { invite } from "./invitation.ts";
import { startSession } from "./session.ts";
import { sessionHash } from "./session-hash.ts";

let server: AccountServer;
let admin: Client;
let workspace: string;
let count = 0;

beforeAll(async () => {
  server = await openAccountServer();
  workspace = await server.kernel.foundWorkspace("factors");
  admin = new Client(server.kernel.admin);
  await admin.connect();
  await admin.query("set role probity_owner");
});
afterAll(async () => {
  await admin?.end();
  await server?.close();
});

/** Lets codes of this very moment count again: a test does in milliseconds what people do in minutes. */
const forgetSteps = (account: Account) =>
  admin.query("update identity.totp set last_step = 0 where user_id = $1", [account.userId]);
const home = (browser: AccountBrowser) => browser.call("GET", "/api/policy");

type Enrolled = { account: Account; browser: AccountBrowser; secret: Buffer; codes: string[]; before: string };
async function enrolled(): Promise<Enrolled> {
  const account = await server.account({ [workspace]: "owner" });
  const browser = server.browser();
  browser.workspace = workspace;
  await browser.signIn(account);
  const before = browser.token ?? "";
  const begun = await browser.call("POST", "/api/factor/totp");
  const secret = secretOf(String(begun.body["secret"]));
  const confirmed = await browser.call("POST", "/api/factor/totp/confirm", { totp: codeNow(secret) });
  const codes: unknown = confirmed.body["recoveryCodes"];
  if (!Array.isArray(codes)) throw new Error(`not enrolled: ${JSON.stringify([begun, confirmed])}`);
  await forgetSteps(account);
  return { account, browser, secret, codes: codes.map(String), before };
}
async function half(account: Account): Promise<AccountBrowser> {
  const browser = server.browser();
  browser.workspace = workspace;
  const answer = await browser.signIn(account);
  expect(answer.status).toBe(202);
  return browser;
}

describe("TOTP", () => {
  test("IDN-04 setting it up gives a new token with two factors; the old token and every other session end", async () => {
    const account = await server.account({ [workspace]: "owner" });
    const other = server.browser();
    await other.signIn(account);
    const browser = server.browser();
    browser.workspace = workspace;
    await browser.signIn(account);
    const old = browser.token;
    const begun = await browser.call("POST", "/api/factor/totp");
    expect(begun.status).toBe(201);
    const secret = secretOf(String(begun.body["secret"]));
    const confirmed = await browser.call("POST", "/api/factor/totp/confirm", { totp: codeNow(secret) });
    expect(confirmed.status).toBe(200);
    expect(confirmed.body["recoveryCodes"]).toHaveLength(10);
    expect(browser.token).not.toBe(old);
    expect((await browser.call("GET", "/api/session")).body).toMatchObject({ assurance: 2, secondFactor: true });
    expect((await home(browser)).status).toBe(200);
    expect((await other.call("GET", "/api/session")).status).toBe(401);
    browser.token = old;
    expect((await browser.call("GET", "/api/session")).status).toBe(401);
  });

  test("IDN-04 the secret is sealed for its person, and recovery codes are hashes", async () => {
    const { account, secret, codes } = await enrolled();
    const rows = await admin.query("select t::text as row, secret_sealed from identity.totp t where user_id = $1", [
      account.userId,
    ]);
    expect(rows.rows[0].row).not.toContain(secret.toString("hex"));
    expect(rows.rows[0].secret_sealed.includes(secret)).toBe(false);
    const kept = await admin.query("select r::text as row from identity.recovery_code r where user_id = $1", [
      account.userId,
    ]);
    expect(kept.rows).toHaveLength(10);
    for (const code of codes) {
      for (const { row } of kept.rows) expect(row).not.toContain(Buffer.from(code).toString("hex"));
    }
    // Another's sealed secret in one's own row opens nothing.
    const stolen = await enrolled();
    await admin.query("update identity.totp set secret_sealed = $2 where user_id = $1", [
      stolen.account.userId,
      rows.rows[0].secret_sealed,
    ]);
    const thief = await half(stolen.account);
    expect((await thief.call("POST", "/api/session/factor", { totp: codeNow(secret) })).status).toBeGreaterThanOrEqual(
      400,
    );
  });

  test("IDN-04 after the password alone a session opens nothing but the second step", async () => {
    const { account, secret } = await enrolled();
    const browser = await half(account);
    const token = browser.token ?? "";
    expect((await home(browser)).status).toBe(401);
    const session = await browser.call("GET", "/api/session");
    expect([session.status, session.body["code"]]).toEqual([401, "factor.awaited"]);
    for (const [method, path, body] of [
      ["GET", "/api/session/all"],
      ["GET", "/api/factor"],
      ["POST", "/api/factor/totp"],
      ["DELETE", "/api/factor/totp"],
      ["POST", "/api/factor/recovery-codes"],
      ["POST", "/api/factor/passkey/options"],
      ["POST", "/api/step-up", { action: "a.b", subject: "c", workspace: null, proof: { password: account.password } }],
      ["GET", "/api/people"],
    ] as const) {
      expect([path, (await browser.call(method, path, body)).status]).toEqual([path, 401]);
    }
    const waits = await browser.call("GET", "/api/session/factor");
    expect(waits.body).toEqual({ awaits: { totp: true, passkey: false, recoveryCode: true } });
    const whole = await browser.call("POST", "/api/session/factor", { totp: codeNow(secret) });
    expect([whole.status, whole.body["assurance"]]).toEqual([200, 2]);
    expect(browser.token).not.toBe(token);
    expect((await home(browser)).status).toBe(200);
    browser.token = token;
    expect((await browser.call("POST", "/api/session/factor", { totp: codeNow(secret, 1) })).status).toBe(401);
  });

  test("IDN-04 whatever makes a session, the door does not know it before the second factor", async () => {
    const { account } = await enrolled();
    const source = { address: "10.250.0.1", requestId: "test" };
    // Every way in makes its session by our own start; a statement by hand stands for any other.
    const made = await startSession(server.identity, { userId: account.userId, source, userAgent: "test" });
    await server.kernel.identityPool.query(
      "insert into identity.session (id, user_id, token, assurance, awaits_factor, expires_at) values (gen_random_uuid(), $1, $2, 1, false, now() + interval '1 day')",
      [account.userId, sessionHash("made-by-hand-0123456789")],
    );
    for (const token of [made.token, "made-by-hand-0123456789"]) {
      const browser = server.browser();
      browser.workspace = workspace;
      browser.token = token;
      expect((await home(browser)).status).toBe(401);
      expect((await browser.call("GET", "/api/session")).status).toBe(401);
      expect((await browser.call("GET", "/api/session/factor")).status).toBe(202);
    }
  });

  test("IDN-04 a code counts once, and none before it either", async () => {
    const { account, secret } = await enrolled();
    const first = await half(account);
    const second = await half(account);
    const code = codeNow(secret);
    expect((await first.call("POST", "/api/session/factor", { totp: code })).status).toBe(200);
    const replay = await second.call("POST", "/api/session/factor", { totp: code });
    expect([replay.status, replay.body["code"]]).toEqual([401, "factor.refused"]);
    expect((await second.call("POST", "/api/session/factor", { totp: codeNow(secret, -1) })).status).toBe(401);
  });

  test("IDN-04 one code sent ten times at once signs in once", async () => {
    const { account, secret } = await enrolled();
    const browsers = await Promise.all(Array.from({ length: 4 }, () => half(account)));
    const totp = codeNow(secret);
    const answers = await Promise.all(browsers.map((browser) => browser.call("POST", "/api/session/factor", { totp })));
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
  });

  test("IDN-05 fifty guesses at once are five; the right code is not looked at while it is paused", async () => {
    const { account, secret } = await enrolled();
    const browser = await half(account);
    const wrong = String((Number(codeNow(secret)) + 500_000) % 1_000_000).padStart(6, "0");
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => browser.call("POST", "/api/session/factor", { totp: wrong })),
    );
    const looked = answers.filter((answer) => answer.status === 401);
    expect(looked.length).toBeLessThanOrEqual(5);
    expect(answers.filter((answer) => answer.status === 429)).toHaveLength(50 - looked.length);
    // From another place and with the right code it is as closed.
    const elsewhere = await half(account);
    const right = await elsewhere.call("POST", "/api/session/factor", { totp: codeNow(secret) });
    expect([right.status, right.body["code"]]).toEqual([429, "factor.locked"]);
  });

  test("IDN-04 nothing sent with a request raises what a session has proved", async () => {
    const account = await server.account({ [workspace]: "owner" });
    const browser = server.browser();
    const answer = await browser.call("POST", "/api/session", {
      email: account.email,
      password: account.password,
      assurance: 2,
    });
    expect(answer.status).toBe(400);
    await browser.signIn(account);
    expect((await browser.call("POST", "/api/factor/totp/confirm", { totp: "000000", assurance: 2 })).status).toBe(400);
    expect((await browser.call("GET", "/api/session")).body).toMatchObject({ assurance: 1, secondFactor: false });
  });

  test("IDN-04 a set-up is confirmed by the session that began it alone", async () => {
    const account = await server.account({ [workspace]: "owner" });
    const [one, two] = [server.browser(), server.browser()];
    await one.signIn(account);
    await two.signIn(account);
    const begun = await one.call("POST", "/api/factor/totp");
    const totp = codeNow(secretOf(String(begun.body["secret"])));
    expect((await two.call("POST", "/api/factor/totp/confirm", { totp })).status).toBe(409);
    expect((await one.call("POST", "/api/factor/totp/confirm", { totp })).status).toBe(200);
  });

  test("IDN-10 a session that is not fresh sets up a factor only with a fresh proof", async () => {
    const account = await server.account();
    const browser = server.browser();
    await browser.signIn(account);
    await admin.query("update identity.session set created_at = now() - interval '11 minutes' where user_id = $1", [
      account.userId,
    ]);
    const bare = await browser.call("POST", "/api/factor/totp");
    expect([bare.status, bare.body["code"]]).toEqual([403, "kernel.step_up_required"]);
    expect((await browser.proved(account, "POST", "/api/factor/totp")).status).toBe(201);
  });
});

test("IDN-04 ACC-01 an invitation is accepted with the password by who has a second factor, and by who is signed in, each as far as they have proved", async () => {
  const { account, browser, secret } = await enrolled();
  const bare = await server.account({ [workspace]: "member" });
  const invited = async (email: string) => {
    const place = await server.kernel.foundWorkspace(`joined${count++}`);
    const inviter = await server.kernel.addPerson(place, "owner");
    const made = await server.kernel.door.work(inviter.session, "kernel.people.change", (tx) =>
      invite(tx, { email, role: "member" }),
    );
    return { place, path: `/api/invitations/${made.token}` };
  };
  const first = await invited(account.email);
  const other = server.browser();
  const answer = await other.call("POST", first.path, { name: "Ada", password: account.password });
  expect([answer.status, answer.body]).toMatchObject([202, { awaits: { totp: true } }]);
  expect((await other.call("GET", "/api/session")).status).toBe(401);
  await forgetSteps(account);
  await other.call("POST", "/api/session/factor", { totp: codeNow(secret) });
  const second = await invited(account.email);
  expect((await server.browser().call("POST", `${second.path}/join`)).status).toBe(401);
  const before = browser.token;
  const joined = await browser.call("POST", `${second.path}/join`);
  expect([joined.status, joined.body["assurance"]]).toEqual([200, 2]);
  expect(JSON.stringify(joined.body["workspaces"])).toContain(first.place);
  expect(JSON.stringify(joined.body["workspaces"])).toContain(second.place);
  expect(browser.token).not.toBe(before);
  // Whom a workspace's provider vouched for joins, and still stands in that workspace alone.
  const third = await invited(bare.email);
  const vouched = server.browser();
  await vouched.signIn(bare);
  await server.kernel.identityPool.query("update identity.session set sso_tenant_id = $2 where token = $1", [
    sessionHash(vouched.token ?? ""),
    workspace,
  ]);
  expect((await browser.call("POST", `${third.path}/join`)).body["code"]).toBe("identity.invitation_for_another");
  expect((await vouched.call("POST", `${third.path}/join`)).status).toBe(200);
  const seen = await vouched.call("GET", "/api/session");
  expect(JSON.stringify(seen.body["workspaces"])).not.toContain(third.place);
});

test("IDN-04 whoever sets a factor up, takes it away or makes new codes, its person is told by mail", async () => {
  const { account, browser } = await enrolled();
  await browser.proved(account, "POST", "/api/factor/recovery-codes");
  await browser.proved(account, "DELETE", "/api/factor/totp");
  const mails = await server.kernel.identityPool.query<{ id: string; sealed: Buffer }>(
    'select m.id, m.sealed from identity.mail m where m.user_id = (select id from identity."user" where email = $1) order by m.id',
    [account.email],
  );
  const told = mails.rows.map(({ id, sealed }) => server.identity.post.open(id, sealed));
  expect(told.map(({ subject }) => subject)).toEqual([
    "A second factor was added",
    "New recovery codes were made",
    "A second factor was removed",
  ]);
  expect(new Set(told.map(({ to }) => to))).toEqual(new Set([account.email]));
});

test("IDN-03 who came in by one workspace's identity provider plants no way into another", async () => {
  const other = await server.kernel.foundWorkspace("factors-other");
  const account = await server.account({ [workspace]: "member", [other]: "member" });
  const browser = server.browser();
  await browser.signIn(account);
  await admin.query("update identity.session set sso_tenant_id = $2 where user_id = $1", [account.userId, workspace]);
  for (const [method, path, body] of [
    ["POST", "/api/factor/totp"],
    ["POST", "/api/factor/totp/confirm", { totp: "000000" }],
    ["DELETE", "/api/factor/totp"],
    ["POST", "/api/factor/recovery-codes"],
    ["POST", "/api/factor/passkey/options"],
    ["DELETE", "/api/factor/passkey/00000000-0000-7000-8000-000000000000"],
  ] as const) {
    const answer = await browser.call(method, path, body);
    expect([path, answer.status, answer.body["code"]]).toEqual([path, 403, "factor.through_one_workspace"]);
  }
  await admin.query("update identity.session set sso_tenant_id = null where user_id = $1", [account.userId]);
  expect((await browser.call("POST", "/api/factor/totp")).status).toBe(201);
});

describe("recovery codes", () => {
  test("IDN-04 a code completes a sign-in once, also when it is sent twice at once", async () => {
    const { account, codes } = await enrolled();
    const [one, two, three] = [await half(account), await half(account), await half(account)];
    const recoveryCode = codes[0] ?? "";
    const answers = await Promise.all(
      [one, two].map((browser) => browser.call("POST", "/api/session/factor", { recoveryCode })),
    );
    expect(answers.map((answer) => answer.status).toSorted()).toEqual([200, 401]);
    expect((await three.call("POST", "/api/session/factor", { recoveryCode })).status).toBe(401);
    // As a person types it, in capitals and without its dashes.
    const typed = (codes[1] ?? "").toUpperCase().replaceAll("-", " ");
    expect((await three.call("POST", "/api/session/factor", { recoveryCode: typed })).status).toBe(200);
    expect((await three.call("GET", "/api/factor")).body).toMatchObject({ recoveryCodesLeft: 8 });
  });

  test("IDN-04 new codes end all older ones, and need a fresh proof", async () => {
    const { account, browser, codes } = await enrolled();
    expect((await browser.call("POST", "/api/factor/recovery-codes")).status).toBe(403);
    const made = await browser.proved(account, "POST", "/api/factor/recovery-codes");
    expect(made.status).toBe(201);
    const fresh = made.body["recoveryCodes"];
    const later = await half(account);
    expect((await later.call("POST", "/api/session/factor", { recoveryCode: codes[0] })).status).toBe(401);
    const code: unknown = Array.isArray(fresh) ? fresh[0] : "";
    expect((await later.call("POST", "/api/session/factor", { recoveryCode: code })).status).toBe(200);
  });

  test("IDN-04 another person's code is worth nothing", async () => {
    const [mine, theirs] = [await enrolled(), await enrolled()];
    const browser = await half(mine.account);
    expect((await browser.call("POST", "/api/session/factor", { recoveryCode: theirs.codes[0] })).status).toBe(401);
  });
});

/** An API key as one was made before the workspace required anything. */
async function keyOf(space: string, account: Account): Promise<string> {
  return server.kernel.door.work(server.kernel.system(space), "kernel.probe", async (tx) => {
    const member = await tx.first(
      query.selectFrom("kernel.membership").select("id").where("user_id", "=", account.userId),
    );
    const made = await issueKey(tx, {
      membershipId: member?.id ?? "",
      name: "Old",
      permissions: ["kernel.policy.read"],
      expiresAt: new Date(Date.now() + 3_600_000),
    });
    return made.token;
  });
}

describe("a workspace that requires a second factor", () => {
  test("IDN-04 members without one can do nothing but set one up; who drops theirs is refused again", async () => {
    const strict = await server.kernel.foundWorkspace(`strict-${Date.now()}`);
    const owner = await server.account({ [strict]: "owner" });
    const browser = server.browser();
    browser.workspace = strict;
    await browser.signIn(owner);
    const change = { value: true, reason: "Regulated" };
    const first = await browser.proved(owner, "PUT", "/api/policy/identity.mfaRequired", change, { "if-match": '"0"' });
    expect([first.status, first.body["code"]]).toEqual([409, "factor.own_first"]);
    const begun = await browser.call("POST", "/api/factor/totp");
    const secret = secretOf(String(begun.body["secret"]));
    await browser.call("POST", "/api/factor/totp/confirm", { totp: codeNow(secret) });
    const required = await browser.proved(owner, "PUT", "/api/policy/identity.mfaRequired", change, {
      "if-match": '"0"',
    });
    expect(required.status).toBe(200);

    const member = await server.account({ [strict]: "admin" });
    const program = server.browser();
    const bearer = { authorization: `Bearer ${await keyOf(strict, member)}` };
    const theirs = server.browser();
    theirs.workspace = strict;
    expect((await theirs.signIn(member)).status).toBe(200);
    const refused = await home(theirs);
    expect([refused.status, refused.body["code"]]).toEqual([403, "kernel.second_factor_required"]);
    const byKey = await program.call("GET", "/api/policy", undefined, bearer);
    expect([byKey.status, byKey.body["code"]]).toEqual([403, "kernel.second_factor_required"]);
    const seen = (await theirs.call("GET", "/api/session")).body["workspaces"];
    expect(seen).toMatchObject([{ id: strict, mfaRequired: true, idleMinutes: 30, absoluteHours: 12 }]);
    const set = await theirs.call("POST", "/api/factor/totp");
    const own = secretOf(String(set.body["secret"]));
    expect((await theirs.call("POST", "/api/factor/totp/confirm", { totp: codeNow(own) })).status).toBe(200);
    expect((await home(theirs)).status).toBe(200);
    expect((await program.call("GET", "/api/policy", undefined, bearer)).status).toBe(200);

    expect((await theirs.call("DELETE", "/api/factor/totp")).status).toBe(403);
    expect((await theirs.proved(member, "DELETE", "/api/factor/totp")).status).toBe(204);
    expect((await home(theirs)).status).toBe(403);
    expect((await program.call("GET", "/api/policy", undefined, bearer)).status).toBe(403);
    expect((await theirs.call("GET", "/api/session")).body).toMatchObject({ assurance: 1, secondFactor: false });
  });
});
