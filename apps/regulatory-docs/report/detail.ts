import { drawShape, inColour, ink, page, printDay, printInstant, type, unprintableCount } from "@probity/paper";
import type { Sheet } from "@probity/paper";
import { drawTally } from "./chart.ts";
import { destinationOf, groupFindings } from "./group.ts";
import { statusInForce } from "./input.ts";
import type { FindingStatus, ReportEvidence, ReportFinding, ReportInput } from "./input.ts";
import { lookOf } from "./look.ts";

function label(sheet: Sheet, text: string, room = 28): void {
  sheet.need(room);
  const top = sheet.y;
  sheet.tagged("P", () => sheet.label(text, type.label, page.left, top + 9.8, page.text - page.left - 10));
}

function drawHeading(sheet: Sheet, finding: ReportFinding): void {
  const look = lookOf(statusInForce(finding));
  const chipWidth = 92;
  sheet.need(112);
  sheet.rule(sheet.y, ink.edge, page.left, page.right, 0.6);
  sheet.y += 9;
  const top = sheet.y;
  sheet.doc.addNamedDestination(destinationOf(finding), "XYZ", null, top - 12, null);
  const titleWidth = page.right - page.text - chipWidth;
  sheet.tagged("H3", () => {
    sheet.label(finding.requirementId, { ...type.exact, size: 10 }, page.left, top + 11.5, page.text - page.left - 8);
    sheet.lines(finding.title, type.requirement, titleWidth).forEach((line, index) => {
      sheet.drawLine(line, type.requirement, page.text, top + 11.5 + index * type.requirement.leading);
      sheet.y = top + (index + 1) * type.requirement.leading;
    });
  });
  sheet.tagged("P", () => {
    const style = inColour(type.cellBold, look.ink);
    const width = sheet.measureText(look.word, style);
    const x = page.right - width - 22;
    sheet.doc
      .save()
      .roundedRect(x, top, width + 22, 16, 2)
      .fill(look.tint)
      .restore();
    drawShape(sheet.doc, look.shape, x + 9.5, top + 8, 7.2, look.ink);
    sheet.label(look.word, style, x + 16.5, top + 11);
  });
  sheet.y += 6;
}

/** "2 of 3 obligations seen, coverage 0.62"; nothing where documents cannot show it. */
function measureOf(finding: ReportFinding): string {
  if (finding.status === "not-assessable") return "";
  const total = finding.obligations.length;
  const seen = finding.obligations.filter((obligation) => obligation.seen === true).length;
  const coverage = `coverage ${finding.coverage.toFixed(2)}`;
  return total === 0 ? coverage : `${seen} of ${total} obligations seen, ${coverage}`;
}

function drawMachine(sheet: Sheet, finding: ReportFinding): void {
  const look = lookOf(finding.status);
  const overridden = finding.decidedStatus !== null && finding.decidedStatus !== finding.status;
  label(sheet, "Machine");
  // The dotted rule marks what a machine wrote, as on screen.
  sheet.ornament(() => {
    sheet.doc
      .save()
      .lineWidth(0.7)
      .dash(0.8, { space: 1.8 })
      .moveTo(page.left, sheet.y + 13)
      .lineTo(page.left + 32, sheet.y + 13)
      .stroke(ink.muted)
      .restore();
  });
  const top = sheet.y;
  sheet.tagged("P", () => {
    const style = inColour(type.body, overridden ? ink.muted : look.ink);
    drawShape(sheet.doc, look.shape, page.text + 3.5, top + 7.2, 7, overridden ? ink.edge : look.ink);
    const line = sheet.lines(look.word, style, 200)[0];
    if (line === undefined) return;
    sheet.drawLine(line, style, page.text + 12, top + 10.4, overridden);
    const share = measureOf(finding);
    sheet.label(share, type.meta, page.text + 12 + line.width + 10, top + 10.4);
  });
  sheet.y = top + type.body.leading;
  for (const reason of finding.reasons) {
    // A reason that spells out obligations would say twice what the list below says.
    const repeats = finding.obligations.some((obligation) => reason.includes(obligation.statement));
    if (!repeats) sheet.paragraph(reason, type.body);
  }
}

function drawDecision(sheet: Sheet, finding: ReportFinding, zone: string): void {
  sheet.y += 6;
  label(sheet, "Decision");
  const { decision, decidedStatus } = finding;
  if (decision === null || decidedStatus === null) {
    sheet.paragraph("Undecided. The machine’s reading stands until a person decides.", inColour(type.body, ink.muted));
    return;
  }
  const look = lookOf(decidedStatus);
  const top = sheet.y;
  sheet.tagged("P", () => {
    drawShape(sheet.doc, look.shape, page.text + 3.5, top + 7.2, 7, look.ink);
    const width = sheet.label(look.word, inColour(type.bodyBold, look.ink), page.text + 12, top + 10.4);
    const act = decidedStatus === finding.status ? "accepted" : `instead of ${lookOf(finding.status).word}`;
    const by = `${act}, ${decision.by}, ${printInstant(decision.at, zone)}`;
    const x = page.text + 12 + width + 10;
    sheet.label(by, type.meta, x, top + 10.4, page.right - x);
  });
  sheet.y = top + type.body.leading;
  const code = (decision.reasonCode ?? "").replaceAll("-", " ");
  const reason = [code.charAt(0).toUpperCase() + code.slice(1), decision.reason ?? ""];
  const text = reason.filter((part) => part !== "").join(": ");
  if (text !== "") sheet.paragraph(text, type.body);
}

