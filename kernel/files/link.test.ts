import { randomUUID } from "node:crypto";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { query } from "../work/query.ts";
import { openTestServer, type TestServer } from "../testing/server.ts";
import type { TestPerson } from "../testing/kernel.ts";
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
    return { blob: id, link: await makeDownloadLink(tx, id, "a.txt") };
  });
  expect((await server.anonymous("GET", link.url)).text).toBe("words");
  await door.work(person.session, "kernel.file.open", (tx) => revokeLinks(tx, [blob]));
  expect((await server.anonymous("GET", link.url)).status).toBe(401);
});

test("APP-02 a member holds ten streams of progress and no more", async () => {
  const id = randomUUID();
  await server.kernel.door.work(person.session, "kernel.job.read", async (tx) => {
    const call = sql`select kernel.enqueue('none', ${id}, array['kernel.job.read'], ${id}, ${randomUUID()}, 0)`;
    await tx.all({ compile: () => call.compile(query) });
  });
  const end = new AbortController();
  const open = async () => {
    const answer = await fetch(`${server.origin}/api/jobs/${id}/events`, {
      headers: { cookie: `probity-session=${person.session.token}` },
      signal: end.signal,
    });
    return answer.status;
  };
  const statuses = await Promise.all(Array.from({ length: 12 }, open));
  expect(statuses.toSorted()).toEqual([...Array<number>(10).fill(200), 503, 503]);
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
