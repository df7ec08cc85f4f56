import { Act } from "@probity/web/kit/act.tsx";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { Field } from "@probity/web/kit/field.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { StatusMark, StatusShape } from "@probity/web/kit/status-mark.tsx";
import { showDay } from "@probity/web/kit/time.ts";
import { write } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { Go } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation } from "@tanstack/react-query";
import { Fragment, useState } from "react";
import { labPage } from "./path.ts";
import css from "./stability.module.css";
import { pullLook, stabilityApi, type Pull, type Study } from "./stability-types.ts";
import { refusedBecause, stateLook, verdictLook } from "./words.ts";

/** Every pull of a study in time: a row for batch and condition, a column for each month, what became of it beneath. */
export function StudyPulls({ ws, study, onChanged }: { ws: string; study: Study; onChanged: () => Promise<void> }) {
  const months = [...new Set(study.pulls.map((pull) => pull.months))].toSorted((a, b) => a - b);
  const next = study.pulls
    .filter(({ state }) => state === "planned")
    .toSorted((a, b) => (a.dueOn < b.dueOn ? -1 : 1))[0];
  const [chosen, setChosen] = useState(next?.id ?? study.pulls.at(-1)?.id ?? "");
  const [asking, setAsking] = useState<"pull" | "omit" | null>(null);
  const [reason, setReason] = useState("");
  const pull = study.pulls.find(({ id }) => id === chosen);
  const act = useMutation({
    mutationFn: (name: "pull" | "omit") =>
      write("POST", stabilityApi.pull(chosen, name), reason.trim() === "" ? {} : { reason: reason.trim() }, {
        version: pull?.version,
      }),
    onSuccess: async () => {
      setAsking(null);
      await onChanged();
    },
  });
  const inside = pull !== undefined && study.today >= pull.opensOn && study.today <= pull.closesOn;
  const begin = (name: "pull" | "omit") => {
    act.reset();
    setReason("");
    if (name === "pull" && inside) act.mutate(name);
    else setAsking(name);
  };
  const titleOf = (key: string) =>
    study.protocols.flatMap(({ content }) => content.conditions).find((each) => each.key === key)?.title ?? key;
  return (
    <section className={css.part}>
      <h2>Pulls</h2>
      <p>{sayPulls(study)}</p>
      <div className={css.clip}>
        <table className={css.grid}>
          <caption className="p-hidden">Pulls by batch, condition and month</caption>
          <thead>
            <tr>
              <th scope="col">
                <span className="p-hidden">Condition</span>
              </th>
              {months.map((month) => (
                <th key={month} scope="col">
                  {month === 0 ? "start" : `${month} mo`}
                </th>
              ))}
              <th scope="col" className={css.end}>
                units left
              </th>
            </tr>
          </thead>
          <tbody>
            {study.batches.map((batch) => (
              <Fragment key={batch.lot}>
                <tr>
                  <th scope="rowgroup" colSpan={months.length + 2}>
                    <b>{batch.lot}</b>{" "}
                    <span className={page.meta}>
                      since {showDay(batch.startedOn)}
                      {batch.startedBy !== null && `, ${batch.startedBy}`}, protocol v{batch.protocol}
                    </span>
                  </th>
                </tr>
                {batch.storages.map((storage) => (
                  <tr key={storage.condition}>
                    <th scope="row">
                      {titleOf(storage.condition)} <span className={page.meta}>{storage.place}</span>
                    </th>
                    {months.map((month) => (
                      <td key={month}>
                        <Cell
                          pull={study.pulls.find(
                            (each) =>
                              each.batch === batch.lot && each.condition === storage.condition && each.months === month,
                          )}
                          today={study.today}
                          chosen={chosen}
                          onChoose={setChosen}
                        />
                      </td>
                    ))}
                    <td className={css.end}>{`${storage.left}/${storage.units}`}</td>
                  </tr>
                ))}
              </Fragment>
            ))}
          </tbody>
        </table>
      </div>
      {pull !== undefined && (
        <div className={css.said} role="status">
          <b>{`${pull.batch}, ${titleOf(pull.condition)}, ${pull.months === 0 ? "start" : `${pull.months} months`}`}</b>
          <StatusMark {...pullLook(pull, study.today)} />
          <span className={page.muted}>
            {pull.state === "planned"
              ? `due ${showDay(pull.dueOn)}, window ${showDay(pull.opensOn)} to ${showDay(pull.closesOn)}, ${pull.units} units`
              : `${showDay(pull.pulledOn ?? pull.dueOn)}, ${pull.pulledBy ?? "Probity"}, due ${showDay(pull.dueOn)}`}
          </span>
          {pull.sampleId !== null && pull.sampleState !== null && (
            <span>
              <Go to={labPage.sample(ws, pull.sampleId)} className={page.mono}>
                {pull.sample}
              </Go>{" "}
              <StatusMark {...(pull.verdict === "out" ? verdictLook.out : stateLook[pull.sampleState])} />
            </span>
          )}
          {pull.reason !== null && <span className={page.muted}>“{pull.reason}”</span>}
          {act.isError && asking === null && <ProblemNotice problem={asProblem(act.error)} />}
          {pull.state === "planned" && (
            <span className={css.acts}>
              <Act
                look="main"
                busy={act.isPending}
                disabledReason={refusedBecause(study.may, "lab.study.pull", "technicians")}
                onAct={() => begin("pull")}
              >
                Pull now
              </Act>
              <Act
                disabledReason={refusedBecause(study.may, "lab.study.pull", "technicians")}
                onAct={() => begin("omit")}
              >
                Leave out
              </Act>
            </span>
          )}
        </div>
      )}
      <Dialog
        open={asking !== null}
        onClose={() => setAsking(null)}
        title={asking === "omit" ? "Leave this pull out" : "Pull outside its window"}
      >
        <form
          className={page.form}
          onSubmit={(event) => {
            event.preventDefault();
            if (asking !== null && reason.trim() !== "") act.mutate(asking);
          }}
        >
          {act.isError && <ProblemNotice problem={asProblem(act.error)} />}
          <p className={page.muted}>
            {asking === "omit"
              ? "Nothing is taken and no sample is registered. It stays in the study as a deviation with this reason."
              : `The window is ${showDay(pull?.opensOn ?? "")} to ${showDay(pull?.closesOn ?? "")}. It is kept as a deviation with this reason; the time is the server's.`}
          </p>
          <Field name="pull-reason" label="Why" value={reason} onChange={setReason} />
          <div>
            <Act look={asking === "omit" ? "danger" : "main"} size="form" submit busy={act.isPending}>
              {asking === "omit" ? "Leave out" : "Pull now"}
            </Act>
          </div>
        </form>
      </Dialog>
    </section>
  );
}

