import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Act } from "../kit/act.tsx";
import { announce } from "../kit/announcer.tsx";
import { Dialog } from "../kit/dialog.tsx";
import { Choice } from "../kit/field.tsx";
import { Notice } from "../kit/notice.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { type PrintedSignature, SignatureInFull, SignatureSet, SignStrip } from "../kit/sign-block.tsx";
import { read, write } from "./api.ts";
import { page } from "./path.ts";
import { Go, usePlace } from "./place.tsx";
import { type ApiProblem, asProblem } from "./problem.ts";
import { SignDialog } from "./sign-dialog.tsx";
import type { ShownSignature, SigningStep, SigningView } from "./sign-types.ts";
import { sayCheck, signedTime, standingOf } from "./sign-words.ts";
import pageCss from "./page.module.css";
import css from "./sign.module.css";

/** How the record at this address of the API stands with signatures and lock. */
export function useSigning(one: string) {
  return useQuery({
    queryKey: ["signing", one],
    queryFn: () => read<SigningView>(`${one}/signing`),
    // A signature's proof is there a second later: the page says so by itself.
    refetchInterval: (query) => (waits(query.state.data) && query.state.dataUpdateCount < 20 ? 1_500 : false),
  });
}

function waits(view: SigningView | undefined): boolean {
  return view?.steps.some((step) => step.signatures.some(({ place }) => place?.state !== "signed")) ?? false;
}

type Open = { kind: "sign"; step: SigningStep } | { kind: "unlock" } | { kind: "all" } | null;

/** The signature line of a record, with its dialogs. `onChange` after a signature or an unlocking. */
export function Signatures({ one, onChange }: { one: string; onChange: () => void }) {
  const queries = useQueryClient();
  const signing = useSigning(one);
  const [open, setOpen] = useState<Open>(null);
  const view = signing.data;
  if (signing.isError) {
    return <ProblemNotice problem={asProblem(signing.error)} onRetry={() => void signing.refetch()} />;
  }
  if (view === undefined) return null;
  const done = () => {
    setOpen(null);
    void queries.invalidateQueries({ queryKey: ["signing", one] });
    onChange();
  };
  const standing = view.steps.flatMap((step) => step.signatures);
  const next = view.steps.find((step) => step.open);
  return (
    <>
      <SignStrip
        standing={standingOf(view)}
        open={!view.locked}
        signatures={standing.map(printed)}
        waiting={waitingFor(next)}
        acts={
          <>
            {next !== undefined && (
              <Act
                look={next.mayISign ? "main" : "plain"}
                disabledReason={next.mayISign ? undefined : (next.refusal ?? "This is not part of your role.")}
                onAct={() => setOpen({ kind: "sign", step: next })}
              >
                {`Sign ${next.title.toLowerCase()}`}
              </Act>
            )}
            {(standing.length > 0 || view.earlier.length > 0) && (
              <Act onAct={() => setOpen({ kind: "all" })}>Signatures</Act>
            )}
            {view.locked && view.unlock !== null && (
              <Act
                disabledReason={view.unlock.may ? undefined : "Unlocking is not part of your role. Ask an admin."}
                onAct={() => setOpen({ kind: "unlock" })}
              >
                Unlock
              </Act>
            )}
          </>
        }
      />
      {next?.refusalCode === "signing.not_acknowledged" && <ToAcknowledge />}
      {open?.kind === "sign" && (
        <SignDialog one={one} view={view} step={open.step} onClose={() => setOpen(null)} onSigned={done} />
      )}
      {open?.kind === "unlock" && <Unlock one={one} view={view} onClose={() => setOpen(null)} onDone={done} />}
      {open?.kind === "all" && <Everything view={view} onClose={() => setOpen(null)} />}
    </>
  );
}

function waitingFor(next: SigningStep | undefined): string | null {
  if (next === undefined) return null;
  const left = next.signersNeeded - next.signatures.length;
  return `waiting for ${next.title.toLowerCase()}${left > 1 ? `, ${left} people` : ""}`;
}

function printed(each: Omit<ShownSignature, "check" | "place">): PrintedSignature {
  const reason = [each.reasonCode, each.reason].filter((part) => part !== null).join(": ");
  return {
    id: each.id,
    printedName: each.printedName,
    meaning: each.meaning,
    at: signedTime(each.signedAt),
    reason: reason === "" ? null : reason,
  };
}

