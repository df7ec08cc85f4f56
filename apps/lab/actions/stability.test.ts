import { createHash, randomUUIDv7 as uuidv7 } from "node:crypto";
import { canonicalText } from "@probity/kernel";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestAnswer, TestCaller } from "@probity/kernel/testing";
import { insertAll, updateAll } from "../bulk.ts";
import { query } from "../query.ts";
import { addMonths, dayIn } from "../schedule/rhythm.ts";
import { entered, investigated, openLab, received, resultOf, type LabWorld } from "../testing/world.ts";
import { fitBatches, shelfLife } from "../statistic/stability.ts";
import { loadStudy } from "../testing/study.ts";

let world: LabWorld;
const studies = "/api/lab/studies";
const today = dayIn("UTC", new Date());
beforeAll(async () => {
  world = await openLab();
});
afterAll(() => world?.server.close());

const content = (more: Record<string, unknown> = {}) => ({
  zone: "UTC",
  keeping: "room",
  container: "HDPE bottle, 30 mL",
  orientation: "upright",
  windowBefore: 3,
  windowAfter: 7,
  assays: ["ph"],
  batches: ["A", "B", "C"],
  conditions: [
    { key: "initial", title: "Initial", kind: "initial", months: [0], units: 2 },
    { key: "c25", title: "25 °C/60 % RH", kind: "long-term", months: [3, 6, 9, 12], units: 2 },
    { key: "c40", title: "40 °C/75 % RH", kind: "accelerated", months: [3, 6], units: 2 },
  ],
  ...more,
});
const stored = [
  { condition: "initial", units: 2, place: "Laboratory" },
  { condition: "c25", units: 20, place: "Chamber 1" },
  { condition: "c40", units: 10, place: "Chamber 3" },
];
const said = (more: Record<string, unknown> = {}) => ({
  specificationId: world.specification,
  content: content(more),
  reason: "New",
});
const code = ({ status, body }: TestAnswer) => [status, body["code"]];
async function draft(): Promise<{ study: string; protocol: string }> {
  const made = await world.as.technician("POST", studies, {
    body: { productId: world.product, title: "Shelf life", ...said() },
  });
  if (made.status !== 201) throw new Error(made.text);
  return { study: String(made.body["id"]), protocol: String(made.body["protocolId"]) };
}
const approve = (by: TestCaller, protocol: string, version = 1) =>
  by("POST", `/api/lab/study-protocols/${protocol}/approve`, { version });
async function started(): Promise<string> {
  const { study, protocol } = await draft();
  expect((await approve(world.as.reviewer, protocol)).status).toBe(200);
  const answer = await world.as.technician("POST", `${studies}/${study}/batches`, { body: { lot: "A", stored } });
  if (answer.status !== 201) throw new Error(answer.text);
  return study;
}
type Pull = {
  id: string;
  version: number;
  months: number;
  condition: string;
  state: string;
  dueOn: string;
  deviation: string | null;
  batch: string;
  sampleId: string | null;
};
type Study = {
  pulls: Pull[];
  batches: { lot: string; storages: { condition: string; units: number; left: number }[] }[];
  protocols: { state: string }[];
};
const read = async (id: string): Promise<Study> => JSON.parse((await world.as.reader("GET", `${studies}/${id}`)).text);
const pullOf = async (study: string, condition: string, months: number) => {
  const found = (await read(study)).pulls.find((each) => each.condition === condition && each.months === months);
  if (found === undefined) throw new Error("no such pull");
  return found;
};
const pull = (by: TestCaller, { id, version }: { id: string; version: number }, reason?: string) =>
  by("POST", `/api/lab/study-pulls/${id}/pull`, { version, body: reason === undefined ? {} : { reason } });
const directly = <T>(
  permission: string,
  run: Parameters<typeof world.server.kernel.door.work<T>>[2],
  who = world.admin,
) => world.server.kernel.door.work(who.session, permission, run);

