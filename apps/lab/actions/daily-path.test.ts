import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { entered, openLab, phDefinition, received, resultOf, sampleOf, type LabWorld } from "../testing/world.ts";

let world: LabWorld;
beforeAll(async () => {
  world = await openLab();
});
afterAll(() => world?.server.close());

const save = (rows: readonly Record<string, unknown>[], by = world.as.technician) =>
  by("POST", "/api/lab/results/save", { body: { rows } });

describe("LAB the daily path", () => {
  test("from registration to publication, each step by who may, in its order", async () => {
    const made = await world.as.technician("POST", "/api/lab/samples", {
      body: {
        samples: [
          { productId: world.product, lot: "L-1" },
          { productId: world.product, lot: "L-2", priority: "urgent" },
        ],
      },
    });
    expect([made.status, made.text]).toEqual([201, expect.stringMatching(/S-\d\d-0000\d/)]);
    const items: { id: string; number: string }[] = JSON.parse(made.text).items;
    expect(items[1]?.number.slice(-1)).toBe(String(Number(items[0]?.number.slice(-1)) + 1));
    const id = items[0]?.id ?? "";
    // Before receipt nothing is entered.
    const ph = await resultOf(world.as.technician, id, "ph");
    expect(ph.limit).toBe("5.0–7.0");
    expect((await save([{ id: ph.id, version: ph.version, text: "6.5" }])).text).toContain("has not been received");
    expect((await world.as.reviewer("POST", "/api/lab/samples/receive", { body: { ids: [id] } })).status).toBe(403);
    expect(
      (await world.as.technician("POST", "/api/lab/samples/receive", { body: { ids: [id], place: "Fridge 1" } }))
        .status,
    ).toBe(200);
    expect((await world.as.technician("POST", "/api/lab/samples/receive", { body: { ids: [id] } })).status).toBe(409);
    await entered(world, id, "6.52");
    const tested = await sampleOf(world.as.reader, id);
    expect([tested.state, tested.verdict]).toEqual(["tested", "in"]);
    expect(tested.results.map((each) => [each.text, each.reported, each.verdict])).toEqual([
      ["6.52", "6.5", "in"],
      ["5", "5.0", "in"],
    ]);
    // Publication waits for verification, verification for another person.
    expect(
      (
        await world.as.reviewer("POST", `/api/lab/samples/${id}/publish`, {
          version: tested.version,
          body: { specificationIds: [] },
        })
      ).status,
    ).toBe(409);
    expect(
      (await world.as.technician("POST", `/api/lab/samples/${id}/verify`, { version: tested.version })).status,
    ).toBe(403);
    expect(
      (await world.as.reviewer("POST", `/api/lab/samples/${id}/verify`, { version: tested.version })).body,
    ).toEqual({ verified: 2 });
    const verified = await sampleOf(world.as.reader, id);
    expect(verified.state).toBe("verified");
    const told = await world.as.reviewer("POST", `/api/lab/samples/${id}/publish`, {
      version: verified.version,
      body: { specificationIds: [] },
    });
    expect([told.status, told.body["number"]]).toEqual([201, 1]);
    expect((await sampleOf(world.as.reader, id)).state).toBe("published");
  });

  test("ACC-01 read-only changes nothing; a technician makes no method; nobody else registers", async () => {
    const [id = ""] = await received(world);
    const ph = await resultOf(world.as.reader, id, "ph");
    for (const answer of [
      await save([{ id: ph.id, version: ph.version, text: "6" }], world.as.reader),
      await world.as.reader("POST", "/api/lab/samples", { body: { samples: [{ productId: world.product }] } }),
      await world.as.reviewer("POST", "/api/lab/samples", { body: { samples: [{ productId: world.product }] } }),
      await world.as.technician("POST", `/api/lab/methods/${world.ph}/versions`, {
        body: { definition: phDefinition, reason: "x" },
      }),
      await world.as.reviewer("POST", `/api/lab/samples/${id}/unlock`, { version: 2, body: { reason: "x" } }),
    ])
      expect(answer.status).toBe(403);
  });
});

