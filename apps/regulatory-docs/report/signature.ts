import { drawSeal, drawSignature, page, type } from "@probity/paper";
import type { Sheet } from "@probity/paper";
import type { ReportInput } from "./input.ts";

/** The page of signatures: who signed what, when and with which meaning, and how the file is sealed. */
export function drawSignatures(sheet: Sheet, input: ReportInput): void {
  const signatures = input.signatures ?? [];
  const title = "Signatures";
  sheet.section(title);
  sheet.runningTitle = title;
  if (signatures.length > 0 || sheet.room < 160) sheet.newPage();
  else sheet.y += 20;
  sheet.doc.outline.addItem(title);
  sheet.paragraph(title, type.heading, { x: page.left, tag: "H1" });
  if (signatures.length === 0) {
    sheet.paragraph(
      "Not signed. Nobody has put their name to this report; what it says is the state of the run when it was exported.",
      type.body,
      { x: page.left },
    );
    return;
  }
  sheet.paragraph(
    `Electronic signatures on version ${signatures[0]?.version ?? ""} of this run, each by its signer’s own proof of identity at the moment of signing. Every page names them at its foot.`,
    type.meta,
    { x: page.left },
  );
  sheet.y += 10;
  for (const signature of signatures) drawSignature(sheet, signature);
  if (input.seal !== undefined) drawSeal(sheet, input.seal, "the report’s data");
}
