import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { type Tone, toneColour } from "@probity/web/kit/status.ts";
import { showTime } from "@probity/web/kit/time.ts";
import { read } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { Go } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { chartPage, outcomeLook, ruleWords, shortNumber, type Outcome } from "./chart-types.ts";
import { labApi, labPage } from "./path.ts";
import css from "./run-quality.module.css";

/** The controls of one run, as the API judges them. */
interface Run {
  worksheetId: string | null;
  worksheet: string | null;
  methodId: string;
  method: string;
  analyte: string;
  name: string;
  standing: Outcome | "waiting" | "missing";
  why: string | null;
  results: string[];
  controls: RunControl[];
  violations: { rule: string; effect: "warn" | "reject"; chartIds: string[] }[];
  duplicates: Pair[];
  duplicatesWhy: string | null;
  judgedAt: string | null;
  earlier: { outcome: Outcome; at: string }[];
}
interface RunControl {
  resultId: string;
  kind: string;
  name: string;
  unit: string;
  text: string | null;
  chartId: string | null;
  z: number | null;
  limit: { number: number; mean: string | null; deviation: string | null; upper: string | null } | null;
  rules: string[];
}
/** A duplicate and its original, and how far they may lie apart. */
interface Pair {
  duplicateId: string;
  originalId: string;
  sample: string | null;
  duplicate: string | null;
  original: string | null;
  unit: string;
  difference: string | null;
  relative: boolean;
  limit: string;
  outcome: "in" | "out" | "unclear" | "waiting";
  earlier: { outcome: string; at: string }[];
}
/** What a row of the grid says of its run. */
export interface RunMark {
  tone: Tone;
  words: string;
  href: string | null;
}

const standingLook = {
  ...outcomeLook,
  waiting: { tone: "planned", word: "waits to be judged" },
  missing: { tone: "gap", word: "no quality control" },
} as const satisfies Record<Run["standing"], { tone: Tone; word: string }>;

/** Its controls are entered, and no chart judges them: nothing is waited for. */
const unchartedLook = { tone: "none", word: "controls on no chart, not judged" } as const;
function uncharted({ standing, controls, duplicates }: Run): boolean {
  return (
    standing === "waiting" &&
    duplicates.every(({ outcome }) => outcome === "in") &&
    controls.length > 0 &&
    controls.every(({ chartId, text }) => chartId === null && text !== null)
  );
}

/** Nothing is entered yet and it is on no worksheet: what will be wanted, and no fault. */
const earlyLook = { tone: "planned", word: "goes on a worksheet" } as const;
function early({ standing, worksheetId, results }: Run, entered: ReadonlySet<string> | undefined): boolean {
  return (
    entered !== undefined &&
    standing === "missing" &&
    worksheetId === null &&
    !results.some((each) => entered.has(each))
  );
}

type Of = { worksheet: string } | { sample: string };

/** The runs of a worksheet or sample, read anew when `fresh` changes; not before it says something. */
export function useRuns(of: Of, fresh: string) {
  return useQuery({
    queryKey: ["lab-runs", of, fresh],
    queryFn: async () =>
      (
        await read<{ items: Run[] }>(
          "worksheet" in of ? labApi.worksheet(of.worksheet, "quality") : labApi.sample(of.sample, "quality"),
        )
      ).items,
    enabled: fresh !== "",
    placeholderData: (before) => before,
  });
}

