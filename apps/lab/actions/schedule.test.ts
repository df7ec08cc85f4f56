import { spawn } from "node:child_process";
import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestAnswer } from "@probity/kernel/testing";
import { insertAll } from "../bulk.ts";
import { query } from "../query.ts";
import { addDays, dayIn, slotsBetween } from "../schedule/rhythm.ts";
import { openLab, received, sampleOf, type LabWorld } from "../testing/world.ts";
import { runSchedules } from "./schedule-run.ts";

let world: LabWorld;
let point = "";
const zone = "Europe/Berlin";
const today = dayIn(zone, new Date());
beforeAll(async () => {
  world = await openLab();
  const made = await world.as.admin("POST", "/api/lab/sampling-points", {
    body: { code: "P1", name: "Loop", location: null },
  });
  point = String(made.body["id"]);
});
afterAll(() => world?.server.close());

const base = "/api/lab/schedules";
const said = (more: Record<string, unknown> = {}) => ({
  productId: world.product,
  specificationId: world.specification,
  pointIds: [],
  rhythm: { kind: "days", every: 1 },
  zone,
  dueTime: "23:59",
  fromOn: addDays(today, -400),
  aheadDays: 2,
  graceMinutes: 60,
  missed: "catch-up",
  ...more,
});
let made = 0;
async function create(more: Record<string, unknown> = {}): Promise<string> {
  const body = { name: `Schedule ${(made += 1)}`, schedule: said(more), reason: "New" };
  const answer = await world.as.admin("POST", base, { body });
  if (answer.status !== 201) throw new Error(answer.text);
  return String(answer.body["id"]);
}
/** A schedule that has been in force for days, as one that was brought in: the server was away since. */
async function createBefore(back: number, more: Record<string, unknown> = {}): Promise<string> {
  const id = uuidv7();
  const v = { ...said(more) };
  await world.server.kernel.door.work(world.admin.session, "lab.history.load", async (tx) => {
    await insertAll(tx, "lab.schedule", "lab.schedule.create", [
      { row: { id, name: `Schedule ${(made += 1)}` }, fields: {} },
    ]);
    await insertAll(tx, "lab.schedule_version", "lab.schedule_version.create", [
      {
        row: {
          id: uuidv7(),
          schedule_id: id,
          number: 1,
          product_id: v.productId,
          specification_id: v.specificationId,
          point_ids: v.pointIds,
          rhythm: v.rhythm,
          zone,
          due_time: v.dueTime,
          from_on: v.fromOn,
          until_on: null,
          ahead_days: v.aheadDays,
          grace_minutes: v.graceMinutes,
          missed: v.missed,
          running: true,
          effective_at: new Date(Date.now() - back * 86_400_000).toISOString(),
          reason: "Brought in",
        },
        fields: {},
      },
    ]);
  });
  return id;
}
const run = () => runSchedules(world.server.kernel, new Map());
async function slots(id: string): Promise<{ on: string; outcome: string; late: boolean; sample_id: string | null }[]> {
  return world.server.kernel.door.work(world.admin.session, "lab.master.read", (tx) =>
    tx.all(
      query
        .selectFrom("lab.schedule_slot")
        .select([sql<string>`slot_on::text`.as("on"), "outcome", "late", "sample_id"])
        .where("schedule_id", "=", id)
        .orderBy("slot_on"),
    ),
  );
}
const samplesOf = async (id: string) => {
  const answer = await world.as.reader("GET", `${base}/${id}`);
  const strip: { samples: { id: string }[] }[] = JSON.parse(answer.text).strip;
  return strip.flatMap(({ samples }) => samples.map((sample) => sample.id));
};
const code = ({ status, body }: TestAnswer) => [status, body["code"]];

