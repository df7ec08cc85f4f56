import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestPerson } from "@probity/kernel/testing";
import { query } from "../query.ts";
import { chartOf, frozen, ok, qualityMethod, readChart, rowsOf, run, type ChartWorld } from "../testing/chart.ts";
import { openLab, sampleOf } from "../testing/world.ts";

let world: ChartWorld;
beforeAll(async () => {
  world = await qualityMethod(await openLab(), "M-QC");
});
afterAll(() => world?.lab.server.close());

const inControl = ["5.02", "4.95", "5.08", "4.97", "5.01", "4.93", "5.06", "4.99", "5.04", "4.96", "5.03"];

describe("LAB quality control of a run fails closed", () => {
  test("no control at all, no frozen limits, no value and a refused control each hold every result of the run", async () => {
    const chart = await chartOf(world, "L-1");
    const held = async (own: Parameters<typeof run>[1]) => {
      const made = await run(world, own);
      return [(await made.verify()).status === 200, reasonsIn(await made.holds())];
    };
    expect(await held([])).toEqual([false, "fewer controls"]);
    // A control with limits of its own but of no chart is no quality control of the method.
    expect(await held([{ text: "5.00" }])).toEqual([false, "fewer controls"]);
    expect(await held([{ chart, text: "5.00" }])).toEqual([false, "no frozen limits"]);
    await frozen(world, chart);
    expect(await held([{ chart }])).toEqual([false, "no value yet"]);
    expect(await held([{ chart, text: "<5.00" }])).toEqual([false, "can't be judged"]);
    expect(await held([{ chart, text: "5.31" }])).toEqual([false, "was refused"]);
    expect(await held([{ chart, text: "5.15" }])).toEqual([true, ""]);
  });

  test("nothing passes the gate by a statement of one's own, with or without the routes", async () => {
    const chart = await chartOf(world, "L-2");
    await frozen(world, chart);
    const refused = await run(world, [{ chart, text: "4.60" }]);
    const result = (await sampleOf(world.lab.as.reviewer, refused.sampleId)).results.find(
      (each) => each.id === refused.resultId,
    );
    await expect(
      change(world.lab.reviewer, "lab.result.verify", "lab.result", result, "state = 'verified'"),
    ).rejects.toThrow(/held at the gate|verif/);
    // An evaluation of one's own making: accepted, by the limits of another lot, by other rules, with another value.
    const other = await chartOf(world, "L-3");
    const foreign = await frozen(world, other, { mean: "4.60", deviation: "0.10" });
    const good = await readChart(world.lab.as.reader, chart);
    const limit = good.limits[0]?.id;
    const [control = ""] = refused.controlIds;
    const point = {
      chartId: chart,
      resultId: control,
      kind: "control",
      limitId: limit,
      limitNumber: 1,
      text: "4.60",
      z: -4,
    };
    const rules = {
      "1-2s": "warn",
      "1-3s": "reject",
      "2-2s": "reject",
      "R-4s": "reject",
      "4-1s": "reject",
      "10x": "reject",
    };
    for (const [forged, why] of [
      [{ points: [point], rules }, /beyond three deviations/],
      [{ points: [{ ...point, z: 0 }], rules }, /by its values/],
      [{ points: [{ ...point, z: null }], rules }, /by its values/],
      [{ points: [{ ...point, limitId: foreign, z: 0 }], rules }, /of its own lots/],
      [{ points: [{ ...point, chartId: other, limitId: foreign, z: 0 }], rules }, /of its own lots/],
      [{ points: [], rules }, /of its own lots/],
      [{ points: [point], rules: {} }, /rules in force/],
    ] as const)
      await expect(
        insert(world.lab.technician, "lab.result.enter", "lab.control_evaluation", {
          worksheet_id: refused.id,
          method_id: world.method,
          analyte: "cond",
          number: 1,
          run_at: new Date().toISOString(),
          outcome: "accepted",
          violations: [],
          ...forged,
        }),
      ).rejects.toThrow(why);
  });

  test("a control that was refused stays refused when its value is changed afterwards; both judgements are kept", async () => {
    const chart = await chartOf(world, "L-4");
    await frozen(world, chart);
    const made = await run(world, [{ chart, text: "5.60" }]);
    const [row] = await rowsOf(world.lab.as.technician, made.id);
    await ok(world.lab.as.technician, "POST", "/api/lab/results/save", {
      rows: [{ id: row?.id, version: row?.version, text: "5.06", reason: "Misread" }],
    });
    const { points } = await readChart(world.lab.as.reader, chart);
    expect(points).toMatchObject([
      { text: "5.06", outcome: "accepted", earlier: [{ text: "5.60", outcome: "refused" }] },
    ]);
    expect([(await made.verify()).status === 200, reasonsIn(await made.holds())]).toEqual([false, "was refused"]);
    await expect(
      change(
        world.lab.technician,
        "lab.result.enter",
        "lab.control_evaluation",
        { id: points[0]?.evaluationId ?? "", version: 1 },
        "outcome = 'warned'",
      ),
    ).rejects.toThrow(/locked/);
  });

  test("a control of a method that asks for none is judged all the same, and refused it holds", async () => {
    const free = await qualityMethod(world.lab, "M-FREE", null);
    expect(free.method).not.toBe(world.method);
    const chart = await chartOf(free, "L-1");
    await frozen(free, chart);
    expect((await (await run(free, [{ chart, text: "5.9" }])).verify()).status).not.toBe(200);
  });

  test("a blank is refused above its limit, and what is less than a value under it is in", async () => {
    const blank = await qualityMethod(world.lab, "M-BLK", { controls: 1, blank: true, analytes: ["cond"] });
    const [control, rinse] = [
      await chartOf(blank, "L-1"),
      await chartOf(blank, "B-1", { kind: "blank", material: "Rinse" }),
    ];
    await frozen(blank, control);
    await frozen(blank, rinse, { upper: "0.10" });
    const outcome = async (text: string | null) => {
      const made = await run(blank, [
        { chart: control, text: "5.00" },
        ...(text === null ? [] : [{ chart: rinse, kind: "blank" as const, text }]),
      ]);
      return (await made.verify()).status === 200 ? "verified" : reasonsIn(await made.holds());
    };
    expect(await outcome(null)).toBe("has no blank");
    expect(await outcome("0.11")).toBe("was refused");
    expect(await outcome("<0.20")).toBe("can't be judged");
    expect(await outcome("<0.05")).toBe("verified");
    expect(await outcome("0.10")).toBe("verified");
  });
});

