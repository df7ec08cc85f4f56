/**
 * RFC 4180 with a byte order mark for spreadsheet programs. A cell that a spreadsheet would run as a formula gets an
 * apostrophe in front: data from outside must not act on the reader's machine (CWE-1236).
 */
export function csvOf(columns: readonly string[], rows: readonly Readonly<Record<string, unknown>>[]): string {
  return csvHead(columns) + csvRows(columns, rows);
}

/** The beginning of a file that is written in portions: the mark and the names of its columns. */
export function csvHead(columns: readonly string[]): string {
  return `\uFEFF${columns.map(cell).join(",")}\r\n`;
}

export function csvRows(columns: readonly string[], rows: readonly Readonly<Record<string, unknown>>[]): string {
  return rows.map((row) => `${columns.map((column) => cell(row[column])).join(",")}\r\n`).join("");
}

function cell(value: unknown): string {
  const text =
    value === null || value === undefined
      ? ""
      : value instanceof Date
        ? value.toISOString()
        : typeof value === "object"
          ? JSON.stringify(value)
          : String(value);
  const safe = typeof value === "string" && /^[\t\r\n]|^\s*[=+\-@]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
