import { createHash, randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { asDoor, placeLeaves, type TestPerson } from "@probity/kernel/testing";
import { query } from "../query.ts";
import { attachFile, picture } from "../testing/attachment.ts";
import { entered, investigated, openLab, received, resultOf, sampleOf, type LabWorld } from "../testing/world.ts";

let world: LabWorld;
/** Somebody of another workspace of this server. */
let stranger: TestPerson;
beforeAll(async () => {
  world = await openLab();
  stranger = await world.server.member(await world.server.kernel.foundWorkspace("other"), "owner");
});
afterAll(() => world?.server.close());

type Line = {
  id: string;
  version: number;
  name: string;
  sha256: string;
  place: string;
  of: string;
  covered: boolean;
} & Record<string, unknown>;
const listed = async (filter: string): Promise<Line[]> =>
  JSON.parse((await world.as.reader("GET", `/api/lab/attachments?${filter}`)).text).items;
const added = async (path: string, given: Parameters<typeof attachFile>[3] = {}, by = world.technician) => {
  const answer = await attachFile(world, by, path, given);
  if (answer.status !== 201) throw new Error(answer.text);
  return String(answer.body["id"]);
};
const strike = (
  by: "technician" | "reviewer" | "reader" | "admin",
  path: string,
  id: string,
  reason = "Of another sample",
) => world.as[by]("POST", `/api/lab/${path}/attachments/${id}/strike`, { body: { reason } });
const verify = async (id: string) => {
  const { version } = await sampleOf(world.as.reader, id);
  const answer = await world.as.reviewer("POST", `/api/lab/samples/${id}/verify`, { version });
  if (answer.status !== 200) throw new Error(answer.text);
};
/** A sample with its pH entered, its result's id, and a picture beside that result. */
async function tested() {
  const [sample = ""] = await received(world);
  await entered(world, sample);
  const result = (await resultOf(world.as.reader, sample, "ph")).id;
  return { sample, result, id: await added(`results/${result}`, { note: "Plate after 48 h" }) };
}
/** One statement of one's own, with the leaf the guard asks for. */
const byStatement = (person: TestPerson, permission: string, row: { id: string; version: number }, text: string) =>
  world.server.kernel.door.work(person.session, permission, async (tx) => {
    await tx.record({ action: "lab.attachment.test", record: "lab.attachment", rowId: row.id, version: row.version });
    const statement = sql`${sql.raw(text)}`;
    return tx.all({ compile: () => statement.compile(query) });
  });
/** A row like another, but for what is named. */
const copyOf = (id: string, columns: Readonly<Record<string, string>>) => {
  const row = uuidv7();
  const all = {
    tenant_id: "tenant_id",
    id: `'${row}'`,
    result_id: "result_id",
    name: "name",
    kind: "kind",
    bytes: "bytes",
    sha256: "repeat('a', 64)",
    blob_id: "blob_id",
    ...columns,
  };
  const text = `insert into lab.attachment (${Object.keys(all).join(", ")}) select ${Object.values(all).join(", ")} from lab.attachment where id = '${id}'`;
  return { row: { id: row, version: 1 }, text };
};

describe("LAB-01 a file beside a record", () => {
  test("is counted where its result is listed, on sample and worksheet; one that is struck out counts no more", async () => {
    const [sample = ""] = await received(world);
    const result = (await resultOf(world.as.reader, sample, "ph")).id;
    const sheet = await world.as.technician("POST", "/api/lab/worksheets", {
      body: { title: "pH", resultIds: [result] },
    });
    expect(sheet.status).toBe(201);
    const id = await added(`results/${result}`);
    await added(`results/${result}`, { content: "7.01", name: "print-out.txt" });
    await added(`samples/${sample}`, { content: "label", name: "label.txt" });
    const filesOn = async (path: string, rows: "results" | "rows") => {
      const told = JSON.parse((await world.as.reader("GET", `/api/lab/${path}`)).text);
      return told[rows].map((each: { id: string; files: number }) => [each.id === result, each.files]);
    };
    const onSample = await filesOn(`samples/${sample}`, "results");
    expect(onSample).toContainEqual([true, 2]);
    expect(onSample.filter(([own]: [boolean]) => !own).every(([, files]: [boolean, number]) => files === 0)).toBe(true);
    expect(await filesOn(`worksheets/${String(sheet.body["id"])}`, "rows")).toEqual([[true, 2]]);
    expect((await strike("technician", `results/${result}`, id)).status).toBe(200);
    expect(await filesOn(`samples/${sample}`, "results")).toContainEqual([true, 1]);
  });

  test("is kept as it was sent, told by who, when, size and SHA-256; opening it leaves its own leaf and serves nothing to run", async () => {
    const { sample, result, id } = await tested();
    const sha256 = createHash("sha256").update(picture).digest("hex");
    const text = "<script>alert(1)</script>";
    const note = await added(`samples/${sample}`, { content: text, name: "label.txt" });
    const [file, label] = await listed(`sample=${sample}`);
    expect(file).toMatchObject({
      id,
      name: "plate.png",
      kind: "png",
      bytes: picture.length,
      sha256,
      note: "Plate after 48 h",
    });
    expect([file?.place, file?.of, file?.["by"], label?.id]).toEqual(["results", "pH", expect.any(String), note]);
    expect(await listed(`result=${result}`)).toHaveLength(1);

    for (const [opened, content] of [
      [id, picture],
      [note, Buffer.from(text)],
    ] as const) {
      const link = await world.as.reader("POST", `/api/lab/attachments/${opened}/open`);
      expect(link.status).toBe(201);
      const served = await fetch(`${world.server.origin}${String(link.body["url"])}`);
      expect([served.status, served.headers.get("x-content-type-options")]).toEqual([200, "nosniff"]);
      expect(served.headers.get("content-disposition")).toMatch(/^attachment;/);
      expect(served.headers.get("content-security-policy")).toContain("default-src 'none'");
      expect(served.headers.get("content-type")).not.toMatch(/html/);
      expect(Buffer.from(await served.arrayBuffer()).equals(content)).toBe(true);
    }
    const leaves = await asDoor(
      world.server,
      "select action from kernel.ledger_inbox where row_id = $1 union all select action from kernel.ledger_event where row_id = $1",
      [id],
    );
    expect(leaves.map((each) => each["action"]).toSorted()).toEqual(["lab.attachment.create", "lab.attachment.view"]);
  });

  test("the same file is beside a record once, a request sent twice is one, and struck out it may be added again", async () => {
    const { result, id } = await tested();
    const again = await attachFile(world, world.technician, `results/${result}`);
    expect([again.status, again.body["code"]]).toEqual([409, "lab.attachment_there"]);
    const key = uuidv7();
    const [one, two] = [
      await attachFile(world, world.technician, `results/${result}`, { content: "a,b\n1,2\n", name: "peaks.csv", key }),
      await attachFile(world, world.technician, `results/${result}`, { content: "a,b\n1,2\n", name: "peaks.csv", key }),
    ];
    expect([one.status, one.body["id"]]).toEqual([201, two.body["id"]]);
    expect((await strike("technician", `results/${result}`, id)).status).toBe(200);
    expect((await attachFile(world, world.technician, `results/${result}`)).status).toBe(201);
  });

  test("is struck out with a reason, once, and stays to be opened; nothing takes it away", async () => {
    const { result, id } = await tested();
    expect((await strike("technician", `results/${result}`, id, " ")).status).toBe(400);
    expect((await strike("technician", `results/${result}`, id)).body["version"]).toBe(2);
    expect((await strike("technician", `results/${result}`, id)).body["code"]).toBe("lab.attachment_struck");
    const [file] = await listed(`result=${result}`);
    expect([file?.["struckReason"], file?.["struckBy"], file?.["struckAt"]]).toEqual([
      "Of another sample",
      expect.any(String),
      expect.any(String),
    ]);
    expect((await world.as.reader("POST", `/api/lab/attachments/${id}/open`)).status).toBe(201);
    const row = { id, version: 3 };
    for (const [set, refuses] of [
      ["deleted_at = now()", /is kept/],
      ["struck_reason = null, struck_at = null, struck_by = null", /struck out once/],
      ["struck_reason = 'Another reason'", /struck out once/],
      ["name = 'other.png'", /stays as it was added/],
      ["sha256 = repeat('0', 64)", /stays as it was added/],
    ] as const)
      await expect(
        byStatement(world.technician, "lab.result.enter", row, `update lab.attachment set ${set} where id = '${id}'`),
      ).rejects.toThrow(refuses);
  });

  test.each([
    ["a page named as a picture", "<!doctype html><script>alert(1)</script>", "plate.png", 415, "file.wrong-type"],
    ["script named as a picture", "<script>alert(1)</script>", "plate.png", 415, "file.wrong-type"],
    ["nothing", "", "plate.png", 422, "file.empty"],
    ["a picture cut short", picture.subarray(0, 60), "plate.png", 422, "file.corrupt"],
    ["more than the limit", Buffer.alloc(1_048_577, "a"), "log.txt", 413, "file.too-big"],
  ])("%s is refused, and nothing is stored", async (_, content, name, status, code) => {
    if (status === 413)
      await world.as.admin("PUT", "/api/policy/file.maxMegabytes", { version: 0, body: { value: 1, reason: "Test" } });
    const [sample = ""] = await received(world);
    const answer = await attachFile(world, world.technician, `samples/${sample}`, { content, name });
    expect([answer.status, answer.body["code"]]).toEqual([status, code]);
    expect(answer.text).toContain("Nothing was stored");
    expect(await listed(`sample=${sample}`)).toEqual([]);
  });
});

describe("LAB-02 a file beside a record that is closed", () => {
  test("is neither added nor struck out after verification, by route and by statement, until it is unlocked", async () => {
    const { sample, result, id } = await tested();
    await verify(sample);
    for (const path of [`results/${result}`, `samples/${sample}`]) {
      const late = await attachFile(world, world.technician, path, { content: "late", name: "late.txt" });
      expect([late.status, late.body["code"]]).toEqual([409, "lab.attachment_closed"]);
    }
    expect((await strike("technician", `results/${result}`, id)).body["code"]).toBe("lab.attachment_closed");
    expect((await strike("admin", `results/${result}`, id)).body["code"]).toBe("lab.attachment_closed");
    const late = copyOf(id, {});
    await expect(byStatement(world.technician, "lab.result.enter", late.row, late.text)).rejects.toThrow(/locked/);
    const onSample = copyOf(id, { result_id: "null", sample_id: `'${sample}'` });
    await expect(byStatement(world.technician, "lab.result.enter", onSample.row, onSample.text)).rejects.toThrow(
      /locked/,
    );
    const out = `update lab.attachment set struck_reason = 'x' where id = '${id}'`;
    await expect(byStatement(world.technician, "lab.result.enter", { id, version: 2 }, out)).rejects.toThrow(/locked/);
    const { version } = await sampleOf(world.as.reader, sample);
    await world.as.admin("POST", `/api/lab/samples/${sample}/unlock`, { version, body: { reason: "Wrong plate" } });
    expect((await strike("technician", `results/${result}`, id)).status).toBe(200);
    expect(
      (await attachFile(world, world.technician, `results/${result}`, { content: "right", name: "a.txt" })).status,
    ).toBe(201);
    await placeLeaves(world.server);
    const items = await world.server.kernel.door.work(world.admin.session, "lab.sample.read", async (tx) => {
      const asked = sql<{
        kind: string;
      }>`select kind from lab.trail_items(now() - interval '1 hour', now() + interval '1 hour', null, '00-23')
        where record = 'lab.attachment' and (row_id = ${id} or after ->> 'result_id' = ${result})`;
      return tx.all({ compile: () => asked.compile(query) });
    });
    // What was struck out and what came after the unlocking; the first file is looked at by nobody.
    expect(items.map((each) => each.kind).toSorted()).toEqual(["attached", "struck"]);
  });

  test("an investigation keeps its files once it is concluded", async () => {
    const [sample = ""] = await received(world);
    await entered(world, sample, "7.9");
    const result = await resultOf(world.as.reader, sample, "ph");
    const { id, conclude } = await investigated(world, result.id);
    const file = await added(`investigations/${id}`, { name: "electrode.png" }, world.reviewer);
    expect((await listed(`sample=${sample}`)).map((each) => [each.id, each.place])).toEqual([[file, "investigations"]]);
    await conclude();
    expect((await attachFile(world, world.reviewer, `investigations/${id}`, { content: "x" })).body["code"]).toBe(
      "lab.attachment_closed",
    );
    expect((await strike("reviewer", `investigations/${id}`, file)).body["code"]).toBe("lab.attachment_closed");
  });

  test("what happened to an instrument takes its print-out from who keeps instruments", async () => {
    const made = await world.as.admin("POST", "/api/lab/instruments", {
      body: { number: "BAL-1", kind: "balance", name: "Balance", calibrationMonths: 12 },
    });
    const event = await world.as.technician("POST", `/api/lab/instruments/${String(made.body["id"])}/hold`, {
      body: { reason: "Drifts" },
    });
    const path = `instrument-events/${String(event.body["id"])}`;
    const file = await added(path, { content: "Net 12.0031 g\n", name: "balance.txt" });
    expect((await listed(`instrument=${String(made.body["id"])}`)).map((each) => each.id)).toEqual([file]);
    expect((await strike("reviewer", path, file)).status).toBe(200);
    expect((await attachFile(world, world.reader, path, { content: "x" })).status).toBe(403);
  });
});

describe("TEN-01 a file beside a record is reached by nobody else", () => {
  test("not by another workspace, not through another record, not by who may not, not under another permission", async () => {
    const { sample, result, id } = await tested();
    const other = await tested();
    await verify(sample);
    const outside = world.server.as(stranger);
    const across = await attachFile(world, stranger, `results/${result}`);
    expect([across.status, across.body["code"]]).toEqual([404, "kernel.not_found"]);
    expect((await outside("POST", `/api/lab/attachments/${id}/open`)).status).toBe(404);
    expect((await outside("GET", `/api/lab/attachments?sample=${sample}`)).body["items"]).toEqual([]);
    // Its own result is verified; the other is open, and it is not beside that one.
    expect((await strike("technician", `results/${other.result}`, id)).status).toBe(404);
    expect((await strike("technician", `samples/${other.sample}`, other.id)).status).toBe(404);
    expect((await strike("reader", `results/${other.result}`, other.id)).status).toBe(403);
    expect((await attachFile(world, world.reader, `results/${other.result}`, { content: "x" })).status).toBe(403);
    expect((await attachFile(world, world.reviewer, `results/${other.result}`, { content: "x" })).status).toBe(403);
    const elsewhere = copyOf(other.id, {});
    for (const [person, permission] of [
      [world.reviewer, "lab.investigation.change"],
      [world.technician, "lab.instrument.hold"],
      [world.technician, "lab.sample.register"],
      [world.reader, "lab.sample.read"],
    ] as const)
      await expect(byStatement(person, permission, elsewhere.row, elsewhere.text)).rejects.toThrow(
        /by who writes what it is beside|permission_missing/,
      );
    const two = copyOf(other.id, { sample_id: `'${other.sample}'` });
    await expect(byStatement(world.technician, "lab.result.enter", two.row, two.text)).rejects.toThrow(
      /beside one record/,
    );
    const solids = (await resultOf(world.as.reader, other.sample, "solids")).id;
    const moved = `update lab.attachment set result_id = '${solids}' where id = '${other.id}'`;
    await expect(
      byStatement(world.technician, "lab.result.enter", { id: other.id, version: 2 }, moved),
    ).rejects.toThrow(/stays as it was added/);
  });

  test("beside a blinded sample it has no name and is not opened before the blind is; beside its result it is", async () => {
    const made = await world.as.technician("POST", "/api/lab/samples", {
      body: { samples: [{ productId: world.product, lot: "KESTREL", blinded: true }] },
    });
    const { items }: { items: { id: string }[] } = JSON.parse(made.text);
    const sample = items[0]?.id ?? "";
    await world.as.technician("POST", "/api/lab/samples/receive", { body: { ids: [sample] } });
    const label = await attachFile(world, world.technician, `samples/${sample}`, { name: "KESTREL-label.png" });
    expect([label.status, label.body["name"]]).toEqual([201, "blinded-1.png"]);
    const id = String(label.body["id"]);
    const [shown] = await listed(`sample=${sample}`);
    expect([shown?.covered, JSON.stringify(shown).includes("KESTREL")]).toEqual([true, false]);
    for (const by of [world.as.technician, world.as.reviewer, world.as.admin])
      expect((await by("POST", `/api/lab/attachments/${id}/open`)).body["code"]).toBe("lab.attachment_covered");
    const named = copyOf(id, { result_id: "null", sample_id: "sample_id", name: "'KESTREL.png'" });
    await expect(byStatement(world.technician, "lab.result.enter", named.row, named.text)).rejects.toThrow(
      /no name of its own/,
    );
    await entered(world, sample);
    const result = (await resultOf(world.as.reader, sample, "ph")).id;
    const plate = await added(`results/${result}`);
    expect((await world.as.reviewer("POST", `/api/lab/attachments/${plate}/open`)).status).toBe(201);
    const { version } = await sampleOf(world.as.reader, sample);
    await world.as.admin("POST", `/api/lab/samples/${sample}/unblind`, { version, body: { reason: "Asked for" } });
    expect((await world.as.reader("POST", `/api/lab/attachments/${id}/open`)).status).toBe(201);
  });
});
