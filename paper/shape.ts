import { ink } from "./ink.ts";

export type StatusShape = "disc" | "half" | "triangle" | "ring";

/** Draws a status shape of `size` points, its centre at (x, y). Shapes differ without colour. */
export function drawShape(
  doc: PDFKit.PDFDocument,
  shape: StatusShape,
  x: number,
  y: number,
  size: number,
  colour: string,
): void {
  const radius = size / 2;
  doc.save().lineWidth(Math.max(0.6, size / 9));
  if (shape === "disc") doc.circle(x, y, radius).fill(colour);
  else if (shape === "triangle") {
    doc.polygon([x, y - radius], [x + radius, y + radius * 0.85], [x - radius, y + radius * 0.85]).fill(colour);
  } else {
    doc.circle(x, y, radius * 0.9).fillAndStroke(ink.paper, colour);
    if (shape === "half") {
      const r = radius * 0.9;
      doc.path(`M ${x} ${y - r} A ${r} ${r} 0 0 0 ${x} ${y + r} Z`).fill(colour);
    }
  }
  doc.restore();
}
