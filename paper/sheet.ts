import PdfFile from "pdfkit";
import { breakLines } from "./line.ts";
import type { Line, TextStyle } from "./line.ts";
import { fontBytes } from "./typeface.ts";

/** A4 in points, with a wide left column for labels and a right one for the text itself. */
export const page = {
  width: 595.28,
  height: 841.89,
  left: 56,
  right: 539.28,
  top: 78,
  bottom: 776,
  /** Where the text column starts; labels stand left of it. */
  text: 148,
} as const;

/** What a tag may say beside its type; `scope` makes a header cell head its row or column. */
export type TagOptions = PDFKit.Mixins.StructureElementOptions & { scope?: "Row" | "Column" };

export interface ParagraphOptions {
  x?: number;
  width?: number;
  /** Structure type for readers of the tagged file; "P" unless said. */
  tag?: string;
  /** Called once for each page the paragraph stands on, with the vertical extent in points. */
  beside?: (top: number, bottom: number) => void;
  strike?: boolean;
}

/**
 * A document being set from top to bottom. Keeps the cursor, breaks pages between lines, and tags
 * what it draws so that a screen reader meets headings, paragraphs and tables in reading order.
 */
export class Sheet {
  readonly doc: PDFKit.PDFDocument;
  y: number = page.top;
  readonly #widths = new Map<string, Map<string, number>>();
  readonly #registered = new Set<string>();
  readonly #root: PDFKit.PDFStructureElement;
  readonly #chunks: Uint8Array[] = [];
  #section: PDFKit.PDFStructureElement;
  /** Printed at the head of pages from the moment it is set. */
  runningTitle = "";
  readonly runningTitles: string[] = [];
  /** What a page break would interrupt, such as a requirement's id; empty between two of them. */
  continued = "";
  readonly continuations: string[] = [];

