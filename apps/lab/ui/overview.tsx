import { Act } from "@probity/web/kit/act.tsx";
import { EmptyState } from "@probity/web/kit/empty-state.tsx";
import { LedgerTable } from "@probity/web/kit/ledger-table.tsx";
import { Notice } from "@probity/web/kit/notice.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { showDay, showTime } from "@probity/web/kit/time.ts";
import { read } from "@probity/web/shell/api.ts";
import { DownloadAct } from "@probity/web/shell/download-act.tsx";
import page from "@probity/web/shell/page.module.css";
import { Go, usePlace, useTitle } from "@probity/web/shell/place.tsx";
import { PolicyLimit } from "@probity/web/shell/policy-limit.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { outcomeLook } from "./chart-types.ts";
import { inspectApi, inspectPage } from "./inspect-path.ts";
import type { Month, Overview } from "./inspect-types.ts";
import { investigationPage } from "./investigation-types.ts";
import { instrumentLook, performedWord, qualityPage } from "./instrument-types.ts";
import { labPage } from "./path.ts";
import { Drawn } from "./save-drawing-acts.tsx";
import { RateChart, TimeChart, TimeRange } from "./overview-chart.tsx";
import css from "./overview.module.css";

/** How the laboratory does, month by month and now. Every number opens the list it counts. */
export function OverviewPage() {
  useTitle("Overview");
  const ws = usePlace().params["ws"] ?? "";
  const overview = useQuery({ queryKey: ["lab-overview", ws], queryFn: () => read<Overview>(inspectApi.overview()) });
  const [asTable, setAsTable] = useState(false);
  const found = overview.data;
  return (
    <div className={page.page}>
      <div className={page.head}>
        <h1>Overview</h1>
        {found !== undefined && <span className={page.muted}>{showDay(found.today)}, this server’s day</span>}
        <span className={page.row}>
          <Act pressed={asTable} onAct={() => setAsTable(!asTable)}>
            {asTable ? "Show as charts" : "Show as tables"}
          </Act>
        </span>
      </div>
      {overview.isError && (
        <ProblemNotice problem={asProblem(overview.error)} onRetry={() => void overview.refetch()} />
      )}
      {overview.isPending && <Skeleton label="Counting" rows={6} />}
      {found !== undefined && <Found overview={found} ws={ws} asTable={asTable} />}
    </div>
  );
}

function Found({ overview, ws, asTable }: { overview: Overview; ws: string; asTable: boolean }) {
  const { counts, months } = overview;
  const any = months.some((month) => month.results > 0);
  return (
    <>
      {overview.review.overdue && (
        <Notice tone="partial" act={<Go to={inspectPage.reviews(ws)}>Open the reviews</Go>}>
          The audit trail was{" "}
          {overview.review.reviewedTo === null
            ? "not reviewed yet"
            : `last reviewed up to ${showDay(overview.review.reviewedTo)}`}
          ; here it is reviewed at least every <PolicyLimit name="lab.trailReviewEveryDays" />.
        </Notice>
      )}
      {counts !== null && <Work counts={counts} ws={ws} />}
      <Instruments standing={overview.instruments} ws={ws} />
      {!any && (
        <EmptyState act={<Go to={labPage.samples(ws)}>Open the samples</Go>}>
          Nothing was entered in the last twelve months. Charts begin with the first result.
        </EmptyState>
      )}
      {any && (
        <div className={css.charts}>
          <section aria-labelledby="time">
            <h2 id="time">From receipt to verification</h2>
            <p>{sayTime(months)}</p>
            <p className={page.meta}>
              Hours; the line is the middle sample of the month, the band reaches to nine of ten.
            </p>
            {asTable ? (
              <MonthTable months={months} ws={ws} of="time" />
            ) : (
              <Drawn name="turnaround" title="From receipt to verification" more={monthsCsv}>
                <TimeChart months={months} href={(m) => verifiedIn(ws, m)} />
              </Drawn>
            )}
          </section>
          <section aria-labelledby="rate">
            <h2 id="rate">Out of specification</h2>
            <p>{sayRate(months)}</p>
            <p className={page.meta}>
              Share of the results entered in the month, retests counted beside their originals.
            </p>
            {asTable ? (
              <MonthTable months={months} ws={ws} of="rate" />
            ) : (
              <Drawn name="out-of-specification" title="Out of specification" more={monthsCsv}>
                <RateChart months={months} href={(m) => outIn(ws, m)} />
              </Drawn>
            )}
          </section>
        </div>
      )}
      <div className={css.charts}>
        {overview.products.length > 0 && (
          <section aria-labelledby="products">
            <h2 id="products">Turnaround by product, 91 days</h2>
            <LedgerTable
              caption="Turnaround by product"
              rows={overview.products}
              rowKey={(row) => row.productId}
              columns={[
                {
                  id: "product",
                  title: "Product",
                  lead: true,
                  cell: (row) => <Go to={labPage.samples(ws, `?product=${row.productId}`)}>{row.product}</Go>,
                },
                {
                  id: "range",
                  title: "Middle to nine of ten",
                  width: "26%",
                  cell: (row) => <TimeRange row={row} all={overview.products} />,
                },
                {
                  id: "median",
                  title: "Middle",
                  width: "72px",
                  end: true,
                  cell: (row) => <Hours value={row.median} />,
                },
                { id: "most", title: "90 %", width: "72px", end: true, cell: (row) => <Hours value={row.most} /> },
                { id: "samples", title: "Samples", width: "72px", end: true, cell: (row) => row.samples },
              ]}
            />
          </section>
        )}
        <section aria-labelledby="waits">
          <h2 id="waits">Waiting to be verified</h2>
          <Backlog overview={overview} ws={ws} />
          {overview.charts.length > 0 && (
            <>
              <h2 className={css.below}>Quality control, newest run of each method</h2>
              <ul className={css.lines}>
                {overview.charts.map((chart) => (
                  <li key={chart.id}>
                    <StatusMark {...outcomeLook[chart.outcome]} />
                    <Go to={inspectPage.charts(ws)}>{chart.name}</Go>
                    <span className={page.meta}>{showTime(chart.at)}</span>
                  </li>
                ))}
              </ul>
            </>
          )}
        </section>
      </div>
    </>
  );
}

