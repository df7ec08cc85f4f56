import { Act } from "@probity/web/kit/act.tsx";
import page from "@probity/web/shell/page.module.css";
import { useRef } from "react";
import css from "./stability.module.css";
import { kindWord, type Condition, type ConditionKind } from "./stability-types.ts";

/** A condition as it is typed. */
export type ConditionText = Omit<Condition, "months" | "units"> & { months: string; units: string };

const long = "3, 6, 9, 12, 18, 24";
/** Conditions of ICH Q1A(R2), to begin with or to add. */
const known: readonly ConditionText[] = [
  { key: "c25", title: "25 °C/60 % RH", kind: "long-term", months: long, units: "4" },
  { key: "c30", title: "30 °C/65 % RH", kind: "intermediate", months: "6, 9, 12", units: "4" },
  { key: "c40", title: "40 °C/75 % RH", kind: "accelerated", months: "3, 6", units: "4" },
  { key: "c30h", title: "30 °C/75 % RH", kind: "long-term", months: long, units: "4" },
  { key: "c5", title: "5 °C", kind: "long-term", months: long, units: "4" },
  { key: "c-20", title: "−20 °C", kind: "long-term", months: long, units: "4" },
];
const initial: ConditionText = { key: "initial", title: "Initial", kind: "initial", months: "0", units: "4" };

export function usual(): ConditionText[] {
  return [initial, ...known.slice(0, 3)];
}

/** `3, 6, 9` as numbers in order; null where it is none. */
export function readMonths(text: string): number[] | null {
  const parts = text.split(/[,\s]+/).filter((each) => each !== "");
  if (parts.length === 0 || parts.some((each) => !/^\d{1,3}$/.test(each))) return null;
  const months = parts.map(Number);
  return months.some((each, at) => at > 0 && each <= (months[at - 1] ?? 0)) ? null : months;
}

/** Conditions as rows to type in: Tab goes on, Enter adds the next row. */
export function ConditionRows({
  rows,
  onChange,
}: {
  rows: ConditionText[];
  onChange: (rows: ConditionText[]) => void;
}) {
  const table = useRef<HTMLTableElement>(null);
  const set = (at: number, more: Partial<ConditionText>) =>
    onChange(rows.map((row, each) => (each === at ? { ...row, ...more } : row)));
  const add = (from?: ConditionText) => {
    const key = from !== undefined && !rows.some((row) => row.key === from.key) ? from.key : freeKey(rows);
    onChange([...rows, { ...(from ?? { title: "", kind: "long-term", months: long, units: "4" }), key }]);
    requestAnimationFrame(() => {
      const inputs = table.current?.querySelectorAll<HTMLInputElement>("tbody tr:last-child input");
      inputs?.[0]?.focus();
    });
  };
  const unused = known.filter(({ title }) => !rows.some((row) => row.title === title));
  return (
    <>
      <div className={css.clip}>
        <table className={`${css.rows} ${css.cards}`} ref={table}>
          <thead>
            <tr>
              <th scope="col">Condition</th>
              <th scope="col">Kind</th>
              <th scope="col">Months</th>
              <th scope="col">Units a pull</th>
              <th scope="col">
                <span className="p-hidden">Remove</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row, at) => (
              <tr
                key={row.key}
                onKeyDown={(event) => {
                  if (
                    event.key !== "Enter" ||
                    event.ctrlKey ||
                    event.metaKey ||
                    event.target instanceof HTMLButtonElement
                  )
                    return;
                  event.preventDefault();
                  add();
                }}
              >
                <td data-title="Condition">
                  <input
                    aria-label="Condition"
                    value={row.title}
                    readOnly={row.kind === "initial"}
                    onChange={(event) => set(at, { title: event.currentTarget.value })}
                  />
                </td>
                <td data-title="Kind">
                  {row.kind === "initial" ? (
                    <span className={page.muted}>initial</span>
                  ) : (
                    <select
                      aria-label="Kind"
                      value={row.kind}
                      onChange={(event) => set(at, { kind: kindOf(event.currentTarget.value) })}
                    >
                      {kinds.map((kind) => (
                        <option key={kind} value={kind}>
                          {kindWord[kind]}
                        </option>
                      ))}
                    </select>
                  )}
                </td>
                <td data-title="Months">
                  <input
                    data-mono
                    aria-label="Months"
                    value={row.months}
                    readOnly={row.kind === "initial"}
                    aria-invalid={readMonths(row.months) === null}
                    onChange={(event) => set(at, { months: event.currentTarget.value })}
                  />
                </td>
                <td data-title="Units a pull">
                  <input
                    data-mono
                    inputMode="numeric"
                    aria-label="Units a pull"
                    value={row.units}
                    aria-invalid={!/^[1-9]\d{0,3}$/.test(row.units)}
                    onChange={(event) => set(at, { units: event.currentTarget.value })}
                  />
                </td>
                <td>
                  {row.kind !== "initial" && (
                    <Act
                      look="quiet"
                      label={`Remove ${row.title}`}
                      onAct={() => onChange(rows.filter((_, each) => each !== at))}
                    >
                      Remove
                    </Act>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className={page.row}>
        {unused.map((each) => (
          <Act key={each.key} onAct={() => add(each)}>
            {`+ ${each.title}`}
          </Act>
        ))}
      </p>
    </>
  );
}

const kinds = ["long-term", "intermediate", "accelerated"] as const;
function kindOf(value: string): ConditionKind {
  return kinds.find((kind) => kind === value) ?? "long-term";
}
function freeKey(rows: readonly ConditionText[]): string {
  for (let at = rows.length; ; at += 1) if (!rows.some((row) => row.key === `c${at}`)) return `c${at}`;
}
