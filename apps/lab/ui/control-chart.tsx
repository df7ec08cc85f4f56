import { Act } from "@probity/web/kit/act.tsx";
import { DayRange } from "@probity/web/kit/day-range.tsx";
import { Choice } from "@probity/web/kit/field.tsx";
import { LedgerTable } from "@probity/web/kit/ledger-table.tsx";
import { Notice } from "@probity/web/kit/notice.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { ProofLine } from "@probity/web/kit/proof-line.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { showDay } from "@probity/web/kit/time.ts";
import { download, read } from "@probity/web/shell/api.ts";
import { PageProblem } from "@probity/web/shell/page-problem.tsx";
import page from "@probity/web/shell/page.module.css";
import { page as shellPage } from "@probity/web/shell/path.ts";
import { Go, usePlace, useTitle } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import css from "./chart.module.css";
import { LimitVersions, ProposeLimits } from "./chart-limit.tsx";
import { ChartPlot } from "./chart-plot.tsx";
import { RunDetail } from "./chart-run.tsx";
import { chartApi, chartPage, outcomeLook, shortNumber, type ChartPoint, type ControlChart } from "./chart-types.ts";
import { SaveDrawing } from "./save-drawing-acts.tsx";
import { refusedBecause } from "./words.ts";

const day = /^(19|20)\d\d-\d\d-\d\d$/;

/** One control chart: the drawing, the same as a table, the run one stands on, and what its limits were and are. */
export function ControlChartPage() {
  const place = usePlace();
  const [ws, id] = [place.params["ws"] ?? "", place.params["id"] ?? ""];
  const text = (name: string) => (typeof place.search[name] === "string" ? place.search[name] : "");
  const [from, to, instrument] = [text("from"), text("to"), text("instrument")];
  const filter = {
    from: day.test(from) ? from : undefined,
    to: day.test(to) ? to : undefined,
    instrument: instrument === "" ? undefined : instrument,
  };
  const key = ["lab-chart", id, filter];
  const chart = useQuery({ queryKey: key, queryFn: () => read<ControlChart>(chartApi.one(id, filter)) });
  const queries = useQueryClient();
  const drawing = useRef<SVGSVGElement>(null);
  const [proposing, setProposing] = useState(false);
  const [failed, setFailed] = useState<unknown>(null);
  const found = chart.data;
  useTitle(found === undefined ? "Control chart" : `${found.name}, ${found.lot}`);
  if (chart.isError && chart.data === undefined)
    return (
      <PageProblem
        title="Control chart"
        error={chart.error}
        onRetry={() => void chart.refetch()}
        back={<Go to={chartPage.list(ws)}>All control charts</Go>}
      />
    );
  if (found === undefined)
    return (
      <div className={page.page}>
        <Skeleton heading label="Reading the chart" />
      </div>
    );
  const changed = () => void queries.invalidateQueries({ queryKey: ["lab-chart", id] });
  const asked = text("run");
  const chosen = found.points.find(({ resultId }) => resultId === asked) ?? found.points.at(-1);
  const set = (values: Record<string, string>) => place.query({ from, to, instrument, run: asked, ...values }, true);
  const inForce = found.limits.find(({ state }) => state === "frozen");
  const file = `${found.material}-${found.lot}`.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
  const broken = found.points.filter(({ violations }) => violations.length > 0).length;
  const instruments = [...new Set(found.points.flatMap((point) => point.instruments))];
  return (
    <div className={page.page}>
      <div className={page.head}>
        <h1>{found.name}</h1>
        <span>
          {found.material}, lot <span className={page.mono}>{found.lot}</span>
        </span>
        {found.state === "retired" && <StatusMark tone="none" word="retired" tinted />}
        <span className={page.row}>
          <Act
            onAct={() => void download(chartApi.one(id, { ...filter, format: "csv" }), `${file}.csv`).catch(setFailed)}
          >
            Export CSV
          </Act>
          <SaveDrawing
            drawing={() => drawing.current}
            name={file}
            title={`${found.name}, ${found.material} ${found.lot}`}
          />
          {found.state === "in-use" && (
            <Act
              look={inForce === undefined ? "main" : "plain"}
              disabledReason={
                refusedBecause(found.may, "lab.chart.change", "technicians and reviewers") ??
                (found.limits.some(({ state }) => state === "proposed")
                  ? "A proposal waits for its decision."
                  : undefined)
              }
              onAct={() => setProposing(true)}
            >
              Propose limits
            </Act>
          )}
        </span>
      </div>
      {failed !== null && <ProblemNotice problem={asProblem(failed)} />}
      <p className={page.meta}>
        {found.method} {found.methodTitle} · {found.kind === "blank" ? "blank" : "control"} in{" "}
        {found.unit || "its own scale"}
        {found.expiresOn !== null && ` · lot expires ${showDay(found.expiresOn)}`} · {found.rules.words}
      </p>
      {inForce === undefined && found.state === "in-use" && (
        <Notice tone="partial">
          No limits are frozen. {found.points.length} of {found.runs} declared runs are in. A method that asks for this
          control gives no verified result until limits are frozen.
        </Notice>
      )}
      <div className={css.filters}>
        <DayRange
          name="chart"
          label="From"
          from={from}
          to={to}
          onFrom={(value) => set({ from: value })}
          onTo={(value) => set({ to: value })}
        />
        {(instruments.length > 1 || instrument !== "") && (
          <Choice
            quiet
            name="chart-on"
            label="Instrument"
            value={instrument}
            options={[{ value: "", label: "any" }, ...instruments.map((each) => ({ value: each, label: each }))]}
            onChange={(value) => set({ instrument: value })}
          />
        )}
      </div>
      {found.points.length === 0 ? (
        <p className={page.muted}>No run in this period. Put the control on a worksheet and enter its value.</p>
      ) : (
        <>
          <p className={css.point}>{sayChart(found.points)}</p>
          <ChartPlot
            points={found.points}
            limits={found.limits}
            unit={found.unit}
            label={`Control chart of ${found.name}, ${found.material} ${found.lot}`}
            chosen={chosen?.resultId ?? null}
            onChoose={(resultId) => set({ run: resultId })}
            drawing={drawing}
          />
        </>
      )}
      <Legend />
      <div className={css.beside}>
        <div className={css.scroll}>
          <Runs points={found.points} chosen={chosen?.resultId ?? ""} onChoose={(resultId) => set({ run: resultId })} />
        </div>
        {chosen !== undefined && (
          <RunDetail ws={ws} point={chosen} chart={found} onChanged={changed} key={chosen.resultId} />
        )}
      </div>
      <LimitVersions chart={found} onChanged={changed} />
      <ProofLine
        parts={[
          `${found.points.length} runs, ${broken} broke a rule`,
          inForce === undefined ? "no limits frozen" : `limits v${inForce.number} in force`,
          "each run keeps the limits and rules it was judged by",
        ]}
      >
        <Go to={shellPage.audit(ws, id)}>Its events in the audit trail</Go>
      </ProofLine>
      <ProposeLimits chart={found} open={proposing} onClose={() => setProposing(false)} onDone={changed} />
    </div>
  );
}

