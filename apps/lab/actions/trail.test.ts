import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sql } from "kysely";
import {
  asDoor,
  placeLeaves,
  signAs,
  type TestAnswer,
  type TestPerson,
  type TestSigner,
} from "@probity/kernel/testing";
import { query } from "../query.ts";
import { entered, openLab, received, resultOf, sampleOf, type LabWorld } from "../testing/world.ts";
import { signerOf } from "../testing/signer.ts";

let world: LabWorld;
let inspector: TestSigner;
beforeAll(async () => {
  world = await openLab();
  inspector = await signerOf(world, "reviewer");
});
afterAll(() => world?.server.close());

type Item = {
  kinds: string[];
  rowId: string;
  rowVersion: number;
  what: string;
  before: string | null;
  after: string | null;
  reason: string | null;
  by: string;
  byId: string;
  leaf: number;
  mark: { by: string; note: string | null } | null;
};
type Review = { id: string; version: number; locked: boolean; items: Item[]; signatures: { printedName: string }[] };
const outcome = (answer: TestAnswer) => [answer.status, answer.body["code"]];
const today = () => new Date().toISOString().slice(0, 10);
const reviewOf = async (id: string): Promise<Review> =>
  JSON.parse((await world.as.reader("GET", `/api/lab/trail-reviews/${id}`)).text);
const open = async (body: Record<string, unknown> = { from: today(), to: today() }) => {
  await placeLeaves(world.server);
  const answer = await inspector.by("POST", "/api/lab/trail-reviews", { body });
  if (answer.status !== 201) throw new Error(answer.text);
  return String(answer.body["id"]);
};
const conclusion = { step: "conclude", meaning: "Reviewed: the changes are explained and nothing further is needed" };
const see = (id: string, items: readonly Item[], note?: string, by = inspector.by) =>
  by("POST", `/api/lab/trail-reviews/${id}/seen`, {
    body: {
      items: items.map(({ rowId, rowVersion }) => ({ rowId, rowVersion })),
      ...(note === undefined ? {} : { note }),
    },
  });

