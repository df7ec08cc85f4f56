import PdfFile from "pdfkit";
import { plainText, spansOf } from "./source-document.ts";
import type { SourceDocument } from "./source-document.ts";

const left = 72;
const right = 523;
const bottom = 760;
const grey = "#555555";

function fontOf(bold: boolean, italic: boolean): string {
  if (bold) return "Times-Bold";
  return italic ? "Times-Italic" : "Times-Roman";
}

class PageWriter {
  readonly doc: PDFKit.PDFDocument;

  constructor(source: SourceDocument, created: Date) {
    this.doc = new PdfFile({
      size: "A4",
      margins: { top: 96, bottom: 82, left, right: 595.28 - right },
      bufferPages: true,
      info: { Title: `${source.number} ${source.title}`, Author: source.owner, CreationDate: created, ModDate: created },
    });
  }

  room(height: number): void {
    if (this.doc.y + height > bottom) this.doc.addPage();
  }

  heading(text: string, level: number): void {
    this.room(60);
    this.doc.moveDown(level === 1 ? 0.9 : 0.5);
    this.doc.font("Helvetica-Bold").fontSize(level === 1 ? 13 : 11).text(text, left);
    this.doc.moveDown(0.35);
  }

  text(text: string, indent = 0): void {
    const spans = spansOf(text);
    this.doc.fontSize(11);
    spans.forEach((span, index) => {
      const options = { continued: index < spans.length - 1, lineGap: 2.5, width: right - left - indent };
      this.doc.font(fontOf(span.bold, span.italic));
      if (index === 0) this.doc.text(span.text, left + indent, this.doc.y, options);
      else this.doc.text(span.text, options);
    });
    this.doc.moveDown(0.45);
  }

  bullet(text: string): void {
    this.room(30);
    const { y } = this.doc;
    this.doc.font("Times-Roman").fontSize(11).text("•", left + 6, y, { lineBreak: false });
    this.doc.y = y;
    this.text(text, 20);
  }

  table(rows: string[][]): void {
    const columns = Math.max(...rows.map((row) => row.length));
    const width = (right - left) / columns;
    rows.forEach((row, index) => {
      this.doc.font(index === 0 ? "Times-Bold" : "Times-Roman").fontSize(10);
      const cells = row.map(plainText);
      const height = Math.max(...cells.map((cell) => this.doc.heightOfString(cell, { width: width - 10 }))) + 8;
      this.room(height);
      const { y } = this.doc;
      cells.forEach((cell, column) => {
        this.doc.rect(left + column * width, y, width, height).lineWidth(0.5).stroke("#999999");
        this.doc.fillColor("#000000").text(cell, left + column * width + 5, y + 4, { width: width - 10 });
      });
      this.doc.y = y + height;
    });
    this.doc.moveDown(0.6);
  }

  furniture(source: SourceDocument): void {
    const { count } = this.doc.bufferedPageRange();
    for (let index = 0; index < count; index += 1) {
      this.doc.switchToPage(index);
      // Without this the writer takes text below the margin for overflow and adds a page.
      this.doc.page.margins.bottom = 0;
      const line = (y: number): void => {
        this.doc.moveTo(left, y).lineTo(right, y).lineWidth(0.5).stroke("#999999");
      };
      this.doc.font("Helvetica").fontSize(8.5).fillColor(grey);
      this.doc.text(`Brackwater Medical Ltd`, left, 48, { lineBreak: false });
      this.doc.text(`${source.number}, revision ${source.revision}`, left, 48, { width: right - left, align: "right" });
      line(64);
      line(784);
      this.doc.text(`Effective ${source.effective}`, left, 792, { lineBreak: false });
      this.doc.text(`Page ${index + 1} of ${count}`, left, 792, { width: right - left, align: "right" });
    }
  }
}

/** A sample document as PDF with real pages, header and footer lines. Same source, same bytes. */
export async function writePdf(source: SourceDocument): Promise<Uint8Array> {
  const writer = new PageWriter(source, new Date(`${source.effective}T08:00:00Z`));
  const { doc } = writer;
  const chunks: Uint8Array[] = [];
  doc.on("data", (chunk: Uint8Array) => chunks.push(chunk));
  const ended = new Promise<void>((resolve, reject) => {
    doc.on("end", () => resolve());
    doc.on("error", reject);
  });
  doc.font("Helvetica-Bold").fontSize(19).text(`${source.number} ${source.title}`, left);
  doc.moveDown(0.2);
  doc.font("Helvetica").fontSize(10).fillColor(grey);
  doc.text(`Revision ${source.revision}, effective ${source.effective}, owner: ${source.owner}`);
  doc.fillColor("#000000").moveDown(0.6);
  for (const block of source.blocks) {
    if (block.kind === "heading") writer.heading(block.text, block.level);
    else if (block.kind === "bullet") writer.bullet(block.text);
    else if (block.kind === "table") writer.table(block.rows);
    else writer.text(block.text);
  }
  writer.furniture(source);
  doc.end();
  await ended;
  return new Uint8Array(Buffer.concat(chunks));
}
