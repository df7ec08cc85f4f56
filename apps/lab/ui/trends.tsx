import { Act } from "@probity/web/kit/act.tsx";
import { DayRange } from "@probity/web/kit/day-range.tsx";
import { EmptyState } from "@probity/web/kit/empty-state.tsx";
import { Choice } from "@probity/web/kit/field.tsx";
import { LedgerTable } from "@probity/web/kit/ledger-table.tsx";
import { Notice } from "@probity/web/kit/notice.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { showDay } from "@probity/web/kit/time.ts";
import { download, read } from "@probity/web/shell/api.ts";
import type { Page } from "@probity/web/shell/api-types.ts";
import page from "@probity/web/shell/page.module.css";
import { Go, usePlace, useTitle } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import css from "./chart.module.css";
import { shortNumber } from "./chart-types.ts";
import { labApi, labPage } from "./path.ts";
import { Drawn, SaveDrawing } from "./save-drawing-acts.tsx";
import { TrendRulesDialog } from "./trend-rules.tsx";
import { Histogram, TrendPlot } from "./trend-plot.tsx";
import { hintWords, trendApi, type Trend, type TrendPoint, type TrendSeries } from "./trend-types.ts";
import type { Named } from "./types.ts";

const day = /^(19|20)\d\d-\d\d-\d\d$/;