describe("LAB stability protocol", () => {
  test("it is frozen by another person's approval: whoever wrote any of it is refused, in the database too", async () => {
    const { study, protocol } = await draft();
    const change = (version: number, by = world.as.admin) =>
      by("PUT", `/api/lab/study-protocols/${protocol}`, { version, body: said({ container: "Glass bottle" }) });
    expect((await change(1)).status).toBe(200);
    // The technician wrote the first version, the admin the second; the admin may approve, but not this one.
    expect(code(await approve(world.as.admin, protocol, 2))).toEqual([403, "lab.protocol_own"]);
    expect((await approve(world.as.technician, protocol, 2)).status).toBe(403);
    const past = directly("lab.study.approve", (tx) =>
      updateAll(tx, "lab.study_protocol", "lab.test", [
        { row: { id: protocol, version: 2, state: "approved" }, fields: {} },
      ]),
    );
    await expect(past).rejects.toMatchObject({ message: "nobody approves their own protocol" });
    expect(
      (await world.as.technician("POST", `${studies}/${study}/batches`, { body: { lot: "A", stored } })).status,
    ).toBe(409);
    expect((await approve(world.as.reviewer, protocol, 2)).status).toBe(200);
    expect(code(await change(3))).toEqual([409, "lab.protocol_frozen"]);
    const later = directly("lab.study.change", (tx) =>
      updateAll(tx, "lab.study_protocol", "lab.test", [
        { row: { id: protocol, version: 3, content: content({ windowAfter: 60 }) }, fields: {} },
      ]),
    );
    await expect(later).rejects.toMatchObject({ code: "kernel.locked" });
    expect(code(await approve(world.as.reviewer, protocol, 3))).toEqual([409, "lab.protocol_frozen"]);
  });

  test("a change after the start is a next version, and started batches keep the one they were started under", async () => {
    const study = await started();
    const next = await world.as.technician("POST", `${studies}/${study}/protocols`, {
      body: said({ windowAfter: 30 }),
    });
    expect(next.status).toBe(201);
    expect(code(await world.as.technician("POST", `${studies}/${study}/protocols`, { body: said() }))).toEqual([
      409,
      "lab.protocol_drafted",
    ]);
    expect((await approve(world.as.reviewer, String(next.body["id"]))).status).toBe(200);
    const before = await read(study);
    expect(
      (await world.as.technician("POST", `${studies}/${study}/batches`, { body: { lot: "B", stored } })).status,
    ).toBe(201);
    const after = await read(study);
    expect(after.pulls.filter(({ batch }) => batch === "A")).toEqual(before.pulls);
    expect(after.batches.map((each) => [each.lot, Reflect.get(each, "protocol")])).toEqual([
      ["A", 1],
      ["B", 2],
    ]);
  });

  test("what makes no sense is refused in words", async () => {
    const refuse = async (more: Record<string, unknown>) => {
      const answer = await world.as.technician("POST", studies, {
        body: { productId: world.product, title: "X", ...said(more) },
      });
      return code(answer);
    };
    const [initial, long] = content().conditions;
    expect(await refuse({ conditions: [long, long] })).toEqual([422, "lab.protocol_wrong"]);
    expect(await refuse({ conditions: [initial, { ...long, kind: "accelerated" }] })).toEqual([
      422,
      "lab.protocol_wrong",
    ]);
    expect(await refuse({ conditions: [initial, { ...long, months: [6, 3] }] })).toEqual([422, "lab.protocol_wrong"]);
    expect(await refuse({ zone: "Nowhere/Else" })).toEqual([422, "lab.protocol_wrong"]);
    expect(await refuse({ assays: ["strength"] })).toEqual([422, "lab.protocol_wrong"]);
  });
});

