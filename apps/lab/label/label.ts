import PDFDocument from "pdfkit";
import { code128 } from "./code128.ts";

/** What stands on the label of a sample. */
export type Label = {
  readonly number: string;
  readonly product: string;
  readonly point: string;
  readonly lot: string;
  readonly sampled: string;
  readonly urgent: boolean;
};

const mm = 72 / 25.4;
const width = 57 * mm;
const height = 32 * mm;

/** One page a label, 57 × 32 mm, the barcode as lines: it prints sharp on every printer. */
export async function labelsPdf(labels: readonly Label[]): Promise<Buffer> {
  const file = new PDFDocument({ autoFirstPage: false, info: { Title: "Sample labels", Producer: "Probity" } });
  const parts: Buffer[] = [];
  file.on("data", (part: Buffer) => parts.push(part));
  const done = new Promise((resolve) => file.on("end", resolve));
  for (const label of labels) {
    file.addPage({ size: [width, height], margin: 0 });
    const bars = code128(label.number) ?? [];
    const modules = bars.reduce((sum, each) => sum + each, 0) + 20;
    const module = (width - 4 * mm) / Math.max(modules, 1);
    let x = 2 * mm + 10 * module;
    for (const [index, bar] of bars.entries()) {
      if (index % 2 === 0) file.rect(x, 2 * mm, bar * module, 10 * mm).fill("#000");
      x += bar * module;
    }
    const line = (text: string, y: number, size: number, bold = false) =>
      file
        .fillColor("#000")
        .font(bold ? "Helvetica-Bold" : "Helvetica")
        .fontSize(size)
        .text(printable(text), 2 * mm, y * mm, {
          width: width - 4 * mm,
          height: size * 1.2,
          ellipsis: true,
          lineBreak: false,
        });
    line(label.number + (label.urgent ? "   URGENT" : ""), 13, 11, true);
    line(label.product, 18, 8);
    line([label.point, label.lot === "" ? "" : `Lot ${label.lot}`].filter((each) => each !== "").join("  ·  "), 22, 8);
    line(label.sampled, 26, 7);
  }
  file.end();
  await done;
  return Buffer.concat(parts);
}

/** The same labels for a Zebra printer at 203 dpi: `^XA … ^XZ` each (ZPL II). */
export function labelsZpl(labels: readonly Label[]): string {
  return labels
    .map((label) =>
      [
        "^XA",
        "^CI28",
        "^PW456",
        "^LL256",
        `^FO24,16^BY2^BCN,80,N,N,N^FD${field(label.number)}^FS`,
        `^FO16,108^A0N,34,32^FH^FD${field(label.number)}${label.urgent ? "  URGENT" : ""}^FS`,
        `^FO16,148^A0N,24,22^FH^FD${field(label.product.slice(0, 38))}^FS`,
        `^FO16,178^A0N,24,22^FH^FD${field([label.point, label.lot].filter((each) => each !== "").join("  "))}^FS`,
        `^FO16,210^A0N,20,18^FH^FD${field(label.sampled)}^FS`,
        "^XZ",
      ].join("\n"),
    )
    .join("\n");
}

/** A caret or tilde in a name would be a command to the printer: `^FH` takes them as _5E and _7E. */
function field(text: string): string {
  return text
    .replaceAll(/[_^~\\]/g, (sign) => `_${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase()}`)
    .replaceAll(/[\r\n]/g, " ");
}
/** The standard typefaces of PDF draw Windows-1252 and nothing else; what they can't draw is a box. */
function printable(text: string): string {
  return text.replaceAll(/[^\u0020-\u007e\u00a0-\u00ff€–—·•]/gu, "?");
}
