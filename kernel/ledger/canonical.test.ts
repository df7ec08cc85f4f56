import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalText } from "./canonical.ts";

const vectors = join(import.meta.dirname, "../../../shared/vectors/jcs/testdata");

describe("LED-03 canonical text (RFC 8785)", () => {
  test("the example of section 3.2.2", () => {
    const given = `{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],
      "string":"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}`;
    expect(canonicalText(JSON.parse(given))).toBe(
      `{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA'B\\"\\\\\\\\\\"/"}`,
    );
  });

  test("the order of names in section 3.2.3", () => {
    const given =
      '{"\\u20ac":"Euro Sign","\\r":"Carriage Return","\\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\\ud83d\\ude00":"Emoji: Grinning Face","\\u0080":"Control","\\u00f6":"Latin Small Letter O With Diaeresis"}';
    expect(Object.values(JSON.parse(canonicalText(JSON.parse(given))))).toHaveLength(7);
    expect([...canonicalText(JSON.parse(given)).matchAll(/:"([^"]+)"/g)].map((each) => each[1])).toEqual([
      "Carriage Return",
      "One",
      "Control",
      "Latin Small Letter O With Diaeresis",
      "Euro Sign",
      "Emoji: Grinning Face",
      "Hebrew Letter Dalet With Dagesh",
    ]);
  });

  test.each([
    [0, "0"],
    [-0, "0"],
    [5e-324, "5e-324"],
    [-1.7976931348623157e308, "-1.7976931348623157e+308"],
    [9007199254740992, "9007199254740992"],
    [295147905179352830000, "295147905179352830000"],
    [9.999999999999997e22, "9.999999999999997e+22"],
    [1e21, "1e+21"],
    [1e-7, "1e-7"],
    [0.000001, "0.000001"],
  ])("appendix B: %s", (number, text) => expect(canonicalText(number)).toBe(text));

  test.each([Number.NaN, Number.POSITIVE_INFINITY, "\ud800", { "\udc00": 1 }, [undefined], 1n, () => 1, Symbol("s")])(
    "what JSON cannot hold is refused (%#)",
    (value) => expect(() => canonicalText(value)).toThrow(/JSON cannot hold/),
  );

  test("dates are ISO strings, members without a value are left out", () => {
    expect(canonicalText({ b: undefined, a: new Date(0) })).toBe('{"a":"1970-01-01T00:00:00.000Z"}');
  });

  test("any JSON value reads back as itself, and its text as its own text", () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const text = canonicalText(value);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalText(JSON.parse(text))).toBe(text);
      }),
    );
  });

  test.skipIf(!existsSync(vectors))("the published test data, where it is at hand: text and bytes", () => {
    const names = readdirSync(join(vectors, "input"));
    expect(names).toHaveLength(6);
    for (const name of names) {
      const given: unknown = JSON.parse(readFileSync(join(vectors, "input", name), "utf8"));
      const made = canonicalText(given);
      expect([name, made]).toEqual([name, readFileSync(join(vectors, "output", name), "utf8").trim()]);
      const published = readFileSync(join(vectors, "outhex", name.replace(".json", ".txt")), "utf8");
      expect([name, Buffer.from(made, "utf8").toString("hex")]).toEqual([name, published.replaceAll(/\s/g, "")]);
    }
  });

  test("numbers of any bits are written as ECMAScript writes them, and read back to the same bits", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
        expect(Number(canonicalText(number))).toBe(number === 0 ? 0 : number);
        expect(canonicalText(number)).toBe(JSON.stringify(number));
      }),
    );
  });
});
