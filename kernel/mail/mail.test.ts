import { pino } from "pino";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { admit } from "../identity/membership.ts";
import { startWorker } from "../jobs/worker.ts";
import { testCertificate } from "../testing/certificate.ts";
import { openTestKernel, type TestKernel } from "../testing/kernel.ts";
import { openMailServer } from "../testing/mail-server.ts";
import { listOutbox, openOutbox } from "./outbox.ts";
import { Post } from "./post.ts";
import { mailJob } from "./send.ts";
import { SmtpSender } from "./smtp.ts";
import { defineMail } from "./template.ts";

let kernel: TestKernel;
let post: Post;
let admin: Client;
beforeAll(async () => {
  kernel = await openTestKernel();
  post = new Post(kernel.rootKey.key);
  admin = new Client(kernel.admin);
  await admin.connect();
  await admin.query("set role probity_owner");
});
afterAll(async () => {
  await admin.end();
  await kernel.close();
});

const greeting = defineMail("test.greeting", ({ name }: { name: string }) => ({
  subject: `Hello ${name}`,
  parts: [`Dear ${name}, look here.`, { label: "Look", url: "https://probity.example/x/secret-token-1?a=1&b=2" }],
}));
const mail = greeting.compose({ name: "Ada" });
const logger = pino({ level: "silent" });
const person = { address: "ada@example.test", userId: null };

