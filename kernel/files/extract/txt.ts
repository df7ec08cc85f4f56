import { DocumentError, guessStyle, headingStyle, normalText } from "./document.ts";
import type { Extraction, ParagraphStyle } from "./document.ts";

/**
 * Text and Markdown. The text stays as it is, line for line; paragraphs are runs of lines between blank ones, `#` lines
 * are headings and a form feed begins a page.
 */
export function extractTxt(bytes: Uint8Array, encoding: string): Extraction {
  const text = normalText(new TextDecoder(encoding).decode(bytes));
  if (text.trim() === "") throw new DocumentError("empty");
  const pages: { number: number; start: number; end: number }[] = [];
  const paragraphs: { page: number; start: number; end: number; style: ParagraphStyle }[] = [];
  let pageStart = 0;
  for (const pageText of text.split("\f")) {
    const number = pages.length + 1;
    pages.push({ number, start: pageStart, end: pageStart + pageText.length });
    for (const block of blocks(pageText)) {
      paragraphs.push({
        page: number,
        start: pageStart + block.start,
        end: pageStart + block.end,
        style: block.style,
      });
    }
    pageStart += pageText.length + 1;
  }
  return { text, pages, paragraphs, furniture: [], warnings: [], pageCount: pages.length };
}

interface Block {
  start: number;
  end: number;
  style: ParagraphStyle;
}

function blocks(text: string): Block[] {
  const found: Block[] = [];
  let open: Block | undefined;
  let offset = 0;
  const close = () => {
    if (open === undefined) return;
    if (open.style === "paragraph") open.style = guessStyle(text.slice(open.start, open.end));
    found.push(open);
    open = undefined;
  };
  for (const line of text.split("\n")) {
    const start = offset + (line.length - line.trimStart().length);
    const end = offset + line.trimEnd().length;
    offset += line.length + 1;
    if (start >= end) {
      close();
      continue;
    }
    const style = lineStyle(line);
    // A heading, list item, table row or contents line stands alone; a list item takes its hanging lines along.
    if (open !== undefined && style === "paragraph" && (open.style === "paragraph" || open.style === "list")) {
      open.end = end;
      continue;
    }
    close();
    open = { start, end, style };
    if (style.startsWith("heading")) close();
  }
  close();
  return found;
}

function lineStyle(line: string): ParagraphStyle {
  const heading = /^ {0,3}(#{1,6})\s+\S/.exec(line);
  if (heading !== null) return headingStyle((heading[1] ?? "#").length);
  if (/^\s*\|.*\|\s*$/.test(line)) return "table";
  const guessed = guessStyle(line);
  return guessed === "list" || guessed === "toc" || guessed.startsWith("heading") ? guessed : "paragraph";
}
