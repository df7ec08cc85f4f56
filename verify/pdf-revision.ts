import { indexOf, isDictionary, latin1, PdfReader, PdfSyntaxError } from "./pdf-syntax.ts";
import type { PdfDictionary, PdfObject } from "./pdf-syntax.ts";

/** A table of where objects stand (ISO 32000-2 §7.5.4), with the dictionary behind it. */
export interface PdfTable {
  readonly start: number;
  readonly entries: ReadonlyMap<number, { readonly at: number; readonly generation: number; readonly used: boolean }>;
  readonly trailer: PdfDictionary;
}

/** What stands in a stretch of the file, in its order. */
export interface PdfStretch {
  readonly objects: readonly PdfObject[];
  readonly tables: readonly PdfTable[];
  /** Where the stretch says that its tables start. */
  readonly starts: readonly number[];
  /** Whether every byte was understood. */
  readonly whole: boolean;
}

/** Beyond as many places it can't read, a stretch is no further read: each may make it look through the rest of the file. */
const mostFaults = 50;

/**
 * Reads a stretch from its beginning, object by object. What it can't read it steps over, and then says that it did not
 * understand the whole: enough for what a signature covers, never for what was added after it.
 */
export function readStretch(bytes: Uint8Array, from: number, to: number): PdfStretch {
  const reader = new PdfReader(bytes, from, to);
  const objects: PdfObject[] = [];
  const tables: PdfTable[] = [];
  const starts: number[] = [];
  const lengths = new Map<number, number>();
  let faults = 0;
  for (reader.skip(); reader.peek() !== undefined; reader.skip()) {
    const start = reader.at;
    try {
      if (reader.takes("startxref")) starts.push(reader.whole());
      else if (reader.takes("xref")) tables.push(readTable(reader, start));
      else {
        const object = reader.object((reference) => lengths.get(reference));
        objects.push(object);
        if (typeof object.value === "number") lengths.set(object.number, object.value);
      }
    } catch (error) {
      if (!(error instanceof PdfSyntaxError)) throw error;
      faults += 1;
      reader.at = faults > mostFaults ? to : nextObject(bytes, Math.max(start + 1, reader.at), to);
    }
  }
  return { objects, tables, starts, whole: faults === 0 };
}

function readTable(reader: PdfReader, start: number): PdfTable {
  const entries = new Map<number, { at: number; generation: number; used: boolean }>();
  while (!reader.takes("trailer")) {
    const first = reader.whole();
    const count = reader.whole();
    for (let index = 0; index < count; index += 1) {
      const at = reader.whole();
      const generation = reader.whole();
      const kind = reader.word();
      if (kind !== "n" && kind !== "f") throw new PdfSyntaxError("a table of objects breaks off");
      if (entries.has(first + index)) throw new PdfSyntaxError("a table names an object twice");
      entries.set(first + index, { at, generation, used: kind === "n" });
    }
  }
  const trailer = reader.value();
  if (!isDictionary(trailer)) throw new PdfSyntaxError("a table of objects has no trailer");
  return { start, entries, trailer };
}

/** The next place that looks like "N G obj". */
function nextObject(bytes: Uint8Array, from: number, to: number): number {
  for (let at = indexOf(bytes, " obj", from, to); at >= 0; at = indexOf(bytes, " obj", at + 1, to)) {
    const before = latin1(bytes.subarray(Math.max(from, at - 20), at));
    const head = /(?:^|[\s>])(\d{1,10}\s+\d{1,5})$/.exec(before)?.[1];
    if (head !== undefined) return at - head.length;
  }
  return to;
}
