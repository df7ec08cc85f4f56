import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Act } from "../kit/act.tsx";
import { EmptyState } from "../kit/empty-state.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { Skeleton } from "../kit/skeleton.tsx";
import { StatusMark } from "../kit/status-mark.tsx";
import { type Tone, toneColour } from "../kit/status.ts";
import { showAge, showTime } from "../kit/time.ts";
import { readPublic } from "./api.ts";
import { LogHolders } from "./ledger-trust.tsx";
import type { Control, ControlStatus, TrustStatement } from "./api-types.ts";
import { api, page } from "./path.ts";
import { DocumentSeal } from "./seal.tsx";
import { Go, usePlace, useTitle } from "./place.tsx";
import { asProblem } from "./problem.ts";
import css from "./trust.module.css";
import pageCss from "./page.module.css";

/** Not-active first: what is wrong stands at the top. */
const order: readonly ControlStatus[] = ["degraded", "stale", "off", "planned", "active"];
const tones: Record<ControlStatus, Tone> = {
  active: "covered",
  degraded: "gap",
  stale: "partial",
  off: "none",
  planned: "planned",
};

/** Every control of this instance with its status, as its probes left it. Anyone may read it. */
export function Trust() {
  useTitle("Trust");
  const place = usePlace();
  const statement = useQuery({ queryKey: ["trust"], queryFn: () => readPublic<TrustStatement>(api.trust()) });
  const only = order.find((status) => status === place.search.status);
  const [words, setWords] = useState("");
  const data = statement.data;
  const shown = (data?.controls ?? [])
    .filter((control) => only === undefined || control.status === only)
    .filter((control) =>
      `${control.id} ${control.title} ${control.promise} ${control.standards.join(" ")}`
        .toLowerCase()
        .includes(words.toLowerCase()),
    )
    .toSorted((a, b) => order.indexOf(a.status) - order.indexOf(b.status) || a.id.localeCompare(b.id));
  return (
    <div className={pageCss.reading}>
      {statement.isError && (
        <ProblemNotice problem={asProblem(statement.error)} onRetry={() => void statement.refetch()} />
      )}
      {statement.isPending && <Skeleton rows={10} label="Reading the controls" />}
      {data !== undefined && (
        <>
          <header className={css.head}>
            <h1>{data.host}</h1>
            <p className={pageCss.lead}>
              {data.controls.length} controls. Each status is computed from its last probes; nobody can type one, and
              unknown is never active.
            </p>
            <p className={pageCss.meta}>
              computed {showTime(data.computedAt)}
              {data.version !== undefined && ` · version ${data.version}`} · <a href={api.trust()}>signed statement</a>{" "}
              · <Go to={page.verify()}>verify a file</Go>
              {data.catalogueHash !== undefined && (
                <>
                  {" "}
                  · catalogue <span title={data.catalogueHash}>{data.catalogueHash.slice(0, 12)}…</span>
                </>
              )}
            </p>
          </header>
          <Strip controls={data.controls} />
          <LogHolders />
          <DocumentSeal />
          <div className={pageCss.row} role="group" aria-label="Show">
            <Act pressed={only === undefined} onAct={() => place.query({}, true)}>
              All {data.controls.length}
            </Act>
            {(["active", ...order.slice(0, 4)] as const).map((status) => {
              const number = data.controls.filter((control) => control.status === status).length;
              return (
                number > 0 && (
                  <Act key={status} pressed={only === status} onAct={() => place.query({ status }, true)}>
                    <StatusMark tone={tones[status]} word={`${status} ${number}`} />
                  </Act>
                )
              );
            })}
            <input
              type="search"
              className={pageCss.search}
              placeholder="Control, promise or standard"
              aria-label="Filter controls by words"
              value={words}
              onChange={(event) => setWords(event.currentTarget.value)}
            />
          </div>
          {shown.length === 0 ? (
            <EmptyState>No control matches.</EmptyState>
          ) : (
            <ul className={css.list}>
              {shown.map((control) => (
                <Line key={control.id} control={control} />
              ))}
            </ul>
          )}
          <ThreatModel lines={data.threatModel ?? []} />
        </>
      )}
    </div>
  );
}

