/** Turns paragraphs into sections and units (sentences, list items, table rows): the grain evidence is quoted at. */
import type { AnalysisDocument, ParagraphSpan } from "./document.ts";
import { sentencesOf } from "./sentence.ts";

/** What a unit is, in the text. */
export type UnitKind = "heading" | "sentence" | "item" | "row" | "code" | "meta" | "toc";

/** One quotable piece of text. Offsets are UTF-16 into the document's text, `end` exclusive. */
export interface Unit {
  start: number;
  end: number;
  page: number;
  kind: UnitKind;
  section: number;
  /** Units of one paragraph, list or table share a passage. */
  passage: number;
  /** The unit that introduces this one ("The report shall state:" before its items; a table's head), or -1. */
  lead: number;
  /** Nesting of a list item, 0 outside lists. */
  indent: number;
}

/** A heading with what stands below it up to the next heading. Section 0 is the text before the first heading. */
export interface Section {
  /** Index of the heading's unit, -1 for the opening section. */
  heading: number;
  /** Heading text without its number, "" for the opening section. */
  title: string;
  level: number;
  /** Index of the section it stands in, -1 at the top. */
  parent: number;
}

/** Most units read of one document: a 5 MB text of ordinary sentences has about 50,000. What lies beyond is told, not read. */
const MOST_UNITS = 120_000;

/** A document taken apart. */
export interface Structure {
  document: AnalysisDocument;
  /** Title as the text gives it (front matter or first heading), "" when it gives none. */
  title: string;
  units: Unit[];
  sections: Section[];
  /** The text went beyond the most that is read. */
  cut: boolean;
}

interface Piece {
  start: number;
  end: number;
  page: number;
  form: "heading" | "body" | "list" | "table" | "code" | "meta" | "toc";
  level: number;
}

const NUMBERED =
  /^(?:section\s+|clause\s+|chapter\s+|article\s+)?((?:[0-9]{1,2}|[A-Z])(?:\.[0-9]{1,3}){0,5})[.):]?\s+(?=\S)/i;
