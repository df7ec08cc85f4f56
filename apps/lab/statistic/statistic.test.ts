import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fisherTail, studentCumulative, studentQuantile } from "./distribution.ts";
import { capabilityOf, summarise } from "./process.ts";
import { fitLine, momentsOf } from "./regression.ts";
import { boundsAt, fitBatches, shelfLife, type Batch } from "./stability.ts";
import { combine } from "./uncertainty.ts";
import { judgeRuns, type ControlValue } from "./westgard.ts";

describe("distributions against published tables", () => {
  test.each([
    [0.95, 1, 6.314],
    [0.975, 2, 4.303],
    [0.95, 5, 2.015],
    [0.975, 10, 2.228],
    [0.95, 30, 1.697],
    [0.995, 60, 2.66],
    [0.975, 1_000_000, 1.96],
  ])("Student's t: %f at %i degrees is %f", (p, degrees, expected) => {
    expect(studentQuantile(p, degrees)).toBeCloseTo(expected, 3);
    expect(studentCumulative(-studentQuantile(p, degrees), degrees)).toBeCloseTo(1 - p, 10);
  });
  test.each([
    [4.96, 1, 10, 0.05],
    [3.33, 5, 10, 0.05],
    [2.35, 10, 20, 0.05],
    [5.99, 1, 6, 0.05],
    [10.04, 1, 10, 0.01],
  ])("Fisher's F: %f with %i and %i leaves %f", (f, numerator, denominator, expected) => {
    expect(fisherTail(f, numerator, denominator)).toBeCloseTo(expected, 3);
  });
});

/** NIST Statistical Reference Datasets, Norris (linear regression, lower difficulty): y, x. */
const norris =
  `0.1 0.2 338.8 337.4 118.1 118.2 888.0 884.6 9.2 10.1 228.1 226.5 668.5 666.3 998.5 996.3 449.1 448.6 778.9 777.0
 559.2 558.2 0.3 0.4 0.1 0.6 778.1 775.5 668.8 666.9 339.3 338.0 448.9 447.5 10.8 11.6 557.7 556.0 228.3 228.1 998.0 995.8
 888.8 887.6 119.6 120.2 0.3 0.3 0.6 0.3 557.6 556.8 339.3 339.1 888.0 887.2 998.5 999.0 778.9 779.0 10.2 11.1 117.6 118.3
 228.9 229.2 668.4 669.1 449.2 448.9 0.2 0.5`
    .trim()
    .split(/\s+/)
    .map(Number);

test("a line by least squares gives NIST's certified values", () => {
  const points = Array.from({ length: 36 }, (_, index) => ({
    y: norris[index * 2] ?? 0,
    x: norris[index * 2 + 1] ?? 0,
  }));
  const line = fitLine(momentsOf(points));
  expect(line.intercept).toBeCloseTo(-0.262323073774029, 11);
  expect(line.slope).toBeCloseTo(1.00211681802045, 13);
  expect(Math.sqrt(line.residual / 34)).toBeCloseTo(0.884796396144373, 10);
});

describe("individuals chart and capability", () => {
  // Montgomery, Statistical Quality Control, viscosity of an aircraft primer paint (table of §6.4).
  const viscosity = [33.75, 33.05, 34, 33.81, 33.46, 34.02, 33.68, 33.27, 33.49, 33.2, 33.62, 33, 33.54, 33.12, 33.84];
  test("mean, moving range and limits are the book's", () => {
    const series = summarise(viscosity);
    expect(series.mean).toBeCloseTo(33.52, 2);
    expect(series.movingRange).toBeCloseTo(0.48, 2);
    expect(series.upper).toBeCloseTo(34.8, 1);
    expect(series.lower).toBeCloseTo(32.24, 1);
  });
  test("an index is missing, never infinite, where a limit or the spread is", () => {
    expect(capabilityOf(summarise([5, 5, 5]), { lower: 1, upper: 9 })).toEqual({
      cp: undefined,
      cpk: undefined,
      pp: undefined,
      ppk: undefined,
    });
    const open = capabilityOf(summarise([4, 5, 6]), { upper: 9 });
    expect(open.pp).toBeUndefined();
    expect(open.ppk).toBeCloseTo(4 / 3, 12);
  });
});

