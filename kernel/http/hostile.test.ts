import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTestServer, type TestServer } from "../testing/server.ts";
import type { TestPerson } from "../testing/kernel.ts";

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
