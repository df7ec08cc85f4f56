/** What looks like coverage and is none: contents pages, mapping tables, lists of documents, prompts, stubs. */
import type { Section, Structure, Unit } from "./structure.ts";
import { type Wording, isPlaceholder, wordingOf } from "./strength.ts";

/** Why a unit is never coverage. */
export type Exclusion =
  | "contents"
  | "mapping"
  | "document-list"
  | "references"
  | "revision-history"
  | "front-matter"
  | "code"
  | "placeholder"
  | "denied"
  | "deferred";

/** The part a section plays, told from its heading. */
export type Role = "purpose" | "definitions" | "responsibilities" | "records" | "excluded" | "procedure";

/** Content below this many characters is a stub: a title and good intentions, not a procedure. */
export const STUB_CHARACTERS = 400;

/** A unit's reading: excluded for a reason, or counting with a wording. */
export interface Reading {
  exclusion: Exclusion | undefined;
  wording: Wording;
}

/** A document's readings, beside its structure. */
export interface ContentMap {
  readings: Reading[];
  roles: Role[];
  /** Characters of units that may count. */
  contentCharacters: number;
  /** Characters of prompts, empty forms and the like. */
  placeholderCharacters: number;
  /** Whole-document verdict: a stub, a template, an index, or content. */
  kind: "content" | "stub" | "template" | "index" | "withdrawn";
  /** How many units fell to each reason. */
  counts: Partial<Record<Exclusion, number>>;
}

const REFERENCES =
  /\b(?:references?|referenced documents?|related (?:documents?|procedures?|sops?)|applicable (?:documents?|standards)|bibliography|associated (?:documents?|forms)|normative references|source documents|see also|cross[- ]references?|linked documents|supporting documents|forms? and templates)\b/i;
const REVISION =
  /\b(?:revision|version|change|document|amendment) (?:history|log|record|table)\b|\bhistory of (?:changes|revisions)\b|\bapprovals? (?:page|block|table|signatures?)$|^signatures?$|\bdocument (?:approval|information|details|metadata)\b/i;
const CONTENTS =
  /^(?:table of )?contents?$|^index$|^toc$|^contents? page$|^list of (?:tables|figures|contents|procedures|documents|sops|forms|records|work instructions)/i;
const PURPOSE =
  /^(?:purpose|scope|purpose (?:and|&) scope|scope (?:and|&) purpose|objectives?|objectives? and scope|introduction|background|general|applicability|overview|aim|summary|abstract|field of application)$/i;
const DEFINITIONS = /\b(?:definitions?|glossary|terms|terminology|abbreviations|acronyms)\b/i;
const RESPONSIBILITIES = /\b(?:responsib|roles?\b|authorit)/i;
const RECORDS =
  /^(?:quality )?records?(?: generated| produced| and retention)?$|^documentation(?: and records)?$|^outputs? and records$/i;