/** What the grid writes beside each control, and beside results of a run that holds them. */
export function useRunMarks(
  ws: string,
  runs: readonly Run[] | undefined,
  entered?: ReadonlySet<string>,
): ReadonlyMap<string, RunMark> {
  return useMemo(() => {
    const marks = new Map<string, RunMark>();
    for (const run of runs ?? []) {
      for (const each of run.controls)
        if (each.chartId !== null && each.text !== null)
          marks.set(each.resultId, {
            tone: toneOf(each, run),
            words: [sayDistance(each), ...each.rules].filter((part) => part !== "").join(" · ") || "chart",
            href: chartOf(ws, each),
          });
      for (const pair of run.duplicates)
        if (pair.outcome !== "waiting")
          for (const id of [pair.duplicateId, pair.originalId])
            marks.set(id, { tone: pairLook[pair.outcome].tone, words: sayPair(pair), href: null });
      if (run.standing === "refused" || (run.standing === "missing" && !early(run, entered)))
        for (const id of run.results.filter((each) => !marks.has(each)))
          marks.set(id, {
            tone: "gap",
            words: run.standing === "refused" ? "run refused" : "no quality control",
            href: null,
          });
    }
    return marks;
  }, [runs, ws, entered]);
}

/**
 * How the controls of each run were judged: the rule that fired, how far each control lies off, and its chart. `entered` are
 * the results that have a value, where a run without any is no fault yet.
 */
