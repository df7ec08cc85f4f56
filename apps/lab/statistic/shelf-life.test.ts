import { describe, expect, test } from "vitest";
import { fisherTail } from "./distribution.ts";
import { extrapolationLimit, judgeShelfLife, significantChanges } from "./shelf-life.ts";
import { fitBatches, shelfLife, type Batch } from "./stability.ts";

/**
 * Potency of six batches and moisture of three over 24 months: tables IV, VI, VIII and XIII of LeBlond, Griffith and Aubuchon,
 * Linear Regression 102: Stability Shelf Life Estimation Using Analysis of Covariance, J. Validation Technology 17(3), 2011,
 * which give 26 and 23.4 months and y = 100.567 - 0.192994 t. Further digits are those that P. Dahinden publishes for the same
 * tables with the R package expirest 0.1.7; 15.72 of table VIII is for a limit taken half a digit lower.
 */
const batch = (name: string, months: readonly number[], values: readonly number[]): Batch => ({
  name,
  points: months.map((x, index) => ({ x, y: values[index] ?? Number.NaN })),
});
const twice = [0, 1, 3, 3, 6, 6, 12, 12, 24, 24];
const potency = {
  b2: batch("b2", twice, [101, 101.3, 99.8, 99.2, 99.5, 97.8, 97.4, 97.2, 96.9, 96]),
  b3: batch("b3", [0, 3, 3, 6, 6, 12, 12, 24, 24], [104.8, 103, 101.2, 100.8, 99.2, 98.6, 97.2, 97.6, 98]),
  b4: batch("b4", [0, 3, 6, 6, 12, 12, 24, 24], [104, 103.2, 102.8, 103.3, 102.4, 101.2, 99.1, 99.5]),
  b5: batch(
    "b5",
    [0, 1, 2, 3, 3, 6, 6, 12, 12, 24, 24],
    [102, 101.4, 100.8, 100.2, 99.7, 98.8, 98.5, 98, 97.1, 96.6, 96.1],
  ),
  b7: batch("b7", twice, [101.3, 101.5, 100.2, 99.8, 99, 98.5, 98.5, 97.4, 96.6, 96.4]),
  b8: batch("b8", [0, 3, 6, 12, 12], [101.6, 100, 99, 97.8, 97]),
};
const eleven = [0, 1, 2, 3, 3, 6, 6, 12, 12, 24, 24];
const moisture = [
  batch("b1", eleven, [2.2006, 1.7037, 3.3239, 2.7591, 2.4319, 1.7633, 1.568, 2.1942, 3.2231, 3.1633, 1.5484]),
  batch("b2", eleven, [2.8108, 1.9491, 2.4906, 2.0048, 3.307, 2.9931, 3.3016, 2.7251, 1.8834, 2.7721, 1.6905]),
  batch("b3", eleven, [2.453, 2.1614, 2.2663, 2.1285, 2.5177, 2.3103, 3.3691, 2.3207, 2.72, 2.1939, 3.459]),
];

