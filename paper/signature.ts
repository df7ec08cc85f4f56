import { drawCode } from "./code.ts";
import { ink, tone } from "./ink.ts";
import { printInstant } from "./moment.ts";
import { page } from "./sheet.ts";
import type { Sheet } from "./sheet.ts";
import { inColour, type } from "./type-scale.ts";

/** An electronic signature as it is printed (21 CFR 11.50): name, date and time with zone, meaning, and what binds it. */
export interface PrintedSignature {
  printedName: string;
  role: string;
  meaning: string;
  /** ISO 8601 instant in UTC. */
  signedAt: string;
  zone: string;
  reasonCode: string | null;
  reason: string | null;
  /** Version of the record that was signed. */
  version: number;
  /** SHA-256 of the signed record's canonical bytes. */
  recordHash: string;
  /** SHA-256 of the signature's own bytes, which its leaf in the ledger commits to. */
  manifestHash: string;
}

/** How a file is sealed, as it is printed. It says nothing of what the file is about, so data formats leave it out. */
export interface PrintedSeal {
  name: string;
  /** Where anybody checks the file. */
  verifyUrl: string;
  /** SHA-256 of the seal's certificate. */
  fingerprint: string;
  selfSigned: boolean;
}

const codeSide = 84;
/** Signatures named in full at the foot of every page; there is room for no more. */
const mostInFoot = 2;

/** Name, meaning and moment, which 21 CFR 11.50 asks for wherever a signed record is shown. */
export function signatureLine({ printedName, signedAt, zone, meaning }: PrintedSignature): string {
  return `Signed by ${printedName}, ${printInstant(signedAt, zone)}: ${meaning}`;
}

/** What stands at the foot of every page: each signature, or that there is none. */
export function signatureFoot(signatures: readonly PrintedSignature[]): string[] {
  if (signatures.length === 0) return ["Not signed"];
  const rest = signatures.length - mostInFoot;
  return signatures.slice(0, mostInFoot).map((each, index) => {
    const more = rest > 0 && index === mostInFoot - 1 ? `and ${rest} more on the last page. ` : "";
    return `${more}${signatureLine(each)}`;
  });
}

/** One signature in full: who, what it means, when, why, and the hashes that bind it. */
export function drawSignature(sheet: Sheet, signature: PrintedSignature): void {
  sheet.need(128);
  const top = sheet.y;
  sheet.rule(top, ink.hairline);
  sheet.ornament(() => {
    sheet.doc
      .save()
      .rect(page.left, top + 8, 7, 7)
      .fill(tone.sealed.ink)
      .restore();
  });
  sheet.y += 5;
  sheet.tagged("H2", () => sheet.label("signed", inColour(type.cellBold, tone.sealed.ink), page.left + 13, top + 15));
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

function reasonOf({ reason, reasonCode }: PrintedSignature): [string, string, boolean][] {
  const said = [reasonCode, reason].filter((each) => each !== null && each !== "").join(": ");
  return said === "" ? [] : [["Reason", said, false]];
}

/** How the file is sealed and where it is checked. `what` names the data attached to it: "the report’s data". */
export function drawSeal(sheet: Sheet, by: PrintedSeal, what: string): void {
  sheet.need(codeSide + 70);
  sheet.rule(sheet.y, ink.text, page.left, page.right, 0.9);
  sheet.y += 8;
  const top = sheet.y;
  drawCode(sheet, by.verifyUrl, page.right - codeSide, top, codeSide);
  const width = page.right - page.left - codeSide - 24;
  sheet.paragraph("Sealed by the instance", type.cellBold, { x: page.left, width, tag: "H2" });
  sheet.paragraph(
    `This file is sealed by ${by.name}: one byte changed shows. Attached to it are ${what} and, for each signature, the proof that it stands in the ledger. To check all of it, offline, drop the file on ${by.verifyUrl}, or run “npx probity verify” on it.`,
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
