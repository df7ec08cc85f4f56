import { encode } from "uqr";
import { ink } from "./ink.ts";
import type { Sheet } from "./sheet.ts";

/** Draws a QR code (ISO/IEC 18004) of `side` points, as rows of ink. */
export function drawCode(sheet: Sheet, text: string, x: number, y: number, side: number): void {
  const { size, data } = encode(text, { ecc: "M", border: 0 });
  const cell = side / size;
  sheet.tagged(
    "Figure",
    () => {
      sheet.doc.save().fillColor(ink.text);
      data.forEach((row, down) =>
        row.forEach((dark, across) => {
          if (dark) sheet.doc.rect(x + across * cell, y + down * cell, cell, cell);
        }),
      );
      sheet.doc.fill().restore();
    },
    { alt: `QR code of ${text}` },
  );
}
