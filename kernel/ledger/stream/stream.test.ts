import { spawn } from "node:child_process";
import { createHash, createHmac } from "node:crypto";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { asDoor } from "../../testing/record-suite.ts";
import { eventsOf, openStreamWorld, type StreamWorld } from "../../testing/stream.ts";
import { settle } from "./pump.ts";
import { signedHeaders } from "./webhook.ts";

let world: StreamWorld;
beforeAll(async () => {
  world = await openStreamWorld();
});
afterAll(() => world?.close());
beforeEach(() => world.fresh());

describe("LED-05 a webhook", () => {
  test("signs as Standard Webhooks does (its published example)", () => {
    const message = { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", body: '{"test": 2432232314}' };
    const headers = signedHeaders(["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], message, new Date(1_614_265_330_000));
    expect(headers["webhook-signature"]).toBe("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  });

  test("gets every event once, in order, without a gap, and can hash and check each", async () => {
    const { secret } = await world.add(world.body());
    await world.make(250);
    await world.drain();
    const events = world.got.flatMap(({ body }) => eventsOf(body));
    expect(events.map((event) => event.seq)).toEqual(await world.places());
    for (const event of events) expect(createHash("sha256").update(`\0${event.leaf}`).digest("hex")).toBe(event.id);
    for (const { headers, body } of world.got) {
      const key = Buffer.from(secret.slice("whsec_".length), "base64");
      const said = `${String(headers["webhook-id"])}.${String(headers["webhook-timestamp"])}.${body}`;
      expect(headers["webhook-signature"]).toBe(`v1,${createHmac("sha256", key).update(said).digest("base64")}`);
    }
    expect(world.problems).toEqual([]);
  });

  test("names and addresses stay here unless the stream was told to carry them", async () => {
    await world.add(world.body());
    await world.drain();
    const plain = world.got.flatMap(({ body }) => eventsOf(body));
    expect(
      plain.every((event) => event.source === undefined && [undefined, "Probity"].includes(event.actor.name)),
    ).toBe(true);
    world.got.length = 0;
    await world.add(world.body({ personal: true }));
    await world.drain();
    const full = world.got.flatMap(({ body }) => eventsOf(body));
    expect(full.some((event) => event.source === "127.0.0.1" && event.actor.name === "Test owner")).toBe(true);
  });

  test("that fails, is silent or breaks off gets the same message again, and nothing is lost", async () => {
    const { id } = await world.add(world.body());
    world.answers.push(
      (response) => response.writeHead(503).end(),
      () => undefined,
      (response) => response.destroy(),
      (response) => response.writeHead(302, { location: "/elsewhere" }).end(),
    );
    const said: unknown[] = [];
    for (let round = 0; round < 4; round += 1) {
      await world.pump.round();
      const { state: now, problem, nextTryAt } = await world.state(id);
      said.push([now, typeof problem, typeof nextTryAt]);
      // Not due yet: nobody is asked twice in a row.
      expect(await world.pump.round()).toBe(0);
      await world.make(1);
      await world.wake(id);
    }
    expect(new Set(said.map(String))).toEqual(new Set(["retrying,string,string"]));
    await world.drain();
    expect(new Set(world.got.slice(0, 5).map(({ headers }) => headers["webhook-id"])).size).toBe(1);
    expect(new Set(world.got.slice(0, 5).map(({ body }) => body)).size).toBe(1);
    await world.place();
    await world.drain();
    const places = world.got.slice(4).flatMap(({ body }) => eventsOf(body).map((event) => event.seq));
    expect(places).toEqual(await world.places());
    expect((await world.state(id))["state"]).toBe("running");
  });

  test("several servers never send to it at the same time, and none sends what another sent", async () => {
    await world.add(world.body());
    await world.make(200);
    world.always = () => 204;
    const slow = (response: ServerResponse) => void setTimeout(() => response.writeHead(204).end(), 60);
    world.answers.push(slow, slow, slow, slow, slow, slow);
    const pumps = [world.pumpOf(60, 20), world.pumpOf(60, 20), world.pumpOf(60, 20)];
    while ((await Promise.all(pumps.map((each) => each.round()))).some((count) => count > 0));
    expect(world.mostTogether).toBe(1);
    const ids = world.got.flatMap(({ body }) => eventsOf(body).map((event) => event.id));
    const count = (await world.places()).length;
    expect([ids.length, new Set(ids).size]).toEqual([count, count]);
  });

  test("a server killed after the receiver took a batch and before it could note it: the next sends the same message", async () => {
    await world.add(world.body());
    const { host, port, database } = world.server.kernel.address;
    const taken = new Promise<void>((resolve) => world.answers.push(() => resolve()));
    const child = spawn(
      process.execPath,
      [
        join(import.meta.dirname, "../../testing/stream-child.ts"),
        host ?? "",
        String(port),
        database ?? "",
        world.origin,
        world.server.kernel.filesFolder,
      ],
      { stdio: ["ignore", "inherit", "inherit"] },
    );
    await taken;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await gone;
    // Its lease holds for a while: until then nobody else sends.
    expect(await world.pump.round()).toBe(0);
    await expect.poll(() => world.pump.round(), { timeout: 120_000, interval: 300 }).toBe(1);
    await world.drain();
    expect(world.got[1]?.headers["webhook-id"]).toBe(world.got[0]?.headers["webhook-id"]);
    const places = world.got.slice(1).flatMap(({ body }) => eventsOf(body).map((event) => event.seq));
    expect(places).toEqual(await world.places());
  });

  test("a stream that began again is not moved by who was sending before", async () => {
    const { id } = await world.add(world.body());
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) =>
      world.answers.push((response) => {
        release = () => response.writeHead(204).end();
        resolve();
      }),
    );
    const late = world.pump.round();
    await held;
    await world.asOwner("POST", `/api/ledger/streams/${id}/back-fill`, { body: { from: "beginning" } });
    release();
    await late;
    expect((await world.state(id))["next"]).toBe(0);
  });

  test("refuses one event for what it says: it is put aside and shown, the others arrive, and it can be sent again", async () => {
    const { id } = await world.add(world.body({ from: "now" }));
    const begin = Number((await world.state(id))["next"]);
    await world.make(6);
    const poison = begin + 4;
    world.always = (body) => (eventsOf(body).some((event) => event.seq === poison) ? 422 : 204);
    for (let round = 0; round < 40 && Number((await world.state(id))["letters"]) === 0; round += 1) {
      await world.pump.round();
      await world.wakeQuietly(id);
    }
    await world.drain();
    const letters: unknown = (await world.asOwner("GET", `/api/ledger/streams/${id}/letters`)).body["items"];
    expect(letters).toEqual([expect.objectContaining({ seq: poison, problem: "The receiver answered 422" })]);
    await world.place();
    await world.drain();
    const places = world.got
      .filter(({ body }) => !eventsOf(body).some((event) => event.seq === poison))
      .flatMap(({ body }) => eventsOf(body).map((event) => event.seq));
    const rest = (await world.places()).filter((place) => place >= begin && place !== poison);
    expect([...new Set(places)].toSorted((a, b) => a - b)).toEqual(rest);
    world.always = undefined;
    const again = await world.asOwner("POST", `/api/ledger/streams/${id}/letters/send`);
    expect(again.body).toEqual({ sent: 1, left: 0 });
    expect(eventsOf(world.got.at(-1)?.body ?? "").map((event) => event.seq)).toEqual([poison]);
    expect((await world.state(id))["letters"]).toBe(0);
  });

  test("that says 410 is asked no more until somebody wakes it; paused sends nothing; resumed catches up", async () => {
    const { id } = await world.add(world.body());
    world.answers.push((response) => response.writeHead(410).end());
    await world.pump.round();
    expect((await world.state(id))["state"]).toBe("stopped");
    expect(await world.pump.round()).toBe(0);
    await world.asOwner("POST", `/api/ledger/streams/${id}/pause`, { body: { paused: true } });
    expect([(await world.state(id))["state"], await world.pump.round()]).toEqual(["stopped", 0]);
    await world.wake(id);
    expect((await world.state(id))["state"]).toBe("running");
    await world.drain();
    const last = world.got.slice(1).flatMap(({ body }) => eventsOf(body));
    expect(last[0]?.seq).toBe(0);
  });

  test("a test says what the receiver answered, and is an event of its own", async () => {
    const { id } = await world.add(world.body({ from: "now" }));
    const fine = await world.asOwner("POST", `/api/ledger/streams/${id}/test`);
    expect(fine.body).toMatchObject({ taken: true, problem: null });
    expect(JSON.parse(world.got.at(-1)?.body ?? "")).toMatchObject({ type: "ledger.test" });
    world.answers.push((response) => response.writeHead(401).end());
    const refused = await world.asOwner("POST", `/api/ledger/streams/${id}/test`);
    expect(refused.body).toMatchObject({ taken: false, problem: "The receiver answered 401" });
    await world.place();
    const rows = await asDoor(
      world.server,
      "select outcome from kernel.ledger_event where tenant_id = $1 and action = 'kernel.stream.test' order by seq",
      [world.workspace],
    );
    expect(rows.map((row) => row["outcome"])).toEqual(["done", "failed"]);
  });
});

test("LED-05 back-off grows to an hour, three days of failures stop a stream, three letters in a row too", () => {
  const taken = { next: 0, end: 1, attempts: 0, failingSince: null, lettersInARow: 0 };
  const failed = { state: "failed", problem: "x" } as const;
  const refused = { state: "refused", problem: "x" } as const;
  const pauses = [0, 1, 5, 40].map((attempts) => settle({ ...taken, attempts }, [], failed).pauseSeconds);
  expect(pauses.every((pause, index) => pause >= ([2, 4, 64, 3600][index] ?? 0) && pause <= 4500)).toBe(true);
  const since = new Date(Date.now() - 4 * 86_400_000);
  expect(settle({ ...taken, failingSince: since }, [], failed).stop).toBe(true);
  expect(settle({ ...taken, failingSince: new Date() }, [], failed).stop).toBe(false);
  expect(settle({ ...taken, attempts: 9, lettersInARow: 2 }, [], refused).letter).toBeUndefined();
});
