import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sql } from "kysely";
import type { TestPerson } from "@probity/kernel/testing";
import { entered, investigated, openLab, received, resultOf, sampleOf, type LabWorld } from "../testing/world.ts";
import { query } from "../query.ts";

let world: LabWorld;
beforeAll(async () => {
  world = await openLab();
});
afterAll(() => world?.server.close());

const save = (rows: readonly Record<string, unknown>[], by = world.as.technician) =>
  by("POST", "/api/lab/results/save", { body: { rows } });

describe("LAB verification, lock and retest", () => {
  test("nobody verifies their own result, whatever roles they hold, even after somebody else changed it", async () => {
    const [id = ""] = await received(world);
    await entered(world, id, "6.5", world.as.admin);
    const version = async () => (await sampleOf(world.as.reader, id)).version;
    const own = await world.as.admin("POST", `/api/lab/samples/${id}/verify`, { version: await version() });
    expect([own.status, own.body["code"]]).toEqual([403, "lab.own_result"]);
    const [ph, solids] = [await resultOf(world.as.reader, id, "ph"), await resultOf(world.as.reader, id, "solids")];
    await save([
      { id: ph.id, version: ph.version, text: "6.6", reason: "Read again" },
      { id: solids.id, version: solids.version, interim: { gross: "1002.6" }, reason: "Read again" },
    ]);
    expect((await world.as.admin("POST", `/api/lab/samples/${id}/verify`, { version: await version() })).status).toBe(
      403,
    );
    // The same by a statement of their own, past the route.
    const row = await resultOf(world.as.reader, id, "ph");
    await expect(change(world.admin, "lab.result.verify", row, "state = 'verified'")).rejects.toThrow(
      /nobody verifies their own/,
    );
  });

  test("after verification no route and no statement changes a value", async () => {
    const [id = ""] = await received(world);
    await entered(world, id);
    await world.as.reviewer("POST", `/api/lab/samples/${id}/verify`, {
      version: (await sampleOf(world.as.reader, id)).version,
    });
    const [sample, ph] = [await sampleOf(world.as.reader, id), await resultOf(world.as.reader, id, "ph")];
    const refused = await save([{ id: ph.id, version: ph.version, text: "6.9", reason: "x" }], world.as.admin);
    expect([refused.status, refused.text]).toEqual([422, expect.stringContaining("verified and locked")]);
    expect(
      (
        await world.as.reviewer("POST", `/api/lab/results/${ph.id}/retest`, {
          version: ph.version,
          body: { reason: "x" },
        })
      ).status,
    ).toBe(409);
    expect(
      (
        await world.as.admin("POST", `/api/lab/samples/${id}/cancel`, {
          version: sample.version,
          body: { reason: "x" },
        })
      ).status,
    ).toBe(409);
    for (const [permission, set] of [
      ["lab.result.enter", "text = '6.9', number = 6.9"],
      ["lab.result.enter", "text = '6.9', number = 6.9, state = 'entered', locked_at = null, reason = 'x'"],
      ["lab.sample.unlock", "state = 'entered', locked_at = null"],
      ["lab.result.enter", "verdict = 'out'"],
      ["lab.result.verify", "verified_name = 'Somebody else'"],
      ["lab.history.load", "text = '6.9', locked_at = null"],
    ] as const)
      await expect(change(world.admin, permission, ph, set)).rejects.toThrow();
    expect(await resultOf(world.as.reader, id, "ph")).toEqual(ph);
    for (const set of [
      "state = 'tested'",
      "lot = 'other'",
      "received_at = now() - interval '1 day'",
      "verdict = 'in', sampled_at = now()",
    ])
      await expect(change(world.admin, "lab.result.enter", sample, set, "lab.sample")).rejects.toThrow();
  });

  test("an admin unlocks with a reason and a fresh proof; the old version stays; another publication supersedes", async () => {
    const [id = ""] = await received(world);
    await entered(world, id);
    const version = async () => (await sampleOf(world.as.reader, id)).version;
    await world.as.reviewer("POST", `/api/lab/samples/${id}/verify`, { version: await version() });
    await world.as.reviewer("POST", `/api/lab/samples/${id}/publish`, {
      version: await version(),
      body: { specificationIds: [] },
    });
    const bare = await world.server.withKey(world.admin, ["lab.sample.unlock", "lab.sample.read"]);
    expect(
      (
        await bare("POST", `/api/lab/samples/${id}/unlock`, {
          version: await version(),
          body: { reason: "Wrong dilution" },
        })
      ).body["code"],
    ).toBe("signing.person_only");
    const reopened = await world.as.admin("POST", `/api/lab/samples/${id}/unlock`, {
      version: await version(),
      body: { reason: "Wrong dilution" },
    });
    expect([reopened.status, reopened.body["detail"]]).toEqual([200, undefined]);
    const ph = await resultOf(world.as.technician, id, "ph");
    expect((await save([{ id: ph.id, version: ph.version, text: "6.8", reason: "Dilution corrected" }])).status).toBe(
      200,
    );
    await world.as.reviewer("POST", `/api/lab/samples/${id}/verify`, { version: await version() });
    await world.as.reviewer("POST", `/api/lab/samples/${id}/publish`, {
      version: await version(),
      body: { specificationIds: [] },
    });
    const told = JSON.parse((await world.as.reader("GET", `/api/lab/samples/${id}`)).text);
    expect(told.publications.map((each: Record<string, unknown>) => each["number"])).toEqual([2, 1]);
    expect(told.unlocks).toMatchObject([{ reason: "Wrong dilution" }]);
    const story = JSON.parse((await world.as.reader("GET", `/api/lab/results/${ph.id}/story`)).text);
    expect(story.versions.map((each: Record<string, unknown>) => each["act"])).toEqual([
      "ordered",
      "entered",
      "verified",
      "unlocked",
      "changed",
      "verified",
    ]);
  });

  test("a retest keeps the original as it was, and the publication tells of it", async () => {
    const [id = ""] = await received(world);
    await entered(world, id, "7.9");
    expect((await sampleOf(world.as.reader, id)).verdict).toBe("out");
    const first = await resultOf(world.as.reader, id, "ph");
    expect(
      (
        await world.as.technician("POST", `/api/lab/results/${first.id}/retest`, {
          version: first.version,
          body: { reason: "x" },
        })
      ).status,
    ).toBe(403);
    const investigation = await investigated(world, first.id);
    const again = await world.as.reviewer("POST", `/api/lab/results/${first.id}/retest`, {
      version: first.version,
      body: { reason: "Electrode dry" },
    });
    expect([again.status, again.body["attempt"]]).toEqual([201, 2]);
    expect((await sampleOf(world.as.reader, id)).state).toBe("received");
    const second = await resultOf(world.as.technician, id, "ph");
    await save([{ id: second.id, version: second.version, text: "6.6" }]);
    const after = await sampleOf(world.as.reader, id);
    expect([after.state, after.verdict]).toEqual(["tested", "in"]);
    expect(after.results.find((each) => each.id === first.id)).toMatchObject({
      text: "7.9",
      verdict: "out",
      state: "retested",
    });
    expect((await save([{ id: first.id, version: first.version + 1, text: "6.9", reason: "x" }])).status).toBe(422);
    await investigation.conclude();
    await world.as.reviewer("POST", `/api/lab/samples/${id}/verify`, { version: after.version });
    await world.as.reviewer("POST", `/api/lab/samples/${id}/publish`, {
      version: (await sampleOf(world.as.reader, id)).version,
      body: { specificationIds: [] },
    });
    const told = JSON.parse((await world.as.reader("GET", `/api/lab/samples/${id}`)).text);
    expect(told.publications[0].evaluations[0].lines.at(-1)).toMatchObject({
      name: "pH",
      entered: "6.6",
      retested: ["7.9"],
    });
  });

  test("times are the server's: none is taken from a request, and a statement can't write another", async () => {
    const [id = ""] = await received(world);
    const ph = await resultOf(world.as.technician, id, "ph");
    expect(
      (await save([{ id: ph.id, version: ph.version, text: "6", enteredAt: "2020-01-01T00:00:00Z" }])).status,
    ).toBe(400);
    const later = new Date(Date.now() + 3_600_000).toISOString();
    const future = await world.as.technician("POST", "/api/lab/samples", {
      body: { samples: [{ productId: world.product, sampledAt: later }] },
    });
    expect([future.status, future.body["code"]]).toEqual([422, "lab.sampled_later"]);
    await expect(
      change(
        world.technician,
        "lab.result.enter",
        ph,
        "state = 'entered', text = '6', number = 6, verdict = 'in', entered_at = now() - interval '2 days'",
      ),
    ).resolves.toBeDefined();
    const story = JSON.parse((await world.as.reader("GET", `/api/lab/results/${ph.id}/story`)).text);
    expect(Date.now() - Date.parse(story.enteredAt)).toBeLessThan(60_000);
    const now = await resultOf(world.as.technician, id, "ph");
    await expect(
      change(world.technician, "lab.result.enter", now, "entered_at = now() - interval '2 days'"),
    ).rejects.toThrow(/time of an entry/);
  });

  /** One statement of one's own, under a permission one holds, with the leaf the guard asks for. */
  function change(
    person: TestPerson,
    permission: string,
    row: { id: string; version: number },
    set: string,
    table = "lab.result",
  ) {
    return world.server.kernel.door.work(person.session, permission, async (tx) => {
      await tx.record({ action: `${table}.test`, record: table, rowId: row.id, version: row.version + 1 });
      const statement = sql`update ${sql.table(table)} set ${sql.raw(set)} where id = ${row.id} returning id`;
      return tx.all({ compile: () => statement.compile(query) });
    });
  }
});
