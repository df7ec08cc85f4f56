import { describe, expect, test } from "vitest";
import { analyse } from "./analyse.ts";
import { loadCitationList } from "./citation.ts";
import { documentFromText } from "./document.ts";
import { loadPack } from "./pack.ts";
import type { CitationFinding } from "./result.ts";

const pack = loadPack("iso-13485");
const list = loadCitationList();

function findings(text: string): CitationFinding[] {
  return analyse(pack, [documentFromText("a.md", text)], list).citations;
}

describe("a citation of a withdrawn section is found with its place and what replaced it", () => {
  test("with prefix, paragraph or bare", () => {
    const text = "Design follows 21 CFR 820.30(c). See also § 820.198 and 820.100.";
    expect(findings(text).map((one) => one.cited)).toEqual(["820.30(c)", "820.198", "820.100"]);
    for (const one of findings(text)) expect(text.slice(one.start, one.end)).toBe(one.quote);
    expect(findings(text)[0]?.replacedBy.iso13485).toContain("7.3.3");
  });

  test("in references, tables and headings", () => {
    expect(findings("# References\n\n- 21 CFR 820.40").length).toBe(1);
    expect(
      findings("| Record | Basis |\n|---|---|\n| DHR | 21 CFR 820.184 |").some((one) => one.cited === "820.184"),
    ).toBe(true);
    expect(findings("# Design control (820.30)\n\nText.").length).toBe(1);
  });

  test("beside words about obsolete documents", () => {
    expect(findings("Obsolete documents are removed per 21 CFR 820.40.").length).toBe(1);
  });

  test("as a subpart", () => {
    expect(findings("Subpart C of 21 CFR Part 820 applies.").map((one) => one.cited)).toEqual(["Subpart C"]);
  });
});

describe("nothing is found", () => {
  test.each([
    "Records follow 21 CFR 820.35 and 820.45; see 820.10(b)(1).",
    "ISO 820.30 does not exist, nor does EN 820.30.",
    "The block weighs 820.30 g and costs $820.30.",
    "Software version 820.30 was built on 12.11.820.30.",
    "Numbers such as 1820.30, 820.300, 820.30.1 and 820.3 are others.",
    "Section 820.30 is withdrawn; ISO 13485 clause 7.3 applies.",
    "The former § 820.198 was replaced on 2 February 2026.",
    "Formerly 21 CFR 820.100, now clause 8.5.2.",
  ])("%s", (text) => {
    expect(findings(text).filter((one) => one.severity !== "hint")).toEqual([]);
  });

  test("in the revision history", () => {
    expect(
      findings(
        "# SOP\n\nText.\n\n## Revision history\n\n| Rev | Date | Change |\n|---|---|---|\n| 2 | 2026-03-01 | Dropped 820.30 |\n",
      ),
    ).toEqual([]);
  });
});

test("an old term is hinted at once a document", () => {
  const hints = findings("The design history file is kept. The design history file is complete. The DHF is archived.");
  expect(hints.map((one) => one.severity)).toEqual(["hint"]);
});
