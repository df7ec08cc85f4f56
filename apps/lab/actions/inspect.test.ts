import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { placeLeaves } from "@probity/kernel/testing";
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
});