/** The point of the drawing, in words. */
function sayChart(points: readonly ChartPoint[]): string {
  const counted = (["refused", "warned", "unclear"] as const).flatMap((outcome) => {
    const own = points.filter((point) => point.outcome === outcome);
    const told = own.flatMap(({ violations }) =>
      violations.filter(({ effect }) => outcome !== "refused" || effect === "reject"),
    );
    const rules = [...new Set(told.map(({ rule }) => rule))];
    return own.length === 0
      ? []
      : [`${own.length} ${outcomeLook[outcome].word}${rules.length === 0 ? "" : ` (${rules.join(", ")})`}`];
  });
  const last = points.at(-1);
  const lies =
    last === undefined || last.z === null
      ? ""
      : ` The newest, of ${showDay(last.at)}, lies ${Math.abs(last.z).toFixed(1)} s ${last.z < 0 ? "below" : "above"} the mean.`;
  return `${points.length} ${points.length === 1 ? "run" : "runs"}: ${counted.length === 0 ? "all in control" : `${counted.join(", ")}, the others in control`}.${lies}`;
}

function Legend() {
  return (
    <p className={css.legend} aria-hidden="true">
      <span>
        <svg width="14" height="14" viewBox="-7 -7 14 14">
          <circle r="4" fill="var(--p-covered)" />
        </svg>
        in control
      </span>
      <span>
        <svg width="14" height="14" viewBox="-7 -7 14 14">
          <path d="M0 -6.5 6.5 0 0 6.5 -6.5 0z" fill="var(--p-partial)" />
        </svg>
        warning
      </span>
      <span>
        <svg width="14" height="14" viewBox="-7 -7 14 14">
          <path d="M0 -6 6.5 5.5H-6.5z" fill="var(--p-gap)" />
        </svg>
        refused
      </span>
      <span>
        <svg width="14" height="14" viewBox="-7 -7 14 14">
          <circle r="4.5" fill="none" stroke="var(--p-none)" strokeWidth="1.5" />
        </svg>
        not judged
      </span>
      <span>
        <svg width="18" height="18" viewBox="-9 -9 18 18">
          <circle r="7.5" className={css.corrected} />
          <circle r="3" fill="var(--p-covered)" />
        </svg>
        value was changed
      </span>
    </p>
  );
}

function Runs(props: { points: readonly ChartPoint[]; chosen: string; onChoose: (resultId: string) => void }) {
  return (
    <LedgerTable
      caption="Runs, newest first"
      rows={props.points.toReversed()}
      rowKey={(each) => each.resultId}
      tone={(each) => outcomeLook[each.outcome].tone}
      columns={[
        {
          id: "value",
          title: "Value",
          lead: true,
          width: "110px",
          cell: (each) => (
            <button
              type="button"
              className={css.pick}
              aria-pressed={each.resultId === props.chosen}
              onClick={() => props.onChoose(each.resultId)}
            >
              {each.text}
            </button>
          ),
        },
        {
          id: "z",
          title: "From mean",
          width: "90px",
          end: true,
          cell: (each) => (each.z === null ? "–" : `${each.z < 0 ? "−" : "+"}${Math.abs(each.z).toFixed(2)} s`),
        },
        {
          id: "outcome",
          title: "Run",
          lead: true,
          width: "120px",
          cell: (each) => <StatusMark {...outcomeLook[each.outcome]} />,
        },
        {
          id: "rules",
          title: "Rules",
          width: "100px",
          cell: (each) => <span className={page.mono}>{each.violations.map(({ rule }) => rule).join(" ")}</span>,
        },
        {
          id: "at",
          title: "When and who",
          cell: (each) => (
            <span className={page.meta}>
              {showDay(each.at)} {each.by ?? ""} {each.notes.length > 0 && `· ${shortNumber(each.notes.length)} notes`}
            </span>
          ),
        },
      ]}
    />
  );
}
