import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openAccountServer, type Account, type AccountBrowser, type AccountServer } from "../testing/account-server.ts";
import { SoftwareAuthenticator } from "../testing/authenticator.ts";
import { stepUpIn } from "../testing/step-up.ts";
import { codeNow, secretOf } from "../testing/totp-app.ts";

const policy = "kernel.policy.change";
let server: AccountServer;
let admin: Client;
let workspace: string;
let other: string;

beforeAll(async () => {
  server = await openAccountServer();
  workspace = await server.kernel.foundWorkspace("step-up");
  other = await server.kernel.foundWorkspace("step-up-other");
  admin = new Client(server.kernel.admin);
  await admin.connect();
  await admin.query("set role probity_owner");
});
afterAll(async () => {
  await admin?.end();
  await server?.close();
});

async function owner(): Promise<{ account: Account; browser: AccountBrowser }> {
  const account = await server.account({ [workspace]: "owner", [other]: "owner" });
  const browser = server.browser();
  browser.workspace = workspace;
  await browser.signIn(account);
  return { account, browser };
}
/** The act the tests try: a policy of the name's own, at whatever version it is by now. */
async function change(browser: AccountBrowser, name: string, grant?: string) {
  const listed = (await browser.call("GET", "/api/policy")).body["items"];
  const found: unknown = Array.isArray(listed) ? listed.find((item) => item.name === name) : undefined;
  const version = typeof found === "object" && found !== null ? String(Reflect.get(found, "version")) : "0";
  const headers = { "if-match": `"${version}"`, ...(grant === undefined ? {} : { "step-up": grant }) };
  return browser.call("PUT", `/api/policy/${name}`, { value: 20 + Number(version), reason: "Test" }, headers);
}
const refused = [403, "kernel.step_up_required"];
const outcome = (answer: { status: number; body: Record<string, unknown> }) => [answer.status, answer.body["code"]];