describe("LAB control limits", () => {
  test("limits of runs are those of the runs that were declared, frozen by another; older points keep theirs", async () => {
    const { technician, reviewer, reader } = world.lab.as;
    const chart = await chartOf(world, "R-1");
    for (const text of inControl) await run(world, [{ chart, text }]);
    const before = (await readChart(reader, chart)).points;
    expect(before.map((each) => [each.outcome, each.limitNumber])).toEqual(inControl.map(() => ["unclear", null]));
    const ids = before.map((each) => each.resultId);
    const propose = (body: object) =>
      technician("POST", `/api/lab/charts/${chart}/limits`, { body: { source: "runs", reason: "First", ...body } });
    // Too few, and one in between left out without a word.
    expect((await propose({ results: ids.slice(0, 9), excluded: [] })).body["detail"]).toMatch(/10 runs were declared/);
    const without = ids.filter((_, index) => index !== 4);
    expect((await propose({ results: without, excluded: [] })).body["detail"]).toMatch(/without a reason/);
    expect((await propose({ results: without, excluded: [{ id: ids[4], reason: " " }] })).status).toBe(400);
    const made = await propose({ results: ids, excluded: [] });
    expect(made.status).toBe(201);
    const values = inControl.map(Number);
    const mean = values.reduce((sum, each) => sum + each, 0) / values.length;
    const deviation = Math.sqrt(values.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (values.length - 1));
    const proposed = (await readChart(reader, chart)).limits[0];
    expect(Number(proposed?.mean)).toBeCloseTo(mean, 11);
    expect(Number(proposed?.deviation)).toBeCloseTo(deviation, 11);
    // Not in force before another freezes it; not by who proposed it, whatever roles they hold; a second one waits.
    expect((await propose({ results: ids, excluded: [] })).body["code"]).toBe("lab.limits_waiting");
    const id = String(made.body["id"]);
    const decide = (by: typeof technician, version = 1) =>
      by("POST", `/api/lab/chart-limits/${id}/decide`, { version, body: { frozen: true, reason: "Checked" } });
    expect((await decide(technician)).status).toBe(403);
    expect((await decide(reviewer)).status).toBe(200);
    expect((await decide(world.lab.as.admin, 2)).body["code"]).toBe("lab.limits_decided");
    await run(world, [{ chart, text: "5.00" }]);
    // New limits: a new version. What was judged keeps the one it was judged by.
    await frozen(world, chart, { mean: "6.00", deviation: "0.10" });
    await run(world, [{ chart, text: "5.00" }]);
    const after = (await readChart(reader, chart)).points.slice(-2);
    expect(after.map((each) => [each.limitNumber, each.outcome])).toEqual([
      [1, "accepted"],
      [2, "refused"],
    ]);
  });

  test("nobody freezes what they proposed, moves limits afterwards, or feeds another lot's chart: by route and by statement", async () => {
    const { admin } = world.lab.as;
    const chart = await chartOf(world, "R-2");
    const own = await ok(admin, "POST", `/api/lab/charts/${chart}/limits`, {
      source: "certificate",
      certificate: "CoA 1",
      mean: "5",
      deviation: "0.1",
      reason: "New",
    });
    const limit = { id: String(own["id"]), version: 1 };
    const refused = await admin("POST", `/api/lab/chart-limits/${limit.id}/decide`, {
      version: 1,
      body: { frozen: true, reason: "Mine" },
    });
    expect([refused.status, refused.body["code"]]).toEqual([403, "lab.limits_own"]);
    const freeze = "state = 'frozen', decided_reason = 'Mine'";
    await expect(change(world.lab.admin, "lab.chart.approve", "lab.chart_limit", limit, freeze)).rejects.toThrow(
      /by another/,
    );
    for (const set of ["mean = 6", "deviation = 9", "number = 7"])
      await expect(change(world.lab.admin, "lab.chart.change", "lab.chart_limit", limit, set)).rejects.toThrow(
        /not changed/,
      );
    await ok(
      world.lab.as.reviewer,
      "POST",
      `/api/lab/chart-limits/${limit.id}/decide`,
      { frozen: true, reason: "Yes" },
      1,
    );
    for (const set of ["mean = 6", "state = 'proposed', decided_reason = null", "deleted_at = now()"])
      await expect(
        change(world.lab.admin, "lab.chart.approve", "lab.chart_limit", { ...limit, version: 2 }, set),
      ).rejects.toThrow();
    // Begun frozen, or with a mean that is not that of its runs.
    for (const [row, why] of [
      [
        {
          state: "frozen",
          decided_reason: "x",
          source: "certificate",
          basis: { certificate: "x" },
          mean: 5,
          deviation: 1,
        },
        /begin as a proposal/,
      ],
      [{ state: "proposed", source: "certificate", basis: {}, mean: 5, deviation: 1 }, /say which/],
      [{ state: "proposed", source: "runs", basis: { results: [] }, mean: 5, deviation: 1 }, /as many runs/],
      [{ state: "proposed", source: "certificate", basis: { certificate: "x" }, upper: 5 }, /a control has mean/],
    ] as const)
      await expect(
        insert(world.lab.admin, "lab.chart.change", "lab.chart_limit", {
          chart_id: chart,
          number: 2,
          reason: "x",
          ...row,
        }),
      ).rejects.toThrow(why);
    // A control says before its value is known which lot it is.
    const made = await run(world, [{ text: "5.00" }]);
    await expect(
      insert(world.lab.technician, "lab.worksheet.change", "lab.control_point", {
        chart_id: chart,
        result_id: made.controlIds[0],
      }),
    ).rejects.toThrow(/before its value/);
    const elsewhere = await qualityMethod(world.lab, "M-ELSE");
    const foreign = await chartOf(elsewhere, "R-2");
    await expect(run(world, [{ chart: foreign, text: "5.00" }])).rejects.toThrow(/chart_not_fitting/);
    await expect(
      insert(world.lab.technician, "lab.worksheet.change", "lab.control_point", {
        chart_id: foreign,
        result_id: made.controlIds[0],
      }),
    ).rejects.toThrow(/own method and analyte/);
    // Used up and expired lots are charted no more.
    const gone = await chartOf(world, "R-3", { expiresOn: "2020-01-01" });
    await expect(run(world, [{ chart: gone, text: "5.00" }])).rejects.toThrow(/expired/);
    await ok(admin, "POST", `/api/lab/charts/${chart}/retire`, { reason: "Used up" }, 1);
    await expect(run(world, [{ chart, text: "5.00" }])).rejects.toThrow(/retired/);
  });

  test("rules are seen across runs, by the rule set in force; runs judged at the same time miss none", async () => {
    const chart = await chartOf(world, "W-1");
    await frozen(world, chart);
    const second = async (...texts: string[]) => {
      for (const text of texts) await run(world, [{ chart, text }]);
      const last = (await readChart(world.lab.as.reader, chart)).points.at(-1);
      return [last?.outcome, ...(last?.violations ?? []).map((each) => each.rule)];
    };
    expect(await second("5.21")).toEqual(["warned", "1-2s"]);
    expect(await second("5.22")).toEqual(["refused", "1-2s", "2-2s"]);
    expect(await second("5.00", "5.11", "5.12", "5.11")).toEqual(["accepted"]);
    expect(await second("5.13")).toEqual(["refused", "4-1s"]);
    // Ten on one side, the last two of them in runs that are judged at the same moment.
    await second("4.99", "5.01", "5.02", "5.01", "5.03", "5.02", "5.01", "5.02", "5.01");
    const rows = await Promise.all([run(world, [{ chart }]), run(world, [{ chart }])]);
    await Promise.all(
      rows.map(async ({ id }) => {
        const [row] = await rowsOf(world.lab.as.technician, id);
        return ok(world.lab.as.technician, "POST", "/api/lab/results/save", {
          rows: [{ id: row?.id, version: row?.version, text: "5.04" }],
        });
      }),
    );
    const last = (await readChart(world.lab.as.reader, chart)).points.slice(-2);
    // Nine with the one, ten with the other: whichever was second saw the first.
    expect(last.flatMap((each) => each.violations.map(({ rule }) => rule))).toEqual(["10x"]);
    // Another rule set is a version; what was judged stays.
    const rules = { "1-2s": "warn", "1-3s": "reject" };
    const refused = await world.lab.as.technician("POST", "/api/lab/rule-sets", {
      body: { scope: "control", rules, reason: "x" },
    });
    expect(refused.status).toBe(403);
    await ok(world.lab.as.reviewer, "POST", "/api/lab/rule-sets", {
      scope: "control",
      rules,
      reason: "One level only",
    });
    expect(await second("5.03")).toEqual(["accepted"]);
    expect((await readChart(world.lab.as.reader, chart)).points[1]?.outcome).toBe("refused");
  });

  test("a violation takes comments and actions with a reason, which change no judgement; another workspace sees nothing", async () => {
    const { reader, technician } = world.lab.as;
    const chart = await chartOf(world, "N-1");
    await frozen(world, chart);
    await run(world, [{ chart, text: "5.9" }]);
    const point = (await readChart(reader, chart)).points[0];
    const path = `/api/lab/control-evaluations/${point?.evaluationId}/notes`;
    expect((await technician("POST", path, { body: { kind: "action", text: "  " } })).status).toBe(400);
    expect((await reader("POST", path, { body: { kind: "action", text: "x" } })).status).toBe(403);
    await ok(technician, "POST", path, { kind: "action", text: "Cell cleaned, run repeated" });
    const noted = (await readChart(reader, chart)).points[0];
    expect([noted?.outcome, noted?.notes]).toMatchObject([
      "refused",
      [{ kind: "action", text: "Cell cleaned, run repeated" }],
    ]);
    const csv = await reader("GET", `/api/lab/charts/${chart}?format=csv`);
    expect(csv.text).toMatch(/5\.9.*refused.*1-3s.*Cell cleaned/);
    const elsewhere = await world.lab.server.kernel.foundWorkspace("elsewhere");
    const stranger = world.lab.server.as(await world.lab.server.member(elsewhere, "owner"));
    expect((await stranger("GET", `/api/lab/charts/${chart}`)).status).toBe(404);
    expect((await stranger("POST", path, { body: { kind: "comment", text: "x" } })).status).toBe(404);
    expect(
      (
        await stranger("POST", `/api/lab/charts/${chart}/limits`, {
          body: { source: "certificate", certificate: "x", mean: "1", deviation: "1", reason: "x" },
        })
      ).status,
    ).toBe(404);
  });
});