async function rowOf(
  template: string,
): Promise<{ state: string; attempts: number; sealed: Buffer | null; problem: string }> {
  const found = await admin.query("select * from identity.mail where template = $1", [template]);
  return found.rows[0];
}
async function until<T>(look: () => Promise<T>, done: (value: T) => boolean): Promise<T> {
  const end = Date.now() + 30_000;
  for (;;) {
    const value = await look();
    if (done(value) || Date.now() > end) return value;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
async function working<T>(sender: SmtpSender | undefined, run: () => Promise<T>): Promise<T> {
  const tasks = { "kernel.mail": mailJob(kernel.identityPool, post, sender) };
  const worker = await startWorker(kernel, tasks, { onlyServer: true, logger });
  try {
    return await run();
  } finally {
    await worker.stop();
    sender?.close();
  }
}
const named = (template: string) => ({ ...mail, template });

describe("what a mail says", () => {
  test("text and HTML say the same, a name can't add markup or a header", () => {
    const { subject, text, html } = greeting.compose({ name: 'A\r\nBcc: x@example.test\u2028<img src="//x">' });
    expect(subject).toBe('Hello A Bcc: x@example.test <img src="//x">');
    expect(subject).not.toMatch(/[\r\n\u2028]/);
    expect(text).toContain("Look:\nhttps://probity.example/x/secret-token-1?a=1&b=2");
    expect(html).not.toContain("<img");
    expect(html).toContain("secret-token-1?a=1&#38;b=2");
    expect(html.replaceAll(/&#\d+;/g, "")).not.toMatch(/<img|<script|@import|url\(/);
  });
});

describe("the outbox", () => {
  test("IDN-05 a mail is sealed in the database, and only where it lies", async () => {
    await post.queue(kernel.identityPool, named("test.sealed"), person);
    const all = await admin.query("select m::text as row from identity.mail m where template = 'test.sealed'");
    expect(String(all.rows[0]?.row)).not.toMatch(/ada@|secret-token/);
    const { id, sealed } = post.seal(mail, person);
    expect(post.open(id, sealed).text).toContain("secret-token-1");
    expect(() => post.open("0198c0de-0000-7000-8000-000000000000", sealed)).toThrow();
  });

  test("IDN-05 a mail whose act is rolled back is never there, nor its job", async () => {
    const jobs = async () =>
      (await kernel.workerPool.query("select count(*)::int as n from graphile_worker.jobs")).rows[0].n;
    const before = await jobs();
    const client = await kernel.identityPool.connect();
    await client.query("begin");
    await post.queue(client, named("test.rolled_back"), person);
    await client.query("rollback");
    client.release();
    expect(await rowOf("test.rolled_back")).toBeUndefined();
    expect(await jobs()).toBe(before);
  });

  test("IDN-05 without a mail server it is kept", async () => {
    await post.queue(kernel.identityPool, named("test.kept"), person);
    await working(undefined, async () => {
      const row = await until(
        () => rowOf("test.kept"),
        ({ state }) => state === "kept",
      );
      expect(row.state).toBe("kept");
      expect(
        post.open(
          (await admin.query("select id from identity.mail where template = 'test.kept'")).rows[0].id,
          row.sealed ?? Buffer.of(),
        ).text,
      ).toContain("secret-token-1");
    });
  });

  test("IDN-05 TEN-01 it shows a workspace its own mail and that of its own people, and opens nobody an owner's", async () => {
    const acme = await kernel.foundWorkspace("outbox-acme");
    const rival = await kernel.foundWorkspace("outbox-rival");
    const [owner, boss, member, foreign, both] = [
      await kernel.addPerson(acme, "owner"),
      await kernel.addPerson(acme, "admin"),
      await kernel.addPerson(acme, "member"),
      await kernel.addPerson(rival, "owner"),
      await kernel.addPerson(acme, "member"),
    ];
    for (const [template, each] of Object.entries({ owner, boss, member, foreign, both })) {
      await post.queue(kernel.identityPool, named(`test.to_${template}`), {
        address: "x@example.test",
        userId: each.userId,
      });
    }
    await post.queue(kernel.identityPool, named("test.to_nobody"), person);
    await kernel.door.work(boss.session, "kernel.people.change", (tx) => post.queueIn(tx, named("test.own"), person));
    const join = { userId: both.userId, name: "Both", email: "both@example.test", role: "member" } as const;
    await kernel.door.work(kernel.system(rival), "kernel.membership.accept", (tx) => admit(tx, join));
    const seen = async (who: typeof owner) =>
      (await kernel.door.work(who.session, "kernel.outbox.read", (tx) => listOutbox(tx, post)))
        .filter(({ template }) => /^test\.(to_|own)/.test(template))
        .map(({ template }) => template)
        .toSorted();
    // Acme is the instance's first workspace: mail to people of no workspace is its owner's to hand on.
    expect(await seen(owner)).toEqual(["test.own", "test.to_boss", "test.to_member", "test.to_nobody"]);
    expect(await seen(boss)).toEqual(["test.own"]);
    expect(await seen(foreign)).toEqual([]);
    await expect(
      kernel.door.work(member.session, "kernel.outbox.read", (tx) => listOutbox(tx, post)),
    ).rejects.toMatchObject({ code: "kernel.permission_missing" });
    // A transaction that was entered for something else gets nothing either.
    await expect(
      kernel.door.work(owner.session, "kernel.people.read", (tx) => listOutbox(tx, post)),
    ).rejects.toMatchObject({ code: "kernel.permission_missing" });
    // While they wait to be sent nobody opens them; without a mail server they are kept, and then some may.
    for (const who of [owner, boss]) {
      const lines = await kernel.door.work(who.session, "kernel.outbox.read", (tx) => listOutbox(tx, post));
      expect(lines.filter(({ opens, state }) => opens && state !== "kept")).toEqual([]);
    }
    await admin.query("update identity.mail set state = 'kept' where state = 'waiting'");
    const idOf = async (template: string) =>
      (await admin.query("select id from identity.mail where template = $1", [template])).rows[0].id;
    const opens = async (who: typeof owner, template: string) => {
      const id = await idOf(template);
      return kernel.door.work(who.session, "kernel.outbox.open", (tx) => openOutbox(tx, post, id));
    };
    expect((await opens(owner, "test.to_member")).text).toContain("secret-token-1");
    expect((await opens(boss, "test.own")).to).toBe("ada@example.test");
    for (const [who, template] of [
      [boss, "test.to_member"],
      [boss, "test.to_owner"],
      [owner, "test.to_owner"],
      [owner, "test.to_both"],
      [foreign, "test.to_both"],
      [foreign, "test.own"],
    ] as const) {
      await expect(opens(who, template)).rejects.toMatchObject({ code: "account.mail_unknown" });
    }
    // An injected statement of a member's transaction gets at none of it.
    await expect(
      kernel.door.work(member.session, "kernel.home.read", (tx) =>
        tx.all({
          compile: () => ({
            sql: "select sealed from identity.mail",
            parameters: [],
            query: { kind: "RawNode", sqlFragments: [], parameters: [] },
            queryId: { queryId: "x" },
          }),
        }),
      ),
    ).rejects.toThrow();
  });
});

describe("sending", () => {
  test("IDN-05 it reaches the mail server once, and its text is gone then", async () => {
    const server = await openMailServer();
    try {
      const sender = new SmtpSender({ url: `smtp://127.0.0.1:${server.port}`, from: "Probity <post@probity.example>" });
      await post.queue(kernel.identityPool, named("test.sent"), person);
      await working(sender, async () => {
        const row = await until(
          () => rowOf("test.sent"),
          ({ state }) => state === "sent",
        );
        expect(row).toMatchObject({ state: "sent", sealed: null, attempts: 1 });
      });
      const mine = server.received.filter(({ raw }) => raw.includes("Hello Ada"));
      expect(mine.at(-1)?.to).toEqual(["ada@example.test"]);
      expect(mine.at(-1)?.raw).toMatch(/Content-Type: text\/plain[\s\S]+Content-Type: text\/html/);
    } finally {
      await server.close();
    }
  });

  test("IDN-05 what may pass another time is tried again, what never will is not", async () => {
    const server = await openMailServer();
    try {
      await admin.query("delete from identity.mail");
      server.refusals.push(451);
      const sender = new SmtpSender({ url: `smtp://127.0.0.1:${server.port}`, from: "post@probity.example" });
      await post.queue(kernel.identityPool, named("test.again"), person);
      await working(sender, async () => {
        const waiting = await until(
          () => rowOf("test.again"),
          ({ attempts }) => attempts === 1,
        );
        expect(waiting).toMatchObject({ state: "waiting", problem: "EENVELOPE 451 RCPT TO" });
        expect(waiting.sealed).not.toBeNull();
        await admin.query("update identity.mail set next_at = now() where template = 'test.again'");
        expect(
          await until(
            () => rowOf("test.again"),
            ({ state }) => state === "sent",
          ),
        ).toMatchObject({ state: "sent", attempts: 2 });
        server.refusals.push(550);
        await post.queue(kernel.identityPool, named("test.refused"), person);
        expect(
          await until(
            () => rowOf("test.refused"),
            ({ state }) => state === "failed",
          ),
        ).toMatchObject({ state: "failed", attempts: 1, sealed: null });
      });
    } finally {
      await server.close();
    }
  });

  test("IDN-05 a mail server with a certificate nobody vouches for gets no mail; with a known authority it does", async () => {
    const { key, cert } = testCertificate();
    const implicit = await openMailServer({ secure: true, key, cert });
    const startTls = await openMailServer({ key, cert, disabledCommands: [] });
    try {
      const from = "post@probity.example";
      for (const url of [`smtps://localhost:${implicit.port}`, `smtp://localhost:${startTls.port}`]) {
        const strict = new SmtpSender({ url, from });
        expect((await strict.send("x", "ada@example.test", mail)).state).toBe("again");
        const known = new SmtpSender({ url, from, authority: cert });
        expect(await known.send("x", "ada@example.test", mail)).toEqual({ state: "sent" });
        strict.close();
        known.close();
      }
      expect([implicit.received.length, startTls.received.length]).toEqual([1, 1]);
    } finally {
      await implicit.close();
      await startTls.close();
    }
  });
});
