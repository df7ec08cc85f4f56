import { Act } from "@probity/web/kit/act.tsx";
import page from "@probity/web/shell/page.module.css";
import css from "./own-rows.module.css";
import type { MethodVersion } from "./types.ts";

/** A row that a worksheet has of its own, as it is typed. */
export interface OwnRow {
  kind: "blank" | "control" | "duplicate";
  /** Its determination: the method's id and the analyte's key. */
  at: string;
  name: string;
  low: string;
  high: string;
  /** Of a duplicate: the determination it repeats. */
  of: string;
}
/** A determination that rows can be of. */
export interface Determination {
  at: string;
  label: string;
  unit: string;
}
/** A sample's determination that can be repeated. */
export interface Original {
  id: string;
  at: string;
  label: string;
}

export const determinationOf = (methodId: string, analyte: string) => `${methodId} ${analyte}`;

/** What the API takes for rows of a worksheet's own. */
export function extraOf(rows: readonly OwnRow[]) {
  return rows.map(({ kind, at, name, low, high, of }) => {
    const [methodId = "", analyte = ""] = at.split(" ");
    const ends = { low: low.trim() || null, high: high.trim() || null };
    return {
      kind,
      methodId,
      name: name.trim() || (kind === "blank" ? "Blank" : kind === "control" ? "Control" : "Duplicate"),
      ...(kind === "duplicate" ? { of } : {}),
      limit: { analyte, ...(kind === "duplicate" ? {} : ends), compare: "entered" },
    };
  });
}

/** Why these rows can't be made as they are typed. */
export function ownRowFault(rows: readonly OwnRow[], originals: readonly Original[]): string | undefined {
  if (rows.some(({ kind, low, high }) => kind !== "duplicate" && low.trim() === "" && high.trim() === ""))
    return "A blank or control without limits judges nothing. Say what it is held against, or take it away.";
  if (rows.some(({ kind, of }) => kind === "duplicate" && !originals.some(({ id }) => id === of)))
    return "Choose what each duplicate repeats, or take it away.";
  return undefined;
}

/** The duplicates that these determinations' method asks for: one each, of the first that there is. */
export function askedDuplicates(method: MethodVersion | undefined, originals: readonly Original[]): OwnRow[] {
  return (method?.definition.analytes ?? []).flatMap((analyte) => {
    const at = determinationOf(method?.methodId ?? "", analyte.key);
    const first = originals.find((each) => each.at === at);
    return analyte.duplicate && first !== undefined ? [duplicateOf(first)] : [];
  });
}
function duplicateOf({ at, id }: Original): OwnRow {
  return { kind: "duplicate", at, name: "", low: "", high: "", of: id };
}

const marks = { blank: "BLK", control: "CTL", duplicate: "DUP" } as const;

/** Blanks, controls and duplicates of a worksheet: any number, of any of its determinations. */
export function OwnRows(props: {
  rows: readonly OwnRow[];
  determinations: readonly Determination[];
  originals: readonly Original[];
  onChange: (rows: OwnRow[]) => void;
}) {
  const { rows, determinations, originals } = props;
  const put = (at: number, part: Partial<OwnRow>) =>
    props.onChange(rows.map((row, index) => (index === at ? { ...row, ...part } : row)));
  const add = (row: OwnRow) => props.onChange([...rows, row]);
  const first = determinations[0]?.at ?? "";
  const unitOf = (at: string) => determinations.find((each) => each.at === at)?.unit ?? "";
  return (
    <div className={css.own}>
      {rows.length > 0 && (
        <ul className={css.rows}>
          {rows.map((row, index) => (
            // Rows have no name before they are kept; their place is what they are.
            <li key={index}>
              <span className={css.mark}>{marks[row.kind]}</span>
              {determinations.length > 1 ? (
                <select
                  aria-label={`Determination, row ${index + 1}`}
                  value={row.at}
                  onChange={(event) => {
                    const at = event.currentTarget.value;
                    put(index, { at, of: originals.find((each) => each.at === at)?.id ?? "" });
                  }}
                >
                  {determinations.map((each) => (
                    <option key={each.at} value={each.at}>
                      {each.label}
                    </option>
                  ))}
                </select>
              ) : (
                <span>{determinations[0]?.label}</span>
              )}
              {row.kind === "duplicate" ? (
                <label className={css.ends}>
                  of
                  <select
                    aria-label={`Repeats, row ${index + 1}`}
                    value={row.of}
                    onChange={(event) => put(index, { of: event.currentTarget.value })}
                  >
                    <option value="">choose</option>
                    {originals
                      .filter((each) => each.at === row.at)
                      .map((each) => (
                        <option key={each.id} value={each.id}>
                          {each.label}
                        </option>
                      ))}
                  </select>
                </label>
              ) : (
                <span className={css.ends}>
                  {row.kind === "control" && (
                    <label>
                      from
                      <input
                        aria-label={`From, row ${index + 1}`}
                        inputMode="decimal"
                        value={row.low}
                        onChange={(event) => put(index, { low: event.currentTarget.value })}
                      />
                    </label>
                  )}
                  <label>
                    {row.kind === "control" ? "to" : "at most"}
                    <input
                      aria-label={`${row.kind === "control" ? "To" : "At most"}, row ${index + 1}`}
                      inputMode="decimal"
                      value={row.high}
                      onChange={(event) => put(index, { high: event.currentTarget.value })}
                    />
                  </label>
                  <span className={page.meta}>{unitOf(row.at)}</span>
                </span>
              )}
              <button
                type="button"
                className={css.drop}
                aria-label={`Take row ${index + 1} away`}
                onClick={() => props.onChange(rows.filter((_, each) => each !== index))}
              >
                ×
              </button>
            </li>
          ))}
        </ul>
      )}
      <p className={page.row}>
        <Act look="quiet" onAct={() => add({ kind: "blank", at: first, name: "", low: "", high: "", of: "" })}>
          Add a blank
        </Act>
        <Act look="quiet" onAct={() => add({ kind: "control", at: first, name: "", low: "", high: "", of: "" })}>
          Add a control
        </Act>
        <Act
          look="quiet"
          disabledReason={originals[0] === undefined ? "A duplicate repeats a row of a sample." : undefined}
          onAct={() => originals[0] && add(duplicateOf(originals[0]))}
        >
          Add a duplicate
        </Act>
      </p>
    </div>
  );
}
