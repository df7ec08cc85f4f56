import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { asDoor, placeLeaves } from "@probity/kernel/testing";
import { entered, investigated, openLab, received, resultOf, sampleOf, type LabWorld } from "../testing/world.ts";
import { signerOf, verifySigned } from "../testing/signer.ts";

let world: LabWorld;
/** A sample with everything: out of specification, retested by a plan, changed with a reason, signed, published. */
let id = "";
let first = "";
let second = "";
beforeAll(async () => {
  world = await openLab();
  const signer = await signerOf(world, "reviewer");
  [id = ""] = await received(world);
  await entered(world, id, "7.9");
  const original = await resultOf(world.as.reader, id, "ph");
  first = original.id;
  const investigation = await investigated(world, first);
  const body = { reason: "Electrode dry" };
  second = String(
    (await world.as.reviewer("POST", `/api/lab/results/${first}/retest`, { version: original.version, body })).body[
      "id"
    ],
  );
  const save = (row: Record<string, unknown>) =>
    world.as.technician("POST", "/api/lab/results/save", { body: { rows: [row] } });
  await save({ id: second, version: 1, text: "6.4" });
  await save({ id: second, version: 2, text: "6.5", reason: "Misread the display" });
  await investigation.conclude();
  const of = `/api/lab/samples/${id}`;
  const signed = await verifySigned(signer, of, (await sampleOf(world.as.reader, id)).version);
  if (signed.status !== 201) throw new Error(signed.text);
  const version = (await sampleOf(world.as.reader, id)).version;
  await world.as.reviewer("POST", `${of}/publish`, { version, body: { specificationIds: [] } });
  await placeLeaves(world.server);
});
afterAll(() => world?.server.close());

const get = async (path: string) => JSON.parse((await world.as.reader("GET", path)).text);

