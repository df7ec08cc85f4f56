import { inTurns } from "../turn.ts";

/** A table read from a file of a person or instrument. Cells are texts, exactly as they are in it. */
export type Table = {
  readonly encoding: string;
  readonly delimiter: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** The line of each row in the file, as a spreadsheet numbers it: empty lines are counted there and no rows here. */
  readonly lines: readonly number[];
};
export type TableRead = { readonly ok: true; readonly table: Table } | { readonly ok: false; readonly why: string };

export const mostRows = 50_000;
const mostColumns = 100;
const longestCell = 1_000;
/** Read at a stretch: a millisecond or two. */
const pieceSigns = 20_000;
const delimiters = [",", ";", "\t", "|"];

/**
 * Reads bytes as a table: UTF-8 with or without its mark, UTF-16 by its mark, else Windows-1252; the delimiter by the first
 * line. In pieces: rows from another thread would be taken over here at a stretch, which takes as long as reading them.
 */
export async function readTable(bytes: Uint8Array): Promise<TableRead> {
  const { text, encoding } = decode(bytes);
  if (text.includes("\0")) return { ok: false, why: "The file is not text." };
  const first =
    text
      .slice(0, 10_000)
      .split(/\r?\n/)
      .find((line) => line.trim() !== "") ?? "";
  const delimiter = delimiters.toSorted((a, b) => first.split(b).length - first.split(a).length)[0] ?? ",";
  const lines = await cellsOf(text, delimiter);
  if (typeof lines === "string") return { ok: false, why: lines };
  const [head, ...rows] = lines.rows;
  const [, ...places] = lines.places;
  if (head === undefined) return { ok: false, why: "The file is empty." };
  if (rows.length === 0) return { ok: false, why: "The file has a heading and no rows." };
  if (lines.count - 1 > mostRows)
    return { ok: false, why: `The file has ${lines.count - 1} rows; ${mostRows} are taken at once.` };
  if (head.length > mostColumns)
    return { ok: false, why: `The file has ${head.length} columns; ${mostColumns} are taken.` };
  return { ok: true, table: { encoding, delimiter, head: head.map((cell) => cell.trim()), rows, lines: places } };
}

/** What a spreadsheet would run (OWASP, CSV injection). Numbers with a sign are numbers. */
export function looksLikeFormula(cell: string): boolean {
  return (
    /^\s*[=@]/.test(cell) || (/^\s*[-+]/.test(cell) && !/^\s*-?\d+([.,]\d+)?\s*$/.test(cell)) || /^[\t\r]/.test(cell)
  );
}

function decode(bytes: Uint8Array): { text: string; encoding: string } {
  const starts = (...mark: number[]) => mark.every((byte, index) => bytes[index] === byte);
  if (starts(0xef, 0xbb, 0xbf)) return { text: new TextDecoder("utf-8").decode(bytes), encoding: "utf-8 with mark" };
  if (starts(0xff, 0xfe)) return { text: new TextDecoder("utf-16le").decode(bytes), encoding: "utf-16le" };
  if (starts(0xfe, 0xff)) return { text: new TextDecoder("utf-16be").decode(bytes), encoding: "utf-16be" };
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes), encoding: "utf-8" };
  } catch {
    return { text: new TextDecoder("windows-1252").decode(bytes), encoding: "windows-1252" };
  }
}

/** The rows that hold anything; `count` has those that are too many to be kept as well. */
type Lines = { readonly rows: string[][]; readonly places: number[]; readonly count: number };

/** RFC 4180, with any of the line ends in use. A text says what is wrong. */
async function cellsOf(text: string, delimiter: string): Promise<Lines | string> {
  const turn = inTurns();
  const rows: string[][] = [];
  const places: number[] = [];
  let count = 0;
  let line = 1;
  let row: string[] = [];
  let cell = "";
  let quoted = false;
  let place = 0;
  let pieceEnds = 0;
  const endRow = () => {
    row.push(cell);
    cell = "";
    if (row.some((each) => each.trim() !== "")) {
      count += 1;
      if (count <= mostRows + 1) {
        rows.push(row);
        places.push(line);
      }
    }
    line += 1;
    row = [];
  };
  for (; place < text.length; place += 1) {
    if (place >= pieceEnds) {
      await turn();
      pieceEnds = place + pieceSigns;
    }
    const sign = text[place] ?? "";
    if (quoted) {
      if (sign !== '"') cell += sign;
      else if (text[place + 1] === '"') {
        cell += '"';
        place += 1;
      } else quoted = false;
    } else if (sign === '"' && cell === "") quoted = true;
    else if (sign === delimiter) {
      row.push(cell);
      cell = "";
    } else if (sign === "\n") endRow();
    else if (sign === "\r") {
      if (text[place + 1] !== "\n") endRow();
    } else cell += sign;
    if (cell.length > longestCell) return `A cell in line ${line} has more than ${longestCell} characters.`;
  }
  if (quoted) return `A quotation mark in line ${line} is never closed.`;
  if (cell !== "" || row.length > 0) endRow();
  return { rows, places, count };
}
