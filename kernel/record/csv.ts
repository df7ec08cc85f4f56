import { recordProblem } from "./error.ts";

/** The most rows that a file of a list holds. */
export const exportRows = 25_000;

/**
 * The rows of a file, where `rows` were asked for with one more than it holds: a file never ends before its list does. Throws
 * `record.export_too_long`.
 */
export function wholeExport<T>(rows: readonly T[]): readonly T[] {
  if (rows.length > exportRows) throw recordProblem.export_too_long({ values: { most: String(exportRows) } });
  return rows;
}

/**
 * RFC 4180 with a byte order mark for spreadsheet programs. A cell that a spreadsheet would run as a formula gets an
 * apostrophe in front: data from outside must not act on the reader's machine (CWE-1236).
 */
export function csvOf(columns: readonly string[], rows: readonly Readonly<Record<string, unknown>>[]): string {
  return csvHead(columns) + csvRows(columns, rows);
}

/** The beginning of a file that is written in portions: the mark and the names of its columns. */
export function csvHead(columns: readonly string[]): string {
  return `\uFEFF${columns.map(csvCell).join(",")}\r\n`;
}

export function csvRows(columns: readonly string[], rows: readonly Readonly<Record<string, unknown>>[]): string {
  return rows.map((row) => `${columns.map((column) => csvCell(row[column])).join(",")}\r\n`).join("");
}

/** One cell, quoted where it has to be. */
export function csvCell(value: unknown): string {
  const text =
    value === null || value === undefined
      ? ""
      : value instanceof Date
        ? value.toISOString()
        : typeof value === "object"
          ? JSON.stringify(value)
          : String(value);
  const safe = typeof value === "string" ? harmless(text) : text;
  return /[",;\t\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/**
 * Also within a cell: a program that was told to separate by semicolons, tabs or bars takes no notice of our quotation marks,
 * and what stands behind such a sign, or on a new line, begins a cell there. A number with its sign is a number; a line of a
 * list may begin with a dash.
 */
function harmless(text: string): string {
  if (!/[=+\-@＝＋－＠\t\r\n]/u.test(text)) return text;
  const marked = /^[\t\r\n]/u.test(text) ? `'${text}` : text;
  return marked
    .split(/([;\t|]|\r\n|[\r\n])/u)
    .map((part, place, parts) => {
      if (place % 2 === 1 || !/^\s*[=+\-@＝＋－＠]/u.test(part)) return part;
      if (/^\s*[+-]?\d{1,40}(?:[.,]\d{1,40})?\s*$/u.test(part)) return part;
      return place > 0 && /[\r\n]/u.test(parts[place - 1] ?? "") && /^\s*- /u.test(part) ? part : `'${part}`;
    })
    .join("");
}
