import {
  drawSeal,
  drawShape,
  drawSignature,
  ink,
  inColour,
  page,
  printInstant,
  Sheet,
  signatureFoot,
  tone,
  type,
  unprintableCount,
} from "@probity/paper";
import type { PrintedSeal, PrintedSignature } from "@probity/paper";
import { verdictWords, type CertificateContent } from "./content.ts";
import { decimals, verdictLooks } from "./look.ts";
import { drawResults } from "./table.ts";
import { tellInvestigation, tellOverride } from "./tell.ts";

export interface CertificatePrint {
  readonly content: CertificateContent;
  readonly workspace: string;
  readonly signatures: readonly PrintedSignature[];
  /** SHA-256 of the JSON beside it, so that the two can be matched. */
  readonly dataHash: string;
  readonly seal?: PrintedSeal;
}

/**
 * The certificate as a tagged PDF with embedded fonts. The same input gives the same bytes: dates come from what was kept,
 * and the file's identifier from the SHA-256 of its data.
 */
export async function certificatePdf(print: CertificatePrint): Promise<Uint8Array> {
  const { content, signatures } = print;
  const at = new Date(signatures.at(-1)?.signedAt ?? content.stated?.at ?? content.preparedAt);
  const sheet = new Sheet({
    Title: `${content.template.title} ${content.number}`,
    Author: content.template.laboratory,
    Subject: `${content.sample.number} ${content.sample.product}`,
    Keywords: `data sha-256 ${print.dataHash}`,
    Creator: "Probity",
    Producer: "Probity",
    CreationDate: at,
    ModDate: at,
  });
  drawHead(sheet, content, isIssued(print));
  drawAmendment(sheet, content);
  drawFacts(sheet, content);
  drawConformity(sheet, content);
  for (const evaluation of content.evaluations) drawResults(sheet, content, evaluation);
  drawInvestigations(sheet, content);
  drawOverrides(sheet, content);
  drawStatements(sheet, content);
  drawSigned(sheet, print);
  return sheet.finish((index, count) => drawFurniture(sheet, print, index, count));
}

function drawHead(sheet: Sheet, { template, number, sample }: CertificateContent, signed: boolean): void {
  sheet.section("Certificate");
  sheet.doc.outline.addItem(`${template.title} ${number}`);
  sheet.tagged("P", () => {
    sheet.label(template.title.toUpperCase(), { ...type.label, colour: ink.accent, size: 8.5 }, page.left, 58, 300);
    const state = signed ? number : `${number} · draft, not signed`;
    sheet.label(state, { ...type.label, size: 8.5 }, page.right, 58, 220, "right");
  });
  sheet.rule(66, ink.text, page.left, page.right, 1.4);
  sheet.rule(69.2, ink.text, page.left, page.right, 0.4);
  sheet.y = 80;
  sheet.paragraph(template.laboratory, type.bodyBold, { x: page.left });
  for (const line of template.address.filter((each) => each !== "")) sheet.paragraph(line, type.meta, { x: page.left });
  sheet.y += 16;
  sheet.paragraph(sample.product, type.title, { x: page.left, tag: "H1" });
  const lot = sample.lot === null ? "" : `Lot ${sample.lot} · `;
  sheet.paragraph(`${lot}Sample ${sample.number}`, type.subtitle, { x: page.left });
  sheet.y += 12;
}

/** ISO/IEC 17025 7.8.8: what it supersedes and why stands first on its face. */
function drawAmendment(sheet: Sheet, { amends, number, template }: CertificateContent): void {
  if (amends === null) return;
  const width = page.right - page.left - 24;
  const texts = [
    `The earlier certificate of ${printInstant(amends.issuedAt, template.zone)} is no longer valid. It stays readable and is not changed.`,
    `Reason: ${amends.reason}`,
    ...amends.changes.map((each) => `Changed: ${decimals(each, template.decimalMark)}`),
  ];
  const lines = texts.reduce((sum, text) => sum + sheet.lines(text, type.cell, width).length, 0);
  const height = Math.min(300, 16 + type.requirement.leading + lines * type.cell.leading + texts.length * 2);
  sheet.need(height);
  const top = sheet.y;
  sheet.ornament(() => {
    sheet.doc
      .save()
      .rect(page.left, top, page.right - page.left, height)
      .fill(tone.warning.tint)
      .rect(page.left, top, 3, height)
      .fill(tone.warning.ink)
      .restore();
  });
  sheet.y += 7;
  sheet.paragraph(`${number} supersedes ${amends.number}`, inColour(type.requirement, tone.warning.ink), {
    x: page.left + 12,
    width,
    tag: "H2",
  });
  for (const text of texts) {
    sheet.paragraph(text, type.cell, { x: page.left + 12, width });
    sheet.y += 2;
  }
  sheet.y = Math.max(sheet.y, top + height) + 12;
}