export function RunQuality(props: {
  ws: string;
  runs: ReturnType<typeof useRuns>;
  sheets?: boolean;
  entered?: ReadonlySet<string>;
}) {
  const { ws, runs } = props;
  const lookOf = (run: Run) =>
    early(run, props.entered) ? earlyLook : uncharted(run) ? unchartedLook : standingLook[run.standing];
  if (runs.isError) return <ProblemNotice problem={asProblem(runs.error)} onRetry={() => void runs.refetch()} />;
  if (runs.data === undefined || runs.data.length === 0) return null;
  return (
    <section className={css.panel} aria-labelledby="run-quality">
      <h2 id="run-quality">Quality control of the run</h2>
      <ul className={css.runs}>
        {runs.data.map((run) => (
          <li
            key={`${run.worksheetId ?? ""} ${run.methodId} ${run.analyte}`}
            style={{ boxShadow: `inset 4px 0 ${toneColour(lookOf(run).tone).ink}` }}
          >
            <div className={css.told}>
              <b>{run.name}</b> <span className={page.mono}>{run.method}</span>
              {props.sheets && run.worksheetId !== null && (
                <Go to={labPage.worksheet(ws, run.worksheetId)} className={page.mono}>
                  {run.worksheet ?? ""}
                </Go>
              )}
              <StatusMark {...lookOf(run)} tinted />
              {early(run, props.entered) ? (
                <div className={css.words}>Its method asks for controls: put it on a worksheet with them.</div>
              ) : (
                <Told run={run} />
              )}
            </div>
            {run.controls.length + run.duplicates.length > 0 && (
              <ul className={css.controls}>
                {run.controls.map((each) => (
                  <li key={each.resultId}>
                    <Control ws={ws} control={each} run={run} />
                  </li>
                ))}
                {run.duplicates.map((each) => (
                  <li key={each.duplicateId}>
                    <Twice pair={each} />
                  </li>
                ))}
              </ul>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The rules that fired, each in words; else what is missing. */
function Told({ run }: { run: Run }) {
  const held = run.results.length;
  return (
    <div className={css.words}>
      {run.violations.map(({ rule, effect }) => (
        <div key={rule}>
          <span className={page.mono}>{rule}</span> {ruleWords[rule] ?? "broken"}:{" "}
          {effect === "reject" ? "the run is refused" : "a warning, the run goes on"}.
        </div>
      ))}
      {run.why !== null && run.violations.every(({ effect }) => effect !== "reject") && <div>{run.why}</div>}
      {run.duplicatesWhy !== null && <div>{run.duplicatesWhy}</div>}
      {(run.standing === "refused" || run.standing === "missing") && held > 0 && (
        <div>
          {held === 1
            ? "One result is not verified with it. Put it on another worksheet, or two people let it pass."
            : `${held} results are not verified with it. Put them on another worksheet, or two people let them pass.`}
        </div>
      )}
      {run.earlier.map((each) => (
        <div key={each.at} className={page.meta}>
          Judged “{outcomeLook[each.outcome].word}” {showTime(each.at)}; a value was changed and judged anew. Both are
          kept.
        </div>
      ))}
    </div>
  );
}

const pairLook = {
  in: { tone: "covered", word: "in" },
  out: { tone: "gap", word: "out" },
  unclear: { tone: "none", word: "not judged" },
  waiting: { tone: "planned", word: "waits for both" },
} as const satisfies Record<Pair["outcome"], { tone: Tone; word: string }>;

function unitOf({ relative, unit }: Pair): string {
  return relative ? " %" : unit === "" ? "" : ` ${unit}`;
}
/** How far two lie apart and may: a quotient to three places, as its sixth decides nothing that is not said by in or out. */
function sayPair(pair: Pair): string {
  const unit = unitOf(pair);
  if (pair.difference === null) return `Δ ${pairLook[pair.outcome].word}, at most ${pair.limit}${unit}`;
  const shown = pair.relative ? shortNumber(pair.difference, 4) : pair.difference;
  return `Δ ${shown}${unit}, at most ${pair.limit}${unit}: ${pairLook[pair.outcome].word}`;
}

/** A duplicate beside its original. */
function Twice({ pair }: { pair: Pair }) {
  const look = pairLook[pair.outcome];
  return (
    <>
      <span>
        Duplicate <span className={page.mono}>{pair.sample ?? ""}</span>
      </span>
      <span className={page.mono} title="original, duplicate">
        {pair.original ?? "–"} · {pair.duplicate ?? "–"}
      </span>
      <span className={css.distance}>
        {pair.difference === null
          ? `≤ ${pair.limit}${unitOf(pair)}`
          : `Δ ${pair.relative ? shortNumber(pair.difference, 4) : pair.difference} ${pair.outcome === "out" ? ">" : "≤"} ${pair.limit}${unitOf(pair)}`}
      </span>
      <StatusMark tone={look.tone} word={look.word} />
    </>
  );
}

function Control({ ws, control, run }: { ws: string; control: RunControl; run: Run }) {
  const href = chartOf(ws, control);
  return (
    <>
      {href === null ? (
        <span>
          {control.name} <span className={page.meta}>on no chart</span>
        </span>
      ) : (
        <Go to={href}>{control.name}</Go>
      )}
      <span className={page.mono}>
        {control.text ?? "–"} <span className={page.meta}>{control.unit}</span>
      </span>
      {control.z !== null && <Strip z={control.z} tone={toneOf(control, run)} />}
      <span className={css.distance}>
        {control.z === null && control.limit?.upper !== null && control.limit?.upper !== undefined
          ? `limit ${shortNumber(control.limit.upper)}`
          : sayDistance(control)}{" "}
        {control.rules.map((rule) => (
          <b key={rule} className={page.mono}>
            {rule}
          </b>
        ))}
      </span>
    </>
  );
}

/** Where a control lies between three deviations below and above its mean. */
function Strip({ z, tone }: { z: number; tone: Tone }) {
  const at = Math.max(-4, Math.min(4, z)) * 14;
  return (
    <svg className={css.strip} viewBox="-60 -8 120 16" aria-hidden="true">
      <path d="M-58 0H58" />
      {[-42, -28, 28, 42].map((x) => (
        <path key={x} d={`M${x} -4V4`} />
      ))}
      <path d="M0 -7V7" data-mean />
      <circle cx={at} r="4" fill={toneColour(tone).ink} />
    </svg>
  );
}

function toneOf(control: RunControl, run: Run): Tone {
  const broken = run.violations.filter(({ rule }) => control.rules.includes(rule));
  if (broken.some(({ effect }) => effect === "reject")) return "gap";
  if (broken.length > 0) return "partial";
  return control.z === null && control.limit?.upper === undefined ? "none" : "covered";
}

function sayDistance({ z }: RunControl): string {
  return z === null ? "" : `${z < 0 ? "−" : "+"}${Math.abs(z).toFixed(1)} s`;
}

function chartOf(ws: string, { chartId, resultId, text }: RunControl): string | null {
  if (chartId === null) return null;
  return `${chartPage.one(ws, chartId)}${text === null ? "" : `?run=${resultId}`}`;
}
