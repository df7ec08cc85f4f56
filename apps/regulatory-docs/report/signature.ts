import { encode } from "uqr";
import type { ReportInput, ReportSeal, ReportSignature } from "./input.ts";
import { ink } from "./look.ts";
import { printInstant } from "./moment.ts";
import { page } from "./sheet.ts";
import type { Sheet } from "./sheet.ts";
import { inColour, type } from "./type-scale.ts";

/** The product's colour of what is signed and locked. */
const seal = { ink: "#5A3E8C", tint: "#EEE9F7" } as const;
const codeSide = 84;
/** Signatures named in full at the foot of every page; there is room for no more. */
const mostInFoot = 2;

/** Name, meaning and moment, which 21 CFR 11.50 asks for wherever a signed record is shown. */
export function signatureLine(signature: ReportSignature): string {
  const { printedName, signedAt, zone, meaning } = signature;
  return `Signed by ${printedName}, ${printInstant(signedAt, zone)}: ${meaning}`;
}

/** What stands at the foot of every page: each signature, or that there is none. */
export function footLines(input: ReportInput): string[] {
  const signatures = input.signatures ?? [];
  if (signatures.length === 0) return ["Not signed"];
  const rest = signatures.length - mostInFoot;
  return signatures.slice(0, mostInFoot).map((each, index) => {
    const more = rest > 0 && index === mostInFoot - 1 ? `and ${rest} more on the last page. ` : "";
    return `${more}${signatureLine(each)}`;
  });
}

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
  if (input.seal !== undefined) drawSeal(sheet, input.seal);
}

function drawSignature(sheet: Sheet, signature: ReportSignature): void {
  sheet.need(128);
  const top = sheet.y;
  sheet.rule(top, ink.hairline);
  sheet.ornament(() => {
    sheet.doc
      .save()
      .rect(page.left, top + 8, 7, 7)
      .fill(seal.ink)
      .restore();
  });
  sheet.y += 5;
  sheet.tagged("H2", () => sheet.label("signed", inColour(type.cellBold, seal.ink), page.left + 13, top + 15));
  sheet.paragraph(signature.printedName, type.requirement);
  sheet.paragraph(signature.role, type.meta);
  sheet.y += 3;
  const facts: [string, string, boolean][] = [
    ["Meaning", signature.meaning, false],
    ["Date and time", printInstant(signature.signedAt, signature.zone), false],
    ...reasonOf(signature),
    ["Signed bytes", `SHA-256 ${signature.recordHash}`, true],
    ["Signature", `SHA-256 ${signature.manifestHash}`, true],
  ];
  for (const [name, value, exact] of facts) {
    const at = sheet.y;
    sheet.tagged("P", () => sheet.label(name, type.label, page.left, at + 9.8));
    sheet.paragraph(value, exact ? { ...type.exact, size: 7.2 } : type.body);
  }
  sheet.y += 10;
}

function reasonOf({ reason, reasonCode }: ReportSignature): [string, string, boolean][] {
  const said = [reasonCode, reason].filter((each) => each !== null && each !== "").join(": ");
  return said === "" ? [] : [["Reason", said, false]];
}

function drawSeal(sheet: Sheet, by: ReportSeal): void {
  sheet.need(codeSide + 70);
  sheet.rule(sheet.y, ink.text, page.left, page.right, 0.9);
  sheet.y += 8;
  const top = sheet.y;
  drawCode(sheet, by.verifyUrl, page.right - codeSide, top);
  const width = page.right - page.left - codeSide - 24;
  sheet.paragraph("Sealed by the instance", type.cellBold, { x: page.left, width, tag: "H2" });
  sheet.paragraph(
    `This file is sealed by ${by.name}: one byte changed shows. Attached to it are the report’s data and, for each signature, the proof that it stands in the ledger. To check all of it, offline, drop the file on ${by.verifyUrl}, or run “npx probity verify” on it.`,
    type.body,
    { x: page.left, width },
  );
  sheet.y += 4;
  sheet.paragraph(
    by.selfSigned
      ? "The seal’s certificate is self-signed: a reader of PDF will not trust this without our root. Compare its SHA-256 fingerprint with the one the sender gives you:"
      : "SHA-256 fingerprint of the seal’s certificate:",
    type.body,
    { x: page.left, width },
  );
  sheet.paragraph(by.fingerprint.replaceAll(":", " "), { ...type.exact, size: 7.2 }, { x: page.left, width });
  sheet.y = Math.max(sheet.y, top + codeSide) + 8;
}

/** A QR code (ISO/IEC 18004), drawn as rows of ink. */
function drawCode(sheet: Sheet, text: string, x: number, y: number): void {
  const { size, data } = encode(text, { ecc: "M", border: 0 });
  const cell = codeSide / size;
  sheet.tagged(
    "Figure",
    () => {
      sheet.doc.save().fillColor(ink.text);
      data.forEach((row, down) =>
        row.forEach((dark, across) => {
          if (dark) sheet.doc.rect(x + across * cell, y + down * cell, cell, cell);
        }),
      );
      sheet.doc.fill().restore();
    },
    { alt: `QR code of ${text}` },
  );
}
