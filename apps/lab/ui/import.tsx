import { Act } from "@probity/web/kit/act.tsx";
import { Choice } from "@probity/web/kit/field.tsx";
import { FileDrop } from "@probity/web/kit/file-drop.tsx";
import { Notice } from "@probity/web/kit/notice.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { saveFile, write } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { Go, usePlace, useTitle } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import css from "./lab.module.css";
import { labApi, labPage } from "./path.ts";
import type { Preview } from "./types.ts";

type Kind = "samples" | "results";
type Mapping = Preview["mapping"];

/** A file of samples or results: what it would become is shown row by row before anything is taken, and it is taken whole. */
export function ImportPage() {
  useTitle("Import");
  const place = usePlace();
  const ws = place.params["ws"] ?? "";
  const kind: Kind = place.search["kind"] === "results" ? "results" : "samples";
  const [file, setFile] = useState<File | null>(null);
  const [mapping, setMapping] = useState<Mapping | null>(null);
  const form = (chosen: File, columns: Mapping | null) => {
    const sent = new FormData();
    // Fields before the file: the server reads them in this order.
    if (columns !== null) sent.append("mapping", JSON.stringify(columns));
    sent.append("file", chosen, chosen.name);
    return sent;
  };
  const look = useMutation({
    mutationFn: ({ chosen, columns }: { chosen: File; columns: Mapping | null }) =>
      write<Preview>("POST", labApi.importFile(kind, true), form(chosen, columns)),
    onSuccess: (seen) => setMapping(seen.mapping),
  });
  const take = useMutation({
    mutationFn: (chosen: File) =>
      write<{ imported: number }>("POST", labApi.importFile(kind, false), form(chosen, mapping)),
  });
  const see = (chosen: File, columns: Mapping | null) => {
    setFile(chosen);
    take.reset();
    look.mutate({ chosen, columns });
  };
  const seen = look.data;
  const wrongAt = new Set(seen?.errors.map((each) => each.row));
  return (
    <div className={page.page}>
      <div className={page.head}>
        <h1>Import {kind}</h1>
        <span className={page.row}>
          <Go to={labPage.imports(ws, kind === "samples" ? "results" : "samples")}>
            Import {kind === "samples" ? "results" : "samples"} instead
          </Go>
        </span>
      </div>
      <FileDrop
        look={seen === undefined ? "page" : "line"}
        accept=".csv,.txt,.tsv"
        onFiles={(files) => {
          const [first] = files;
          if (first) see(first, null);
        }}
      >
        {kind === "samples"
          ? "Drop a CSV file of samples: one a row, with a product code. Any encoding, any delimiter, up to 50,000 rows."
          : "Drop what the instrument wrote: sample number, analyte, value. The file itself is kept with its hash."}
      </FileDrop>
      {look.isError && <ProblemNotice problem={asProblem(look.error)} />}
      {take.isError && <ProblemNotice problem={asProblem(take.error)} />}
      {take.isSuccess && (
        <Notice
          tone="covered"
          act={
            <Go to={kind === "samples" ? labPage.samples(ws) : labPage.worksheets(ws)}>
              Open {kind === "samples" ? "samples" : "worksheets"}
            </Go>
          }
        >
          {take.data.imported} rows imported. The file is kept as it was.
        </Notice>
      )}
      {seen !== undefined && file !== null && !take.isSuccess && (
        <>
          <p className={page.row}>
            <b>{file.name}</b>
            <span className={page.muted}>
              {seen.encoding}, {seen.total} rows
            </span>
            {seen.errorCount === 0 ? (
              <StatusMark tone="covered" word={`${seen.good} of ${seen.total} rows fit`} />
            ) : (
              <StatusMark tone="gap" word={`${seen.errorCount} of ${seen.total} rows have errors`} />
            )}
          </p>
          <div className={css.map}>
            {seen.fields.map((field) => (
              <Choice
                key={field.key}
                name={`map-${field.key}`}
                label={`${field.title}${field.required ? "" : " (may be missing)"}`}
                value={String(mapping?.columns[field.key] ?? "")}
                options={[
                  { value: "", label: "not in the file" },
                  ...seen.head.map((name, index) => ({ value: String(index), label: name || `column ${index + 1}` })),
                ]}
                onChange={(value) => {
                  if (mapping === null) return;
                  const { [field.key]: _, ...others } = mapping.columns;
                  const next = {
                    ...mapping,
                    columns: value === "" ? others : { ...others, [field.key]: Number(value) },
                  };
                  setMapping(next);
                  see(file, next);
                }}
              />
            ))}
            {kind === "results" && mapping !== null && (
              <Choice
                name="map-decimal"
                label="Decimals are written with a"
                value={mapping.decimal}
                options={[
                  { value: "point", label: "point: 7.25" },
                  { value: "comma", label: "comma: 7,25" },
                ]}
                onChange={(decimal) => {
                  const next = { ...mapping, decimal };
                  setMapping(next);
                  see(file, next);
                }}
              />
            )}
          </div>
          {seen.errors.length > 0 && (
            <ul className={css.lines}>
              {seen.errors.slice(0, 50).map((each) => (
                <li key={`${each.line} ${each.column} ${each.why}`}>
                  <span>
                    <b className={page.mono}>line {each.line}</b> {each.column} <span>{each.why}</span>
                  </span>
                </li>
              ))}
            </ul>
          )}
          <div className={css.scroll}>
            <table className={css.sheet}>
              <caption className="p-hidden">The first rows of the file</caption>
              <thead>
                <tr>
                  <th>line</th>
                  {seen.head.map((name, index) => (
                    <th key={index}>{name}</th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {seen.rows.map((row, line) => (
                  <tr key={line}>
                    <td data-wrong={wrongAt.has(line) || undefined}>{line + 2}</td>
                    {row.map((cell, index) => (
                      <td key={index} data-wrong={wrongAt.has(line) || undefined}>
                        {cell}
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          <p className={page.row}>
            <Act
              look="main"
              size="form"
              busy={take.isPending || look.isPending}
              disabledReason={
                seen.errorCount > 0
                  ? "All rows are imported or none: correct the file or the columns first."
                  : undefined
              }
              onAct={() => take.mutate(file)}
            >
              Import {String(seen.total)} rows
            </Act>
            {seen.errors.length > 0 && (
              <Act
                onAct={() =>
                  saveFile(
                    new Blob([seen.errors.map((each) => `line ${each.line}\t${each.column}\t${each.why}`).join("\n")], {
                      type: "text/plain",
                    }),
                    "errors.txt",
                  )
                }
              >
                Download the errors
              </Act>
            )}
          </p>
        </>
      )}
    </div>
  );
}
