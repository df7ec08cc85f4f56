import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestAnswer, TestCaller, TestPerson } from "@probity/kernel/testing";
import {
  entered,
  inOrder,
  investigated,
  openLab,
  received,
  resultOf,
  sampleOf,
  type LabWorld,
} from "../testing/world.ts";
import { query } from "../query.ts";

let world: LabWorld;
beforeAll(async () => {
  world = await openLab();
});
afterAll(() => world?.server.close());

const retest = (resultId: string, version: number) =>
  world.as.reviewer("POST", `/api/lab/results/${resultId}/retest`, { version, body: { reason: "By the plan" } });
const post = (by: TestCaller, id: string, act: string, version: number, body: unknown): Promise<TestAnswer> =>
  by("POST", `/api/lab/investigations/${id}/${act}`, { version, body });
async function outOfSpecification(): Promise<{ sample: string; result: string; version: number }> {
  const [sample = ""] = await received(world);
  await entered(world, sample, "7.9");
  const { id, version } = await resultOf(world.as.reader, sample, "ph");
  return { sample, result: id, version };
}
const assessment = { checklist: inOrder, cause: "none-found", causeText: "Nothing was found" };

describe("LAB out of specification", () => {
  test("no retest without a plan that another approved, and none beyond it: the original is never tested away", async () => {
    const { sample, result, version } = await outOfSpecification();
    const early = await retest(result, version);
    expect([early.status, early.body["code"]]).toEqual([409, "lab.plan_missing"]);
    // The same by a statement past the route.
    await expect(
      byStatement(world.reviewer, "lab.result.retest", "lab.result", { id: result, version }, "state = 'retested'"),
    ).rejects.toThrow(/approved plan/);
    await investigated(world, result);
    expect((await retest(result, version)).status).toBe(201);
    const second = await resultOf(world.as.technician, sample, "ph");
    await world.as.technician("POST", "/api/lab/results/save", {
      body: { rows: [{ id: second.id, version: second.version, text: "8.1" }] },
    });
    const more = await retest(second.id, second.version + 1);
    expect([more.status, more.body["detail"]]).toEqual([409, expect.stringContaining("used up")]);
    await expect(
      byStatement(
        world.reviewer,
        "lab.result.retest",
        "lab.result",
        { id: second.id, version: second.version + 1 },
        "state = 'retested'",
      ),
    ).rejects.toThrow(/approved plan/);
    expect(
      (await sampleOf(world.as.reader, sample)).results
        .filter((each) => each.analyte === "ph")
        .map((each) => each.text),
    ).toEqual(["7.9", "8.1"]);
  });

  test("nothing is published while a result out of specification is unexplained", async () => {
    const { sample } = await outOfSpecification();
    const version = async () => (await sampleOf(world.as.reader, sample)).version;
    await world.as.reviewer("POST", `/api/lab/samples/${sample}/verify`, { version: await version() });
    const early = await world.as.reviewer("POST", `/api/lab/samples/${sample}/publish`, {
      version: await version(),
      body: { specificationIds: [] },
    });
    expect([early.status, early.body["code"]]).toEqual([409, "lab.not_investigated"]);
    await expect(
      byStatement(
        world.reviewer,
        "lab.sample.publish",
        "lab.sample",
        { id: sample, version: await version() },
        "state = 'published'",
      ),
    ).rejects.toThrow(/investigated before/);
    const { id } = await resultOf(world.as.reader, sample, "ph");
    const opened = String((await world.as.technician("POST", `/api/lab/results/${id}/investigate`)).body["id"]);
    expect((await post(world.as.technician, opened, "assess", 1, assessment)).status).toBe(200);
    expect(
      (await post(world.as.technician, opened, "widen", 2, { scope: "The loop, its neighbours, the month" })).status,
    ).toBe(200);
    const done = await post(world.as.reviewer, opened, "conclude", 3, {
      conclusion: "confirmed",
      text: "The water was out",
      noCapa: "One valve, replaced",
    });
    expect(done.status).toBe(200);
    expect(
      (
        await world.as.reviewer("POST", `/api/lab/samples/${sample}/publish`, {
          version: await version(),
          body: { specificationIds: [] },
        })
      ).status,
    ).toBe(201);
    // What is concluded is locked, by route and by statement.
    expect((await post(world.as.technician, opened, "widen", 4, { scope: "x" })).status).toBe(409);
    await expect(
      byStatement(
        world.admin,
        "lab.investigation.change",
        "lab.investigation",
        { id: opened, version: 4 },
        "conclusion_text = 'x'",
      ),
    ).rejects.toThrow();
  });

  test("steps keep their order, say what comes first, and phase I is answered whole", async () => {
    const { result } = await outOfSpecification();
    const opened = String((await world.as.technician("POST", `/api/lab/results/${result}/investigate`)).body["id"]);
    const again = await world.as.technician("POST", `/api/lab/results/${result}/investigate`);
    expect([again.status, again.body["code"]]).toEqual([409, "lab.investigation_there"]);
    for (const [act, body] of [
      ["plan", { retests: 1, plan: "x" }],
      ["widen", { scope: "x" }],
    ] as const)
      expect((await post(world.as.technician, opened, act, 1, body)).body["code"]).toBe("lab.investigation_step");
    const conclusion = { conclusion: "confirmed", text: "x", capa: "C-1" };
    expect((await post(world.as.reviewer, opened, "conclude", 1, conclusion)).body["code"]).toBe(
      "lab.investigation_step",
    );
    const half = { ...assessment, checklist: inOrder.slice(1) };
    expect((await post(world.as.technician, opened, "assess", 1, half)).body["code"]).toBe("lab.assessment_open");
    const silent = {
      ...assessment,
      checklist: inOrder.map((each, index) => (index === 3 ? { ...each, answer: "deviation" } : each)),
    };
    expect((await post(world.as.technician, opened, "assess", 1, silent)).body["code"]).toBe("lab.assessment_open");
    expect((await post(world.as.technician, opened, "assess", 1, assessment)).status).toBe(200);
    // No laboratory error was found: none is concluded.
    expect(
      (await post(world.as.reviewer, opened, "conclude", 2, { ...conclusion, conclusion: "laboratory-error" })).status,
    ).toBe(409);
    for (const [permission, set] of [
      ["lab.investigation.approve", "state = 'retest-approved', approved_by = updated_by"],
      ["lab.investigation.approve", "state = 'concluded', conclusion = 'confirmed', conclusion_text = 'x', capa = 'x'"],
      ["lab.investigation.change", "planned_by = null, approved_at = now()"],
      ["lab.investigation.change", "result_id = id"],
    ] as const)
      await expect(
        byStatement(world.admin, permission, "lab.investigation", { id: opened, version: 2 }, set),
      ).rejects.toThrow();
  });

  test("four eyes: who made the result or the plan decides nothing, whatever roles they hold", async () => {
    const [sample = ""] = await received(world);
    await entered(world, sample, "7.9", world.as.admin);
    const { id } = await resultOf(world.as.reader, sample, "ph");
    const opened = String((await world.as.technician("POST", `/api/lab/results/${id}/investigate`)).body["id"]);
    await post(world.as.technician, opened, "assess", 1, { ...assessment, cause: "laboratory-error" });
    expect((await post(world.as.technician, opened, "decide", 2, { approved: true })).status).toBe(403);
    expect((await post(world.as.reviewer, opened, "plan", 2, { retests: 2, plan: "Twice, by another" })).status).toBe(
      200,
    );
    expect((await post(world.as.reviewer, opened, "decide", 3, { approved: true })).body["code"]).toBe(
      "lab.investigation_own",
    );
    expect((await post(world.as.admin, opened, "decide", 3, { approved: true })).body["code"]).toBe(
      "lab.investigation_own",
    );
    for (const person of [world.reviewer, world.admin])
      await expect(
        byStatement(
          person,
          "lab.investigation.approve",
          "lab.investigation",
          { id: opened, version: 3 },
          "state = 'retest-approved'",
        ),
      ).rejects.toThrow(/approved by another|their own result/);
    expect(
      (await post(world.as.admin, opened, "conclude", 3, { conclusion: "laboratory-error", text: "x", capa: "x" }))
        .status,
    ).toBeGreaterThanOrEqual(400);
    const shown = JSON.parse((await world.as.admin("GET", `/api/lab/investigations/${opened}`)).text);
    expect([shown.state, shown.own]).toEqual(["retest-planned", { result: true, plan: false }]);
  });

  test("only a result out of specification is investigated", async () => {
    const [sample = ""] = await received(world);
    await entered(world, sample, "6.5");
    const { id } = await resultOf(world.as.reader, sample, "ph");
    expect((await world.as.technician("POST", `/api/lab/results/${id}/investigate`)).body["code"]).toBe("lab.not_out");
    expect((await world.as.reader("POST", `/api/lab/results/${id}/investigate`)).status).toBe(403);
  });

  test("the list is found by words and leaves with every column filled; a page says what its reader may do", async () => {
    const { result } = await outOfSpecification();
    const opened = await world.as.technician("POST", `/api/lab/results/${result}/investigate`);
    const number = String(opened.body["number"]);
    const { text } = await world.as.reader("GET", `/api/lab/investigations?q=${number}&format=csv`);
    const [head = [], ...lines] = text
      .trim()
      .split("\r\n")
      .map((line) => line.replace("\uFEFF", "").split(","));
    expect(lines).toHaveLength(1);
    const cell = (name: string) => lines[0]?.[head.indexOf(name)];
    expect([cell("number"), cell("analyte"), cell("text")]).toEqual([number, "pH", "7.9"]);
    expect(cell("openedAt")).toMatch(/^\d{4}-/);
    expect((await world.as.reader("GET", "/api/lab/investigations?q=zz_nothing")).body["items"]).toEqual([]);
    const mayOf = async (by: TestCaller) =>
      (await by("GET", `/api/lab/investigations/${opened.body["id"]}`)).body["may"];
    expect(await mayOf(world.as.reader)).not.toContain("lab.investigation.change");
    expect(await mayOf(world.as.technician)).toContain("lab.investigation.change");
    expect((await world.as.reader("GET", "/api/lab/may")).body["may"]).toContain("lab.sample.read");
  });
});

/** One statement of one's own, under a permission one holds, with the leaf the guard asks for. */
function byStatement(
  person: TestPerson,
  permission: string,
  table: string,
  row: { id: string; version: number },
  set: string,
) {
  return world.server.kernel.door.work(person.session, permission, async (tx) => {
    await tx.record({ action: `${table}.test`, record: table, rowId: row.id, version: row.version + 1 });
    const statement = sql`update ${sql.table(table)} set ${sql.raw(set)} where id = ${row.id} returning id`;
    return tx.all({ compile: () => statement.compile(query) });
  });
}
