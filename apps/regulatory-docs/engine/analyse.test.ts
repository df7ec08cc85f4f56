import { describe, expect, test } from "vitest";
import { analyse } from "./analyse.ts";
import { documentFromText } from "./document.ts";
import { FIXTURE_CARRIERS, fixtureDocuments } from "./fixture.ts";
import { loadPack } from "./pack.ts";
import { COVERED_FROM, type GapRun, type RequirementResult } from "./result.ts";

const pack = loadPack("iso-13485");
const documents = fixtureDocuments();

function requirement(run: GapRun, id: string): RequirementResult {
  const found = run.requirements.find((one) => one.id === id);
  if (!found) throw new Error(`no requirement ${id}`);
  return found;
}

describe("a procedure carries its requirement, and taken out leaves a gap", () => {
  const whole = analyse(pack, documents);
  for (const [file, ids] of Object.entries(FIXTURE_CARRIERS)) {
    const without = analyse(
      pack,
      documents.filter((document) => document.name !== file),
    );
    for (const id of ids) {
      test(`${id} is treated by ${file} alone`, () => {
        expect(requirement(whole, id).status).not.toBe("gap");
        expect(requirement(whole, id).carriers[0]?.name).toBe(file);
        expect(requirement(without, id).status).toBe("gap");
      });
    }
  }
});

describe("the same documents give the same run", () => {
  test("whatever their order", () => {
    expect(analyse(pack, documents.toReversed())).toEqual(analyse(pack, documents));
  });

  test("whatever they and their folders are called", () => {
    const plain = (run: GapRun): unknown =>
      run.requirements.map(({ id, status, coverage, evidence }) => ({
        id,
        status,
        coverage,
        quotes: evidence.map((one) => one.quote),
      }));
    const renamed = documents.map((document, index) => ({
      ...document,
      id: `${index}`,
      name: `SOP-8.5.2-CAPA/${index}.txt`,
    }));
    expect(plain(analyse(pack, renamed))).toEqual(plain(analyse(pack, documents)));
  });

  test("run after run, to the byte", () => {
    expect(JSON.stringify(analyse(pack, documents))).toBe(JSON.stringify(analyse(pack, documents)));
  });
});

