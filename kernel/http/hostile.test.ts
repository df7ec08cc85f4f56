import { connect } from "node:net";
import { PassThrough } from "node:stream";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BudgetSpender } from "../limits/budget.ts";
import { ampleBudgets, openTestServer, type TestServer } from "../testing/server.ts";
import type { TestPerson } from "../testing/kernel.ts";
import { securityHeaders } from "./header.ts";
import { defineRoute } from "./route.ts";
import { createHttpServer } from "./server.ts";
import { wireErrorHandler } from "./wire-error.ts";

let server: TestServer;
let person: TestPerson;
beforeAll(async () => {
  server = await openTestServer([]);
  person = await server.member(await server.kernel.foundWorkspace("acme"), "owner");
});
afterAll(async () => server.close());

describe("TEN a named workspace is read or refused, never passed over", () => {
  test.each(["-".repeat(36), "acme", "a, b"])("%s", async (name) => {
    const answer = await server.as(person)("GET", "/api/jobs", { headers: { "probity-workspace": name } });
    expect(answer.status).toBe(400);
  });
  test("an id in capitals is the same id", async () => {
    const id = (person.session.workspace ?? "").toUpperCase();
    const answer = await server.as(person)("GET", "/api/jobs", { headers: { "probity-workspace": id } });
    expect(answer.status).toBe(200);
  });
});

describe("APP-03 what can't be read is the caller's mistake", () => {
  test.each([
    ["/api/jobs/urn:uuid:01a200e1-f843-740a-9086-0ff0df42fa90/events"],
    ["/api/ledger/events?from=-271821-04-20T00:00:00Z"],
  ])("%s", async (path) => {
    expect((await server.as(person)("GET", path)).status).toBe(400);
  });
  test("a body of brackets", async () => {
    const path = "/api/links/01a200e1-f843-740a-9086-0ff0df42fa90";
    const body = `${"[".repeat(400_000)}${"]".repeat(400_000)}`;
    expect((await server.as(person)("DELETE", path, { body })).status).toBe(400);
  });
});

