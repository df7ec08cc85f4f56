import { drawShape, ink, inColour, page, type } from "@probity/paper";
import type { Sheet } from "@probity/paper";
import type { Evaluation } from "../actions/publish.ts";
import { sayConformity, sayRules, type CertificateContent, type CertifiedResult } from "./content.ts";
import { decimals, verdictLooks } from "./look.ts";
import type { Template } from "./template.ts";

type Column = { readonly key: string; readonly title: string };
type Placed = Column & { readonly x: number; readonly width: number };
type Row = Readonly<Record<string, string>> & { readonly verdict: string };

const gap = 8;
const columnsBy: Readonly<Record<Template["columns"][number], Column>> = {
  method: { key: "method", title: "Method" },
  unit: { key: "unit", title: "Unit" },
  limit: { key: "limit", title: "Limit" },
  uncertainty: { key: "uncertainty", title: "Uncertainty" },
  verdict: { key: "verdict", title: "Conformity" },
};

/** The columns of the template, in the order a reader asks: what, how, in what, against what, found, how sure, so what. */
function wantedColumns(template: Template, results: readonly CertifiedResult[]): Column[] {
  const has = (name: Template["columns"][number]) => template.columns.includes(name);
  // A column that says nothing in any row takes no room.
  const uncertain = has("uncertainty") && results.some((each) => each.uncertainty !== null);
  return [
    { key: "name", title: "Test" },
    ...(has("method") ? [columnsBy.method] : []),
    ...(has("limit") ? [columnsBy.limit] : []),
    { key: "result", title: "Result" },
    ...(has("unit") ? [columnsBy.unit] : []),
    ...(uncertain ? [columnsBy.uncertainty] : []),
    ...(has("verdict") ? [columnsBy.verdict] : []),
  ];
}

/**
 * Each column gets what its longest word needs, so that none is torn, and of the rest as much as its texts ask for. Numbers
 * and units stay in one piece; what is long is set in lines.
 */
function placed(sheet: Sheet, columns: readonly Column[], rows: readonly Row[]): Placed[] {
  const room = page.right - page.left - 10 - gap * (columns.length - 1);
  const asked = columns.map(({ key, title }) => {
    const style = styleOf(key, ink.text);
    const mark = key === "verdict" ? verdictMark : 0;
    const texts = [...new Set(rows.map((row) => row[key] ?? ""))];
    const widest = (parts: readonly string[]) =>
      Math.max(0, ...parts.map((part) => sheet.measureText(part, style))) + mark;
    const head = sheet.measureText(title, type.label);
    const word = widest(texts.flatMap((text) => (unbroken.has(key) ? [text] : text.split(/\s+/))));
    return { least: Math.min(Math.max(head, word) + 1, room * 0.24), wish: Math.max(head, widest(texts)) + 1 };
  });
  const least = asked.reduce((sum, each) => sum + each.least, 0);
  const widths = asked.map((each) => (least > room ? (each.least * room) / least : each.least));
  // What is left goes, bit by bit, to whatever would be set in the most lines.
  for (let spare = room - least; spare > 0; spare -= 2) {
    const lines = asked.map(({ wish }, index) => wish / (widths[index] ?? 1));
    const most = lines.indexOf(Math.max(...lines));
    widths[most] = (widths[most] ?? 0) + Math.min(2, spare);
  }
  let x = page.left + 10;
  return columns.map((column, index) => {
    const width = widths[index] ?? 0;
    const at = { ...column, x, width };
    x += width + gap;
    return at;
  });
}
const verdictMark = 12;
const unbroken = new Set(["result", "unit", "uncertainty"]);

/** The results held against one specification's version, as a tagged table. */
export function drawResults(sheet: Sheet, content: CertificateContent, evaluation: Evaluation): void {
  const { template, results } = content;
  // The same test by two methods: each line takes its own.
  const left = [...results];
  const set = evaluation.lines.map((line) => {
    const at = left.findIndex((each) => each.name === line.name && each.entered === line.entered);
    const [found] = at < 0 ? [] : left.splice(at, 1);
    return { line, found, cells: cellsOf(template, line, found) };
  });
  const columns = placed(
    sheet,
    wantedColumns(template, results),
    set.map(({ cells }) => cells),
  );
  sheet.section(`Results against ${evaluation.specification}`);
  sheet.need(90);
  sheet.y += 8;
  sheet.paragraph(`Results against ${evaluation.specification}, version ${evaluation.number}`, type.heading, {
    x: page.left,
    tag: "H2",
  });
  sheet.y += 4;
  const table = sheet.group("Table");
  drawHead(sheet, table, columns);
  for (const each of set) drawRow(sheet, table, columns, template, each);
  if (evaluation.lines.length === 0) sheet.paragraph("Nothing was determined.", type.cellMuted, { x: page.left + 10 });
  sheet.y += 4;
  sheet.paragraph(sayRules(evaluation), type.meta, { x: page.left + 10, width: page.right - page.left - 10 });
}

