import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTestKernel, type TestKernel, type TestPerson } from "@probity/kernel/testing";
import { query } from "../query.ts";
import { Draw } from "../sample-data/draw.ts";
import { reportCapability, sideInterval, wholeInterval } from "./capability.ts";
import { estimate, type Observed } from "./censored.ts";
import { chiSquareQuantile, normalCumulative } from "./distribution.ts";
import { summarise } from "./process.ts";
import { findHints } from "./trend.ts";
import { judgeRuns, type ControlValue } from "./westgard.ts";

const plain = (...values: number[]): Observed[] => values.map((value) => ({ value, censored: null }));
const draws = (seed: number, count: number, mean = 100, deviation = 2) => {
  const draw = new Draw(seed);
  return Array.from({ length: count }, () => draw.normal(mean, deviation));
};

describe("distributions against published tables", () => {
  test.each([
    [0.95, 10, 18.307],
    [0.025, 24, 12.401],
    [0.975, 24, 39.364],
    [0.025, 19, 8.907],
    [0.975, 19, 32.852],
    [0.5, 1, 0.455],
  ])("χ²: %f at %i degrees is %f", (p, degrees, expected) => {
    expect(chiSquareQuantile(p, degrees)).toBeCloseTo(expected, 3);
  });
  test.each([
    [1.959963985, 0.975],
    [-3, 0.001349898],
    [0, 0.5],
    [6, 0.9999999990134],
  ])("Φ(%f) is %f", (z, expected) => {
    expect(normalCumulative(z)).toBeCloseTo(expected, 9);
  });
});

describe("capability", () => {
  test("intervals are those of a book's example (Montgomery, Statistical Quality Control: 20 parts, s = 1.75, limits 38 and 62)", () => {
    // The book goes on with Cp rounded to 2.29.
    const [low, high] = wholeInterval(2.29, 19);
    expect([low.toFixed(2), high.toFixed(2)]).toEqual(["1.57", "3.01"]);
    // 1.33 of 20 parts: 1.33 · (1 ± 1.96 · √(1/(9 · 20 · 1.33²) + 1/(2 · 19))), worked by hand.
    const [one, other] = sideInterval(1.33, 20, 19);
    expect([one.toFixed(2), other.toFixed(2)]).toEqual(["0.88", "1.78"]);
  });
  test("the spread within is worth 0.605 (n − 1) degrees of freedom: its variance over many drawn series", () => {
    const n = 40;
    const spreads = Array.from({ length: 3000 }, (_, seed) => summarise(draws(seed + 1, n, 0, 1)).within);
    const mean = spreads.reduce((sum, each) => sum + each, 0) / spreads.length;
    const variance = spreads.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (spreads.length - 1);
    expect(mean).toBeCloseTo(1, 1);
    expect(1 / (2 * (variance / mean ** 2)) / (n - 1)).toBeCloseTo(0.605, 1);
  });
  test("too few values, no limit, too many censored: no index, and why", () => {
    const limits = { lower: 90, upper: 110 };
    expect(reportCapability(plain(...draws(1, 24)), limits)).toMatchObject({
      indices: [],
      words: /24 values are too few/,
    });
    expect(reportCapability(plain(...draws(1, 30)), {})).toMatchObject({ indices: [], words: /limit/ });
    const half: Observed[] = draws(1, 30).map((value, index) => ({ value, censored: index < 16 ? "below" : null }));
    expect(reportCapability(half, limits)).toMatchObject({ indices: [], mean: null, words: /16 of 30/ });
    expect(reportCapability(plain(...draws(1, 25)), limits).indices.map(({ name }) => name)).toEqual([
      "Cp",
      "Cpk",
      "Pp",
      "Ppk",
    ]);
    expect(reportCapability(plain(...draws(1, 25)), { upper: 110 }).indices.map(({ name }) => name)).toEqual([
      "Cpk",
      "Ppk",
    ]);
  });
});

describe("values that are only bounded", () => {
  test("their mean and deviation are where the likelihood is greatest, found by walking it", () => {
    const limit = 98.5;
    const observed: Observed[] = draws(7, 60).map((value) =>
      value < limit
        ? { value: limit, censored: "below" }
        : value > 102.5
          ? { value: 102.5, censored: "above" }
          : { value, censored: null },
    );
    expect(observed.filter(({ censored }) => censored !== null).length).toBeGreaterThan(8);
    const likelihood = (mean: number, deviation: number) =>
      observed.reduce((sum, { value, censored }) => {
        const z = (value - mean) / deviation;
        if (censored === "below") return sum + Math.log(normalCumulative(z));
        if (censored === "above") return sum + Math.log(normalCumulative(-z));
        return sum - 0.5 * z * z - Math.log(deviation);
      }, 0);
    let [mean, deviation, step] = [99, 3, 1];
    while (step > 1e-7) {
      const next = [
        [step, 0],
        [-step, 0],
        [0, step],
        [0, -step],
      ]
        .map(([a = 0, b = 0]) => [mean + a, Math.max(deviation + b, 1e-6)] as const)
        .find(([a, b]) => likelihood(a, b) > likelihood(mean, deviation));
      if (next === undefined) step /= 2;
      else [mean, deviation] = next;
    }
    const found = estimate(observed);
    expect(found?.mean).toBeCloseTo(mean, 4);
    expect(found?.deviation).toBeCloseTo(deviation, 4);
    // Half of the limit in their place would say something else.
    const halved = summarise(observed.map(({ value, censored }) => (censored === "below" ? value / 2 : value)));
    expect(Math.abs(halved.mean - mean)).toBeGreaterThan(1);
  });
  test("a bounded value is never judged, enters no mean and ends a row", () => {
    const rule = { deviations: 3, side: 4, drift: 0, least: 5 };
    const calm = plain(10, 11, 10, 11, 10, 11);
    expect(findHints([...calm, { value: 5, censored: "below" }], rule).at(-1)).toEqual([]);
    expect(findHints([...calm, ...plain(5)], rule).at(-1)).toEqual(["apart"]);
    expect(findHints([...calm, ...plain(11, 11, 11, 11)], rule).at(-1)).toEqual(["side"]);
    expect(
      findHints([...calm, ...plain(11, 11), { value: 5, censored: "below" }, ...plain(11, 11)], rule).at(-1),
    ).toEqual([]);
  });
});

