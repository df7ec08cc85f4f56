import { Act } from "@probity/web/kit/act.tsx";
import { announce } from "@probity/web/kit/announcer.tsx";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { Field } from "@probity/web/kit/field.tsx";
import { Notice } from "@probity/web/kit/notice.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { write } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { labApi } from "./path.ts";
import type { Sample } from "./types.ts";
import { refusedBecause } from "./words.ts";

/** That a sample is blinded, until when, and the two ways out: after verification, or before it by an admin. */
export function BlindNotice({ sample, onOpened }: { sample: Sample; onOpened: () => void }) {
  const [asking, setAsking] = useState(false);
  const verified = sample.state === "verified";
  const words = verified ? "Reveal" : "Unblind";
  const refused = verified
    ? refusedBecause(sample.may, "lab.sample.reveal", "reviewers")
    : refusedBecause(sample.may, "lab.sample.unblind", "admins");
  return (
    <>
      <Notice
        tone="partial"
        act={
          <Act disabledReason={refused} look={verified ? "main" : "plain"} onAct={() => setAsking(true)}>
            {words}
          </Act>
        }
      >
        <b>Blinded.</b>{" "}
        {verified
          ? "It is verified, and a reviewer reveals what it is, with the reason. Until then it is not published."
          : "What it is, its point, lot and customer are sealed until it is verified. An admin unblinds it before, with the reason."}
      </Notice>
      {asking && (
        <OpenBlind
          sample={sample}
          words={words}
          onClose={() => setAsking(false)}
          onOpened={() => {
            setAsking(false);
            announce(`${sample.number} is ${verified ? "revealed" : "unblinded"}.`);
            onOpened();
          }}
        />
      )}
    </>
  );
}

function OpenBlind(props: { sample: Sample; words: "Reveal" | "Unblind"; onClose: () => void; onOpened: () => void }) {
  const { id, number, version } = props.sample;
  const early = props.words === "Unblind";
  const [reason, setReason] = useState("");
  const open = useMutation({
    mutationFn: () =>
      write("POST", labApi.sample(id, props.words.toLowerCase()), { reason: reason.trim() }, { version }),
    onSuccess: props.onOpened,
  });
  const missing = reason.trim() === "" ? "Say why." : undefined;
  return (
    <Dialog open onClose={props.onClose} title={`${props.words} ${number}`}>
      <form
        className={page.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (missing === undefined) open.mutate();
        }}
      >
        {open.isError && <ProblemNotice problem={asProblem(open.error)} />}
        <p className={page.muted}>
          {early
            ? "Everybody here sees what it is from then on, whoever still determines it too. It is not blinded again. You confirm it is you."
            : "Everybody here sees what it is from then on. Its results stay as they were verified."}
        </p>
        <Field name="blind-reason" label="Why" value={reason} onChange={setReason} />
        <div>
          <Act look={early ? "danger" : "main"} size="form" submit busy={open.isPending} disabledReason={missing}>
            {`${props.words} ${number}`}
          </Act>
        </div>
      </form>
    </Dialog>
  );
}