function drawHead(sheet: Sheet, table: PDFKit.PDFStructureElement, columns: readonly Placed[]): void {
  const top = sheet.y;
  const row = sheet.group("TR", table);
  for (const { title, x, width } of columns)
    sheet.taggedIn(row, "TH", () => sheet.label(title, type.label, x, top + 9, width), { scope: "Column" });
  sheet.rule(top + 14, ink.text, page.left, page.right, 0.9);
  sheet.y = top + 17;
}

type Line = Evaluation["lines"][number];

function cellsOf({ decimalMark: mark }: Template, line: Line, found: CertifiedResult | undefined): Row {
  return {
    name: line.name,
    method: found?.method ?? "",
    limit: decimals(line.limit === "" ? "none" : line.limit, mark),
    result: decimals(line.reported, mark),
    unit: line.unit,
    uncertainty: decimals(found?.uncertainty ?? "", mark),
    verdict: sayConformity(line),
  };
}

function drawRow(
  sheet: Sheet,
  table: PDFKit.PDFStructureElement,
  columns: readonly Placed[],
  { decimalMark: mark }: Template,
  { line, found, cells }: { readonly line: Line; readonly found: CertifiedResult | undefined; readonly cells: Row },
): void {
  const look = verdictLooks[line.verdict];
  const repeated = (found?.repeated ?? []).map((each) =>
    decimals(
      `Original result ${each.entered}${line.unit === "" ? "" : ` ${line.unit}`}${each.verdict === "out" ? ", out of specification" : ""}; retested${each.reason === null ? "" : `: ${each.reason}`}`,
      mark,
    ),
  );
  const set = columns.map((column) => {
    const style = styleOf(column.key, look.ink);
    const width = column.key === "verdict" ? column.width - verdictMark : column.width;
    return { column, style, lines: sheet.lines(cells[column.key] ?? "", style, width) };
  });
  const guard = line.rule === undefined ? [] : [`Decided by ${decimals(line.rule, mark)}`];
  const notes = [...guard, ...repeated].flatMap((text) =>
    sheet.lines(text, type.metaItalic, page.right - page.left - 24),
  );
  const tall = Math.max(1, ...set.map(({ lines }) => lines.length));
  const height = tall * type.cell.leading + notes.length * type.metaItalic.leading + 8;
  if (sheet.room < Math.min(height, 400)) {
    sheet.newPage();
    drawHead(sheet, table, columns);
  }
  const top = sheet.y;
  sheet.ornament(() => {
    sheet.doc
      .save()
      .rect(page.left, top + 1, 3, height - 3)
      .fill(look.ink)
      .restore();
  });
  const row = sheet.group("TR", table);
  for (const { column, style, lines } of set) {
    const isName = column.key === "name";
    sheet.taggedIn(
      row,
      isName ? "TH" : "TD",
      () => {
        const isVerdict = column.key === "verdict";
        if (isVerdict) drawShape(sheet.doc, look.shape, column.x + 3.5, top + 8.5, 6.8, look.ink);
        lines.forEach((each, index) =>
          sheet.drawLine(each, style, column.x + (isVerdict ? 12 : 0), top + 11.5 + index * type.cell.leading),
        );
      },
      isName ? { scope: "Row" } : {},
    );
  }
  if (notes.length > 0) {
    sheet.taggedIn(row, "TD", () =>
      notes.forEach((each, index) =>
        sheet.drawLine(
          each,
          type.metaItalic,
          page.left + 10,
          top + 11 + tall * type.cell.leading + index * type.metaItalic.leading,
        ),
      ),
    );
  }
  sheet.rule(top + height - 1, ink.hairline);
  sheet.y = top + height;
}

function styleOf(key: string, verdictInk: string) {
  if (key === "verdict") return inColour(type.cell, verdictInk);
  if (key === "result") return type.cellBold;
  return key === "name" ? type.cell : type.cellMuted;
}