describe("step-up", () => {
  test("IDN-10 a grave act is refused without a fresh proof, says for what, and goes through with it once", async () => {
    const { account, browser } = await owner();
    const bare = await change(browser, "session.idleMinutes");
    expect(outcome(bare)).toEqual(refused);
    expect(stepUpIn(bare.body)).toEqual({ action: policy, subject: "session.idleMinutes", workspace });
    const before = browser.token;
    const grant = await browser.stepUp(account, policy, "session.idleMinutes", workspace);
    expect(browser.token).not.toBe(before);
    expect((await change(browser, "session.idleMinutes", grant)).status).toBe(200);
    // Used is used.
    expect(outcome(await change(browser, "session.idleMinutes", grant))).toEqual(refused);
    browser.token = before;
    expect((await browser.call("GET", "/api/session")).status).toBe(401);
  });

  test("IDN-10 a grant opens no other act, subject, workspace or session", async () => {
    const { account, browser } = await owner();
    const idle = await browser.stepUp(account, policy, "session.idleMinutes", workspace);
    expect(outcome(await change(browser, "file.linkMinutes", idle))).toEqual(refused);
    const wrongAct = await browser.stepUp(account, "kernel.api_key.create", "session.idleMinutes", workspace);
    expect(outcome(await change(browser, "session.idleMinutes", wrongAct))).toEqual(refused);
    const elsewhere = await browser.stepUp(account, policy, "session.idleMinutes", other);
    expect(outcome(await change(browser, "session.idleMinutes", elsewhere))).toEqual(refused);
    const nowhere = await browser.stepUp(account, policy, "session.idleMinutes", null);
    expect(outcome(await change(browser, "session.idleMinutes", nowhere))).toEqual(refused);
    // One's own other session, and another owner's.
    const second = server.browser();
    second.workspace = workspace;
    await second.signIn(account);
    expect(outcome(await change(second, "session.idleMinutes", idle))).toEqual(refused);
    const colleague = await owner();
    expect(outcome(await change(colleague.browser, "session.idleMinutes", idle))).toEqual(refused);
    // None of these used it up.
    expect((await change(browser, "session.idleMinutes", idle)).status).toBe(200);
  });

  test("IDN-10 a grant for one's own account opens no other act on it, and no other session's", async () => {
    const { account, browser } = await owner();
    const second = server.browser();
    await second.signIn(account);
    const endAll = (by: AccountBrowser, grant: string) =>
      by.call("DELETE", "/api/session/all", undefined, { "step-up": grant });
    const grant = await browser.stepUp(account, "identity.session.end_all", account.userId, null);
    expect(outcome(await endAll(second, grant))).toEqual(refused);
    const codes = await browser.stepUp(account, "identity.factor.recovery_codes", account.userId, null);
    expect(outcome(await endAll(browser, codes))).toEqual(refused);
    const another = await browser.stepUp(account, "identity.session.end_all", "somebody-else", null);
    expect(outcome(await endAll(browser, another))).toEqual(refused);
    expect((await endAll(browser, grant)).status).toBe(200);
    expect(outcome(await endAll(browser, grant))).toEqual(refused);
  });

  test("IDN-10 of one grant sent eight times at once one act happens", async () => {
    const { account, browser } = await owner();
    const grant = await browser.stepUp(account, "kernel.api_key.create", "Raced", workspace);
    const wish = { name: "Raced", permissions: ["kernel.home.read"], days: 1 };
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => browser.call("POST", "/api/keys", wish, { "step-up": grant })),
    );
    expect(answers.filter((answer) => answer.status === 201)).toHaveLength(1);
    const codes = answers.filter((answer) => answer.status !== 201).map(outcome);
    expect(codes).toEqual(Array.from({ length: 7 }, () => refused));
  });

  test("IDN-10 a grant ends after five minutes, and with its session", async () => {
    const { account, browser } = await owner();
    const grant = await browser.stepUp(account, policy, "session.idleMinutes", workspace);
    const life = await admin.query(
      "select extract(epoch from max(expires_at - created_at)) as seconds from identity.step_up_grant",
    );
    expect(Number(life.rows[0].seconds)).toBe(300);
    await admin.query("update identity.step_up_grant set expires_at = now() where used_at is null");
    expect(outcome(await change(browser, "session.idleMinutes", grant))).toEqual(refused);
    const late = await browser.stepUp(account, policy, "session.idleMinutes", workspace);
    await browser.call("DELETE", "/api/session");
    await browser.signIn(account);
    expect(outcome(await change(browser, "session.idleMinutes", late))).toEqual(refused);
  });

  test("IDN-10 an act that fails gives its grant back, for it did not happen", async () => {
    const { account, browser } = await owner();
    const grant = await browser.stepUp(account, policy, "session.idleMinutes", workspace);
    const stale = await browser.call(
      "PUT",
      "/api/policy/session.idleMinutes",
      { value: 45, reason: "Test" },
      { "if-match": '"999"', "step-up": grant },
    );
    expect(stale.status).toBe(412);
    expect((await change(browser, "session.idleMinutes", grant)).status).toBe(200);
  });

  test("IDN-10 what is kept of a grant opens nothing", async () => {
    const { account, browser } = await owner();
    const grant = await browser.stepUp(account, policy, "session.idleMinutes", workspace);
    const kept = await admin.query(
      "select g::text as row, encode(secret_hash, 'hex') as hash from identity.step_up_grant g where used_at is null",
    );
    expect(kept.rows.length).toBeGreaterThan(0);
    for (const { row, hash } of kept.rows) {
      expect(row).not.toContain(grant);
      expect(outcome(await change(browser, "session.idleMinutes", hash))).toEqual(refused);
    }
  });

  test("IDN-10 a wrong password proves nothing, and the sixth is not looked at", async () => {
    const { account, browser } = await owner();
    const ask = (password: string) =>
      browser.call("POST", "/api/step-up", { action: policy, subject: "x", workspace, proof: { password } });
    for (let attempt = 0; attempt < 5; attempt += 1) {
      expect(outcome(await ask(`wrong ${attempt}`))).toEqual([401, "factor.refused"]);
    }
    expect(outcome(await ask(account.password))).toEqual([429, "identity.sign_in_locked"]);
    // The session itself goes on.
    expect((await browser.call("GET", "/api/session")).status).toBe(200);
  });

  test("IDN-10 a code or a passkey proves it too; another session's passkey challenge does not", async () => {
    const { account, browser } = await owner();
    const begun = await browser.call("POST", "/api/factor/totp");
    const secret = secretOf(String(begun.body["secret"]));
    await browser.call("POST", "/api/factor/totp/confirm", { totp: codeNow(secret) });
    await admin.query("update identity.totp set last_step = 0 where user_id = $1", [account.userId]);
    const act = { action: policy, subject: "session.idleMinutes", workspace };
    const totp = codeNow(secret);
    const proved = await browser.call("POST", "/api/step-up", { ...act, proof: { totp } });
    expect(proved.status).toBe(201);
    expect((await change(browser, "session.idleMinutes", String(proved.body["grant"]))).status).toBe(200);
    expect(outcome(await browser.call("POST", "/api/step-up", { ...act, proof: { totp } }))).toEqual([
      401,
      "factor.refused",
    ]);

    const key = new SoftwareAuthenticator("http://localhost", "localhost");
    const options = await browser.proved(account, "POST", "/api/factor/passkey/options");
    await browser.call("POST", "/api/factor/passkey", { name: "Key", response: key.create(options.body) });
    const asked = await browser.call("POST", "/api/step-up/passkey-options");
    const byKey = await browser.call("POST", "/api/step-up", { ...act, proof: { passkey: key.get(asked.body) } });
    expect(byKey.status).toBe(201);
    const second = server.browser();
    await second.call("POST", "/api/session/passkey", {
      passkey: key.get((await second.call("POST", "/api/session/passkey/options")).body),
    });
    const theirs = await second.call("POST", "/api/step-up/passkey-options");
    const crossed = await browser.call("POST", "/api/step-up", { ...act, proof: { passkey: key.get(theirs.body) } });
    expect(outcome(crossed)).toEqual([401, "factor.refused"]);
  });

  test("IDN-10 nobody signed out and no half sign-in proves anything", async () => {
    const { account } = await owner();
    const proof = { password: account.password };
    const answer = await server
      .browser()
      .call("POST", "/api/step-up", { action: policy, subject: "x", workspace, proof });
    expect(answer.status).toBe(401);
  });

  test("IDN-10 making an owner and ending all one's sessions ask for a fresh proof", async () => {
    const { account, browser } = await owner();
    const member = await server.account({ [workspace]: "member" });
    const people = (await browser.call("GET", "/api/people")).body["items"];
    const found: unknown = Array.isArray(people) ? people.find((each) => each.email === member.email) : undefined;
    const id = typeof found === "object" && found !== null ? String(Reflect.get(found, "id")) : "";
    expect(outcome(await browser.call("PATCH", `/api/people/${id}`, { role: "owner" }))).toEqual(refused);
    expect((await browser.call("PATCH", `/api/people/${id}`, { role: "admin" })).status).toBe(204);
    expect((await browser.proved(account, "PATCH", `/api/people/${id}`, { role: "owner" })).status).toBe(204);

    const second = server.browser();
    await second.signIn(account);
    expect(outcome(await browser.call("DELETE", "/api/session/all"))).toEqual(refused);
    const ended = await browser.proved(account, "DELETE", "/api/session/all");
    expect([ended.status, ended.body["ended"]]).toEqual([200, 1]);
    expect((await second.call("GET", "/api/session")).status).toBe(401);
    expect((await browser.call("GET", "/api/session")).status).toBe(200);
  });
});