describe("LAB review of the audit trail", () => {
  test("what matters is an item with old and new value, reason and person; it is seen by name, and the whole concluded by signature", async () => {
    const [id = ""] = await received(world);
    await world.as.technician("POST", `/api/lab/samples/${id}/correct`, {
      version: (await sampleOf(world.as.reader, id)).version,
      body: { reason: "Lot left out", lot: "L-8" },
    });
    await entered(world, id);
    const ph = await resultOf(world.as.technician, id, "ph");
    await world.as.technician("POST", "/api/lab/results/save", {
      body: { rows: [{ id: ph.id, version: ph.version, text: "6.8", reason: "Read again" }] },
    });
    const version = async () => (await sampleOf(world.as.reader, id)).version;
    await world.as.reviewer("POST", `/api/lab/samples/${id}/verify`, { version: await version() });
    await world.as.admin("POST", `/api/lab/samples/${id}/unlock`, {
      version: await version(),
      body: { reason: "Wrong dilution" },
    });
    const [gone = ""] = await received(world);
    await world.as.admin("POST", `/api/lab/samples/${gone}/cancel`, {
      version: (await sampleOf(world.as.reader, gone)).version,
      body: { reason: "Taken twice" },
    });
    const reviewId = await open();
    const { items, version: at } = await reviewOf(reviewId);
    expect(items.find((item) => item.kinds.includes("changed"))).toMatchObject({
      before: "6.5",
      after: "6.8",
      reason: "Read again",
      mark: null,
    });
    expect(items.find((item) => item.kinds.includes("corrected"))).toMatchObject({
      before: "Lot: –",
      after: "Lot: L-8",
      reason: "Lot left out",
      sampleId: id,
    });
    expect(items.find((item) => item.kinds.includes("unlocked"))).toMatchObject({ reason: "Wrong dilution" });
    const kinds = new Set(items.flatMap((item) => item.kinds));
    for (const kind of ["changed", "unlocked", "cancelled", "method"]) expect(kinds).toContain(kind);

    const one = `/api/lab/trail-reviews/${reviewId}`;
    expect(outcome(await signAs(inspector, one, { ...conclusion, version: at }))).toEqual([409, "lab_trail.unseen"]);
    expect((await see(reviewId, items.slice(0, 1), "Asked the analyst; explained")).body["seen"]).toBe(1);
    expect((await see(reviewId, items)).body["seen"]).toBe(items.length - 1);
    expect(
      outcome(
        await see(
          reviewId,
          items.slice(0, 1).map((item) => ({ ...item, rowVersion: 99 })),
        ),
      ),
    ).toEqual([404, "lab_trail.item_unknown"]);
    expect((await see(reviewId, items, "x", world.as.technician)).status).toBe(403);
    expect((await signAs(inspector, one, { ...conclusion, version: at })).status).toBe(201);
    const concluded = await reviewOf(reviewId);
    expect([concluded.locked, concluded.signatures[0]?.printedName]).toEqual([true, inspector.printedName]);
    expect(concluded.items[0]?.mark).toMatchObject({ note: "Asked the analyst; explained" });
    expect(outcome(await see(reviewId, items.slice(0, 1), "later"))).toEqual([409, "lab_trail.concluded"]);
    const csv = await world.as.reader("GET", `${one}?format=csv`);
    expect(csv.text).toContain("Read again");
    const list = JSON.parse((await world.as.reader("GET", "/api/lab/trail-reviews")).text);
    expect(list.items[0]).toMatchObject({ concludedBy: inspector.printedName, overdue: false });
  });

  test("nobody concludes a review of their own acts, by signature or by statement", async () => {
    const doer = await signerOf(world, "admin");
    const [id = ""] = await received(world);
    await entered(world, id);
    const ph = await resultOf(doer.by, id, "ph");
    const saved = await doer.by("POST", "/api/lab/results/save", {
      body: { rows: [{ id: ph.id, version: ph.version, text: "6.1", reason: "Corrected" }] },
    });
    expect(saved.status).toBe(200);
    const reviewId = await open();
    const { items, version } = await reviewOf(reviewId);
    expect((await see(reviewId, items)).status).toBe(200);
    const one = `/api/lab/trail-reviews/${reviewId}`;
    expect(outcome(await signAs(doer, one, { ...conclusion, version }))).toEqual([403, "signing.own_work"]);
    await expect(lock(doer, reviewId, version)).rejects.toThrow(/their own acts/);
    // Nor does a lock without a signature conclude one, or one with items unseen.
    await expect(lock(inspector, reviewId, version)).rejects.toThrow(/by a signature/);
    const other = await open();
    await expect(lock(inspector, other, 1)).rejects.toThrow(/everything was seen/);
    expect([(await reviewOf(reviewId)).locked, (await reviewOf(other)).locked]).toEqual([false, false]);
  });

  test("a period that is not over, too long or backwards is refused; marks are written once", async () => {
    for (const body of [
      { from: "2026-02-02", to: "2026-02-01" },
      { from: "2020-01-01", to: "2020-12-31" },
      { from: today(), to: "2099-01-01" },
    ])
      expect(outcome(await inspector.by("POST", "/api/lab/trail-reviews", { body }))).toEqual([
        422,
        "lab_trail.period_wrong",
      ]);
    const [mark] = await asDoor(
      world.server,
      "select row_id as id from kernel.version_history where record = 'lab.trail_mark' limit 1",
    );
    const edit = world.server.kernel.door.work(inspector.session, "lab.review.change", async (tx) => {
      await tx.record({ action: "test", record: "lab.trail_mark", rowId: String(mark?.["id"]), version: 2 });
      const update = sql`update lab.trail_mark set note = 'never' where id = ${String(mark?.["id"])}`;
      await tx.all({ compile: () => update.compile(query) });
    });
    await expect(edit).rejects.toThrow(/locked/);
  });
});

function lock(person: TestPerson, id: string, version: number) {
  return world.server.kernel.door.work(person.session, "lab.review.conclude", async (tx) => {
    await tx.record({ action: "test", record: "lab.trail_review", rowId: id, version: version + 1 });
    const update = sql`update lab.trail_review set locked_at = now() where id = ${id}`;
    await tx.all({ compile: () => update.compile(query) });
  });
}
