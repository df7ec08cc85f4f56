import { Act } from "@probity/web/kit/act.tsx";
import { DayRange } from "@probity/web/kit/day-range.tsx";
import { EmptyState } from "@probity/web/kit/empty-state.tsx";
import { Choice } from "@probity/web/kit/field.tsx";
import { LedgerTable } from "@probity/web/kit/ledger-table.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import type { Tone } from "@probity/web/kit/status.ts";
import { showTime } from "@probity/web/kit/time.ts";
import { read } from "@probity/web/shell/api.ts";
import type { Page } from "@probity/web/shell/api-types.ts";
import { DownloadAct } from "@probity/web/shell/download-act.tsx";
import { More } from "@probity/web/shell/more.tsx";
import page from "@probity/web/shell/page.module.css";
import { Go, usePlace, useTitle } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { usePages } from "@probity/web/shell/use-pages.ts";
import { useQuery } from "@tanstack/react-query";
import { FilterFold } from "./filter-fold.tsx";
import { useFilters } from "./filter-row.tsx";
import { inspectApi, inspectPage } from "./inspect-path.ts";
import css from "./lab.module.css";
import { labApi, labPage } from "./path.ts";
import type { MethodVersion, Named, Verdict } from "./types.ts";
import { verdictLook } from "./words.ts";

type State = "open" | "entered" | "verified" | "retested" | "cancelled";
type Line = {
  id: string;
  name: string;
  text: string | null;
  unit: string;
  verdict: Verdict | null;
  state: State;
  attempt: number;
  enteredAt: string | null;
  enteredBy: string | null;
  sampleId: string;
  sample: string;
  product: string;
  method: string;
  worksheet: string | null;
};
const stateLook: Readonly<Record<State, { tone: Tone; word: string }>> = {
  open: { tone: "planned", word: "to determine" },
  entered: { tone: "partial", word: "to verify" },
  verified: { tone: "covered", word: "verified" },
  retested: { tone: "none", word: "retested" },
  cancelled: { tone: "none", word: "cancelled" },
};
const verdicts = ["in", "warn", "conditional", "out", "unclear", "none"] as const;
const any = { value: "", label: "any" };

