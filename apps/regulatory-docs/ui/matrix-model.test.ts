import { expect, test } from "vitest";
import { chapters, count, filterOf, heatMap, meanCoverage, nextUndecided, select } from "./matrix-model.ts";
import type { Finding } from "./types.ts";

function finding(requirementId: string, parts: Partial<Finding> = {}): Finding {
  return {
    id: `f-${requirementId}`,
    version: 1,
    requirementId,
    title: `Requirement ${requirementId}`,
    summary: "",
    group: `${requirementId.slice(0, 1)} Chapter`,
    status: "covered",
    coverage: 1,
    addressed: null,
    decidedStatus: null,
    decision: null,
    assignee: null,
    dueOn: null,
    note: null,
    changed: false,
    obligations: [],
    evidence: [],
    nextStep: "",
    reasons: [],
    ...parts,
  };
}

const accepted = { kind: "accepted", status: "gap", reasonCode: null, reason: null, by: "Ana", at: "" } as const;
const list = [
  finding("4.1", { decision: accepted }),
  finding("4.2", { status: "gap", coverage: 0 }),
  finding("5.1", { status: "gap", coverage: 0.2, decidedStatus: "covered" }),
  finding("5.2", { status: "not-assessable", coverage: 0 }),
];

test("a person's status wins over the machine's in filters and counts", () => {
  expect(select(list, "gap").map((item) => item.requirementId)).toEqual(["4.2"]);
  expect(count(list)).toEqual({ covered: 2, partial: 0, gap: 1, notAssessable: 1 });
});

test("after a decision the next undecided finding follows, round the end, and never the same one", () => {
  expect(nextUndecided(list, "4.1")?.requirementId).toBe("4.2");
  expect(nextUndecided(list, "5.2")?.requirementId).toBe("4.2");
  expect(nextUndecided([finding("4.1")], "4.1")).toBeNull();
});

test("what cannot be assessed does not weigh on a chapter's mean", () => {
  expect(chapters(list).map((chapter) => meanCoverage(chapter.findings))).toEqual([0.5, 0.2]);
  expect(meanCoverage([finding("9", { status: "not-assessable" })])).toBeNull();
});

test("an unknown filter in the address shows everything", () => {
  expect(filterOf("<script>")).toBe("all");
});

test("a chapter that goes on after another is marked so in the list, and is one column of the map", () => {
  const parts = [finding("7.1"), finding("7.2.1", { group: "7.2 Customers" }), finding("7.6")];
  expect(chapters(parts).map((chapter) => [chapter.name, chapter.again ?? false])).toEqual([
    ["7 Chapter", false],
    ["7.2 Customers", false],
    ["7 Chapter", true],
  ]);
  const map = heatMap({ findings: parts, documents: [{ id: "d", name: "Manual", revision: 1, skipped: null }] });
  expect(map.columns).toEqual(["7 Chapter", "7.2 Customers"]);
  expect(map.rows[0]?.cells.map((cell) => cell.of)).toEqual([2, 1]);
});

test("the map leaves out documents that were skipped", () => {
  const evidence = [
    { documentId: "a", documentName: "A", revision: 1, page: 1, start: 0, end: 1, quote: "", obligationIds: [] },
  ];
  const map = heatMap({
    findings: [finding("4.1", { evidence }), finding("4.2")],
    documents: [
      { id: "a", name: "A", revision: 1, skipped: null },
      { id: "b", name: "B", revision: 1, skipped: "scanned" },
    ],
  });
  expect(map.rows).toEqual([{ id: "a", name: "A", cells: [{ hits: 1, of: 2 }] }]);
});
