import WordExtractor from "word-extractor";
import { DocumentBuilder, DocumentError, guessStyle } from "./document.ts";
import type { Extraction } from "./document.ts";

/** Legacy DOC (Word 97–2003): the text as stored. The format's styles are not read; they are guessed from the text. */
export async function extractDoc(bytes: Uint8Array): Promise<Extraction> {
  const document = await new WordExtractor().extract(Buffer.from(bytes));
  // Without this option the library turns typographic quotes and dashes into ASCII; a quote must stay as written.
  const verbatim = { filterUnicode: false };
  const parts = [
    document.getBody(verbatim),
    document.getTextboxes({ ...verbatim, includeHeadersAndFooters: false }),
    document.getFootnotes(verbatim),
    document.getEndnotes(verbatim),
  ];
  const builder = new DocumentBuilder();
  builder.startPage();
  let characters = 0;
  for (const part of parts) {
    for (const line of part.split(/[\r\n\f\v]+/)) {
      // Table cells are separated by tabs (a row is one paragraph).
      const cells = line.split("\t").map((cell) => cell.trim());
      const style = guessStyle(line);
      const isRow = cells.length > 2 && style !== "toc";
      builder.add(isRow ? cells.join(" | ") : line, isRow ? "table" : style);
      characters += line.trim().length;
    }
  }
  if (characters === 0) throw new DocumentError("empty");
  return builder.finish();
}