describe("LAB pulls", () => {
  test("every pull follows from the protocol and the day of the start; units left are counted", async () => {
    const study = await started();
    const { pulls, batches } = await read(study);
    expect(pulls.map(({ condition, months, dueOn }) => [condition, months, dueOn])).toEqual(
      [
        ["initial", 0],
        ["c25", 3],
        ["c25", 6],
        ["c25", 9],
        ["c25", 12],
        ["c40", 3],
        ["c40", 6],
      ].map(([condition, months]) => [condition, months, addMonths(today, Number(months))]),
    );
    expect(batches[0]?.storages.find(({ condition }) => condition === "c25")).toMatchObject({ units: 20, left: 20 });
    const start = (lot: string, of = stored) =>
      world.as.technician("POST", `${studies}/${study}/batches`, { body: { lot, stored: of } });
    expect(code(await start("A"))).toEqual([409, "lab.batch_started"]);
    expect(code(await start("Z"))).toEqual([422, "lab.batch_wrong"]);
    expect(
      code(
        await start(
          "B",
          stored.map((each) => ({ ...each, units: 3 })),
        ),
      ),
    ).toEqual([422, "lab.batch_wrong"]);
  });

  test("one inside its window is done once, however many try at once, and registers its own sample", async () => {
    const study = await started();
    const first = await pullOf(study, "initial", 0);
    const answers = await Promise.all(Array.from({ length: 4 }, () => pull(world.as.technician, first)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409, 409, 409]);
    const done = await pullOf(study, "initial", 0);
    expect(done).toMatchObject({ state: "pulled", deviation: null, pulledOn: today });
    const sample = JSON.parse((await world.as.reader("GET", `/api/lab/samples/${done.sampleId}`)).text);
    expect(sample).toMatchObject({ lot: "A", state: "registered", specificationNumber: 1 });
    expect((await read(study)).batches[0]?.storages[0]).toMatchObject({ left: 0 });
    expect((await pull(world.as.reviewer, await pullOf(study, "c25", 3), "why")).status).toBe(403);
  });

  test("one outside its window says why and is kept as a deviation; a time that was sent is not the time of the pull", async () => {
    const study = await started();
    const early = await pullOf(study, "c40", 3);
    expect(code(await pull(world.as.technician, early))).toEqual([422, "lab.pull_outside"]);
    // Past the route: without a reason, with a time of one's own, with the sample of another batch.
    const act = (row: Record<string, unknown>, permission = "lab.study.pull") =>
      directly(permission, (tx) =>
        updateAll(tx, "lab.study_pull", "lab.test", [
          { row: { id: early.id, version: early.version, state: "pulled", ...row }, fields: {} },
        ]),
      );
    const [other = ""] = await received(world, 1, { lot: "B" });
    await expect(act({ sample_id: other })).rejects.toMatchObject({ message: "a pull outside its window says why" });
    await expect(act({ sample_id: other, reason: "Moved house" })).rejects.toMatchObject({
      message: "the sample is not one of this pull",
    });
    const [old = ""] = await received(world, 1, { lot: "A" });
    await expect(act({ sample_id: old, reason: "An older one" })).rejects.toMatchObject({
      message: "the sample is not one of this pull",
    });
    await expect(act({ sample_id: old, reason: "x" }, "lab.sample.receive")).rejects.toMatchObject({
      message: "a pull is done by who may",
    });
    await expect(act({ state: "planned", units: 1 })).rejects.toMatchObject({
      message: "a pull stays where its protocol put it",
    });
    await expect(act({ state: "planned", pulled_on: "2020-01-01" })).rejects.toMatchObject({
      message: "who pulled is written by the pull",
    });
    const dated = await directly("lab.study.pull", async (tx) => {
      const rows = {
        id: early.id,
        version: early.version,
        state: "omitted",
        reason: "Broken",
        pulled_on: early.dueOn,
        pulled_at: `${early.dueOn}T08:00:00Z`,
        pulled_by: world.reviewer.membershipId,
        deviation: null,
      };
      await updateAll(tx, "lab.study_pull", "lab.test", [{ row: rows, fields: {} }]);
      return tx.first(
        query
          .selectFrom("lab.study_pull")
          .select([sql<string>`pulled_on::text`.as("on"), "pulled_by", "deviation"])
          .where("id", "=", early.id),
      );
    });
    expect(dated).toEqual({ on: today, pulled_by: world.admin.membershipId, deviation: "omitted" });
    const next = await pullOf(study, "c25", 3);
    expect((await pull(world.as.technician, next, "The chamber is switched off tomorrow")).status).toBe(200);
    expect(await pullOf(study, "c25", 3)).toMatchObject({ state: "pulled", deviation: "early" });
    expect(code(await pull(world.as.technician, next, "again"))).toEqual([409, "lab.pull_done"]);
  });

  test("nothing is planned later or elsewhere by a statement of one's own, and another workspace sees and does nothing", async () => {
    const study = await started();
    const first = await pullOf(study, "initial", 0);
    const storageId = String(Reflect.get(first, "storageId"));
    const plan = (row: Record<string, unknown>) =>
      directly("lab.study.start", (tx) =>
        insertAll(tx, "lab.study_pull", "lab.test", [
          {
            row: {
              id: uuidv7(),
              storage_id: storageId,
              months: 1,
              due_on: today,
              opens_on: today,
              closes_on: today,
              units: 2,
              state: "planned",
              ...row,
            },
            fields: {},
          },
        ]),
      );
    await expect(plan({})).rejects.toMatchObject({
      message: "what is stored and pulled is laid down when a batch is started",
    });
    const stranger = world.server.as(
      await world.server.member(await world.server.kernel.foundWorkspace("elsewhere"), "owner"),
    );
    expect((await stranger("GET", `${studies}/${study}`)).status).toBe(404);
    expect((await pull(stranger, first)).status).toBe(404);
    expect((await stranger("POST", `${studies}/${study}/batches`, { body: { lot: "B", stored } })).status).toBe(404);
  });
});

