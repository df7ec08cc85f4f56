import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { extractImages } from "unpdf";
import type { getDocumentProxy } from "unpdf";
import createCore from "tesseract.js-core/tesseract-core-simd-lstm.js";
import { DocumentBuilder, DocumentError, guessStyle } from "./document.ts";
import type { Extraction } from "./document.ts";

type PdfDocument = Awaited<ReturnType<typeof getDocumentProxy>>;

/** Engine mode 1 of Tesseract: the neural recogniser alone. */
const neuralOnly = 1;

/**
 * Text recognition of a scanned PDF. A scan is one picture a page, so pages need not be drawn: the picture itself is read,
 * by Tesseract compiled to WebAssembly, with no thread, file or address of its own.
 */
export async function recognisePdf(pdf: PdfDocument, languageFile: string): Promise<Extraction> {
  const core = await createCore({ print: () => undefined, printErr: () => undefined });
  core.FS.writeFile("eng.traineddata", gunzipSync(await readFile(languageFile)));
  const engine = new core.TessBaseAPI();
  if (engine.Init(null, "eng", neuralOnly) !== 0) throw new Error("the recognition engine did not start");
  const builder = new DocumentBuilder();
  let characters = 0;
  for (let number = 1; number <= pdf.numPages; number += 1) {
    builder.startPage();
    const pictures = await extractImages(pdf, number);
    const largest = pictures.toSorted((a, b) => b.width * b.height - a.width * a.height)[0];
    if (largest === undefined) continue;
    core.FS.writeFile("/input", toGreymap(largest.data, largest.width, largest.height, largest.channels));
    if (engine.SetImageFile(1, 0) === 1) continue;
    engine.Recognize(null);
    for (const block of engine.GetUTF8Text().split(/\n\s*\n/)) {
      characters += block.trim().length;
      builder.add(block, guessStyle(block.trim()));
    }
    (await pdf.getPage(number)).cleanup();
  }
  engine.End();
  if (characters === 0) throw new DocumentError("scanned");
  return builder.finish([
    {
      code: "text-recognised",
      text: "The pages are pictures, and their text was recognised by machine. The file is stored unchanged. Compare quotes with the page before relying on them.",
    },
  ]);
}

/** A portable greymap (P5), which the engine reads without another decoder. */
function toGreymap(data: Uint8ClampedArray, width: number, height: number, channels: number): Uint8Array {
  const header = Buffer.from(`P5\n${String(width)} ${String(height)}\n255\n`, "latin1");
  const map = Buffer.alloc(header.length + width * height);
  header.copy(map);
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    const at = pixel * channels;
    const red = data[at] ?? 255;
    // Luma weights of ITU-R BT.601.
    map[header.length + pixel] =
      channels < 3 ? red : Math.round(0.299 * red + 0.587 * (data[at + 1] ?? 255) + 0.114 * (data[at + 2] ?? 255));
  }
  return map;
}