/** The point of each drawing, in words. */
function sayTime(months: readonly Month[]): string {
  const told = months.filter((month) => month.median !== null);
  const last = told.at(-1);
  const before = told.at(-2);
  if (last === undefined) return "No sample was verified in these months.";
  const change =
    before === undefined || before.median === null || last.median === null
      ? ""
      : `; in ${sayMonth(before.month)} it was ${sayHours(before.median)}`;
  return `In ${sayMonth(last.month)} the middle sample took ${sayHours(last.median)} and nine of ten at most ${sayHours(last.most)}${change}.`;
}
function sayRate(months: readonly Month[]): string {
  const results = months.reduce((sum, month) => sum + month.results, 0);
  const out = months.reduce((sum, month) => sum + month.out, 0);
  const worst = months.toSorted((a, b) => rateOf(b) - rateOf(a))[0];
  if (out === 0 || worst === undefined) return `None of ${results} results in twelve months was out of specification.`;
  return `${out} of ${results} results in twelve months, ${((100 * out) / results).toFixed(1)} %; most in ${sayMonth(worst.month)}, ${(100 * rateOf(worst)).toFixed(1)} %.`;
}
const named = new Intl.DateTimeFormat("en-GB", { month: "long", year: "numeric", timeZone: "UTC" });
const sayMonth = (month: string) => named.format(new Date(`${month}-15T12:00:00Z`));
const rateOf = (month: Month) => (month.results === 0 ? 0 : month.out / month.results);

const monthsCsv = (
  <DownloadAct look="quiet" path={inspectApi.overviewCsv()} name="months.csv" label="Export CSV of the months">
    Export CSV
  </DownloadAct>
);

const standings = [
  { status: "in-service", word: "in service" },
  { status: "due-soon", word: "due within 30 days" },
  { status: "overdue", word: "overdue" },
  { status: "on-hold", word: "on hold" },
  { status: "retired", word: "out of service" },
] as const;

/** How the instruments stand, counted, and those that need somebody by name. */
function Instruments({ standing, ws }: { standing: Overview["instruments"]; ws: string }) {
  if (standing.total === 0) return null;
  const list = (status: string) => `${qualityPage.instruments(ws)}?status=${status}`;
  return (
    <section aria-labelledby="instruments" className={css.work}>
      <h2 id="instruments">Instruments</h2>
      <p className={css.figures}>
        {standings.map(({ status, word }) => (
          <Go
            key={status}
            to={list(status)}
            className={
              (status === "overdue" || status === "on-hold") && standing.counts[status] > 0 ? css.bad : undefined
            }
          >
            <b>{standing.counts[status]}</b> {word}
          </Go>
        ))}
      </p>
      {standing.attention.length > 0 && (
        <ul className={css.lines}>
          {standing.attention.slice(0, 6).map((each) => (
            <li key={each.id}>
              <StatusMark {...instrumentLook[each.status]} />
              <span>
                <Go to={qualityPage.instrument(ws, each.id)} className={page.mono}>
                  {each.number}
                </Go>{" "}
                {each.name}
              </span>
              <span className={page.meta}>
                {each.status === "on-hold"
                  ? each.holdReason
                  : each.nextDue !== null && each.nextDueOn !== null
                    ? `${performedWord[each.nextDue].toLowerCase()} ${each.status === "overdue" ? "was due" : "due"} ${showDay(each.nextDueOn)}`
                    : ""}
              </span>
            </li>
          ))}
          {standing.attention.length > 6 && (
            <li>
              <Go to={qualityPage.instruments(ws)}>{`All ${standing.attention.length}`}</Go>
            </li>
          )}
        </ul>
      )}
    </section>
  );
}

