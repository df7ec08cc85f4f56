import { Act } from "@probity/web/kit/act.tsx";
import { EmptyState } from "@probity/web/kit/empty-state.tsx";
import { LedgerTable } from "@probity/web/kit/ledger-table.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import type { Tone } from "@probity/web/kit/status.ts";
import { showDay } from "@probity/web/kit/time.ts";
import { read } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { Go, usePlace, useTitle } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { FilterRow, Shown, useFilters } from "./filter-row.tsx";
import { FirstSteps, useNextStep } from "./first-steps.tsx";
import css from "./stability.module.css";
import { stabilityApi, stabilityPage, type StudyLine } from "./stability-types.ts";
import { refusedBecause } from "./words.ts";

/** Stability studies: how far each is, what is pulled next, what is overdue. */
export function Studies() {
  useTitle("Stability");
  const place = usePlace();
  const ws = place.params["ws"] ?? "";
  const filters = useFilters(["state", "q"]);
  const list = useQuery({
    queryKey: ["lab-studies", ws, filters.asked],
    queryFn: () => read<{ items: StudyLine[]; total: number; may: string[] }>(stabilityApi.studies(filters.asked)),
    placeholderData: keepPreviousData,
  });
  const total = list.data?.total ?? 0;
  const make = (
    <Act
      look="main"
      disabledReason={refusedBecause(list.data?.may, "lab.study.change", "technicians and admins")}
      onAct={() => place.go(stabilityPage.make(ws))}
    >
      New study
    </Act>
  );
  const none = list.data?.items.length === 0 && total === 0;
  const next = useNextStep(ws, none);
  return (
    <div className={page.page}>
      <div className={page.head}>
        <h1>Stability</h1>
        {make}
      </div>
      <p className={page.lead}>
        What is stored under which condition, pulled when, and how long it keeps. A protocol is frozen once another
        person approved it.
      </p>
      {total > 0 && (
        <FilterRow
          of="studies"
          placeholder="Number, title, product, condition"
          filters={filters}
          choices={[
            {
              name: "state",
              label: "Stands",
              options: [
                { value: "overdue", label: "pull overdue" },
                { value: "running", label: "running" },
                { value: "to-start", label: "approved, to start" },
                { value: "draft", label: "protocol in draft" },
                { value: "pulled", label: "all pulled" },
              ],
            },
          ]}
          file={{ path: stabilityApi.studies({ ...filters.asked, format: "csv" }), name: "studies.csv" }}
        />
      )}
      {list.isError && <ProblemNotice problem={asProblem(list.error)} onRetry={() => void list.refetch()} />}
      {list.isPending && <Skeleton label="Reading the studies" />}
      {next !== null && <FirstSteps ws={ws} next={next} />}
      {list.data?.items.length === 0 && next === null && (
        <EmptyState act={total > 0 ? <Act onAct={filters.clear}>Clear the filters</Act> : make}>
          {total > 0 ? "No study fits these filters." : "No study yet. Write the protocol of the first one."}
        </EmptyState>
      )}
      {(list.data?.items.length ?? 0) > 0 && (
        <LedgerTable
          caption="Stability studies"
          rows={list.data?.items ?? []}
          rowKey={(row) => row.id}
          tone={(row) => look(row).tone}
          columns={[
            {
              id: "number",
              title: "Study",
              lead: true,
              width: "130px",
              cell: (row) => (
                <Go to={stabilityPage.one(ws, row.id)} className={page.mono}>
                  {row.number}
                </Go>
              ),
            },
            {
              id: "title",
              title: "What",
              lead: true,
              cell: (row) => (
                <>
                  {row.title}
                  <div className={page.meta}>{[row.productCode, ...row.conditions].join(" · ")}</div>
                </>
              ),
            },
            {
              id: "state",
              title: "State",
              lead: true,
              width: "150px",
              cell: (row) => <StatusMark {...look(row)} />,
            },
            {
              id: "progress",
              title: "Pulls",
              width: "210px",
              cell: (row) =>
                row.pulls === 0 ? (
                  <span className={page.muted}>{`none of ${row.planned} batches started`}</span>
                ) : (
                  <>
                    <span className={css.bar} aria-hidden="true">
                      <span style={{ width: `${Math.round((row.done / row.pulls) * 100)}%` }} />
                    </span>
                    <span className={page.mono}>{`${row.done}/${row.pulls}`}</span>
                    {row.deviations > 0 && (
                      <div className={page.meta}>
                        {row.deviations === 1 ? "1 deviation" : `${row.deviations} deviations`}
                      </div>
                    )}
                  </>
                ),
            },
            {
              id: "next",
              title: "Next pull",
              named: true,
              width: "120px",
              cell: (row) => (row.nextOn === null ? "" : showDay(row.nextOn)),
            },
            {
              id: "ends",
              title: "Ends",
              named: true,
              width: "110px",
              cell: (row) => (row.endsOn === null ? "" : showDay(row.endsOn)),
            },
          ]}
        />
      )}
      <Shown count={list.data?.items.length ?? 0} total={total} one="study" many="studies" />
    </div>
  );
}

function look(row: StudyLine): { tone: Tone; word: string } {
  if (row.overdue > 0)
    return { tone: "gap", word: row.overdue === 1 ? "1 pull overdue" : `${row.overdue} pulls overdue` };
  if (row.protocolState === "draft") return { tone: "planned", word: "protocol in draft" };
  if (row.pulls === 0) return { tone: "partial", word: "approved, to start" };
  return row.done === row.pulls ? { tone: "sealed", word: "all pulled" } : { tone: "covered", word: "running" };
}
