import { Act } from "@probity/web/kit/act.tsx";
import { FileDrop } from "@probity/web/kit/file-drop.tsx";
import { Notice } from "@probity/web/kit/notice.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { saveFile, write } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { Go, usePlace, useTitle } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ImportColumns } from "./import-columns.tsx";
import { formOf, type Kind, type Reading } from "./import-form.ts";
import { ImportFiles } from "./import-files.tsx";
import { ImportStand } from "./import-stand.tsx";
import { labApi, labPage } from "./path.ts";
import type { Preview } from "./types.ts";
import { useMay } from "./use-may.ts";
import { refusedBecause } from "./words.ts";

/** What each column may be called; the first ones are needed, the rest may be left out. */
const headings: Readonly<Record<Kind, string>> = {
  samples: "Product code,Lot,Sampling point code,Sampled at,Sampled by,Due on,Priority,Specification code,Remark\r\n",
  results: "Sample number,Analyte,Value,Unit,Reason for a change,Kind of row,Worksheet number,Interim field\r\n",
};

/** A file of samples or results: what it would become is shown row by row before anything is taken, and it is taken whole. */
export function ImportPage() {
  const place = usePlace();
  const ws = place.params["ws"] ?? "";
  const kind: Kind = place.search["kind"] === "results" ? "results" : "samples";
  const sent = typeof place.search["file"] === "string" ? place.search["file"] : null;
  useTitle(`Import ${kind}`);
  const [file, setFile] = useState<File | null>(null);
  const [reading, setReading] = useState<Reading>({});
  const refused = refusedBecause(
    useMay(),
    kind === "samples" ? "lab.sample.register" : "lab.result.enter",
    "technicians",
  );
  const queries = useQueryClient();
  const look = useMutation({
    mutationFn: ({ chosen, as }: { chosen: File; as: Reading }) =>
      write<Preview>("POST", labApi.imports(kind, "preview"), formOf(chosen, as)),
    onSuccess: (seen, { as }) => setReading({ mapping: seen.mapping, source: as.source ?? seen.source ?? "" }),
  });
  const start = useMutation({
    mutationFn: (chosen: File) => write<{ id: string }>("POST", labApi.imports(kind), formOf(chosen, reading)),
    onSuccess: async ({ id }) => {
      setFile(null);
      look.reset();
      place.query({ kind, file: id });
      await queries.invalidateQueries({ queryKey: ["lab-imports"] });
    },
  });
  const see = (chosen: File, as: Reading) => {
    setFile(chosen);
    start.reset();
    look.mutate({ chosen, as });
  };
  const other = kind === "samples" ? "results" : "samples";
  const seen = file === null ? undefined : look.data;
  return (
    <div className={page.page}>
      <div className={page.head}>
        <h1>Import {kind}</h1>
        <Go to={labPage.imports(ws, other)}>Import {other} instead</Go>
      </div>
      {sent !== null && file === null && (
        <ImportStand key={sent} ws={ws} kind={kind} id={sent} onAgain={() => place.query({ kind })} />
      )}
      {(sent === null || file !== null) && (
        <FileDrop
          single
          look={seen === undefined ? "page" : "line"}
          accept=".csv,.txt,.tsv"
          refused={refused}
          onFiles={([first]) => first && see(first, {})}
          more={
            seen === undefined && (
              <Act
                size="form"
                look="quiet"
                onAct={() => saveFile(new Blob([headings[kind]], { type: "text/csv" }), `${kind}-headings.csv`)}
              >
                Take a file of headings
              </Act>
            )
          }
        >
          {kind === "samples"
            ? "Drop a table of samples: one a row, with a product code. Up to 50,000 rows, any encoding, any delimiter."
            : "Drop what the instrument wrote: sample number, analyte, value. Blanks and controls by their name, duplicates as DUP and the number. Up to 50,000 rows, all taken or none."}
        </FileDrop>
      )}
      {refused !== undefined && <Notice tone="none">{refused}</Notice>}
      {look.isError && <ProblemNotice problem={asProblem(look.error)} />}
      {start.isError && <ProblemNotice problem={asProblem(start.error)} />}
      {look.isPending && seen === undefined && <p className={page.muted}>Reading {file?.name}</p>}
      {seen !== undefined && file !== null && (
        <ImportColumns
          kind={kind}
          file={file}
          seen={seen}
          reading={reading}
          busy={look.isPending || start.isPending}
          onRead={(as) => see(file, as)}
          onSource={(source) => setReading({ ...reading, source })}
          onStart={() => start.mutate(file)}
        />
      )}
      {file === null && <ImportFiles ws={ws} kind={kind} />}
    </div>
  );
}
