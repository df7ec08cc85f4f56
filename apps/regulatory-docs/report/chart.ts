import { drawShape, inColour, ink, page, type } from "@probity/paper";
import type { Sheet } from "@probity/paper";
import { destinationOf, groupFindings, tally } from "./group.ts";
import type { FindingGroup } from "./group.ts";
import { statusInForce } from "./input.ts";
import type { FindingStatus, ReportInput } from "./input.ts";
import { lookOf, statusLooks } from "./look.ts";

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

/** Measures of a strip: where its label and its cells stand, and how large a cell is, in points. */
interface StripPlace {
  left: number;
  cells: number;
  right: number;
  cell: number;
}

const gap = 1.5;
/** More chapters than this stand in two columns, so that the first page also holds what follows. */
const singleColumnChapters = 8;

function stripAlt(group: FindingGroup): string {
  const parts = group.findings.map((finding) => `${finding.requirementId} ${lookOf(statusInForce(finding)).word}`);
  return `${group.title}: ${parts.join(", ")}.`;
}

function stripHeight(group: FindingGroup, labelLines: number, place: StripPlace): number {
  const pitch = place.cell + gap;
  const perRow = Math.floor((place.right - place.cells + gap) / pitch);
  return Math.max(Math.ceil(group.findings.length / perRow) * pitch, labelLines * stripLabel.leading) + 4;
}

const stripLabel = { ...type.meta, leading: 9.6, colour: ink.text };

/** Draws one chapter from `top` on and returns the height it took. */
function drawStrip(sheet: Sheet, group: FindingGroup, top: number, place: StripPlace): number {
  const { doc } = sheet;
  const pitch = place.cell + gap;
  const perRow = Math.floor((place.right - place.cells + gap) / pitch);
  const label = sheet.lines(group.title, stripLabel, place.cells - place.left - 8).slice(0, 2);
  sheet.tagged("P", () => {
    label.forEach((line, index) => {
      sheet.drawLine(line, stripLabel, place.left, top + 9.2 + index * stripLabel.leading);
    });
  });
  sheet.tagged(
    "Figure",
    () => {
      group.findings.forEach((finding, index) => {
        const look = lookOf(statusInForce(finding));
        const x = place.cells + (index % perRow) * pitch;
        const y = top + Math.floor(index / perRow) * pitch;
        doc.save().rect(x, y, place.cell, place.cell).fill(look.tint).restore();
        drawShape(doc, look.shape, x + place.cell / 2, y + place.cell / 2, 6.5, look.ink);
        doc.goTo(x, y, place.cell, place.cell, destinationOf(finding));
      });
    },
    { alt: stripAlt(group) },
  );
  return stripHeight(group, label.length, place);
}

/** Height of a chapter's strip, as `drawStrip` will take it. */
function measureStrip(sheet: Sheet, group: FindingGroup, place: StripPlace): number {
  const lines = sheet.lines(group.title, stripLabel, place.cells - place.left - 8).length;
  return stripHeight(group, Math.min(2, lines), place);
}

/** One row of cells a chapter, one cell a requirement; each cell leads to its requirement. */
export function drawHeatStrip(sheet: Sheet, input: ReportInput): void {
  const groups = groupFindings(input.findings);
  if (groups.length <= singleColumnChapters) {
    const place = { left: page.left, cells: 212, right: page.right, cell: 13.5 };
    for (const group of groups) {
      sheet.need(measureStrip(sheet, group, place));
      sheet.y += drawStrip(sheet, group, sheet.y, place);
    }
    return;
  }
  const middle = (page.left + page.right) / 2;
  const places = [
    { left: page.left, cells: page.left + 106, right: middle - 8, cell: 11 },
    { left: middle + 12, cells: middle + 118, right: page.right, cell: 11 },
  ];
  const first = places[0];
  if (first === undefined) return;
  const heights = groups.map((group) => measureStrip(sheet, group, first));
  const total = heights.reduce((sum, height) => sum + height, 0);
  sheet.need(Math.min(total / 2 + 24, page.bottom - page.top));
  const top = sheet.y;
  let column = 0;
  let y = top;
  let deepest = top;
  groups.forEach((group, index) => {
    if (column === 0 && y - top + (heights[index] ?? 0) / 2 > total / 2) {
      column = 1;
      y = top;
    }
    const place = places[column] ?? first;
    // Past the foot of the page the columns end and the rest goes on below them, on the next one.
    if (y + (heights[index] ?? 0) > page.bottom) {
      sheet.newPage();
      y = sheet.y;
      deepest = y;
    }
    y += drawStrip(sheet, group, y, place);
    deepest = Math.max(deepest, y);
  });
  sheet.y = deepest;
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