/** One determination of one product over time, at one sampling point or all: limits, hints, capability. */
export function Trends() {
  useTitle("Trends");
  const place = usePlace();
  const ws = place.params["ws"] ?? "";
  const text = (name: string) => (typeof place.search[name] === "string" ? place.search[name] : "");
  const series = useQuery({
    queryKey: ["lab-trend-series", ws],
    queryFn: async () => (await read<{ items: TrendSeries[] }>(trendApi.series())).items,
  });
  const points = useQuery({ queryKey: ["lab-points", ws], queryFn: () => read<Page<Named>>(labApi.points()) });
  const keyOf = (each: TrendSeries) => `${each.product} ${each.method} ${each.analyte}`;
  const all = series.data ?? [];
  const chosen = all.find((each) => keyOf(each) === text("of")) ?? all.toSorted((a, b) => b.values - a.values)[0];
  const [from, to, point] = [text("from"), text("to"), text("point")];
  const filters = {
    product: chosen?.product,
    method: chosen?.method,
    analyte: chosen?.analyte,
    point: point === "" ? undefined : point,
    from: day.test(from) ? from : undefined,
    to: day.test(to) ? to : undefined,
  };
  const trend = useQuery({
    queryKey: ["lab-trend", ws, filters],
    queryFn: () => read<Trend>(trendApi.values(filters)),
    enabled: chosen !== undefined,
  });
  const drawing = useRef<SVGSVGElement>(null);
  const [failed, setFailed] = useState<unknown>(null);
  const [rules, setRules] = useState(false);
  const set = (values: Record<string, string>) =>
    place.query({ of: text("of"), from, to, point, value: text("value"), ...values }, true);
  const found = trend.data;
  const failure = series.error ?? trend.error ?? failed;
  const one = found?.points.find(({ id }) => id === text("value")) ?? found?.points.at(-1);
  const there = (points.data?.items ?? []).filter(({ id }) => chosen?.points.includes(id));
  return (
    <div className={page.page}>
      <div className={page.head}>
        <h1>Trends</h1>
        {found !== undefined && (
          <span className={page.row}>
            <Act
              onAct={() => void download(trendApi.values({ ...filters, format: "csv" }), "trend.csv").catch(setFailed)}
            >
              Export CSV
            </Act>
            <SaveDrawing drawing={() => drawing.current} name="trend" title={`${found.name}, ${found.product}`} />
            <Act onAct={() => setRules(true)}>Rules</Act>
          </span>
        )}
      </div>
      {rules && <TrendRulesDialog onClose={() => setRules(false)} />}
      {failure !== null && <ProblemNotice problem={asProblem(failure)} />}
      {series.isPending && <Skeleton label="Reading what there is" />}
      {series.isSuccess && all.length === 0 && (
        <EmptyState act={<Go to={labPage.worksheets(ws)}>Open the worksheets</Go>}>
          No numeric result yet. Enter results of samples, and their course stands here.
        </EmptyState>
      )}
      {chosen !== undefined && (
        <div className={css.filters}>
          <Choice
            quiet
            name="trend-of"
            label="Of"
            value={keyOf(chosen)}
            options={all.map((each) => ({
              value: keyOf(each),
              label: `${each.productName}: ${each.name} (${each.values})`,
            }))}
            onChange={(value) => set({ of: value, point: "", value: "" })}
          />
          {there.length > 0 && (
            <Choice
              quiet
              name="trend-at"
              label="At"
              value={point}
              options={[
                { value: "", label: "all sampling points" },
                ...there.map((each) => ({ value: each.id, label: `${each.code} ${each.name}` })),
              ]}
              onChange={(value) => set({ point: value, value: "" })}
            />
          )}
          <DayRange
            name="trend"
            label="From"
            from={from}
            to={to}
            onFrom={(value) => set({ from: value })}
            onTo={(value) => set({ to: value })}
          />
        </div>
      )}
      {trend.isPending && chosen !== undefined && <Skeleton label="Reading the values" />}
      {found !== undefined && found.points.length === 0 && <p className={page.muted}>No value in this period.</p>}
      {found !== undefined && found.points.length > 0 && (
        <>
          <Hints trend={found} />
          <TrendPlot trend={found} chosen={one?.id ?? null} onChoose={(id) => set({ value: id })} drawing={drawing} />
          {one !== undefined && <One ws={ws} point={one} unit={found.unit} />}
          <div className={css.beside}>
            <section>
              <h2>Capability</h2>
              <Capability trend={found} />
            </section>
            <section>
              <h2>Distribution</h2>
              <Drawn name="distribution" title={`Distribution of ${found.name}, ${found.product}`}>
                <Histogram trend={found} />
              </Drawn>
            </section>
          </div>
          <details>
            <summary>Show as table</summary>
            <Values ws={ws} points={found.points} unit={found.unit} />
          </details>
          <p className={page.meta}>
            {found.method} {found.methodTitle}. {ruleWords(found)} A hint looks at earlier values only. Values below
            quantification are drawn as open triangles at their bound, are never judged and enter no mean; capability
            takes them for what they are, by maximum likelihood. Retested originals are drawn and not counted.
            {found.limitsChanged && " Limits changed in this period; capability is against the newest."}
          </p>
        </>
      )}
    </div>
  );
}

function ruleWords({ rules }: Trend): string {
  const parts = [
    rules.deviations > 0 ? `further than ${rules.deviations} spreads from the mean before` : "",
    rules.side > 0 ? `${rules.side} on one side of it` : "",
    rules.drift > 0 ? `${rules.drift} that only rise or fall` : "",
  ].filter((each) => each !== "");
  return parts.length === 0
    ? "No rule hints at a trend here."
    : `A hint is a value ${parts.join(", or ")}, once ${rules.least} values are there (${rules.number === 0 ? "usual rules" : `rules v${rules.number}`}).`;
}

function Hints({ trend }: { trend: Trend }) {
  const hinted = trend.points.filter(({ hints }) => hints.length > 0);
  if (hinted.length === 0) return null;
  const kinds = [...new Set(hinted.flatMap(({ hints }) => hints))];
  return (
    <Notice tone="partial">
      {hinted.length} of {trend.points.length} values hint at a trend: {kinds.map((kind) => hintWords[kind]).join("; ")}
      . The newest is {hinted.at(-1)?.sample}, {showDay(hinted.at(-1)?.instant ?? "")}.
    </Notice>
  );
}