const reasons = [
  "fewer controls",
  "no frozen limits",
  "no value yet",
  "can't be judged",
  "was refused",
  "has no blank",
];
function reasonsIn(text: string): string {
  return reasons.find((each) => text.includes(each)) ?? "";
}

/** One statement of one's own, under a permission one holds, with the leaf the guard asks for. */
function change(
  person: TestPerson,
  permission: string,
  table: string,
  row: { id: string; version: number } | undefined,
  set: string,
) {
  return world.lab.server.kernel.door.work(person.session, permission, async (tx) => {
    const { id, version } = row ?? { id: "", version: 0 };
    await tx.record({ action: `${table}.test`, record: table, rowId: id, version: version + 1 });
    const statement = sql`update ${sql.table(table)} set ${sql.raw(set)} where id = ${id} returning id`;
    return tx.all({ compile: () => statement.compile(query) });
  });
}

function insert(person: TestPerson, permission: string, table: string, values: Readonly<Record<string, unknown>>) {
  return world.lab.server.kernel.door.work(person.session, permission, async (tx) => {
    const row: Record<string, unknown> = { id: crypto.randomUUID(), ...values };
    await tx.record({ action: `${table}.test`, record: table, rowId: String(row["id"]), version: 1 });
    const columns = sql.join(Object.keys(row).map((name) => sql.ref(name)));
    const statement = sql`insert into ${sql.table(table)} (${columns})
      select ${columns} from jsonb_populate_record(null::${sql.table(table)}, ${JSON.stringify(row)}::jsonb) returning id`;
    return tx.all({ compile: () => statement.compile(query) });
  });
}
