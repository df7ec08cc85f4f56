import { afterAll, beforeAll, expect, test } from "vitest";
import { sendFile, taken, workImports } from "../testing/import.ts";
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

type Row = { id: string; kind: string; name: string; text: string | null; sample: string | null };
/** A worksheet of two samples' pH, the first with a duplicate, with two blanks and a control before them. */
async function sheetOf() {
  const ids = await received(world, 2);
  const numbers = await Promise.all(ids.map(async (id) => (await sampleOf(world.as.reader, id)).number));
  const results = await Promise.all(ids.map(async (id) => (await resultOf(world.as.reader, id, "ph")).id));
  const own = (kind: string, name: string, more = {}) => ({
    kind,
    methodId: world.ph,
    name,
    limit: { analyte: "ph", high: "9", compare: "entered" },
    ...more,
  });
  const made = await world.as.technician("POST", "/api/lab/worksheets", {
    body: {
      title: "pH",
      resultIds: results,
      extra: [
        own("blank", "Blank"),
        own("blank", "Blank"),
        own("control", "Buffer 7.00"),
        own("duplicate", "Duplicate", { of: results[0] }),
      ],
    },
  });
  if (made.status !== 201) throw new Error(made.text);
  const rows = async (): Promise<Row[]> =>
    JSON.parse((await world.as.reader("GET", `/api/lab/worksheets/${String(made.body["id"])}`)).text).rows;
  return { number: String(made.body["number"]), ids, numbers, rows };
}
const file = (...lines: string[]) => `Sample,Analyte,Value,Kind,Worksheet,Interim\n${lines.join("\n")}\n`;

test("LAB a run is taken from one file: blanks, controls, duplicates and interim values with its samples; standards are skipped and told", async () => {
  const { ids, numbers, rows } = await sheetOf();
  const [one = "", two = ""] = numbers;
  const content = file(
    "STD 4,pH,4.01,standard",
    "BLK,pH,0.11",
    "BLK,pH,0.12",
    "buffer 7.00,pH,7.02",
    `${one},pH,6.5`,
    `${one} DUP,pH,6.6`,
    `${two},pH,6.4`,
    `${one},Residue,1000.0,,,Tare`,
    `${one},Residue,1002.5,sample,,gross`,
    `${one},Residue,0.5,,,Volume`,
  );
  const told = { sample: 5, blank: 2, control: 1, duplicate: 1, interim: 3, standards: 1, same: 0 };
  expect((await sendFile(world, "results/import/preview", content)).body).toMatchObject({
    errors: [],
    good: 10,
    coming: 9,
    told,
  });
  expect((await rows()).every((row) => row.text === null)).toBe(true);
  expect(await taken(world, "results", content)).toMatchObject({ state: "done", imported: 9, total: 10, told });
  expect((await rows()).map((row) => [row.kind, row.text])).toEqual([
    ["blank", "0.11"],
    ["blank", "0.12"],
    ["control", "7.02"],
    ["duplicate", "6.6"],
    ["sample", "6.5"],
    ["sample", "6.4"],
  ]);
  expect(await resultOf(world.as.reader, ids[0] ?? "", "solids")).toMatchObject({ text: "5", state: "entered" });
  // Sent again it changes nothing, and says so.
  const again = await taken(world, "results", content);
  expect((await sendFile(world, "results/import/preview", content)).body).toMatchObject({ total: 10, coming: 0 });
  expect(again).toMatchObject({ state: "done", imported: 0, total: 10, told: { ...told, same: 9 } });
  // One other value without a reason refuses the whole.
  const changed = await taken(world, "results", content.replace("7.02", "7.03").replace("0.11", "0.13"));
  expect([changed.state, changed.errorCount]).toEqual(["refused", 2]);
  expect((await rows())[0]?.text).toBe("0.11");
});

test("LAB what a row of a run can't be matched with is told by its line, and nothing of the file is taken", async () => {
  const [here, there] = [await sheetOf(), await sheetOf()];
  const [one = ""] = here.numbers;
  const [other = ""] = there.numbers;
  const wrong = async (...lines: string[]): Promise<string[]> => {
    const { body } = await sendFile(world, "results/import/preview", file(...lines));
    return body.errors.map((each: { line: number; why: string }) => `${each.line} ${each.why}`);
  };
  // Two runs in one file: a blank says which it is of.
  expect(await wrong(`${one},pH,6.5`, `${other},pH,6.5`, "BLK,pH,0.1")).toEqual([
    expect.stringMatching(/^4 BLK is no sample, and nobody can say of which worksheet/),
  ]);
  expect(
    await wrong(`${one},pH,6.5`, `${other},pH,6.5`, `BLK,pH,0.1,,${here.number}`, `,pH,7,control,${there.number}`),
  ).toEqual([]);
  expect(await wrong(`${one},pH,6.5`, "BLK,pH,0.1", "BLK,pH,0.1", "BLK,pH,0.1", "QC 9,pH,7")).toEqual([
    expect.stringMatching(/^5 Line 4 already gives pH of BLK/),
    expect.stringMatching(/^6 The worksheet has no open sample, blank or control QC 9/),
  ]);
  expect(await wrong(`${one} DUP,pH,6.5`, `${one}-dup,pH,6.5`)).toEqual([
    expect.stringMatching(/^3 Line 2 already gives pH/),
  ]);
  expect(await wrong(`${one},pH,6.5,spike`, `${one},pH,6.5,,WS-0`)).toEqual([
    expect.stringMatching(/^2 It is sample, blank, control, duplicate or standard/),
    expect.stringMatching(/^3 .* has no open result for pH on WS-0/),
  ]);
  expect(
    await wrong(
      `${one},Residue,5`,
      `${one},pH,6.5,,,Tare`,
      `${other},Residue,<3,,,Tare`,
      `${other},Residue,7,,,Nothing`,
    ),
  ).toEqual([
    expect.stringMatching(/^2 Residue is calculated from Tare, Gross, Volume/),
    expect.stringMatching(/^3 pH is entered as it is/),
    expect.stringMatching(/^5 Residue is calculated from/),
    expect.stringMatching(/^4 Tare: A plain number is expected/),
  ]);
  expect(await wrong("STD,pH,7,standard")).toEqual([expect.stringMatching(/No row of this file is of a result/)]);
});
