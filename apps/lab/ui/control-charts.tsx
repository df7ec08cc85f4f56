import { Act } from "@probity/web/kit/act.tsx";
import { DateField } from "@probity/web/kit/date-field.tsx";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { EmptyState } from "@probity/web/kit/empty-state.tsx";
import { Choice, Field } from "@probity/web/kit/field.tsx";
import { LedgerTable } from "@probity/web/kit/ledger-table.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { showAge, showDay } from "@probity/web/kit/time.ts";
import { read, write } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { Go, usePlace, useTitle } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { FirstSteps, useNextStep } from "./first-steps.tsx";
import { RulesDialog } from "./chart-rules.tsx";
import { chartApi, chartPage, outcomeLook, type ChartLine, type ChartList, type Kind } from "./chart-types.ts";
import { labApi } from "./path.ts";
import { FilterRow, Shown, useFilters } from "./filter-row.tsx";
import type { MethodVersion } from "./types.ts";
import { refusedBecause } from "./words.ts";

/** Control charts: one a lot and analyte, what its limits are, and how its newest run came out. */
export function ControlCharts() {
  useTitle("Control charts");
  const place = usePlace();
  const ws = place.params["ws"] ?? "";
  const filters = useFilters(["kind", "q"]);
  const list = useQuery({
    queryKey: ["lab-charts", ws, filters.asked],
    queryFn: () => read<ChartList & { total: number }>(chartApi.list(filters.asked)),
    placeholderData: keepPreviousData,
  });
  const [making, setMaking] = useState(false);
  const [ruling, setRuling] = useState(false);
  const found = list.data;
  const make = (
    <Act
      look="main"
      disabledReason={refusedBecause(found?.may, "lab.chart.change", "technicians and reviewers")}
      onAct={() => setMaking(true)}
    >
      New chart
    </Act>
  );
  const none = found?.items.length === 0 && found.total === 0;
  const next = useNextStep(ws, none);
  return (
    <div className={page.page}>
      <div className={page.head}>
        <h1>Control charts</h1>
        <span className={page.row}>
          <Act onAct={() => setRuling(true)}>Rules</Act> {make}
        </span>
      </div>
      <p className={page.lead}>
        What each run’s controls are held against. One person proposes limits and another freezes them; a run is judged
        once, when its controls are entered, and no later limit moves it.
      </p>
      {found !== undefined && (
        <p className={page.meta}>
          {found.rules.number === 0 ? "Usual rules" : `Rules, version ${found.rules.number}`}: {found.rules.words}.
        </p>
      )}
      {found !== undefined && found.total > 0 && (
        <FilterRow
          of="control charts"
          placeholder="Method, determination, material, lot"
          filters={filters}
          choices={[
            {
              name: "kind",
              label: "Kind",
              options: [
                { value: "control", label: "control" },
                { value: "blank", label: "blank" },
              ],
            },
          ]}
          file={{ path: chartApi.list({ ...filters.asked, format: "csv" }), name: "control-charts.csv" }}
        />
      )}
      {list.isError && <ProblemNotice problem={asProblem(list.error)} onRetry={() => void list.refetch()} />}
      {list.isPending && <Skeleton label="Reading the charts" />}
      {next !== null && <FirstSteps ws={ws} next={next} />}
      {found?.items.length === 0 && next === null && (
        <EmptyState act={found.total > 0 ? <Act onAct={filters.clear}>Clear the filters</Act> : make}>
          {found.total > 0
            ? "No chart fits these filters."
            : "No chart yet. Make one for a lot of a control material; worksheets then offer it with their controls."}
        </EmptyState>
      )}
      {found !== undefined && found.items.length > 0 && (
        <LedgerTable
          caption="Control charts"
          rows={found.items}
          rowKey={(each) => each.id}
          tone={(each) => toneOf(each)}
          columns={[
            {
              id: "what",
              title: "Chart",
              lead: true,
              cell: (each) => (
                <>
                  <Go to={chartPage.one(ws, each.id)}>
                    {each.name}, {each.material}
                  </Go>
                  <div className={page.meta}>
                    {each.method} {each.methodTitle} · {each.kind === "blank" ? "blank" : "control"}
                  </div>
                </>
              ),
            },
            {
              id: "lot",
              title: "Lot",
              width: "130px",
              lead: true,
              cell: (each) => (
                <>
                  <span className={page.mono}>{each.lot}</span>
                  {each.expiresOn !== null && <div className={page.meta}>to {showDay(each.expiresOn)}</div>}
                </>
              ),
            },
            { id: "points", title: "Runs", width: "64px", end: true, cell: (each) => each.points },
            {
              id: "limits",
              title: "Limits",
              width: "180px",
              cell: (each) =>
                each.proposed !== null ? (
                  <StatusMark tone="partial" word={`v${each.proposed} to freeze`} />
                ) : each.frozen !== null ? (
                  <StatusMark tone="sealed" word={`v${each.frozen} frozen`} />
                ) : (
                  <StatusMark tone="none" word={`${each.points} of ${each.runs} runs`} />
                ),
            },
            {
              id: "last",
              title: "Newest run",
              lead: true,
              width: "150px",
              cell: (each) =>
                each.state === "retired" ? (
                  <StatusMark tone="none" word="retired" />
                ) : each.outcome === null ? (
                  ""
                ) : (
                  <>
                    <StatusMark {...outcomeLook[each.outcome]} />
                    {each.runAt !== null && <div className={page.meta}>{showAge(each.runAt)}</div>}
                  </>
                ),
            },
          ]}
        />
      )}
      {found !== undefined && <Shown count={found.items.length} total={found.total} one="chart" many="charts" />}
      <NewChart open={making} onClose={() => setMaking(false)} onMade={(id) => place.go(chartPage.one(ws, id))} />
      <RulesDialog open={ruling} onClose={() => setRuling(false)} />
    </div>
  );
}