test("LAB what is repeated is one's own last registration, neither another's nor a blinded one", async () => {
  const { technician, admin, reader } = world.as;
  const last = async (by = technician) => JSON.parse((await by("GET", "/api/lab/samples/last")).text).id;
  const [mine = ""] = await received(world);
  const others = await admin("POST", "/api/lab/samples", { body: { samples: [{ productId: world.product }] } });
  await received(world, 1, { blinded: true });
  expect(await last()).toBe(mine);
  expect(await last(admin)).toBe(JSON.parse(others.text).items[0].id);
  expect((await reader("GET", "/api/lab/samples/last")).status).toBe(403);
});

describe("LAB what is entered stays what was entered", () => {
  test("an untouched save changes nothing: 23.7 stays 23.7, no version, no leaf, no reason asked", async () => {
    const [id = ""] = await received(world);
    const ph = await resultOf(world.as.technician, id, "ph");
    expect((await save([{ id: ph.id, version: ph.version, text: "23.74" }])).status).toBe(200);
    const kept = await resultOf(world.as.technician, id, "ph");
    expect([kept.text, kept.reported, kept.version]).toEqual(["23.74", "23.7", ph.version + 1]);
    const again = await save([{ id: ph.id, version: kept.version, text: "23.74" }]);
    expect([again.status, again.body]).toEqual([200, { saved: [], untouched: 1 }]);
    expect(await resultOf(world.as.technician, id, "ph")).toEqual(kept);
    const story = await world.as.reader("GET", `/api/lab/results/${ph.id}/story`);
    expect(JSON.parse(story.text).versions).toHaveLength(2);
  });

  test("a change says why, keeps the first value, and its story tells all of it", async () => {
    const [id = ""] = await received(world);
    const ph = await resultOf(world.as.technician, id, "ph");
    await save([{ id: ph.id, version: ph.version, text: "6.40" }]);
    const silent = await save([{ id: ph.id, version: ph.version + 1, text: "6.04" }]);
    expect([silent.status, silent.text]).toEqual([422, expect.stringContaining("Say why 6.40 becomes 6.04.")]);
    expect((await save([{ id: ph.id, version: ph.version + 1, text: "6.04", reason: "Digits swapped" }])).status).toBe(
      200,
    );
    const story = JSON.parse((await world.as.reader("GET", `/api/lab/results/${ph.id}/story`)).text);
    expect(story.original).toMatchObject({ text: "6.40", by: "Test member" });
    expect(
      story.versions.map((each: Record<string, unknown>) => [
        each["act"],
        each["before"],
        each["text"],
        each["reason"],
      ]),
    ).toEqual([
      ["ordered", null, null, null],
      ["entered", null, "6.40", null],
      ["changed", "6.40", "6.04", "Digits swapped"],
    ]);
  });

  test("what can't be kept is told row by row, and none of the rows is saved", async () => {
    const ids = await received(world, 4);
    const rows = await Promise.all(ids.map((id) => resultOf(world.as.technician, id, "ph")));
    const texts = ["6.5", "6,5", "6.5 mg/L", "<0.05"];
    const answer = await save(rows.map((row, index) => ({ id: row.id, version: row.version, text: texts[index] })));
    expect(answer.status).toBe(422);
    expect(JSON.parse(answer.text).rows.map((each: Record<string, unknown>) => each["why"])).toEqual([
      "Write 6.5 with a point.",
      expect.stringContaining("Write the number alone"),
    ]);
    expect((await resultOf(world.as.technician, ids[0] ?? "", "ph")).text).toBeNull();
    const less = await save([{ id: rows[3]?.id, version: rows[3]?.version, text: "<0.05" }]);
    expect(JSON.parse(less.text).saved[0]).toMatchObject({ text: "<0.05", reported: "<0.05", verdict: "out" });
  });

  test("a calculated value comes from its interim fields alone", async () => {
    const [id = ""] = await received(world);
    const row = await resultOf(world.as.technician, id, "solids");
    expect((await save([{ id: row.id, version: row.version, text: "4" }])).text).toContain("calculated");
    expect(
      (await save([{ id: row.id, version: row.version, interim: { tare: "1", gross: "2", volume: "0" } }])).text,
    ).toContain("divided by zero");
    expect(
      (await save([{ id: row.id, version: row.version, interim: { tare: "1", gross: "2,5", volume: "1" } }])).text,
    ).toContain("Gross: Write 2.5");
    const saved = await save([
      { id: row.id, version: row.version, interim: { tare: "1000.0", gross: "1005.025", volume: "0.5" } },
    ]);
    // 10.05 is over 10; the limit compares what is reported, and half-even reports 10.0.
    expect(JSON.parse(saved.text).saved[0]).toMatchObject({ text: "10.05", reported: "10.0", verdict: "in" });
  });

  test("two people on one row: the second is told who and loses nothing; others' rows go through", async () => {
    const [id = "", next = ""] = await received(world, 2);
    const [row, other] = [
      await resultOf(world.as.technician, id, "ph"),
      await resultOf(world.as.technician, next, "ph"),
    ];
    const answers = await Promise.all([
      save([{ id: row.id, version: row.version, text: "6.1" }]),
      save([{ id: row.id, version: row.version, text: "6.2" }], world.as.admin),
    ]);
    expect(answers.map((each) => each.status).toSorted()).toEqual([200, 412]);
    const late = answers.find((each) => each.status === 412);
    expect(JSON.parse(late?.text ?? "{}")).toMatchObject({
      code: "lab.rows_stale",
      rows: [{ id: row.id, version: row.version + 1 }],
    });
    const both = await save([
      { id: row.id, version: row.version, text: "6.3" },
      { id: other.id, version: other.version, text: "6.3" },
    ]);
    expect(both.status).toBe(412);
    expect((await resultOf(world.as.technician, next, "ph")).text).toBeNull();
  });
});

