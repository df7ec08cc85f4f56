import { createHmac, X509Certificate } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { testCertificate } from "../../testing/certificate.ts";
import { asDoor } from "../../testing/record-suite.ts";
import { openStreamWorld, type StreamWorld } from "../../testing/stream.ts";
import { makeCertificate } from "../../testing/sso/certificate.ts";
import { Problem } from "../../work/problem.ts";
import { checkedClient } from "./client-certificate.ts";
import { openStream } from "./stream.ts";

let world: StreamWorld;
beforeAll(async () => {
  world = await openStreamWorld();
});
afterAll(() => world?.close());
beforeEach(() => world.fresh());

/** Which of the given secrets signed what came last. */
function signersOf(secrets: readonly string[]): number[] {
  const { headers, body } = world.got.at(-1) ?? { headers: {}, body: "" };
  const said = `${String(headers["webhook-id"])}.${String(headers["webhook-timestamp"])}.${body}`;
  return String(headers["webhook-signature"])
    .split(" ")
    .map((signature) =>
      secrets.findIndex((secret) => {
        const key = Buffer.from(secret.slice("whsec_".length), "base64");
        return signature === `v1,${createHmac("sha256", key).update(said).digest("base64")}`;
      }),
    );
}
const tried = (id: string) => world.asOwner("POST", `/api/ledger/streams/${id}/test`);
const rotate = async (id: string, overlapHours: number) => {
  const answer = await world.asOwner("POST", `/api/ledger/streams/${id}/secret`, { body: { overlapHours } });
  expect([answer.status, answer.text]).toEqual([200, expect.stringContaining("whsec_")]);
  return String(answer.body["secret"]);
};

/** Everything the database holds of a stream, in clear. */
async function stored(): Promise<string> {
  const rows = await asDoor(
    world.server,
    `select body::text as t from kernel.version_history where tenant_id = $1
     union all select openings::text from kernel.ledger_opening where tenant_id = $1
     union all select s::text from kernel.stream s where tenant_id = $1`,
    [world.workspace],
  );
  return rows.map((row) => String(row["t"])).join("\n");
}

describe("LED-05 ENC-03 the secret of a webhook is replaced", () => {
  test("for the overlap both sign, then the new one alone; replaced without one, the old is worth nothing at once", async () => {
    const { id, secret: first } = await world.add(world.body({ from: "now" }));
    await tried(id);
    expect(signersOf([first])).toEqual([0]);
    const second = await rotate(id, 24);
    await tried(id);
    expect(signersOf([first, second])).toEqual([1, 0]);
    const until = Date.parse(String((await world.state(id))["previousUntil"]));
    expect(Math.abs(until - Date.now() - 24 * 3_600_000)).toBeLessThan(600_000);
    // What streams is signed by both as well.
    await world.drain();
    expect(signersOf([first, second])).toEqual([1, 0]);
    // Replaced again: the one before the last is forgotten.
    const third = await rotate(id, 1);
    await tried(id);
    expect(signersOf([first, second, third])).toEqual([2, 1]);
    const fourth = await rotate(id, 0);
    await tried(id);
    expect(signersOf([first, second, third, fourth])).toEqual([3]);
    expect((await world.state(id))["previousUntil"]).toBeNull();
  });

  test("the overlap ends by itself", async () => {
    const { id, secret: first } = await world.add(world.body({ from: "now" }));
    const second = await rotate(id, 1);
    const secretsAt = async (now: Date) => {
      const { door, keyring } = world.server.kernel;
      const work = door.work(world.owner.session, "kernel.stream.change", (tx) => openStream(tx, keyring, id, now));
      return (await work).secrets;
    };
    expect(await secretsAt(new Date(Date.now() + 3_000_000))).toEqual([second, first]);
    expect(await secretsAt(new Date(Date.now() + 3_700_000))).toEqual([second]);
  });

  test("it is a leaf of its own with a fresh proof, by who may change streams, for a webhook of this workspace", async () => {
    const { id, secret } = await world.add(world.body());
    const newer = await rotate(id, 24);
    await world.place();
    const [leaf] = await asDoor(
      world.server,
      "select action, version from kernel.ledger_event where tenant_id = $1 and action = 'kernel.stream.rotate'",
      [world.workspace],
    );
    expect(leaf).toMatchObject({ action: "kernel.stream.rotate", version: 2 });
    const kept = await stored();
    for (const each of [secret, newer]) expect(kept).not.toContain(each.slice(6));
    expect((await world.asOwner("GET", "/api/ledger/streams")).text).not.toMatch(/whsec_/);
    const path = `/api/ledger/streams/${id}/secret`;
    const bare = await world.bare("POST", path, { overlapHours: 1 });
    expect([bare.status, await bare.text()]).toEqual([403, expect.stringContaining("step_up_required")]);
    const member = world.server.as(await world.server.member(world.workspace, "member"));
    expect((await member("POST", path, { body: { overlapHours: 1 } })).status).toBe(403);
    const other = await world.server.kernel.foundWorkspace(`other-${Math.random().toString(36).slice(2, 10)}`);
    const stranger = world.server.as(await world.server.member(other, "owner"));
    expect((await stranger("POST", path, { body: { overlapHours: 1 } })).status).toBe(404);
    for (const overlapHours of [-1, 169, 1.5])
      expect((await world.asOwner("POST", path, { body: { overlapHours } })).status).toBe(400);
    const syslog = await world.add(world.body({ kind: "syslog", address: "logs.example:6514" }));
    const wrong = await world.asOwner("POST", `/api/ledger/streams/${syslog.id}/secret`, { body: { overlapHours: 1 } });
    expect([wrong.status, wrong.body["code"]]).toEqual([409, "stream.other_kind"]);
  });
});

