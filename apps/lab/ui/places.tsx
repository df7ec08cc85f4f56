import { EmptyState } from "@probity/web/kit/empty-state.tsx";
import { LedgerTable } from "@probity/web/kit/ledger-table.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { showDay } from "@probity/web/kit/time.ts";
import { read } from "@probity/web/shell/api.ts";
import { PageProblem } from "@probity/web/shell/page-problem.tsx";
import page from "@probity/web/shell/page.module.css";
import { Go, usePlace, useTitle } from "@probity/web/shell/place.tsx";
import { useQuery } from "@tanstack/react-query";
import { labApi, labPage } from "./path.ts";

type Place = { place: string; samples: number; done: number; oldest: string | null };

/** Where samples are: each place that custody names, with what stands there and what of it is done with. */
export function Places() {
  useTitle("Storage");
  const ws = usePlace().params["ws"] ?? "";
  const list = useQuery({ queryKey: ["lab-places"], queryFn: () => read<{ items: Place[] }>(labApi.places()) });
  if (list.isError) return <PageProblem title="Storage" error={list.error} onRetry={() => void list.refetch()} />;
  const items = list.data?.items ?? [];
  return (
    <div className={page.page}>
      <div className={page.head}>
        <h1>Storage</h1>
        <span className={page.row}>
          <Go to={labPage.samples(ws)}>All samples</Go>
        </span>
      </div>
      <p className={page.lead}>
        Where custody last put each sample. Done with: verified or published, and not disposed of yet.
      </p>
      {list.isPending && <Skeleton label="Reading places" />}
      {list.isSuccess && items.length === 0 && (
        <EmptyState act={<Go to={labPage.samples(ws, "?state=registered")}>Receive samples</Go>}>
          No sample has a place yet. It is said when a sample is received or moved.
        </EmptyState>
      )}
      {items.length > 0 && (
        <LedgerTable
          caption="Places"
          rows={items}
          rowKey={(item) => item.place}
          columns={[
            {
              id: "place",
              title: "Place",
              lead: true,
              cell: (item) => (
                <Go to={labPage.samples(ws, `?place=${encodeURIComponent(item.place)}`)}>{item.place}</Go>
              ),
            },
            { id: "samples", title: "Samples", width: "110px", end: true, cell: (item) => item.samples },
            { id: "done", title: "Done with", width: "110px", end: true, cell: (item) => item.done },
            {
              id: "oldest",
              title: "Oldest received",
              named: true,
              width: "150px",
              cell: (item) => (item.oldest === null ? "–" : showDay(item.oldest)),
            },
          ]}
        />
      )}
    </div>
  );
}
