import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { Client, type ClientConfig } from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { clientConfig, openPool } from "../database/pool.ts";
import { testRootKey } from "../testing/database.ts";
import { openTestKernel, type TestKernel } from "../testing/kernel.ts";
import { Door } from "./door.ts";
import { Flusher } from "./flusher.ts";
import { Lanes } from "./lane.ts";
import { openLine } from "./line.ts";

/** What lies between, and what it does with an answer of the server: passes it on, changed or not, or hangs up. */
type Between = (answer: Buffer, nth: number) => Buffer | "hang up";

let kernel: TestKernel;
let admin: Client;
let proxy: Server;
let between: Between;
/** Whether what is asked of a server's start comes to it as a function there is none of. */
let misspelt = false;
const near = new Set<Socket>();
const straight: Between = (answer) => answer;

beforeAll(async () => {
  kernel = await openTestKernel({ poolSize: 5 });
  admin = new Client(kernel.admin);
  await admin.connect();
  const { host, port } = kernel.address;
  proxy = createServer({ allowHalfOpen: true }, (client) => {
    near.add(client);
    const far: Socket =
      host?.startsWith("/") === true ? connect(`${host}/.s.PGSQL.${port}`) : connect(Number(port), host);
    let nth = 0;
    far.on("data", (answer) => {
      const passed = between(Buffer.from(answer), (nth += 1));
      if (passed === "hang up") return void client.destroy();
      client.write(passed);
      if (passed.includes("FATAL")) client.end();
    });
    client.on("data", (asked) =>
      far.write(misspelt ? Buffer.from(asked.toString("latin1").replace("start_time", "start_tine"), "latin1") : asked),
    );
    client
      .on("error", () => far.destroy())
      .on("end", () => client.end())
      .on("close", () => far.destroy());
    far.on("error", () => client.destroy()).on("close", () => client.destroy());
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => proxy.once("listening", resolve));
});
afterEach(() => {
  between = straight;
  misspelt = false;
});
afterAll(async () => {
  await admin?.end();
  proxy?.close();
  await kernel?.close();
});

const address = () => {
  const at = proxy.address();
  if (at === null || typeof at === "string") throw new Error("no address");
  return { host: "127.0.0.1", port: at.port, database: kernel.address.database };
};
const direct = (name: string): ClientConfig => ({
  ...clientConfig(kernel.address, testRootKey.key, "probity_app"),
  application_name: name,
});
const through = (name: string): ClientConfig => ({
  ...clientConfig(address(), testRootKey.key, "probity_app"),
  application_name: name,
});
const one = { sql: "select 1 as one", parameters: [] };
const connections = async (name: string) =>
  Number(
    (await admin.query("select count(*) as n from pg_stat_activity where application_name = $1", [name])).rows[0].n,
  );
const none = async (name: string) => {
  for (let tries = 0; (await connections(name)) > 0; tries += 1) {
    if (tries > 100) throw new Error(`${await connections(name)} connections are left`);
    await pause(20);
  }
};
/** An ErrorResponse as PostgreSQL sends it before it ends a connection. */
const fatal = (() => {
  const fields = Buffer.from("SFATAL\0VFATAL\0C57P01\0Mterminating connection\0\0");
  const head = Buffer.alloc(5);
  head.write("E");
  head.writeInt32BE(fields.length + 4, 1);
  return Buffer.concat([head, fields]);
})();

describe("OPS-03 a line that breaks", () => {
  test("in the moment it opens is not kept: the next call has a new one", async () => {
    let broken = false;
    between = (answer) => {
      // The answer that says when the server started is the first one with rows.
      if (broken || !answer.includes("started")) return answer;
      broken = true;
      return Buffer.concat([answer, fatal]);
    };
    const lanes = new Lanes(through("broken as it opens"), 1);
    await expect(lanes.free()?.run([one])).rejects.toThrow();
    expect(broken).toBe(true);
    expect(await lanes.free()?.run([one])).toEqual([[{ one: 1 }]]);
    await lanes.end();
    await none("broken as it opens");
  });

  test("asked again after it broke, it fails at once", async () => {
    const line = await openLine(direct("asked again"), () => undefined);
    const asleep = Promise.allSettled([line.run([{ sql: "select pg_sleep(20)", parameters: [] }])]);
    const other = new Client(direct("another"));
    await other.connect();
    await other.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'asked again'");
    await other.end();
    expect((await asleep)[0].status).toBe("rejected");
    await expect(line.run([one])).rejects.toThrow();
    await expect(line.run([one])).rejects.toThrow();
  });

  test("after its lanes have ended none is opened, and none is left", async () => {
    const lanes = new Lanes(direct("ended meanwhile"), 2);
    const [first] = [lanes.free()];
    await first?.run([one]);
    const asking = setInterval(() => first && lanes.flushOf(first), 1);
    await lanes.end();
    await pause(50);
    clearInterval(asking);
    await expect(first?.run([one])).rejects.toThrow();
    expect(first && lanes.flushOf(first)).toBeUndefined();
    await none("ended meanwhile");
  });

  test("is not opened for a flusher that has ended, and one that was just being opened is ended with it", async () => {
    const flusher = new Flusher(direct("flusher that ends"));
    flusher.on("some server");
    await flusher.end();
    await none("flusher that ends");
    flusher.on("some server");
    await pause(200);
    expect(await connections("flusher that ends")).toBe(0);
  });

  test("that says nothing any more is hung up on when it is ended", async () => {
    const line = await openLine(through("says nothing"), () => undefined);
    for (const each of near) each.pause();
    const started = performance.now();
    await line.end();
    expect(performance.now() - started).toBeGreaterThan(1_500);
    for (const each of near) each.destroy();
  });

  test("a server that doesn't say when it started is used, and no commit left to a flusher there", async () => {
    misspelt = true;
    const lanes = new Lanes(through("says no start"), 1);
    const lane = lanes.free();
    expect(await lane?.run([one])).toEqual([[{ one: 1 }]]);
    expect(lane?.server).toBe("");
    expect(lane && lanes.flushOf(lane)).toBeUndefined();
    await lanes.end();
    await none("says no start");
  });

  test("behind a pooler, whose connections outlive the server's, no commit is left to a flusher", async () => {
    between = (answer) => {
      // BackendKeyData: its process is another's.
      const at = answer.indexOf(Buffer.from([0x4b, 0, 0, 0, 12]));
      if (at !== -1) answer.writeInt32BE(answer.readInt32BE(at + 5) + 1, at + 5);
      return answer;
    };
    const lanes = new Lanes(through("pooled"), 1);
    const lane = lanes.free();
    await lane?.run([one]);
    expect(lane?.server).toBe("");
    expect(lane && lanes.flushOf(lane)).toBeUndefined();
    const flusher = new Flusher(through("pooled"));
    flusher.on("");
    await pause(200);
    const real = await openLine(direct("pooled"), () => undefined);
    expect(real.server).not.toBe("");
    expect(flusher.on(real.server)).toBeUndefined();
    await real.end();
    await flusher.end();
    await lanes.end();
  });
});

describe("APP-03 nobody is told that nothing was changed who can't know", () => {
  test("a workspace founded, a function called: the answer is lost, what was done stays", async () => {
    const pool = openPool(address(), testRootKey.key, "probity_app", { max: 2 });
    const door = new Door(pool, kernel.access);
    const id = uuidv7();
    const workspace = { slug: "lost-answer", name: "Lost answer", preset: "regulatory-docs" };
    const founded = door.found(kernel.system(id), workspace, async () => {
      between = () => "hang up";
    });
    await expect(founded).rejects.toMatchObject({ code: "kernel.unconfirmed" });
    between = straight;
    expect(await kernel.door.work(kernel.system(id), "kernel.membership.accept", async (tx) => tx.who.tenantId)).toBe(
      id,
    );
    let asked = false;
    between = (answer) => (asked && answer.includes("lease_budget") ? "hang up" : answer);
    const lease = { sql: "select kernel.lease_budget('lost', $1, 60, 10, 1)", parameters: [id] };
    asked = true;
    await expect(door.callFunction(lease)).rejects.toMatchObject({ code: "kernel.unconfirmed" });
    between = straight;
    await pool.end();
  });
});
