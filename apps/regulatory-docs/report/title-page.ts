import { drawShape, inColour, ink, page, printInstant, type } from "@probity/paper";
import type { Sheet } from "@probity/paper";
import { drawHeatStrip, drawStatusBar } from "./chart.ts";
import { destinationOf } from "./group.ts";
import { statusInForce } from "./input.ts";
import type { ReportInput } from "./input.ts";
import { lookOf } from "./look.ts";

function plural(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

function verb(count: number): string {
  return count === 1 ? "is" : "are";
}

/** The result as a sentence a reader can repeat aloud. */
export function resultSentence(input: ReportInput): string {
  const total = input.findings.length;
  if (total === 0) {
    return "No requirement was assessed in this run. Add documents to the collection and run it again.";
  }
  const { covered, partial, gap, notAssessable, undecided } = input.counts;
  const result =
    `Of ${plural(total, "requirement", "requirements")}, ${covered} ${verb(covered)} covered by the documents, ` +
    `${partial} ${verb(partial)} covered in part, ${gap} ${verb(gap)} not covered, and ${notAssessable} cannot be judged from documents alone.`;
  const decided =
    undecided === 0
      ? "A person has decided on every finding."
      : undecided === total
        ? "No person has decided on a finding yet: every status here is the machine’s reading."
        : `${plural(undecided, "finding still waits", "findings still wait")} for a person’s decision.`;
  return [result, meantSentence(input), decided].filter((each) => each !== "").join(" ");
}

/** How many of the gaps need a document, and how many need words in one: two kinds of work. */
function meantSentence({ findings }: ReportInput): string {
  const gaps = findings.filter((finding) => statusInForce(finding) === "gap");
  if (gaps.length === 0 || gaps.some(({ addressed }) => addressed === null)) return "";
  const without = gaps.filter(({ addressed }) => addressed?.meant === false).length;
  if (without === 0) return "Each of these gaps has a document that is meant for it and does not settle it yet.";
  if (without === gaps.length) return "No document is meant for any of these gaps.";
  return (
    `For ${without} of these gaps no document is meant; ` +
    `${plural(gaps.length - without, "has one that does", "have one that does")} not settle the subject yet.`
  );
}

function drawFacts(sheet: Sheet, input: ReportInput): void {
  const read = input.documents.filter((document) => document.skipped === null).length;
  const skipped = input.documents.length - read;
  const facts: [string, string][] = [
    ["Workspace", input.workspaceName],
    ["Run", `${input.runNumber}, ${printInstant(input.createdAt, input.zone)}`],
    ["Edition", input.pack.edition],
    ["Pack", `${input.pack.id}, version ${input.pack.version}`],
    ["Documents", skipped === 0 ? `${read} assessed` : `${read} assessed, ${skipped} skipped`],
    [
      "Recorded",
      input.ledger.seq === null
        ? "not recorded: this check keeps nothing"
        : `ledger event ${input.ledger.seq.toLocaleString("en-GB")}`,
    ],
  ];
  const columnWidth = (page.right - page.left - 24) / 2;
  const labelWidth = 66;
  for (let row = 0; row < facts.length; row += 2) {
    const top = sheet.y;
    let bottom = top;
    facts.slice(row, row + 2).forEach(([name, value], column) => {
      const x = page.left + column * (columnWidth + 24);
      const lines = sheet.lines(value, type.cell, columnWidth - labelWidth).slice(0, 4);
      sheet.tagged("P", () => {
        sheet.label(name, type.cellMuted, x, top + 12);
        lines.forEach((line, index) => {
          sheet.drawLine(line, type.cell, x + labelWidth, top + 12 + index * type.cell.leading);
        });
      });
      bottom = Math.max(bottom, top + 7 + lines.length * type.cell.leading);
      sheet.rule(top, ink.hairline, x, x + columnWidth);
    });
    sheet.y = bottom;
  }
}

function statements(input: ReportInput): { shows: string[]; doesNot: string[] } {
  const skipped = input.documents.filter((document) => document.skipped !== null).length;
  return {
    shows: [
      "The passages found for each requirement, word for word, with document, revision and page.",
      "The machine’s reading, and beside it what a person decided, when and why. A decision never erases the reading.",
      "The exact files that were assessed, by SHA-256, and the version of the requirements they were held against.",
    ],
    doesNot: [
      "It was assessed from the documents listed; it is not a certification, and it is not legal advice.",
      "It does not show that people work as the documents say. That takes an audit.",
      skipped === 0
        ? "What stands in a document outside this collection was not seen."
        : `What stands outside this collection, or in the ${plural(skipped, "document", "documents")} skipped, was not seen.`,
    ],
  };
}

/** Height in points that the two columns of statements take. */
function statementsHeight(sheet: Sheet, input: ReportInput): number {
  const { shows, doesNot } = statements(input);
  const columnWidth = (page.right - page.left - 24) / 2;
  const heights = [shows, doesNot].map((texts) =>
    texts.reduce(
      (sum, text) => sum + sheet.lines(text, type.cell, columnWidth - 12).length * type.cell.leading + 4,
      24,
    ),
  );
  return Math.max(...heights) + 12;
}

function drawStatements(sheet: Sheet, input: ReportInput): void {
  const { shows, doesNot } = statements(input);
  const columnWidth = (page.right - page.left - 24) / 2;
  sheet.need(statementsHeight(sheet, input));
  const top = sheet.y + 6;
  let bottom = top;
  [
    ["What this report shows", shows],
    ["What it does not show", doesNot],
  ].forEach(([heading, texts], column) => {
    const x = page.left + column * (columnWidth + 24);
    sheet.rule(top, ink.text, x, x + columnWidth, 0.9);
    sheet.y = top + 6;
    if (typeof heading === "string") {
      sheet.paragraph(heading, type.cellBold, { x, width: columnWidth, tag: "H2" });
    }
    sheet.y += 3;
    for (const text of Array.isArray(texts) ? texts : []) {
      const dash = sheet.y + 6.3;
      sheet.rule(dash, ink.edge, x, x + 6, 0.8);
      sheet.paragraph(text, type.cell, { x: x + 12, width: columnWidth - 12 });
      sheet.y += 4;
    }
    bottom = Math.max(bottom, sheet.y);
  });
  sheet.y = bottom;
}

/** The gaps by name, as many as the page holds beside what must stand on it. */
function drawGapList(sheet: Sheet, input: ReportInput): void {
  const gaps = input.findings.filter((finding) => statusInForce(finding) === "gap");
  const room = sheet.room - statementsHeight(sheet, input) - 58;
  const rows = Math.min(Math.ceil(gaps.length / 2), Math.floor(room / 15));
  // Two of thirty would mislead more than none: a short list must be whole or of some length.
  if (rows < Math.min(3, Math.ceil(gaps.length / 2)) || rows < 1) return;
  sheet.y += 8;
  const heading = gaps.length === 1 ? "The gap" : "The gaps";
  sheet.paragraph(heading, type.cellBold, { x: page.left, tag: "H2" });
  sheet.y += 4;
  const top = sheet.y;
  const columnWidth = (page.right - page.left - 24) / 2;
  const shown = gaps.slice(0, rows * 2);
  const look = lookOf("gap");
  shown.forEach((finding, index) => {
    const x = page.left + Math.floor(index / rows) * (columnWidth + 24);
    const y = top + (index % rows) * 15;
    sheet.tagged("P", () => {
      drawShape(sheet.doc, look.shape, x + 4, y + 6.5, 6.5, look.ink);
      sheet.label(finding.requirementId, type.exact, x + 13, y + 9.5, 50);
      sheet.label(finding.title, type.cell, x + 66, y + 9.5, columnWidth - 66);
    });
    sheet.doc.goTo(x, y, columnWidth, 15, destinationOf(finding));
  });
  sheet.y = top + rows * 15;
  if (shown.length < gaps.length) {
    sheet.paragraph(`and ${gaps.length - shown.length} more in the table that follows`, type.meta, {
      x: page.left + 13,
    });
  }
  sheet.y += 4;
}

/** Title block, result, chart and the limits of what the report proves. */
export function drawTitlePage(sheet: Sheet, input: ReportInput): void {
  const standing = (input.signatures ?? []).length === 0 ? "not signed" : (input.state ?? "signed");
  sheet.section("Summary");
  sheet.doc.outline.addItem("Summary");
  sheet.tagged("P", () => {
    sheet.label("GAP REPORT", { ...type.label, colour: ink.accent, size: 8.5 }, page.left, 58);
    sheet.label(`Run ${input.runNumber} · ${standing}`, { ...type.label, size: 8.5 }, page.right, 58, 200, "right");
  });
  sheet.rule(66, ink.text, page.left, page.right, 1.4);
  sheet.rule(69.2, ink.text, page.left, page.right, 0.4);
  sheet.y = 82;
  sheet.paragraph(input.collectionName, type.title, { x: page.left, tag: "H1" });
  sheet.paragraph(`held against ${input.pack.title}`, type.subtitle, {
    x: page.left,
  });
  // Said here too, since a long list of chapters pushes the full statement to the next page.
  sheet.paragraph("Assessed from the documents listed; not a certification, not legal advice.", type.meta, {
    x: page.left,
  });
  sheet.y += 12;
  drawFacts(sheet, input);
  sheet.rule(sheet.y, ink.hairline);
  sheet.y += 18;
  sheet.paragraph(resultSentence(input), type.lead, { x: page.left });
  sheet.y += 12;
  drawStatusBar(sheet, input.counts);
  if (input.findings.length > 0) {
    sheet.y += 12;
    sheet.need(60);
    sheet.paragraph("By chapter, one cell for each requirement", inColour(type.cellBold, ink.text), {
      x: page.left,
      tag: "H2",
    });
    sheet.y += 4;
    drawHeatStrip(sheet, input);
  }
  drawGapList(sheet, input);
  sheet.y += 8;
  drawStatements(sheet, input);
}
