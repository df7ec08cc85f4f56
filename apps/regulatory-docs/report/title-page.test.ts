import { expect, test } from "vitest";
import { machineView } from "../actions/run-view.ts";
import { analyse, documentFromText, loadPack } from "../engine/index.ts";
import { exampleInput } from "./example-input.ts";
import { resultSentence } from "./title-page.ts";

test("AI-06 the result says how many gaps have no document meant for them", () => {
  const input = exampleInput(32, 1);
  expect(resultSentence(input)).toContain(
    "For 2 of these gaps no document is meant; 2 have one that does not settle the subject yet.",
  );
  const meant = (answer: boolean | null) => ({
    ...input,
    findings: input.findings.map((each) => ({
      ...each,
      addressed: answer === null ? null : { score: 0, meant: answer, documentName: null, why: [] },
    })),
  });
  expect(resultSentence(meant(false))).toContain("No document is meant for any of these gaps.");
  expect(resultSentence(meant(true))).toContain("Each of these gaps has a document that is meant for it");
  expect(resultSentence(meant(null))).not.toContain("meant");
});

test("AI-06 a run kept before it was asked which document is meant is shown without an answer", () => {
  const pack = loadPack("iso-13485");
  const run = analyse(pack, [documentFromText("a", "# Internal audit\n\nTo be written.\n")]);
  const [audit] = run.requirements.filter((each) => each.id === "8.2.4");
  if (!audit) throw new Error("The pack has no 8.2.4");
  expect(machineView(run, audit, () => 1).addressed).toMatchObject({ meant: true, documentId: "a", documentName: "a" });
  const { addressed: _, ...older } = audit;
  expect(machineView(run, older, () => 1).addressed).toBeNull();
});
