import type { ReactNode } from "react";
import { type Tone, toneColour } from "./status.ts";
import css from "./ledger-table.module.css";

export interface Column<Row> {
  id: string;
  title: string;
  cell: (row: Row) => ReactNode;
  /** Name of the sort the column stands for; absent when it cannot be sorted. */
  sort?: string;
  /** Kept on a narrow screen; the rest folds beneath. */
  lead?: boolean;
  width?: string;
  end?: boolean;
  /** The heading is for screen readers alone. */
  quiet?: boolean;
  /** On a narrow screen its heading stands before the value; numbers at the end of a row say so by themselves. */
  named?: boolean;
}

interface Props<Row> {
  caption: string;
  columns: Column<Row>[];
  rows: Row[];
  rowKey: (row: Row) => string;
  /** Colour of the 4 px rail at the row's start. */
  tone?: (row: Row) => Tone | null;
  /** Sort in force, `-name` for descending. */
  sort?: string;
  onSort?: (sort: string) => void;
}

/** A plain table on ruled paper. Rows carry a status rail; headings carry aria-sort. */
export function LedgerTable<Row>(props: Props<Row>) {
  const { sort = "" } = props;
  const direction = (name: string) => (sort === name ? "ascending" : sort === `-${name}` ? "descending" : "none");
  return (
    <table className={css.table}>
      <caption className="p-hidden">{props.caption}</caption>
      <thead>
        <tr>
          {props.columns.map((column) => (
            <th
              key={column.id}
              scope="col"
              style={{ inlineSize: column.width }}
              data-end={column.end || undefined}
              data-lead={column.lead || undefined}
              aria-sort={column.sort === undefined ? undefined : direction(column.sort)}
            >
              {column.sort === undefined || props.onSort === undefined ? (
                <span className={column.quiet ? "p-hidden" : undefined}>{column.title}</span>
              ) : (
                <button
                  type="button"
                  className={css.sort}
                  onClick={() => props.onSort?.(sort === column.sort ? `-${column.sort}` : (column.sort ?? ""))}
                >
                  {column.title}
                  <span aria-hidden="true">
                    {direction(column.sort) === "ascending"
                      ? " ↑"
                      : direction(column.sort) === "descending"
                        ? " ↓"
                        : ""}
                  </span>
                </button>
              )}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {props.rows.map((row) => {
          const tone = props.tone?.(row) ?? null;
          return (
            <tr key={props.rowKey(row)} style={{ boxShadow: tone ? `inset 4px 0 ${toneColour(tone).ink}` : "none" }}>
              {props.columns.map((column) => (
                <td
                  key={column.id}
                  data-title={column.quiet !== true && (column.named || column.end) ? column.title : undefined}
                  data-end={column.end || undefined}
                  data-lead={column.lead || undefined}
                  data-quiet={column.quiet || undefined}
                >
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
