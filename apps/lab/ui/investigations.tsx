import { Act } from "@probity/web/kit/act.tsx";
import { EmptyState } from "@probity/web/kit/empty-state.tsx";
import { Choice } from "@probity/web/kit/field.tsx";
import { LedgerTable } from "@probity/web/kit/ledger-table.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { showTime } from "@probity/web/kit/time.ts";
import { read } from "@probity/web/shell/api.ts";
import { DownloadAct } from "@probity/web/shell/download-act.tsx";
import { Find } from "@probity/web/shell/find.tsx";
import pageCss from "@probity/web/shell/page.module.css";
import { Go, usePlace, useTitle } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { inspectApi } from "./inspect-path.ts";
import {
  conclusionWord,
  investigationApi,
  investigationPage,
  stateWord,
  type InvestigationLine,
} from "./investigation-types.ts";
import { labPage } from "./path.ts";
import lab from "./lab.module.css";

const filters = [
  { value: "", label: "All" },
  { value: "open", label: "Not concluded" },
  { value: "phase-1", label: "Phase I" },
  { value: "retest-planned", label: "Plan to approve" },
  { value: "retest-approved", label: "Retesting" },
  { value: "phase-2", label: "Phase II" },
  { value: "concluded", label: "Concluded" },
] as const;

/** Investigations of results out of specification: which are open, at what point, and how they ended. */
export function Investigations() {
  useTitle("Investigations");
  const { params, search, query } = usePlace();
  const ws = params.ws ?? "";
  const state = filters.find(({ value }) => value === search["state"])?.value ?? "";
  const q = typeof search["q"] === "string" ? search["q"] : "";
  const given = { state: state || undefined, q: q || undefined };
  const list = useQuery({
    queryKey: ["lab-investigations", ws, state, q],
    queryFn: async () => (await read<{ items: InvestigationLine[] }>(investigationApi.list(given))).items,
    placeholderData: keepPreviousData,
  });
  return (
    <div className={pageCss.page}>
      <div className={pageCss.head}>
        <h1>Investigations</h1>
        <DownloadAct path={inspectApi.list("investigations", given)} name="investigations.csv">
          Export CSV
        </DownloadAct>
      </div>
      <p className={pageCss.lead}>
        What was out of specification, and why. A retest waits for a plan that another person approved; nothing of the
        sample is published before the conclusion; the original result stays on every path.
      </p>
      <div className={pageCss.filters}>
        <Find
          label="Find by number, sample, lot, product, determination or corrective action"
          hint="Number, sample, lot, determination"
          value={q}
          onFind={(words) => query({ ...given, q: words }, true)}
        />
        <Choice
          quiet
          name="state"
          label="State"
          value={state}
          options={filters}
          onChange={(value) => query({ ...given, state: value }, true)}
        />
        {list.isSuccess && <span className={pageCss.muted}>{`${list.data.length.toLocaleString("en-GB")} match`}</span>}
      </div>
      {list.isError && <ProblemNotice problem={asProblem(list.error)} onRetry={() => void list.refetch()} />}
      {list.isPending && <Skeleton label="Reading the investigations" />}
      {list.isSuccess && list.data.length === 0 && (
        <EmptyState
          act={
            state === "" && q === "" ? (
              <Go to={labPage.samples(ws, "?verdict=out")}>Look for results out of specification</Go>
            ) : (
              <Act onAct={() => query({}, true)}>Clear the filters</Act>
            )
          }
        >
          {state === "" && q === ""
            ? "No result has been investigated. One is opened from a result out of specification."
            : "No investigation fits these filters."}
        </EmptyState>
      )}
      {list.isSuccess && list.data.length > 0 && (
        <LedgerTable
          caption="Investigations"
          rows={list.data}
          rowKey={(each) => each.id}
          tone={(each) => stateWord[each.state].tone}
          columns={[
            {
              id: "number",
              title: "Investigation",
              lead: true,
              width: "150px",
              cell: (each) => (
                <Go to={investigationPage.one(ws, each.id)} className={pageCss.mono}>
                  {each.number}
                </Go>
              ),
            },
            {
              id: "what",
              title: "Result",
              lead: true,
              cell: (each) => (
                <>
                  <b>{each.analyte}</b>{" "}
                  <span className={`${pageCss.mono} ${lab.exact}`} title={each.text ?? undefined}>
                    {each.shown ?? each.text}
                  </span>{" "}
                  {each.unit}
                  <div className={pageCss.meta}>
                    {each.sample} · {each.product}
                    {each.lot !== null && ` · ${each.lot}`}
                  </div>
                </>
              ),
            },
            {
              id: "state",
              title: "State",
              lead: true,
              width: "150px",
              cell: (each) => <StatusMark {...stateWord[each.state]} />,
            },
            { id: "opened", title: "Opened", named: true, width: "170px", cell: (each) => showTime(each.openedAt) },
            {
              id: "outcome",
              title: "Outcome",
              named: true,
              cell: (each) =>
                each.conclusion === null
                  ? ""
                  : `${conclusionWord[each.conclusion]}${each.capa === null ? "" : ` · ${each.capa}`}`,
            },
          ]}
        />
      )}
    </div>
  );
}
