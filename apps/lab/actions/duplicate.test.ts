import { randomUUID } from "node:crypto";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { TestCaller } from "@probity/kernel/testing";
import { readDecimal } from "../calc/decimal.ts";
import { judgeDuplicate, type DuplicateCriterion } from "../calc/duplicate.ts";
import type { Qualifier } from "../calc/value.ts";
import { query } from "../query.ts";
import { asked, confirm, planted } from "../testing/instrument.ts";
import { openLab, resultOf, sampleOf, type LabWorld } from "../testing/world.ts";
import type { Run } from "./run-quality.ts";

let world: LabWorld;
let chloride = "";
let nitrate = "";
beforeAll(async () => {
  world = await openLab();
  chloride = await methodOf("M-CL", { difference: "absolute", limit: "0.2", compare: "entered" });
  nitrate = await methodOf("M-NO", { difference: "relative", limit: "10", compare: "rounded" });
});
afterAll(() => world?.server.close());

const json = async (by: TestCaller, method: string, path: string, body?: unknown) => {
  const answer = await by(method, path, body === undefined ? {} : { body });
  if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${answer.text}`);
  return JSON.parse(answer.text);
};
async function methodOf(code: string, duplicate: DuplicateCriterion): Promise<string> {
  const { id } = await json(world.as.admin, "POST", "/api/lab/methods", { code, title: code });
  await json(world.as.admin, "POST", `/api/lab/methods/${id}/versions`, {
    reason: "New",
    definition: {
      fields: [],
      analytes: [{ key: "a", name: code, unit: "mg/L", kind: "number", decimals: 1, rule: "half-even", duplicate }],
    },
  });
  return id;
}
type Row = { id: string; version: number; kind: string; text: string | null };
const rowsOf = async (sheet: string): Promise<Row[]> =>
  (await json(world.as.reader, "GET", `/api/lab/worksheets/${sheet}`)).rows;

/** A worksheet of one sample, with or without a duplicate of its determination. */
async function runOf(method: string, twice = true) {
  const made = await json(world.as.technician, "POST", "/api/lab/samples", {
    samples: [{ productId: world.other, methodIds: [method] }],
  });
  const sampleId = String(made.items[0].id);
  await json(world.as.technician, "POST", "/api/lab/samples/receive", { ids: [sampleId] });
  const original = await resultOf(world.as.technician, sampleId, "a");
  const extra = twice
    ? [
        {
          kind: "duplicate",
          methodId: method,
          name: "Duplicate",
          of: original.id,
          limit: { analyte: "a", compare: "entered" },
        },
      ]
    : [];
  const sheet = await json(world.as.technician, "POST", "/api/lab/worksheets", {
    title: "Run",
    resultIds: [original.id],
    extra,
  });
  const enter = async (kind: string, text: string) => {
    const row = (await rowsOf(sheet.id)).find((each) => each.kind === kind);
    const reason = row?.text === null ? {} : { reason: "Misread" };
    await json(world.as.technician, "POST", "/api/lab/results/save", {
      rows: [{ id: row?.id, version: row?.version, text, ...reason }],
    });
  };
  const verify = async () =>
    world.as.reviewer("POST", `/api/lab/samples/${sampleId}/verify`, {
      version: (await sampleOf(world.as.reviewer, sampleId)).version,
    });
  const quality = async (): Promise<Run | undefined> =>
    (await json(world.as.reader, "GET", `/api/lab/worksheets/${sheet.id}/quality`)).items[0];
  return { id: String(sheet.id), sampleId, originalId: original.id, enter, verify, quality };
}

test("the database and the calculation, written apart, judge two thousand drawn pairs alike", async () => {
  let state = 7;
  const draw = (of: number) => Math.floor(((state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32) / 2 ** 32) * of);
  const numbers = ["0", "0.0", "-1", "1", "1.0", "1.05", "1.15", "1.25", "0.95", "10", "10.5", "9.99999999999999999"];
  const drawn = Array.from({ length: 2000 }, () => {
    const criterion: DuplicateCriterion = {
      difference: draw(2) === 0 ? "absolute" : "relative",
      limit: ["0", "0.1", "0.10", "5", "10", "200"][draw(6)] ?? "0",
      compare: draw(2) === 0 ? "entered" : "rounded",
    };
    const analyte = {
      decimals: [null, 0, 1][draw(3)] ?? null,
      rule: draw(2) === 0 ? ("half-up" as const) : ("half-even" as const),
    };
    const signs: (Qualifier | null)[] = [null, null, null, null, null, "<", ">="];
    const value = () => ({ number: numbers[draw(numbers.length)] ?? "0", qualifier: signs[draw(7)] ?? null });
    const [one, other] = [value(), value()];
    const read = (each: typeof one) => ({ ...each, text: "", number: readDecimal(each.number) ?? null });
    return { one, other, criterion, ...analyte, judged: judgeDuplicate(read(one), read(other), criterion, analyte) };
  });
  const rows = await world.server.kernel.door.work(world.technician.session, "lab.sample.read", (tx) => {
    const statement = sql<{ outcome: string; same: boolean | null }>`
      select lab.duplicate_outcome(c.one, d.one ->> 'qualifier', c.other, d.other ->> 'qualifier', d.criterion) as outcome,
        (d.judged ->> 'difference')::numeric is not distinct from lab.duplicate_difference(c.one, c.other, d.criterion) as same
      from jsonb_to_recordset(${JSON.stringify(drawn)}::jsonb) as d (one jsonb, other jsonb, criterion jsonb, decimals integer, rule text, judged jsonb)
      cross join lateral (select lab.duplicate_compared((d.one ->> 'number')::numeric, d.criterion, d.decimals, d.rule) as one,
        lab.duplicate_compared((d.other ->> 'number')::numeric, d.criterion, d.decimals, d.rule) as other) c`;
    return tx.all({ compile: () => statement.compile(query) });
  });
  const differ = drawn.filter(
    ({ judged }, at) =>
      rows[at]?.outcome !== judged.outcome || (judged.outcome !== "unclear" && rows[at]?.same !== true),
  );
  expect(differ.slice(0, 3)).toEqual([]);
  expect(new Set(drawn.map(({ judged }) => judged.outcome))).toEqual(new Set(["in", "out", "unclear"]));
});

test("LAB-04 a method that declares how far duplicates may lie apart gives no verified result without one, or with one that lies further", async () => {
  const none = await runOf(chloride, false);
  await none.enter("sample", "1.0");
  expect((await none.verify()).text).toMatch(/has no duplicate, and its method asks for one/);
  expect(await none.quality()).toMatchObject({ standing: "missing", duplicates: [] });

  const good = await runOf(chloride);
  await good.enter("sample", "1.0");
  expect(await good.quality()).toMatchObject({ standing: "waiting", duplicates: [{ outcome: "waiting" }] });
  await good.enter("duplicate", "1.20");
  expect(await good.quality()).toMatchObject({
    standing: "accepted",
    duplicates: [
      { original: "1.0", duplicate: "1.20", difference: "0.20", limit: "0.2", relative: false, outcome: "in" },
    ],
  });
  expect((await good.verify()).status).toBe(200);

  const far = await runOf(chloride);
  await far.enter("sample", "1.0");
  await far.enter("duplicate", "1.21");
  expect(await far.quality()).toMatchObject({
    standing: "refused",
    duplicates: [{ difference: "0.21", outcome: "out" }],
  });
  expect((await far.verify()).text).toMatch(/too far from its original: 1.0 and 1.21, 0.21 mg\/L apart/);
  // A value that is corrected afterwards is judged beside the first, and does not lift it.
  await far.enter("duplicate", "1.1");
  expect(await far.quality()).toMatchObject({
    standing: "refused",
    duplicates: [{ outcome: "out", earlier: [{ outcome: "in" }] }],
  });
  expect((await far.verify()).status).toBe(409);
  const ids: string[] = [];
  for (const { id } of await rowsOf(far.id)) ids.push((await asked(world, id, "quality-control")).id);
  expect((await confirm(world, ids)).status).toBe(200);
  expect((await far.verify()).status).toBe(200);

  const said = await runOf(chloride);
  await said.enter("sample", "<0.1");
  await said.enter("duplicate", "<0.1");
  expect((await said.verify()).text).toMatch(/only said to be less or more/);
});

test("LAB-04 values are compared as the method declares: in percent of their mean, and as they are reported", async () => {
  // Reported half-even: 1.05 is 1.0 and 1.15 is 1.2, 18.2 % of their mean apart; 1.05 and 0.95 are both 1.0.
  const far = await runOf(nitrate);
  await far.enter("sample", "1.05");
  await far.enter("duplicate", "1.15");
  expect(await far.quality()).toMatchObject({ duplicates: [{ difference: "18.181818", outcome: "out" }] });
  const near = await runOf(nitrate);
  await near.enter("sample", "1.05");
  await near.enter("duplicate", "0.95");
  expect(await near.quality()).toMatchObject({
    standing: "accepted",
    duplicates: [{ difference: "0", outcome: "in" }],
  });
});

test("LAB-04 no statement stores a better judgement, another criterion, or a duplicate of something else", async () => {
  const run = await runOf(chloride);
  await run.enter("sample", "1.0");
  await run.enter("duplicate", "1.5");
  const duplicate = (await rowsOf(run.id)).find((row) => row.kind === "duplicate")?.id ?? "";
  const row = {
    duplicate_id: duplicate,
    original_id: run.originalId,
    number: 1,
    criterion: { difference: "absolute", limit: "0.2", compare: "entered" },
    duplicate_text: "1.5",
    original_text: "1.0",
    difference: "0.5",
    outcome: "out",
  };
  const plant = (more: object, permission = "lab.result.enter") =>
    planted(world, world.technician, permission, "lab.duplicate_evaluation", { ...row, ...more });
  await expect(plant({ outcome: "in" })).rejects.toThrow(/what their values give/);
  await expect(plant({ difference: "0.1" })).rejects.toThrow(/what their values give/);
  await expect(plant({ criterion: { ...row.criterion, limit: "1" }, outcome: "in" })).rejects.toThrow(/as its method/);
  await expect(plant({ duplicate_text: "1.1", difference: "0.1", outcome: "in" })).rejects.toThrow(/by its values/);
  await expect(plant({}, "lab.worksheet.change")).rejects.toThrow();
  await plant({});

  const other = await runOf(chloride, false);
  const version = await world.server.kernel.door.work(world.technician.session, "lab.sample.read", (tx) =>
    tx.first(query.selectFrom("lab.result").select("method_version_id").where("id", "=", run.originalId)),
  );
  const another = (of: string | null) =>
    planted(world, world.technician, "lab.worksheet.change", "lab.result", {
      id: randomUUID(),
      worksheet_id: other.id,
      sample_id: other.sampleId,
      method_version_id: version?.method_version_id,
      kind: "duplicate",
      analyte: "a",
      name: "M-CL",
      unit: "mg/L",
      attempt: 1,
      state: "open",
      duplicate_of: of,
    });
  await expect(another(run.originalId)).rejects.toThrow(/determination of its run/);
  await expect(another(null)).rejects.toThrow(/determination of its run/);
  await another(other.originalId);
  // With a duplicate beside it, a determination does not leave the run.
  const { version: sheetVersion } = await json(world.as.reader, "GET", `/api/lab/worksheets/${other.id}`);
  const off = await world.as.technician("POST", `/api/lab/worksheets/${other.id}/rows/take-off`, {
    version: sheetVersion,
    body: { resultIds: [other.originalId] },
  });
  expect(off.status).toBe(409);
});
