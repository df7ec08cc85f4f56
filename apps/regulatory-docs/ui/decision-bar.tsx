import { Act } from "@probity/web/kit/act.tsx";
import { DateField } from "@probity/web/kit/date-field.tsx";
import { dayFault } from "@probity/web/kit/day.ts";
import { Choice } from "@probity/web/kit/field.tsx";
import { showDay } from "@probity/web/kit/time.ts";
import { read } from "@probity/web/shell/api.ts";
import { isColleague } from "@probity/web/shell/access-words.ts";
import type { Member, Page } from "@probity/web/shell/api-types.ts";
import { api } from "@probity/web/shell/path.ts";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { personName, type ReasonCode, reasonCodes, standing, statusLook } from "./finding-status.ts";
import type { Finding } from "./types.ts";
import type { Decisions } from "./use-decisions.ts";
import css from "./decision-bar.module.css";

export type OpenForm = "override" | "reopen" | "assign" | "due" | "note";

interface Props {
  finding: Finding;
  decisions: Decisions;
  form: OpenForm | null;
  onForm: (form: OpenForm | null) => void;
}

/** Accept, override, assign, due, note; the form of each opens in place, above the buttons. */
export function DecisionBar(props: Props) {
  const { finding, decisions, form, onForm } = props;
  const decided = finding.decision !== null;
  const close = () => onForm(null);
  return (
    <div className={css.bar}>
      {form === "override" && <Override key={finding.id} finding={finding} decisions={decisions} onClose={close} />}
      {form === "reopen" && <Reopen key={finding.id} finding={finding} decisions={decisions} onClose={close} />}
      {form === "assign" && <Assign finding={finding} decisions={decisions} onClose={close} />}
      {form === "due" && <Due finding={finding} decisions={decisions} onClose={close} />}
      {form === "note" && <Note finding={finding} decisions={decisions} onClose={close} />}
      {form === null && (
        <div className={css.acts}>
          {decided ? (
            <Act onAct={() => onForm("reopen")}>Reopen</Act>
          ) : (
            <Act look="main" hint="A" onAct={() => decisions.act(finding, "accept", {})}>
              Accept
            </Act>
          )}
          <Act hint="O" onAct={() => onForm("override")}>
            Override
          </Act>
          <Act hint="E" onAct={() => onForm("assign")}>
            Assign
          </Act>
          <Act hint="D" onAct={() => onForm("due")}>
            Due
          </Act>
          <Act hint="N" onAct={() => onForm("note")}>
            Note
          </Act>
        </div>
      )}
    </div>
  );
}

interface FormProps {
  finding: Finding;
  decisions: Decisions;
  onClose: () => void;
}

/** A form in place: Ctrl+Enter sends, Esc closes, the first field has the focus. */
function InPlace(props: {
  title: string;
  send: string;
  onSend: () => void;
  onClose: () => void;
  refused?: string | undefined;
  children: ReactNode;
}) {
  const box = useRef<HTMLFormElement>(null);
  useEffect(() => {
    box.current?.querySelector<HTMLElement>("select, textarea, input")?.focus();
    return () => {
      // The list keeps the keys after the form is gone.
      document.querySelector<HTMLElement>('[role="row"][aria-selected="true"]')?.focus();
    };
  }, []);
  const submit = (event?: FormEvent) => {
    event?.preventDefault();
    if (props.refused === undefined) props.onSend();
  };
  return (
    <form
      ref={box}
      className={css.form}
      aria-label={props.title}
      onSubmit={submit}
      onKeyDown={(event) => {
        if (event.key === "Escape") {
          event.stopPropagation();
          props.onClose();
        } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit();
      }}
    >
      {props.children}
      <div className={css.acts}>
        <Act look="main" submit disabledReason={props.refused}>
          {props.send}
        </Act>
        <Act hint="Esc" onAct={props.onClose}>
          Cancel
        </Act>
      </div>
    </form>
  );
}

const everyStatus = (Object.entries(statusLook) satisfies [string, { word: string }][]).map(([value, look]) => ({
  value,
  label: look.word,
}));