function obligationWord(seen: boolean | "partly"): { status: FindingStatus; word: string } {
  if (seen === "partly") return { status: "partial", word: "partly" };
  return seen ? { status: "covered", word: "seen" } : { status: "gap", word: "not seen" };
}

function drawObligations(sheet: Sheet, finding: ReportFinding): void {
  if (finding.obligations.length === 0) return;
  sheet.y += 6;
  label(sheet, "Obligations");
  const wordX = page.text + 12;
  const textX = page.text + 56;
  for (const obligation of finding.obligations) {
    const { status, word } = obligationWord(obligation.seen);
    const look = lookOf(status);
    sheet.need(type.body.leading * 2);
    const top = sheet.y;
    sheet.tagged("P", () => {
      drawShape(sheet.doc, look.shape, page.text + 3.5, top + 7.2, 6.4, look.ink);
      sheet.label(word, inColour(type.meta, look.ink), wordX, top + 10.2);
    });
    sheet.paragraph(obligation.statement, type.body, { x: textX });
    sheet.y += 1.5;
  }
}

/** "SOP-06 Purchasing, revision D, page 4"; a file without pages has no page. */
export function citationOf(evidence: Pick<ReportEvidence, "documentName" | "revision" | "page">): string {
  const parts = [evidence.documentName];
  if (String(evidence.revision) !== "") parts.push(`revision ${evidence.revision}`);
  if (evidence.page !== null) parts.push(`page ${evidence.page}`);
  return parts.join(", ");
}

/** A passage in the document's own voice, a marked edge beside it, its place below. */
export function drawQuote(sheet: Sheet, evidence: Omit<ReportEvidence, "requirementId">, mark: string): void {
  const x = page.text + 28;
  // A passage of ordinary length stays whole, with its source below it; only a long one is broken.
  const lineCount = sheet.lines(`“${evidence.quote}”`, type.quote, page.right - x).length;
  sheet.need(type.quote.leading * (lineCount > 12 ? 3 : lineCount) + type.meta.leading);
  if (mark !== "") {
    const top = sheet.y;
    sheet.tagged("P", () => sheet.label(mark, type.exact, page.text, top + 11));
  }
  sheet.paragraph(`“${evidence.quote}”`, type.quote, {
    x,
    tag: "BlockQuote",
    beside: (from, to) => {
      sheet.doc
        .save()
        .rect(x - 9, from + 1, 2.4, Math.max(0, to - from - 1))
        .fill(ink.quoteMark)
        .restore();
    },
  });
  sheet.paragraph(citationOf(evidence), type.meta, { x });
  const lost = unprintableCount("serif", evidence.quote);
  if (lost > 0) {
    const subject = lost === 1 ? "1 character of this passage is" : `${lost} characters of this passage are`;
    sheet.paragraph(
      `${subject} outside the typefaces of this report and printed as a mark. The CSV and JSON reports hold the passage word for word.`,
      type.metaItalic,
      { x },
    );
  }
  sheet.y += 7;
}

function drawEvidence(sheet: Sheet, finding: ReportFinding): void {
  sheet.y += 6;
  label(sheet, "Evidence", 46);
  if (finding.evidence.length === 0) {
    sheet.paragraph("No passage was found in the documents assessed.", inColour(type.body, ink.muted));
    return;
  }
  finding.evidence.forEach((evidence, index) => drawQuote(sheet, evidence, `(${index + 1})`));
  sheet.y -= 4;
}

function drawFollowUp(sheet: Sheet, finding: ReportFinding): void {
  if (finding.nextStep !== null && finding.nextStep !== "") {
    sheet.y += 6;
    label(sheet, "Next step");
    sheet.paragraph(finding.nextStep, type.body);
  }
  const owner = [finding.assignee ?? "", finding.dueOn === null ? "" : `due ${printDay(finding.dueOn)}`].filter(
    (text) => text !== "",
  );
  if (owner.length > 0) {
    sheet.y += 6;
    label(sheet, "Owner");
    sheet.paragraph(owner.join(", "), type.body);
  }
  if (finding.note !== null && finding.note !== "") {
    sheet.y += 6;
    label(sheet, "Note");
    sheet.paragraph(finding.note, type.body);
  }
}

/** Requirement by requirement, under its chapter. Returns the page number each one starts on. */
export function drawDetails(sheet: Sheet, input: ReportInput): Map<string, number> {
  const pageOf = new Map<string, number>();
  groupFindings(input.findings).forEach((group, index) => {
    sheet.section(group.title);
    sheet.runningTitle = group.title;
    if (index === 0 || sheet.room < 190) sheet.newPage();
    else sheet.y += 18;
    const chapter = sheet.doc.outline.addItem(group.title);
    sheet.paragraph(group.title, type.heading, { x: page.left, tag: "H1" });
    sheet.y += 2;
    drawTally(sheet, group, page.left);
    sheet.y += 8;
    for (const finding of group.findings) {
      drawHeading(sheet, finding);
      pageOf.set(destinationOf(finding), sheet.pageIndex + 1);
      chapter.addItem(`${finding.requirementId} ${finding.title}`);
      sheet.continued = finding.requirementId;
      drawMachine(sheet, finding);
      drawDecision(sheet, finding, input.zone);
      drawObligations(sheet, finding);
      drawEvidence(sheet, finding);
      drawFollowUp(sheet, finding);
      sheet.continued = "";
      sheet.y += 16;
    }
  });
  return pageOf;
}
