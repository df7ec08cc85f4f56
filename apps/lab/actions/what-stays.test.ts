import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestCaller, TestPerson } from "@probity/kernel/testing";
import { query } from "../query.ts";
import {
  entered,
  investigated,
  openLab,
  phDefinition,
  received,
  resultOf,
  sampleOf,
  type LabWorld,
} from "../testing/world.ts";

let world: LabWorld;
beforeAll(async () => {
  world = await openLab();
});
afterAll(() => world?.server.close());

const save = (row: Record<string, unknown>, by: TestCaller = world.as.technician) =>
  by("POST", "/api/lab/results/save", { body: { rows: [row] } });

/** One statement of one's own, under a permission one holds, with the leaf the guard asks for. */
function byStatement(
  person: TestPerson,
  permission: string,
  table: string,
  row: { id: string; version: number },
  set: string,
) {
  return world.server.kernel.door.work(person.session, permission, async (tx) => {
    await tx.record({ action: `${table}.test`, record: table, rowId: row.id, version: row.version + 1 });
    const statement = sql`update ${sql.table(table)} set ${sql.raw(set)} where id = ${row.id} returning id`;
    return tx.all({ compile: () => statement.compile(query) });
  });
}

describe("LAB-03 a value out of specification is not typed away", () => {
  test("no reason and no statement changes it, before and during its investigation; a retest by plan stands beside it", async () => {
    const [id = ""] = await received(world);
    await entered(world, id, "7.9");
    const first = await resultOf(world.as.reader, id, "ph");
    const typed = { id: first.id, version: first.version, text: "6.9", reason: "Digits swapped when typing" };
    const refused = async () => {
      for (const by of [world.as.technician, world.as.admin]) {
        const answer = await save(typed, by);
        expect([answer.status, answer.text]).toEqual([422, expect.stringContaining("out of specification and stays")]);
      }
      await expect(
        byStatement(
          world.technician,
          "lab.result.enter",
          "lab.result",
          first,
          "text = '6.9', number = 6.9, verdict = 'in', reason = 'Digits swapped'",
        ),
      ).rejects.toThrow(/stays as it was entered/);
      await expect(
        byStatement(world.technician, "lab.result.enter", "lab.result", first, "verdict = 'in'"),
      ).rejects.toThrow(/stays as it was entered/);
    };
    await refused();
    await investigated(world, first.id);
    await refused();
    const ordered = await world.as.reviewer("POST", `/api/lab/results/${first.id}/retest`, {
      version: first.version,
      body: { reason: "By the plan: the print-out says 6.9" },
    });
    expect(ordered.status).toBe(201);
    const again = await resultOf(world.as.reader, id, "ph");
    expect((await save({ id: again.id, version: again.version, text: "6.9" })).status).toBe(200);
    const told = (await sampleOf(world.as.reader, id)).results.filter(({ analyte }) => analyte === "ph");
    expect(told.map(({ text, verdict, state }) => [text, verdict, state])).toEqual([
      ["7.9", "out", "retested"],
      ["6.9", "in", "entered"],
    ]);
  });

  test("what is in its limits is changed with a reason, and an untouched save of what is out changes nothing", async () => {
    const [id = "", other = ""] = await received(world, 2);
    await entered(world, id, "6.5");
    const inside = await resultOf(world.as.reader, id, "ph");
    const changed = await save({ id: inside.id, version: inside.version, text: "7.9", reason: "Read again" });
    expect(changed.status).toBe(200);
    await entered(world, other, "7.9");
    const out = await resultOf(world.as.reader, other, "ph");
    const untouched = await save({ id: out.id, version: out.version, text: "7.9" });
    expect([untouched.status, untouched.body["untouched"]]).toEqual([200, 1]);
  });
});

