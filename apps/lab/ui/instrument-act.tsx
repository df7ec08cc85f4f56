import { Act } from "@probity/web/kit/act.tsx";
import { DateField } from "@probity/web/kit/date-field.tsx";
import { utcToday } from "@probity/web/kit/day.ts";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { Choice, Field } from "@probity/web/kit/field.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { write } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import css from "./instrument.module.css";
import { performedWord, qualityApi, type Instrument, type Performed } from "./instrument-types.ts";
import { refusedBecause } from "./words.ts";

export type Asked = "record" | "hold" | "release" | "retire" | "return";
const titles: Readonly<Record<Exclude<Asked, "record">, { title: string; act: string; about: string }>> = {
  hold: {
    title: "Put on hold",
    act: "Put on hold",
    about:
      "From now on, and for what is entered and not verified yet, its results are held. Another person releases it.",
  },
  release: {
    title: "Release from hold",
    act: "Release from hold",
    about: "Say what was found. What was measured while it stood on hold stays held until somebody lets it pass.",
  },
  retire: {
    title: "Retire",
    act: "Retire instrument",
    about: "It is no longer offered. What it measured stays as it is.",
  },
  return: {
    title: "Bring back",
    act: "Bring back into service",
    about: "It is offered again once its calibration is in order.",
  },
};

/** One act on an instrument, with what it asks for. */
export function InstrumentAct(props: {
  asked: Asked | null;
  found: Instrument & { may: string[] };
  onClose: () => void;
  onDone: () => void;
}) {
  const { asked, found } = props;
  const [act, setAct] = useState<Performed>(found.nextDue ?? found.due[0]?.act ?? "calibration");
  const [outcome, setOutcome] = useState<"pass" | "adjusted" | "fail">("pass");
  const [performedOn, setPerformedOn] = useState(utcToday);
  const [reference, setReference] = useState("");
  const [provider, setProvider] = useState("");
  const [reason, setReason] = useState("");
  const send = useMutation({
    mutationFn: (retire: boolean) => {
      if (asked === "record" && !retire)
        return write("POST", qualityApi.instrument(found.id, "events"), {
          act,
          performedOn,
          outcome,
          reference: reference.trim(),
          ...(provider.trim() === "" ? {} : { provider: provider.trim() }),
          ...(reason.trim() === "" ? {} : { reason: reason.trim() }),
        });
      if (asked === "hold") return write("POST", qualityApi.instrument(found.id, "hold"), { reason: reason.trim() });
      return write("POST", qualityApi.instrument(found.id, "standing"), {
        act: retire ? "retire" : asked,
        reason: reason.trim(),
      });
    },
    onSuccess: props.onDone,
  });
  const words = asked === null || asked === "record" ? null : titles[asked];
  const why = reason.trim() === "" ? "Say why." : undefined;
  return (
    <Dialog
      open={asked !== null}
      onClose={props.onClose}
      title={`${words?.title ?? "Record calibration"} · ${found.number}`}
      size={560}
    >
      <form
        className={page.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (asked === "record" ? reference.trim() !== "" : why === undefined) send.mutate(false);
        }}
      >
        {send.isError && <ProblemNotice problem={asProblem(send.error)} />}
        {asked === "record" && (
          <>
            <p className={page.muted}>
              It counts from now on, whatever day it names: results entered before stay as they were judged.
            </p>
            <div className={css.rows}>
              <Choice
                name="act"
                label="What was done"
                value={act}
                options={(["calibration", "qualification", "maintenance"] as const).map((value) => ({
                  value,
                  label: performedWord[value],
                }))}
                onChange={setAct}
              />
              <Choice
                name="outcome"
                label="Outcome"
                value={outcome}
                options={[
                  { value: "pass", label: "Passed as found" },
                  { value: "adjusted", label: "Out of tolerance, adjusted" },
                  { value: "fail", label: "Failed" },
                ]}
                onChange={setOutcome}
              />
              <DateField
                name="performed"
                label="Performed on"
                value={performedOn}
                onChange={setPerformedOn}
                max={utcToday()}
              />
              <Field
                name="reference"
                label="Certificate"
                value={reference}
                onChange={setReference}
                hint="Its number."
              />
              <Field name="provider" label="Performed by" value={provider} onChange={setProvider} />
            </div>
          </>
        )}
        {words !== null && <p className={page.muted}>{words.about}</p>}
        <Field name="reason" label={asked === "record" ? "Remark" : "Why"} value={reason} onChange={setReason} />
        <p className={page.row}>
          <Act
            look="main"
            size="form"
            submit
            busy={send.isPending}
            disabledReason={
              asked === "record" ? (reference.trim() === "" ? "A calibration names its certificate." : undefined) : why
            }
          >
            {words?.act ?? "Record"}
          </Act>
          {asked === "hold" && (
            <Act
              look="quiet"
              size="form"
              disabledReason={refusedBecause(found.may, "lab.instrument.change", "reviewers") ?? why}
              onAct={() => send.mutate(true)}
            >
              Retire it instead
            </Act>
          )}
        </p>
      </form>
    </Dialog>
  );
}
