import { describe, expect, test } from "vitest";
import { normalCumulative } from "../statistic/distribution.ts";
import { ruleFault, sayGuard, widthOf, type DecisionRule } from "./guard.ts";
import { sayDecimal } from "./decimal.ts";
import { judgeValue, readValue, type Limit } from "./value.ts";

const number = { kind: "number", unit: "", decimals: 1, rule: "half-up" } as const;
const u = (expanded: string) => ({ expanded, coverage: "2" });
const guard = (factor: string): DecisionRule => ({ rule: "guarded", factor });
const upper = (factor: string): Limit => ({ analyte: "a", high: "10", compare: "entered", decision: guard(factor) });
function judge(text: string, limit: Limit, uncertainty: { expanded: string; coverage: string } | null = u("0.5")) {
  const read = readValue(text, number);
  if (!read.ok) throw new Error(read.why);
  return judgeValue(read.value, limit, number, uncertainty);
}
const said = (...given: Parameters<typeof judge>) => {
  const { verdict, decision } = judge(...given);
  return `${verdict} ${decision ?? ""}`.trim();
};

describe("LAB a decision rule with a guard band", () => {
  // TL = 10, U = 0.5, w = U: AL = 9.5, TL + w = 10.5 (ILAC-G8:09/2019, figure 5).
  test.each([
    ["9.4", "in pass"],
    ["9.5", "in pass"],
    ["9.51", "conditional conditional-pass"],
    ["10", "conditional conditional-pass"],
    ["10.01", "out conditional-fail"],
    ["10.5", "out conditional-fail"],
    ["10.51", "out fail"],
    ["<9.5", "in pass"],
    ["<9.9", "conditional conditional-pass"],
    ["<12", "unclear"],
    [">10", "out conditional-fail"],
    [">11", "out fail"],
  ])("%s against ≤ 10 with w = U = 0.5 is %s (ILAC-G8:09/2019, 4.2.3)", (text, expected) => {
    expect(said(text, upper("1"))).toBe(expected);
  });
  test.each([
    ["4.9", "out conditional-fail"],
    ["5.0", "conditional conditional-pass"],
    ["5.19", "conditional conditional-pass"],
    ["5.2", "in pass"],
    ["6.8", "in pass"],
    ["6.81", "conditional conditional-pass"],
    ["7.21", "out fail"],
  ])("%s against 5.0–7.0 with w = 0.2 on both sides is %s", (text, expected) => {
    const limit = { analyte: "a", low: "5.0", high: "7.0", compare: "entered", decision: guard("1") } as const;
    expect(said(text, limit, u("0.2"))).toBe(expected);
  });
  test("without an uncertainty nothing passes, and what is out stays out", () => {
    expect(said("9.0", upper("1"), null)).toBe("unclear undecided");
    expect(said("9.0", upper("1"), u("0"))).toBe("unclear undecided");
    expect(said("11", upper("1"), null)).toBe("out undecided");
  });
  test("simple acceptance, w = 0, takes no heed of it: what stood before stands", () => {
    const plain = { analyte: "a", high: "10", warnHigh: "9.8", compare: "entered" } as const;
    for (const uncertainty of [null, u("5")])
      expect(["9", "9.9", "10", "10.1"].map((text) => said(text, plain, uncertainty))).toEqual([
        "in",
        "warn",
        "warn",
        "out",
      ]);
  });
  test("what is compared as reported is compared so with the band; excluded ends are excluded from it; bands may meet", () => {
    // 9.54 is reported as 9.5.
    expect(said("9.54", { ...upper("1"), compare: "rounded" })).toBe("in pass");
    expect(said("9.54", upper("1"))).toBe("conditional conditional-pass");
    expect(said("9.5", { ...upper("1"), highOpen: true })).toBe("conditional conditional-pass");
    const narrow = { analyte: "a", low: "9.8", high: "10.2", compare: "entered", decision: guard("1") } as const;
    expect(said("10", narrow)).toBe("conditional conditional-pass");
    expect(sayGuard(narrow, u("0.5"))).toContain("no value");
    // A quantity that can't be negative has no band above zero.
    expect(said("<0.2", { ...upper("1"), low: "0" })).toBe("in pass");
  });
  // At the acceptance limit itself, U = 2u: 1 − Φ(2r), the figures of ILAC-G8:09/2019, table 1.
  test.each([
    ["3", 1e-6],
    ["1.5", 0.0016],
    ["1", 0.025],
    ["0.83", 0.05],
  ])("w = %s U keeps a false acceptance below %f", (factor, most) => {
    const width = widthOf(factor, u("0.5"));
    if (width === undefined) throw new Error("no width");
    expect(Number(sayDecimal(width))).toBeCloseTo(Number(factor) * 0.5, 12);
    const accepted = (10 - Number(sayDecimal(width))).toString();
    expect(said(accepted, upper(factor))).toBe("in pass");
    expect(1 - normalCumulative(Number(sayDecimal(width)) / 0.25)).toBeLessThan(most);
  });
  test("a rule that can't be used isn't kept", () => {
    for (const factor of ["0", "-1", "3.1"]) expect(ruleFault(upper(factor))).toMatch(/more than 0/);
    expect(ruleFault({ analyte: "a", texts: ["absent"], compare: "entered", decision: guard("1") })).toMatch(
      /no number/,
    );
    expect(ruleFault(upper("1"))).toBeNull();
    expect(ruleFault({ analyte: "a", high: "1", compare: "entered" })).toBeNull();
    expect(sayGuard(upper("1"), u("0.5"))).toBe("guarded acceptance, w = U = 0.5 (k = 2); accepted: ≤ 9.5");
  });
});
