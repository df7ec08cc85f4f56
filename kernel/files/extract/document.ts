/** The shapes that cross from the extraction child to its parent, and the builder that keeps offsets and text in step. */

export type ParagraphStyle =
  | "heading1"
  | "heading2"
  | "heading3"
  | "heading4"
  | "heading5"
  | "heading6"
  | "paragraph"
  | "list"
  | "table"
  | "toc";

export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Offsets are UTF-16 code units into `text`: `text.slice(start, end)` is the passage as written. */
export interface Extraction {
  readonly text: string;
  readonly pages: readonly (Span & { readonly number: number })[];
  readonly paragraphs: readonly (Span & {
    readonly page: number;
    readonly style: ParagraphStyle;
  })[];
  /** Running headers and footers; they are paragraphs too, for engines to skip. */
  readonly furniture: readonly Span[];
  readonly warnings: readonly { readonly code: string; readonly text: string }[];
  readonly pageCount: number;
}

/** What the parent asks for; the document's bytes follow it. */
export interface Task {
  readonly kind: "pdf" | "docx" | "doc" | "txt" | "pdf-open" | "ping" | "probe";
  readonly encoding?: string;
  readonly maxPages?: number;
  readonly recognise?: boolean;
  readonly languageFile?: string;
  readonly targets?: ProbeTargets;
}

/** Where the isolation probe tries to reach; made by the parent, so that a success is a real one. */
export interface ProbeTargets {
  readonly tcpPort: number;
  readonly udpPort: number;
  readonly repositoryFile: string;
  readonly writeFolder: string;
}

/** A reason known to the child; the parent turns it into the public refusal. */
export class DocumentError extends Error {
  override readonly name = "DocumentError";
  readonly code: "password-protected" | "corrupt" | "empty" | "scanned" | "too-many-pages";
  readonly measured: number | undefined;

  constructor(code: DocumentError["code"], measured?: number) {
    super(code);
    this.code = code;
    this.measured = measured;
  }
}

/** `\n` line ends, no NUL, no lone surrogates: what PostgreSQL, JSON and every browser take unchanged. */
export function normalText(raw: string): string {
  return raw
    .replaceAll("\0", "")
    .replace(/\r\n?|[\v\u0085\u2028\u2029]/g, "\n")
    .toWellFormed();
}

export class DocumentBuilder {
  #pieces: string[] = [];
  #length = 0;
  #pages: { number: number; start: number; end: number }[] = [];
  #paragraphs: { page: number; start: number; end: number; style: ParagraphStyle }[] = [];
  #furniture: Span[] = [];

  startPage(): void {
    this.#pages.push({ number: this.#pages.length + 1, start: this.#length, end: this.#length });
  }

  /** Appends a paragraph, two line ends after the one before; white space alone is left out. */
  add(raw: string, style: ParagraphStyle, furniture = false): void {
    const text = normalText(raw).trim();
    if (text === "") return;
    const page = this.#pages.at(-1);
    if (page === undefined) throw new Error("a paragraph needs a page");
    if (this.#length > 0) {
      this.#pieces.push("\n\n");
      if (page.start === page.end) page.start = this.#length + 2;
      this.#length += 2;
    }
    const start = this.#length;
    this.#pieces.push(text);
    this.#length += text.length;
    page.end = this.#length;
    this.#paragraphs.push({ page: page.number, start, end: this.#length, style });
    if (furniture) this.#furniture.push({ start, end: this.#length });
  }

  finish(warnings: Extraction["warnings"] = []): Extraction {
    return {
      text: this.#pieces.join(""),
      pages: this.#pages,
      paragraphs: this.#paragraphs,
      furniture: this.#furniture,
      warnings,
      pageCount: this.#pages.length,
    };
  }
}

const headingStyles = ["heading1", "heading2", "heading3", "heading4", "heading5", "heading6"] as const;

export function headingStyle(level: number): ParagraphStyle {
  return headingStyles[Math.min(6, Math.max(1, level)) - 1] ?? "heading6";
}

/** What a passage is where the format does not say: by its leaders, its bullet or its number. */
export function guessStyle(text: string): ParagraphStyle {
  if (/(\.{4,}|(\s\.){4,}|…{2,}|\t)\s*\d{1,4}\s*$/.test(text)) return "toc";
  if (/^\s*([•▪◦‣·*–-]\s|\(?([a-z]|[ivx]{1,4}|\d{1,2})\)\s)/i.test(text)) return "list";
  // `8.5.2 Purchasing controls`: short, numbered, starting with a capital and not a sentence.
  const numbered = /^(?:(?:article|section|clause|annex|appendix)\s+)?(\d{1,2}(?:\.\d{1,3}){0,5})\.?\s+\p{Lu}/iu.exec(
    text,
  );
  if (numbered !== null && text.length <= 120 && !text.includes("\n") && !/[.;:,]$/.test(text)) {
    return headingStyle((numbered[1] ?? "").split(".").length);
  }
  return "paragraph";
}
