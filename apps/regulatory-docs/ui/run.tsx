import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { showTime } from "@probity/web/kit/time.ts";
import { UndoBar } from "@probity/web/kit/undo-bar.tsx";
import { bytes, read, write } from "@probity/web/shell/api.ts";
import type { Page } from "@probity/web/shell/api-types.ts";
import { NotFound } from "@probity/web/shell/not-found.tsx";
import pageCss from "@probity/web/shell/page.module.css";
import { Signatures, useSigning } from "@probity/web/shell/sign.tsx";
import { usePlace, useTitle } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { Compare } from "./compare.tsx";
import { DecisionBar, type OpenForm } from "./decision-bar.tsx";
import { GapResult } from "./gap-result.tsx";
import { docsApi } from "./path.ts";
import { RunHead } from "./run-head.tsx";
import { selectionOf } from "./selection.ts";
import type { DocumentRecord, DocumentText, Run } from "./types.ts";
import { useDecisions } from "./use-decisions.ts";
import type { DocumentSource } from "./viewer.tsx";
import css from "./run.module.css";

/** One gap result with its decisions. */
export function RunPage() {
  const place = usePlace();
  const id = place.params.id ?? "";
  // Each reading of a run leaves a leaf in the ledger, so it is read once and changed here with each decision.
  const run = useQuery({
    queryKey: ["run", id],
    queryFn: () => read<Run>(docsApi.run(id)),
    staleTime: Number.POSITIVE_INFINITY,
  });
  useTitle(run.data === undefined ? "Gap result" : `Run ${run.data.number}, ${run.data.pack.title}`);
  if (run.isPending) {
    return (
      <div className={pageCss.page}>
        <Skeleton rows={14} label="Opening the result" />
      </div>
    );
  }
  if (run.data === undefined) {
    if (asProblem(run.error).status === 404) return <NotFound inside />;
    return (
      <div className={pageCss.page}>
        <h1>Gap result</h1>
        <ProblemNotice problem={asProblem(run.error)} onRetry={() => void run.refetch()} />
      </div>
    );
  }
  return <Result key={id} run={run.data} />;
}

function Result({ run }: { run: Run }) {
  const place = usePlace();
  const selection = selectionOf(place.search);
  const [form, setForm] = useState<OpenForm | null>(null);
  const documents = useQuery({
    queryKey: ["documents", run.collectionId],
    queryFn: async () => (await read<Page<DocumentRecord>>(docsApi.documents(run.collectionId))).items,
  });
  const source = useMemo<DocumentSource>(() => {
    const pdfs = new Set((documents.data ?? []).filter((item) => /pdf$/i.test(item.kind)).map((item) => item.id));
    return {
      key: run.id,
      text: (id) => read<DocumentText>(docsApi.text(id)),
      pdf: async (id) => bytes((await write<{ url: string }>("POST", docsApi.download(id))).url),
      isPdf: (id) => pdfs.has(id),
    };
  }, [run.id, documents.data]);
  const one = docsApi.run(run.id);
  const locked = useSigning(one).data?.locked ?? false;
  const decisions = useDecisions(run, (next) => {
    setForm(null);
    if (next !== null) place.query({ ...selection, req: next, ev: 1, wd: 0, doc: "" }, true);
  });
  return (
    <div className={css.page}>
      <GapResult
        run={run}
        source={source}
        proof={[`run ${run.number}`, showTime(run.createdAt), `pack ${run.pack.id} ${run.pack.version}`]}
        selection={selection}
        onSelect={(change, replace) => {
          if (change.req !== selection.req) setForm(null);
          place.query({ ...change }, replace);
        }}
        offered={["all", "gap", "partial", "undecided", "changed"]}
        head={
          <>
            <RunHead run={run} onCompare={(other) => place.query({ ...selection, vs: other })} />
            <Signatures one={one} onChange={() => setForm(null)} />
          </>
        }
        decide={(finding) =>
          locked ? (
            <p className={css.locked}>Locked with the signed report. An admin unlocks it with a reason.</p>
          ) : (
            <DecisionBar finding={finding} decisions={decisions} form={form} onForm={setForm} />
          )
        }
        onKey={(key, finding) => {
          if (locked) return false;
          const forms: Record<string, OpenForm> = { o: "override", e: "assign", d: "due", n: "note" };
          const wanted = forms[key];
          if (wanted !== undefined) setForm(wanted);
          else if (key === "a" && finding.decision === null) decisions.act(finding, "accept", {});
          else if (key === "u") decisions.undo();
          else return false;
          return true;
        }}
        foot={
          <>
            {decisions.problem !== null && <ProblemNotice problem={asProblem(decisions.problem)} />}
            {decisions.last !== null && (
              <UndoBar text={decisions.last.text} onUndo={decisions.undo} onGone={decisions.forget} />
            )}
          </>
        }
      />
      {selection.vs !== undefined && (
        <Compare
          run={run}
          other={selection.vs}
          onPick={(req) => place.query({ ...selection, vs: "", req, ev: 1 })}
          onClose={() => place.query({ ...selection, vs: "" })}
        />
      )}
    </div>
  );
}
