import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { query } from "../work/query.ts";
import { openTestServer, type TestServer } from "../testing/server.ts";
import type { TestPerson } from "../testing/kernel.ts";
import { asDoor, placeLeaves } from "../testing/record-suite.ts";
import { makeDownloadLink, revokeLinks } from "./link.ts";

let server: TestServer;
let person: TestPerson;
beforeAll(async () => {
  server = await openTestServer([]);
  person = await server.member(await server.kernel.foundWorkspace("acme"), "owner");
});
afterAll(async () => server.close());

test("FIL-03 a link ends with the file it opens", async () => {
  const { door, files } = server.kernel;
  const keys = await door.work(person.session, "kernel.file.open", (tx) => files.keysOf(tx));
  const stored = await files.store(person.session.workspace ?? "", keys, Buffer.from("words"), "txt");
  const { blob, link } = await door.work(person.session, "kernel.file.open", async (tx) => {
    const id = await files.name(tx, stored);
    return { blob: id, link: await makeDownloadLink(tx, id, "a.txt", { record: "kernel.blob", rowId: id }) };
  });
  expect((await server.anonymous("GET", link.url)).text).toBe("words");
  await door.work(person.session, "kernel.file.open", (tx) => revokeLinks(tx, [blob]));
  expect((await server.anonymous("GET", link.url)).status).toBe(401);
});

/** A link of this person to a new file. */
async function linkOf(owner: TestPerson, words: string) {
  const { door, files } = server.kernel;
  const keys = await door.work(owner.session, "kernel.file.open", (tx) => files.keysOf(tx));
  const stored = await files.store(owner.session.workspace ?? "", keys, Buffer.from(words), "txt");
  return door.work(owner.session, "kernel.file.open", async (tx) => {
    const id = await files.name(tx, stored);
    return makeDownloadLink(tx, id, 'über "uns".txt', { record: "kernel.blob", rowId: id });
  });
}

test("FIL-03 a link opens one file for its hour, is bound to its maker, and each use leaves its leaf", async () => {
  const link = await linkOf(person, "opened");
  const answer = await server.anonymous("GET", link.url);
  expect([answer.status, answer.text, answer.headers.get("content-type")]).toEqual([
    200,
    "opened",
    "text/plain; charset=utf-8",
  ]);
  expect(answer.headers.get("content-disposition")).toBe("attachment; filename*=UTF-8''%C3%BCber%20%22uns%22.txt");
  await placeLeaves(server);
  const used = () =>
    asDoor(
      server,
      "select count(*)::integer as n from kernel.ledger_event where action = 'kernel.file.download' and actor_id = $1",
      [person.membershipId],
    ).then(([row]) => row?.["n"]);
  const before = Number(await used());
  await server.anonymous("GET", link.url);
  await placeLeaves(server);
  expect(await used()).toBe(before + 1);
  for (const wrong of [
    `${link.url.slice(0, -1)}${link.url.endsWith("A") ? "B" : "A"}`,
    `/api/files/ln_${"x".repeat(43)}`,
  ])
    expect((await server.anonymous("GET", wrong)).status).toBe(401);
});

test("FIL-03 a link whose hour is over opens nothing", async () => {
  const { door, files } = server.kernel;
  const keys = await door.work(person.session, "kernel.file.open", (tx) => files.keysOf(tx));
  const stored = await files.store(person.session.workspace ?? "", keys, Buffer.from("late"), "txt");
  const tokens = ["early", "late"].map((word) => `ln_${createHash("sha256").update(word).digest("base64url")}`);
  await door.work(person.session, "kernel.file.open", async (tx) => {
    const blobId = await files.name(tx, stored);
    for (const [index, token] of tokens.entries()) {
      const id = randomUUID();
      await tx.record({ action: "kernel.link.create", record: "kernel.link", rowId: id, version: 1 });
      await tx.all(
        query.insertInto("kernel.link").values({
          id,
          secret_hash: createHash("sha256").update(token).digest(),
          purpose: "a.txt",
          subject_id: blobId,
          permission: "kernel.file.open",
          membership_id: tx.who.actorId,
          expires_at: new Date(Date.now() + (index === 0 ? 3_600_000 : -1_000)),
        }),
      );
    }
  });
  const statuses = [];
  for (const token of tokens) statuses.push((await server.anonymous("GET", `/api/files/${token}`)).status);
  expect(statuses).toEqual([200, 401]);
});

test("FIL-03 its maker revokes it by its address; nobody else does, and a second time changes nothing they can see", async () => {
  const link = await linkOf(person, "revoked");
  const colleague = await server.member(person.session.workspace ?? "", "owner");
  const rival = await server.member(await server.kernel.foundWorkspace("rival"), "owner");
  for (const other of [colleague, rival])
    expect((await server.as(other)("DELETE", `/api/links/${link.id}`)).status).toBe(404);
  expect((await server.anonymous("DELETE", `/api/links/${link.id}`)).status).toBe(401);
  expect((await server.anonymous("GET", link.url)).status).toBe(200);
  expect((await server.as(person)("DELETE", `/api/links/${link.id}`)).status).toBe(204);
  expect((await server.anonymous("GET", link.url)).status).toBe(401);
  expect((await server.as(person)("DELETE", `/api/links/${randomUUID()}`)).status).toBe(404);
});

/** A job that nobody works on. */
async function startJob(): Promise<string> {
  const id = randomUUID();
  await server.kernel.door.work(person.session, "kernel.job.read", async (tx) => {
    const call = sql`select kernel.enqueue('none', ${id}, array['kernel.job.read'], ${id}, ${randomUUID()}, 0)`;
    await tx.all({ compile: () => call.compile(query) });
  });
  return id;
}

test("APP-02 a member holds ten streams of progress and no more", async () => {
  const id = await startJob();
  const end = new AbortController();
  const open = () =>
    fetch(`${server.origin}/api/jobs/${id}/events`, {
      headers: { cookie: `probity-session=${person.session.token}` },
      signal: end.signal,
    });
  // Kept: fetch closes a stream whose answer nobody holds any more.
  const answers = await Promise.all(Array.from({ length: 12 }, open));
  expect(answers.map(({ status }) => status).toSorted()).toEqual([...Array<number>(10).fill(200), 503, 503]);
  end.abort();
  await expect
    .poll(async () => {
      const answer = await fetch(`${server.origin}/api/jobs/${id}/events`, {
        headers: { cookie: `probity-session=${person.session.token}` },
      });
      await answer.body?.cancel();
      return answer.status;
    })
    .toBe(200);
});

test("APP-02 who leaves before a stream begins holds none of the ten", async () => {
  const id = await startJob();
  const { hostname, port } = new URL(server.origin);
  const ask = `GET /api/jobs/${id}/events HTTP/1.1\r\nhost: localhost\r\ncookie: probity-session=${person.session.token}\r\n\r\n`;
  for (let each = 0; each < 40; each += 1) {
    const socket = connect(Number(port), hostname);
    await once(socket, "connect");
    socket.write(ask);
    // Somewhere between the request's arrival and the database's answer.
    await new Promise((resolve) => setTimeout(resolve, each % 4));
    socket.destroy();
  }
  const end = new AbortController();
  const open = async () =>
    (
      await fetch(`${server.origin}/api/jobs/${id}/events`, {
        headers: { cookie: `probity-session=${person.session.token}` },
        signal: end.signal,
      })
    ).status;
  // Those that had begun end when their next look finds nobody there.
  await expect
    .poll(async () => (await Promise.all([open(), open(), open()])).join(), { timeout: 120_000 })
    .toBe("200,200,200");
  end.abort();
});