describe("LAB samples by schedule", () => {
  test("the server registers each slot once, as far ahead as declared, with the limits in force", async () => {
    const id = await create({ pointIds: [point] });
    await run();
    const kept = await slots(id);
    expect(kept.map(({ on, outcome }) => [on, outcome])).toEqual(
      [0, 1, 2].map((n) => [addDays(today, n), "registered"]),
    );
    const [sample = ""] = await samplesOf(id);
    expect(await sampleOf(world.as.reader, sample)).toMatchObject({
      state: "registered",
      specificationNumber: 1,
      dueOn: today,
    });
    await run();
    expect(await slots(id)).toEqual(kept);
  });

  test("two servers and one killed in the midst register nothing twice and leave nothing out", async () => {
    const ids = [];
    for (let each = 0; each < 2; each += 1) ids.push(await createBefore(40, { graceMinutes: 10_080 }));
    const { host, port, database } = world.server.kernel.admin;
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, "../testing/schedule-child.ts"), String(host), String(port), String(database)],
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    await once(child.stdout, "data");
    const both = [run(), runSchedules(world.server.kernel, new Map())];
    child.kill("SIGKILL");
    await once(child, "exit");
    // The killed one's connection may hold its rows until the database has noticed.
    await Promise.all(both);
    await run();
    for (const id of ids) {
      const kept = await slots(id);
      expect(new Set(kept.map(({ on }) => on)).size).toBe(kept.length);
      expect(new Set(kept.map(({ sample_id }) => sample_id)).size).toBe(kept.length);
      expect([kept.at(0)?.on, kept.at(-1)?.on, kept.length]).toEqual([addDays(today, -40), addDays(today, 2), 43]);
    }
    const orphans = await world.server.kernel.door.work(world.admin.session, "lab.master.read", (tx) =>
      tx.all(
        query
          .selectFrom("lab.sample as s")
          .leftJoin("lab.schedule_slot as l", "l.sample_id", "s.id")
          .select("s.id")
          .where("s.remark", "like", "By schedule:%")
          .where("l.id", "is", null),
      ),
    );
    expect(orphans).toEqual([]);
  });

  test("what passed while no server ran is caught up late or shown as missed, as declared, never dropped", async () => {
    const [late, marked] = [
      await createBefore(5, { dueTime: "00:00" }),
      await createBefore(5, { dueTime: "00:00", missed: "mark" }),
    ];
    await run();
    const before = (rows: Awaited<ReturnType<typeof slots>>) => rows.filter(({ on }) => on < today);
    expect(before(await slots(late)).map(({ outcome, late: is }) => [outcome, is])).toEqual(
      before(await slots(late)).map(() => ["registered", true]),
    );
    expect(before(await slots(late)).length).toBeGreaterThanOrEqual(4);
    expect(new Set(before(await slots(marked)).map(({ outcome }) => outcome))).toEqual(new Set(["missed"]));
    const answer = await world.as.reader("GET", `${base}/${marked}`);
    expect(
      JSON.parse(answer.text).strip.some(
        ({ state, reason }: { state: string; reason: string }) => state === "missed" && reason !== "",
      ),
    ).toBe(true);
  });

  test("a pause is a version with its reason; its slots are shown as paused, and going on registers the coming ones alone", async () => {
    const id = await create({ aheadDays: 0, dueTime: "00:00" });
    const act = (name: string, version: number) =>
      world.as.admin("POST", `${base}/${id}/${name}`, { version, body: { reason: "Works at the loop" } });
    expect((await act("pause", 1)).status).toBe(201);
    expect(code(await act("pause", 2))).toEqual([409, "lab.schedule_so_already"]);
    expect(code(await act("resume", 1))).toEqual([412, "kernel.stale"]);
    await run();
    expect(await slots(id)).toEqual([]);
    expect((await act("resume", 2)).status).toBe(201);
    const one = JSON.parse((await world.as.reader("GET", `${base}/${id}`)).text);
    expect(one.versions.map(({ running }: { running: boolean }) => running)).toEqual([true, false, true]);
    expect(one.running).toBe(true);
  });

  test("one day is skipped with its reason, before it is registered and once", async () => {
    const id = await create({ aheadDays: 0 });
    const skip = (on: string, reason = "Holiday") =>
      world.as.admin("POST", `${base}/${id}/skip`, { body: { on, reason } });
    const day = addDays(today, 3);
    expect((await skip(day, "  ")).status).toBe(400);
    expect((await skip(day)).status).toBe(201);
    expect(code(await skip(day))).toEqual([409, "lab.slot_not_open"]);
    expect(code(await skip(addDays(today, -1)))).toEqual([409, "lab.slot_not_open"]);
    await run();
    expect(code(await skip(today))).toEqual([409, "lab.slot_not_open"]);
    expect((await slots(id)).find(({ on }) => on === day)?.outcome).toBe("skipped");
    expect(
      (await world.as.technician("POST", `${base}/${id}/skip`, { body: { on: addDays(today, 4), reason: "No" } }))
        .status,
    ).toBe(403);
  });

  test("a clock that stepped decides nothing; nobody but the server decides a slot, and not before its time", async () => {
    const id = await create();
    await expect(runSchedules(world.server.kernel, new Map(), () => Date.now() + 3_600_000)).rejects.toThrow(
      /could not be kept up/,
    );
    expect(await slots(id)).toEqual([]);
    const version = await world.server.kernel.door.work(world.admin.session, "lab.master.read", (tx) =>
      tx.first(query.selectFrom("lab.schedule_version").select("id").where("schedule_id", "=", id)),
    );
    const row = (more: Record<string, unknown>) => ({
      id: uuidv7(),
      schedule_id: id,
      schedule_version_id: version?.id,
      slot_on: addDays(today, 20),
      point_id: null,
      due_at: slotsBetween(
        { ...said(), rhythm: { kind: "days", every: 1 }, untilOn: null },
        addDays(today, 20),
        addDays(today, 20),
      )[0]?.dueAt.toISOString(),
      outcome: "missed",
      reason: "none",
      sample_id: null,
      ...more,
    });
    const put = (permission: string, more: Record<string, unknown>) =>
      world.server.kernel.door.work(world.admin.session, permission, (tx) =>
        insertAll(tx, "lab.schedule_slot", "lab.schedule_slot.test", [{ row: row(more), fields: {} }]),
      );
    await expect(put("lab.schedule.change", {})).rejects.toMatchObject({
      code: "PB422",
      message: "a slot is not missed by lab.schedule.change",
    });
    await expect(put("lab.schedule.run", {})).rejects.toMatchObject({ code: "kernel.permission_missing" });
    await expect(put("lab.schedule.change", { outcome: "skipped", reason: " " })).rejects.toMatchObject({
      code: "23514",
    });
    const asServer = (more: Record<string, unknown>) =>
      world.server.kernel.door.work(world.server.kernel.system(world.workspace), "lab.schedule.run", (tx) =>
        insertAll(tx, "lab.schedule_slot", "lab.schedule_slot.test", [{ row: row(more), fields: {} }]),
      );
    await expect(asServer({})).rejects.toMatchObject({ message: "a slot is not missed at this time" });
    await expect(asServer({ due_at: new Date(Date.now() - 864e5).toISOString() })).rejects.toMatchObject({
      message: "the time of a slot follows from its schedule",
    });
    const [other = ""] = await received(world, 1, { samplingPointId: point });
    await expect(asServer({ outcome: "registered", reason: null, sample_id: other })).rejects.toMatchObject({
      message: "the sample is not one this slot asks for",
    });
  });

  test("a schedule names a product's own limits, known points and a known zone; another workspace sees none of it", async () => {
    const refused = async (more: Record<string, unknown>) =>
      code(await world.as.admin("POST", base, { body: { name: "Wrong", schedule: said(more), reason: "New" } }));
    expect(await refused({ zone: "Mars/Olympus" })).toEqual([422, "lab.schedule_wrong"]);
    expect(await refused({ productId: world.other })).toEqual([404, "kernel.not_found"]);
    expect(await refused({ pointIds: [uuidv7()] })).toEqual([404, "kernel.not_found"]);
    expect(await refused({ untilOn: addDays(today, -500) })).toEqual([422, "lab.schedule_wrong"]);
    const id = await create();
    const stranger = world.server.as(
      await world.server.member(await world.server.kernel.foundWorkspace("elsewhere"), "owner"),
    );
    expect((await stranger("GET", `${base}/${id}`)).status).toBe(404);
    expect((await stranger("POST", `${base}/${id}/pause`, { version: 1, body: { reason: "No" } })).status).toBe(404);
    const preview = await world.as.reader("POST", `${base}/preview`, {
      body: said({ rhythm: { kind: "weekdays", days: [1] } }),
    });
    expect(preview.status).toBe(200);
  });
});