describe("LAB what limits rest on", () => {
  test("a next version of a method gives no key another unit, and leaves out nothing a specification asks for", async () => {
    const version = (analytes: unknown[]) =>
      world.as.admin("POST", `/api/lab/methods/${world.ph}/versions`, {
        body: { reason: "Changed", definition: { ...phDefinition, analytes } },
      });
    const [ph] = phDefinition.analytes;
    const other = await version([{ ...ph, unit: "mV" }]);
    expect([other.status, other.text]).toEqual([422, expect.stringContaining("has a key of its own")]);
    const lost = await version([{ ...ph, key: "potential", unit: "mV" }]);
    expect([lost.status, lost.text]).toEqual([422, expect.stringContaining("SPC-1 asks for")]);
    expect((await version([ph, { ...ph, key: "potential", name: "Potential", unit: "mV" }])).status).toBe(201);
    const statement = sql`insert into lab.method_version (tenant_id, id, method_id, number, definition, reason)
      select tenant_id, '0198a000-0000-7000-8000-000000000001', method_id, number + 1,
        jsonb_set(definition, '{analytes,0,unit}', '"mV"'), 'x'
      from lab.method_version where method_id = ${world.ph} order by number desc limit 1`;
    await expect(
      world.server.kernel.door.work(world.admin.session, "lab.master.change", async (tx) => {
        const rowId = "0198a000-0000-7000-8000-000000000001";
        await tx.record({ action: "lab.method_version.test", record: "lab.method_version", rowId, version: 1 });
        return tx.all({ compile: () => statement.compile(query) });
      }),
    ).rejects.toThrow(/keeps its unit/);
  });

  test("a limit is held against what its own method found, not against another's of the same name", async () => {
    const second = await world.as.admin("POST", "/api/lab/methods", { body: { code: "M-9", title: "pH by strip" } });
    const methodId = String(second.body["id"]);
    await world.as.admin("POST", `/api/lab/methods/${methodId}/versions`, {
      body: { reason: "New", definition: phDefinition },
    });
    const [id = ""] = await received(world, 1, { specificationId: world.specification, methodIds: [methodId] });
    const rows = (await sampleOf(world.as.reader, id)).results.filter(({ analyte }) => analyte === "ph");
    expect(rows.map(({ limit }) => limit).toSorted()).toEqual(["", "5.0–7.0"]);
    for (const { id: row, version } of rows) await save({ id: row, version, text: "7.9" });
    const judged = (await sampleOf(world.as.reader, id)).results.filter(({ analyte }) => analyte === "ph");
    expect(judged.map(({ verdict }) => verdict).toSorted()).toEqual(["none", "out"]);
  });

  test("what a specification asks for and nobody determined is told as that: the whole is not in", async () => {
    const more = await world.as.admin("POST", "/api/lab/methods", { body: { code: "M-8", title: "Nitrate" } });
    const methodId = String(more.body["id"]);
    const nitrate = { ...phDefinition.analytes[0], key: "nitrate", name: "Nitrate", unit: "mg/L" };
    await world.as.admin("POST", `/api/lab/methods/${methodId}/versions`, {
      body: { reason: "New", definition: { fields: [], analytes: [nitrate] } },
    });
    const wide = await world.as.admin("POST", "/api/lab/specifications", {
      body: {
        productId: world.product,
        code: "SPC-WIDE",
        title: "Customer C",
        reason: "New",
        limits: [
          { methodId: world.ph, analyte: "ph", low: "5.0", high: "7.0", compare: "entered" },
          { methodId, analyte: "nitrate", high: "0.2", compare: "entered" },
        ],
      },
    });
    const [id = ""] = await received(world, 1, { specificationId: world.specification });
    await entered(world, id, "6.5");
    const { version } = await sampleOf(world.as.reader, id);
    await world.as.reviewer("POST", `/api/lab/samples/${id}/verify`, { version });
    const published = await world.as.reviewer("POST", `/api/lab/samples/${id}/publish`, {
      version: (await sampleOf(world.as.reader, id)).version,
      body: { specificationIds: [wide.body["id"]] },
    });
    expect(published.status).toBe(201);
    const told = JSON.parse((await world.as.reader("GET", `/api/lab/samples/${id}`)).text);
    const [own, asked] = told.publications[0].evaluations;
    expect([own.verdict, asked.verdict]).toEqual(["in", "unclear"]);
    expect(asked.lines.at(-1)).toMatchObject({
      name: "Nitrate",
      unit: "mg/L",
      entered: "",
      reported: "not determined",
      limit: "≤ 0.2",
      verdict: "unclear",
    });
  });
});