/** Where the study stands, in words. */
function sayPulls({ pulls, today }: Study): string {
  const planned = pulls.filter(({ state }) => state === "planned");
  const late = planned.filter(({ closesOn }) => closesOn < today).length;
  const due = planned.filter(({ opensOn, closesOn }) => opensOn <= today && closesOn >= today).length;
  const next = planned.filter(({ opensOn }) => opensOn > today).toSorted((a, b) => (a.dueOn < b.dueOn ? -1 : 1))[0];
  const odd = pulls.filter(({ deviation }) => deviation !== null).length;
  return [
    `${pulls.length - planned.length} of ${pulls.length} pulls are done${odd === 0 ? "" : `, ${odd} of them outside the plan`}.`,
    late > 0 ? `${late} ${late === 1 ? "is" : "are"} overdue.` : "",
    due > 0 ? `${due} ${due === 1 ? "is" : "are"} due now.` : "",
    next === undefined ? "" : `The next is due ${showDay(next.dueOn)}.`,
  ]
    .filter((part) => part !== "")
    .join(" ");
}

function Cell(props: { pull: Pull | undefined; today: string; chosen: string; onChoose: (id: string) => void }) {
  const { pull } = props;
  if (pull === undefined) return null;
  const look = pullLook(pull, props.today);
  const day = pull.pulledOn ?? pull.dueOn;
  return (
    <button
      type="button"
      className={css.pull}
      aria-pressed={pull.id === props.chosen}
      onClick={() => props.onChoose(pull.id)}
    >
      <span className="p-hidden">{`${pull.batch}, ${pull.months} months, ${look.word}, `}</span>
      <StatusShape tone={look.tone} />
      {day}
    </button>
  );
}