/** Results across samples, for a question that is about values: each leads to everything that is known of it. */
export function Results() {
  useTitle("Results");
  const ws = usePlace().params["ws"] ?? "";
  const { value, asked, set, narrowed, clear } = useFilters([
    "state",
    "verdict",
    "product",
    "method",
    "enteredFrom",
    "enteredTo",
  ]);
  const list = usePages<Line>(["lab-results", ws, asked], (cursor) =>
    inspectApi.results({ ...asked, limit: 50, cursor }),
  );
  const products = useQuery({ queryKey: ["lab-products", ws], queryFn: () => read<Page<Named>>(labApi.products()) });
  const methods = useQuery({
    queryKey: ["lab-methods", ws],
    queryFn: () => read<{ items: MethodVersion[] }>(labApi.methods()),
  });
  return (
    <div className={page.page}>
      <div className={page.head}>
        <h1>Results</h1>
        <DownloadAct path={inspectApi.list("results", asked)} name="results.csv">
          Export CSV
        </DownloadAct>
      </div>
      <p className={page.lead}>
        Every determination, newest first, as it was entered. What was retested stays in the list beside what replaced
        it.
      </p>
      <div className={page.filters} role="search" aria-label="Filter results">
        <FilterFold on={Object.keys(asked).length}>
          <Choice
            quiet
            name="state"
            label="Stands"
            value={value("state")}
            options={[any, ...Object.entries(stateLook).map(([key, { word }]) => ({ value: key, label: word }))]}
            onChange={(state) => set({ state })}
          />
          <Choice
            quiet
            name="verdict"
            label="Verdict"
            value={value("verdict")}
            options={[any, ...verdicts.map((each) => ({ value: each, label: verdictLook[each].word }))]}
            onChange={(verdict) => set({ verdict })}
          />
          <Choice
            quiet
            name="product"
            label="Product"
            value={value("product")}
            options={[
              any,
              ...(products.data?.items ?? []).map((each) => ({ value: each.id, label: `${each.code} ${each.name}` })),
            ]}
            onChange={(product) => set({ product })}
          />
          <Choice
            quiet
            name="method"
            label="Method"
            value={value("method")}
            options={[
              any,
              ...(methods.data?.items ?? []).map((each) => ({
                value: each.methodId,
                label: `${each.code} ${each.title}`,
              })),
            ]}
            onChange={(method) => set({ method })}
          />
          <DayRange
            name="entered"
            label="Entered"
            from={value("enteredFrom")}
            to={value("enteredTo")}
            onFrom={(enteredFrom) => set({ enteredFrom })}
            onTo={(enteredTo) => set({ enteredTo })}
          />
          <span className={page.meta}>days of UTC</span>
        </FilterFold>
        {narrowed && (
          <Act look="quiet" onAct={clear}>
            Clear filters
          </Act>
        )}
      </div>
      {list.isError && <ProblemNotice problem={asProblem(list.error)} onRetry={() => void list.refetch()} />}
      {list.isPending && <Skeleton label="Reading the results" />}
      {list.isSuccess && list.items.length === 0 && (
        <EmptyState
          act={
            narrowed ? <Act onAct={clear}>Clear the filters</Act> : <Go to={labPage.samples(ws)}>Open the samples</Go>
          }
        >
          {narrowed ? "No result fits these filters." : "No result yet. Each sample brings its determinations along."}
        </EmptyState>
      )}
      {list.items.length > 0 && (
        <div className={css.clip}>
          <LedgerTable
            caption="Results"
            rows={list.items}
            rowKey={(each) => each.id}
            tone={(each) => (each.verdict === null ? stateLook[each.state].tone : verdictLook[each.verdict].tone)}
            columns={[
              {
                id: "name",
                title: "Determination",
                lead: true,
                cell: (each) => (
                  <>
                    <Go to={inspectPage.evidence(ws, each.id)}>
                      <b>{each.name}</b>
                    </Go>
                    <div className={page.meta}>
                      {each.method}
                      {each.attempt > 1 && `, attempt ${each.attempt}`}
                      {each.worksheet !== null && ` · ${each.worksheet}`}
                    </div>
                  </>
                ),
              },
              {
                id: "text",
                title: "Entered",
                lead: true,
                width: "160px",
                cell: (each) =>
                  each.text === null ? (
                    <span className={page.muted}>–</span>
                  ) : (
                    <>
                      <span
                        className={/\d{8}/.test(each.text) ? `${page.mono} ${css.exact}` : page.mono}
                        title={each.text}
                      >
                        {each.text}
                      </span>{" "}
                      <span className={page.meta}>{each.unit}</span>
                    </>
                  ),
              },
              {
                id: "verdict",
                title: "Verdict",
                width: "110px",
                cell: (each) => each.verdict !== null && <StatusMark {...verdictLook[each.verdict]} />,
              },
              {
                id: "state",
                title: "Stands",
                width: "120px",
                cell: (each) => <StatusMark {...stateLook[each.state]} />,
              },
              {
                id: "sample",
                title: "Sample",
                cell: (each) => (
                  <>
                    <Go to={labPage.sample(ws, each.sampleId)} className={css.number}>
                      {each.sample}
                    </Go>
                    <div className={page.meta}>{each.product}</div>
                  </>
                ),
              },
              {
                id: "by",
                title: "By",
                width: "200px",
                cell: (each) =>
                  each.enteredAt !== null && (
                    <>
                      {each.enteredBy ?? "Probity"}
                      <div className={page.meta}>{showTime(each.enteredAt)}</div>
                    </>
                  ),
              },
            ]}
          />
        </div>
      )}
      {list.items.length > 0 && (
        <More
          shown={list.items.length}
          total={undefined}
          noun="results"
          more={list.hasNextPage}
          busy={list.isFetchingNextPage}
          onMore={() => void list.fetchNextPage()}
        />
      )}
    </div>
  );
}
