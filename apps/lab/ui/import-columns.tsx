import { Act } from "@probity/web/kit/act.tsx";
import { Choice, Field } from "@probity/web/kit/field.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { saveFile, write } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { useMutation } from "@tanstack/react-query";
import { formOf, sayTold, type Kind, type Mapping, type Reading } from "./import-form.ts";
import { ImportFaults } from "./import-faults.tsx";
import css from "./import.module.css";
import { labApi } from "./path.ts";
import type { Preview } from "./types.ts";

const delimiterWords: Record<string, string> = { ",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars" };

interface Props {
  kind: Kind;
  file: File;
  seen: Preview;
  reading: Reading;
  busy: boolean;
  onRead: (as: Reading) => void;
  onSource: (source: string) => void;
  onStart: () => void;
}

/** The file's own columns with what each is taken for; what is wrong; and the one act. */
export function ImportColumns({ kind, file, seen, reading, busy, onRead, onSource, onStart }: Props) {
  const mapping: Mapping = reading.mapping ?? seen.mapping;
  const source = reading.source ?? "";
  const missing = seen.fields.filter((field) => field.required && mapping.columns[field.key] === undefined);
  // Without its columns every row is wrong, and nothing is said by saying so of each.
  const wrongAt = new Set(missing.length > 0 ? [] : seen.errors.map((each) => each.row));
  const report = useMutation({
    mutationFn: async () => {
      const form = formOf(file, { mapping }, { report: "csv" });
      const { csv } = await write<{ csv: string }>("POST", labApi.imports(kind, "preview"), form);
      saveFile(new Blob([csv], { type: "text/csv" }), "errors.csv");
    },
  });
  const assign = (column: number, key: string) => {
    const kept = Object.entries(mapping.columns).filter(([field, at]) => at !== column && field !== key);
    const columns = Object.fromEntries(key === "" ? kept : [...kept, [key, column]]);
    onRead({ mapping: { ...mapping, columns }, source });
  };
  return (
    <>
      <div className={css.facts}>
        <b className={css.name}>{file.name}</b>
        <span className={page.muted}>
          {`${seen.total.toLocaleString("en-GB")} rows, ${seen.encoding}, ${delimiterWords[seen.delimiter] ?? seen.delimiter}`}
        </span>
        {missing.length > 0 ? (
          <StatusMark tone="partial" word="not all columns are known" />
        ) : seen.errorCount === 0 ? (
          <StatusMark tone="covered" word={seen.total === 1 ? "the row fits" : "every row fits"} />
        ) : (
          <StatusMark
            tone="gap"
            word={`${seen.errorCount.toLocaleString("en-GB")} of ${seen.total.toLocaleString("en-GB")} rows ${seen.errorCount === 1 ? "has an error" : "have errors"}`}
          />
        )}
      </div>
      <div className={css.reading}>
        {seen.sources.length > 0 && (
          <Choice
            name="read-as"
            label="Read like"
            value={seen.sources.find((each) => each.toLowerCase() === source.trim().toLowerCase()) ?? ""}
            options={[
              { value: "", label: "its own headings" },
              ...seen.sources.map((name) => ({ value: name, label: name })),
            ]}
            onChange={(name) => onRead(name === "" ? { mapping } : { source: name })}
          />
        )}
        <Field
          name="source"
          label="Instrument or sender"
          hint="Its columns are remembered under this name."
          value={source}
          onChange={onSource}
        />
        {kind === "results" && (
          <Choice
            name="decimal"
            label="Decimals are written with a"
            value={mapping.decimal}
            options={[
              { value: "point", label: "point: 7.25" },
              { value: "comma", label: "comma: 7,25" },
            ]}
            onChange={(decimal) => onRead({ mapping: { ...mapping, decimal }, source })}
          />
        )}
      </div>
      {missing.length > 0 && (
        <p role="status" className={css.missing}>
          {`Say which column is the ${missing.map((field) => field.title.toLowerCase()).join(" and the ")}.`}
        </p>
      )}
      <div className={css.scroll}>
        <table className={css.sheet}>
          <caption className="p-hidden">The first rows of the file, with what each column is taken for</caption>
          <thead>
            <tr>
              <td className={css.line}>taken as</td>
              {seen.head.map((name, index) => {
                const taken = Object.entries(mapping.columns).find(([, at]) => at === index)?.[0] ?? "";
                return (
                  <th key={index} data-used={taken !== "" || undefined}>
                    <select
                      aria-label={`Column ${name || index + 1} is`}
                      value={taken}
                      onChange={(event) => assign(index, event.currentTarget.value)}
                    >
                      <option value="">not taken</option>
                      {seen.fields.map((field) => (
                        <option key={field.key} value={field.key}>
                          {field.title}
                        </option>
                      ))}
                    </select>
                  </th>
                );
              })}
            </tr>
            <tr>
              <th className={css.line}>line</th>
              {seen.head.map((name, index) => (
                <th key={index} scope="col">
                  {name || `column ${index + 1}`}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {seen.rows.map((row, line) => (
              <tr key={line} data-wrong={wrongAt.has(line) || undefined}>
                <td className={css.line}>{seen.lines[line]}</td>
                {seen.head.map((_, index) => (
                  <td key={index} data-used={Object.values(mapping.columns).includes(index) || undefined}>
                    {row[index] ?? ""}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {seen.total > seen.rows.length && (
        <p className={page.meta}>{`and ${(seen.total - seen.rows.length).toLocaleString("en-GB")} more rows`}</p>
      )}
      {missing.length === 0 && sayTold(seen.told) !== null && <p>{sayTold(seen.told)}</p>}
      {seen.formulas > 0 && (
        <p className={page.muted}>
          {seen.formulas === 1
            ? "One cell looks like a spreadsheet formula. It is kept as text, to the character, and leaves here so that no spreadsheet runs it."
            : `${seen.formulas} cells look like spreadsheet formulas. They are kept as text, to the character, and leave here so that no spreadsheet runs them.`}
        </p>
      )}
      {seen.errorCount > 0 && missing.length === 0 && <ImportFaults faults={seen.errors} rows={seen.errorCount} />}
      <p className={page.row}>
        <Act
          look="main"
          size="form"
          busy={busy}
          disabledReason={
            missing.length > 0
              ? "Say above which column is which."
              : seen.errorCount > 0
                ? "All rows are imported or none. Correct the columns above, or the file."
                : seen.coming === 0
                  ? "Every result stands as the file gives it: nothing would change."
                  : undefined
          }
          onAct={onStart}
        >
          {`Import ${seen.coming.toLocaleString("en-GB")} ${seen.coming === 1 ? "row" : "rows"}`}
        </Act>
        {seen.errorCount > 0 && missing.length === 0 && (
          <Act busy={report.isPending} onAct={() => report.mutate()}>
            {`Download the ${seen.errorCount.toLocaleString("en-GB")} ${seen.errorCount === 1 ? "row" : "rows"} with errors`}
          </Act>
        )}
      </p>
    </>
  );
}
