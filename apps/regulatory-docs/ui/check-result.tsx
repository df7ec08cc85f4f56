import { Act } from "@probity/web/kit/act.tsx";
import { saveFile } from "@probity/web/shell/api.ts";
import { usePlace } from "@probity/web/shell/place.tsx";
import { useMemo } from "react";
import { NotRead } from "./check-files.tsx";
import { CountLine } from "./count-line.tsx";
import { GapResult } from "./gap-result.tsx";
import { selectionOf } from "./selection.ts";
import type { CheckRun } from "./types.ts";
import type { CheckedFile } from "./use-check.ts";
import type { DocumentSource } from "./viewer.tsx";
import css from "./check-result.module.css";

/** Result of a free check. Text and files are in this page's memory; closing it forgets them. */
export function CheckResult(props: {
  run: CheckRun;
  files: CheckedFile[];
  leftOut: readonly string[];
  onNew: () => void;
}) {
  const { run, files } = props;
  const place = usePlace();
  const source = useMemo<DocumentSource>(() => {
    const fileOf = (id: string) => {
      const name = run.documents.find((document) => document.id === id)?.name;
      return files.find((item) => item.file.name === name || item.file.name.replace(/\.[^.]+$/, "") === name)?.file;
    };
    return {
      key: `check:${run.createdAt}`,
      text: async (id) => {
        const document = run.documents.find((item) => item.id === id);
        return document ?? { text: "", pages: [], paragraphs: [] };
      },
      pdf: async (id) => (await fileOf(id)?.arrayBuffer()) ?? new ArrayBuffer(0),
      isPdf: (id) => fileOf(id)?.name.toLowerCase().endsWith(".pdf") ?? false,
    };
  }, [run, files]);
  const save = () => {
    const documents = run.documents.map(({ id, name, revision, skipped }) => ({ id, name, revision, skipped }));
    const text = JSON.stringify({ ...run, documents }, null, 2);
    saveFile(new Blob([text], { type: "application/json" }), `gap-check-${run.pack.id}.json`);
  };
  return (
    <div className={css.page}>
      <GapResult
        run={run}
        source={source}
        proof={[`pack ${run.pack.id} ${run.pack.version}`, "computed in memory, kept nowhere"]}
        selection={selectionOf(place.search)}
        onSelect={(change, replace) => place.query({ ...change }, replace)}
        offered={["all", "gap", "partial"]}
        head={
          <div className={css.head}>
            <h1>{run.pack.title}</h1>
            <CountLine findings={run.findings} />
            <span className={css.kept}>
              {run.documents.length === 1 ? "1 document" : `${run.documents.length} documents`}. Read in memory, kept
              nowhere.
            </span>
            <NotRead files={files} leftOut={props.leftOut} />
            <span className={css.acts}>
              <Act onAct={save}>Download JSON</Act>
              <Act onAct={props.onNew}>New check</Act>
            </span>
          </div>
        }
      />
    </div>
  );
}
