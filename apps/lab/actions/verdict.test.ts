import { randomUUID } from "node:crypto";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readDecimal, sayDecimal } from "../calc/decimal.ts";
import { judgeValue, readValue, type Limit, type Qualifier } from "../calc/value.ts";
import { query } from "../query.ts";
import { entered, openLab, received, resultOf, sampleOf, type LabWorld } from "../testing/world.ts";

let world: LabWorld;
beforeAll(async () => {
  world = await openLab();
});
afterAll(() => world?.server.close());

/** The same sequence in every run (a linear congruential generator, Numerical Recipes). */
function chance(): (of: number) => number {
  let state = 20_260_101;
  return (of) => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return Math.floor((state / 2 ** 32) * of);
  };
}
const one = <const T>(draw: (of: number) => number, list: readonly [T, ...T[]]): T =>
  list[draw(list.length)] ?? list[0];

test("the database and the calculation, written apart, give one verdict on ten thousand drawn values", async () => {
  const draw = chance();
  const ends = ["-1", "0", "0.0", "0.05", "4.95", "5.0", "5", "5.05", "6.5", "7", "7.00", "10"] as const;
  const end = () => (draw(3) === 0 ? null : one(draw, ends));
  const drawn = Array.from({ length: 10_000 }, () => {
    const limit: Limit | undefined =
      draw(20) === 0
        ? undefined
        : {
            analyte: "a",
            low: end(),
            high: end(),
            lowOpen: draw(2) === 0,
            highOpen: draw(2) === 0,
            warnLow: end(),
            warnHigh: end(),
            compare: one(draw, ["entered", "rounded"]),
            ...(draw(15) === 0 ? { texts: ["absent", "5.0"] } : {}),
            ...(draw(3) === 0 ? { decision: { rule: "guarded", factor: one(draw, ["1", "0.5", "2"]) } } : {}),
          };
    const text = draw(15) === 0 ? one(draw, ["absent", "present"]) : null;
    const number =
      text === null ? one(draw, [...ends, "4.949", "4.95", "5.049", "7.05", "7.15", "-0.5", "6.45", "12.345"]) : null;
    const qualifier: Qualifier | null = number !== null && draw(4) === 0 ? one(draw, ["<", "<=", ">", ">="]) : null;
    const analyte = { decimals: one(draw, [null, 0, 1, 2]), rule: one(draw, ["half-up", "half-even"]) } as const;
    const uncertainty = draw(2) === 0 ? { expanded: one(draw, ["0.1", "0.05", "1.0", "0"]), coverage: "2" } : null;
    const value = { text: text ?? `${qualifier ?? ""}${number}`, number: readDecimal(number ?? "") ?? null, qualifier };
    const { verdict } = judgeValue(value, limit, analyte, uncertainty);
    return { said: value.text, number, qualifier, limit, ...analyte, expanded: uncertainty?.expanded ?? null, verdict };
  });
  const rows = await world.server.kernel.door.work(world.technician.session, "lab.sample.read", (tx) =>
    tx.all({
      compile: () =>
        sql<{
          verdict: string;
        }>`select lab.verdict_of(d.said, d.number, d.qualifier, d.limit, d.decimals, d.rule, d.expanded) as verdict
          from jsonb_to_recordset(${JSON.stringify(drawn)}::jsonb)
            as d (said text, number numeric, qualifier text, "limit" jsonb, decimals integer, rule text, expanded text)`.compile(
          query,
        ),
    }),
  );
  const differ = drawn.filter((each, index) => rows[index]?.verdict !== each.verdict);
  expect(differ.slice(0, 3)).toEqual([]);
  // Every verdict was among them.
  expect(new Set(drawn.map((each) => each.verdict))).toEqual(
    new Set(["in", "warn", "conditional", "out", "unclear", "none"]),
  );
});