test("a trend is six that only rise or fall; before enough values nothing is said", () => {
  const rule = { deviations: 0, side: 0, drift: 6, least: 8 };
  expect(findHints(plain(3, 2, 3, 2, 3, 2, 3, 4, 5, 6, 7), rule).at(-1)).toEqual(["drift"]);
  expect(findHints(plain(3, 2, 3, 2, 3, 2, 3, 4, 5, 5, 7), rule).at(-1)).toEqual([]);
  expect(findHints(plain(1, 2, 3, 4, 5, 6), rule).at(-1)).toEqual([]);
});

describe("Westgard rules against a judge in another language", () => {
  let kernel: TestKernel;
  let person: TestPerson;
  beforeAll(async () => {
    kernel = await openTestKernel();
    person = await kernel.addPerson(await kernel.foundWorkspace("acme"), "owner");
  });
  afterAll(() => kernel?.close());

  test("three levels of a published example: 111, 167 and 202 of 100 ± 5, 150 ± 8 and 200 ± 10 break 2-2s in one run", () => {
    const values = [
      { run: "A", level: "1", value: 111, frozen: { mean: 100, deviation: 5 } },
      { run: "A", level: "2", value: 167, frozen: { mean: 150, deviation: 8 } },
      { run: "A", level: "3", value: 202, frozen: { mean: 200, deviation: 10 } },
    ];
    expect(judgeRuns(values)[0]?.violations.map(({ rule }) => rule)).toEqual(["1-2s", "1-2s", "2-2s"]);
  });

  test("600 runs of one, two and three levels, judged by window functions of PostgreSQL, agree in every rule", async () => {
    const draw = new Draw(2026);
    const values: ControlValue[] = [];
    // Three series, each with drifts, so that every rule is broken somewhere.
    const series = [1, 2, 3].map((levels) => {
      const own: ControlValue[] = [];
      for (let run = 0; run < 200; run += 1)
        for (let level = 0; level < levels; level += 1)
          own.push({
            run: `${levels}-${run}`,
            level: `${levels}-${level}`,
            value: draw.normal(100 + 2 * Math.sin(run / 9), 2.2),
            frozen: { mean: 100, deviation: 2 },
          });
      values.push(...own);
      return own;
    });
    const rows = values.map((each, at) => ({ at, run: each.run, level: each.level, z: (each.value - 100) / 2 }));
    const judged = sql<{ run: string; rule: string }>`
      with v as (select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as x (at integer, run text, level text, z double precision)),
      w as (select *, split_part(run, '-', 1) as series,
          lag(z) over l as z1, lag(z, 2) over l as z2, lag(z, 3) over l as z3,
          min(z) over (partition by level order by at rows 9 preceding) as low10, max(z) over (partition by level order by at rows 9 preceding) as high10,
          row_number() over l as nth, count(*) over (partition by run) as levels,
          min(z) over (partition by split_part(run, '-', 1) order by at rows 3 preceding) as low4, max(z) over (partition by split_part(run, '-', 1) order by at rows 3 preceding) as high4,
          min(z) over (partition by split_part(run, '-', 1) order by at rows 9 preceding) as all_low10, max(z) over (partition by split_part(run, '-', 1) order by at rows 9 preceding) as all_high10,
          row_number() over (partition by split_part(run, '-', 1) order by at) as all_nth, row_number() over (partition by run order by at desc) as from_end
        from v window l as (partition by level order by at))
      select distinct run, rule from (
        select run, '1-2s' as rule from w where abs(z) > 2
        union all select run, '1-3s' from w where abs(z) > 3
        union all select run, '2-2s' from w where least(z, z1) > 2 and z1 is not null or greatest(z, z1) < -2 and z1 is not null
        union all select run, '4-1s' from w where nth >= 4 and (least(z, z1, z2, z3) > 1 or greatest(z, z1, z2, z3) < -1)
        union all select run, '10x' from w where nth >= 10 and (low10 > 0 or high10 < 0)
        union all select run, '2-2s' from w group by run having count(*) > 1 and (count(*) filter (where z > 2) > 1 or count(*) filter (where z < -2) > 1)
        union all select run, 'R-4s' from w group by run having count(*) > 1 and max(z) > 2 and min(z) < -2
        union all select run, '4-1s' from w where levels > 1 and from_end = 1 and all_nth >= 4 and (low4 > 1 or high4 < -1)
        union all select run, '10x' from w where levels > 1 and from_end = 1 and all_nth >= 10 and (all_low10 > 0 or all_high10 < 0)
      ) x`;
    const found = await kernel.door.work(person.session, "kernel.home.read", (tx) =>
      tx.all({ compile: () => judged.compile(query) }),
    );
    const ours = series.flatMap((own) =>
      judgeRuns(own).flatMap(({ run, violations }) =>
        [...new Set(violations.map(({ rule }) => rule))].map((rule) => `${run} ${rule}`),
      ),
    );
    expect(found.map(({ run, rule }) => `${run} ${rule}`).toSorted()).toEqual(ours.toSorted());
    expect(new Set(found.map(({ rule }) => rule)).size).toBe(6);
  });
});