describe("stability by ICH Q1E", () => {
  const months = [0, 3, 6, 9, 12, 18, 24];
  const batch = (name: string, intercept: number, slope: number, noise: readonly number[]): Batch => ({
    name,
    points: months.map((x, index) => ({ x, y: intercept + slope * x + (noise[index] ?? 0) })),
  });
  const scatter = [0.3, -0.2, 0.1, -0.3, 0.2, 0.1, -0.2];
  const other = [-0.1, 0.2, -0.3, 0.3, -0.2, 0.1, 0];

  test("batches of one line are pooled, of one slope share it, of different slopes stand apart", () => {
    expect(fitBatches([batch("A", 100, -0.2, scatter), batch("B", 100, -0.2, other)]).model).toBe("pooled");
    expect(fitBatches([batch("A", 100, -0.2, scatter), batch("B", 103, -0.2, other)]).model).toBe("common-slope");
    expect(fitBatches([batch("A", 100, -0.2, scatter), batch("B", 100, -0.6, other)]).model).toBe("separate");
  });

  test("each model's residual and bound are those of the general linear model, solved independently", () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 7, maxLength: 7 }), {
          minLength: 1,
          maxLength: 4,
        }),
        fc.double({ min: -1, max: 1, noNaN: true }),
        (noises, tilt) => {
          const batches = noises.map((noise, index) =>
            batch(`B${index}`, 100 + index * tilt, -0.2 + index * tilt * 0.1, noise),
          );
          const fit = fitBatches(batches);
          const design = (at: number, time: number): number[] => {
            if (fit.model === "pooled") return [1, time];
            const own = batches.map((_, index) => (index === at ? 1 : 0));
            return fit.model === "common-slope" ? [...own, time] : [...own, ...own.map((one) => one * time)];
          };
          const rows = batches.flatMap(({ points }, at) => points.map(({ x, y }) => ({ row: design(at, x), y })));
          const normal = multiply(rows.map(({ row }) => row));
          const right = normal.map((_, column) => rows.reduce((sum, { row, y }) => sum + (row[column] ?? 0) * y, 0));
          const solution = solve(normal, right);
          const residual = rows.reduce((sum, { row, y }) => sum + (y - dot(row, solution)) ** 2, 0);
          const degrees = rows.length - solution.length;
          expect(fit.degrees).toBe(degrees);
          expect(fit.variance).toBeCloseTo(residual / degrees, 6);
          const row = design(0, 30);
          const width = Math.sqrt(fit.variance * dot(row, solve(normal, row))) * studentQuantile(0.95, degrees);
          const bounds = boundsAt(batches, fit, 0, 30);
          expect(bounds.mean).toBeCloseTo(dot(row, solution), 6);
          expect(bounds.upper - bounds.mean).toBeCloseTo(width, 6);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("the shelf life is where the bound meets the limit, and never later than the protocol lets it be", () => {
    const batches = [batch("A", 100, -0.2, scatter), batch("B", 100, -0.2, other)];
    const fit = fitBatches(batches);
    const life = shelfLife(batches, fit, { lower: 95 }, 60);
    expect(life.time).not.toBe("none");
    expect(boundsAt(batches, fit, 0, Number(life.time)).lower).toBeCloseTo(95, 6);
    expect(Number(life.time)).toBeLessThan(25);
    expect(shelfLife(batches, fit, { lower: 90 }, 24)).toMatchObject({ time: 24, reached: true });
    expect(shelfLife(batches, fit, { lower: 101 }, 24)).toMatchObject({ time: "none" });
    const two = shelfLife(batches, fit, { lower: 95, upper: 105 }, 60);
    expect(Number(two.time)).toBeLessThan(Number(life.time));
  });

  test("the batch that falls fastest decides", () => {
    const batches = [batch("A", 100, -0.1, scatter), batch("B", 100, -0.6, other)];
    expect(shelfLife(batches, fitBatches(batches), { lower: 95 }, 60).batch).toBe("B");
  });

  test("two points in time are no study", () => {
    expect(() =>
      fitBatches([
        {
          name: "A",
          points: [
            { x: 0, y: 1 },
            { x: 0, y: 2 },
            { x: 3, y: 1 },
          ],
        },
      ]),
    ).toThrow(RangeError);
  });
});