describe("LAB evaluation of a study", () => {
  const ask = (study: string, more = "") =>
    world.as.reader("GET", `${studies}/${study}/evaluation?analyte=ph&condition=c25${more}`);
  const keep = (study: string, by = world.as.reviewer) =>
    by("POST", `${studies}/${study}/evaluations`, { body: { analyte: "ph", condition: "c25" } });
  const slope = (lot: string, months: number) => 6.5 - 0.02 * months + ((months * 7 + lot.charCodeAt(0)) % 5) * 0.004;

  test("what is kept can be recomputed from its own inputs: results by id and version, hash and shelf life agree", async () => {
    const study = await loadStudy(world, content(), slope);
    const made = await keep(study);
    expect([made.status, made.text]).toEqual([201, expect.stringContaining("sha256")]);
    const file = await world.as.reader("GET", `/api/lab/study-evaluations/${String(made.body["id"])}`);
    const { content: kept, sha256 } = JSON.parse(file.text);
    expect(createHash("sha256").update(canonicalText(kept)).digest("hex")).toBe(sha256);
    expect(kept.inputs).toHaveLength(15);
    const batches = ["A", "B", "C"].map((name) => ({
      name,
      points: kept.inputs
        .filter((each: { batch: string }) => each.batch === name)
        .map((each: { months: number; value: string }) => ({ x: each.months, y: Number(each.value) })),
    }));
    const life = shelfLife(batches, fitBatches(batches), { lower: 5, upper: 7 }, 120);
    expect(kept.result.crossing.months).toBe(life.time);
    // Twelve months of data, no significant change at six months of 40 °C: 24 at most.
    expect(kept.extrapolation).toMatchObject({ covered: 12, limit: 24 });
    expect(made.body["months"]).toBe(24);
    const csv = await world.as.reader("GET", `/api/lab/study-evaluations/${String(made.body["id"])}?format=csv`);
    expect(csv.text.split("\r\n").filter((line) => line.startsWith("estimate,"))).toHaveLength(15);
    expect((await keep(study, world.as.technician)).status).toBe(403);
    const change = directly("lab.study.evaluate", (tx) =>
      updateAll(tx, "lab.study_evaluation", "lab.test", [
        { row: { id: String(made.body["id"]), version: 1, months: 60 }, fields: {} },
      ]),
    );
    await expect(change).rejects.toMatchObject({ code: "kernel.locked" });
  });

  test("significant change at the accelerated condition takes the extrapolation away and is said", async () => {
    const study = await loadStudy(world, content(), (lot, months, condition) =>
      condition === "c40" ? 6.5 - 0.08 * months : slope(lot, months),
    );
    const { content: now } = JSON.parse((await ask(study)).text);
    expect(now.significantChange.accelerated.shown).toBe("change");
    expect(now.significantChange.accelerated.findings[0]).toContain("moved by");
    expect(now.result.months).toBe(12);
  });

  test("too few batches, too few time points, values below quantification: each refusal is a sentence, and nothing is kept", async () => {
    const two = await loadStudy(world, content(), slope, { lots: ["A", "B"] });
    expect(JSON.parse((await ask(two)).text).refused).toEqual(["2 batches with data; ICH Q1E asks for three."]);
    expect(code(await keep(two))).toEqual([409, "lab.evaluation_refused"]);
    const short = await loadStudy(world, content(), slope, { until: 3 });
    expect(JSON.parse((await ask(short)).text).refused.join()).toContain("Fewer than three time points");
    const low = await loadStudy(world, content(), slope, { censored: true });
    expect(JSON.parse((await ask(low)).text).refused.join()).toContain("below or beyond what can be quantified");
  });

  test("what is not verified, changed since, or waits for an investigation makes no evaluation, past the route either", async () => {
    const study = await loadStudy(world, content(), slope, { until: 9 });
    const due = await pullOf(study, "c25", 12);
    expect((await pull(world.as.technician, due, "Due in a while")).status).toBe(200);
    const { sampleId } = await pullOf(study, "c25", 12);
    const sample = String(sampleId);
    await world.as.technician("POST", "/api/lab/samples/receive", { body: { ids: [sample] } });
    await entered(world, sample, "7.9");
    // Entered and not verified: asked up to 12 months, it is refused; it can't be left out of them.
    const through = JSON.parse((await ask(study, "&throughMonths=12")).text);
    expect(through.refused.join()).toContain("not verified");
    const forge = (change: (input: Record<string, unknown>) => Record<string, unknown>) =>
      directly(
        "lab.study.evaluate",
        async (tx) => {
          const { content: now } = JSON.parse((await ask(study)).text);
          const inputs = [change(now.inputs[0]), ...now.inputs.slice(1)];
          const row = {
            id: uuidv7(),
            study_id: study,
            number: 1,
            analyte: "ph",
            condition: "c25",
            through_months: 9,
            months: 18,
            content: { ...now, inputs },
            sha256: "0".repeat(64),
          };
          await insertAll(tx, "lab.study_evaluation", "lab.test", [{ row, fields: {} }]);
        },
        world.reviewer,
      );
    const open = await resultOf(world.as.reader, sample, "ph");
    const message = "an evaluation is made from verified results of its study";
    await expect(
      forge((input) => ({ ...input, resultId: open.id, resultVersion: open.version, value: "7.9", months: 12 })),
    ).rejects.toMatchObject({ message });
    await expect(forge((input) => ({ ...input, value: "6.6" }))).rejects.toMatchObject({ message });
    await expect(forge((input) => ({ ...input, batch: "B" }))).rejects.toMatchObject({ message });
    await expect(forge((input) => ({ ...input, resultVersion: 7 }))).rejects.toMatchObject({ message });
    await investigated(world, open.id);
    expect(JSON.parse((await ask(study)).text).refused.join()).toContain("not explained to its end");
    await expect(forge((input) => input)).rejects.toMatchObject({ message: "an investigation of this study is open" });
    expect(code(await keep(study))).toEqual([409, "lab.evaluation_refused"]);
  });
});