  constructor(info: PDFKit.DocumentInfo) {
    this.doc = new PdfFile({
      size: [page.width, page.height],
      margins: { top: 0, bottom: 0, left: 0, right: 0 },
      bufferPages: true,
      tagged: true,
      lang: "en",
      displayTitle: true,
      pdfVersion: "1.7",
      autoFirstPage: false,
      info,
    });
    this.doc.on("data", (chunk: Uint8Array) => this.#chunks.push(chunk));
    this.#root = this.doc.struct("Document");
    this.doc.addStructure(this.#root);
    this.#section = this.#root;
    this.doc.addPage();
    this.runningTitles.push("");
    this.continuations.push("");
  }

  /** Zero-based number of the page being set. */
  get pageIndex(): number {
    return this.doc.bufferedPageRange().count - 1;
  }

  get room(): number {
    return page.bottom - this.y;
  }

  newPage(): void {
    this.doc.continueOnNewPage();
    this.runningTitles.push(this.runningTitle);
    this.continuations.push(this.continued);
    this.y = page.top;
  }

  /** Starts a new page unless `height` points are left on this one. */
  need(height: number): void {
    if (this.room < height) this.newPage();
  }

  /** Starts a section of the tag tree; what follows belongs to it. */
  section(title: string): void {
    this.#section = this.doc.struct("Sect", { title });
    this.#root.add(this.#section);
  }

  /** Draws inside one element of the tag tree. */
  tagged(tag: string, draw: () => void, options: TagOptions = {}): void {
    this.taggedIn(this.#section, tag, draw, options);
  }

  taggedIn(parent: PDFKit.PDFStructureElement, tag: string, draw: () => void, options: TagOptions = {}): void {
    const content = this.doc.markStructureContent(tag);
    draw();
    this.doc.endMarkedContent();
    parent.add(this.doc.struct(tag, options, [content]));
  }

  /** An element that holds other elements, such as a table or a row. */
  group(tag: string, parent?: PDFKit.PDFStructureElement): PDFKit.PDFStructureElement {
    const element = this.doc.struct(tag);
    (parent ?? this.#section).add(element);
    return element;
  }

  /** Draws what a reader of the tagged file should not hear: rules, tints, page numbers. */
  ornament(draw: () => void): void {
    this.doc.markContent("Artifact", { type: "Layout" });
    draw();
    this.doc.endMarkedContent();
  }

  rule(y: number, colour: string, from: number = page.left, to: number = page.right, weight = 0.5): void {
    this.ornament(() => {
      this.doc.save().lineWidth(weight).moveTo(from, y).lineTo(to, y).stroke(colour).restore();
    });
  }

  #register(font: string): void {
    if (this.#registered.has(font)) return;
    this.doc.registerFont(font, fontBytes(font));
    this.#registered.add(font);
  }

  /** Width in points; kept per font and text, since the same words return on every page. */
  readonly measure = (font: string, text: string, size: number): number => {
    let widths = this.#widths.get(font);
    if (widths === undefined) {
      widths = new Map();
      this.#widths.set(font, widths);
    }
    let unit = widths.get(text);
    if (unit === undefined) {
      this.#register(font);
      unit = this.doc.font(font).fontSize(100).widthOfString(text) / 100;
      widths.set(text, unit);
    }
    return unit * size;
  };

  lines(text: string, style: TextStyle, width: number): Line[] {
    return breakLines(text, style, width, this.measure);
  }

  /** Width in points of a text set on one line. */
  measureText(text: string, style: TextStyle): number {
    return this.lines(text, style, Infinity)[0]?.width ?? 0;
  }

  /** Draws one set line with its baseline at `y`; returns nothing and leaves the cursor alone. */
  drawLine(line: Line, style: TextStyle, x: number, y: number, strike = false): void {
    let at = x;
    for (const run of line.runs) {
      this.#register(run.font);
      this.doc
        .font(run.font)
        .fontSize(style.size)
        .fillColor(style.colour)
        .text(run.text, at, y, { lineBreak: false, baseline: "alphabetic" });
      at += this.measure(run.font, run.text, style.size);
    }
    if (strike && line.width > 0) {
      const middle = y - style.size * 0.26;
      this.doc
        .save()
        .lineWidth(0.7)
        .moveTo(x, middle)
        .lineTo(x + line.width, middle)
        .stroke(style.colour)
        .restore();
    }
  }

  /** One line at a place, cut with an ellipsis where it would run past `width`. Returns its width. */
  label(
    text: string,
    style: TextStyle,
    x: number,
    y: number,
    width = Infinity,
    align: "left" | "right" = "left",
  ): number {
    let line = this.lines(text, style, Infinity)[0] ?? { runs: [], width: 0 };
    if (line.width > width) {
      const characters = [...text];
      while (characters.length > 0 && line.width > width) {
        characters.length -= Math.max(1, Math.floor(characters.length * (1 - width / line.width)));
        line = this.lines(`${characters.join("").trimEnd()}…`, style, Infinity)[0] ?? line;
      }
    }
    this.drawLine(line, style, align === "right" ? x - line.width : x, y);
    return line.width;
  }

  /** Sets a paragraph from the cursor on, over as many pages as it takes. */
  paragraph(text: string, style: TextStyle, options: ParagraphOptions = {}): void {
    const x = options.x ?? page.text;
    const lines = this.lines(text, style, options.width ?? page.right - x);
    // No single line is left behind at the foot of a page when two would fit on the next.
    this.need(style.leading * Math.min(2, lines.length));
    this.tagged(options.tag ?? "P", () => {
      let top = this.y;
      lines.forEach((line, index) => {
        const last = index === lines.length - 2 ? 2 : 1;
        if (this.room < style.leading * last) {
          options.beside?.(top, this.y);
          this.newPage();
          top = this.y;
        }
        this.drawLine(line, style, x, this.y + style.leading * 0.74, options.strike);
        this.y += style.leading;
      });
      options.beside?.(top, this.y);
    });
  }

  /** Adds the running head and foot to every page and closes the file. */
  async finish(drawFurniture: (index: number, count: number) => void): Promise<Uint8Array> {
    const { count } = this.doc.bufferedPageRange();
    for (let index = 0; index < count; index += 1) {
      this.doc.switchToPage(index);
      this.doc.markContent("Artifact", { type: "Pagination" });
      drawFurniture(index, count);
      this.doc.endMarkedContent();
    }
    this.#root.end();
    const ended = new Promise<void>((resolve, reject) => {
      this.doc.on("end", () => resolve());
      this.doc.on("error", reject);
    });
    this.doc.end();
    await ended;
    const size = this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const bytes = new Uint8Array(size);
    let offset = 0;
    for (const chunk of this.#chunks) {
      bytes.set(chunk, offset);
      offset += chunk.length;
    }
    return bytes;
  }
}
