import { Act } from "@probity/web/kit/act.tsx";
import { Choice } from "@probity/web/kit/field.tsx";
import { Notice } from "@probity/web/kit/notice.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { showTime } from "@probity/web/kit/time.ts";
import { read, write } from "@probity/web/shell/api.ts";
import { DownloadAct } from "@probity/web/shell/download-act.tsx";
import page from "@probity/web/shell/page.module.css";
import { Go, usePlace } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Fragment, useRef } from "react";
import { inspectPage } from "./inspect-path.ts";
import lab from "./lab.module.css";
import { SaveDrawing } from "./save-drawing-acts.tsx";
import css from "./stability.module.css";
import { StudyChart } from "./study-chart.tsx";
import { kindWord, stabilityApi, type Evaluation, type Study, type StudyResult } from "./stability-types.ts";
import { refusedBecause } from "./words.ts";

/** What the results of a study say: the line and its bound for one attribute, every value under one condition. */
export function StudyEvaluation({
  ws,
  study,
  onChanged,
}: {
  ws: string;
  study: Study;
  onChanged: () => Promise<void>;
}) {
  const { search, query } = usePlace();
  const conditions = study.protocols.find(({ state }) => state === "approved")?.content.conditions ?? [];
  const stored = conditions.filter(({ kind }) => kind !== "initial");
  const attributes = [...new Map(study.results.map((each) => [each.analyte, each])).values()];
  const condition = stored.find(({ key }) => key === search["condition"]) ?? stored[0];
  const attribute =
    attributes.find(({ analyte }) => analyte === search["attribute"]) ??
    attributes.find(({ numeric }) => numeric) ??
    attributes[0];
  const [at, of] = [condition?.key ?? "", attribute?.analyte ?? ""];
  const evaluation = useQuery({
    queryKey: ["lab-evaluation", study.id, of, at],
    queryFn: () => read<Evaluation>(stabilityApi.evaluation(study.id, { analyte: of, condition: at })),
    enabled: at !== "" && of !== "",
  });
  const keep = useMutation({
    mutationFn: () => write("POST", stabilityApi.study(study.id, "evaluations"), { analyte: of, condition: at }),
    onSuccess: onChanged,
  });
  const drawing = useRef<SVGSVGElement>(null);
  const now = evaluation.data;
  const refused = refusedBecause(study.may, "lab.study.evaluate", "reviewers") ?? now?.refused[0];
  return (
    <section className={css.part}>
      <div className={page.head}>
        <h2>Evaluation</h2>
        <Choice
          quiet
          name="attribute"
          label="Attribute"
          value={of}
          options={attributes.map(({ analyte, name }) => ({ value: analyte, label: name }))}
          onChange={(value) => query({ attribute: value, condition: at }, true)}
        />
        <Choice
          quiet
          name="condition"
          label="Condition"
          value={at}
          options={stored.map(({ key, title }) => ({ value: key, label: title }))}
          onChange={(value) => query({ attribute: of, condition: value }, true)}
        />
        {now !== undefined && (
          <SaveDrawing
            drawing={() => drawing.current}
            name={`${study.number}-${of}-${at}`.toLowerCase()}
            title={`${study.number}, ${attribute?.name ?? of}, ${condition?.title ?? at}`}
          />
        )}
        <Act look="main" busy={keep.isPending} disabledReason={refused} onAct={() => keep.mutate()}>
          Keep evaluation
        </Act>
      </div>
      {keep.isError && <ProblemNotice problem={asProblem(keep.error)} />}
      {evaluation.isError && (
        <ProblemNotice problem={asProblem(evaluation.error)} onRetry={() => void evaluation.refetch()} />
      )}
      {evaluation.isPending && <Skeleton label="Reckoning" rows={4} />}
      {now !== undefined && (
        <div className={css.judged}>
          <StudyChart evaluation={now} drawing={drawing} />
          <Judged now={now} />
        </div>
      )}
      <Matrix ws={ws} study={study} condition={at} conditions={conditions.map(({ key, kind }) => ({ key, kind }))} />
      {study.evaluations.length > 0 && (
        <>
          <h2>Kept evaluations</h2>
          <ul className={lab.lines}>
            {study.evaluations.map((each) => (
              <li key={each.id}>
                <span>
                  <b>No. {each.number}</b>{" "}
                  {attributes.find(({ analyte }) => analyte === each.analyte)?.name ?? each.analyte},{" "}
                  {conditions.find(({ key }) => key === each.condition)?.title ?? each.condition}, data to{" "}
                  {each.throughMonths} months:{" "}
                  <b className={page.mono}>{each.months === null ? "none" : `${each.months} months`}</b>
                </span>
                <span className={page.meta}>
                  {each.madeBy ?? "Probity"} · {showTime(each.madeAt)} · sha-256 {each.sha256.slice(0, 12)}…
                </span>
                <span className={page.row}>
                  {(["json", "csv"] as const).map((format) => (
                    <DownloadAct
                      key={format}
                      path={stabilityApi.kept(each.id, format)}
                      name={`${study.number}-${each.number}.${format}`}
                      label={`${format.toUpperCase()} of evaluation ${each.number}`}
                    >
                      {format.toUpperCase()}
                    </DownloadAct>
                  ))}
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function Judged({ now }: { now: Evaluation }) {
  const { result, significantChange, condition, throughMonths } = now.content;
  const harsher = (["accelerated", "intermediate"] as const).map((kind) => ({ kind, ...significantChange[kind] }));
  const claims = condition.kind === "long-term" && now.refused.length === 0 && result !== null;
  return (
    <div className={css.reasons}>
      {claims && (
        <p className={css.life}>
          <b>{result.months ?? "–"}</b> months shelf life, data to {throughMonths} months
        </p>
      )}
      {now.refused.length > 0 && (
        <Notice tone={condition.kind === "long-term" ? "gap" : "none"}>
          No shelf life is estimated. {now.refused.join(" ")}
        </Notice>
      )}
      <ul className={css.reasons}>
        {claims && <li>{result.said}</li>}
        {result !== null && <li>{result.why}</li>}
        {harsher.map(({ kind, shown, findings }) => (
          <li key={kind}>
            {shown === "missing"
              ? `${sentence(kind)}: not verified to 6 months.`
              : shown === "no-change"
                ? `${sentence(kind)}: no significant change to 6 months.`
                : `${sentence(kind)}: significant change. ${findings.slice(0, 3).join(" ")}`}
          </li>
        ))}
      </ul>
    </div>
  );
}

const sentence = (kind: "accelerated" | "intermediate") => kindWord[kind].replace(/^./, (first) => first.toUpperCase());

function Matrix(props: { ws: string; study: Study; condition: string; conditions: { key: string; kind: string }[] }) {
  const initial = props.conditions.find(({ kind }) => kind === "initial")?.key;
  const rows = props.study.results.filter((each) => each.condition === props.condition || each.condition === initial);
  const months = [...new Set(rows.map((each) => each.months))].toSorted((a, b) => a - b);
  const lots = [...new Set(rows.map((each) => each.batch))];
  const attributes = [...new Map(rows.map((each) => [each.analyte, each])).values()];
  return (
    <div className={css.clip}>
      <table className={css.grid}>
        <caption className="p-hidden">Results by attribute, batch and month</caption>
        <thead>
          <tr>
            <th scope="col">
              <span className="p-hidden">Batch</span>
            </th>
            {months.map((month) => (
              <th key={month} scope="col">
                {month === 0 ? "start" : `${month} mo`}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {attributes.map((attribute) => (
            <Fragment key={attribute.analyte}>
              <tr>
                <th scope="rowgroup" colSpan={months.length + 1}>
                  {attribute.name}{" "}
                  <span className={page.meta}>
                    {[attribute.unit, attribute.limit].filter((each) => each !== "").join(", limit ")}
                  </span>
                </th>
              </tr>
              {lots.map((lot) => (
                <tr key={lot}>
                  <th scope="row">
                    <span className={page.mono}>{lot}</span>
                  </th>
                  {months.map((month) => (
                    <td key={month}>
                      <Value
                        ws={props.ws}
                        result={rows.find(
                          (each) => each.analyte === attribute.analyte && each.batch === lot && each.months === month,
                        )}
                      />
                    </td>
                  ))}
                </tr>
              ))}
            </Fragment>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Value({ ws, result }: { ws: string; result: StudyResult | undefined }) {
  if (result === undefined) return null;
  if (result.reported === null)
    return (
      <span className={css.value} data-open>
        open
      </span>
    );
  return (
    <Go
      to={inspectPage.evidence(ws, result.id)}
      className={css.value}
      label={`${result.name} ${result.reported}, ${result.state}`}
    >
      <span
        className={css.value}
        data-verdict={result.verdict ?? undefined}
        data-open={result.state !== "verified" || undefined}
      >
        {result.verdict === "out" && "▲ "}
        {result.reported}
      </span>
    </Go>
  );
}