const DOCUMENT_NUMBER = /^[A-Z]{2,6}[-_ ]?(?:[A-Z]{1,4}[-_ ])?[0-9]{1,5}(?:[.-][0-9]{1,3})?\s*[:.–—-]?\s+(?=\p{L})/u;
const LIST_MARK = /^(?:[-*+•▪◦–]|\(?[0-9]{1,3}[.)]|\(?[a-zA-Z][.)]|\(?[ivx]{1,5}[.)])\s+\S/;
const TITLE_KEY = /^(?:title|name|document[ _]title)\s*:\s*["']?([^"'\r\n]{2,160})/i;

/** Splits a document into sections and units. Linear in the text. */
export function structureOf(document: AnalysisDocument): Structure {
  const { text } = document;
  const units: Unit[] = [];
  const sections: Section[] = [{ heading: -1, title: "", level: 0, parent: -1 }];
  const open: { index: number; level: number }[] = [];
  let passage = -1;
  let lastForm = "";
  let lead = -1;
  let introduction = -1;
  let title = "";
  let cut = false;
  for (const piece of piecesOf(document)) {
    if (units.length >= MOST_UNITS) {
      cut = true;
      break;
    }
    const content = text.slice(piece.start, piece.end);
    const section = sections.length - 1;
    const base = { page: piece.page, lead: -1, indent: 0 };
    if (piece.form === "heading") {
      passage += 1;
      const parent = parentOf(open, piece.level);
      open.push({ index: section + 1, level: piece.level });
      const name = headingTitle(content);
      sections.push({ heading: units.length, title: name, level: piece.level, parent });
      units.push({ ...base, start: piece.start, end: piece.end, kind: "heading", section: section + 1, passage });
      if (title === "") title = name;
      introduction = -1;
    } else if (piece.form === "meta") {
      const key = TITLE_KEY.exec(content);
      if (key?.[1] && title === "") title = key[1].trim();
      passage += 1;
      units.push({ ...base, start: piece.start, end: piece.end, kind: "meta", section, passage });
    } else if (piece.form === "toc") {
      passage += 1;
      units.push({ ...base, start: piece.start, end: piece.end, kind: "toc", section, passage });
    } else if (piece.form === "table") {
      if (lastForm !== "table") {
        passage += 1;
        lead = units.length;
      }
      const head = lead === units.length ? -1 : lead;
      units.push({ ...base, start: piece.start, end: piece.end, kind: "row", section, passage, lead: head });
    } else if (piece.form === "list") {
      if (lastForm !== "list" && introduction < 0) passage += 1;
      const intro = leadOf(units, piece.level, introduction, passage);
      for (const span of sentencesOf(text, piece.start, piece.end, MOST_UNITS)) {
        units.push({ ...base, ...span, kind: "item", section, passage, lead: intro, indent: piece.level });
      }
    } else {
      passage += 1;
      const kind = piece.form === "code" ? "code" : "sentence";
      for (const span of sentencesOf(text, piece.start, piece.end, MOST_UNITS)) {
        units.push({ ...base, ...span, kind, section, passage });
      }
      introduction = content.trimEnd().endsWith(":") ? units.length - 1 : -1;
    }
    lastForm = piece.form;
  }
  return { document, title, units, sections, cut };
}

/** The number and bare title of a heading: "5.3 Review process" → "Review process". */
export function headingTitle(heading: string): string {
  const plain = heading.replaceAll("*", "").replaceAll("`", "").trim();
  return plain.replace(DOCUMENT_NUMBER, "").replace(NUMBERED, "").trim();
}

/** The nearest open section of a lesser level. Sections that cannot be a parent any more leave the stack: linear in all. */
function parentOf(open: { index: number; level: number }[], level: number): number {
  while (open.length > 0 && (open.at(-1)?.level ?? 0) >= level) open.pop();
  return open.at(-1)?.index ?? 0;
}

/** An item's introduction: the nearest item above that stands less deep and ends in a colon, else the list's own. */
function leadOf(units: readonly Unit[], level: number, introduction: number, passage: number): number {
  for (let index = units.length - 1, looked = 0; index >= 0 && looked < 40; index -= 1, looked += 1) {
    const unit = units[index];
    if (!unit || unit.passage !== passage || unit.kind !== "item") break;
    if (unit.indent < level) return index;
  }
  return introduction;
}

function piecesOf(document: AnalysisDocument): Piece[] {
  const { text } = document;
  const pieces: Piece[] = [];
  const furniture = (document.furniture ?? []).toSorted((a, b) => a.start - b.start);
  let next = 0;
  let depth = 1;
  let begun = false;
  for (const paragraph of document.paragraphs) {
    if (paragraph.end <= paragraph.start) continue;
    while (next < furniture.length && (furniture[next]?.end ?? 0) <= paragraph.start) next += 1;
    if ((furniture[next]?.start ?? Infinity) < paragraph.end) continue;
    let piece = pieceOf(text, paragraph, depth);
    // The first line of a text without markup is its title when it is short and no sentence.
    if (piece.form === "body" && !begun && isTitleLine(text.slice(piece.start, piece.end))) {
      piece = { ...piece, form: "heading", level: 1 };
    }
    if (piece.form === "heading") depth = piece.level;
    if (piece.form !== "meta") begun = true;
    pieces.push(piece);
  }
  return pieces;
}

function pieceOf(text: string, paragraph: ParagraphSpan, depth: number): Piece {
  const style = paragraph.style.toLowerCase();
  const start = paragraph.start + leadingSpace(text, paragraph.start, paragraph.end);
  let end = paragraph.end;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end -= 1;
  const base = { start, end, page: paragraph.page };
  if (style.includes("head") || style === "title") {
    const digit = /[1-9]/.exec(style)?.[0];
    return { ...base, form: "heading", level: digit ? Number(digit) : 1 };
  }
  if (style === "toc") return { ...base, form: "toc", level: 0 };
  if (style.includes("code")) return { ...base, form: "code", level: 0 };
  if (style.includes("meta")) return { ...base, form: "meta", level: 0 };
  if (style.includes("table") || style.includes("row") || style.includes("cell"))
    return { ...base, form: "table", level: 0 };
  const digit = /[0-9]/.exec(style)?.[0];
  if (style.includes("list")) return { ...base, form: "list", level: 1 + (digit ? Number(digit) : 0) };
  if (isLabelBlock(text, start, end)) return { ...base, form: "meta", level: 0 };
  const level = looksLikeHeading(text, start, end, depth);
  if (level > 0) return { ...base, form: "heading", level };
  if (LIST_MARK.test(text.slice(start, Math.min(end, start + 12)))) return { ...base, form: "list", level: 1 };
  return { ...base, form: "body", level: 0 };
}

/** A paragraph without a heading's style that reads like one: numbered or in capitals or bold, short, no full stop. */
function looksLikeHeading(text: string, start: number, end: number, depth: number): number {
  if (end - start > 110 || end - start < 3) return 0;
  const line = text.slice(start, end);
  if (line.includes("\n") || /[.;,:?!]$/.test(line) || line.includes("|")) return 0;
  const bold = /^\*\*[^*]{2,100}\*\*:?$/.test(line) || /^__[^_]{2,100}__$/.test(line);
  const number = NUMBERED.exec(line);
  if (number?.[1] && /^[0-9A-Z]/.test(number[1])) {
    const rest = line.slice(number[0].length);
    if (
      rest.split(" ").length <= 10 &&
      /^\p{Lu}/u.test(rest) &&
      (number[1].includes(".") || !/^[a-z]/.test(number[1]))
    ) {
      return number[1].split(".").length + 1;
    }
  }
  if (bold) return depth + 1;
  return isCapitals(line) && line.split(" ").length <= 9 ? 2 : 0;
}

function isTitleLine(line: string): boolean {
  return (
    line.length <= 110 &&
    !line.includes("\n") &&
    !line.includes("|") &&
    !/[.;,:?!]$/.test(line) &&
    /\p{L}{3}/u.test(line)
  );
}

/** "Document number: SOP-01" over "Revision: 2": a block of labels is metadata, not content. */
function isLabelBlock(text: string, start: number, end: number): boolean {
  if (end - start > 800) return false;
  const lines = text.slice(start, end).split("\n");
  if (lines.length < 2) return false;
  return lines.every(
    (line) => line.trim().length < 120 && /^[>\s]*[*_]{0,2}\p{L}[\p{L}\p{N} /()-]{1,30}[*_]{0,2}:/u.test(line),
  );
}

function isCapitals(line: string): boolean {
  const letters = line.replace(/[^\p{L}]/gu, "");
  return letters.length >= 4 && letters === letters.toUpperCase() && letters !== letters.toLowerCase();
}

function leadingSpace(text: string, start: number, end: number): number {
  let at = start;
  while (at < end && isSpace(text.charCodeAt(at))) at += 1;
  return at - start;
}

function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13) || code === 160;
}