/** All controls in one band, in the list's order. */
function Strip({ controls }: { controls: Control[] }) {
  const sorted = controls.toSorted((a, b) => order.indexOf(a.status) - order.indexOf(b.status));
  const words = order
    .map((status) => `${controls.filter((item) => item.status === status).length} ${status}`)
    .join(", ");
  return (
    <svg
      className={css.strip}
      viewBox={`0 0 ${Math.max(1, sorted.length)} 10`}
      preserveAspectRatio="none"
      role="img"
      aria-label={words}
    >
      {sorted.map((control, at) => {
        const low = control.status === "planned" || control.status === "off";
        return (
          <rect
            key={control.id}
            x={at + 0.12}
            width={0.76}
            y={control.status === "degraded" ? 0 : low ? 7 : 2}
            height={control.status === "degraded" ? 10 : low ? 3 : 8}
            style={{ fill: toneColour(tones[control.status]).ink }}
          />
        );
      })}
    </svg>
  );
}

/** `45 minutes`, `24 hours`. */
function sayMinutes(minutes: number): string {
  return minutes >= 120 ? `${Math.round(minutes / 60)} hours` : `${minutes} minutes`;
}

/** What the page can and cannot prove, in the statement's own words. */
function ThreatModel({ lines }: { lines: readonly string[] }) {
  if (lines.length === 0) return null;
  return (
    <section className={css.model} aria-labelledby="model">
      <h2 id="model">What this page cannot prove</h2>
      <ul>
        {lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </section>
  );
}

function Line({ control }: { control: Control }) {
  const last = control.evidence.at(-1);
  return (
    <li style={{ borderInlineStartColor: toneColour(tones[control.status]).ink }}>
      <details>
        <summary className={css.summary}>
          <StatusMark tone={tones[control.status]} word={control.status} />
          <span className={css.title}>
            <b>{control.title}</b>
            {control.reason !== "" && <span className={css.reason}>{control.reason}</span>}
          </span>
          <span className={css.meta}>{control.id}</span>
          <span className={css.meta}>{last === undefined ? "not probed" : `probed ${showAge(last.at)}`}</span>
        </summary>
        <dl className={css.facts}>
          <dt>Promise</dt>
          <dd>{control.promise}</dd>
          <dt>Probes</dt>
          <dd>
            {control.evidence.length === 0 && "None has run yet."}
            <ul>
              {control.evidence.map((item) => (
                <li key={`${item.probe} ${item.at}`}>
                  <StatusMark tone={item.outcome === "held" ? "covered" : "gap"} word={item.outcome} />{" "}
                  {item.title ?? item.probe}
                  <span className={css.mono}>
                    {" "}
                    {item.probe}, {showTime(item.at)}
                  </span>
                  {item.detail !== "" && <span className={css.reason}>{item.detail}</span>}
                </li>
              ))}
            </ul>
          </dd>
          {control.notProbed !== undefined && control.notProbed.length > 0 && (
            <>
              <dt>Without a probe</dt>
              <dd>{control.notProbed.join("; ")}</dd>
            </>
          )}
          {typeof control.maxAgeMinutes === "number" && (
            <>
              <dt>Turns stale</dt>
              <dd>when its newest result is older than {sayMinutes(control.maxAgeMinutes)}</dd>
            </>
          )}
          {control.standards.length > 0 && (
            <>
              <dt>Standards</dt>
              <dd>{control.standards.join(" · ")}</dd>
            </>
          )}
          {control.yourPart !== "" && (
            <>
              <dt>Your part</dt>
              <dd>{control.yourPart}</dd>
            </>
          )}
        </dl>
      </details>
    </li>
  );
}