function drawFacts(sheet: Sheet, { sample, customer, template, publication, preparedAt }: CertificateContent): void {
  const when = (at: string | null) => (at === null ? "" : printInstant(at, template.zone));
  const facts: [string, string][] = [
    ["Customer", customer === null ? "" : [customer.name, customer.address ?? ""].filter(Boolean).join(", ")],
    ["Sampled", [when(sample.sampledAt), sample.sampledBy === null ? "" : `by ${sample.sampledBy}`].join(" ").trim()],
    ["Product", `${sample.productCode} ${sample.product}`],
    ["Received", [when(sample.receivedAt), sample.condition ?? ""].filter(Boolean).join(", ")],
    ["Point", sample.point ?? ""],
    ["Published", `${when(publication.at)}, no. ${publication.number}`],
    ["Template", `${template.name} v${template.version}`],
    ["Prepared", when(preparedAt)],
  ].filter((fact): fact is [string, string] => fact[1] !== "");
  const columnWidth = (page.right - page.left - 24) / 2;
  const labelWidth = 58;
  for (let row = 0; row < facts.length; row += 2) {
    const top = sheet.y;
    let bottom = top;
    facts.slice(row, row + 2).forEach(([name, value], column) => {
      const x = page.left + column * (columnWidth + 24);
      const lines = sheet.lines(value, type.cell, columnWidth - labelWidth);
      sheet.rule(top, ink.hairline, x, x + columnWidth);
      sheet.tagged("P", () => {
        sheet.label(name, type.cellMuted, x, top + 12);
        lines.forEach((line, index) =>
          sheet.drawLine(line, type.cell, x + labelWidth, top + 12 + index * type.cell.leading),
        );
      });
      bottom = Math.max(bottom, top + 7 + lines.length * type.cell.leading);
    });
    sheet.y = bottom;
  }
  sheet.rule(sheet.y, ink.hairline);
  sheet.y += 16;
}

/** One line for each specification, so that the result is read before the table. */
function drawConformity(sheet: Sheet, { evaluations }: CertificateContent): void {
  for (const { specification, number, verdict } of evaluations) {
    sheet.need(24);
    const look = verdictLooks[verdict];
    const top = sheet.y;
    sheet.tagged("P", () => {
      drawShape(sheet.doc, look.shape, page.left + 5, top + 8, 8.5, look.ink);
      const words = `The sample ${verdict === "none" ? "is not judged: no limit" : verdictWords[verdict]}`;
      const width = sheet.label(words, inColour(type.requirement, look.ink), page.left + 16, top + 11.5);
      sheet.label(
        `held against ${specification}, version ${number}`,
        type.cellMuted,
        page.left + 24 + width,
        top + 11.5,
        page.right - page.left - 30 - width,
      );
    });
    sheet.y = top + 19;
  }
  sheet.y += 6;
}

/** What was found out of specification stays on the certificate, with what became of it. */
function drawInvestigations(sheet: Sheet, content: CertificateContent): void {
  const { investigations, template } = content;
  if (investigations.length === 0) return;
  sheet.section("Results out of specification");
  sheet.need(120);
  sheet.y += 10;
  sheet.paragraph("Results out of specification and their investigation", type.heading, { x: page.left, tag: "H2" });
  sheet.y += 4;
  for (const each of investigations) {
    sheet.need(90);
    sheet.rule(sheet.y, ink.hairline);
    sheet.y += 5;
    const top = sheet.y;
    sheet.tagged("P", () => sheet.label(each.number, type.exact, page.left, top + 10, page.text - page.left - 8));
    const original = decimals([each.original, each.unit].filter(Boolean).join(" "), template.decimalMark);
    sheet.ornament(() => drawShape(sheet.doc, "triangle", page.text + 4, top + 7, 7, tone.bad.ink));
    const found = `${each.analyte}: original result ${original}, out of specification`;
    sheet.paragraph(found, type.bodyBold, { x: page.text + 13, width: page.right - page.text - 13 });
    sheet.y += 2;
    for (const text of tellInvestigation(each, template.zone)) sheet.paragraph(text, type.body);
    sheet.y += 6;
  }
}

/** What was verified against the answer of a gate says so, and who answers for it. */
function drawOverrides(sheet: Sheet, { overrides = [], template }: CertificateContent): void {
  if (overrides.length === 0) return;
  sheet.section("Overrides");
  sheet.need(100);
  sheet.y += 10;
  sheet.paragraph("Results verified by an override", type.heading, { x: page.left, tag: "H2" });
  sheet.y += 4;
  for (const each of overrides) {
    sheet.need(70);
    sheet.rule(sheet.y, ink.hairline);
    sheet.y += 5;
    const top = sheet.y;
    sheet.ornament(() => drawShape(sheet.doc, "half", page.left + 5, top + 7, 7, tone.warning.ink));
    const held = `${each.analyte} ${decimals(each.entered, template.decimalMark)}: ${each.gate}`;
    sheet.paragraph(held, type.bodyBold, { x: page.left + 16, width: page.right - page.left - 16 });
    sheet.y += 2;
    for (const text of tellOverride(each, template.zone))
      sheet.paragraph(text, type.cell, { x: page.left + 16, width: page.right - page.left - 16 });
    sheet.y += 6;
  }
}

