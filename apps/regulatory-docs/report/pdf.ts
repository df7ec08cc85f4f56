import { createHash } from "node:crypto";
import { Sheet, ink, page, signatureFoot, type } from "@probity/paper";
import { drawDocuments, drawVouching, drawWithdrawnCitations } from "./appendix.ts";
import { drawDetails } from "./detail.ts";
import type { ReportInput } from "./input.ts";
import { reportJson } from "./json.ts";
import { drawMatrix } from "./matrix.ts";
import { drawSignatures } from "./signature.ts";
import { drawTitlePage } from "./title-page.ts";

function drawFurniture(sheet: Sheet, input: ReportInput, index: number, count: number): void {
  const { doc } = sheet;
  const line = (y: number): void => {
    doc.save().lineWidth(0.5).moveTo(page.left, y).lineTo(page.right, y).stroke(ink.hairline).restore();
  };
  if (index > 0) {
    sheet.label(`${input.collectionName}, gap report`, type.meta, page.left, 48, 250);
    sheet.label(sheet.runningTitles[index] ?? "", type.meta, page.right, 48, 220, "right");
    line(56);
    const continued = sheet.continuations[index] ?? "";
    if (continued !== "") {
      sheet.label(`${continued}, continued`, type.metaItalic, page.left, 69, page.text - page.left);
    }
  }
  line(page.bottom + 16);
  const foot = `Run ${input.runNumber} · ${input.pack.title} · pack ${input.pack.id} ${input.pack.version}`;
  sheet.label(foot, type.meta, page.left, page.bottom + 30, 380);
  sheet.label(`Page ${index + 1} of ${count}`, type.meta, page.right, page.bottom + 30, 100, "right");
  signatureFoot(input.signatures ?? []).forEach((line, at) => {
    sheet.label(line, { ...type.meta, size: 7.2 }, page.left, page.bottom + 41 + at * 9.5, page.right - page.left);
  });
}

/**
 * The report as a tagged PDF with embedded fonts, bookmarks and links. The same input gives the same
 * bytes: dates come from the run, and the file identifier from the SHA-256 of the JSON report, which
 * is also printed, so that the two files can be matched.
 */
export async function reportPdf(input: ReportInput): Promise<Uint8Array> {
  const dataHash = createHash("sha256").update(reportJson(input)).digest("hex");
  const createdAt = new Date(input.createdAt);
  const sheet = new Sheet({
    Title: `Gap report: ${input.collectionName}, run ${input.runNumber}`,
    Author: input.workspaceName,
    Subject: `${input.pack.title}, ${input.pack.edition}`,
    Keywords: `pack ${input.pack.id} ${input.pack.version}, data sha-256 ${dataHash}`,
    Creator: "Probity",
    Producer: "Probity",
    CreationDate: createdAt,
    ModDate: createdAt,
  });
  drawTitlePage(sheet, input);
  const writePageNumbers = drawMatrix(sheet, input);
  const pageOf = drawDetails(sheet, input);
  drawWithdrawnCitations(sheet, input);
  drawDocuments(sheet, input);
  drawVouching(sheet, input, dataHash);
  drawSignatures(sheet, input);
  writePageNumbers(pageOf);
  return sheet.finish((index, count) => drawFurniture(sheet, input, index, count));
}
