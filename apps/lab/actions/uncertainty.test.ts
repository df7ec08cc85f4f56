import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { query } from "../query.ts";
import { ok } from "../testing/chart.ts";
import { openLab, received, resultOf, type LabWorld } from "../testing/world.ts";

let world: LabWorld;
let version: string;
beforeAll(async () => {
  world = await openLab();
  const versions = JSON.parse((await world.as.reader("GET", `/api/lab/methods/${world.ph}/versions`)).text);
  version = versions.items[0].id;
});
afterAll(() => world?.server.close());

const component = {
  name: "Buffer",
  type: "B",
  distribution: "rectangular",
  value: 0.02,
  relative: false,
  divisor: 1,
  sensitivity: 1,
  degrees: null,
};
const budget = (value: number) => ({
  methodVersionId: version,
  analyte: "ph",
  components: [
    { ...component, value },
    { ...component, name: "Repeatability", type: "A", distribution: "normal", degrees: 19 },
  ],
  coverage: 2,
  reason: "Validation report 7",
});
async function phOf(text: string): Promise<string> {
  const [id = ""] = await received(world);
  const ph = await resultOf(world.as.technician, id, "ph");
  await ok(world.as.technician, "POST", "/api/lab/results/save", { rows: [{ id: ph.id, version: ph.version, text }] });
  return ph.id;
}
const stated = async (...ids: string[]) =>
  JSON.parse((await world.as.reader("GET", `/api/lab/results/uncertainty?ids=${ids.join(",")}`)).text).items;

test("LAB a result states the uncertainty of the budget that was approved when it was entered, by another than who proposed it", async () => {
  const before = await phOf("6.52");
  const { technician, reviewer, admin, reader } = world.as;
  const id = String((await ok(technician, "POST", "/api/lab/uncertainty-budgets", budget(0.02)))["id"]);
  const waiting = await phOf("6.52");
  expect(await stated(before, waiting)).toEqual([]);
  const decide = (by: typeof technician, of = id, at = 1) =>
    by("POST", `/api/lab/uncertainty-budgets/${of}/decide`, {
      version: at,
      body: { approved: true, reason: "Checked" },
    });
  expect((await decide(technician)).status).toBe(403);
  expect((await decide(reviewer)).status).toBe(200);
  const after = await phOf("6.52");
  const bounded = await phOf("<0.05");
  // 2 · √((0.02/√3)² + 0.02²) = 0.0462, rounded up
  expect(await stated(before, after, bounded)).toMatchObject([
    { resultId: after, value: "6.52", expanded: "0.047", coverage: "2", number: 1 },
  ]);
  // The next version: nobody approves their own, and what was stated stays.
  const own = String((await ok(admin, "POST", "/api/lab/uncertainty-budgets", budget(0.2)))["id"]);
  expect((await decide(admin, own)).body["code"]).toBe("lab.limits_own");
  await expect(change(own, 1, "lab.chart.approve", "state = 'approved', decided_reason = 'x'")).rejects.toThrow(
    /by another/,
  );
  await expect(change(own, 1, "lab.chart.change", "coverage = 1")).rejects.toThrow(/not changed/);
  expect((await decide(reviewer, own)).status).toBe(200);
  await expect(change(own, 2, "lab.chart.approve", "components = '[{}]'")).rejects.toThrow();
  const later = await phOf("6.52");
  expect((await stated(after, later)).map((each: { expanded: string }) => each.expanded)).toEqual(["0.047", "0.24"]);
  expect((await reader("POST", "/api/lab/uncertainty-budgets", { body: budget(1) })).status).toBe(403);
  expect(
    (await technician("POST", "/api/lab/uncertainty-budgets", { body: { ...budget(1), analyte: "none" } })).status,
  ).toBe(422);
  const elsewhere = await world.server.kernel.foundWorkspace("elsewhere");
  const stranger = world.server.as(await world.server.member(elsewhere, "owner"));
  expect(JSON.parse((await stranger("GET", `/api/lab/results/uncertainty?ids=${after}`)).text).items).toEqual([]);
  expect((await decide(stranger, own, 2)).status).toBe(404);
});

function change(id: string, at: number, permission: string, set: string) {
  return world.server.kernel.door.work(world.admin.session, permission, async (tx) => {
    const record = "lab.uncertainty_budget";
    await tx.record({ action: `${record}.test`, record, rowId: id, version: at + 1 });
    const statement = sql`update lab.uncertainty_budget set ${sql.raw(set)} where id = ${id} returning id`;
    return tx.all({ compile: () => statement.compile(query) });
  });
}