describe("LAB what an inspector asks for", () => {
  test("one result by the nine principles: who, when, original, every change with its reason, signature, place in the log", async () => {
    const found = await get(`/api/lab/results/${second}/evidence`);
    const by = new Map(found.principles.map((each: { key: string }) => [each.key, each]));
    expect([...by.keys()]).toEqual([
      "attributable",
      "legible",
      "contemporaneous",
      "original",
      "accurate",
      "complete",
      "consistent",
      "enduring",
      "available",
    ]);
    const said = JSON.stringify(found.principles);
    for (const words of ["6.4 → 6.5", "Misread the display", "first entered", "numbered without a gap"])
      expect(said.toLowerCase()).toContain(words.toLowerCase());
    expect(said).toMatch(/Signer \d+: Verified/);
    expect(by.get("accurate")).toMatchObject({ standing: "shown" });
    expect(by.get("enduring")).toMatchObject({ standing: "shown" });
    expect(found.story.versions.every((each: { leaf: number | null }) => each.leaf !== null)).toBe(true);
    // The same, from the audit trail: one record's events and nobody else's.
    const told = JSON.parse((await world.as.admin("GET", `/api/ledger/events?row=${second}`)).text);
    expect(new Set(told.items.map((each: { recordId: string }) => each.recordId))).toEqual(new Set([second]));
    expect(told.items.length).toBeGreaterThanOrEqual(found.story.versions.length);
    // What nobody verified is not called accurate.
    const [other = ""] = await received(world);
    await entered(world, other);
    const bare = await get(`/api/lab/results/${(await resultOf(world.as.reader, other, "ph")).id}/evidence`);
    expect(bare.principles.find((each: { key: string }) => each.key === "accurate")).toMatchObject({
      standing: "missing",
    });
  });

  test("a result says what it was made with itself: its own set, as it stood then, never what its worksheet names since", async () => {
    const found = await get(`/api/lab/results/${second}/evidence`);
    const attributable = found.principles.find((each: { key: string }) => each.key === "attributable");
    const labels = attributable.facts.map((each: { label: string }) => each.label);
    expect(labels).toContain("Trained");
    expect(found.used).toEqual([]);
    expect(labels).toContain("Made with");
    const original = found.principles.find((each: { key: string }) => each.key === "original");
    expect(original.facts).toContainEqual({
      label: "Attempt 1",
      value: "7.9: retested",
      opens: { kind: "result", id: first },
    });
    // Who may not take the log away is told so before they try.
    expect(found.mayExport).toBe(false);
  });

  test("the family of a sample holds every retest, worksheet, investigation, signature and publication", async () => {
    const { nodes, edges } = await get(`/api/lab/samples/${id}/genealogy`);
    const kinds = nodes.map((each: { kind: string }) => each.kind);
    for (const kind of ["sample", "result", "investigation", "verification", "publication"])
      expect(kinds).toContain(kind);
    expect(edges).toContainEqual({ from: first, to: second, words: "retested as" });
    const ids = new Set(nodes.map((each: { id: string }) => each.id));
    for (const edge of edges) expect([ids.has(edge.from), ids.has(edge.to)]).toEqual([true, true]);
  });

  test("everything of a sample leaves as JSON, CSV and PDF, with the original values, and leaving is an event", async () => {
    const json = await get(`/api/lab/samples/${id}/record`);
    expect(
      json.results.flatMap((each: { versions: { text: string }[] }) => each.versions.map((step) => step.text)),
    ).toContain("6.4");
    const csv = (await world.as.reader("GET", `/api/lab/samples/${id}/record?format=csv`)).text;
    for (const words of ["7.9", "6.4", "Misread the display", "Electrode dry"]) expect(csv).toContain(words);
    const pdf = await world.as.reader("GET", `/api/lab/samples/${id}/record?format=pdf`);
    expect([pdf.status, pdf.text.slice(0, 5)]).toEqual([200, "%PDF-"]);
    expect((await world.as.reader("GET", "/api/lab/samples/00000000-0000-7000-8000-000000000000/record")).status).toBe(
      404,
    );
  });

  test("lists leave as CSV; the overview counts what its links list", async () => {
    for (const [path, words] of [
      ["/api/lab/results?format=csv&verdict=out", "7.9"],
      ["/api/lab/worksheets?format=csv", "number"],
      ["/api/lab/investigations?format=csv", "OOS-"],
    ] as const) {
      const answer = await world.as.reader("GET", path);
      expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "text/csv; charset=utf-8"]);
      expect(answer.text).toContain(words);
    }
    const { counts, months, backlog } = await get("/api/lab/overview");
    const listed = await get("/api/lab/samples?state=tested");
    expect([counts.tested, listed.total]).toEqual([listed.total, 1]);
    expect(backlog).toEqual([{ age: "day", samples: 1 }]);
    expect(months).toHaveLength(12);
    expect(months.at(-1)).toMatchObject({ out: 1, samples: 1 });
  });

  test("every other list is narrowed by words and state, and leaves as those lines, whose leaving is an event with its filters", async () => {
    const { admin, reviewer, reader } = world.as;
    const made = async (path: string, body: object) => {
      const answer = await admin("POST", path, { body });
      expect([path, answer.status, answer.text]).toEqual([path, 201, answer.text]);
    };
    const today = new Date().toISOString().slice(0, 10);
    const schedule = {
      productId: world.product,
      specificationId: world.specification,
      pointIds: [],
      rhythm: { kind: "days", every: 1 },
      zone: "UTC",
      dueTime: "23:59",
      fromOn: "2099-01-01",
      aheadDays: 2,
      graceMinutes: 60,
      missed: "mark",
    };
    await made("/api/lab/schedules", { name: "Night round", schedule, reason: "New" });
    const chart = { methodId: world.ph, analyte: "ph", kind: "control", material: "Buffer", lot: "B-7", runs: 20 };
    await made("/api/lab/charts", chart);
    await made("/api/lab/trail-reviews", { from: today, to: today });
    // Path and filter that keeps a line, what that line says, and filters that keep none.
    for (const [path, fits, words, none] of [
      ["schedules", "state=running&q=night", "Night round", ["state=paused", "q=night%20nowhere"]],
      ["charts", "kind=control&q=b-7", "Buffer", ["kind=blank", "q=b-8"]],
      ["trail-reviews", `state=open&q=${today}`, "open", ["state=concluded", "q=nobody"]],
      ["methods/current", "q=ph", "half-up", ["q=nothing"]],
      ["specifications", "q=ph", "SPC-1", ["q=nothing"]],
      ["studies", "", "number,title", ["state=overdue", "q=nothing"]],
      ["trainings", "", "person,method", ["q=nobody", "on=nothing"]],
      ["samples/import", "", "fileName", ["state=refused", "q=nothing"]],
      ["overrides", "", "gate", ["state=asked"]],
    ] as const) {
      const file = async (filters: string) => {
        const answer = await reader("GET", `/api/lab/${path}?${filters}&format=csv`);
        expect([path, answer.status, answer.headers.get("content-type")]).toEqual([
          path,
          200,
          "text/csv; charset=utf-8",
        ]);
        return answer.text.trimEnd().split("\r\n");
      };
      expect([path, (await file(fits)).join("\n")]).toEqual([path, expect.stringContaining(words)]);
      for (const filters of none) {
        expect([path, filters, await file(filters)]).toEqual([path, filters, [expect.any(String)]]);
        expect([path, (await get(`/api/lab/${path}?${filters}`)).items]).toEqual([path, []]);
      }
      // A filter that is none is refused, not overlooked.
      expect([path, (await reader("GET", `/api/lab/${path}?format=xlsx`)).status]).toEqual([path, 400]);
    }
    expect((await reviewer("GET", "/api/lab/charts?kind=neither")).status).toBe(400);
    await placeLeaves(world.server);
    const leaves = await asDoor(
      world.server,
      "select distinct action from kernel.ledger_event where actor_id = $1 and action like 'lab.%' and (action like '%.export' or action like '%.list')",
      [world.reader.membershipId],
    );
    expect(leaves.map((each) => each["action"])).toEqual(
      expect.arrayContaining([
        "lab.schedule.export",
        "lab.control_chart.export",
        "lab.trail_review.export",
        "lab.method.export",
        "lab.specification.export",
        "lab.study.export",
        "lab.training.export",
        "lab.import_file.list",
        "lab.gate_override.export",
      ]),
    );
  });
});