describe("LED-05 ENC-03 a syslog receiver that asks who calls (RFC 5425)", () => {
  const body = (more: Record<string, unknown> = {}) =>
    world.body({
      kind: "syslog",
      address: `localhost:${world.syslog.port}`,
      authority: world.syslog.authority,
      ...more,
    });
  const clientOf = ({ cert, key }: { cert: string; key: string }) => ({ certificate: cert, key });

  test("is shown the stream's certificate; without one, or with another, nothing is taken; a renewed one is shown next", async () => {
    const [first, second] = [testCertificate(), testCertificate()];
    world.syslog.clients = first.cert;
    const { id } = await world.add(body());
    await world.pump.round();
    expect((await world.state(id))["state"]).toBe("retrying");
    expect(world.syslog.messages).toEqual([]);
    const put = (client: object | null) =>
      world.asOwner("PUT", `/api/ledger/streams/${id}/certificate`, { body: { client } });
    expect((await put(clientOf(second))).status).toBe(204);
    expect((await tried(id)).body).toMatchObject({ taken: false });
    expect((await put(clientOf(first))).status).toBe(204);
    expect((await tried(id)).body).toMatchObject({ taken: true });
    expect(world.syslog.shown.at(-1)).toBe(new X509Certificate(first.cert).fingerprint256);
    expect((await world.state(id))["certificate"]).toMatchObject({
      subject: "CN=localhost",
      fingerprint: new X509Certificate(first.cert).fingerprint256,
    });
    await world.place();
    await world.wake(id);
    await world.drain();
    expect(world.syslog.messages.length).toBeGreaterThan(3);
    expect((await put(null)).status).toBe(204);
    expect((await tried(id)).body).toMatchObject({ taken: false });
    expect([(await world.state(id))["certificate"], (await put(null)).status]).toEqual([null, 422]);
  });

  test("the key is in no answer, no history and no opening, and each change is a leaf with a fresh proof", async () => {
    const made = testCertificate();
    const { id } = await world.add(body({ client: clientOf(made) }));
    const again = testCertificate();
    const path = `/api/ledger/streams/${id}/certificate`;
    const bare = await world.bare("PUT", path, { client: clientOf(again) });
    expect([bare.status, await bare.text()]).toEqual([403, expect.stringContaining("step_up_required")]);
    const answer = await world.asOwner("PUT", path, { body: { client: clientOf(again) } });
    await world.place();
    const actions = await asDoor(
      world.server,
      "select action from kernel.ledger_event where tenant_id = $1 and record = 'kernel.stream' order by seq",
      [world.workspace],
    );
    expect(actions.map((row) => row["action"])).toEqual(["kernel.stream.create", "kernel.stream.certificate"]);
    const seen = [answer.text, (await world.asOwner("GET", "/api/ledger/streams")).text, await stored()].join("\n");
    for (const { key } of [made, again]) {
      const inner = key.split("\n")[1] ?? key;
      expect(seen).not.toContain(inner);
    }
    expect(seen).not.toContain("PRIVATE KEY");
    const webhook = await world.add(world.body());
    const wrong = await world.asOwner("PUT", `/api/ledger/streams/${webhook.id}/certificate`, {
      body: { client: clientOf(made) },
    });
    expect([wrong.status, wrong.body["code"]]).toEqual([409, "stream.other_kind"]);
    const none = await world.asOwner("POST", "/api/ledger/streams", { body: world.body({ client: clientOf(made) }) });
    expect(none.status).toBe(422);
  });

  test("another's key, a short one, one that can't be read and a certificate that has ended are refused", () => {
    const [made, other] = [testCertificate(), testCertificate()];
    const tomorrow = new Date(Date.now() + 2 * 86_400_000);
    const short = makeCertificate("weak", 1024);
    const shortKey = String(short.key.export({ format: "pem", type: "pkcs8" }));
    const wrong: [{ certificate: string; key: string }, Date, RegExp][] = [
      [{ certificate: made.cert, key: other.key }, new Date(), /not the certificate's/],
      [{ certificate: made.cert, key: "-----BEGIN PRIVATE KEY-----" }, new Date(), /can't be read/],
      [{ certificate: "nothing", key: made.key }, new Date(), /begins with/],
      [{ certificate: made.cert.replace(/M[A-Z]/, "AA"), key: made.key }, new Date(), /can't be read/],
      [{ certificate: short.pem, key: shortKey }, new Date(), /2048 bits/],
      [clientOf(made), tomorrow, /has ended/],
    ];
    for (const [client, now, why] of wrong) {
      let said = "";
      try {
        checkedClient(client, now);
      } catch (error) {
        said = error instanceof Problem ? error.detail : "";
      }
      expect(said).toMatch(why);
    }
    expect(checkedClient(clientOf(made)).certificate).toContain("BEGIN CERTIFICATE");
  });
});
