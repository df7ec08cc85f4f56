import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { add, compare, divide, multiply, readDecimal, round, sayDecimal, type Decimal } from "./decimal.ts";
import { evaluate, FormulaError, namesOf, readExpression } from "./expression.ts";
import { judgeValue, readValue, reportedOf, sayLimit, type Analyte, type Limit } from "./value.ts";

const decimal = (text: string): Decimal => {
  const read = readDecimal(text);
  if (read === undefined) throw new Error(text);
  return read;
};
const analyte = (more: Partial<Analyte> = {}): Analyte => ({
  key: "ph",
  name: "pH",
  unit: "mg/L",
  kind: "number",
  decimals: 1,
  rule: "half-up",
  ...more,
});
const value = (text: string, of = analyte()) => {
  const read = readValue(text, of);
  if (!read.ok) throw new Error(read.why);
  return read.value;
};

describe("LAB exact decimals", () => {
  test("what is written is what is said, with every zero", () => {
    for (const text of ["23.70", "-0.050", "0", "100", "0.1"]) expect(sayDecimal(decimal(text))).toBe(text);
    expect(sayDecimal(add(decimal("0.1"), decimal("0.2")))).toBe("0.3");
    expect(readDecimal("1e3")).toBeUndefined();
    expect(readDecimal("23,7")).toBeUndefined();
  });
  test("sums and products agree with whole numbers of any size; a quotient times its divisor is the dividend", () => {
    const number = fc.tuple(fc.bigInt(-(10n ** 15n), 10n ** 15n), fc.integer({ min: 0, max: 9 }));
    fc.assert(
      fc.property(number, number, ([a, scaleA], [b, scaleB]) => {
        const [left, right] = [
          { digits: a, scale: scaleA },
          { digits: b, scale: scaleB },
        ];
        expect(multiply(left, right).digits).toBe(a * b);
        expect(compare(add(left, right), add(right, left))).toBe(0);
        const quotient = divide(multiply(left, right), right);
        if (b !== 0n && quotient) expect(compare(quotient, left)).toBe(0);
      }),
    );
    expect(divide(decimal("1"), decimal("0"))).toBeUndefined();
    expect(sayDecimal(divide(decimal("1"), decimal("3")) ?? decimal("0"))).toBe("0.333333333333333333333333");
  });
  test.each([
    ["2.25", 1, "half-up", "2.3"],
    ["2.25", 1, "half-even", "2.2"],
    ["2.35", 1, "half-even", "2.4"],
    ["-2.25", 1, "half-up", "-2.3"],
    ["1.005", 2, "half-up", "1.01"],
    ["7", 2, "half-up", "7.00"],
    ["99.95", 1, "half-up", "100.0"],
    ["0.4", 0, "half-up", "0"],
  ] as const)("%s to %i places, %s, is %s", (text, places, rule, said) => {
    expect(sayDecimal(round(decimal(text), places, rule))).toBe(said);
  });
});

describe("LAB calculations of a method", () => {
  const run = (text: string, values: Record<string, string> = {}) => {
    const found = evaluate(
      readExpression(text),
      new Map(Object.entries(values).map(([name, each]) => [name, decimal(each)])),
    );
    return found === undefined ? undefined : sayDecimal(found);
  };
  test("precedence, brackets, signs and functions", () => {
    expect(run("1 + 2 * 3")).toBe("7");
    expect(run("(1 + 2) * -3")).toBe("-9");
    expect(run("2 - 3 - 4")).toBe("-5");
    expect(run("(after - before) / volume * 1000", { after: "61.2345", before: "61.2301", volume: "100" })).toBe(
      "0.044",
    );
    expect(run("mean(a, b, c)", { a: "1.1", b: "1.2", c: "1.6" })).toBe("1.3");
    expect(run("round(max(a, 2.5) / 3, 2)", { a: "1" })).toBe("0.83");
    expect(run("a / b", { a: "1", b: "0" })).toBeUndefined();
    expect(run("a + 1")).toBeUndefined();
    expect([...namesOf(readExpression("a * (b - a)"))]).toEqual(["a", "b"]);
  });
  test.each([
    "1 +",
    "(1",
    "a b",
    "2 ** 3",
    "process.exit(1)",
    "a[0]",
    "f(1)",
    "constructor(1)",
    "1;2",
    "`x`",
    "a.b",
    "round(1)",
    "",
  ])("%j is no formula", (text) => {
    expect(() => readExpression(text)).toThrow(FormulaError);
  });
  test("a formula made to run out the stack is refused", () => {
    expect(() => readExpression("(".repeat(400) + "1" + ")".repeat(99))).toThrow(FormulaError);
    expect(() => readExpression("-".repeat(499) + "1")).toThrow(FormulaError);
  });
});

