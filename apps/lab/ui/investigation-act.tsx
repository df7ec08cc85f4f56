import { Act } from "@probity/web/kit/act.tsx";
import { announce } from "@probity/web/kit/announcer.tsx";
import { Choice, Field } from "@probity/web/kit/field.tsx";
import { write } from "@probity/web/shell/api.ts";
import { type EditedField, useEdited } from "@probity/web/shell/edited.tsx";
import pageCss from "@probity/web/shell/page.module.css";
import { Textarea } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import {
  conclusionWord,
  investigationApi,
  stateWord,
  type Answer,
  type Conclusion,
  type Investigation,
} from "./investigation-types.ts";
import css from "./investigation.module.css";
import { refusedBecause } from "./words.ts";

const [change, approve] = ["lab.investigation.change", "lab.investigation.approve"];
const doers = "technicians and reviewers";
const nextWord: Readonly<Record<Exclude<Investigation["state"], "concluded">, string>> = {
  "phase-1": "the assessment in the laboratory",
  "retest-planned": "the approval of the retest plan",
  "retest-approved": "the retests, and phase II where they leave it open",
  "phase-2": "the conclusion",
};
type Send = (act: string, body: unknown) => void;
interface Part {
  found: Investigation;
  busy: boolean;
  send: Send;
}

/** What somebody else may have written under an open form. It is shown where it stands; a form takes none of it over. */
const stands: readonly EditedField<Investigation>[] = [
  ["State", (each: Investigation) => stateWord[each.state].word] as const,
  ["Laboratory error", (each: Investigation) => each.cause ?? ""] as const,
  ["What was found", (each: Investigation) => each.causeText ?? ""] as const,
  [
    "Answers",
    (each: Investigation) => (each.checklist ?? []).map(({ answer, note }) => `${answer} ${note}`.trim()).join("; "),
  ] as const,
  ["Hypothesis", (each: Investigation) => each.hypothesis ?? ""] as const,
  ["Plan", (each: Investigation) => each.plan ?? ""] as const,
  ["Phase II", (each: Investigation) => each.scope ?? ""] as const,
].map(([label, of]) => ({ label, of, mine: null, take: () => undefined }));

/** What comes next, and nothing else: the acts of the state it is in. */
export function InvestigationAct(props: {
  found: Investigation;
  reread: () => Promise<Investigation>;
  onChanged: () => Promise<void>;
}) {
  const { found } = props;
  const edited = useEdited(found, props.reread, stands);
  const act = useMutation({
    mutationFn: (made: { act: string; body: unknown }) =>
      write("POST", investigationApi.one(found.id, made.act), made.body, { version: edited.base.version }),
    onError: edited.onError,
    onSuccess: async () => {
      announce("Saved");
      await props.onChanged();
    },
  });
  const part: Part = { found, busy: act.isPending, send: (name, body) => act.mutate({ act: name, body }) };
  if (found.state === "concluded") return null;
  // Who may do nothing here reads what comes next, not forms they could not send.
  if (!found.may.includes(change) && !found.may.includes(approve))
    return (
      <p className={pageCss.muted}>{`Next: ${nextWord[found.state]}. ${refusedBecause(found.may, change, doers)}`}</p>
    );
  const assessed = found.cause !== null;
  const after = found.state === "retest-approved" || found.state === "phase-2";
  return (
    <div className={css.acts}>
      {act.isError && edited.told(act.error)}
      {found.state === "phase-1" && <Assess {...part} />}
      {found.state === "phase-1" && assessed && <Plan {...part} />}
      {found.state === "retest-planned" && <Decide {...part} />}
      {(after || (found.state === "phase-1" && found.cause === "none-found")) && <Widen {...part} />}
      {(found.state === "phase-2" || (found.cause === "laboratory-error" && found.state !== "retest-planned")) && (
        <Conclude {...part} />
      )}
    </div>
  );
}

const answers = [
  { value: "in-order", label: "In order" },
  { value: "deviation", label: "Not in order" },
  { value: "not-applicable", label: "Does not apply" },
] as const;
type Given = Record<string, { answer: Answer | ""; note: string }>;