function drawStatements(sheet: Sheet, { template, results }: CertificateContent): void {
  const unprintable = unprintableCount("sans", results.map((each) => each.name + each.entered).join(""));
  const statements = [
    ...template.statements,
    ...(unprintable === 0
      ? []
      : ["Some characters are outside the typefaces of this certificate; its data holds them."]),
  ];
  if (statements.length === 0) return;
  sheet.section("Statements");
  sheet.need(60);
  sheet.y += 10;
  for (const text of statements) {
    const dash = sheet.y + 6.3;
    sheet.need(type.cell.leading);
    sheet.rule(dash, ink.edge, page.left, page.left + 6, 0.8);
    sheet.paragraph(text, type.cell, { x: page.left + 12 });
    sheet.y += 3;
  }
}

function drawSigned(sheet: Sheet, print: CertificatePrint): void {
  const { content, signatures, seal, dataHash } = print;
  sheet.section("Signatures");
  sheet.runningTitle = "Signatures";
  sheet.need(isIssued(print) ? 260 : 60);
  sheet.y += 14;
  sheet.doc.outline.addItem("Signatures");
  if (!isIssued(print)) {
    sheet.paragraph(
      "Draft. Nobody has signed this: it is no certificate and does not leave the laboratory.",
      type.body,
      {
        x: page.left,
      },
    );
    return;
  }
  for (const signature of signatures) drawSignature(sheet, signature);
  if (content.stated !== undefined) drawStated(sheet, content.stated, content.template.zone);
  if (seal !== undefined) drawSeal(sheet, seal, "the certificate’s data");
  sheet.paragraph(`Data of this certificate: SHA-256 ${dataHash}`, { ...type.exact, size: 6.8 }, { x: page.left });
}

/** A certificate leaves signed here, or says who signed it where it was brought in from; anything else is a draft. */
function isIssued({ content, signatures }: Pick<CertificatePrint, "content" | "signatures">): boolean {
  return signatures.length > 0 || content.stated !== undefined;
}

/** Who signed it where it was issued: told, and told apart from a signature that this instance can prove. */
function drawStated(sheet: Sheet, stated: NonNullable<CertificateContent["stated"]>, zone: string): void {
  sheet.rule(sheet.y, ink.hairline);
  sheet.y += 8;
  sheet.paragraph(`${stated.by}, ${stated.role}`, type.bodyBold, { x: page.left });
  sheet.paragraph(`Signed where it was issued, ${printInstant(stated.at, zone)}`, type.body, { x: page.left });
  sheet.y += 3;
  const told =
    "This certificate was issued before it was brought into this system. The name, time and contents above are as they were stated there; no electronic signature of this system stands for them. The seal shows that this copy is unchanged since it was brought in.";
  sheet.paragraph(told, type.meta, { x: page.left });
  sheet.y += 12;
}

function drawFurniture(sheet: Sheet, print: CertificatePrint, index: number, count: number): void {
  const { content, signatures } = print;
  const { doc } = sheet;
  const { number, sample, template, amends } = content;
  const line = (y: number): void => {
    doc.save().lineWidth(0.5).moveTo(page.left, y).lineTo(page.right, y).stroke(ink.hairline).restore();
  };
  if (index > 0) {
    sheet.label(`${template.title} ${number}`, type.meta, page.left, 48, 300);
    sheet.label(sample.number, type.meta, page.right, 48, 160, "right");
    line(56);
  }
  line(page.bottom + 16);
  const foot =
    amends === null ? `${number} · ${sample.number}` : `${number}, supersedes ${amends.number} · ${sample.number}`;
  sheet.label(foot, type.meta, page.left, page.bottom + 30, 380);
  sheet.label(`Page ${index + 1} of ${count}`, type.meta, page.right, page.bottom + 30, 100, "right");
  const { stated } = content;
  const signed =
    stated === undefined
      ? signatureFoot(signatures)
      : [`Signed where it was issued by ${stated.by}, ${printInstant(stated.at, template.zone)}`];
  signed.forEach((text, at) =>
    sheet.label(text, { ...type.meta, size: 7.2 }, page.left, page.bottom + 41 + at * 9.5, page.right - page.left),
  );
  if (isIssued(print)) return;
  // See-through: a draft is read before it is signed.
  doc
    .save()
    .fillOpacity(0.07)
    .rotate(-52, { origin: [page.width / 2, page.height / 2] });
  sheet.label("DRAFT", { ...type.title, size: 150, colour: ink.text }, page.width / 2 - 240, page.height / 2 + 50);
  doc.restore();
}
