import { describe, expect, test } from "vitest";
import { readDecimal } from "../calc/decimal.ts";
import { stateResult, uncertaintyOf, type Component } from "./budget.ts";

const source = (name: string, value: number, degrees: number | null, more: Partial<Component> = {}): Component => ({
  name,
  type: "B",
  distribution: "normal",
  value,
  relative: false,
  divisor: 1,
  sensitivity: 1,
  degrees,
  ...more,
});

describe("uncertainty budgets", () => {
  test("the end gauge of the Guide: 32 nm, 16 degrees of freedom (JCGM 100:2008, H.1, table H.1)", () => {
    const { standard, degrees, shares } = uncertaintyOf(
      [
        source("standard", 25, 18),
        source("comparison", 9.7, 25),
        source("expansion", 2.9, 50),
        source("temperature", 16.6, 2),
      ],
      2,
      50_000_838,
    );
    expect(Math.round(standard)).toBe(32);
    expect(Math.floor(degrees ?? 0)).toBe(16);
    expect(shares.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12);
  });
  test("half widths are divided by √3, √6 and √2, an expanded value by its k; shares of the result grow with it", () => {
    const of = (component: Partial<Component>, result = 10) =>
      uncertaintyOf([source("x", 6, null, component)], 2, result).standard;
    expect(of({ distribution: "rectangular" })).toBeCloseTo(6 / Math.sqrt(3), 12);
    expect(of({ distribution: "triangular" })).toBeCloseTo(6 / Math.sqrt(6), 12);
    expect(of({ distribution: "u-shaped" })).toBeCloseTo(6 / Math.SQRT2, 12);
    expect(of({ divisor: 2 })).toBe(3);
    expect(of({ sensitivity: -0.5 })).toBe(3);
    expect([of({ relative: true }), of({ relative: true }, -200)]).toEqual([0.6, 12]);
  });
  test("few degrees of freedom ask for a larger factor than 2", () => {
    expect(uncertaintyOf([source("x", 1, 5)], 2, 1).coverageOf95).toBeCloseTo(2.571, 3);
    expect(uncertaintyOf([source("x", 1, null)], 2, 1)).toMatchObject({ degrees: null, coverageOf95: 1.96 });
  });
  test.each([
    ["10.0567", 0.0234, "10.057", "0.024"],
    ["7.24", 0.058, "7.24", "0.058"],
    ["7.245", 0.58, "7.24", "0.58"],
    // Its own example: 10.47 mΩ is 11 mΩ (7.2.6).
    ["100.0", 10.47, "100", "11"],
    ["1", 0.07, "1", "0.070"],
    ["123456", 2345, "123500", "2400"],
    ["99.97", 0.0996, "99.97", "0.10"],
    ["100.4", 9.96, "100", "10"],
    ["-0.0555", 0.011, "-0.056", "0.011"],
    ["5", 0, "5", "0"],
  ])("%s with %f is stated as %s ± %s (GUM 7.2.6)", (result, expanded, value, stated) => {
    expect(stateResult(readDecimal(result) ?? { digits: 0n, scale: 0 }, expanded)).toEqual({ value, expanded: stated });
  });
});
