import { columnsOf, type ImportKind, type Mapping } from "../csv/mapping.ts";
import type { Table } from "../csv/read.ts";

/** `row` counts the file's rows from 0, without its heading; `line` is what a person sees beside it. */
export type RowError = { readonly row: number; readonly line: number; readonly column: string; readonly why: string };
export type Found = {
  readonly errors: readonly RowError[];
  readonly errorRows: ReadonlySet<number>;
  readonly good: number;
};
/** Gathers what is wrong, row by row; a plan with errors is never carried out. */
export class Look {
  readonly errors: RowError[] = [];
  readonly errorRows = new Set<number>();
  readonly #table: Table;
  readonly #mapping: Mapping;

  constructor(kind: ImportKind, table: Table, mapping: Mapping) {
    this.#table = table;
    this.#mapping = mapping;
    for (const { key, title, required } of columnsOf(kind))
      if (required && mapping.columns[key] === undefined)
        this.wrong(0, title, `No column was chosen for ${title.toLowerCase()}.`);
    for (const [row, cells] of table.rows.entries()) {
      if (cells.length > table.head.length && cells.slice(table.head.length).some((cell) => cell.trim() !== ""))
        this.wrong(row, "", `The row has ${cells.length} cells under ${table.head.length} headings.`);
    }
  }
  wrong(row: number, column: string, why: string): void {
    this.errors.push({ row, line: this.lineOf(row), column, why });
    this.errorRows.add(row);
  }
  lineOf(row: number): number {
    return this.#table.lines[row] ?? row + 2;
  }
  cell(row: number, key: string): string {
    return (this.#table.rows[row]?.[this.#mapping.columns[key] ?? -1] ?? "").trim();
  }
  found(): Found {
    return { errors: this.errors, errorRows: this.errorRows, good: this.#table.rows.length - this.errorRows.size };
  }
}

/** "23,7" of a file with decimal commas; undefined where it also has points. */
export function withPoint(text: string): string | undefined {
  if (/\d\.\d/.test(text)) return undefined;
  return text.replace(/^([<>]=?)?(\s*-?\d+),(\d+)$/, "$1$2.$3");
}
