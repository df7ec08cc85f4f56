import { Act } from "@probity/web/kit/act.tsx";
import { EmptyState } from "@probity/web/kit/empty-state.tsx";
import { LedgerTable } from "@probity/web/kit/ledger-table.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { showTime } from "@probity/web/kit/time.ts";
import { DownloadAct } from "@probity/web/shell/download-act.tsx";
import { Find } from "@probity/web/shell/find.tsx";
import { More } from "@probity/web/shell/more.tsx";
import page from "@probity/web/shell/page.module.css";
import { Go, usePlace, useTitle } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { usePages } from "@probity/web/shell/use-pages.ts";
import { useState } from "react";
import css from "./lab.module.css";
import { NewWorksheet } from "./new-worksheet.tsx";
import { inspectApi } from "./inspect-path.ts";
import { labApi, labPage } from "./path.ts";
import type { WorksheetLine } from "./types.ts";
import { useMay } from "./use-may.ts";
import { refusedBecause } from "./words.ts";

/** Worksheets, open ones first to mind: what is entered, and what came out of specification. */
export function Worksheets() {
  useTitle("Worksheets");
  const place = usePlace();
  const ws = place.params["ws"] ?? "";
  const state = typeof place.search["state"] === "string" ? place.search["state"] : "";
  const q = typeof place.search["q"] === "string" ? place.search["q"] : "";
  const given = { state: state || undefined, q: q || undefined };
  const method = typeof place.search["method"] === "string" ? place.search["method"] : undefined;
  const list = usePages<WorksheetLine>(["lab-worksheets", ws, state, q], (cursor) =>
    labApi.worksheets({ ...given, cursor, limit: 50 }),
  );
  const [making, setMaking] = useState(method !== undefined);
  const may = useMay();
  const make = (
    <Act
      look="main"
      size="form"
      disabledReason={refusedBecause(may, "lab.worksheet.change", "technicians")}
      onAct={() => setMaking(true)}
    >
      New worksheet
    </Act>
  );
  return (
    <div className={page.page}>
      <div className={page.head}>
        <h1>Worksheets</h1>
        <span className={page.row}>
          <DownloadAct path={inspectApi.list("worksheets", given)} name="worksheets.csv">
            Export CSV
          </DownloadAct>
          {make}
        </span>
      </div>
      <div className={page.filters}>
        <Find
          label="Find worksheets"
          hint="Number, title"
          value={q}
          onFind={(words) => place.query({ ...given, q: words }, true)}
        />
      </div>
      <nav className={css.tabs} aria-label="Views">
        {[
          ["", "All"],
          ["open", "Open"],
          ["verified", "Verified"],
        ].map(([value = "", title]) => (
          <Act key={value} pressed={state === value} onAct={() => place.query({ ...given, state: value }, true)}>
            {title}
          </Act>
        ))}
      </nav>
      {list.isError && <ProblemNotice problem={asProblem(list.error)} onRetry={() => void list.refetch()} />}
      {list.isPending && <Skeleton label="Reading worksheets" />}
      {list.isSuccess && list.items.length === 0 && (
        <EmptyState
          act={q === "" && state === "" ? make : <Act onAct={() => place.query({}, true)}>Clear the filters</Act>}
        >
          {q === "" && state === ""
            ? "No worksheet yet. One gathers what waits for a method, with its blanks and controls. Receive samples first."
            : "No worksheet fits these filters."}
        </EmptyState>
      )}
      {list.items.length > 0 && (
        <LedgerTable
          caption="Worksheets"
          rows={list.items}
          rowKey={(item) => item.id}
          tone={(item) =>
            item.out > 0
              ? "gap"
              : item.state === "verified"
                ? "sealed"
                : item.entered === item.total
                  ? "partial"
                  : "none"
          }
          columns={[
            {
              id: "number",
              title: "Worksheet",
              lead: true,
              cell: (item) => (
                <>
                  <Go to={labPage.worksheet(ws, item.id)} className={css.number}>
                    {item.number}
                  </Go>{" "}
                  {item.title}
                </>
              ),
            },
            {
              id: "entered",
              title: "Entered",
              width: "90px",
              end: true,
              cell: (item) => `${item.entered}/${item.total}`,
            },
            {
              id: "stands",
              title: "Stands",
              width: "150px",
              cell: (item) =>
                item.state === "verified" ? (
                  <StatusMark tone="sealed" word="verified" />
                ) : item.entered === item.total ? (
                  <StatusMark tone="partial" word="to verify" />
                ) : (
                  <StatusMark tone="none" word="in work" />
                ),
            },
            {
              id: "out",
              title: "Out",
              width: "80px",
              cell: (item) => item.out > 0 && <StatusMark tone="gap" word={`${item.out} out`} />,
            },
            {
              id: "made",
              title: "Made",
              width: "230px",
              cell: (item) => (
                <span className={page.meta}>{`${item.madeBy ?? "Probity"}, ${showTime(item.createdAt)}`}</span>
              ),
            },
          ]}
        />
      )}
      {list.isSuccess && list.items.length > 0 && (
        <More
          shown={list.items.length}
          total={list.total}
          noun="worksheets"
          more={list.hasNextPage}
          busy={list.isFetchingNextPage}
          onMore={() => void list.fetchNextPage()}
        />
      )}
      <NewWorksheet
        open={making}
        method={method}
        onClose={() => setMaking(false)}
        onMade={(id) => place.go(labPage.worksheet(ws, id))}
      />
    </div>
  );
}