describe("LAB limits and methods in force when it was registered", () => {
  test("a new specification or method version does not touch what is registered", async () => {
    const [before = ""] = await received(world);
    await world.as.admin("POST", `/api/lab/specifications/${world.specification}/versions`, {
      body: {
        reason: "Tighter",
        limits: [{ methodId: world.ph, analyte: "ph", low: "6.9", high: "7.0", compare: "entered" }],
      },
    });
    await world.as.admin("POST", `/api/lab/methods/${world.ph}/versions`, {
      body: {
        reason: "Two places",
        definition: { ...phDefinition, analytes: [{ ...phDefinition.analytes[0], decimals: 2 }] },
      },
    });
    const ph = await resultOf(world.as.technician, before, "ph");
    await save([{ id: ph.id, version: ph.version, text: "6.55" }]);
    expect(await resultOf(world.as.technician, before, "ph")).toMatchObject({
      verdict: "in",
      limit: "5.0–7.0",
      reported: "6.6",
      method: { number: 1 },
    });
    const [after = ""] = await received(world);
    expect(await resultOf(world.as.technician, after, "ph")).toMatchObject({ limit: "6.9–7.0", method: { number: 2 } });
    // Back to what the other tests stand on.
    await world.as.admin("POST", `/api/lab/specifications/${world.specification}/versions`, {
      body: {
        reason: "As before",
        limits: [
          { methodId: world.ph, analyte: "ph", low: "5.0", high: "7.0", compare: "entered" },
          { methodId: world.solids, analyte: "solids", high: "10", compare: "rounded" },
        ],
      },
    });
  });

  test("several specifications are evaluated at publication, and no result is changed by it", async () => {
    const strict = await world.as.admin("POST", "/api/lab/specifications", {
      body: {
        productId: world.product,
        code: "SPC-STRICT",
        title: "Customer B",
        reason: "New",
        limits: [{ methodId: world.ph, analyte: "ph", low: "6.6", high: "7.0", compare: "entered" }],
      },
    });
    const [id = ""] = await received(world, 1, { specificationId: world.specification });
    await entered(world, id, "6.5");
    await world.as.reviewer("POST", `/api/lab/samples/${id}/verify`, {
      version: (await sampleOf(world.as.reader, id)).version,
    });
    const before = await sampleOf(world.as.reader, id);
    await world.as.reviewer("POST", `/api/lab/samples/${id}/publish`, {
      version: before.version,
      body: { specificationIds: [strict.body["id"]] },
    });
    const told = JSON.parse((await world.as.reader("GET", `/api/lab/samples/${id}`)).text);
    expect(
      told.publications[0].evaluations.map((each: Record<string, unknown>) => [each["specification"], each["verdict"]]),
    ).toEqual([
      ["SPC-1", "in"],
      ["SPC-STRICT", "out"],
    ]);
    expect(told.results.map((each: Record<string, unknown>) => each["text"])).toEqual(
      before.results.map((each) => each.text),
    );
  });
});
