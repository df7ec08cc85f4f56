import { drawShape, inColour, ink, page, printDay, type } from "@probity/paper";
import type { Sheet } from "@probity/paper";
import { destinationOf } from "./group.ts";
import { statusInForce } from "./input.ts";
import type { FindingStatus, ReportFinding, ReportInput } from "./input.ts";
import { lookOf } from "./look.ts";

const columns = {
  id: 64,
  title: 120,
  machine: 296,
  decision: 378,
  owner: 456,
  page: page.right,
} as const;

/** Where a page number is still to be written, once the page of the requirement is known. */
interface PageSlot {
  pageIndex: number;
  y: number;
  destination: string;
}

function drawHead(sheet: Sheet, table: PDFKit.PDFStructureElement): void {
  const top = sheet.y;
  const row = sheet.group("TR", table);
  const heads: [string, number][] = [
    ["Requirement", columns.id],
    ["", columns.title],
    ["Machine", columns.machine],
    ["Decision", columns.decision],
    ["Owner, due", columns.owner],
  ];
  for (const [text, x] of heads) {
    sheet.taggedIn(row, "TH", () => sheet.label(text, type.label, x, top + 9), { scope: "Column" });
  }
  sheet.taggedIn(row, "TH", () => sheet.label("Page", type.label, columns.page, top + 9, 60, "right"), {
    scope: "Column",
  });
  sheet.rule(top + 14, ink.text, page.left, page.right, 0.9);
  sheet.y = top + 18;
}

function drawStatus(sheet: Sheet, status: FindingStatus, x: number, y: number, struck = false): void {
  const look = lookOf(status);
  drawShape(sheet.doc, look.shape, x + 3.5, y - 3, 6.8, struck ? ink.edge : look.ink);
  const style = inColour(type.cell, struck ? ink.muted : look.ink);
  const line = sheet.lines(look.word, style, 200)[0];
  if (line !== undefined) sheet.drawLine(line, style, x + 11, y, struck);
}

function drawRow(sheet: Sheet, table: PDFKit.PDFStructureElement, finding: ReportFinding, slots: PageSlot[]): void {
  const title = sheet.lines(finding.title, type.cell, columns.machine - columns.title - 12).slice(0, 3);
  const owner = [finding.assignee ?? "", finding.dueOn === null ? "" : printDay(finding.dueOn)].filter(
    (text) => text !== "",
  );
  const decision = finding.decision === null ? [] : [finding.decision.by];
  const lineCount = Math.max(title.length, owner.length, 1 + decision.length, 1);
  const height = lineCount * type.cell.leading + 7;
  if (sheet.room < height) {
    sheet.newPage();
    drawHead(sheet, table);
  }
  const top = sheet.y;
  const base = top + 11;
  const { doc } = sheet;
  const force = lookOf(statusInForce(finding));
  sheet.ornament(() => {
    doc
      .save()
      .rect(page.left, top + 1, 3, height - 3)
      .fill(force.ink)
      .restore();
  });
  const row = sheet.group("TR", table);
  sheet.taggedIn(
    row,
    "TH",
    () => sheet.label(finding.requirementId, type.exact, columns.id, base, columns.title - columns.id - 4),
    {
      scope: "Row",
    },
  );
  sheet.taggedIn(row, "TD", () => {
    title.forEach((line, index) => sheet.drawLine(line, type.cell, columns.title, base + index * type.cell.leading));
  });
  const overridden = finding.decidedStatus !== null && finding.decidedStatus !== finding.status;
  sheet.taggedIn(row, "TD", () => drawStatus(sheet, finding.status, columns.machine, base, overridden));
  sheet.taggedIn(row, "TD", () => {
    if (finding.decidedStatus === null) sheet.label("undecided", type.cellMuted, columns.decision, base);
    else drawStatus(sheet, finding.decidedStatus, columns.decision, base);
    decision.forEach((by, index) => {
      sheet.label(
        by,
        type.meta,
        columns.decision + 11,
        base + (index + 1) * type.cell.leading,
        columns.owner - columns.decision - 17,
      );
    });
  });
  sheet.taggedIn(row, "TD", () => {
    owner.forEach((text, index) => {
      sheet.label(
        text,
        index === 0 ? type.cell : type.meta,
        columns.owner,
        base + index * type.cell.leading,
        columns.page - columns.owner - 20,
      );
    });
  });
  slots.push({ pageIndex: sheet.pageIndex, y: base, destination: destinationOf(finding) });
  doc.goTo(page.left, top, page.right - page.left, height, destinationOf(finding));
  sheet.rule(top + height - 1, ink.hairline);
  sheet.y = top + height;
}

/** The whole result as one table. Returns a function that fills in page numbers once they are known. */
export function drawMatrix(sheet: Sheet, input: ReportInput): (pageOf: ReadonlyMap<string, number>) => void {
  sheet.section("Requirements at a glance");
  sheet.runningTitle = "Requirements at a glance";
  sheet.newPage();
  sheet.doc.outline.addItem("Requirements at a glance");
  sheet.paragraph("Requirements at a glance", type.heading, { x: page.left, tag: "H1" });
  sheet.paragraph(
    "The bar at the left of a row and the shapes show the status in force. Where a person decided otherwise, the machine’s reading stays, struck through.",
    type.meta,
    { x: page.left, width: 400 },
  );
  sheet.y += 10;
  const slots: PageSlot[] = [];
  const table = sheet.group("Table");
  drawHead(sheet, table);
  for (const finding of input.findings) drawRow(sheet, table, finding, slots);
  if (input.findings.length === 0) {
    sheet.paragraph("No requirement was assessed in this run.", type.cellMuted, { x: columns.id });
  }
  return (pageOf) => {
    for (const slot of slots) {
      const number = pageOf.get(slot.destination);
      if (number === undefined) continue;
      sheet.doc.switchToPage(slot.pageIndex);
      sheet.ornament(() => sheet.label(String(number), type.cellMuted, columns.page, slot.y, 40, "right"));
    }
  };
}