describe("LAB what a sample was registered with", () => {
  const correct = async (id: string, body: Record<string, unknown>, by: TestCaller = world.as.technician) =>
    by("POST", `/api/lab/samples/${id}/correct`, {
      version: (await sampleOf(world.as.reader, id)).version,
      body: { reason: "Typed wrong", ...body },
    });

  test("is corrected with a reason, before and after told; what is sent as it stands is no correction", async () => {
    const [id = ""] = await received(world, 1, { lot: "L-71", sampledBy: "Ines" });
    const done = await correct(id, { lot: "L-17", sampledBy: "Ines", sampledAt: "2026-01-12T10:02:00Z" });
    expect([done.status, done.body["changes"]]).toEqual([
      200,
      [
        { field: "Lot", before: "L-71", after: "L-17" },
        { field: "Sampled at", before: null, after: "2026-01-12T10:02:00.000Z" },
      ],
    ]);
    const found = (await world.as.reader("GET", "/api/lab/samples?q=l-17")).body["items"];
    expect(found).toMatchObject([{ id, lot: "L-17" }]);
    expect((await world.as.reader("GET", "/api/lab/samples?q=l-71")).body["items"]).toEqual([]);
    const shown = JSON.parse((await world.as.reader("GET", `/api/lab/samples/${id}`)).text);
    expect(shown.corrections).toMatchObject([
      { reason: "Typed wrong", changes: [{ field: "Lot" }, { field: "Sampled at" }] },
    ]);
    expect((await correct(id, { lot: "L-17 " })).body["code"]).toBe("lab.nothing_corrected");
    expect((await correct(id, { lot: "X", reason: " " })).status).toBe(400);
    expect((await correct(id, { lot: "X" }, world.as.reader)).status).toBe(403);
    const later = new Date(Date.now() + 600_000).toISOString();
    expect((await correct(id, { sampledAt: later })).body["code"]).toBe("lab.sampled_later");
  });

  test("changes by no other act and no statement, and not once it is verified", async () => {
    const [id = ""] = await received(world, 1, { lot: "L-72" });
    const { version } = await sampleOf(world.as.reader, id);
    for (const [may, set] of [
      ["lab.sample.receive", "sampled_at = now() - interval '3 days'"],
      ["lab.sample.register", "lot = 'L-99'"],
      ["lab.result.enter", "due_on = current_date + 30"],
      ["lab.sample.correct", "lot = 'L-99'"],
      ["lab.sample.receive", "find = 'something else'"],
    ] as const)
      await expect(byStatement(world.technician, may, "lab.sample", { id, version }, set)).rejects.toThrow(
        /corrected with a reason/,
      );
    await entered(world, id);
    await world.as.reviewer("POST", `/api/lab/samples/${id}/verify`, {
      version: (await sampleOf(world.as.reader, id)).version,
    });
    expect((await correct(id, { lot: "L-99" })).body["code"]).toBe("lab.wrong_state");
    expect(JSON.parse((await world.as.reader("GET", `/api/lab/samples/${id}`)).text).lot).toBe("L-72");
  });
});

describe("LAB rows of a worksheet", () => {
  test("come off while they have no value, and wait for another; afterwards they stay", async () => {
    const [id = "", other = ""] = await received(world, 2, { specificationId: world.specification });
    const [ph, second] = [await resultOf(world.as.reader, id, "ph"), await resultOf(world.as.reader, other, "ph")];
    const made = await world.as.technician("POST", "/api/lab/worksheets", {
      body: { title: "pH", resultIds: [ph.id, second.id] },
    });
    const sheet = String(made.body["id"]);
    const off = async (resultIds: string[], version: number) =>
      world.as.technician("POST", `/api/lab/worksheets/${sheet}/rows/take-off`, { version, body: { resultIds } });
    expect((await off([ph.id], 1)).body["version"]).toBe(2);
    const waits = JSON.parse((await world.as.reader("GET", "/api/lab/worksheets/waiting")).text).items;
    expect(waits.map((each: { id: string }) => each.id)).toContain(ph.id);
    const placed = await resultOf(world.as.reader, other, "ph");
    await save({ id: placed.id, version: placed.version, text: "6.5" });
    expect((await off([placed.id], 2)).body["code"]).toBe("lab.wrong_state");
    expect((await off([ph.id], 2)).status).toBe(404);
  });
});
