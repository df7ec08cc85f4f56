import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openAccountServer, type Account, type AccountBrowser, type AccountServer } from "../testing/account-server.ts";
import { SoftwareAuthenticator, type Twist } from "../testing/authenticator.ts";

let server: AccountServer;
let workspace: string;
const rp = { origin: "http://localhost", id: "localhost" };

beforeAll(async () => {
  server = await openAccountServer();
  workspace = await server.kernel.foundWorkspace("passkeys");
});
afterAll(() => server?.close());

const home = (browser: AccountBrowser) => browser.call("GET", "/api/policy");
async function half(account: Account): Promise<AccountBrowser> {
  const browser = server.browser();
  browser.workspace = workspace;
  expect((await browser.signIn(account)).status).toBe(202);
  return browser;
}

async function withPasskey() {
  const account = await server.account({ [workspace]: "owner" });
  const browser = server.browser();
  browser.workspace = workspace;
  await browser.signIn(account);
  const key = new SoftwareAuthenticator(rp.origin, rp.id);
  const options = await browser.call("POST", "/api/factor/passkey/options");
  const response = key.create(options.body);
  const added = await browser.call("POST", "/api/factor/passkey", { name: "Laptop", response });
  expect([added.status, added.body["code"]]).toEqual([201, undefined]);
  return { account, browser, key, id: String(added.body["id"]) };
}
const publicOptions = async (browser: AccountBrowser) =>
  (await browser.call("POST", "/api/session/passkey/options")).body;

describe("passkeys", () => {
  test("IDN-04 a passkey signs in alone with two factors, completes a password sign-in, is named and removed", async () => {
    const { account, browser, key, id } = await withPasskey();
    expect((await browser.call("GET", "/api/session")).body).toMatchObject({ assurance: 2 });
    const alone = server.browser();
    alone.workspace = workspace;
    const options = await publicOptions(alone);
    expect(options["allowCredentials"] ?? []).toEqual([]);
    const signedIn = await alone.call("POST", "/api/session/passkey", { passkey: key.get(options) });
    expect([signedIn.status, signedIn.body["assurance"]]).toEqual([200, 2]);
    expect((await home(alone)).status).toBe(200);

    const second = await half(account);
    const asked = await second.call("POST", "/api/session/factor/passkey-options");
    const whole = await second.call("POST", "/api/session/factor", { passkey: key.get(asked.body) });
    expect([whole.status, whole.body["assurance"]]).toEqual([200, 2]);

    expect((await browser.call("PATCH", `/api/factor/passkey/${id}`, { name: "Old laptop" })).status).toBe(204);
    expect((await browser.call("GET", "/api/factor")).body).toMatchObject({ passkeys: [{ name: "Old laptop" }] });
    expect((await browser.proved(account, "DELETE", `/api/factor/passkey/${id}`)).status).toBe(204);
    const gone = await publicOptions(alone);
    expect((await alone.call("POST", "/api/session/passkey", { passkey: key.get(gone) })).status).toBe(401);
  });

  const twists: Record<string, Twist> = {
    "from another origin": { origin: "http://localhost:9999" },
    "from a page in another's name": { origin: "https://localhost.attacker.example" },
    "for another relying party": { rpId: "attacker.example" },
    "without the person verified": { userVerified: false },
    "on a challenge of its own": { challenge: "c29tZXRoaW5nLWVsc2UtZW50aXJlbHk" },
    "with a counter that went back": { counter: 0 },
  };
  test.each(Object.entries(twists))("IDN-04 an answer %s signs nobody in", async (_, twist) => {
    const { key } = await withPasskey();
    const browser = server.browser();
    const good = await publicOptions(browser);
    expect((await browser.call("POST", "/api/session/passkey", { passkey: key.get(good) })).status).toBe(200);
    const attacker = server.browser();
    const options = await publicOptions(attacker);
    const answer = await attacker.call("POST", "/api/session/passkey", { passkey: key.get(options, twist) });
    expect([answer.status, answer.body["code"]]).toEqual([401, "factor.refused"]);
    expect(attacker.token).toBeNull();
  });

  test("IDN-04 an answer counts once, and a challenge for one purpose is none for another", async () => {
    const { account, browser, key } = await withPasskey();
    const one = server.browser();
    const passkey = key.get(await publicOptions(one));
    expect((await one.call("POST", "/api/session/passkey", { passkey })).status).toBe(200);
    expect((await server.browser().call("POST", "/api/session/passkey", { passkey })).status).toBe(401);
    const pending = await half(account);
    const elsewhere = key.get(await publicOptions(pending));
    expect((await pending.call("POST", "/api/session/factor", { passkey: elsewhere })).status).toBe(401);
    // Of the same session too: what was asked for adding a passkey proves no act.
    const forAdding = await browser.proved(account, "POST", "/api/factor/passkey/options");
    const act = { action: "kernel.policy.change", subject: "x", workspace };
    const crossed = await browser.call("POST", "/api/step-up", { ...act, proof: { passkey: key.get(forAdding.body) } });
    expect([crossed.status, crossed.body["code"]]).toEqual([401, "factor.refused"]);
    const forStepUp = await browser.call("POST", "/api/step-up/passkey-options");
    expect((await pending.call("POST", "/api/session/factor", { passkey: key.get(forStepUp.body) })).status).toBe(401);
  });

  test("IDN-04 another person's passkey completes nothing, and is no second passkey of mine", async () => {
    const [mine, theirs] = [await withPasskey(), await withPasskey()];
    const pending = await half(mine.account);
    const asked = await pending.call("POST", "/api/session/factor/passkey-options");
    const answer = await pending.call("POST", "/api/session/factor", { passkey: theirs.key.get(asked.body) });
    expect(answer.status).toBe(401);
    // The person it names is not the one it is kept for.
    const alone = server.browser();
    theirs.key.userHandle = Buffer.from(mine.account.userId).toString("base64url");
    const swapped = theirs.key.get(await publicOptions(alone));
    expect((await alone.call("POST", "/api/session/passkey", { passkey: swapped })).status).toBe(401);
    const options = await mine.browser.proved(mine.account, "POST", "/api/factor/passkey/options");
    const again = await mine.browser.call("POST", "/api/factor/passkey", {
      name: "Theirs",
      response: theirs.key.create(options.body),
    });
    expect([again.status, again.body["code"]]).toEqual([409, "factor.passkey_taken"]);
  });

  test("IDN-04 a passkey is made on its own session's challenge alone, once", async () => {
    const account = await server.account();
    const [one, two] = [server.browser(), server.browser()];
    await one.signIn(account);
    await two.signIn(account);
    const options = await one.call("POST", "/api/factor/passkey/options");
    const made = () => ({ name: "Key", response: new SoftwareAuthenticator(rp.origin, rp.id).create(options.body) });
    expect((await two.call("POST", "/api/factor/passkey", made())).status).toBe(422);
    const lazy = new SoftwareAuthenticator(rp.origin, rp.id).create(options.body, { userVerified: false });
    expect((await one.call("POST", "/api/factor/passkey", { name: "Key", response: lazy })).status).toBe(422);
    // That attempt used the challenge up.
    expect((await one.call("POST", "/api/factor/passkey", made())).status).toBe(422);
  });
});
