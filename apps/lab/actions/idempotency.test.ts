import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { executeAsOwner } from "@probity/kernel/testing";
import { query } from "../query.ts";
import { entered, openLab, received, resultOf, sampleOf, type LabWorld } from "../testing/world.ts";

let world: LabWorld;
beforeAll(async () => {
  world = await openLab();
});
afterAll(() => world?.server.close());

const raw = (text: string) => {
  const statement = sql<Record<string, unknown>>`${sql.raw(text)}`;
  return { compile: () => statement.compile(query) };
};
const keyed = (key: string) => ({ headers: { "idempotency-key": key } });
const total = async () => Number((await world.as.reader("GET", "/api/lab/samples?limit=1")).body["total"]);

describe("LAB a request sent again", () => {
  test("registers once: again and at the same time it gets the same numbers; another request under the key is refused", async () => {
    const body = { samples: [{ productId: world.product }, { productId: world.product }] };
    const before = await total();
    const send = () => world.as.technician("POST", "/api/lab/samples", { body, ...keyed("register-1") });
    const answers = await Promise.all([send(), send(), send(), send()]);
    answers.push(await send());
    expect(new Set(answers.map((each) => `${each.status} ${each.text}`)).size).toBe(1);
    expect([answers[0]?.status, (await total()) - before]).toEqual([201, 2]);
    const other = await world.as.technician("POST", "/api/lab/samples", {
      body: { samples: [{ productId: world.product }] },
      ...keyed("register-1"),
    });
    expect([other.status, other.body["code"]]).toEqual([422, "http.key_reused"]);
    // Whoever else uses the same words as a key has a key of their own.
    const admin = await world.as.admin("POST", "/api/lab/samples", { body, ...keyed("register-1") });
    expect([admin.status, admin.text === answers[0]?.text]).toEqual([201, false]);
  });

  test("every step of a sample's life happens once under its key, and answers with the version it made", async () => {
    const [id = ""] = await received(world);
    const twice = async (
      by: keyof LabWorld["as"],
      path: string,
      key: string,
      given: { body?: unknown; version?: number },
    ) => {
      const first = await world.as[by]("POST", path, { ...given, ...keyed(key) });
      const again = await world.as[by]("POST", path, { ...given, ...keyed(key) });
      expect([first.status, again.status, again.text]).toEqual([first.status, first.status, first.text]);
      expect([path, first.status < 300]).toEqual([path, true]);
      expect(again.headers.get("etag")).toBe(first.headers.get("etag"));
      return first;
    };
    const ph = await resultOf(world.as.reader, id, "ph");
    const made = await twice("technician", "/api/lab/worksheets", "life-1", {
      body: { title: "pH", resultIds: [ph.id] },
    });
    const sheets = JSON.parse((await world.as.reader("GET", "/api/lab/worksheets")).text);
    expect(sheets.items.filter((each: { id: string }) => each.id === made.body["id"])).toHaveLength(1);
    await entered(world, id);
    const entry = await resultOf(world.as.reader, id, "ph");
    const change = { id: entry.id, version: entry.version, text: "6.6", reason: "Read off again" };
    await twice("technician", "/api/lab/results/save", "life-2", { body: { rows: [change] } });
    expect((await resultOf(world.as.reader, id, "ph")).version).toBe(entry.version + 1);
    const now = await sampleOf(world.as.reader, id);
    await twice("technician", `/api/lab/samples/${id}/custody`, "life-3", {
      body: { act: "moved", place: "Fridge 9" },
      version: now.version,
    });
    const moved = await sampleOf(world.as.reader, id);
    await twice("reviewer", `/api/lab/samples/${id}/verify`, "life-4", { version: moved.version });
    const verified = await sampleOf(world.as.reader, id);
    await twice("reviewer", `/api/lab/samples/${id}/publish`, "life-5", {
      body: { specificationIds: [] },
      version: verified.version,
    });
    const shown = JSON.parse((await world.as.reader("GET", `/api/lab/samples/${id}`)).text);
    expect([shown.state, shown.publications.length, shown.custody.length]).toEqual(["published", 1, 2]);
  });

  test("a refused request keeps no key: corrected, it is done under the same one", async () => {
    const wrong = { samples: [{ productId: world.other }] };
    const refused = await world.as.technician("POST", "/api/lab/samples", { body: wrong, ...keyed("refused-1") });
    expect(refused.status).toBe(422);
    const right = { samples: [{ productId: world.product }] };
    const done = await world.as.technician("POST", "/api/lab/samples", { body: right, ...keyed("refused-1") });
    expect(done.status).toBe(201);
  });

  test("ENC-03 an answer that is shown once, such as a link, lies sealed, and is given again to who asked", async () => {
    const { admin } = world.as;
    const customer = await admin("POST", "/api/lab/customers", { body: { code: "C-1", name: "Alpha" } });
    const contact = await admin("POST", `/api/lab/customers/${String(customer.body["id"])}/contacts`, {
      body: { name: "Cara", email: "cara@example.org" },
    });
    const send = () => admin("POST", `/api/lab/contacts/${String(contact.body["id"])}/invite`, keyed("invite-1"));
    const first = await send();
    const token = String(first.body["link"]).split("/").at(-1) ?? "";
    expect([first.status, token.length > 30, (await send()).body["link"]]).toEqual([201, true, first.body["link"]]);
    const kept = await world.server.kernel.door.work(world.admin.session, "lab.sample.register", (tx) =>
      tx.all(raw("select to_jsonb(a)::text as text from lab.kept_answer a")),
    );
    expect([kept.length > 0, kept.filter((row) => String(row["text"]).includes(token))]).toEqual([true, []]);
  });

  test("an answer is read by whoever asked alone, and forgotten after two days; the key stays spent", async () => {
    const body = { samples: [{ productId: world.product }] };
    const send = () => world.as.technician("POST", "/api/lab/samples", { body, ...keyed("old-1") });
    expect((await send()).status).toBe(201);
    await executeAsOwner(
      world.server.kernel.admin,
      `alter table lab.kept_answer no force row level security;
       update lab.kept_answer set kept_at = kept_at - interval '3 days';
       alter table lab.kept_answer force row level security`,
    );
    const { session } = world.technician;
    const seen = await world.server.kernel.door.work(session, "lab.sample.register", async (tx) => {
      await tx.all(raw("select lab.forget_answers()"));
      return tx.all(raw("select actor_id from lab.kept_answer"));
    });
    expect(seen).toEqual([]);
    const later = await send();
    expect([later.status, later.body["code"]]).toEqual([409, "lab.answer_forgotten"]);
    const others = await world.server.kernel.door.work(world.admin.session, "lab.sample.register", (tx) =>
      tx.all(raw("select actor_id from lab.kept_answer")),
    );
    expect(others.length).toBeGreaterThan(0);
    // The key's own life over too, it is refused as before: what it did is never done a second time unnoticed.
    const { kernel } = world.server;
    await kernel.door.work(kernel.system(world.workspace), "kernel.retention.run", (tx) =>
      tx.all(raw("select kernel.retire_keys(now() + interval '1 minute')")),
    );
    const before = await total();
    const spent = await send();
    expect([spent.status, spent.body["code"], await total()]).toEqual([409, "kernel.key_forgotten", before]);
  });
});