describe("what looks like coverage and is none", () => {
  const rows = pack.requirements;
  const capa = "8.5.2";

  test("a table of contents", () => {
    const lines = rows.map((one, index) => `${one.id} ${one.title} ........ ${index + 2}`).join("\n");
    const run = analyse(pack, [documentFromText("a", `# Quality system\n\nContents\n\n${lines}\n`)]);
    expect(run.summary.covered + run.summary.partial).toBe(0);
    expect(run.documents[0]?.kind).toBe("index");
  });

  test("a table that maps clauses to procedures", () => {
    const lines = rows.map((one, index) => `| ${one.id} | ${one.title} | SOP-${index} |`).join("\n");
    const run = analyse(pack, [
      documentFromText("a", `# Clause map\n\n| Clause | Title | Procedure |\n| --- | --- | --- |\n${lines}\n`),
    ]);
    expect(run.summary.covered + run.summary.partial).toBe(0);
  });

  describe("inside a document that has content of its own", () => {
    const filler = "Visitors report at the desk, wear a badge and are led to their host by the front office. ".repeat(
      12,
    );
    const said = rows.flatMap((one) =>
      one.obligations.map((obligation) => ({ id: one.id, statement: obligation.statement })),
    );
    const spoken = (lines: string): string => `# Corrective action and complaints\n\n${filler}\n\n${lines}\n`;

    test("lines with leaders and page numbers", () => {
      const run = analyse(pack, [
        documentFromText(
          "a",
          spoken(said.map((one, index) => `${one.statement.replace(/\.$/, "")} ........ ${index}`).join("\n\n")),
        ),
      ]);
      expect(run.documents[0]?.notes.join(" ")).toContain("table of contents");
      expect(run.summary.covered + run.summary.partial).toBe(0);
    });

    test("rows that pair a clause with a procedure", () => {
      const lines = said
        .map((one) => `| ${one.id} | ${one.statement.split(" ").slice(0, 15).join(" ")} | SOP-12 |`)
        .join("\n");
      const run = analyse(pack, [
        documentFromText("a", spoken(`| Clause | Requirement | Procedure |\n|---|---|---|\n${lines}`)),
      ]);
      expect(run.documents[0]?.notes.join(" ")).toContain("map clauses to documents");
      expect(run.summary.covered + run.summary.partial).toBe(0);
    });

    test("the same words as rules do count, so the two tests above can fail", () => {
      const run = analyse(pack, [documentFromText("a", spoken(said.map((one) => one.statement).join("\n\n")))]);
      expect(run.summary.covered + run.summary.partial).toBeGreaterThan(0);
    });
  });

  test("an index page of documents", () => {
    const lines = rows.map((one, index) => `- [SOP-${index} ${one.title}](sop-${index}.md)`).join("\n");
    const run = analyse(pack, [documentFromText("a", `# Procedures\n\n${lines}\n`)]);
    expect(run.summary.covered + run.summary.partial).toBe(0);
  });

  test("a document that only lists clause numbers", () => {
    const lines = rows.map((one) => `- ISO 13485 ${one.id} ${one.title}`).join("\n");
    const run = analyse(pack, [documentFromText("a", `# Statement of conformity\n\nWe conform to:\n\n${lines}\n`)]);
    expect(run.summary.covered + run.summary.partial).toBe(0);
  });

  test("a stub", () => {
    const run = analyse(pack, [
      documentFromText(
        "a",
        "# Corrective action\n\nThe quality manager shall determine the cause of nonconformities.\n",
      ),
    ]);
    expect(requirement(run, capa).status).toBe("gap");
    expect(run.documents[0]?.kind).toBe("stub");
  });

  test("a template of headings and prompts ranks above nothing and stays a gap", () => {
    const text = `# Corrective and preventive action\n\n## 1. Purpose\n\n[State the purpose: root cause analysis, corrective action, verification of effectiveness.]\n\n## 2. Procedure\n\n### 2.1 Root cause\n\n[Describe how the cause of nonconformities is determined.]\n\n### 2.2 Effectiveness\n\n[Describe how the effectiveness of corrective action is reviewed.]\n\n| Record | Retention |\n|---|---|\n|  |  |\n`;
    const run = analyse(pack, [documentFromText("a", text)]);
    expect(run.documents[0]?.kind).toBe("template");
    expect(requirement(run, capa).status).toBe("gap");
    expect(requirement(run, capa).coverage).toBeGreaterThan(0);
    expect(requirement(run, capa).evidence).toEqual([]);
    expect(requirement(run, capa).reasons.join(" ")).toContain("prompts");
  });

  test("a procedure that says it is no longer in force", () => {
    const [audit] = documents.filter((document) => document.name === "audit.md");
    const text = audit?.text ?? "";
    for (const old of [
      `---\ntitle: Internal audits\nstatus: obsolete\n---\n\n${text}`,
      text.replace("1 Programme", "This procedure has been superseded.\n\n1 Programme"),
    ]) {
      const run = analyse(pack, [documentFromText("a", old)]);
      expect(run.documents[0]?.kind).toBe("withdrawn");
      expect(requirement(run, "8.2.4").status).toBe("gap");
    }
    expect(requirement(analyse(pack, [documentFromText("a", text)]), "8.2.4").status).not.toBe("gap");
  });

  test("a manual that points to procedures", () => {
    const manual = documents.filter((document) => document.name === "manual.md");
    const run = analyse(pack, manual);
    for (const id of Object.values(FIXTURE_CARRIERS).flat()) expect(requirement(run, id).status).toBe("gap");
  });

  test("statements that no procedure exists or that it is still to come", () => {
    const denials = [
      "There is no documented procedure for calibration of measuring equipment.",
      "Measuring equipment is not calibrated at planned intervals, and calibration records are not kept.",
      "The calibration procedure is to be defined.",
      "Calibration status stickers: TBD.",
      "Adjustment and protection of measuring equipment is not applicable.",
      "We have no process for judging earlier results when measuring equipment proves out of tolerance.",
      "Validation of test software has not been established.",
    ].join("\n\n");
    const filler = "The building has two floors and a canteen. Visitors report at the desk and wear a badge. ".repeat(
      8,
    );
    const run = analyse(pack, [
      documentFromText("a", `# Calibration of measuring equipment\n\n${denials}\n\n## Visitors\n\n${filler}\n`),
    ]);
    expect(requirement(run, "7.6").status).toBe("gap");
    expect(run.documents[0]?.notes.join(" ")).toContain("does not exist or does not apply");
  });
});

test("AI-06 what is covered has no obligation that nothing speaks of", () => {
  const judged = analyse(pack, documents).requirements.map(({ status, coverage, obligations }) => ({
    status,
    coverage,
    unseen: obligations.some(({ state }) => state === "not-seen"),
  }));
  const full = judged.filter(({ coverage }) => coverage >= COVERED_FROM);
  for (const { status, unseen } of full) expect(status).toBe(unseen ? "partial" : "covered");
  // Both happen in these documents, so the rule is seen at work.
  expect(new Set(full.map(({ unseen }) => unseen)).size).toBe(2);
});

describe("evidence", () => {
  test("is verbatim at its offsets and names obligations of its requirement", () => {
    const run = analyse(pack, documents);
    let quotes = 0;
    for (const one of run.requirements) {
      const ids = new Set(one.obligations.map((obligation) => obligation.id));
      for (const evidence of [...one.evidence, ...one.obligations.flatMap((obligation) => obligation.evidence)]) {
        const text = documents.find((document) => document.id === evidence.document)?.text ?? "";
        expect(text.slice(evidence.start, evidence.end)).toBe(evidence.quote);
        expect(evidence.obligations.every((id) => ids.has(id))).toBe(true);
        quotes += 1;
      }
    }
    expect(quotes).toBeGreaterThan(50);
  });

  test("is ranked, and the next step is told for what is missing", () => {
    const run = analyse(pack, documents);
    for (const one of run.requirements) {
      expect(one.evidence.map((evidence) => evidence.score)).toEqual(
        one.evidence.map((evidence) => evidence.score).toSorted((a, b) => b - a),
      );
      if (one.status === "gap") expect(one.nextStep).not.toBe("");
      expect(one.reasons.length).toBeGreaterThan(0);
    }
  });
});
