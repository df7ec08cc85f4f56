import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkedPasskey, passkeyCreation, relyingPartyOf, storePasskey } from "../identity/passkey.ts";
import { confirmTotp, beginTotp } from "../identity/totp-factor.ts";
import { SoftwareAuthenticator } from "../testing/authenticator.ts";
import { openTestLog } from "../testing/log.ts";
import { challengeFor, type TestSigner } from "../testing/signing.ts";
import { codeNow } from "../testing/totp-app.ts";
import { openSigningWorld, outcome, review, type SigningWorld } from "../testing/signing-world.ts";

const party = relyingPartyOf("http://localhost");
let world: SigningWorld;
beforeAll(async () => {
  world = await openSigningWorld();
});
afterAll(() => world?.server.close());

/** The signer's session, as strong as one that has proved two factors. */
async function ownOf(person: TestSigner): Promise<{ userId: string; sessionId: string; email: string; name: string }> {
  const found = await world.server.kernel.identityPool.query<{ id: string }>(
    "update identity.session set assurance = 2 where user_id = $1 returning id",
    [person.userId],
  );
  return { userId: person.userId, sessionId: found.rows[0]?.id ?? "", email: person.email, name: "Test" };
}
async function addPasskey(person: TestSigner): Promise<SoftwareAuthenticator> {
  if (party === undefined) throw new Error("no relying party");
  const pool = world.server.kernel.identityPool;
  const own = await ownOf(person);
  const device = new SoftwareAuthenticator(party.origin, party.id);
  const client = await pool.connect();
  try {
    const options = { ...(await passkeyCreation(client, party, own)) };
    const made = await checkedPasskey(pool, party, own, { ...device.create(options), type: "public-key" });
    await storePasskey(client, person.userId, "Key", made);
  } finally {
    client.release();
  }
  return device;
}

describe("SIG-01 signing with what an account has", () => {
  test("SIG-01 a passkey signs this very record and meaning; its answer to another challenge signs nothing", async () => {
    const person = await world.signer("member");
    const device = await addPasskey(person);
    const { one } = await world.draft();
    const other = await world.draft();
    const asked = async (path: string) => {
      const challenged = await challengeFor(person, path, { ...review, version: 1 });
      expect([challenged.status, challenged.body["components"]]).toEqual([
        201,
        { needed: "all", password: true, totp: false, passkey: true, provider: null },
      ]);
      const challenge = String(challenged.body["challenge"]);
      const options = await person.by("POST", `${path}/signing/passkey-options`, { body: { challenge } });
      return { challenge, options: options.body };
    };
    const sign = (path: string, challenge: string, passkey: unknown) =>
      person.by("POST", `${path}/signatures`, { body: { challenge, passkey } });
    const [here, there] = [await asked(one), await asked(other.one)];
    expect(here.options["challenge"]).not.toBe(there.options["challenge"]);
    // The device's answer for the other report, laid over this one's challenge; one without the person verified.
    const swapped = await sign(one, here.challenge, device.get(there.options));
    expect(outcome(swapped)).toEqual([403, "signing.refused"]);
    const unverified = await sign(one, here.challenge, device.get(here.options, { userVerified: false }));
    expect(outcome(unverified)).toEqual([403, "signing.refused"]);
    const again = await asked(one);
    expect((await sign(one, again.challenge, device.get(again.options))).status).toBe(201);
    expect((await world.view(one))["steps"]).toMatchObject([{ signatures: [{ check: { manifest: true } }] }, {}]);
  });

  test("SIG-01 where the account has an app, its code is asked for too, and counts once", async () => {
    const person = await world.signer("member");
    const { kernel } = world.server;
    const own = await ownOf(person);
    const client = await kernel.identityPool.connect();
    const secret = await beginTotp(client, kernel.rootKey.key, own);
    expect(await confirmTotp(client, kernel.rootKey.key, own, codeNow(secret, -1))).toBe(true);
    client.release();
    const { one } = await world.draft();
    const other = await world.draft();
    const challenge = async (path: string) =>
      (await challengeFor(person, path, { ...review, version: 1 })).body["challenge"];
    expect(outcome(await world.prove(person, one, await challenge(one)))).toEqual([422, "signing.components_missing"]);
    const code = codeNow(secret);
    expect((await world.prove(person, one, await challenge(one), { totp: code })).status).toBe(201);
    // A used code signs no second report.
    const used = await person.by("POST", `${other.one}/signatures`, {
      body: { challenge: await challenge(other.one), totp: code },
    });
    expect(outcome(used)).toEqual([403, "signing.refused"]);
  });

  test("SIG-03 signing answers how far the proof is, and whoever waits is told when it verifies without this server", async () => {
    const { one } = await world.draft();
    const person = await world.signer("member");
    const challenge = (await challengeFor(person, one, { ...review, version: 1 })).body["challenge"];
    const signed = await world.prove(person, one, challenge);
    expect([signed.status, signed.body["proof"]]).toEqual([201, { state: "waiting", leaf: null, size: null }]);
    const path = `${one}/signatures/${String(signed.body["id"])}`;
    const log = openTestLog(world.server.kernel);
    try {
      const [waited] = await Promise.all([person.by("GET", `${path}?waitSeconds=10`), log.publish()]);
      expect(waited.body["place"]).toMatchObject({
        state: "signed",
        leaf: expect.any(Number),
        size: expect.any(Number),
      });
      expect(waited.body["proof"]).not.toBeNull();
      expect((await world.view(one))["steps"]).toMatchObject([{ signatures: [{ place: waited.body["place"] }] }, {}]);
    } finally {
      await log.close();
    }
  });
});