function toneOf(each: ChartLine) {
  if (each.state === "retired") return "none";
  if (each.outcome === "refused" || each.outcome === "warned") return outcomeLook[each.outcome].tone;
  return each.frozen === null || each.proposed !== null ? "partial" : "covered";
}

function NewChart(props: { open: boolean; onClose: () => void; onMade: (id: string) => void }) {
  const methods = useQuery({
    queryKey: ["lab-methods"],
    queryFn: () => read<{ items: MethodVersion[] }>(labApi.methods()),
    enabled: props.open,
  });
  const numbers = (methods.data?.items ?? []).flatMap((method) =>
    method.definition.analytes
      .filter(({ kind }) => kind !== "text")
      .map((analyte) => ({ value: `${method.methodId} ${analyte.key}`, label: `${method.code} ${analyte.name}` })),
  );
  const [chosen, setChosen] = useState("");
  const [kind, setKind] = useState<Kind>("control");
  const [material, setMaterial] = useState("");
  const [lot, setLot] = useState("");
  const [runs, setRuns] = useState("20");
  const [expiresOn, setExpiresOn] = useState("");
  const what = chosen || (numbers[0]?.value ?? "");
  const make = useMutation({
    mutationFn: () => {
      const [methodId, analyte] = what.split(" ");
      return write<{ id: string }>("POST", chartApi.list(), {
        methodId,
        analyte,
        kind,
        material: material.trim(),
        lot: lot.trim(),
        runs: Number(runs),
        expiresOn: expiresOn.trim() || null,
      });
    },
    onSuccess: ({ id }) => props.onMade(id),
  });
  const missing =
    material.trim() === "" || lot.trim() === ""
      ? "A chart is of one material and one lot."
      : /^(1\d|[2-9]\d|1\d\d|200)$/.test(runs)
        ? undefined
        : "Between 10 and 200 runs.";
  return (
    <Dialog open={props.open} onClose={props.onClose} title="New control chart">
      <form
        className={page.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (missing === undefined) make.mutate();
        }}
      >
        {make.isError && <ProblemNotice problem={asProblem(make.error)} />}
        <Choice name="chart-what" label="Determination" value={what} options={numbers} onChange={setChosen} />
        <Choice
          name="chart-kind"
          label="Kind"
          value={kind}
          options={[
            { value: "control", label: "Control: mean and deviation" },
            { value: "blank", label: "Blank: an upper limit" },
          ]}
          onChange={setKind}
        />
        <Field name="chart-material" label="Material" value={material} onChange={setMaterial} />
        <Field name="chart-lot" label="Lot" value={lot} onChange={setLot} />
        <Field
          name="chart-runs"
          label="Runs for its limits"
          value={runs}
          onChange={setRuns}
          hint="Declared before they are looked at. Twenty is usual; fewer give limits that are less sure."
        />
        <DateField
          name="chart-expires"
          label="Expires on"
          value={expiresOn}
          onChange={setExpiresOn}
          hint="May stay empty."
        />
        <div>
          <Act look="main" size="form" submit busy={make.isPending} disabledReason={missing}>
            Make chart
          </Act>
        </div>
      </form>
    </Dialog>
  );
}
