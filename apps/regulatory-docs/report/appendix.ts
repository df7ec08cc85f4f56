import { drawShape, inColour, ink, page, type } from "@probity/paper";
import type { Sheet } from "@probity/paper";
import { drawQuote } from "./detail.ts";
import type { ReportInput } from "./input.ts";

function startAppendix(sheet: Sheet, title: string, lead: string): void {
  sheet.section(title);
  sheet.runningTitle = title;
  if (sheet.room < 220) sheet.newPage();
  else sheet.y += 20;
  sheet.doc.outline.addItem(title);
  sheet.paragraph(title, type.heading, { x: page.left, tag: "H1" });
  sheet.paragraph(lead, type.meta, { x: page.left });
  sheet.y += 10;
}

/** Passages that lean on law no longer in force; nothing is drawn where there are none. */
export function drawWithdrawnCitations(sheet: Sheet, input: ReportInput): void {
  if (input.withdrawnCitations.length === 0) return;
  startAppendix(
    sheet,
    "Citations no longer in force",
    "These passages cite a section that has been withdrawn. The work they describe may still be right; the reference is not.",
  );
  for (const citation of input.withdrawnCitations) {
    sheet.need(90);
    sheet.rule(sheet.y, ink.hairline);
    sheet.y += 8;
    const top = sheet.y;
    sheet.tagged("H3", () =>
      sheet.label(citation.citation, type.bodyBold, page.left, top + 10.4, page.text - page.left - 8),
    );
    sheet.paragraph(
      citation.replacedBy === null
        ? "Withdrawn; nothing took its place."
        : `Withdrawn. See now ${citation.replacedBy}.`,
      type.body,
    );
    if (citation.advice !== null) sheet.paragraph(citation.advice, type.body);
    sheet.y += 4;
    drawQuote(sheet, citation, "");
  }
}

/** Every file of the collection with the fingerprint of its bytes. */
export function drawDocuments(sheet: Sheet, input: ReportInput): void {
  startAppendix(
    sheet,
    "Documents",
    "The files of the collection as uploaded. The SHA-256 of a file you hold must equal the one printed here; one changed byte changes it.",
  );
  if (input.documents.length === 0) {
    sheet.paragraph("The collection holds no documents.", type.cellMuted, { x: page.left });
    return;
  }
  const nameWidth = 300;
  for (const document of input.documents) {
    const lines = sheet.lines(document.name, type.cell, nameWidth);
    const height = lines.length * type.cell.leading + type.exactSmall.leading + 10;
    sheet.need(Math.min(height, 400));
    sheet.rule(sheet.y, ink.hairline);
    sheet.y += 4;
    const top = sheet.y;
    sheet.paragraph(document.name, type.cell, { x: page.left, width: nameWidth });
    const after = sheet.y;
    sheet.tagged("P", () => {
      const revision = String(document.revision) === "" ? "no revision stated" : `revision ${document.revision}`;
      sheet.label(revision, type.cellMuted, page.left + nameWidth + 12, top + 9, 90);
      const look = document.skipped === null ? "assessed" : "skipped";
      drawShape(sheet.doc, document.skipped === null ? "disc" : "ring", page.right - 56, top + 6, 6, ink.muted);
      sheet.label(look, type.cellMuted, page.right - 49, top + 9);
    });
    sheet.y = after;
    sheet.paragraph(document.sha256, type.exactSmall, { x: page.left });
    if (document.skipped !== null) {
      sheet.paragraph(`Not assessed: ${document.skipped}`, inColour(type.meta, ink.text), {
        x: page.left,
      });
    }
    sheet.y += 3;
  }
  sheet.rule(sheet.y, ink.hairline);
}

/** How a reader on their own machine checks that this file says what the run found. */
export function drawVouching(sheet: Sheet, input: ReportInput, dataHash: string): void {
  startAppendix(sheet, "How to check this report", "No trust in the sender is needed for what follows.");
  const entry = (name: string, text: string, exact?: string): void => {
    sheet.need(44);
    const top = sheet.y;
    sheet.tagged("P", () => sheet.label(name, type.label, page.left, top + 9.8));
    sheet.paragraph(text, type.body);
    if (exact !== undefined) sheet.paragraph(exact, { ...type.exact, size: 7.6 });
    sheet.y += 7;
  };
  entry(
    "Same data",
    "This file, the CSV and the JSON report are made from the same run. The JSON report has this SHA-256:",
    dataHash,
  );
  entry(
    "Ledger",
    input.ledger.seq === null
      ? "The run was not recorded: a check without an account keeps nothing, so nobody can vouch for it later. The quotations can still be held against your own files."
      : `The run is event ${input.ledger.seq.toLocaleString("en-GB")} of the workspace’s ledger. Export the ledger and run “npx probity verify” on the export; it needs no server.`,
  );
  entry(
    "Wording",
    `Requirements: ${input.pack.title}, ${input.pack.edition}, pack ${input.pack.id} ${input.pack.version}. ${input.pack.licence}`,
  );
}