describe("shelf lives of published studies", () => {
  test.each([
    ["table IV, all on one line", [potency.b2, potency.b5, potency.b7], 95, "pooled", 25.9957631],
    ["table IV, its limit half a digit lower", [potency.b2, potency.b5, potency.b7], 94.95, "pooled", 26.2241],
    ["table VI, one slope", [potency.b3, potency.b4, potency.b5], 95, "common-slope", 23.397265],
    ["table VIII, lines of their own, one variance", [potency.b4, potency.b5, potency.b8], 94.95, "separate", 15.7235],
  ] as const)("%s", (_, batches, lower, model, months) => {
    const fit = fitBatches(batches);
    expect(fit.model).toBe(model);
    expect(Number(shelfLife(batches, fit, { lower }, 500).time)).toBeCloseTo(months, 4);
  });

  test("tables V and VII: lines and tests are the article's", () => {
    const pooled = fitBatches([potency.b2, potency.b5, potency.b7]);
    expect(pooled.lines[0]?.intercept).toBeCloseTo(100.566878981, 8);
    expect(pooled.lines[0]?.slope).toBeCloseTo(-0.192993630573, 10);
    const sloped = fitBatches([potency.b3, potency.b4, potency.b5]);
    expect(sloped.lines.map(({ intercept }) => intercept.toFixed(6))).toEqual([
      "102.175653",
      "104.255189",
      "100.820022",
    ]);
    // F = 0.2287 on 2 and 25 degrees, 0.4360 on 2 and 27; 0.1831 on 2 and 22 (tables V and VII).
    expect(pooled.slopesDiffer).toBeCloseTo(fisherTail(0.228684731019, 2, 25), 8);
    expect(sloped.slopesDiffer).toBeCloseTo(fisherTail(0.183108926252, 2, 22), 8);
  });

  test("table XIII, moisture rising towards an upper limit", () => {
    const fit = fitBatches(moisture);
    expect(fit.model).toBe("pooled");
    expect(Number(shelfLife(moisture, fit, { upper: 4.5 }, 500).time)).toBeCloseTo(96.30552, 1);
  });
});

describe("how far a shelf life may reach beyond the data (ICH Q1E)", () => {
  test.each([
    ["room", 12, "no-change", "missing", 24],
    ["room", 24, "no-change", "missing", 36],
    ["room", 12, "change", "no-change", 18],
    ["room", 6, "change", "no-change", 9],
    ["room", 12, "change", "change", 12],
    ["room", 12, "change", "missing", 12],
    ["room", 12, "missing", "no-change", 12],
    ["refrigerator", 12, "no-change", "missing", 18],
    ["refrigerator", 12, "change", "no-change", 12],
    ["freezer", 12, "no-change", "no-change", 12],
  ] as const)("%s, %i months, accelerated %s, intermediate %s: %i months", (keeping, covered, fast, middle, months) => {
    expect(extrapolationLimit(keeping, covered, fast, middle).limit).toBe(months);
  });

  test("an estimate beyond that is cut back to whole months, and says by what", () => {
    const batches = [potency.b2, potency.b5, potency.b7];
    const free = judgeShelfLife(batches, { lower: 95 }, extrapolationLimit("room", 24, "no-change", "missing"));
    expect([free.months, free.model]).toEqual([25, "pooled"]);
    const cut = judgeShelfLife(batches, { lower: 95 }, extrapolationLimit("room", 24, "change", "missing"));
    expect(cut.months).toBe(24);
    expect(cut.said).toContain("nothing beyond the data");
    const none = judgeShelfLife(batches, { lower: 102 }, extrapolationLimit("room", 24, "no-change", "missing"));
    expect([none.months, none.crossing.months]).toEqual([null, "none"]);
  });
});

test("significant change is 5 % of the initial assay or any attribute outside its criterion (ICH Q1A(R2) 2.2.7.1)", () => {
  const reading = (analyte: string, months: number, value: number | null, outOfSpecification = false) => ({
    batch: "A",
    analyte,
    name: analyte === "assay" ? "Assay" : "Appearance",
    months,
    value,
    outOfSpecification,
  });
  const initial = [reading("assay", 0, 100.4), reading("appearance", 0, null)];
  const judge = (...readings: ReturnType<typeof reading>[]) => significantChanges(readings, initial, ["assay"]);
  expect(judge(reading("assay", 6, 95.5), reading("appearance", 6, null))).toEqual([]);
  expect(judge(reading("assay", 6, 95.38))).toEqual([
    "Assay moved by -5.0 % from its initial value: batch A at 6 months.",
  ]);
  expect(judge(reading("appearance", 3, null, true))).toHaveLength(1);
  expect(significantChanges([reading("ph", 6, 80)], [reading("ph", 0, 100)], ["assay"])).toEqual([]);
});
