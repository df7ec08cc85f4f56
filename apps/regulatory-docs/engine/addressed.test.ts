import { describe, expect, test } from "vitest";
import { analyse } from "./analyse.ts";
import { type AnalysisDocument, documentFromText } from "./document.ts";
import { FIXTURE_CARRIERS, fixtureDocuments } from "./fixture.ts";
import { loadPack } from "./pack.ts";
import type { RequirementResult } from "./result.ts";

const pack = loadPack("iso-13485");
const documents = fixtureDocuments();

const runs = new Map<readonly AnalysisDocument[], RequirementResult[]>();

function requirements(some: readonly AnalysisDocument[]): RequirementResult[] {
  const known = runs.get(some) ?? analyse(pack, some).requirements;
  runs.set(some, known);
  return known;
}

function about(id: string, some: readonly AnalysisDocument[]): RequirementResult {
  const found = requirements(some).find((one) => one.id === id);
  if (!found) throw new Error(`no requirement ${id}`);
  return found;
}

function meant(some: readonly AnalysisDocument[]): string[] {
  return requirements(some).flatMap((one) => (one.addressed.meant ? [one.id] : []));
}

const body = "The head of the department reads each sheet, signs it and keeps it for two years in the steel cabinet. ";
const read = (text: string, name = "a"): AnalysisDocument => documentFromText(name, text);

describe("AI-06 a document is meant for what its title and headings name", () => {
  for (const [file, ids] of Object.entries(FIXTURE_CARRIERS)) {
    test(`${file} is named for its requirement, and without it none is`, () => {
      const rest = documents.filter((document) => document.name !== file);
      for (const id of ids) {
        expect(about(id, documents).addressed).toMatchObject({ meant: true, document: { name: file } });
        expect(about(id, rest).addressed.meant).toBe(false);
      }
    });
  }

  test("though it holds only prompts: the gap stays, and the reason says where it belongs", () => {
    const text =
      "# Corrective and preventive action\n\n## 1. Purpose\n\n[State the purpose: root cause, corrective action.]\n\n## 2. Root cause\n\n[Describe how the cause of nonconformities is determined.]\n\n| Record | Retention |\n|---|---|\n|  |  |\n";
    const result = about("8.5.2", [read(text)]);
    expect(result.status).toBe("gap");
    expect(result.addressed.meant).toBe(true);
    expect(result.reasons[0]).toMatch(
      /^“Corrective and preventive action” is meant for this: its title names the subject/,
    );
    expect(result.reasons[1]).toBe("It holds prompts and empty fields instead of content.");
  });

  test("though it is a stub", () => {
    const result = about("8.2.4", [read("# Internal audit\n\nTo be written by spring.\n")]);
    expect(result.status).toBe("gap");
    expect(result.addressed.meant).toBe(true);
    expect(result.reasons[1]).toBe("It has hardly any content yet.");
  });

  test("by a heading that its title completes: “Review” in “Design and development”", () => {
    const text = `# Design and development\n\n## Planning\n\n${body.repeat(4)}\n\n## Review\n\n${body.repeat(4)}\n\n## Archive\n\n${body.repeat(4)}\n`;
    expect(about("7.3.5", [read(text)]).addressed).toMatchObject({ meant: true, why: ["its section “Review”"] });
    expect(about("7.3.8", [read(text)]).addressed.meant).toBe(false);
  });

  test("and of two the one that says something", () => {
    const audit = documents.filter((document) => document.name === "audit.md");
    const result = about("8.2.4", [...audit, read("# Internal audit\n\nTo be written by spring.\n", "stub")]);
    expect(result.addressed.document?.name).toBe("audit.md");
  });
});

describe("AI-06 no document is meant for a requirement", () => {
  const rows = pack.requirements;
  const pages: Record<string, string> = {
    "that a contents page lists": `# Quality system\n\nContents\n\n${rows.map((one, at) => `${one.id} ${one.title} ........ ${at}`).join("\n")}\n`,
    "that a table maps to a procedure": `# Clause map\n\n| Clause | Title | Procedure |\n|---|---|---|\n${rows.map((one, at) => `| ${one.id} | ${one.title} | SOP-${at} |`).join("\n")}\n`,
    "that a list of procedures names": `# Procedures\n\n${rows.map((one, at) => `- [SOP-${at} ${one.title}](sop-${at}.md)`).join("\n")}\n`,
    "that an obsolete procedure treated": `---\ntitle: Internal audits\nstatus: obsolete\n---\n\n# Internal audits\n\n## Audit programme\n\n${body.repeat(8)}\n`,
  };
  test.each(Object.keys(pages))("%s", (name) => {
    expect(meant([read(pages[name] ?? "")])).toEqual([]);
  });

  test("that a manual has a heading for, but for the manual itself", () => {
    const text = `# Quality manual\n\n${rows.map((one) => `## ${one.id} ${one.title}\n\n${one.summary} See the procedure.`).join("\n\n")}\n`;
    const ids = meant([read(text)]);
    expect(ids).toContain("4.2.2");
    for (const id of Object.values(FIXTURE_CARRIERS).flat()) expect(ids).not.toContain(id);
  });

  test("that stands in one section of a procedure on something else", () => {
    const text = `# Internal audit\n\n## Programme\n\n${body.repeat(3)}\n\n## Auditors\n\n${body.repeat(3)}\n\n## Report\n\n${body.repeat(3)}\n\n## Closing\n\n${body.repeat(3)}\n\n## Calibration\n\n${body.repeat(3)}\n`;
    const result = about("7.6", [read(text)]);
    expect(result.addressed).toMatchObject({ meant: false, document: { name: "a" } });
    expect(result.reasons[0]).toContain("No document is meant for this");
  });

  test("that a line names which the page's layout made look like a heading", () => {
    const line = "Internal audit reports reach the head of production within five working days after each visit";
    const text = (heading: string): string => `# Parking\n\n## ${heading}\n\n${body.repeat(8)}\n`;
    expect(about("8.2.4", [read(text(line))]).addressed.meant).toBe(false);
    expect(about("8.2.4", [read(text("Internal audit"))]).addressed.meant).toBe(true);
  });

  test("that a form's heading names on every document", () => {
    const sheet = (title: string): string => `# ${title}\n\n## Document control\n\n${body.repeat(8)}\n`;
    const set = ["Cleaning the kitchen", "Parking", "Visitors", "Keys"].map((title) => read(sheet(title), title));
    expect(about("4.2.4", set).addressed.meant).toBe(false);
    expect(about("4.2.4", set.slice(0, 1)).addressed.meant).toBe(true);
  });
});

test("AI-06 neither order nor names nor ids change which document is meant", () => {
  const plain = (some: readonly AnalysisDocument[]): unknown =>
    requirements(some).map(({ addressed }) => [addressed.score, addressed.document?.title, addressed.why]);
  const renamed = documents.toReversed().map((document, at) => ({ ...document, id: `${at}`, name: `SOP-7.6/${at}` }));
  expect(plain(renamed)).toEqual(plain(documents));
});