function Override({ finding, decisions, onClose }: FormProps) {
  // The machine's own status is no override; accepting says the same.
  const statuses = everyStatus.filter((item) => item.value !== finding.status);
  const [status, setStatus] = useState(
    statuses.find((item) => item.value !== standing(finding))?.value ?? statuses[0]?.value ?? "covered",
  );
  const [reasonCode, setReasonCode] = useState<ReasonCode>("evidence-elsewhere");
  const [reason, setReason] = useState("");
  return (
    <InPlace
      title={`Override ${finding.requirementId}`}
      send="Override finding"
      refused={reason.trim() === "" ? "A reason is needed; the next reader must understand it." : undefined}
      onSend={() => decisions.act(finding, "override", { status, reasonCode, reason: reason.trim() })}
      onClose={onClose}
    >
      <p className={css.machine}>
        Machine: <s>{statusLook[finding.status].word}</s>, kept beside your decision
      </p>
      <div className={css.pair}>
        <Choice name="override-status" label="New status" value={status} options={statuses} onChange={setStatus} />
        <Choice name="override-code" label="Reason" value={reasonCode} options={reasonCodes} onChange={setReasonCode} />
      </div>
      <textarea
        className={css.text}
        aria-label="Reason in words"
        placeholder="Why, in words the next reader understands"
        rows={3}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
    </InPlace>
  );
}

function Reopen({ finding, decisions, onClose }: FormProps) {
  const [reason, setReason] = useState("");
  return (
    <InPlace
      title={`Reopen ${finding.requirementId}`}
      send="Reopen finding"
      refused={reason.trim() === "" ? "A reason is needed; the next reader must understand it." : undefined}
      onSend={() => {
        decisions.act(finding, "reopen", { reason: reason.trim() });
        onClose();
      }}
      onClose={onClose}
    >
      <p className={css.machine}>The decision is taken back, and stays in the history with your reason.</p>
      <textarea
        className={css.text}
        aria-label="Reason in words"
        placeholder="Why, in words the next reader understands"
        rows={3}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
    </InPlace>
  );
}

function Assign({ finding, decisions, onClose }: FormProps) {
  const people = useQuery({ queryKey: ["people-all"], queryFn: () => read<Page<Member>>(api.people()) });
  const now = typeof finding.assignee === "string" ? finding.assignee : (finding.assignee?.id ?? "");
  const options = (people.data?.items ?? [])
    .filter((member) => isColleague(member) || member.id === now)
    .map((member) => ({ value: member.id, label: member.name }));
  const [chosen, setChosen] = useState<string>();
  const value = chosen ?? (now || (options[0]?.value ?? ""));
  const nobody = finding.assignee === null ? [] : [{ value: "", label: "Nobody" }];
  return (
    <InPlace
      title={`Assign ${finding.requirementId}`}
      send={value === "" && finding.assignee !== null ? "Unassign finding" : "Assign finding"}
      refused={
        !people.isSuccess
          ? "The people of this workspace are not loaded yet."
          : value === now
            ? finding.assignee === null
              ? "Choose who closes it."
              : `It is with ${personName(finding.assignee)} already.`
            : undefined
      }
      onSend={() => decisions.act(finding, "assign", { assigneeId: value === "" ? null : value })}
      onClose={onClose}
    >
      <Choice
        name="assignee"
        label="Who closes it"
        value={value}
        options={[...nobody, ...options]}
        onChange={setChosen}
      />
      {finding.assignee !== null && <p className={css.machine}>Now with {personName(finding.assignee)}</p>}
    </InPlace>
  );
}

function Due({ finding, decisions, onClose }: FormProps) {
  const { dueOn } = finding;
  const [day, setDay] = useState(dueOn ?? "");
  const clears = day === "" && dueOn !== null;
  return (
    <InPlace
      title={`Due date of ${finding.requirementId}`}
      send={clears ? "Take due date back" : "Set due date"}
      refused={
        day === "" && dueOn === null
          ? "Choose a day."
          : (dayFault(day) ?? (day === dueOn ? "It is due on that day already." : undefined))
      }
      onSend={() => decisions.act(finding, "due", { dueOn: clears ? null : day })}
      onClose={onClose}
    >
      <DateField
        name="finding-due"
        label="Due on"
        hint={dueOn === null ? undefined : "Empty: due on no day."}
        value={day}
        onChange={setDay}
      />
      {dueOn !== null && (
        <p className={css.machine}>{clears ? "It will be due on no day." : `Now due ${showDay(dueOn)}.`}</p>
      )}
    </InPlace>
  );
}

function Note({ finding, decisions, onClose }: FormProps) {
  const [note, setNote] = useState(finding.note ?? "");
  return (
    <InPlace
      title={`Note on ${finding.requirementId}`}
      send="Save note"
      onSend={() => decisions.act(finding, "note", { note: note.trim() === "" ? null : note.trim() })}
      onClose={onClose}
    >
      <textarea
        className={css.text}
        aria-label="Note"
        rows={4}
        value={note}
        onChange={(event) => setNote(event.currentTarget.value)}
      />
    </InPlace>
  );
}
