import { Act } from "@probity/web/kit/act.tsx";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { Choice, Field } from "@probity/web/kit/field.tsx";
import { LedgerTable } from "@probity/web/kit/ledger-table.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { showDay, showTime } from "@probity/web/kit/time.ts";
import { write } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import css from "./chart.module.css";
import { chartApi, shortNumber, type ChartLimits, type ControlChart } from "./chart-types.ts";
import { refusedBecause } from "./words.ts";

const looks = {
  proposed: { tone: "partial", word: "proposed" },
  frozen: { tone: "sealed", word: "frozen" },
  refused: { tone: "none", word: "not taken" },
} as const;

/** Every version of a chart's limits, and the decision about the one that waits. */
export function LimitVersions({ chart, onChanged }: { chart: ControlChart; onChanged: () => void }) {
  const waiting = chart.limits.find(({ state }) => state === "proposed");
  return (
    <section>
      <h2>Limits</h2>
      {waiting !== undefined && <Decision chart={chart} limit={waiting} onChanged={onChanged} />}
      <LedgerTable
        caption="Versions of the limits"
        rows={chart.limits}
        rowKey={(each) => each.id}
        tone={(each) => looks[each.state].tone}
        columns={[
          { id: "number", title: "Version", width: "80px", lead: true, cell: (each) => `v${each.number}` },
          {
            id: "state",
            title: "State",
            width: "120px",
            lead: true,
            cell: (each) => <StatusMark {...looks[each.state]} />,
          },
          {
            id: "values",
            title: chart.kind === "blank" ? "Upper limit" : "Mean ± s",
            width: "190px",
            lead: true,
            cell: (each) => <span className={page.mono}>{valuesOf(each, chart.unit)}</span>,
          },
          { id: "basis", title: "From", cell: (each) => <Basis limit={each} /> },
          {
            id: "who",
            title: "Who and why",
            cell: (each) => (
              <span className={page.meta}>
                {each.proposedBy ?? "Probity"}, {showDay(each.proposedAt)}: “{each.reason}”
                {each.decidedReason !== null && (
                  <>
                    <br />
                    {each.decidedBy ?? "stated there"}
                    {each.decidedAt !== null && `, ${showTime(each.decidedAt)}`}: “{each.decidedReason}”
                  </>
                )}
              </span>
            ),
          },
        ]}
      />
    </section>
  );
}

function Basis({ limit }: { limit: ChartLimits }) {
  if (limit.source === "certificate") return <>{limit.basis.certificate}</>;
  const left = limit.basis.excluded ?? [];
  return (
    <>
      {limit.basis.results?.length ?? 0} runs
      {left.length > 0 && (
        <div className={page.meta}>
          {left.length} left out: {left.map(({ reason }) => `“${reason}”`).join(", ")}
        </div>
      )}
    </>
  );
}

function valuesOf(limit: ChartLimits, unit: string): string {
  return limit.upper === null
    ? `${shortNumber(limit.mean, 6)} ± ${shortNumber(limit.deviation)} ${unit}`
    : `≤ ${shortNumber(limit.upper)} ${unit}`;
}

function Decision({ chart, limit, onChanged }: { chart: ControlChart; limit: ChartLimits; onChanged: () => void }) {
  const [why, setWhy] = useState("");
  const decide = useMutation({
    mutationFn: (frozen: boolean) =>
      write("POST", chartApi.decide(limit.id), { frozen, reason: why.trim() }, { version: limit.version }),
    onSuccess: onChanged,
  });
  const refused =
    refusedBecause(chart.may, "lab.chart.approve", "reviewers") ??
    (limit.proposedById === chart.you
      ? "You proposed these limits, so somebody else freezes them. Ask another reviewer."
      : why.trim() === ""
        ? "A decision says why."
        : undefined);
  return (
    <div className={page.sheet}>
      <p>
        <b>
          v{limit.number} waits: {valuesOf(limit, chart.unit)}
        </b>
        . Frozen, it judges the runs from now on; those before keep theirs.
      </p>
      {decide.isError && <ProblemNotice problem={asProblem(decide.error)} />}
      <Field name="limit-why" label="Because" value={why} onChange={setWhy} />
      <span className={page.row}>
        <Act look="main" busy={decide.isPending} disabledReason={refused} onAct={() => decide.mutate(true)}>
          Freeze v{String(limit.number)}
        </Act>
        <Act busy={decide.isPending} disabledReason={refused} onAct={() => decide.mutate(false)}>
          Do not take it
        </Act>
      </span>
    </div>
  );
}

