import { LedgerTable } from "@probity/web/kit/ledger-table.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { showTime } from "@probity/web/kit/time.ts";
import { read } from "@probity/web/shell/api.ts";
import type { Page } from "@probity/web/shell/api-types.ts";
import css from "@probity/web/shell/page.module.css";
import { Go } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useInstance } from "@probity/web/shell/session.ts";
import { useQuery } from "@tanstack/react-query";
import { CountBar } from "./count-bar.tsx";
import { docsApi, docsPage } from "./path.ts";
import type { Run } from "./types.ts";

interface RunSummary extends Pick<Run, "id" | "number" | "createdAt" | "counts"> {
  pack: string | { id: string; title: string };
  state?: string;
  undecided?: number;
}

/** The pack's id, however the list names it. */
export function packId(run: RunSummary): string {
  return typeof run.pack === "string" ? run.pack : run.pack.id;
}

/** Results of a collection, newest first. */
export function useRuns(collectionId: string) {
  return useQuery({
    queryKey: ["runs", collectionId],
    queryFn: async () => (await read<Page<RunSummary>>(docsApi.runs(collectionId))).items,
    enabled: collectionId !== "",
  });
}

/** Results, those that failed or still run included. */
export function RunList({ collectionId, ws }: { collectionId: string; ws: string }) {
  const runs = useRuns(collectionId);
  const instance = useInstance();
  const finished = (run: RunSummary) => run.state === undefined || run.state === "done";
  const packTitle = (run: RunSummary) =>
    instance.data?.packs.find((pack) => pack.id === packId(run))?.title ?? packId(run);
  if (runs.isError) return <ProblemNotice problem={asProblem(runs.error)} onRetry={() => void runs.refetch()} />;
  if (runs.data === undefined || runs.data.length === 0) return null;
  return (
    <section aria-labelledby="runs-title">
      <h2 id="runs-title">Results</h2>
      <LedgerTable
        caption="Results of this collection"
        rows={runs.data}
        rowKey={(run) => run.id}
        tone={(run) =>
          !finished(run) ? "none" : run.counts.gap > 0 ? "gap" : run.counts.partial > 0 ? "partial" : "covered"
        }
        columns={[
          {
            id: "run",
            title: "Run",
            lead: true,
            cell: (run) => {
              const title = `Run ${run.number}, ${packTitle(run)}`;
              return finished(run) ? (
                <Go to={docsPage.run(ws, run.id)}>
                  <b>{title}</b>
                </Go>
              ) : (
                <>
                  {title} <span className={css.muted}>{run.state}</span>
                </>
              );
            },
          },
          {
            id: "counts",
            title: "Result",
            width: "300px",
            cell: (run) => (finished(run) ? <CountBar counts={run.counts} /> : ""),
          },
          {
            id: "undecided",
            title: "Undecided",
            end: true,
            width: "96px",
            cell: (run) => (run.undecided === 0 ? <span className={css.muted}>none</span> : (run.undecided ?? "")),
          },
          { id: "at", title: "When", width: "200px", cell: (run) => showTime(run.createdAt) },
        ]}
      />
    </section>
  );
}
