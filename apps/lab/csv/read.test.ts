import { describe, expect, test } from "vitest";
import { guessMapping } from "./mapping.ts";
import { looksLikeFormula, readTable } from "./read.ts";

const tableOf = async (content: string | Uint8Array) => {
  const read = await readTable(typeof content === "string" ? new TextEncoder().encode(content) : content);
  return read.ok ? read.table : read.why;
};

describe("LAB files of people and instruments", () => {
  test("encodings: with and without a mark, UTF-16, and what is left is Windows-1252", async () => {
    const text = "Product;Lot\nWasser für Injektion;Ä-1\n";
    const utf16 = new Uint8Array([
      0xff,
      0xfe,
      ...new Uint8Array(new Uint16Array([...text].map((sign) => sign.charCodeAt(0))).buffer),
    ]);
    const latin = Uint8Array.from([...text].map((sign) => sign.charCodeAt(0)));
    for (const [encoding, bytes] of [
      ["utf-8", new TextEncoder().encode(text)],
      ["utf-8 with mark", new Uint8Array([0xef, 0xbb, 0xbf, ...new TextEncoder().encode(text)])],
      ["utf-16le", utf16],
      ["windows-1252", latin],
    ] as const) {
      expect(await tableOf(bytes)).toEqual({
        encoding,
        delimiter: ";",
        head: ["Product", "Lot"],
        rows: [["Wasser für Injektion", "Ä-1"]],
        lines: [2],
      });
    }
  });
  test("quotes, line ends within a cell, every line end, empty lines", async () => {
    expect(await tableOf('a,b\r\n"x, ""y""","1\n2"\r\r\n\n3,4')).toMatchObject({
      rows: [
        ['x, "y"', "1\n2"],
        ["3", "4"],
      ],
      lines: [2, 5],
    });
    expect(await tableOf("a\tb\n1\t2")).toMatchObject({ delimiter: "\t", rows: [["1", "2"]] });
  });
  test("what can't be read is told", async () => {
    expect(await tableOf('a,b\n"1,2')).toContain("never closed");
    expect(await tableOf("a,b\n")).toContain("no rows");
    expect(await tableOf("")).toContain("empty");
    expect(await tableOf("a\n" + "1\n".repeat(50_001))).toContain("50000 are taken");
    expect(await tableOf(new Uint8Array([80, 75, 3, 4, 0, 0, 1]))).toContain("not text");
  });
  test("APP-06 cells made to be read slowly are read at once", async () => {
    const cells = [" ".repeat(998), `<${" ".repeat(997)}`, `-${"1".repeat(997)}`].map((cell) => `S,pH,"${cell}x"\n`);
    const table = await tableOf(`sample,analyte,value\n${Array.from({ length: 170 }, () => cells.join("")).join("")}`);
    if (typeof table === "string") throw new Error(table);
    const begun = performance.now();
    expect(guessMapping("results", table).decimal).toBe("point");
    expect(table.rows.flat().filter(looksLikeFormula)).toHaveLength(170);
    // With a pattern that tries every split of the blanks it was half a minute.
    expect(performance.now() - begun).toBeLessThan(4000);
  });
  test("what a spreadsheet would run is a formula; a signed number is not", () => {
    for (const cell of ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3", " =HYPERLINK(1)", "\t=1"])
      expect([cell, looksLikeFormula(cell)]).toEqual([cell, true]);
    for (const cell of ["-5", "-0.05", "-3,5", "<0.05", "S-26-00001", "a-b", "7=7"])
      expect([cell, looksLikeFormula(cell)]).toEqual([cell, false]);
  });
});