function One({ ws, point, unit }: { ws: string; point: TrendPoint; unit: string }) {
  return (
    <p className={page.row} aria-live="polite">
      <b className={page.mono}>{point.text}</b> {unit}
      <Go to={labPage.sample(ws, point.sampleId)}>{point.sample}</Go>
      <span className={page.muted}>
        {showDay(point.instant)}
        {point.point !== null && ` · ${point.point}`}
        {point.lot !== null && ` · lot ${point.lot}`}
        {point.by !== null && ` · ${point.by}`}
      </span>
      {point.verdict === "out" && <StatusMark tone="gap" word="out of specification" />}
      {point.censored !== null && <StatusMark tone="none" word={`only ${point.censored} a bound`} />}
      {point.hints.map((hint) => (
        <StatusMark key={hint} tone="partial" word={hintWords[hint]} />
      ))}
      {!point.counted && <StatusMark tone="none" word="retested" />}
    </p>
  );
}

function Capability({ trend: { capability, unit, limits } }: { trend: Trend }) {
  return (
    <>
      <dl className={css.facts}>
        <Fact
          name="Values"
          value={`${capability.n}${capability.censored > 0 ? `, ${capability.censored} only bounded` : ""}`}
        />
        <Fact name="Limits" value={sayLimits(limits.low, limits.high, unit)} />
        <Fact name="Mean" value={`${shortNumber(capability.mean)} ${unit}`} />
        <Fact name="Deviation" value={`${shortNumber(capability.deviation)} ${unit}`} />
        {capability.within !== null && (
          <Fact name="Spread within" value={`${shortNumber(capability.within)} ${unit}`} />
        )}
      </dl>
      {capability.indices.length > 0 && (
        <LedgerTable
          caption="Capability indices"
          rows={capability.indices}
          rowKey={(each) => each.name}
          tone={(each) => (each.value < 1 ? "gap" : each.value < 1.33 ? "partial" : "covered")}
          columns={[
            { id: "name", title: "Index", lead: true, cell: (each) => <b>{each.name}</b> },
            { id: "value", title: "Value", lead: true, end: true, cell: (each) => each.value.toFixed(2) },
            {
              id: "interval",
              title: "95 % interval",
              lead: true,
              end: true,
              cell: (each) =>
                each.low === null || each.high === null ? "–" : `${each.low.toFixed(2)} to ${each.high.toFixed(2)}`,
            },
          ]}
        />
      )}
      {capability.words !== null && <p className={page.muted}>{capability.words}</p>}
    </>
  );
}

function sayLimits(low: string | null, high: string | null, unit: string): string {
  if (low === null && high === null) return "none";
  const said = low === null ? `at most ${high}` : high === null ? `at least ${low}` : `${low} to ${high}`;
  return `${said} ${unit}`.trim();
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Values({ ws, points, unit }: { ws: string; points: readonly TrendPoint[]; unit: string }) {
  return (
    <div className={css.scroll}>
      <LedgerTable
        caption="Values, newest first"
        rows={points.toReversed()}
        rowKey={(each) => each.id}
        tone={(each) => (each.verdict === "out" ? "gap" : each.hints.length > 0 ? "partial" : null)}
        columns={[
          {
            id: "sample",
            title: "Sample",
            lead: true,
            width: "140px",
            cell: (each) => <Go to={labPage.sample(ws, each.sampleId)}>{each.sample}</Go>,
          },
          { id: "at", title: "Sampled", width: "120px", cell: (each) => showDay(each.instant) },
          {
            id: "where",
            title: "Where",
            cell: (each) => [each.point, each.lot].filter((part) => part !== null).join(" · "),
          },
          {
            id: "value",
            title: "Value",
            lead: true,
            end: true,
            width: "130px",
            cell: (each) => (
              <span className={page.mono}>
                {each.counted ? each.text : <s>{each.text}</s>} {unit}
              </span>
            ),
          },
          { id: "hints", title: "Hints", cell: (each) => each.hints.map((hint) => hintWords[hint]).join(", ") },
        ]}
      />
    </div>
  );
}
