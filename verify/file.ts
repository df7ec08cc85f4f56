import { verifyBundle } from "./bundle.ts";
import type { VerifyOptions } from "./bundle-state.ts";
import { parseCheckpoint } from "./checkpoint.ts";
import { FormatError, UsageError } from "./format-error.ts";
import { runLater } from "./hash.ts";
import { linesOf, type LinePortion } from "./lines.ts";
import { parseNote, parseVkey } from "./note.ts";
import { verifyProof } from "./proof-bundle.ts";
import { isProofBundle } from "./read-line.ts";
import type { Verdict } from "./verdict.ts";

/** A proof is 4 KiB; its pretty-printed copy with a long opening is still below this. */
const longestProof = 1024 * 1024;

/** Verifies a file, bundle or proof. Keys and a kept checkpoint that can't be read are the reader's to correct: UsageError. */
export async function verifyFile(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: VerifyOptions,
): Promise<Verdict> {
  await checkOwn(options);
  const portions = linesOf(chunks);
  const held: LinePortion[] = [];
  let text = "";
  // Only while no line is one of a bundle can the whole be a proof: a bundle's first line says that it is one.
  for (;;) {
    let portion: IteratorResult<LinePortion, unknown>;
    try {
      portion = await portions.next();
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      return verifyBundle(failing(held, error), options);
    }
    if (portion.done === true) break;
    held.push(portion.value);
    text += portion.value.lines.map((line) => `${line}\n`).join("") + (portion.value.cut ?? "");
    if (text.startsWith('{"kind":"bundle"') || text.length > longestProof)
      return verifyBundle(chained(held, portions), options);
  }
  if (!isProofBundle(text)) return verifyBundle(held, options);
  options.onProgress?.(text.length, 1);
  return verifyProof(text, options);
}

async function* chained(held: readonly LinePortion[], rest: AsyncIterable<LinePortion>): AsyncGenerator<LinePortion> {
  yield* held;
  yield* rest;
}

async function* failing(held: readonly LinePortion[], error: FormatError): AsyncGenerator<LinePortion> {
  yield* held;
  throw error;
}

async function checkOwn({ keys = [], checkpoint, provider }: VerifyOptions): Promise<void> {
  try {
    for (const key of keys) await runLater(parseVkey(key), provider.hashAll);
    if (checkpoint !== undefined) parseCheckpoint(parseNote(checkpoint).text);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new UsageError(error.message);
  }
}