/** What is in work, one band by its states, each as wide as its share. */
function Work({ counts, ws }: { counts: NonNullable<Overview["counts"]>; ws: string }) {
  const states = [
    { key: "registered", word: "registered", count: counts.registered, to: "?state=registered" },
    { key: "received", word: "in testing", count: counts.received, to: "?state=received" },
    { key: "tested", word: "to verify", count: counts.tested, to: "?state=tested" },
    { key: "verified", word: "to publish", count: counts.verified, to: "?state=verified" },
  ];
  const total = states.reduce((sum, each) => sum + each.count, 0);
  return (
    <section aria-labelledby="work" className={css.work}>
      <h2 id="work" className="p-hidden">
        In work
      </h2>
      {total > 0 && (
        <div className={css.band} aria-hidden="true">
          {states
            .filter((each) => each.count > 0)
            .map((each) => (
              <span key={each.key} data-state={each.key} style={{ flexGrow: each.count }} />
            ))}
        </div>
      )}
      <p className={css.figures}>
        {states.map((each) => (
          <Go key={each.key} to={labPage.samples(ws, each.to)}>
            <i data-state={each.key} aria-hidden="true" />
            <b>{each.count}</b> {each.word}
          </Go>
        ))}
        <Go to={labPage.samples(ws, "?due=late")} className={counts.late > 0 ? css.bad : undefined}>
          <b>{counts.late}</b> past their day
        </Go>
        <Go to={`${investigationPage.list(ws)}?state=open`}>
          <b>{counts.investigations}</b> under investigation
        </Go>
        <Go to={inspectPage.reviews(ws)}>
          <b>{counts.unlocked}</b> unlocked in 31 days
        </Go>
      </p>
    </section>
  );
}

function Backlog({ overview, ws }: { overview: Overview; ws: string }) {
  const words = { day: "tested within a day", week: "tested within a week", older: "waiting for longer" } as const;
  const rows = (["day", "week", "older"] as const).map((age) => ({
    age,
    samples: overview.backlog.find((each) => each.age === age)?.samples ?? 0,
  }));
  return (
    <ul className={css.lines}>
      {rows.map((row) => (
        <li key={row.age}>
          <b className={page.mono}>{row.samples}</b>
          <Go to={labPage.samples(ws, "?state=tested")}>{words[row.age]}</Go>
          {row.age === "older" && row.samples > 0 && <StatusMark tone="gap" word="late" />}
        </li>
      ))}
    </ul>
  );
}

function MonthTable({ months, ws, of }: { months: Month[]; ws: string; of: "time" | "rate" }) {
  return (
    <LedgerTable
      caption={of === "time" ? "Turnaround by month" : "Out of specification by month"}
      rows={months.toReversed()}
      rowKey={(row) => row.month}
      columns={
        of === "time"
          ? [
              {
                id: "month",
                title: "Month",
                lead: true,
                cell: (row) => <Go to={verifiedIn(ws, row.month)}>{row.month}</Go>,
              },
              { id: "samples", title: "Samples", end: true, cell: (row) => row.samples },
              { id: "median", title: "Middle", end: true, cell: (row) => <Hours value={row.median} /> },
              { id: "most", title: "90 %", end: true, cell: (row) => <Hours value={row.most} /> },
            ]
          : [
              {
                id: "month",
                title: "Month",
                lead: true,
                cell: (row) => <Go to={outIn(ws, row.month)}>{row.month}</Go>,
              },
              { id: "results", title: "Results", end: true, cell: (row) => row.results },
              { id: "out", title: "Out", end: true, cell: (row) => row.out },
              {
                id: "rate",
                title: "Share",
                end: true,
                cell: (row) => (row.results === 0 ? "–" : `${((100 * row.out) / row.results).toFixed(1)} %`),
              },
            ]
      }
    />
  );
}

function Hours({ value }: { value: number | null }) {
  return <span className={page.mono}>{sayHours(value)}</span>;
}
function sayHours(value: number | null): string {
  return value === null ? "–" : value < 10 ? `${value.toFixed(1)} h` : `${Math.round(value)} h`;
}

function lastDay(month: string): string {
  const [year = 0, number = 1] = month.split("-").map(Number);
  return new Date(Date.UTC(year, number, 0)).toISOString().slice(0, 10);
}
const verifiedIn = (ws: string, month: string) =>
  labPage.samples(ws, `?receivedFrom=${month}-01&receivedTo=${lastDay(month)}`);
const outIn = (ws: string, month: string) =>
  labPage.samples(ws, `?verdict=out&receivedFrom=${month}-01&receivedTo=${lastDay(month)}`);