test("APP-01 an address that can't be decoded gets a problem with every header", async () => {
  const answer = await new Promise<string>((resolve) => {
    let text = "";
    const socket = connect(Number(new URL(server.origin).port), "127.0.0.1", () =>
      socket.write("GET /%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
    );
    socket.on("data", (chunk) => (text += chunk.toString())).on("close", () => resolve(text));
  });
  expect(answer).toMatch(/^HTTP\/1\.1 400/);
  for (const header of ["content-security-policy", "x-content-type-options", "application/problem+json"])
    expect(answer.toLowerCase()).toContain(header);
});

test("APP-01 a method that no route declares is not answered: nothing is traced back", async () => {
  for (const method of ["TRACE", "TRACK", "CONNECT"]) {
    const answer = await new Promise<string>((resolve) => {
      let text = "";
      const socket = connect(Number(new URL(server.origin).port), "127.0.0.1", () =>
        socket.write(
          `${method} /api/keys HTTP/1.1\r\nHost: x\r\nCookie: probity-session=told\r\nConnection: close\r\n\r\n`,
        ),
      );
      socket.setTimeout(10_000, () => socket.destroy());
      socket.on("data", (chunk) => (text += chunk.toString())).on("close", () => resolve(text));
    });
    expect(answer).not.toMatch(/^HTTP\/1\.1 2/);
    expect(answer).not.toContain("told");
  }
});

describe("APP-01 what fails before there is a request", () => {
  /** Sends text as it is and answers everything that came back until the connection ended. */
  const raw = (text: string) =>
    new Promise<string>((resolve, reject) => {
      const { hostname, port } = new URL(server.origin);
      let answer = "";
      const socket = connect({ host: hostname, port: Number(port) }, () => socket.write(text));
      socket.on("data", (piece) => (answer += piece.toString("latin1")));
      socket.once("close", () => resolve(answer));
      socket.once("error", reject);
    });

  test.each([
    [400, "no request line\r\n\r\n"],
    [400, "GET / HTTP/1.1\r\nhost: localhost\r\ncontent-length: x\r\n\r\n"],
    [400, "GET / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n"],
    [431, `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${"a".repeat(20_000)}\r\n\r\n`],
  ])("is answered %i with every header, as a problem document", async (status, text) => {
    const answer = await raw(text);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    for (const header of Object.keys(securityHeaders({ https: false }))) expect(answer).toContain(`\r\n${header}: `);
    expect(answer).toContain("\r\ncontent-type: application/problem+json\r\n");
    expect(JSON.parse(answer.slice(answer.indexOf("\r\n\r\n") + 4))).toMatchObject({ status });
  });

  test("a request that stays away is answered 408 and its socket ends", async () => {
    const slow = await createHttpServer([], new BudgetSpender(server.kernel.door), {
      origin: "http://localhost",
      trustedProxies: [],
      maxUploadBytes: 1,
      budgets: ampleBudgets,
      logger: pino({ level: "silent" }),
    });
    // The limit itself is five minutes; Node looks for such sockets each `connectionsCheckingInterval`.
    expect(slow.server.requestTimeout).toBe(300_000);
    await slow.close();
    const answer = await new Promise<string>((resolve) => {
      const socket = new PassThrough();
      wireErrorHandler({ https: true })(Object.assign(new Error("late"), { code: "ERR_HTTP_REQUEST_TIMEOUT" }), socket);
      socket.on("data", (piece: Buffer) => resolve(piece.toString()));
    });
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toContain("strict-transport-security: ");
  });
});

test("an answer that its handler streams by itself is no error in the log", async () => {
  const lines: string[] = [];
  const log = new PassThrough().on("data", (line: Buffer) => lines.push(line.toString()));
  const stream = defineRoute({
    method: "GET",
    path: "/api/trial-stream",
    summary: "A stream",
    tag: "trial",
    permission: "public",
    answers: { 200: "text/plain" },
    handle: async (_, reply) => {
      reply.hijack();
      reply.raw.end("streamed");
      return reply;
    },
  });
  const at = await createHttpServer([stream], new BudgetSpender(server.kernel.door), {
    origin: "http://127.0.0.1:3000",
    trustedProxies: [],
    maxUploadBytes: 1,
    budgets: ampleBudgets,
    logger: pino({ level: "error" }, log),
  });
  const answer = await at.inject({ url: "/api/trial-stream", headers: { host: "127.0.0.1:3000" } });
  await at.close();
  expect([answer.payload, lines]).toEqual(["streamed", []]);
});

describe("APP-01 a request that names another host", () => {
  const named = (url: string, headers: Record<string, string>, remoteAddress = "192.0.2.7") =>
    at.inject({ url, headers, remoteAddress }).then((answer) => answer.statusCode);
  let at: Awaited<ReturnType<typeof createHttpServer>>;
  const make = (origin: string) =>
    createHttpServer([], new BudgetSpender(server.kernel.door), {
      origin,
      trustedProxies: ["192.0.2.9"],
      maxUploadBytes: 1,
      budgets: ampleBudgets,
      logger: pino({ level: "silent" }),
    });

  test("is answered 421; our own names, with or without the port, are not", async () => {
    at = await make("http://probity.example");
    for (const host of ["probity.example", "Probity.Example:80"])
      expect([host, await named("/x", { host })]).toEqual([host, 404]);
    for (const host of [
      "attacker.example",
      "probity.example.attacker.example",
      "probity.example:8080",
      "localhost",
      "[::1]:3000",
      "",
    ])
      expect([host, await named("/x", { host })]).toEqual([host, 421]);
    // This machine itself may call it by a loopback name, as the probes do; a rebound name stays refused there too.
    expect(await named("/x", { host: "127.0.0.1:3000" }, "127.0.0.1")).toBe(404);
    expect(await named("/x", { host: "attacker.example" }, "127.0.0.1")).toBe(421);
    // A trusted proxy says which host was asked; nobody else does.
    expect(await named("/x", { host: "inner:3000", "x-forwarded-host": "probity.example" }, "192.0.2.9")).toBe(404);
    expect(await named("/x", { host: "inner:3000", "x-forwarded-host": "probity.example" })).toBe(421);
    expect(await named("/healthz", { host: "10.0.0.7:3000" })).toBe(404);
    await at.close();
  });

  test("where the origin is a loopback address, any loopback name is ours and no other", async () => {
    at = await make("http://127.0.0.1:3000");
    for (const host of ["localhost:5173", "127.0.0.1:3000", "[::1]:3000"])
      expect([host, await named("/x", { host })]).toEqual([host, 404]);
    expect(await named("/x", { host: "localhost.attacker.example" })).toBe(421);
    await at.close();
  });
});