describe("Westgard rules over frozen limits", () => {
  const frozen = { mean: 100, deviation: 2 };
  const series = (...scores: number[]): ControlValue[] =>
    scores.map((z, index) => ({ run: `r${index}`, level: "L1", value: 100 + z * 2, frozen }));
  const rulesOfLast = (values: ControlValue[]) =>
    judgeRuns(values)
      .at(-1)
      ?.violations.map(({ rule }) => rule) ?? [];

  test.each([
    [[1.9], [], "accepted"],
    [[2.5], ["1-2s"], "warned"],
    [[-3.1], ["1-2s", "1-3s"], "refused"],
    [[2.1, 2.2], ["1-2s", "2-2s"], "refused"],
    [[2.1, -2.2], ["1-2s"], "warned"],
    [[1.1, 1.2, 1.3, 1.4], ["4-1s"], "refused"],
    [[0.1, 0.2, 0.1, 0.3, 0.1, 0.2, 0.4, 0.1, 0.2, 0.1], ["10x"], "refused"],
    [[0.1, 0.2, 0.1, 0.3, 0, 0.2, 0.4, 0.1, 0.2, 0.1], [], "accepted"],
  ])("scores %j break %j", (scores, rules, outcome) => {
    expect(rulesOfLast(series(...scores))).toEqual(rules);
    expect(judgeRuns(series(...scores)).at(-1)?.outcome).toBe(outcome);
  });

  test("R-4s and 2-2s are seen across the levels of one run", () => {
    const run = (first: number, second: number) =>
      rulesOfLast([
        { run: "r", level: "L1", value: 100 + first * 2, frozen },
        { run: "r", level: "L2", value: 50 + second, frozen: { mean: 50, deviation: 1 } },
      ]);
    expect(run(2.1, -2.1)).toContain("R-4s");
    expect(run(2.1, 2.1)).toContain("2-2s");
    expect(run(2.1, -1.9)).toEqual(["1-2s"]);
  });

  test("rules of one level agree with a judge that looks at every window from the definitions", () => {
    const windows = { "2-2s": [2, 2], "4-1s": [4, 1], "10x": [10, 0] } as const;
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -3.5, max: 3.5, noNaN: true }), { minLength: 1, maxLength: 40 }),
        (scores) => {
          const verdicts = judgeRuns(series(...scores));
          scores.forEach((_, at) => {
            const found = new Set(verdicts[at]?.violations.map(({ rule }) => rule));
            // What the judge is given is the value: its score is taken from there, as a person would.
            const z = scores.map((score) => (100 + score * 2 - 100) / 2);
            expect(found.has("1-3s")).toBe(Math.abs(z[at] ?? 0) > 3);
            for (const [rule, [length, deviations]] of Object.entries(windows)) {
              const window = z.slice(Math.max(0, at - length + 1), at + 1);
              const full = window.length === length;
              const one = window.filter((score) => score > deviations).length === length;
              const below = window.filter((score) => score < -deviations).length === length;
              expect([...found].some((each) => each === rule)).toBe(full && (one || below));
            }
          });
        },
      ),
      { numRuns: 200 },
    );
  });

  test("limits without a spread judge nothing: an error, not an accepted run", () => {
    expect(() => judgeRuns([{ run: "r", level: "L1", value: 1, frozen: { mean: 1, deviation: 0 } }])).toThrow(
      RangeError,
    );
    expect(() => judgeRuns([{ run: "r", level: "L1", value: 1, frozen: { mean: 1, deviation: Number.NaN } }])).toThrow(
      RangeError,
    );
  });
});

test("uncertainty combines by the root of the sum of squares (JCGM 100:2008)", () => {
  const { standard, expanded, shares } = combine([
    { name: "repeatability", value: 0.3, kind: "standard" },
    { name: "balance", value: 0.4 * Math.sqrt(3), kind: "rectangular" },
  ]);
  expect(standard).toBeCloseTo(0.5, 12);
  expect(expanded).toBeCloseTo(1, 12);
  expect(shares.map(({ share }) => share.toFixed(2))).toEqual(["0.36", "0.64"]);
});

function multiply(rows: readonly number[][]): number[][] {
  const width = rows[0]?.length ?? 0;
  return Array.from({ length: width }, (_, a) =>
    Array.from({ length: width }, (_, b) => rows.reduce((sum, row) => sum + (row[a] ?? 0) * (row[b] ?? 0), 0)),
  );
}
function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
}
/** Gauss with pivots. */
function solve(matrix: readonly number[][], right: readonly number[]): number[] {
  const rows = matrix.map((row, index) => [...row, right[index] ?? 0]);
  const n = rows.length;
  for (let column = 0; column < n; column += 1) {
    const pivot = rows
      .slice(column)
      .reduce((best, row) => (Math.abs(row[column] ?? 0) > Math.abs(best[column] ?? 0) ? row : best));
    rows.splice(rows.indexOf(pivot), 1);
    rows.splice(column, 0, pivot);
    for (const row of rows) {
      if (row === pivot) continue;
      const factor = (row[column] ?? 0) / (pivot[column] ?? 1);
      for (let at = column; at <= n; at += 1) row[at] = (row[at] ?? 0) - factor * (pivot[at] ?? 0);
    }
  }
  return rows.map((row, index) => (row[n] ?? 0) / (row[index] ?? 1));
}
