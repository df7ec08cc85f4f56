import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Post, startWorker } from "@probity/kernel";
import type { TestPerson } from "@probity/kernel/testing";
import { lab } from "../app.ts";
import { sendNotices } from "../jobs/send-notice.ts";
import { query } from "../query.ts";
import { entered, inOrder, openLab, received, resultOf, type LabWorld } from "../testing/world.ts";

let world: LabWorld;
let worker: { stop(): Promise<void> };
let stranger: TestPerson;
beforeAll(async () => {
  world = await openLab();
  const { kernel } = world.server;
  stranger = await world.server.member(await kernel.foundWorkspace("other"), "owner");
  worker = await startWorker(kernel, lab().jobs?.(kernel) ?? {}, {
    onlyServer: true,
    logger: pino({ level: "silent" }),
  });
});
afterAll(async () => {
  await worker?.stop();
  await world?.server.close();
});

type Setting = { when: string; groups: string[]; people: string[]; values: boolean };
const decide = async (value: Setting) => {
  const body = { name: "notice.out", value, reason: "As the manual says" };
  const answer = await world.as.admin("POST", "/api/lab/settings", { body });
  if (answer.status !== 201) throw new Error(answer.text);
  const inForce = async () => {
    const listed = JSON.parse((await world.as.reader("GET", "/api/lab/settings")).text);
    return listed.items.find((each: { name: string }) => each.name === "notice.out").value;
  };
  for (const deadline = Date.now() + 30_000; JSON.stringify(await inForce()) !== JSON.stringify(value);)
    if (Date.now() > deadline) throw new Error("the setting did not come in force");
};
const sentOf = async (column: "result_id" | "investigation_id", id: string) => {
  const asked = sql<{
    id: string;
    batch_id: string;
    waits_for: string | null;
    sent_at: Date | null;
    recipients: number;
  }>`
    select id, batch_id, waits_for, sent_at, recipients from lab.notice where ${sql.ref(column)} = ${id} order by id`;
  return world.server.kernel.door.work(world.reader.session, "lab.sample.read", (tx) =>
    tx.all({ compile: () => asked.compile(query) }),
  );
};
/** The notices of a result or an investigation, once as many as are wanted have left. */
const told = async (column: "result_id" | "investigation_id", id: string, count = 1) => {
  for (const deadline = Date.now() + 60_000; ; await new Promise((resolve) => setTimeout(resolve, 100))) {
    const rows = await sentOf(column, id);
    if (rows.filter((each) => each.sent_at !== null).length >= count) return rows;
    if (Date.now() > deadline) throw new Error(`${rows.length} notices, none more sent`);
  }
};
type Kept = { to: string; subject: string; text: string; tenant: string };
/** Every mail of a kind that is in the outbox, with whom it goes to. */
const mails = async (part: string): Promise<Kept[]> => {
  const post = new Post(world.server.kernel.rootKey.key);
  const { rows } = await world.server.kernel.identityPool.query<{ id: string; sealed: Buffer; tenant_id: string }>(
    "select id, sealed, tenant_id from identity.mail where template in ('lab.out', 'lab.waits') and sealed is not null",
  );
  return rows
    .map(({ id, sealed, tenant_id }) => ({ ...post.open(id, sealed), tenant: tenant_id }))
    .filter(({ text, subject }) => `${subject}\n${text}`.includes(part));
};
const addressOf = async (...people: TestPerson[]) => {
  const ids = people.map((each) => each.membershipId);
  const asked = sql<{ email: string }>`select email from kernel.membership where id = any(${ids}::uuid[])`;
  const rows = await world.server.kernel.door.work(world.reader.session, "lab.sample.read", (tx) =>
    tx.all({ compile: () => asked.compile(query) }),
  );
  return rows.map((each) => each.email).toSorted();
};
const numberOf = async (id: string): Promise<string> =>
  JSON.parse((await world.as.reader("GET", `/api/lab/samples/${id}`)).text).number;

