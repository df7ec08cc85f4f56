import { Act } from "@probity/web/kit/act.tsx";
import { Choice, Field } from "@probity/web/kit/field.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { toneColour } from "@probity/web/kit/status.ts";
import { showTime } from "@probity/web/kit/time.ts";
import { write } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { Go } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import css from "./chart.module.css";
import { chartApi, outcomeLook, ruleWords, type ChartPoint, type ControlChart } from "./chart-types.ts";
import { inspectPage } from "./inspect-path.ts";
import { labPage } from "./path.ts";
import { refusedBecause } from "./words.ts";

const kinds = [
  { value: "comment", label: "Comment" },
  { value: "cause", label: "Cause" },
  { value: "action", label: "Action" },
] as const;
type NoteKind = (typeof kinds)[number]["value"];

/** The run one stands on: who, when, which limits, which rules it broke, and what was found and done about it. */
export function RunDetail(props: { ws: string; point: ChartPoint; chart: ControlChart; onChanged: () => void }) {
  const { point, chart } = props;
  const look = outcomeLook[point.outcome];
  const [kind, setKind] = useState<NoteKind>(point.violations.length > 0 ? "cause" : "comment");
  const [text, setText] = useState("");
  const note = useMutation({
    mutationFn: () => write("POST", chartApi.note(point.evaluationId), { kind, text: text.trim() }),
    onSuccess: () => {
      setText("");
      props.onChanged();
    },
  });
  return (
    <section
      className={css.detail}
      style={{ borderInlineStartColor: toneColour(look.tone).ink }}
      aria-label="The run chosen"
      aria-live="polite"
    >
      <div className={page.row}>
        <span className={css.value}>{point.text}</span> {chart.unit}
        <StatusMark {...look} tinted />
      </div>
      {point.violations.length > 0 && (
        <ul className={css.notes}>
          {point.violations.map(({ rule, effect }) => (
            <li key={rule}>
              <b className={page.mono}>{rule}</b> {ruleWords[rule] ?? ""}: {effect === "reject" ? "refuses" : "warns"}
            </li>
          ))}
        </ul>
      )}
      {point.outcome === "unclear" && (
        <p>
          {point.limitNumber === null
            ? "No limits were frozen when it was entered."
            : "It is only said to be less or more than a value, so nothing says how far it lies off."}
        </p>
      )}
      <dl className={css.facts}>
        <Fact name="Run">
          <Go to={labPage.worksheet(props.ws, point.worksheetId)}>{point.worksheet}</Go>
        </Fact>
        <Fact name="Result">
          <Go to={inspectPage.evidence(props.ws, point.resultId)}>Who, when, every change</Go>
        </Fact>
        <Fact name="Entered">
          {point.by ?? ""}, {showTime(point.at)}
        </Fact>
        <Fact name="From the mean">{point.z === null ? "–" : `${point.z.toFixed(2)} s`}</Fact>
        <Fact name="Judged by">{point.limitNumber === null ? "no limits" : `limits v${point.limitNumber}`}</Fact>
        <Fact name="Lot">{chart.lot}</Fact>
        {point.instruments.length > 0 && <Fact name="Instrument">{point.instruments.join(", ")}</Fact>}
      </dl>
      {point.earlier.map((each) => (
        <p key={each.at} className={page.meta}>
          Before, {each.text}: {outcomeLook[each.outcome].word}, judged {showTime(each.at)}. A run that was refused
          stays held.
        </p>
      ))}
      {point.changed && <p>Its value is another now than the one that was judged: results of this run wait.</p>}
      <ul className={css.notes}>
        {point.notes.map((each) => (
          <li key={each.id}>
            {each.text}
            <div className={page.meta}>
              {each.kind}, {each.author}, {showTime(each.at)}
            </div>
          </li>
        ))}
      </ul>
      <form
        className={page.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim() !== "") note.mutate();
        }}
      >
        {note.isError && <ProblemNotice problem={asProblem(note.error)} />}
        <Choice quiet name="note-kind" label="Add" value={kind} options={kinds} onChange={setKind} />
        <Field name="note-text" label="What was found or done" value={text} onChange={setText} />
        <span>
          <Act
            submit
            busy={note.isPending}
            disabledReason={
              refusedBecause(chart.may, "lab.chart.note", "technicians and reviewers") ??
              (text.trim() === "" ? "Write what was found or done." : undefined)
            }
          >
            Add to the run
          </Act>
        </span>
      </form>
    </section>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
