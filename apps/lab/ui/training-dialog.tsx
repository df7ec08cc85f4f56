import { Act } from "@probity/web/kit/act.tsx";
import { DateField } from "@probity/web/kit/date-field.tsx";
import { moveDay, utcToday } from "@probity/web/kit/day.ts";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { Choice, Field } from "@probity/web/kit/field.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { showDay, showTime } from "@probity/web/kit/time.ts";
import { write } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import css from "./lab.module.css";
import { qualityApi, trainingLook, type Training } from "./instrument-types.ts";
import type { Cell } from "./training.tsx";
import { refusedBecause } from "./words.ts";

const ways = [
  { value: "observed", label: "Watched while doing it" },
  { value: "examined", label: "Examined, results compared" },
  { value: "read", label: "Read and understood" },
] as const;
const inTwoYears = () => new Date(Date.now() + 730 * 86_400_000).toISOString().slice(0, 10);

/** The trainings of one person on one method, and recording or revoking one. */
export function TrainingDialog(props: {
  cell: Cell;
  items: readonly Training[];
  you: string;
  may: string[];
  onClose: () => void;
  onDone: () => void;
}) {
  const { cell, items } = props;
  const [way, setWay] = useState<(typeof ways)[number]["value"]>("observed");
  const [evidence, setEvidence] = useState("");
  const [validUntil, setValidUntil] = useState(inTwoYears());
  const [why, setWhy] = useState("");
  const record = useMutation({
    mutationFn: () =>
      write("POST", qualityApi.trainings(), {
        personId: cell.person.id,
        methodVersionId: cell.method.id,
        way,
        evidence: evidence.trim(),
        validUntil,
      }),
    onSuccess: props.onDone,
  });
  const revoke = useMutation({
    mutationFn: (training: Training) =>
      write("POST", qualityApi.revoke(training.id), { reason: why.trim() }, { version: training.version }),
    onSuccess: props.onDone,
  });
  const refused =
    refusedBecause(props.may, "lab.training.assess", "reviewers") ??
    (cell.person.id === props.you ? "Nobody records their own training. Ask another reviewer." : undefined);
  return (
    <Dialog
      open
      onClose={props.onClose}
      title={`${cell.person.name} · ${cell.method.code} v${cell.method.number}`}
      size={560}
    >
      <div className={page.form}>
        {(record.isError || revoke.isError) && <ProblemNotice problem={asProblem(record.error ?? revoke.error)} />}
        {items.length > 0 && (
          <ul className={css.lines}>
            {items.map((each) => (
              <li key={each.id}>
                <span>
                  <StatusMark {...trainingLook[each.status]} /> version {each.methodVersion}, until{" "}
                  {showDay(each.validUntil)}
                  <div className={page.meta}>
                    {each.evidence} · assessed by {each.assessor}, {showTime(each.trainedAt)}
                    {each.revokedReason !== null && ` · revoked by ${each.revokedBy ?? ""}: ${each.revokedReason}`}
                  </div>
                </span>
                {each.status !== "revoked" && each.status !== "ended" && (
                  <Act
                    busy={revoke.isPending}
                    disabledReason={refused ?? (why.trim() === "" ? "Say why below." : undefined)}
                    onAct={() => revoke.mutate(each)}
                  >
                    Revoke
                  </Act>
                )}
              </li>
            ))}
          </ul>
        )}
        {items.some((each) => each.status === "trained" || each.status === "due-soon") && (
          <Field name="revoke-why" label="Why it is revoked" value={why} onChange={setWhy} />
        )}
        <form
          className={page.form}
          onSubmit={(event) => {
            event.preventDefault();
            if (refused === undefined && evidence.trim() !== "") record.mutate();
          }}
        >
          <Choice name="way" label="How" value={way} options={ways} onChange={setWay} />
          <Field
            name="evidence"
            label="Evidence"
            value={evidence}
            onChange={setEvidence}
            hint="Such as the number of the training record."
          />
          <DateField
            name="until"
            label="Valid until"
            value={validUntil}
            onChange={setValidUntil}
            hint="Within five years."
            min={utcToday()}
            max={moveDay(utcToday(), { months: 60 })}
          />
          <p>
            <Act
              look="main"
              size="form"
              submit
              busy={record.isPending}
              disabledReason={refused ?? (evidence.trim() === "" ? "A training names its evidence." : undefined)}
            >
              Record training
            </Act>
          </p>
        </form>
      </div>
    </Dialog>
  );
}