function Assess({ found, busy, send }: Part) {
  const [given, setGiven] = useState<Given>(() =>
    Object.fromEntries(
      found.questions.map(({ key }) => {
        const kept = found.checklist?.find((each) => each.question === key);
        return [key, { answer: kept?.answer ?? "", note: kept?.note ?? "" }];
      }),
    ),
  );
  const [cause, setCause] = useState<"laboratory-error" | "none-found" | "">(found.cause ?? "");
  const [causeText, setCauseText] = useState(found.causeText ?? "");
  const [hypothesis, setHypothesis] = useState(found.hypothesis ?? "");
  const open = found.questions.filter(({ key }) => given[key]?.answer === "").length;
  const silent = found.questions.find(({ key }) => {
    const each = given[key];
    return each !== undefined && each.answer !== "" && each.answer !== "in-order" && each.note.trim() === "";
  });
  const missing =
    refusedBecause(found.may, change, doers) ??
    (open > 0
      ? `${open} questions have no answer yet.`
      : silent !== undefined
        ? `“${silent.text}” needs a note.`
        : cause === "" || causeText.trim() === ""
          ? "Say whether a laboratory error was found, and what."
          : undefined);
  return (
    <form
      className={css.form}
      onSubmit={(event) => {
        event.preventDefault();
        if (missing !== undefined) return;
        send("assess", {
          checklist: found.questions.map(({ key }) => ({
            question: key,
            answer: given[key]?.answer,
            note: given[key]?.note ?? "",
          })),
          cause,
          causeText,
          hypothesis: hypothesis.trim() === "" ? null : hypothesis,
        });
      }}
    >
      <h2>Assess in the laboratory</h2>
      <p className={pageCss.meta}>Before anything is repeated or poured away: look, ask, calculate again.</p>
      <ul className={css.questions}>
        {found.questions.map((question) => {
          const each = given[question.key] ?? { answer: "", note: "" };
          const set = (next: Partial<typeof each>) =>
            setGiven((before) => ({ ...before, [question.key]: { ...each, ...next } }));
          return (
            <li key={question.key}>
              <fieldset>
                <legend>{question.text}</legend>
                <div className={css.options}>
                  {answers.map(({ value, label }) => (
                    <label key={value}>
                      <input
                        type="radio"
                        name={question.key}
                        checked={each.answer === value}
                        onChange={() => set({ answer: value })}
                      />{" "}
                      {label}
                    </label>
                  ))}
                </div>
                {each.answer !== "" && each.answer !== "in-order" && (
                  <input
                    className={css.line}
                    aria-label={`Note: ${question.text}`}
                    placeholder="What was found"
                    value={each.note}
                    onChange={(event) => set({ note: event.currentTarget.value })}
                  />
                )}
              </fieldset>
            </li>
          );
        })}
      </ul>
      <Choice
        name="cause"
        label="Laboratory error"
        value={cause}
        options={[
          { value: "", label: "Choose" },
          { value: "none-found", label: "None found" },
          { value: "laboratory-error", label: "Found" },
        ]}
        onChange={setCause}
      />
      <Textarea
        label="What was found"
        autosize
        minRows={2}
        value={causeText}
        onChange={(event) => setCauseText(event.currentTarget.value)}
      />
      <Textarea
        label="Hypothesis and its test"
        description="If one was tested on what is kept, say with what outcome."
        autosize
        minRows={2}
        value={hypothesis}
        onChange={(event) => setHypothesis(event.currentTarget.value)}
      />
      <p>
        <Act submit look={found.cause === null ? "main" : "plain"} size="form" busy={busy} disabledReason={missing}>
          {found.cause === null ? "Save assessment" : "Save assessment again"}
        </Act>
      </p>
    </form>
  );
}

function Plan({ found, busy, send }: Part) {
  const [retests, setRetests] = useState(String(found.retests ?? 1));
  const [plan, setPlan] = useState(found.plan ?? "");
  const count = Number(retests);
  const missing =
    refusedBecause(found.may, change, doers) ??
    (!Number.isInteger(count) || count < 1 || count > 10
      ? "A plan says how often: 1 to 10."
      : plan.trim() === ""
        ? "A plan says what is repeated, by whom and from what."
        : undefined);
  return (
    <form
      className={css.form}
      onSubmit={(event) => {
        event.preventDefault();
        if (missing === undefined) send("plan", { retests: count, plan });
      }}
    >
      <h2>Plan a retest</h2>
      <p className={pageCss.meta}>Another reviewer approves it before the first retest. The number is fixed with it.</p>
      <Field name="retests" label="Retests, at most" value={retests} onChange={setRetests} />
      <Textarea
        label="What, by whom, from which preparation"
        autosize
        minRows={2}
        value={plan}
        onChange={(event) => setPlan(event.currentTarget.value)}
      />
      <p>
        <Act submit size="form" busy={busy} disabledReason={missing}>
          Hand over for approval
        </Act>
      </p>
    </form>
  );
}

