import { destinationOf, groupFindings, tally } from "./group.ts";
import type { FindingGroup } from "./group.ts";
import { statusInForce } from "./input.ts";
import type { FindingStatus, ReportInput } from "./input.ts";
import { ink, lookOf, statusLooks } from "./look.ts";
import { drawShape } from "./shape.ts";
import { page } from "./sheet.ts";
import type { Sheet } from "./sheet.ts";
import { inColour, type } from "./type-scale.ts";

function countOf(counts: ReportInput["counts"], status: FindingStatus): number {
  return status === "not-assessable" ? counts.notAssessable : counts[status];
}

/** The result in one bar; its key below carries shape, count, word and meaning. */
export function drawStatusBar(sheet: Sheet, counts: ReportInput["counts"]): void {
  const { doc } = sheet;
  const width = page.right - page.left;
  const height = 20;
  const total = statusLooks.reduce((sum, look) => sum + countOf(counts, look.status), 0);
  const alt = statusLooks.map((look) => `${countOf(counts, look.status)} ${look.word}`).join(", ");
  const top = sheet.y;
  sheet.tagged(
    "Figure",
    () => {
      let x: number = page.left;
      if (total === 0) {
        doc.save().lineWidth(0.7).dash(2, { space: 2 }).rect(x, top, width, height).stroke(ink.edge).restore();
        return;
      }
      for (const look of statusLooks) {
        const count = countOf(counts, look.status);
        if (count === 0) continue;
        const part = (width * count) / total;
        doc.save().rect(x, top, part, height).fill(look.tint);
        doc
          .rect(x, top + height - 3, part, 3)
          .fill(look.ink)
          .restore();
        // A sliver too narrow for its shape stays bare: the key below names it all the same.
        if (part > 26) {
          drawShape(doc, look.shape, x + 10, top + 8.5, 7.5, look.ink);
          sheet.label(String(count), inColour(type.cellBold, look.ink), x + 17, top + 11.6);
        }
        x += part;
        if (x < page.right - 1) {
          doc
            .save()
            .lineWidth(1.2)
            .moveTo(x, top)
            .lineTo(x, top + height)
            .stroke(ink.paper)
            .restore();
        }
      }
    },
    { alt: `Bar of results: ${alt}.` },
  );
  sheet.y = top + height + 12;
  const column = width / statusLooks.length;
  const keyTop = sheet.y;
  let deepest = keyTop;
  statusLooks.forEach((look, index) => {
    const x = page.left + column * index;
    sheet.tagged("P", () => {
      drawShape(doc, look.shape, x + 4, keyTop + 6, 8, look.ink);
      const count = String(countOf(counts, look.status));
      sheet.label(`${count} ${look.word}`, inColour(type.bodyBold, look.ink), x + 13, keyTop + 9.5);
      let y = keyTop + 22;
      for (const line of sheet.lines(look.meaning, type.meta, column - 22)) {
        sheet.drawLine(line, type.meta, x + 13, y);
        y += type.meta.leading;
      }
      deepest = Math.max(deepest, y);
    });
  });
  sheet.y = deepest + 2;
}

const cell = 13.5;
const gap = 1.5;
const stripLeft = 212;

function stripAlt(group: FindingGroup): string {
  const parts = group.findings.map((finding) => `${finding.requirementId} ${lookOf(statusInForce(finding)).word}`);
  return `${group.title}: ${parts.join(", ")}.`;
}

function drawStrip(sheet: Sheet, group: FindingGroup): void {
  const { doc } = sheet;
  const perRow = Math.floor((page.right - stripLeft + gap) / (cell + gap));
  const height = Math.ceil(group.findings.length / perRow) * (cell + gap) + 2;
  sheet.need(height);
  const top = sheet.y;
  sheet.tagged("P", () => {
    sheet.label(group.title, inColour(type.meta, ink.text), page.left, top + 9.6, stripLeft - page.left - 10);
  });
  sheet.tagged(
    "Figure",
    () => {
      group.findings.forEach((finding, index) => {
        const look = lookOf(statusInForce(finding));
        const x = stripLeft + (index % perRow) * (cell + gap);
        const y = top + Math.floor(index / perRow) * (cell + gap);
        doc.save().rect(x, y, cell, cell).fill(look.tint).restore();
        drawShape(doc, look.shape, x + cell / 2, y + cell / 2, 6.5, look.ink);
        doc.goTo(x, y, cell, cell, destinationOf(finding));
      });
    },
    { alt: stripAlt(group) },
  );
  sheet.y = top + height;
}

/** One row of cells a chapter, one cell a requirement; each cell leads to its requirement. */
export function drawHeatStrip(sheet: Sheet, input: ReportInput): void {
  for (const group of groupFindings(input.findings)) drawStrip(sheet, group);
}

/** A short line of shapes, counts and words for one chapter, such as "● 4 covered  ▲ 1 gap". */
export function drawTally(sheet: Sheet, group: FindingGroup, x: number): void {
  const counts = tally(group.findings);
  const top = sheet.y;
  sheet.tagged("P", () => {
    let at = x;
    for (const look of statusLooks) {
      const count = counts.get(look.status) ?? 0;
      if (count === 0) continue;
      drawShape(sheet.doc, look.shape, at + 3.5, top + 6, 6.5, look.ink);
      at += 10 + sheet.label(`${count} ${look.word}`, inColour(type.meta, look.ink), at + 10, top + 8.6) + 14;
    }
  });
  sheet.y = top + type.meta.leading + 4;
}