/** Proposes limits: of the lot's own runs, each one left out with a reason, or of a certificate. */
export function ProposeLimits(props: { chart: ControlChart; open: boolean; onClose: () => void; onDone: () => void }) {
  const { chart } = props;
  const [source, setSource] = useState<"runs" | "certificate">("runs");
  const [left, setLeft] = useState<Readonly<Record<string, string>>>({});
  const [count, setCount] = useState(String(chart.runs));
  const [certificate, setCertificate] = useState("");
  const [mean, setMean] = useState("");
  const [deviation, setDeviation] = useState("");
  const [upper, setUpper] = useState("");
  const [why, setWhy] = useState("");
  const newest = chart.points.slice(-Math.max(Number(count) || 0, 0) - Object.keys(left).length);
  const taken = newest.filter(
    ({ resultId, value, qualifier }) => left[resultId] === undefined && value !== null && qualifier === null,
  );
  const silent = newest.filter(({ resultId }) => left[resultId] !== undefined && left[resultId]?.trim() === "");
  const censored = newest.filter(({ resultId, qualifier }) => qualifier !== null && left[resultId] === undefined);
  const propose = useMutation({
    mutationFn: () =>
      write(
        "POST",
        chartApi.act(chart.id, "limits"),
        source === "runs"
          ? {
              source,
              results: taken.map(({ resultId }) => resultId),
              excluded: Object.entries(left).map(([id, reason]) => ({ id, reason: reason.trim() })),
              reason: why.trim(),
            }
          : {
              source,
              certificate: certificate.trim(),
              mean: mean.trim() || null,
              deviation: deviation.trim() || null,
              upper: upper.trim() || null,
              reason: why.trim(),
            },
      ),
    onSuccess: () => {
      props.onDone();
      props.onClose();
    },
  });
  const missing =
    why.trim() === ""
      ? "A proposal says why."
      : source === "certificate"
        ? certificate.trim() === ""
          ? "Name the certificate."
          : undefined
        : taken.length < chart.runs
          ? `${chart.runs} runs were declared; ${taken.length} are chosen.`
          : censored.length > 0
            ? "A value that is only less or more than something is left out with a reason."
            : silent.length > 0
              ? "Each run that is left out says why."
              : undefined;
  return (
    <Dialog open={props.open} onClose={props.onClose} title="Propose limits" size={640}>
      <form
        className={page.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (missing === undefined) propose.mutate();
        }}
      >
        {propose.isError && <ProblemNotice problem={asProblem(propose.error)} />}
        <Choice
          name="limit-source"
          label="From"
          value={source}
          options={[
            { value: "runs", label: "runs of this lot" },
            { value: "certificate", label: "a certificate" },
          ]}
          onChange={setSource}
        />
        {source === "runs" ? (
          <>
            <Field
              name="limit-count"
              label="The newest runs"
              value={count}
              onChange={setCount}
              hint={`At least ${chart.runs}, as was declared. What is left out between them says why.`}
            />
            <div className={css.choose} role="group" aria-label="Runs">
              {newest.toReversed().map((point) => (
                <label key={point.resultId}>
                  <input
                    type="checkbox"
                    checked={left[point.resultId] === undefined}
                    onChange={() => {
                      const { [point.resultId]: there, ...others } = left;
                      setLeft(there === undefined ? { ...left, [point.resultId]: "" } : others);
                    }}
                  />
                  <span>
                    <b className={page.mono}>{point.text}</b> <span className={page.meta}>{showDay(point.at)}</span>
                  </span>
                  {left[point.resultId] === undefined ? (
                    <span className={page.meta}>{point.worksheet}</span>
                  ) : (
                    <input
                      type="text"
                      placeholder="Left out, because"
                      aria-label={`Why ${point.worksheet} is left out`}
                      value={left[point.resultId]}
                      onChange={(event) => setLeft({ ...left, [point.resultId]: event.currentTarget.value })}
                    />
                  )}
                </label>
              ))}
            </div>
          </>
        ) : (
          <>
            <Field name="limit-certificate" label="Certificate" value={certificate} onChange={setCertificate} />
            {chart.kind === "blank" ? (
              <Field name="limit-upper" label={`Upper limit, ${chart.unit}`} value={upper} onChange={setUpper} />
            ) : (
              <>
                <Field name="limit-mean" label={`Mean, ${chart.unit}`} value={mean} onChange={setMean} />
                <Field
                  name="limit-deviation"
                  label={`Standard deviation, ${chart.unit}`}
                  value={deviation}
                  onChange={setDeviation}
                />
              </>
            )}
          </>
        )}
        <Field name="limit-reason" label="Because" value={why} onChange={setWhy} />
        <div>
          <Act look="main" size="form" submit busy={propose.isPending} disabledReason={missing}>
            Propose limits
          </Act>
        </div>
      </form>
    </Dialog>
  );
}