test("what is read as a number here is read as the same number there", async () => {
  const texts = [
    "7",
    "7.20",
    "<0.05",
    "≤ 0.05",
    ">=3",
    "−1.5",
    "< 0.05 mg/l",
    "7.2 mg/l",
    "7,2",
    "7.2 g",
    "1e3",
    "",
    "--1",
  ];
  const drawn = texts.map((text) => {
    const read = readValue(text, { kind: "number", unit: "mg/l", choices: [] });
    const value = read.ok ? read.value : null;
    return {
      text: text.trim(),
      number: value?.number ? sayDecimal(value.number) : null,
      qualifier: value?.qualifier ?? null,
      reads: value !== null,
    };
  });
  const rows = await world.server.kernel.door.work(world.technician.session, "lab.sample.read", (tx) =>
    tx.all({
      compile: () =>
        sql<{ reads: boolean; other: boolean }>`select lab.reads_as(d.text, 'mg/l', d.number, d.qualifier) as reads,
            lab.reads_as(d.text, 'mg/l', coalesce(d.number, 7) + 1, d.qualifier)
              or lab.reads_as(d.text, 'mg/l', d.number, case when d.qualifier is null then '<' end) as other
          from jsonb_to_recordset(${JSON.stringify(drawn)}::jsonb) as d (text text, number numeric, qualifier text)`.compile(
          query,
        ),
    }),
  );
  expect(rows.map(({ reads }, index) => [texts[index], reads])).toEqual(
    drawn.map(({ reads }, index) => [texts[index], reads]),
  );
  expect(rows.some(({ other }) => other)).toBe(false);
});

const raw = (text: string) => {
  const statement = sql<Record<string, unknown>>`${sql.raw(text)}`;
  return { compile: () => statement.compile(query) };
};
/** What the database says to statements that ran in a transaction somebody rightly entered; "kept" when it took them. */
function said(
  by: LabWorld["technician"],
  permission: string,
  changes: readonly { record: string; id: string; version: number; text: string }[],
): Promise<string> {
  return world.server.kernel.door
    .work(by.session, permission, async (tx) => {
      for (const { record, id, version, text } of changes) {
        // oxlint-disable-next-line no-await-in-loop -- one connection
        await tx.record({ action: `${record}.test`, record, rowId: id, version });
        // oxlint-disable-next-line no-await-in-loop -- one connection
        await tx.all(raw(text));
      }
    })
    .then(
      () => "kept",
      (error: unknown) => (error instanceof Error ? `${error.message} ${String(error.cause ?? "")}` : String(error)),
    );
}
const entry = (row: { id: string; version: number }, values: string) => ({
  record: "lab.result",
  id: row.id,
  version: row.version + 1,
  text: `update lab.result set state = 'entered', source = 'keyboard', entered_name = 'A', ${values} where id = '${row.id}'`,
});

test("LAB-01 no statement stores a verdict that the limit does not give, or another number than was written", async () => {
  const [id = ""] = await received(world);
  const ph = await resultOf(world.as.technician, id, "ph");
  const tries = {
    "text = '9.9', number = 9.9, verdict = 'in'": /a verdict is what its limit gives/,
    "text = '9.9', number = 6.9, verdict = 'in'": /the number of a result is the one that was written/,
    "text = '>9', number = 9, verdict = 'in'": /the number of a result is the one that was written/,
    "text = '9.9', number = 9.9, verdict = null": /a verdict is what its limit gives/,
    "text = 'fine', number = null, verdict = 'in'": /the number of a result is the one that was written/,
    "text = '9.9', number = 9.9, verdict = 'out'": /kept/,
  };
  for (const [values, answer] of Object.entries(tries))
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect(await said(world.technician, "lab.result.enter", [entry(ph, values)])).toMatch(answer);
});

test("LAB-01 no statement makes a sample stand better than its results, or gives a result limits of its own", async () => {
  const [id = ""] = await received(world);
  await entered(world, id, "7.4");
  const sample = await sampleOf(world.as.technician, id);
  expect([sample.state, sample.verdict]).toEqual(["tested", "out"]);
  const better = {
    record: "lab.sample",
    id,
    version: sample.version + 1,
    text: `update lab.sample set verdict = 'in' where id = '${id}'`,
  };
  expect(await said(world.technician, "lab.result.enter", [better])).toMatch(/a sample stands as its results do/);
  const own = randomUUID();
  const lenient = JSON.stringify({ analyte: "ph", methodId: world.ph, low: "0", high: "14", compare: "entered" });
  const added = {
    record: "lab.result",
    id: own,
    version: 1,
    text: `insert into lab.result (tenant_id, id, sample_id, method_version_id, kind, analyte, name, unit, attempt, state, limits)
      select tenant_id, '${own}', sample_id, method_version_id, kind, analyte, name, unit, 2, 'open', '${lenient}'::jsonb
      from lab.result where sample_id = '${id}' and analyte = 'ph'`,
  };
  expect(await said(world.technician, "lab.sample.register", [added])).toMatch(/held against the limits of its sample/);
});

