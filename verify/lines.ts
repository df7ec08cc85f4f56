import { FormatError } from "./format-error.ts";

/** No honest line is longer: a leaf has 1 KiB, the values it opens are those of one row. */
const longestLine = 16 * 1024 * 1024;

/** Lines of a file in the portions they arrive in. `cut` is a last line without its newline. */
export type LinePortion = { readonly lines: readonly string[]; readonly bytes: number; readonly cut?: string };

/** Splits UTF-8 bytes into lines; bytes that are no UTF-8 are refused, not replaced. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<LinePortion> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let rest = "";
  for await (const chunk of chunks) {
    const lines = (rest + decode(decoder, chunk)).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > longestLine) throw new FormatError("A line is longer than a bundle's lines are");
    yield { lines, bytes: chunk.length };
  }
  rest += decode(decoder);
  if (rest !== "") yield { lines: [], bytes: 0, cut: rest };
}

function decode(decoder: TextDecoder, chunk?: Uint8Array): string {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
  } catch {
    throw new FormatError("The file holds bytes that are not text");
  }
}
