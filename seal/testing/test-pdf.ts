import { PDF } from "@libpdf/core";

/** A PDF of a few pages, not sealed. */
export async function testPdf(pages = 2): Promise<Uint8Array> {
  const document = PDF.create();
  for (let number = 1; number <= pages; number += 1) {
    document.addPage({ size: "a4" }).drawText(`Certificate, page ${number}: pH 7.24`, { x: 72, y: 700, size: 14 });
  }
  return document.save();
}