test("LAB-01 a blinded sample's repeats are held against its limits, and its blind opens on no other", async () => {
  const body = { samples: [{ productId: world.product, lot: "K-7", blinded: true }] };
  const made = await world.as.technician("POST", "/api/lab/samples", { body });
  const id = String(JSON.parse(made.text).items[0].id);
  await world.as.technician("POST", "/api/lab/samples/receive", { body: { ids: [id] } });
  await entered(world, id, "6.5");
  const first = await resultOf(world.as.technician, id, "ph");
  const again = await world.as.reviewer("POST", `/api/lab/results/${first.id}/retest`, {
    version: first.version,
    body: { reason: "Electrode" },
  });
  expect(again.status).toBe(201);
  const open = await resultOf(world.as.technician, id, "ph");
  const rows = [{ id: open.id, version: open.version, text: "7.4" }];
  await world.as.technician("POST", "/api/lab/results/save", { body: { rows } });
  expect(await resultOf(world.as.technician, id, "ph")).toMatchObject({ attempt: 2, verdict: "out", limit: "5.0–7.0" });
  // A row that was registered against other limits than the ones that come to light.
  const own = randomUUID();
  const lenient = JSON.stringify({ analyte: "ph", methodId: world.ph, low: "0", high: "14", compare: "entered" });
  const text = `insert into lab.result (tenant_id, id, sample_id, method_version_id, kind, analyte, name, unit, attempt, state, limits)
    select tenant_id, '${own}', sample_id, method_version_id, kind, analyte, name, unit, 3, 'open', '${lenient}'::jsonb
    from lab.result where id = '${first.id}'`;
  const lax = { record: "lab.result", id: own, version: 1, text };
  expect(await said(world.technician, "lab.sample.register", [lax])).toBe("kept");
  const { version } = await sampleOf(world.as.technician, id);
  const opened = await world.as.admin("POST", `/api/lab/samples/${id}/unblind`, { version, body: { reason: "Asked" } });
  expect(opened.status).toBeGreaterThanOrEqual(400);
});

test("LAB-05 no statement publishes of a sample what its limits do not give, or leaves its limits out", async () => {
  const [id = ""] = await received(world);
  await entered(world, id, "6.5");
  const { reviewer } = world.as;
  const verify = await reviewer("POST", `/api/lab/samples/${id}/verify`, {
    version: (await sampleOf(reviewer, id)).version,
  });
  expect(verify.status).toBe(200);
  const line = (entered: string, verdict: string) => ({
    name: "",
    unit: "",
    entered,
    reported: "",
    limit: "",
    verdict,
    retested: [],
  });
  const told = (verdict: string, lines: readonly object[], number = 1) => [
    { specification: "SPC-1", number, verdict, lines },
  ];
  const right = [line("6.5", "in"), line("5", "in")];
  const own = randomUUID();
  const publish = (evaluations: readonly object[]) =>
    said(world.reviewer, "lab.sample.publish", [
      {
        record: "lab.publication",
        id: own,
        version: 1,
        text: `insert into lab.publication (tenant_id, id, sample_id, number, evaluations, publisher)
          select tenant_id, '${own}', id, 1, '${JSON.stringify(evaluations)}'::jsonb, 'A' from lab.sample where id = '${id}'`,
      },
    ]);
  const gives = /a publication tells what its limits give/;
  expect(await publish([])).toMatch(/limits a sample was registered with/);
  expect(await publish(told("warn", right))).toMatch(gives);
  expect(await publish(told("in", right.slice(1)))).toMatch(gives);
  expect(await publish(told("in", [line("6.4", "in"), line("5", "in")]))).toMatch(gives);
  expect(await publish(told("warn", [line("6.5", "warn"), line("5", "in")]))).toMatch(gives);
  expect(await publish([...told("in", right), ...told("in", right, 9)])).toMatch(/names its limits/);
  expect(await publish(told("in", right))).toBe("kept");
});