function Decide({ found, busy, send }: Part) {
  const [reason, setReason] = useState("");
  const own =
    refusedBecause(found.may, approve, "reviewers") ??
    (found.own.plan
      ? "You planned it: another reviewer approves."
      : found.own.result
        ? "You entered the result: another reviewer approves."
        : undefined);
  return (
    <div className={css.form}>
      <h2>Approve the retest plan</h2>
      <p>
        <Act look="main" size="form" busy={busy} disabledReason={own} onAct={() => send("decide", { approved: true })}>
          Approve plan
        </Act>
      </p>
      <Field name="send-back" label="Send back, because" value={reason} onChange={setReason} />
      <p>
        <Act
          size="form"
          busy={busy}
          disabledReason={own ?? (reason.trim() === "" ? "Going back needs a reason." : undefined)}
          onAct={() => send("decide", { approved: false, reason })}
        >
          Send back
        </Act>
      </p>
    </div>
  );
}

function Widen({ found, busy, send }: Part) {
  const [scope, setScope] = useState(found.scope ?? "");
  return (
    <form
      className={css.form}
      onSubmit={(event) => {
        event.preventDefault();
        if (scope.trim() !== "") send("widen", { scope });
      }}
    >
      <h2>{found.state === "phase-2" ? "Phase II" : "Go on to phase II"}</h2>
      <Textarea
        label="Production, other batches, method and trend"
        description="What was looked at beyond the laboratory, and what it showed."
        autosize
        minRows={3}
        value={scope}
        onChange={(event) => setScope(event.currentTarget.value)}
      />
      <p>
        <Act
          submit
          size="form"
          busy={busy}
          disabledReason={
            refusedBecause(found.may, change, doers) ?? (scope.trim() === "" ? "Say what was looked at." : undefined)
          }
        >
          {found.state === "phase-2" ? "Save phase II" : "Begin phase II"}
        </Act>
      </p>
    </form>
  );
}

function Conclude({ found, busy, send }: Part) {
  const options = (["confirmed", "inconclusive", "laboratory-error"] as const).filter((each) =>
    each === "laboratory-error" ? found.cause === "laboratory-error" : found.state === "phase-2",
  );
  const [conclusion, setConclusion] = useState<Conclusion>(options[0] ?? "confirmed");
  const [text, setText] = useState("");
  const [capa, setCapa] = useState("");
  const [noCapa, setNoCapa] = useState("");
  const missing =
    refusedBecause(found.may, approve, "reviewers") ??
    (found.own.result
      ? "You entered the result: another reviewer concludes."
      : text.trim() === ""
        ? "Say why."
        : (capa.trim() === "") === (noCapa.trim() === "")
          ? "Name the corrective action, or say why there is none."
          : undefined);
  return (
    <form
      className={css.form}
      onSubmit={(event) => {
        event.preventDefault();
        if (missing !== undefined) return;
        send("conclude", {
          conclusion,
          text,
          ...(capa.trim() === "" ? { noCapa: noCapa.trim() } : { capa: capa.trim() }),
        });
      }}
    >
      <h2>Conclude</h2>
      <p className={pageCss.meta}>
        Locks the investigation. The original result stays where it is; publications name it.
      </p>
      <Choice
        name="conclusion"
        label="Conclusion"
        value={conclusion}
        options={options.map((value) => ({ value, label: conclusionWord[value] }))}
        onChange={setConclusion}
      />
      <Textarea
        label="Why"
        autosize
        minRows={2}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <Field
        name="capa"
        label="Corrective action"
        hint="Its number or its https address, where you keep them."
        value={capa}
        onChange={setCapa}
      />
      <Field name="no-capa" label="Or why none" value={noCapa} onChange={setNoCapa} />
      <p>
        <Act submit look="main" size="form" busy={busy} disabledReason={missing}>
          Conclude and lock
        </Act>
      </p>
    </form>
  );
}
