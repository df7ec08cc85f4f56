/** What the engine reads: a text with its pages and paragraphs, whatever file it came from. */

/** A page of the text; offsets are UTF-16, `end` is exclusive. */
export interface PageSpan {
  readonly number: number;
  readonly start: number;
  readonly end: number;
}

/**
 * A paragraph of the text. `style` is free: `heading1` … `heading6`, `list`, `table`, `toc`, `code`, `meta` are
 * understood, everything else is body text whose form is judged from its words.
 */
export interface ParagraphSpan {
  readonly page: number;
  readonly start: number;
  readonly end: number;
  readonly style: string;
}

/** A document as the analysis takes it. `name` is for people: neither it nor `id` is ever a signal. */
export interface AnalysisDocument {
  id: string;
  name: string;
  text: string;
  pages: readonly PageSpan[];
  paragraphs: readonly ParagraphSpan[];
  /** Running headers and footers, by offset: never content. */
  furniture?: readonly { start: number; end: number }[];
}

/** More than `structure.ts` reads of one document, so that the cut is seen there and told. */
const MOST_PARAGRAPHS = 130_000;

const FENCE = /^\s{0,3}(```|~~~)/;
const TABLE_LINE = /^\s*\|/;
const ITEM = /^\s*(?:[-*+•▪◦–]|\(?[0-9]{1,3}[.)]|\(?[a-zA-Z][.)]|\(?[ivx]{1,5}[.)])\s+\S/;
const ATX = /^\s{0,3}(#{1,6})\s+\S/;

/**
 * Reads Markdown or plain text. The text stays as it is, so every offset points into the file as read.
 * Understands front matter, ATX and underlined headings, tables, lists, quotes and fenced code.
 */
export function documentFromText(name: string, text: string, id: string = name): AnalysisDocument {
  const paragraphs: ParagraphSpan[] = [];
  const lines = linesOf(text);
  const add = (start: number, end: number, style: string): void => {
    if (end > start) paragraphs.push({ page: 1, start, end, style });
  };
  let open: { start: number; end: number; style: string } | undefined;
  const close = (): void => {
    if (open) add(open.start, open.end, open.style);
    open = undefined;
  };
  let index = frontMatterEnd(text, lines);
  for (let meta = 0; meta < index; meta += 1) {
    const line = lines[meta];
    if (line && line.end > line.start) add(line.start, line.end, "meta");
  }
  let fenced = false;
  let grid = false;
  let row = false;
  for (; index < lines.length && paragraphs.length < MOST_PARAGRAPHS; index += 1) {
    const line = lines[index];
    if (!line) break;
    const raw = text.slice(line.start, line.end);
    if (FENCE.test(raw)) {
      close();
      fenced = !fenced;
      continue;
    }
    if (fenced) {
      add(line.start, line.end, "code");
      continue;
    }
    const trimmed = raw.trim();
    if (trimmed === "") {
      close();
      grid = false;
      continue;
    }
    const start = line.start + (raw.length - raw.trimStart().length);
    const end = line.start + raw.trimEnd().length;
    const atx = ATX.exec(raw);
    const next = lines[index + 1];
    const rule = next ? text.slice(next.start, next.end).trim() : "";
    if (atx) {
      close();
      const marks = atx[1]?.length ?? 1;
      add(headingStart(text, start, end), end, `heading${marks}`);
    } else if (!open && isUnderline(rule) && !TABLE_LINE.test(raw) && trimmed.length < 120) {
      add(start, end, rule.startsWith("=") ? "heading1" : "heading2");
      index += 1;
    } else if (isGridRule(trimmed)) {
      // "+-----+": the rule of a grid table. What stands between two rules is one row over several lines.
      close();
      grid = true;
      row = true;
    } else if (grid && TABLE_LINE.test(raw)) {
      if (open && !row) open.end = end;
      else {
        close();
        open = { start, end, style: "table" };
      }
      row = false;
    } else if (TABLE_LINE.test(raw) || (raw.includes("|") && (isTableRule(trimmed) || isTableRule(rule)))) {
      close();
      if (!isTableRule(trimmed)) add(start, end, "table");
    } else if (ITEM.test(raw)) {
      close();
      open = { start: itemStart(text, start, end), end, style: `list${indentOf(raw)}` };
    } else if (isRule(trimmed)) {
      close();
    } else if (trimmed.startsWith(">")) {
      const quoted = start + (trimmed.length - trimmed.replace(/^[>\s]+/, "").length);
      if (open?.style === "quote") open.end = end;
      else {
        close();
        open = { start: quoted, end, style: "quote" };
      }
    } else if (open) open.end = end;
    else open = { start, end, style: "paragraph" };
  }
  close();
  return { id, name, text, pages: [{ number: 1, start: 0, end: text.length }], paragraphs };
}

/** The lines of a text without their ends, as offsets. */
export function linesOf(text: string): { start: number; end: number }[] {
  const lines: { start: number; end: number }[] = [];
  let start = 0;
  for (;;) {
    const feed = text.indexOf("\n", start);
    if (feed < 0) {
      lines.push({ start, end: text.length });
      return lines;
    }
    lines.push({ start, end: feed > start && text[feed - 1] === "\r" ? feed - 1 : feed });
    start = feed + 1;
  }
}

/** How many lines the front matter takes: YAML between `---`, with or without the opening rule (0 = none). */
function frontMatterEnd(text: string, lines: readonly { start: number; end: number }[]): number {
  const at = (index: number): string => {
    const line = lines[index];
    return line ? text.slice(line.start, line.end).trim() : "";
  };
  const first = at(0);
  if (first !== "---" && !/^[A-Za-z_]{2,30}:/.test(first)) return 0;
  for (let index = 1; index < Math.min(lines.length, 80); index += 1) {
    if (at(index) === "---") return index + 1;
    if (first !== "---" && at(index) !== "" && !/^(?:[A-Za-z_]{2,30}:|-\s|\s|[A-Za-z]{2,5}:)/.test(at(index))) return 0;
  }
  return 0;
}

/** The line under a table's head: dashes, colons, bars. A scan, since a pattern for it would backtrack. */
function isTableRule(line: string): boolean {
  let dash = false;
  for (const character of line) {
    if (character === "-") dash = true;
    else if (character !== "|" && character !== ":" && character !== " " && character !== "\t") return false;
  }
  return dash && line.includes("|");
}

function isGridRule(line: string): boolean {
  if (line.length < 5 || !line.startsWith("+") || !line.endsWith("+")) return false;
  for (const character of line) if (!"+-=:".includes(character)) return false;
  return true;
}

function isUnderline(line: string): boolean {
  return line.length >= 3 && (isOf(line, "=") || isOf(line, "-"));
}

function isRule(line: string): boolean {
  return line.length >= 3 && (isOf(line, "-") || isOf(line, "*") || isOf(line, "_") || isOf(line, "="));
}

function isOf(line: string, mark: string): boolean {
  for (const character of line) if (character !== mark) return false;
  return true;
}

function headingStart(text: string, start: number, end: number): number {
  let at = start;
  while (at < end && text[at] === "#") at += 1;
  while (at < end && (text[at] === " " || text[at] === "\t")) at += 1;
  return at;
}

/** A bullet is not part of the item; a number or letter is kept, since people cite it. */
function itemStart(text: string, start: number, end: number): number {
  const mark = text[start] ?? "";
  if (!"-*+•▪◦–".includes(mark)) return start;
  let at = start + 1;
  while (at < end && (text[at] === " " || text[at] === "\t")) at += 1;
  return at;
}

function indentOf(raw: string): number {
  let width = 0;
  for (const character of raw) {
    if (character === " ") width += 1;
    else if (character === "\t") width += 4;
    else break;
  }
  return Math.min(9, Math.floor(width / 2));
}
