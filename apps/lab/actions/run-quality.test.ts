import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestCaller } from "@probity/kernel/testing";
import { lab } from "../app.ts";
import { query } from "../query.ts";
import { chartOf, frozen, ok, qualityMethod, rowsOf, run, type ChartWorld } from "../testing/chart.ts";
import { day, instrumentOf, lotOf, made, planted } from "../testing/instrument.ts";
import { entered, openLab, received, sampleOf, type LabWorld } from "../testing/world.ts";
import type { Run } from "./run-quality.ts";

let world: LabWorld;
let conductivity: ChartWorld;
beforeAll(async () => {
  world = await openLab();
  conductivity = await qualityMethod(world, "M-QC");
});
afterAll(() => world?.server.close());

const get = async (by: TestCaller, path: string) => {
  const answer = await by("GET", path);
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.text}`);
  return JSON.parse(answer.text);
};
const runsOf = async (path: string): Promise<Run[]> => (await get(world.as.reader, path)).items;
const home = (of: LabWorld["admin"]) =>
  world.server.kernel.door.work(of.session, "kernel.home.read", async (tx) => (await lab().home?.(tx, "acme")) ?? []);

describe("LAB the quality control of a run is told where it is worked and reviewed", () => {
  test("before anything is verified: what waits, what is missing, the rule that fired, how far each control lies off and its chart", async () => {
    const chart = await chartOf(conductivity, "L-1");
    await frozen(conductivity, chart);
    const told = async (own: Parameters<typeof run>[1]) => {
      const made_ = await run(conductivity, own);
      const sheet = (await runsOf(`/api/lab/worksheets/${made_.id}/quality`)).find((each) => each.analyte === "cond");
      const sample = (await runsOf(`/api/lab/samples/${made_.sampleId}/quality`)).find(
        (each) => each.analyte === "cond",
      );
      // The technician's page and the reviewer's say the same.
      expect({ ...sample, results: [] }).toEqual({ ...sheet, results: [] });
      return { ...made_, sheet };
    };
    expect((await told([])).sheet).toMatchObject({ standing: "missing", why: expect.stringContaining("fewer") });
    expect((await told([{ chart }])).sheet).toMatchObject({ standing: "waiting", controls: [{ chartId: chart }] });
    expect((await told([{ chart, text: "5.02" }])).sheet).toMatchObject({ standing: "accepted", why: null });
    const warned = await told([{ chart, text: "5.22" }]);
    expect(warned.sheet).toMatchObject({
      standing: "warned",
      violations: [{ rule: "1-2s", effect: "warn", chartIds: [chart] }],
    });
    const refused = await told([{ chart, text: "5.40" }]);
    expect(refused.sheet).toMatchObject({
      standing: "refused",
      worksheetId: refused.id,
      results: [refused.resultId],
      controls: [{ resultId: refused.controlIds[0], chartId: chart, text: "5.40", rules: expect.any(Array) }],
    });
    const [control] = refused.sheet?.controls ?? [];
    expect(control?.z).toBeCloseTo(4, 6);
    expect(control?.rules).toContain("1-3s");
    expect(refused.sheet?.why).toMatch(/was refused: .*1-3s, KCl 5 µS\/cm.*L-1/);
    expect(await refused.holds()).toMatch(/was refused: .*1-3s, KCl 5 µS\/cm L-1/);
    // A value that is changed afterwards is judged beside the first, which stands.
    const [row] = await rowsOf(world.as.technician, refused.id);
    await ok(world.as.technician, "POST", "/api/lab/results/save", {
      rows: [{ id: row?.id, version: row?.version, text: "5.01", reason: "Misread" }],
    });
    expect((await runsOf(`/api/lab/worksheets/${refused.id}/quality`))[0]).toMatchObject({
      standing: "refused",
      earlier: [expect.any(Object)],
    });
  });

  test("it is nobody's who may not read the laboratory, and another workspace has no such worksheet", async () => {
    const sheet = (await run(conductivity, [])).id;
    const away = await world.server.member(await world.server.kernel.foundWorkspace("other"), "owner");
    for (const path of [`/api/lab/worksheets/${sheet}/quality`, `/api/lab/samples/${sheet}/quality`])
      expect((await world.server.as(away)("GET", path)).status).toBe(404);
    const weak = await world.server.withKey(world.admin, ["lab.portal.read"]);
    expect((await weak("GET", `/api/lab/worksheets/${sheet}/quality`)).status).toBe(403);
  });
});

describe("SIG-02 IDN-10 an unlock spends a fresh proof", () => {
  const reopened = (person: LabWorld["admin"], id: string, before?: string) =>
    world.server.kernel.door.work(person.session, "lab.sample.unlock", async (tx) => {
      if (before !== undefined) {
        const forged = sql`select kernel.permit_unlock('lab.sample', ${id}, 9, ${before}, ${person.session.token})`;
        await tx.all({ compile: () => forged.compile(query) });
      }
      await planted(world, person, "lab.sample.unlock", "lab.unlock", { sample_id: id, reason: "Because" });
    });

  test("the database lets no sample be unlocked without one, verified or published; the refusal names the sample", async () => {
    const [id = ""] = await received(world);
    await entered(world, id, "6.5");
    const verify = await world.as.reviewer("POST", `/api/lab/samples/${id}/verify`, {
      version: (await sampleOf(world.as.reviewer, id)).version,
    });
    expect(verify.status).toBe(200);
    await expect(reopened(world.admin, id)).rejects.toThrow(/confirmed by a fresh proof/);
    await expect(reopened(world.admin, id, "x".repeat(43))).rejects.toThrow(/step_up_required/);
    const sample = await sampleOf(world.as.admin, id);
    const bare = await world.server.withKey(world.admin, ["lab.sample.unlock"]);
    const refused = await bare("POST", `/api/lab/samples/${id}/unlock`, {
      version: sample.version,
      body: { reason: "Wrong dilution" },
    });
    expect(refused.status).toBe(403);
    expect(refused.body["stepUp"]).toMatchObject({
      action: "kernel.record.unlock",
      subject: `lab.sample:${id}`,
      told: `sample ${sample.number}`,
    });
    const opened = await world.as.admin("POST", `/api/lab/samples/${id}/unlock`, {
      version: sample.version,
      body: { reason: "Wrong dilution" },
    });
    expect(opened.status).toBe(200);
    // The permit ended with its transaction.
    await expect(reopened(world.admin, id)).rejects.toThrow(/confirmed by a fresh proof/);
  });
});

describe("LAB what the screens of materials, instruments and settings stand on", () => {
  test("SIG-06 a material is changed with a reason, its history says what; its code stays once a lot of it came in", async () => {
    const base = "/api/lab/materials";
    const facts = {
      code: "BUF-7",
      name: "Buffer",
      kind: "solution",
      unit: "mL",
      afterOpeningDays: null,
      storage: null,
    };
    const id = await made(world.as.admin, base, { ...facts, reorderAt: null });
    const change = (version: number, body: unknown) => world.as.admin("PATCH", `${base}/${id}`, { version, body });
    expect((await change(1, { storage: "2–8 °C" })).body["code"]).toBe("record.reason_missing");
    expect((await change(1, { storage: "2–8 °C", reorderAt: 12.5, reason: "New label" })).body).toMatchObject({
      version: 2,
      reorderAt: 12.5,
    });
    const history = await get(world.as.reader, `${base}/${id}/history`);
    expect(history.items[1]).toMatchObject({
      reason: "New label",
      changes: [
        { field: "storage", before: null, after: "2–8 °C" },
        { field: "reorderAt", before: null, after: 12.5 },
      ],
    });
    expect((await change(2, { code: "BUF-8", reason: "Typing error" })).status).toBe(200);
    await lotOf(world, id, "A-1", { quantity: "10", expiresOn: day(12) });
    expect((await change(3, { code: "BUF-9", reason: "Other code" })).body["code"]).toBe("kernel.locked");
    expect((await change(3, { name: "Buffer pH 7", reason: "Whole name" })).status).toBe(200);
    // A lot that ends soon, and less than is ordered at, wait on the home page of who handles lots.
    const items = await home(world.technician);
    expect(items.filter(({ verb }) => verb === "Replace" || verb === "Order").map(({ object }) => object)).toEqual([
      "lot BUF-8 A-1",
      "BUF-8 Buffer pH 7",
    ]);
    expect((await home(world.reader)).some(({ verb }) => verb === "Replace" || verb === "Order")).toBe(false);
  });

  test("the overview counts instruments by how they stand, and names those that need somebody", async () => {
    await instrumentOf(world, "PH-1");
    const held = await instrumentOf(world, "PH-2");
    await made(world.as.technician, `/api/lab/instruments/${held}/hold`, { reason: "Drifts" });
    const { instruments } = await get(world.as.reader, "/api/lab/overview");
    expect(instruments).toMatchObject({
      total: 2,
      counts: { "in-service": 1, "on-hold": 1, overdue: 0, retired: 0 },
      attention: [{ id: held, number: "PH-2", status: "on-hold", holdReason: "Drifts" }],
    });
    const csv = await world.as.reader("GET", "/api/lab/overview?format=csv");
    expect([csv.status, csv.text.split("\n")[0]?.trim()]).toEqual([200, "month,results,out,samples,median,most"]);
  });

  test("the settings say what the caller may do", async () => {
    const may = async (by: TestCaller) => (await get(by, "/api/lab/settings")).may.includes("lab.setting.change");
    expect([await may(world.as.admin), await may(world.as.reviewer)]).toEqual([true, false]);
  });

  test("an audit trail that was not reviewed in time waits on the home page of who reviews", async () => {
    const before = await home(world.reviewer);
    expect(before.some(({ object }) => object === "the audit trail")).toBe(false);
    await planted(world, world.admin, "lab.review.change", "lab.trail_review", {
      title: "Long ago",
      from_at: new Date(Date.now() - 60 * 86_400_000).toISOString(),
      to_at: new Date(Date.now() - 50 * 86_400_000).toISOString(),
      worksheet_id: null,
      hours: "06-18",
      due_on: day(-3),
    });
    const item = (await home(world.reviewer)).find(({ verb }) => verb === "Conclude");
    expect(item).toMatchObject({ urgency: "late", object: "audit-trail review Long ago" });
    expect((await home(world.technician)).some(({ verb }) => verb === "Conclude")).toBe(false);
  });
});
