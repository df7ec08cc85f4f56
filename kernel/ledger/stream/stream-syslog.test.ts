import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { testCertificate } from "../../testing/certificate.ts";
import { asDoor } from "../../testing/record-suite.ts";
import { openStreamWorld, type StreamWorld } from "../../testing/stream.ts";
import { framed, syslogText } from "./syslog.ts";

let world: StreamWorld;
beforeAll(async () => {
  world = await openStreamWorld();
});
afterAll(() => world?.close());
beforeEach(() => world.fresh());

describe("LED-05 syslog over TLS (RFC 5424, 5425)", () => {
  const line =
    /^<(\d+)>1 (\S+) (\S+) probity (\d+) ledger \[origin software="Probity"\]\[meta sequenceId="(\d+)"\] (\{.*\})$/;
  const stream = (more: Record<string, unknown> = {}) =>
    world.body({
      kind: "syslog",
      address: `localhost:${world.syslog.port}`,
      authority: world.syslog.authority,
      ...more,
    });

  test("frames by octets, writes RFC 5424, and every event arrives once", async () => {
    await world.add(stream({ format: "ocsf", personal: true }));
    await world.make(120);
    await world.drain();
    const parsed = world.syslog.messages.map((message) => line.exec(message));
    expect(parsed.every((each) => each !== null)).toBe(true);
    const events = parsed.map((each) => JSON.parse(each?.[6] ?? "null"));
    expect(events.map((event) => event.metadata.sequence)).toEqual(await world.places());
    expect(parsed.map((each) => Number(each?.[5]))).toEqual(events.map((event) => event.metadata.sequence + 1));
    expect(world.problems).toEqual([]);
  });

  test("what is not ASCII is escaped, so the length is the bytes and no mark is needed", () => {
    const text = syslogText(
      { at: "2026-11-22T06:00:00.000Z", seq: 2_147_483_647, failed: true, body: '{"n":"Zoë 🎓"}' },
      "h",
    );
    expect(text).toContain('{"n":"Zo\\u00eb \\ud83c\\udf93"}');
    expect(text).toMatch(/^<108>1 .*sequenceId="1"/);
    expect(framed("é").toString("latin1").slice(0, 2)).toBe("2 ");
  });

  test("another authority is not believed, and a receiver without its pin neither", async () => {
    for (const authority of [testCertificate().cert, undefined]) {
      const { id } = await world.add(stream(authority === undefined ? { authority: "" } : { authority }));
      await world.pump.round();
      expect(await world.state(id)).toMatchObject({
        state: "retrying",
        problem: expect.stringMatching(/SELF_SIGNED|UNABLE|connection failed/),
      });
      await world.asOwner("DELETE", `/api/ledger/streams/${id}`);
    }
    expect(world.syslog.messages).toEqual([]);
  });

  test("a receiver that breaks off, or takes bytes and never ends, gets the same lines again", async () => {
    const { id } = await world.add(stream());
    world.syslog.breaks = 1;
    await world.pump.round();
    expect((await world.state(id))["state"]).toBe("retrying");
    world.syslog.silent = true;
    await world.wake(id);
    await world.pump.round();
    expect(await world.state(id)).toMatchObject({ state: "retrying", problem: "The receiver took too long" });
    world.syslog.silent = false;
    world.syslog.messages.length = 0;
    await world.place();
    await world.wakeQuietly(id);
    await world.drain();
    const places = world.syslog.messages.map((message) => JSON.parse(line.exec(message)?.[6] ?? "null").seq);
    expect(places).toEqual(await world.places());
  });
});

describe("LED-05 who may send the log where", () => {
  test("a fresh proof is asked for, a member may neither see nor add, another workspace finds nothing", async () => {
    const bare = await world.bare("POST", "/api/ledger/streams", world.body());
    expect([bare.status, await bare.text()]).toEqual([403, expect.stringContaining("step_up_required")]);
    const { id } = await world.add(world.body());
    const member = world.server.as(await world.server.member(world.workspace, "member"));
    expect((await member("GET", "/api/ledger/streams")).status).toBe(403);
    expect((await member("POST", "/api/ledger/streams", { body: world.body() })).status).toBe(403);
    const other = await world.server.kernel.foundWorkspace(`other-${Math.random().toString(36).slice(2, 10)}`);
    const stranger = world.server.as(await world.server.member(other, "owner"));
    expect((await stranger("GET", "/api/ledger/streams")).body["items"]).toEqual([]);
    for (const path of ["test", "letters/send"])
      expect([path, (await stranger("POST", `/api/ledger/streams/${id}/${path}`)).status]).toEqual([path, 404]);
    expect(
      (await stranger("POST", `/api/ledger/streams/${id}/back-fill`, { body: { from: "beginning" } })).status,
    ).toBe(404);
    expect((await stranger("DELETE", `/api/ledger/streams/${id}`)).status).toBe(404);
  });

  test("an address inside is refused when it is typed, or when it is called", async () => {
    for (const address of ["http://10.0.0.1/", "https://user:word@example.com/", "nothing"])
      expect([
        address,
        (await world.asOwner("POST", "/api/ledger/streams", { body: world.body({ address }) })).status,
      ]).toEqual([address, 422]);
    const syslogs = ["127.0.0.1:6514", "0x7f.1:6514", "[::1]:6514", "169.254.169.254:80", "localhost:1"];
    for (const address of ["https://127.0.0.1:1/in", ...syslogs]) {
      const kind = address.startsWith("https") ? "webhook" : "syslog";
      const { id } = await world.add(world.body({ kind, address }));
      const tried = await world.asOwner("POST", `/api/ledger/streams/${id}/test`);
      expect([address, tried.body["taken"], tried.body["problem"]]).toEqual([
        address,
        false,
        expect.stringContaining("not one Probity calls"),
      ]);
      await world.asOwner("DELETE", `/api/ledger/streams/${id}`);
    }
  });

  test("the secret is in no answer but the first, and nowhere in the database in clear", async () => {
    const { secret } = await world.add(world.body());
    const shown = await world.asOwner("GET", "/api/ledger/streams");
    expect(shown.text).not.toContain(secret.slice(6));
    const rows = await asDoor(
      world.server,
      "select body::text as t from kernel.version_history where tenant_id = $1 union all select openings::text from kernel.ledger_opening where tenant_id = $1",
      [world.workspace],
    );
    expect(rows.length).toBeGreaterThan(3);
    expect(rows.map((row) => String(row["t"])).join("\n")).not.toContain(secret.slice(6));
  });

  test("no statement of the application moves a cursor or removes a letter", async () => {
    const { id } = await world.add(world.body());
    const code = (act: Promise<unknown>) =>
      act.then(
        () => "done",
        (error: unknown) => (error instanceof Error && "code" in error ? error.code : String(error)),
      );
    const holder = "00000000-0000-7000-8000-000000000001";
    const settled = world.server.kernel.door.callFunction({
      sql: "select kernel.settle_stream($1, $2, $3, $4, $5)",
      parameters: ["guess", holder, world.workspace, id, JSON.stringify({ next: 5 })],
    });
    expect(await code(settled)).toBe("kernel.permission_missing");
    const taken = world.server.kernel.door.callFunction({
      sql: "select * from kernel.take_streams($1, $2, 1, 1, 60)",
      parameters: ["guess", holder],
    });
    expect(await code(taken)).toBe("kernel.permission_missing");
  });
});
