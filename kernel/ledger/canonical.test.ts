import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { canonicalText as verified, deepestValue } from "@probity/verify";
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

  test("what is nested deeper than the verifier follows is refused, and what it follows is not", () => {
    const nested = (depth: number): unknown => JSON.parse(`${"[".repeat(depth)}1${"]".repeat(depth)}`);
    expect(canonicalText(nested(deepestValue))).toBe(verified(nested(deepestValue)));
    for (const text of [canonicalText, verified]) expect(() => text(nested(deepestValue + 1))).toThrow(Error);
    expect(() => canonicalText(nested(deepestValue + 1))).toThrow(/JSON cannot hold/);
  });

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

  test.skipIf(!existsSync(vectors))("the first 100,000 numbers of its stream have its published hash", () => {
    const generator = readFileSync(join(vectors, "numgen.js"), "utf8");
    const words = [...generator.matchAll(/0x([0-9a-f]{16})n,/g)].map((each) => BigInt(`0x${each[1] ?? ""}`));
    for (let index = 0n; index < 2_000n; index += 1n) words.push(0x0010000000000000n + index);
    let block: Buffer = Buffer.alloc(32);
    while (words.length < 100_000) {
      block = createHash("sha256").update(block).digest();
      for (const at of [0, 8, 16, 24])
        if (block.readDoubleLE(at) !== 0 && Number.isFinite(block.readDoubleLE(at)))
          words.push(block.readBigUInt64LE(at));
    }
    const word = Buffer.alloc(8);
    const hash = createHash("sha256");
    for (const each of words.slice(0, 100_000)) {
      word.writeBigUInt64LE(each);
      hash.update(`${each.toString(16)},${canonicalText(word.readDoubleLE())}\n`);
    }
    expect(readFileSync(join(vectors, "README.md"), "utf8")).toContain(`${hash.digest("hex")} | 100000 `);
  });
});
