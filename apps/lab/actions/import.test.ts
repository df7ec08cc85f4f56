import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestPerson } from "@probity/kernel/testing";
import { code128 } from "../label/code128.ts";
import { labelsPdf, labelsZpl } from "../label/label.ts";
import { openLab, received, resultOf, sampleOf, type LabWorld } from "../testing/world.ts";

let world: LabWorld;
beforeAll(async () => {
  world = await openLab();
});
afterAll(() => world?.server.close());

async function send(
  path: string,
  content: string | Uint8Array<ArrayBuffer>,
  mapping?: unknown,
  person: TestPerson = world.technician,
) {
  const form = new FormData();
  if (mapping !== undefined) form.append("mapping", JSON.stringify(mapping));
  form.append("file", new Blob([content]), "from-instrument.csv");
  const answer = await fetch(`${world.server.origin}/api/lab/${path}`, {
    method: "POST",
    headers: {
      cookie: `probity-session=${person.session.token}`,
      "probity-workspace": person.session.workspace ?? "",
      "probity-request": "1",
    },
    body: form,
  });
  return { status: answer.status, body: JSON.parse(await answer.text()) };
}
const total = async () => Number((await world.as.reader("GET", "/api/lab/samples?limit=1")).body["total"]);

describe("LAB files in", () => {
  test("samples: looked at first, then all or none; the file is kept with its hash", async () => {
    const file = "\ufeffProduct;Lot;Sampled at;Priority\nWFI;Ä-1;2026-01-12 10:02;urgent\nwfi;B-2;;\n";
    const seen = await send("samples/import/preview", file);
    expect(seen.body).toMatchObject({
      encoding: "utf-8 with mark",
      delimiter: ";",
      total: 2,
      good: 2,
      errors: [],
      mapping: { columns: { product: 0, lot: 1, sampledAt: 2, priority: 3 } },
    });
    expect(await total()).toBe(0);
    const done = await send("samples/import", file);
    expect([done.status, done.body.imported]).toEqual([201, 2]);
    expect(await total()).toBe(2);
    const list = JSON.parse((await world.as.reader("GET", "/api/lab/samples?q=ä-1")).text);
    expect(list.items).toMatchObject([{ lot: "Ä-1", priority: "urgent", state: "registered", results: 2 }]);
    const sample = JSON.parse((await world.as.reader("GET", `/api/lab/samples/${list.items[0].id}`)).text);
    expect([sample.importedFrom, sample.importedHash]).toEqual([
      "from-instrument.csv",
      expect.stringMatching(/^[0-9a-f]{64}$/),
    ]);
  });

  test("one wrong row and nothing is imported; each error names its line, and the wrong rows come back as a file", async () => {
    const before = await total();
    const answer = await send(
      "samples/import",
      "product,lot,due\nWFI,1,2026-02-30\nNOPE,2,\nWFI,=HYPERLINK(1),\nWFI,4,2026-03-01\n",
    );
    expect([answer.status, answer.body.code]).toEqual([422, "lab.import_errors"]);
    expect(answer.body.rows.map((row: { line: number; why: string }) => [row.line, row.why])).toEqual([
      [4, "This cell is a formula. Formulas are not taken."],
      [2, "Write the day as 2026-11-12."],
      [3, "There is no product NOPE."],
    ]);
    expect(answer.body.csv).toContain("what is wrong");
    // What goes out again is harmless to a spreadsheet.
    expect(answer.body.csv).not.toMatch(/(^|,|")=HYPERLINK/m);
    expect(await total()).toBe(before);
  });

  test("results: decimal commas when said, units compared, a second person's row refused, the same file twice changes nothing", async () => {
    const [id = ""] = await received(world);
    const { number } = await sampleOf(world.as.reader, id);
    const file = `Sample;Analyte;Result;Unit\n${number};pH;6,50;\n`;
    const seen = await send("results/import/preview", file);
    expect(seen.body).toMatchObject({ mapping: { decimal: "comma" }, good: 1 });
    const columns = { sample: 0, analyte: 1, value: 2, unit: 3 };
    const asPoint = await send("results/import", file, { columns, decimal: "point" });
    expect([asPoint.status, asPoint.body.rows[0].why]).toEqual([422, "Write 6.50 with a point."]);
    expect((await send("results/import", file, { columns, decimal: "comma" })).status).toBe(201);
    const kept = await resultOf(world.as.reader, id, "ph");
    expect([kept.text, kept.reported]).toEqual(["6.50", "6.5"]);
    expect((await send("results/import", file)).status).toBe(201);
    expect((await resultOf(world.as.reader, id, "ph")).version).toBe(kept.version);
    const wrong = await send(
      "results/import",
      `Sample,Analyte,Result,Unit\n${number},pH,7.0,mg/L\n${number},Lead,1,\nS-00-1,pH,1,\n${number},pH,6.50,\n`,
    );
    expect(wrong.body.rows.map((row: { line: number; why: string }) => [row.line, row.why.split(";")[0]])).toEqual([
      [2, "The method gives no unit"],
      [2, "It was 6.50"],
      [3, `${number} has no open result for Lead.`],
      [4, "There is no sample S-00-1."],
      [5, `Line 2 already gives pH of ${number}.`],
    ]);
    expect((await send("results/import", file, undefined, world.reader)).status).toBe(403);
  });
});

describe("LAB labels", () => {
  test("Code 128: each sign is eleven modules, the check is the weighted sum modulo 103", () => {
    const bars = code128("PJJ123C") ?? [];
    const sums = Array.from({ length: Math.floor(bars.length / 6) }, (_, sign) =>
      bars.slice(sign * 6, sign * 6 + 6).reduce((sum, each) => sum + each, 0),
    );
    expect(sums.slice(0, -1).every((sum) => sum === 11)).toBe(true);
    // 104 + 48·1 + 42·2 + 42·3 + 17·4 + 18·5 + 19·6 + 35·7 = 879 = 8·103 + 55: sign 55 is 311321.
    expect(bars.slice(8 * 6, 8 * 6 + 6).join("")).toBe("311321");
    expect(bars.slice(-7).join("")).toBe("2331112");
    expect(code128("Ä")).toBeUndefined();
  });
  test("PDF and ZPL, of one's own samples; a name gives the printer no command", async () => {
    const [id = ""] = await received(world, 1, { lot: "^XZ~JA" });
    const pdf = await fetch(`${world.server.origin}/api/lab/samples/labels?ids=${id}`, {
      headers: { cookie: `probity-session=${world.reader.session.token}`, "probity-workspace": world.workspace },
    });
    expect([pdf.status, (await pdf.text()).slice(0, 5)]).toEqual([200, "%PDF-"]);
    const zpl = (await world.as.reader("GET", `/api/lab/samples/labels?ids=${id}&format=zpl`)).text;
    expect(zpl.match(/\^XA/g)).toHaveLength(1);
    expect(zpl).toContain("_5EXZ_7EJA");
    expect(
      (await world.as.reader("GET", "/api/lab/samples/labels?ids=01890000-0000-7000-8000-000000000000")).status,
    ).toBe(404);
    const label = { number: "S-26-1", product: "Wasser", point: "", lot: "", sampled: "", urgent: true };
    expect((await labelsPdf([label, label])).toString("latin1").match(/\/Type \/Page\b(?!s)/g)).toHaveLength(2);
    expect(labelsZpl([label])).toContain("^FDS-26-1^FS");
  });
});