function ToAcknowledge() {
  const { params } = usePlace();
  return (
    <Notice tone="partial" act={<Go to={page.signing(params.ws ?? "")}>Read and acknowledge</Go>}>
      Your identity is verified. Before you sign, take your signature as binding.
    </Notice>
  );
}

/** Every signature in full, those of earlier versions and each unlocking included. */
function Everything({ view, onClose }: { view: SigningView; onClose: () => void }) {
  const standing = view.steps.flatMap((step) => step.signatures);
  const shown = (each: SigningView["earlier"][number], check: ReturnType<typeof sayCheck> | null) => (
    <SignatureInFull
      key={each.id}
      signature={printed(each)}
      check={check}
      version={each.version}
      recordHash={each.recordHash}
      earlier={check === null}
    />
  );
  return (
    <Dialog open title={`Signatures: ${view.title}`} onClose={onClose} size={600}>
      <div className={pageCss.form}>
        {view.unchanged === false && (
          <Notice tone="gap">What stands now differs from what was signed. Nothing of the signatures is lost.</Notice>
        )}
        {standing.length === 0 ? (
          <p className={pageCss.muted}>No signature counts for the version that stands now.</p>
        ) : (
          <SignatureSet>{standing.map((each) => shown(each, sayCheck(each)))}</SignatureSet>
        )}
        {view.unlocks.length > 0 && (
          <section className={css.section} aria-labelledby="sign-unlocks">
            <h3 id="sign-unlocks">Unlocked</h3>
            <ul>
              {view.unlocks.map((each) => (
                <li key={each.version}>
                  {each.by ?? "A former member"}, {signedTime(each.at)}: “{each.reason}”{" "}
                  <span className={pageCss.muted}>began version {each.version}</span>
                </li>
              ))}
            </ul>
          </section>
        )}
        {view.earlier.length > 0 && (
          <section className={css.section} aria-labelledby="sign-earlier">
            <h3 id="sign-earlier">Signatures of earlier versions</h3>
            <SignatureSet>{view.earlier.map((each) => shown(each, null))}</SignatureSet>
          </section>
        )}
      </div>
    </Dialog>
  );
}

/** Takes the lock off: what that does to the signatures is said before the reason is asked. */
function Unlock(props: { one: string; view: SigningView; onClose: () => void; onDone: () => void }) {
  const { view } = props;
  const reasons = view.unlock?.reasons ?? [];
  const [code, setCode] = useState("");
  const [reason, setReason] = useState("");
  const [error, setError] = useState<string>();
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const wrong = reason.trim() === "" ? "Say why, in words the next reader understands." : undefined;
    setError(wrong);
    if (wrong !== undefined) return;
    setBusy(true);
    setProblem(null);
    try {
      const body = { reason: reason.trim(), reasonCode: code === "" ? null : code };
      await write("POST", `${props.one}/unlock`, body, { version: view.version });
      announce("Unlocked");
      props.onDone();
    } catch (thrown) {
      setProblem(asProblem(thrown));
      setBusy(false);
    }
  };
  return (
    <Dialog open title={`Unlock: ${view.title}`} onClose={props.onClose}>
      <form className={pageCss.form} onSubmit={(event) => void submit(event)} noValidate>
        {problem !== null && <ProblemNotice problem={problem} />}
        <p>
          A new version begins, open for changes and without signatures. Those of version {view.version} stay with
          version {view.version} and stay readable. Your name and reason go into the audit trail.
        </p>
        {reasons.length > 0 && (
          <Choice
            name="unlock-code"
            label="Kind of reason"
            value={code}
            options={[
              { value: "", label: "None of these" },
              ...reasons.map((each) => ({ value: each.code, label: each.label })),
            ]}
            onChange={setCode}
          />
        )}
        <label className={css.label}>
          Reason
          <textarea
            className={css.text}
            rows={3}
            maxLength={1000}
            value={reason}
            aria-invalid={error === undefined ? undefined : true}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
        </label>
        {error !== undefined && (
          <p role="alert" className={css.error}>
            {error}
          </p>
        )}
        <div className={pageCss.row}>
          <Act size="form" onAct={props.onClose}>
            Keep it locked
          </Act>
          <Act look="danger" size="form" submit busy={busy}>
            Unlock
          </Act>
        </div>
      </form>
    </Dialog>
  );
}
