import { ink, page, printInstant, Sheet, signatureLine, type } from "@probity/paper";
import type { SampleRecord } from "./sample-record.ts";

/** The record of a sample for people and printers: facts, each result with its whole story, signatures, family. */
export async function sampleRecordPdf(record: SampleRecord, workspace: string, dataHash: string): Promise<Uint8Array> {
  const { sample } = record;
  const at = new Date(record.madeAt);
  const sheet = new Sheet({
    Title: `Record of ${sample.number}`,
    Author: workspace,
    Subject: `${sample.product}${sample.lot === null ? "" : `, ${sample.lot}`}`,
    Keywords: `data sha-256 ${dataHash}`,
    Creator: "Probity",
    Producer: "Probity",
    CreationDate: at,
    ModDate: at,
  });
  sheet.section("Record");
  sheet.doc.outline.addItem(`Record of ${sample.number}`);
  sheet.paragraph(`Record of ${sample.number}`, type.title, { x: page.left, tag: "H1" });
  sheet.paragraph(
    `${workspace} · everything kept of this sample, every version included · made ${moment(record.madeAt)}`,
    type.meta,
    { x: page.left },
  );
  sheet.y += 10;
  drawFacts(sheet, factsOf(record));
  for (const result of record.results) drawResult(sheet, result);
  drawFiles(sheet, record);
  drawOverrides(sheet, record);
  drawSignatures(sheet, record);
  drawFamily(sheet, record);
  const foot = [
    ...record.verifications
      .flatMap((each) => (each.signature === null || each.standing === 0 ? [] : [signatureLine(each.signature)]))
      .slice(0, 2),
    `data sha-256 ${dataHash}`,
  ];
  return sheet.finish((index, count) => {
    sheet.rule(792, ink.hairline);
    foot.forEach((line, row) => sheet.label(line, type.meta, page.left, 803 + row * 10, page.right - page.left - 60));
    sheet.label(`${sample.number} · page ${index + 1} of ${count}`, type.meta, page.right, 803, 160, "right");
  });
}

type Fact = [string, string];

function factsOf({ sample, sampleVersions }: SampleRecord): Fact[] {
  return [
    ["Product", `${sample.productCode} ${sample.product}`],
    ["Sampling point", sample.point === null ? "–" : `${sample.point} ${sample.pointName ?? ""}`],
    ["Lot", sample.lot ?? "–"],
    [
      "Specification",
      sample.specification === null ? "none" : `${sample.specification} v${sample.specificationNumber ?? ""}, frozen`,
    ],
    ["State", sample.state],
    [
      "Sampled",
      sample.sampledAt === null
        ? "–"
        : `${moment(sample.sampledAt)}${sample.sampledBy === null ? "" : `, ${sample.sampledBy}`}`,
    ],
    ["Registered", `${moment(sample.registeredAt)}, ${sample.registeredBy ?? "Probity"}`],
    ["Received", sample.receivedAt === null ? "–" : `${moment(sample.receivedAt)}, ${sample.receivedBy ?? ""}`],
    [
      "Imported from",
      sample.importedFrom === null ? "–" : `${sample.importedFrom}, sha-256 ${sample.importedHash ?? ""}`,
    ],
    ["Versions", String(sampleVersions.length)],
  ];
}

function drawFacts(sheet: Sheet, facts: readonly Fact[]): void {
  for (const [name, value] of facts) {
    sheet.need(16);
    const top = sheet.y;
    sheet.tagged("P", () => sheet.label(name, type.label, page.left, top + 9.8));
    sheet.paragraph(value, type.body);
  }
  sheet.y += 10;
}

function drawResult(sheet: Sheet, result: SampleRecord["results"][number]): void {
  sheet.section(result.name);
  sheet.need(90);
  sheet.rule(sheet.y, ink.text, page.left, page.right, 0.9);
  sheet.y += 8;
  const again = result.attempt > 1 ? `, attempt ${result.attempt}` : "";
  sheet.paragraph(`${result.name}${again}`, type.heading, { x: page.left, tag: "H2" });
  drawFacts(sheet, [
    ["As entered", result.text === null ? "nothing" : `${result.text} ${result.unit}`.trim()],
    ["As reported", `${result.reported ?? "–"} ${result.unit}`.trim()],
    ["Limit", result.limit === "" ? "none" : result.limit],
    ["Verdict", result.words ?? result.verdict ?? "–"],
    ...(result.rule === "" ? [] : [["Decision rule", result.rule] satisfies Fact]),
    ["Method", `${result.method.code} v${result.method.number}, ${result.method.title}`],
    ...(result.worksheet === null ? [] : [["Worksheet", result.worksheet] satisfies Fact]),
    ...(result.file === null
      ? []
      : [["File", `${result.file.name}, sha-256 ${result.file.sha256 ?? ""}`] satisfies Fact]),
  ]);
  for (const step of result.versions) {
    const value = step.act === "changed" ? `${step.before ?? ""} → ${step.text ?? ""}` : (step.text ?? "");
    const why = step.reason === null ? "" : ` “${step.reason}”`;
    const leaf = step.leaf === null ? "" : ` · leaf ${step.leaf}`;
    sheet.paragraph(`v${step.version} ${step.act} ${value}${why}`.trimEnd(), type.cell, { x: page.text });
    sheet.paragraph(`${step.by}, ${moment(step.at)}${leaf}`, type.meta, { x: page.text });
  }
  sheet.y += 8;
}