const CLAUSE =
  /(?:^|[\s(|§*`])(?:§\s*)?(?:[0-9]{1,2}\.[0-9]{1,2}(?:\.[0-9]{1,2}){0,3}|820\.[0-9]{1,3}|CC[0-9]\.[0-9]|A\.[0-9]{1,2}\.[0-9]{1,2})(?=$|[\s),;:|*`a-z–-])/;
const FIRST_CELL_CLAUSE =
  /^\s*\|?\s*[*`]{0,3}(?:ISO [0-9]{4,5}(?::[0-9]{4})?\s*)?(?:§|clause|section|21 CFR|CFR)?\s*(?:[0-9]{1,2}\.[0-9]{1,2}|820\.[0-9]|[4-8]\s*\||CC[0-9]\.)/i;
const DOCUMENT_ID =
  /\b(?!ISO|IEC|EN-|MDR|CFR|EU-|NIST|AES|SHA|UTF|RFC|TLS|ASTM|GHTF|IMDRF|MDCG)[A-Z]{2,6}[-_](?:[A-Z]{1,4}[-_])?[0-9X]{1,5}\b|\[\[[^\]]{2,80}\]\]|\]\([^)]{1,200}\)|\.(?:md|docx?|pdf)\b/;
const MAPPING_HEAD =
  /\b(?:clause|section|iso|standard|requirement|reference|chapter|article|§|paragraph|regulation)\b/i;
const MAPPING_HEAD_OTHER =
  /\b(?:document|procedure|sop|doc|title|location|evidence|file|policy|link|controlling|applicable|description|justification|where|process)\b/i;

/** Reads every unit of a document. */
export function contentOf(structure: Structure): ContentMap {
  const { units, sections } = structure;
  const { text } = structure.document;
  const roles = inherited(
    sections,
    (section) => roleOf(section.title),
    (section) => (RESPONSIBILITIES.test(section.title) && section.title.length < 60 ? "responsibilities" : "procedure"),
  );
  const reasons = inherited<Exclusion | undefined>(
    sections,
    (section, index) => exclusionOf(section, index === 1 && sections.length > 3),
    () => undefined,
  );
  const readings: Reading[] = units.map((unit) => ({
    exclusion: unit.kind === "heading" ? undefined : reasons[unit.section],
    wording: "practice",
  }));
  const mark = (index: number, exclusion: Exclusion): void => {
    const reading = readings[index];
    if (reading && !reading.exclusion) reading.exclusion = exclusion;
  };
  units.forEach((unit, index) => {
    if (unit.kind === "meta") mark(index, "front-matter");
    else if (unit.kind === "code") mark(index, "code");
    else if (unit.kind === "toc") mark(index, "contents");
    else if (unit.kind !== "heading" && isContentsLine(text.slice(unit.start, unit.end))) mark(index, "contents");
  });
  for (const passage of passagesOf(units)) {
    const opening = units[passage[0] ?? 0];
    if (opening?.kind === "sentence" && wordingOf(text.slice(opening.start, opening.end)) === "placeholder") {
      for (const index of passage) mark(index, "placeholder");
    }
    const reason = passageExclusion(text, passage, units);
    if (reason) for (const index of passage) mark(index, reason);
  }
  for (const passage of passagesOf(units)) {
    const [head, ...body] = passage;
    const first = units[head ?? 0];
    if (head === undefined || first?.kind !== "row" || body.length === 0) continue;
    const empty = (index: number): boolean => {
      const unit = units[index];
      return unit !== undefined && isEmptyRow(unit, text.slice(unit.start, unit.end));
    };
    if (body.every(empty)) for (const index of passage) mark(index, "placeholder");
  }
  let contentCharacters = 0;
  let placeholderCharacters = 0;
  units.forEach((unit, index) => {
    const reading = readings[index];
    if (!reading) return;
    const words = text.slice(unit.start, unit.end);
    if (unit.kind === "heading") {
      if (isPlaceholder(words)) reading.exclusion = "placeholder";
      return;
    }
    if (reading.exclusion === "placeholder") placeholderCharacters += words.length;
    if (reading.exclusion) return;
    reading.wording = wordingOf(words);
    const { wording } = reading;
    if (wording === "placeholder" || isEmptyRow(unit, words)) reading.exclusion = "placeholder";
    else if (wording === "denied" || wording === "deferred") reading.exclusion = wording;
    if (reading.exclusion === "placeholder") placeholderCharacters += words.length;
    if (!reading.exclusion) contentCharacters += words.length;
  });
  const counts: Partial<Record<Exclusion, number>> = {};
  for (const { exclusion } of readings) if (exclusion) counts[exclusion] = (counts[exclusion] ?? 0) + 1;
  const listed = (counts.contents ?? 0) + (counts.mapping ?? 0) + (counts["document-list"] ?? 0);
  const counted = readings.filter((reading, index) => !reading.exclusion && units[index]?.kind !== "heading").length;
  let kind: ContentMap["kind"] = "content";
  if (isWithdrawn(structure)) kind = "withdrawn";
  else if (listed > 4 && listed > 1.5 * counted) kind = "index";
  else if (contentCharacters < STUB_CHARACTERS) kind = (counts.placeholder ?? 0) > 0 ? "template" : "stub";
  else if (placeholderCharacters > 1.5 * contentCharacters) kind = "template";
  return { readings, roles, contentCharacters, placeholderCharacters, kind, counts };
}

const OUT_OF_FORCE = "(?:obsolete|withdrawn|superseded|archived|retired|rescinded|void)";
const STATUS = new RegExp(`^[>\\s*_]*(?:document )?status[*_]*\\s*:[*_\\s"']*${OUT_OF_FORCE}\\b`, "im");
const NOTICE = new RegExp(
  `\\bthis (?:document|procedure|sop|policy|version|revision) (?:is|has been|was) (?:now )?${OUT_OF_FORCE}\\b`,
  "i",
);

/** A document that says near its top that it is no longer in force. */
function isWithdrawn(structure: Structure): boolean {
  const { text } = structure.document;
  return structure.units.slice(0, 40).some((unit, index) => {
    const words = text.slice(unit.start, Math.min(unit.end, unit.start + 600));
    return (unit.kind === "meta" && STATUS.test(words)) || (index < 25 && NOTICE.test(words));
  });
}

/** What a section's own heading says, else what the one above it says, else what `otherwise` says. Linear: parents come first. */
function inherited<Value>(
  sections: readonly Section[],
  own: (section: Section, index: number) => Value | undefined,
  otherwise: (section: Section) => Value,
): Value[] {
  const decided: (Value | undefined)[] = [];
  return sections.map((section, index) => {
    const above = section.parent > 0 ? decided[section.parent] : undefined;
    const value = index === 0 ? undefined : (own(section, index) ?? above);
    decided.push(value);
    return value ?? otherwise(section);
  });
}

function roleOf(title: string): Role | undefined {
  if (PURPOSE.test(title)) return "purpose";
  if (DEFINITIONS.test(title) && title.length < 50) return "definitions";
  return RECORDS.test(title) ? "records" : undefined;
}

function exclusionOf(section: Section, isTitle: boolean): Exclusion | undefined {
  const { title } = section;
  // A document's own title ("Index of procedures") does not exclude the whole document, unless it is a contents page.
  if (title.length > 70 || (isTitle && !/^(?:table of )?contents?$/i.test(title))) return undefined;
  if (CONTENTS.test(title)) return "contents";
  if (REVISION.test(title)) return "revision-history";
  return REFERENCES.test(title) && title.split(" ").length <= 5 ? "references" : undefined;
}

function passagesOf(units: readonly Unit[]): number[][] {
  const passages: number[][] = [];
  let last = -1;
  units.forEach((unit, index) => {
    if (unit.kind === "heading" || unit.kind === "meta" || unit.kind === "code" || unit.kind === "toc") return;
    if (unit.passage !== last) passages.push([]);
    last = unit.passage;
    passages.at(-1)?.push(index);
  });
  return passages;
}

/** A table or list whose rows only pair clause numbers or document numbers with titles. */
function passageExclusion(text: string, passage: readonly number[], units: readonly Unit[]): Exclusion | undefined {
  const first = units[passage[0] ?? 0];
  if (!first) return undefined;
  const rows = passage.map((index) => {
    const unit = units[index];
    return unit ? text.slice(unit.start, Math.min(unit.end, unit.start + 600)) : "";
  });
  const table = first.kind === "row";
  const body = table ? rows.slice(1) : rows;
  if (table) {
    const head = rows[0] ?? "";
    const clauses = body.filter((row) => CLAUSE.test(row)).length;
    const ids = body.filter((row) => DOCUMENT_ID.test(row)).length;
    const heads = MAPPING_HEAD.test(head) && MAPPING_HEAD_OTHER.test(head);
    const terse = body.filter((row) => wordsIn(row) <= 22).length;
    if (
      body.length > 0 &&
      heads &&
      clauses + ids > 0 &&
      clauses + ids >= 0.5 * body.length &&
      terse >= 0.7 * body.length
    )
      return "mapping";
    const leading = body.filter((row) => FIRST_CELL_CLAUSE.test(row)).length;
    if (body.length >= 3 && leading >= 0.6 * body.length && terse >= 0.6 * body.length) return "mapping";
    if (
      body.length >= 3 &&
      ids >= 0.7 * body.length &&
      body.filter((row) => wordsIn(row) <= 16).length >= 0.7 * body.length
    )
      return "document-list";
    if (
      /\b(?:rev(?:ision)?|version|ver)\.?\b/i.test(head) &&
      /\b(?:date|author|change|description|approved)\b/i.test(head) &&
      body.length < 40 &&
      wordsIn(head) <= 10
    )
      return "revision-history";
    return undefined;
  }
  if (body.length < 3) return undefined;
  const listed = body.filter((row) => (DOCUMENT_ID.test(row) || CLAUSE.test(row)) && wordsIn(row) <= 14).length;
  return listed >= 0.7 * body.length ? "document-list" : undefined;
}

/** "5.3 Review ............ 12", "Review\t12": a line of a contents page. */
function isContentsLine(line: string): boolean {
  if (line.length > 200) return false;
  // A leader may be split from its page number by the end of a sentence; no rule is written with five dots.
  if (line.includes(".....")) return true;
  if (line.includes("…") && /…\s*[0-9]{1,3}\s*$/.test(line)) return true;
  return /\t\s*[0-9]{1,3}\s*$/.test(line) && wordsIn(line) <= 12;
}

/** A form's empty row: cells of prompts, or one short label beside empty fields. */
function isEmptyRow(unit: Unit, row: string): boolean {
  if (unit.kind !== "row") return false;
  const cells = row.split("|").map((cell) => cell.trim());
  if (cells[0] === "") cells.shift();
  if (cells.at(-1) === "") cells.pop();
  if (cells.length < 2) return false;
  const filled = cells.filter((cell) => cell !== "" && !isPlaceholder(cell));
  return filled.length < cells.length && filled.reduce((sum, cell) => sum + wordsIn(cell), 0) <= 3;
}

function wordsIn(row: string): number {
  let count = 0;
  let inside = false;
  for (let at = 0; at < row.length; at += 1) {
    const code = row.charCodeAt(at);
    const letter = (code > 47 && code < 58) || (code > 64 && code < 91) || (code > 96 && code < 123) || code > 191;
    if (letter && !inside) count += 1;
    inside = letter;
  }
  return count;
}
