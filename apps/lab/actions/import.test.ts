import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { code128 } from "../label/code128.ts";
import { labelsPdf, labelsZpl } from "../label/label.ts";
import { ended, sendFile, taken, workImports } from "../testing/import.ts";
import { openLab, received, resultOf, sampleOf, type LabWorld } from "../testing/world.ts";

let world: LabWorld;
let worker: Awaited<ReturnType<typeof workImports>>;
beforeAll(async () => {
  world = await openLab();
  worker = await workImports(world);
});
afterAll(async () => {
  await worker?.stop();
  await world?.server.close();
});

const total = async () => Number((await world.as.reader("GET", "/api/lab/samples?limit=1")).body["total"]);

describe("LAB files in", () => {
  test("samples: looked at first, then all or none; the file is kept with its hash", async () => {
    const file = "\ufeffProduct;Lot;Sampled at;Priority\nWFI;Ä-1;2026-01-12 10:02;urgent\nwfi;B-2;;\n";
    const seen = await sendFile(world, "samples/import/preview", file);
    expect(seen.body).toMatchObject({
      encoding: "utf-8 with mark",
      delimiter: ";",
      total: 2,
      good: 2,
      errors: [],
      mapping: { columns: { product: 0, lot: 1, sampledAt: 2, priority: 3 } },
    });
    expect(await total()).toBe(0);
    const done = await taken(world, "samples", file);
    expect(done).toMatchObject({ state: "done", imported: 2, total: 2, errors: null });
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
    const file = await taken(
      world,
      "samples",
      "product,lot,due\nWFI,1,2026-02-30\nNOPE,2,\n=HYPERLINK(1),3,\nWFI,4,2026-03-01\n",
    );
    expect([file.state, file.imported, file.errorCount]).toEqual(["refused", 0, 3]);
    expect(file.errors?.map((row) => [row.line, row.why])).toEqual([
      [2, "2026-02-30 is no day; it is written as 2026-11-12."],
      [3, "There is no product NOPE."],
      [4, "There is no product =HYPERLINK(1)."],
    ]);
    const report = await world.as.reader("GET", `/api/lab/samples/import/${file.id}/errors`);
    expect(report.text.split("\r\n")[2]).toBe("3,NOPE,2,,Product code: There is no product NOPE.");
    // What goes out again is harmless to a spreadsheet.
    expect(report.text).toContain(",'=HYPERLINK(1),");
    expect(report.text).not.toMatch(/(^|,|")=HYPERLINK/m);
    expect(await total()).toBe(before);
  });

  test("a line is told as a spreadsheet numbers it: empty lines before it are counted", async () => {
    const content = "\nproduct,lot\n\nWFI,1\n,,\nNOPE,2\n";
    const { body } = await sendFile(world, "samples/import/preview", content);
    expect(body).toMatchObject({ total: 2, coming: 2, lines: [4, 6], errors: [{ row: 1, line: 6 }] });
    const report = await sendFile(world, "samples/import/preview", content, { report: "csv" });
    expect(report.body.csv.split("\r\n")[1]).toMatch(/^6,NOPE,2,/);
  });

  test("a cell a spreadsheet would run is kept to the character, counted before, and goes out harmless", async () => {
    const lot = '=cmd|"/c calc"!A0';
    const file = `product,lot,remark\nWFI,"${lot.replaceAll('"', '""')}",@SUM(1)\n`;
    expect((await sendFile(world, "samples/import/preview", file)).body).toMatchObject({ formulas: 2, errorCount: 0 });
    expect((await taken(world, "samples", file)).state).toBe("done");
    const list = JSON.parse((await world.as.reader("GET", "/api/lab/samples?q=calc")).text);
    expect(list.items).toMatchObject([{ lot, remark: "@SUM(1)" }]);
    const out = (await world.as.reader("GET", "/api/lab/samples?q=calc&format=csv")).text;
    expect(out).toContain(`"'=cmd|""/c calc""!A0"`);
  });

  test("results: decimal commas when said, units compared, a second person's row refused, the same file twice changes nothing", async () => {
    const [id = ""] = await received(world);
    const { number } = await sampleOf(world.as.reader, id);
    const file = `Sample;Analyte;Result;Unit\n${number};pH;6,50;\n`;
    const seen = await sendFile(world, "results/import/preview", file);
    expect(seen.body).toMatchObject({ mapping: { decimal: "comma" }, good: 1 });
    const columns = { sample: 0, analyte: 1, value: 2, unit: 3 };
    const asPoint = await taken(world, "results", file, { mapping: { columns, decimal: "point" } });
    expect([asPoint.state, asPoint.errors?.[0]?.why]).toEqual(["refused", "Write 6.50 with a point."]);
    expect((await taken(world, "results", file, { mapping: { columns, decimal: "comma" } })).state).toBe("done");
    const kept = await resultOf(world.as.reader, id, "ph");
    expect([kept.text, kept.reported]).toEqual(["6.50", "6.5"]);
    expect((await taken(world, "results", file)).state).toBe("done");
    expect((await resultOf(world.as.reader, id, "ph")).version).toBe(kept.version);
    const wrong = await taken(
      world,
      "results",
      `Sample,Analyte,Result,Unit\n${number},pH,7.0,mg/L\n${number},Lead,1,\nS-00-1,pH,1,\n${number},pH,6.50,\n`,
    );
    expect(wrong.errors?.map((row) => [row.line, row.why.split(";")[0]])).toEqual([
      [2, "The method gives no unit"],
      [2, "It was 6.50"],
      [3, `${number} has no open result for Lead.`],
      [4, "There is no sample S-00-1"],
      [5, `Line 2 already gives pH of ${number}.`],
    ]);
    expect((await sendFile(world, "results/import", file, { person: world.reader })).status).toBe(403);
  });

  test("below what can be quantified, UTF-16 and decimal commas: <0,05 is kept as <0.05", async () => {
    const [id = ""] = await received(world);
    const { number } = await sampleOf(world.as.reader, id);
    const text = `Sample;Analyte;Result\n${number};pH;<0,05\n`;
    const utf16 = new Uint8Array(new Uint16Array([...`\ufeff${text}`].map((sign) => sign.charCodeAt(0))).buffer);
    const file = await taken(world, "results", utf16, {
      mapping: { columns: { sample: 0, analyte: 1, value: 2 }, decimal: "comma" },
    });
    expect(file.state).toBe("done");
    expect((await resultOf(world.as.reader, id, "ph")).text).toBe("<0.05");
  });

  test("how a source is read is kept by its headings: columns that moved are still found", async () => {
    const [id = ""] = await received(world);
    const { number } = await sampleOf(world.as.reader, id);
    const first = `Vial;Peak;Area-%;Run\n${number};pH;6,5;1\n`;
    const mapping = { columns: { sample: 0, analyte: 1, value: 2 }, decimal: "comma" };
    expect((await taken(world, "results", first, { mapping, source: "HPLC-3" })).state).toBe("done");
    const moved = `Run;Area-%;Peak;Vial\n2;6,5;pH;${number}\n`;
    const seen = await sendFile(world, "results/import/preview", moved);
    expect(seen.body).toMatchObject({
      source: "HPLC-3",
      sources: ["HPLC-3"],
      mapping: { columns: { sample: 3, analyte: 2, value: 1 }, decimal: "comma" },
      errorCount: 0,
    });
  });

  test("sent again under its key, and twice at once, a file is one file and one job", async () => {
    const file = "product,lot\nWFI,ONCE-1\n";
    const headers = { "idempotency-key": "import-once" };
    const answers = await Promise.all([1, 2, 3].map(() => sendFile(world, "samples/import", file, { headers })));
    expect(new Set(answers.map((each) => `${each.status} ${JSON.stringify(each.body)}`)).size).toBe(1);
    await ended(world, "samples", answers[0]?.body.id);
    const again = await sendFile(world, "samples/import", file, { headers });
    expect([again.status, again.body]).toEqual([202, answers[0]?.body]);
    expect(JSON.parse((await world.as.reader("GET", "/api/lab/samples?q=once-1")).text).total).toBe(1);
    const other = await sendFile(world, "samples/import", `${file}WFI,ONCE-2\n`, { headers });
    expect([other.status, other.body.code]).toEqual([422, "http.key_reused"]);
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
    expect((await world.as.reader("GET", `/api/lab/samples/labels?ids=${"-".repeat(36)}`)).status).toBe(400);
    const label = { number: "S-26-1", product: "Wasser", point: "", lot: "", sampled: "", urgent: true };
    expect((await labelsPdf([label, label])).toString("latin1").match(/\/Type \/Page\b(?!s)/g)).toHaveLength(2);
    expect(labelsZpl([label])).toContain("^FDS-26-1^FS");
  });
});