/** What stands beside the sample, its results and investigations; the hash says which file it is. */
function drawFiles(sheet: Sheet, { attachments }: SampleRecord): void {
  if (attachments.length === 0) return;
  sheet.section("Files");
  sheet.need(60);
  sheet.paragraph("Files beside it", type.heading, { x: page.left, tag: "H2" });
  for (const each of attachments) {
    sheet.paragraph(`${each.name}, ${each.bytes} bytes, beside ${each.of}`, type.body);
    const note = each.note === null ? "" : ` “${each.note}”`;
    const leaf = each.leaf === null ? "" : ` · leaf ${each.leaf}`;
    sheet.paragraph(`${each.by ?? "Probity"}, ${moment(each.at)}${note}${leaf} · sha-256 ${each.sha256}`, type.meta);
    if (each.struckReason !== null && each.struckAt !== null)
      sheet.paragraph(
        `Struck out by ${each.struckBy ?? "Probity"}, ${moment(each.struckAt)}: “${each.struckReason}”`,
        type.meta,
      );
  }
  sheet.y += 10;
}

function drawOverrides(sheet: Sheet, { overrides }: SampleRecord): void {
  if (overrides.length === 0) return;
  sheet.section("Overrides");
  sheet.need(60);
  sheet.paragraph("Results verified by an override", type.heading, { x: page.left, tag: "H2" });
  for (const each of overrides) {
    sheet.paragraph(`${each.analyte} ${each.entered}, ${each.gate}: ${each.held}`, type.body);
    const confirmed = each.confirmedAt === null ? "" : `, ${moment(each.confirmedAt)}`;
    const remark = each.remark === null ? "" : `: “${each.remark}”`;
    sheet.paragraph(
      `Asked for by ${each.askedBy}, ${moment(each.askedAt)}: “${each.reason}”. Confirmed by ${each.confirmedBy}${confirmed}${remark}`,
      type.meta,
    );
  }
  sheet.y += 10;
}

function drawSignatures(sheet: Sheet, { verifications, unlocks }: SampleRecord): void {
  sheet.section("Signatures");
  sheet.need(60);
  sheet.paragraph("Signatures and unlockings", type.heading, { x: page.left, tag: "H2" });
  for (const each of verifications) {
    const line =
      each.signature === null
        ? `Verified with a fresh proof, not signed, by ${each.by ?? "a former member"}, ${moment(each.at)}`
        : signatureLine(each.signature);
    sheet.paragraph(line, type.body);
    const rest = each.standing === each.results ? "all stand as signed" : `${each.standing} stand as signed`;
    sheet.paragraph(
      `${each.of}: ${each.results} results of this sample, ${rest}${each.signature === null ? "" : `; signed bytes sha-256 ${each.signature.recordHash}`}`,
      type.meta,
    );
  }
  for (const each of unlocks)
    sheet.paragraph(`Unlocked by ${each.by ?? "a former member"}, ${moment(each.at)}: “${each.reason}”`, type.body);
  if (verifications.length === 0) sheet.paragraph("Nobody has put their name to these results.", type.body);
  sheet.y += 10;
}

function drawFamily(sheet: Sheet, { genealogy }: SampleRecord): void {
  sheet.section("Family");
  sheet.need(60);
  sheet.paragraph("What it came from and what became of it", type.heading, { x: page.left, tag: "H2" });
  const named = new Map(genealogy.nodes.map((node) => [node.id, `${node.title} (${node.detail})`]));
  for (const edge of genealogy.edges)
    sheet.paragraph(`${named.get(edge.from) ?? ""} → ${edge.words} → ${named.get(edge.to) ?? ""}`, type.meta);
}

function moment(at: Date | string): string {
  return printInstant(typeof at === "string" ? at : at.toISOString(), "UTC");
}