describe("LAB what is entered", () => {
  test("the text stays to the character; the number beside it is exact", () => {
    expect(value("23.70")).toEqual({ text: "23.70", number: decimal("23.70"), qualifier: null });
    expect(value("<0.05")).toEqual({ text: "<0.05", number: decimal("0.05"), qualifier: "<" });
    expect(value("≤ 5")).toMatchObject({ qualifier: "<=" });
    expect(value("7.2 mg/L")).toMatchObject({ text: "7.2 mg/L", number: decimal("7.2") });
  });
  test.each([
    ["23,7", "Write 23.7 with a point."],
    ["<0,05", "Write <0.05 with a point."],
    ["7.2 µg/L", "another unit is not converted"],
    ["1e3", "without an exponent"],
    ["1,234.5", "without commas"],
    ["about 7", "A number is expected"],
    ["", "There is no value."],
    ["=1+1", "A number is expected"],
  ])("%j is told, not guessed", (text, why) => {
    const read = readValue(text, analyte());
    expect(read.ok ? "taken" : read.why).toContain(why);
  });
  test("rounding is a view: by the declared rule, under the limit of quantification as less than it", () => {
    expect(reportedOf(value("7.25"), analyte())).toBe("7.3");
    expect(reportedOf(value("7.25"), analyte({ rule: "half-even" }))).toBe("7.2");
    expect(reportedOf(value("0.03"), analyte({ quantification: "0.05", decimals: 2 }))).toBe("<0.05");
    expect(reportedOf(value("<0.050"), analyte())).toBe("<0.050");
    const seen = analyte({ detection: "0.01", quantification: "0.05", decimals: 2 });
    expect(["0.009", "0.01", "0.05", "<0.01"].map((text) => reportedOf(value(text), seen))).toEqual([
      "not detected (<0.01)",
      "<0.05",
      "0.05",
      "<0.01",
    ]);
    expect(reportedOf(value("7.250"), analyte({ decimals: null }))).toBe("7.250");
    const text = analyte({ kind: "text", choices: ["absent", "present"] });
    expect(reportedOf(value("absent", text), text)).toBe("absent");
    expect(readValue("perhaps", text).ok).toBe(false);
  });
});

describe("LAB a value against its limit", () => {
  const range: Limit = { analyte: "ph", low: "6.0", high: "7.0", warnLow: "6.2", warnHigh: "6.8", compare: "entered" };
  test.each([
    ["6.0", range, "in|warn"],
    ["6.5", range, "in"],
    ["7.0", range, "warn"],
    ["7.04", range, "out"],
    ["7.04", { ...range, compare: "rounded" }, "warn"],
    ["7.05", { ...range, compare: "rounded" }, "out"],
    ["7.0", { ...range, highOpen: true }, "out"],
    ["5.999", range, "out"],
    ["<0.05", { analyte: "a", high: "0.1", compare: "entered" }, "in"],
    ["<0.05", { analyte: "a", high: "0.05", highOpen: true, compare: "entered" }, "in"],
    ["<10", { analyte: "a", high: "5", compare: "entered" }, "unclear"],
    ["<0.05", range, "out"],
    ["<0.05", { analyte: "a", low: "0", high: "0.1", compare: "entered" }, "in"],
    [">100", { analyte: "a", high: "100", compare: "entered" }, "out"],
    [">=100", { analyte: "a", high: "100", compare: "entered" }, "unclear"],
    [">50", { analyte: "a", high: "100", compare: "entered" }, "unclear"],
    ["1000000", { analyte: "a", low: "5", compare: "entered" }, "in"],
    ["5", undefined, "none"],
    ["5", { analyte: "a", compare: "entered" }, "none"],
  ] as const)("%s in %j is %s", (text, limit, verdict) => {
    expect(verdict.split("|")).toContain(judgeValue(value(text), limit, analyte()).verdict);
  });
  test("it says by how much, and limits read as people write them", () => {
    expect(judgeValue(value("7.24"), range, analyte()).words).toBe("0.24 above 7.0");
    expect(judgeValue(value("5.9"), range, analyte()).words).toBe("0.1 below 6.0");
    expect(sayLimit(range)).toBe("6.0–7.0");
    expect(sayLimit({ analyte: "a", high: "500", compare: "entered" })).toBe("≤ 500");
    expect(sayLimit({ analyte: "a", low: "0", lowOpen: true, high: "5", compare: "entered" })).toBe("> 0 and ≤ 5");
    expect(sayLimit({ analyte: "a", texts: ["absent"], compare: "entered" })).toBe("absent");
  });
});
