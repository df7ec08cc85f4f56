import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestPerson } from "@probity/kernel/testing";
import { insertAll } from "../bulk.ts";
import { query } from "../query.ts";
import { entered, openLab, received, resultOf, sampleOf, type LabWorld } from "../testing/world.ts";

// Each test plays somebody whose own statements run inside their transaction, with the leaves the guard asks for.
let world: LabWorld;
beforeAll(async () => {
  world = await openLab();
});
afterAll(() => world?.server.close());

const told = (attempt: Promise<unknown>) =>
  attempt.then(
    () => "done",
    (error: unknown) => (error instanceof Error ? error.message : error),
  );
type Row = { readonly id: string; readonly version: number };
function change(person: TestPerson, permission: string, table: string, row: Row, set: string) {
  const statement = sql`update ${sql.table(table)} set ${sql.raw(set)} where id = ${row.id} returning id`;
  return world.server.kernel.door.work(person.session, permission, async (tx) => {
    await tx.record({ action: `${table}.test`, record: table, rowId: row.id, version: row.version + 1 });
    if ((await tx.all({ compile: () => statement.compile(query) })).length !== 1) throw new Error("no row");
  });
}
type Table = Parameters<typeof insertAll>[1];
const insert = (person: TestPerson, permission: string, table: Table, row: Record<string, unknown>) =>
  world.server.kernel.door.work(person.session, permission, (tx) =>
    insertAll(tx, table, `${table}.test`, [{ row: { id: uuidv7(), ...row }, fields: {} }]),
  );
const rowsOf = (table: string) => {
  const asked = sql<Row>`select id, version from ${sql.table(table)}`;
  return world.server.kernel.door.work(world.reader.session, "lab.sample.read", (tx) =>
    tx.all({ compile: () => asked.compile(query) }),
  );
};

describe("LAB what was recorded stays as it was recorded, whatever statement is sent", () => {
  test("nothing that a result rests on is taken out of sight; only what no result rests on may be deleted", async () => {
    const [id = ""] = await received(world);
    await entered(world, id, "9.9");
    const ph = await resultOf(world.as.reader, id, "ph");
    for (const [person, permission] of [
      [world.technician, "lab.result.enter"],
      [world.reviewer, "lab.result.verify"],
      [world.admin, "lab.master.change"],
      [world.admin, "lab.history.load"],
    ] as const)
      expect(await told(change(person, permission, "lab.result", ph, "deleted_at = now()"))).toMatch(/is kept/);
    const gate = await world.as.admin("POST", "/api/lab/settings", {
      body: { name: "gate.training", value: { required: "every" }, reason: "As the manual says" },
    });
    expect(gate.status).toBe(201);
    for (const table of ["lab.setting", "lab.custody", "lab.method_version", "lab.specification_version"]) {
      const [row] = await rowsOf(table);
      expect([table, row === undefined]).toEqual([table, false]);
      if (row !== undefined)
        expect(await told(change(world.admin, "lab.master.change", table, row, "deleted_at = now()"))).toMatch(
          /is kept/,
        );
    }
    const open = sql<{
      name: string;
    }>`select c.relname as name from kernel.governed_table g join pg_class c on c.oid = g.relation
      where g.record like 'lab.%' and not exists (
        select from pg_trigger t where t.tgrelid = c.oid and t.tgname = 'never_deleted' and t.tgenabled = 'O') order by 1`;
    const left = await world.server.kernel.door.work(world.admin.session, "lab.master.read", (tx) =>
      tx.all({ compile: () => open.compile(query) }),
    );
    expect(left.map((each) => each.name)).toEqual([
      "contact",
      "import_source",
      "material",
      "method",
      "numbering",
      "product",
      "sampling_point",
      "schedule",
      "specification",
    ]);
  });

  test("who entered to read writes nothing; limits, methods and what is told are made by who may make them", async () => {
    const [id = ""] = await received(world);
    const sample = await sampleOf(world.as.reader, id);
    expect(await told(change(world.reader, "lab.sample.read", "lab.sample", sample, "lot = 'X'"))).toMatch(
      /permission|may not/i,
    );
    expect(await told(insert(world.reader, "lab.sample.read", "lab.custody", { sample_id: id, act: "moved" }))).toMatch(
      /permission|may not/i,
    );
    // A technician whose statement makes the limits wider, or a customer of their own.
    const limits = { specification_id: world.specification, number: 2, limits: [], reason: "Wider" };
    const may = "lab.result.enter";
    for (const [table, row] of [
      ["lab.specification_version", limits],
      ["lab.method_version", { method_id: world.ph, number: 2, definition: {}, reason: "Other" }],
      ["lab.customer", { code: "X", name: "Mine" }],
      ["lab.publication", { sample_id: id, number: 1, evaluations: [], publisher: "Me" }],
      ["lab.unlock", { sample_id: id, reason: "x" }],
      ["lab.product", { code: "X", name: "Mine", kind: "water" }],
    ] as const)
      expect([table, await told(insert(world.technician, may, table, row))]).toEqual([
        table,
        expect.stringMatching(/permission|may not/i),
      ]);
  });

  test("an entered result is not moved to a worksheet whose controls were in order, nor given another's name", async () => {
    const [id = ""] = await received(world);
    const ph = await resultOf(world.as.reader, id, "ph");
    const sheet = async (title: string, resultIds: string[]) =>
      String((await world.as.technician("POST", "/api/lab/worksheets", { body: { title, resultIds } })).body["id"]);
    await sheet("Refused run", [ph.id]);
    const [second = ""] = await received(world);
    const good = await sheet("Good run", [(await resultOf(world.as.reader, second, "ph")).id]);
    await entered(world, id);
    const now = await resultOf(world.as.reader, id, "ph");
    for (const permission of ["lab.worksheet.change", "lab.result.enter"])
      expect(await told(change(world.technician, permission, "lab.result", now, `worksheet_id = '${good}'`))).toMatch(
        /stays on the worksheet/,
      );
    for (const set of ["entered_name = 'Somebody else'", "source = 'import'"])
      expect(await told(change(world.technician, "lab.result.enter", "lab.result", now, set))).toMatch(
        /written with its value/,
      );
  });
});
