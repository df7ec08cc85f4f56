import { Act } from "@probity/web/kit/act.tsx";
import { useRef } from "react";
import css from "./master.module.css";

export type EditColumn<Key extends string> = {
  readonly key: Key;
  readonly title: string;
  readonly width?: string;
  /** Chosen from, in place of typed. */
  readonly options?: readonly { value: string; label: string }[];
  readonly decimal?: boolean;
};

/**
 * Rows that are typed like a sheet: Tab goes right, Enter goes down and makes a row after the last, Ctrl+Backspace takes a
 * row away. Every cell is a text; what it stands for is judged when the whole is sent.
 */
export function EditGrid<Key extends string>(props: {
  caption: string;
  columns: readonly EditColumn<Key>[];
  rows: readonly Record<Key, string>[];
  empty: Record<Key, string>;
  words: string;
  onChange: (rows: Record<Key, string>[]) => void;
}) {
  const { columns, rows } = props;
  const table = useRef<HTMLTableElement>(null);
  const focus = (row: number, column: number) =>
    requestAnimationFrame(() => table.current?.querySelector<HTMLElement>(`[data-cell="${row} ${column}"]`)?.focus());
  const put = (row: number, key: Key, value: string) =>
    props.onChange(rows.map((each, index) => (index === row ? { ...each, [key]: value } : each)));
  const add = () => {
    props.onChange([...rows, { ...props.empty }]);
    focus(rows.length, 0);
  };
  const drop = (row: number) => {
    props.onChange(rows.filter((_, index) => index !== row));
    focus(Math.max(0, row - 1), 0);
  };
  return (
    <div className={css.wide}>
      <table className={css.grid} ref={table}>
        <caption className="p-hidden">{props.caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.key} scope="col" style={{ inlineSize: column.width }}>
                {column.title}
              </th>
            ))}
            <th scope="col">
              <span className="p-hidden">Take away</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            // Rows have no name before they are kept; their place is what they are.
            <tr key={at}>
              {columns.map((column, across) => {
                const shared = {
                  "aria-label": `${column.title}, row ${at + 1}`,
                  "data-cell": `${at} ${across}`,
                  value: row[column.key],
                  onKeyDown: (event: React.KeyboardEvent) => {
                    if (event.key === "Enter" && !event.ctrlKey) {
                      event.preventDefault();
                      if (at === rows.length - 1) add();
                      else focus(at + 1, across);
                    } else if (event.key === "Backspace" && event.ctrlKey) {
                      event.preventDefault();
                      drop(at);
                    }
                  },
                };
                return (
                  <td key={column.key} data-title={column.title}>
                    {column.options === undefined ? (
                      <input
                        {...shared}
                        inputMode={column.decimal ? "decimal" : undefined}
                        spellCheck={false}
                        onChange={(event) => put(at, column.key, event.currentTarget.value)}
                      />
                    ) : (
                      <select {...shared} onChange={(event) => put(at, column.key, event.currentTarget.value)}>
                        {column.options.map((option) => (
                          <option key={option.value} value={option.value}>
                            {option.label}
                          </option>
                        ))}
                      </select>
                    )}
                  </td>
                );
              })}
              <td>
                <button
                  type="button"
                  className={css.drop}
                  aria-label={`Take row ${at + 1} away`}
                  onClick={() => drop(at)}
                >
                  ×
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p>
        <Act look="quiet" onAct={add}>
          {props.words}
        </Act>
      </p>
    </div>
  );
}