describe("LAB-03 who is told of a value out of specification", () => {
  test("nobody as it comes: no notice, no job, no mail", async () => {
    const [id = ""] = await received(world);
    await entered(world, id, "7.9");
    expect(await sentOf("result_id", (await resultOf(world.as.reader, id, "ph")).id)).toEqual([]);
    expect(await mails(await numberOf(id))).toEqual([]);
  });

  test("those whom the setting names and who may see it, once: number and determination, no value, a link", async () => {
    const without = await world.server.member(world.workspace, "member");
    const role = { version: 0, body: { apps: { lab: "none" }, customRoles: [] } };
    const taken = await world.as.admin("PUT", `/api/people/${without.membershipId}/access`, role);
    expect(taken.status).toBeLessThan(300);
    const people = [world.reader.membershipId, without.membershipId, stranger.membershipId, uuidv7()];
    await decide({ when: "out", groups: ["verify"], people, values: false });
    const [id = ""] = await received(world);
    await entered(world, id, "7.9");
    const ph = await resultOf(world.as.reader, id, "ph");
    const [notice] = await told("result_id", ph.id);
    const number = await numberOf(id);
    const left = await mails(number);
    expect(left.map((each) => each.to).toSorted()).toEqual(await addressOf(world.admin, world.reviewer, world.reader));
    expect(notice?.recipients).toBe(3);
    for (const { subject, text, tenant } of left) {
      expect([subject, tenant]).toEqual([`Out of specification: ${number}, pH`, world.workspace]);
      expect(text).toContain(`/w/acme/lab/samples/${id}`);
      expect(text).not.toContain("7.9");
    }
    // Saved again untouched, and its job run again: nothing more.
    await world.as.technician("POST", "/api/lab/results/save", {
      body: { rows: [{ id: ph.id, version: ph.version, text: "7.9" }] },
    });
    await sendNotices(
      world.server.kernel,
      { credential: world.technician.session, subjectId: notice?.batch_id ?? "", report: async () => undefined },
      "lab.result.enter",
      "http://localhost",
    );
    expect(await sentOf("result_id", ph.id)).toHaveLength(1);
    expect(await mails(number)).toHaveLength(3);
  });

  test("what one act found is one mail; the value is in it where the setting says so", async () => {
    await decide({ when: "out", groups: ["admin"], people: [], values: true });
    const [one = "", two = ""] = await received(world, 2);
    const rows = await Promise.all([one, two].map((each) => resultOf(world.as.reader, each, "ph")));
    const body = { rows: rows.map(({ id, version }) => ({ id, version, text: "8.25" })) };
    expect((await world.as.technician("POST", "/api/lab/results/save", { body })).status).toBe(200);
    await told("result_id", rows[1]?.id ?? "");
    const number = await numberOf(one);
    const left = await mails(number);
    expect(left.map((each) => [each.to, each.subject])).toEqual([
      [(await addressOf(world.admin))[0], "Out of specification: 2 results"],
    ]);
    expect(left[0]?.text).toContain(`${number}, pH: 8.25`);
    expect(left[0]?.text).toContain(await numberOf(two));
  });

  test("an investigation that waits is told to who may do what it waits for, and not to who brought it there", async () => {
    await decide({ when: "out-and-waiting", groups: ["verify", "enter"], people: [], values: false });
    const [id = ""] = await received(world);
    await entered(world, id, "7.9");
    const ph = await resultOf(world.as.reader, id, "ph");
    const made = await world.as.technician("POST", `/api/lab/results/${ph.id}/investigate`);
    const investigation = String(made.body["id"]);
    const base = `/api/lab/investigations/${investigation}`;
    const cause = { checklist: inOrder, cause: "laboratory-error", causeText: "Dry electrode" };
    await world.as.technician("POST", `${base}/assess`, { version: 1, body: cause });
    await world.as.admin("POST", `${base}/plan`, { version: 2, body: { retests: 1, plan: "New electrode" } });
    const rows = await told("investigation_id", investigation, 2);
    expect(rows.map((each) => each.waits_for)).toEqual(["assess", "approve-plan"]);
    const number = String(made.body["number"]);
    const plan = (await mails(number)).filter((each) => each.subject.includes("approval of its retest plan"));
    expect(plan.map((each) => each.to)).toEqual(await addressOf(world.reviewer));
    expect(plan[0]?.text).toContain(`/lab/investigations/${investigation}`);
    const opened = (await mails(number)).filter((each) => each.subject.includes("assessment"));
    expect(opened.map((each) => each.to).toSorted()).toEqual(await addressOf(world.admin, world.reviewer));
  });

  test("a statement writes no second notice, none of what is in its limits, marks none as sent and queues no mail", async () => {
    await decide({ when: "never", groups: [], people: [], values: false });
    const [out = "", inside = ""] = await received(world, 2);
    await entered(world, out, "7.9");
    await entered(world, inside, "6.5");
    const [bad, good] = [await resultOf(world.as.reader, out, "ph"), await resultOf(world.as.reader, inside, "ph")];
    const insert = (person: TestPerson, may: string, id: string, result: string, more = "null") =>
      world.server.kernel.door.work(person.session, may, async (tx) => {
        await tx.record({ action: "lab.notice.test", record: "lab.notice", rowId: id, version: 1 });
        const statement = sql`insert into lab.notice (tenant_id, id, batch_id, kind, result_id, sent_at)
          values (${world.workspace}, ${id}, ${id}, 'out', ${result}, ${sql.raw(more)})`;
        await tx.all({ compile: () => statement.compile(query) });
      });
    const may = "lab.result.enter";
    await expect(insert(world.technician, may, uuidv7(), good.id)).rejects.toThrow(/only what is out/);
    await expect(insert(world.technician, may, uuidv7(), bad.id, "now()")).rejects.toThrow(/begins unsent/);
    await expect(insert(world.reviewer, "lab.result.verify", uuidv7(), bad.id)).rejects.toThrow(/permission_missing/);
    const first = uuidv7();
    await insert(world.technician, may, first, bad.id);
    await expect(insert(world.technician, may, uuidv7(), bad.id)).rejects.toThrow(/notice_of_result/);
    await expect(
      world.server.kernel.door.work(world.technician.session, may, async (tx) => {
        await tx.record({ action: "lab.notice.test", record: "lab.notice", rowId: first, version: 2 });
        const statement = sql`update lab.notice set sent_at = now(), recipients = 0 where id = ${first}`;
        await tx.all({ compile: () => statement.compile(query) });
      }),
    ).rejects.toThrow(/sent once, by the server/);
    for (const person of [world.technician, world.admin])
      await expect(world.server.kernel.door.work(person.session, "lab.notice.send", async () => 1)).rejects.toThrow();
  });
});
