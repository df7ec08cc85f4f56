import { Act } from "@probity/web/kit/act.tsx";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { Field } from "@probity/web/kit/field.tsx";
import { Notice } from "@probity/web/kit/notice.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { ProofLine } from "@probity/web/kit/proof-line.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { StatusMark, StatusShape } from "@probity/web/kit/status-mark.tsx";
import { showTime } from "@probity/web/kit/time.ts";
import { read, write } from "@probity/web/shell/api.ts";
import { DownloadAct } from "@probity/web/shell/download-act.tsx";
import { PageProblem } from "@probity/web/shell/page-problem.tsx";
import page from "@probity/web/shell/page.module.css";
import { Go, usePlace, useTitle } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useMemo, useState } from "react";
import { Attachments } from "./attachments.tsx";
import { BlindNotice } from "./blind-notice.tsx";
import { CorrectSample } from "./correct-sample.tsx";
import { CustodyAct } from "./custody-act.tsx";
import css from "./lab.module.css";
import { inspectPage } from "./inspect-path.ts";
import { labApi, labPage } from "./path.ts";
import { Facts } from "./sample-facts.tsx";
import { GateNotice, useHeld } from "./gate-notice.tsx";
import { ResultGrid } from "./result-grid.tsx";
import { PublishAct } from "./publish-act.tsx";
import { Receive } from "./receive.tsx";
import { RunQuality, useRunMarks, useRuns } from "./run-quality.tsx";
import { StoryDialog } from "./story.tsx";
import { SampleCertificates } from "./sample-certificate.tsx";
import type { Sample } from "./types.ts";
import { Verifications, VerifyAct } from "./verify.tsx";
import { custodyWords, refusedBecause, stateLook, verdictLook } from "./words.ts";

const way = ["registered", "received", "tested", "verified", "published"] as const;

/** One sample: what it is, what was found, who had it, and what may be done with it now. */
export function SamplePage() {
  const place = usePlace();
  const [ws, id] = [place.params["ws"] ?? "", place.params["id"] ?? ""];
  const sample = useQuery({ queryKey: ["lab-sample", id], queryFn: () => read<Sample>(labApi.sample(id)) });
  const [story, setStory] = useState<string | null>(null);
  const [asking, setAsking] = useState<"unlock" | "cancel" | "move" | "receive" | "correct" | null>(null);
  const queries = useQueryClient();
  const reload = async () => {
    await queries.invalidateQueries({ queryKey: ["lab-sample", id] });
    await queries.invalidateQueries({ queryKey: ["lab-samples"] });
    await queries.invalidateQueries({ queryKey: ["lab-story"] });
  };
  const act = useMutation({
    mutationFn: ({ name, body, version }: { name: string; body?: unknown; version?: number }) =>
      write("POST", labApi.sample(id, name), body, { version }),
    onSuccess: async () => {
      setAsking(null);
      await reload();
    },
  });
  const found = sample.data;
  const fresh = found === undefined ? "" : [found, ...found.results].map((row) => row.version).join();
  const runs = useRuns({ sample: id }, fresh);
  const entered = useMemo(
    () => new Set((found?.results ?? []).filter(({ text }) => text !== null).map((row) => row.id)),
    [found],
  );
  const marks = useRunMarks(ws, runs.data, entered);
  const held = useHeld({ sample: id }, fresh);
  useTitle(found?.number ?? "Sample");
  if (found === undefined)
    return sample.isError ? (
      <PageProblem
        title="Sample"
        error={sample.error}
        onRetry={() => void sample.refetch()}
        back={<Go to={labPage.samples(ws)}>All samples</Go>}
      />
    ) : (
      <div className={page.page}>
        <Skeleton heading label="Reading the sample" />
      </div>
    );
  const own = found.results.filter((row) => row.state === "entered" && row.enteredById === found.you).length;
  const version = found.version;
  const verifyRefused =
    refusedBecause(found.may, "lab.result.verify", "reviewers") ??
    (own > 0 ? `You entered ${own} of these, and nobody verifies their own. Ask another reviewer.` : held);
  const locked = found.state === "verified" || found.state === "published";
  const lockedAt = found.state === "published" ? found.publishedAt : found.verifiedAt;
  return (
    <div className={page.page}>
      <div className={page.head}>
        <h1 className={css.number}>{found.number}</h1>
        <span>{found.product}</span>
        <StatusMark tone={stateLook[found.state].tone} word={stateLook[found.state].word} tinted />
        {found.verdict !== null && (
          <StatusMark tone={verdictLook[found.verdict].tone} word={verdictLook[found.verdict].word} tinted />
        )}
        {found.priority === "urgent" && <span className={css.urgent}>urgent</span>}
        <span className={page.row}>
          {found.state === "registered" && (
            <Act
              look="main"
              busy={act.isPending}
              disabledReason={refusedBecause(found.may, "lab.sample.receive", "technicians")}
              onAct={() => setAsking("receive")}
            >
              Receive
            </Act>
          )}
          {found.state === "tested" && (
            <VerifyAct
              words="Verify"
              of={labApi.sample(id)}
              version={version}
              by={found.verifyBy}
              refused={verifyRefused}
              onDone={() => void reload()}
            />
          )}
          {found.state === "verified" && !found.blinded && <PublishAct sample={found} onDone={() => void reload()} />}
          {found.state !== "registered" && (
            <Act
              disabledReason={refusedBecause(found.may, "lab.sample.receive", "technicians")}
              onAct={() => setAsking("move")}
            >
              Move or dispose
            </Act>
          )}
          {!found.blinded && refusedBecause(found.may, "lab.sample.register", "technicians") === undefined && (
            <Go to={labPage.samples(ws, `?register=1&like=${id}`)}>Register another like this</Go>
          )}
          <Go to={inspectPage.family(ws, id)}>Family & record</Go>
          <DownloadAct path={labApi.labels([id], "pdf")} name={`${found.number}.pdf`}>
            Label
          </DownloadAct>
          {locked && (
            <Act
              disabledReason={refusedBecause(found.may, "lab.sample.unlock", "admins")}
              onAct={() => setAsking("unlock")}
            >
              Unlock
            </Act>
          )}
        </span>
      </div>
      {sample.isError && <ProblemNotice problem={asProblem(sample.error)} onRetry={() => void sample.refetch()} />}
      {act.isError && asking === null && <ProblemNotice problem={asProblem(act.error)} />}
      {locked && (
        <Notice tone="sealed">
          {found.state === "published" ? "Published and locked" : "Verified and locked"}
          {lockedAt !== null && `, ${showTime(lockedAt)}`}. An admin unlocks with a reason; what is here stays as a
          version.
        </Notice>
      )}
      {found.blinded && <BlindNotice sample={found} onOpened={() => void reload()} />}
      <ol className={css.way} aria-label="Where it stands">
        {way.map((step) => {
          const done = way.indexOf(step) <= way.findIndex((each) => each === found.state);
          return (
            <li key={step} data-done={done || undefined} aria-current={step === found.state ? "step" : undefined}>
              <StatusShape tone={done ? "covered" : "planned"} size={10} /> {step}
            </li>
          );
        })}
      </ol>
      <RunQuality ws={ws} runs={runs} sheets entered={entered} />
      <section>
        <h2>Results</h2>
        <GateNotice of={{ sample: id }} fresh={fresh} />
        <ResultGrid
          ws={ws}
          rows={found.results}
          marks={marks}
          samples={false}
          refused={
            found.state === "registered"
              ? `${found.number} has not been received. Receive it first.`
              : refusedBecause(found.may, "lab.result.enter", "technicians")
          }
          onSaved={() => void reload()}
          onStory={setStory}
        />
      </section>
      <Attachments
        filter={{ sample: id }}
        beside={[
          {
            place: "samples",
            id,
            title: found.number,
            closed:
              locked || found.state === "cancelled"
                ? `${found.number} is ${found.state}: its files stay as they are.`
                : undefined,
          },
        ]}
        may={found.may}
        empty="No file is beside it or its results. A file of one result is added in that result’s history."
        warning={
          found.blinded
            ? "Blinded: a file beside the sample keeps no name and opens with the blind. What shows a result goes beside the result."
            : undefined
        }
      />
      <Verifications items={found.verifications} />
      <div className={css.two}>
        <section>
          <div className={css.headed}>
            <h2>Facts</h2>
            {!locked && !found.blinded && found.state !== "cancelled" && (
              <Act
                look="quiet"
                disabledReason={refusedBecause(found.may, "lab.sample.correct", "technicians")}
                onAct={() => setAsking("correct")}
              >
                Correct
              </Act>
            )}
          </div>
          <Facts sample={found} ws={ws} />
        </section>
        <section>
          <h2>Custody</h2>
          <ul className={css.lines}>
            {found.custody.map((step) => (
              <li key={step.id}>
                <span>
                  <b>{custodyWords[step.act] ?? step.act}</b> {step.place ?? ""}{" "}
                  {step.holder !== null && step.act === "handed-over" && `to ${step.holder}`}
                </span>
                <span className={page.meta}>
                  {step.by ?? "Probity"} · {showTime(step.at)}
                </span>
                {step.remark !== null && <span className={page.meta}>{step.remark}</span>}
              </li>
            ))}
            {found.custody.length === 0 && (
              <li className={page.muted}>
                {found.broughtIn
                  ? "Brought in from elsewhere; who had it there is not known here."
                  : "Not received here yet."}
              </li>
            )}
          </ul>
          {found.unlocks.map((each) => (
            <p key={each.id} className={page.meta}>
              Unlocked by {each.by ?? "Probity"}, {showTime(each.at)}: “{each.reason}”
            </p>
          ))}
          {found.publications.length > 0 && <h2>Published</h2>}
          <ul className={css.lines}>
            {found.publications.map((each, index) => (
              <li key={each.id}>
                <span>
                  <b>No. {each.number}</b> {index > 0 && <span className={page.muted}>superseded</span>}{" "}
                  {each.evaluations.map((one) => (
                    <span key={one.specification}>
                      {one.specification} v{one.number}{" "}
                      <StatusMark tone={verdictLook[one.verdict].tone} word={verdictLook[one.verdict].word} />{" "}
                    </span>
                  ))}
                </span>
                <span className={page.meta}>
                  {each.publisher} · {showTime(each.at)}
                </span>
              </li>
            ))}
          </ul>
          <SampleCertificates sample={found} ws={ws} onChange={() => void reload()} />
        </section>
      </div>
      {(found.state === "registered" ||
        (found.state === "received" && found.results.every((row) => row.state === "open"))) && (
        <p>
          <Act
            look="danger"
            disabledReason={refusedBecause(found.may, "lab.sample.cancel", "admins")}
            onAct={() => setAsking("cancel")}
          >
            Cancel sample
          </Act>
        </p>
      )}
      <ProofLine
        parts={[
          `v${found.version}`,
          found.leaf !== null
            ? `registered in leaf ${found.leaf}`
            : found.broughtIn
              ? "brought in with others"
              : "its leaf waits for its place",
        ]}
      />
      <StoryDialog id={story} may={found.may} onClose={() => setStory(null)} onChanged={() => void reload()} />
      <Receive
        alone
        open={asking === "receive"}
        chosen={[found]}
        onClose={() => setAsking(null)}
        onDone={() => {
          setAsking(null);
          void reload();
        }}
      />
      <CustodyAct
        open={asking === "move"}
        ids={[id]}
        what={found.number}
        onClose={() => setAsking(null)}
        onDone={() => {
          setAsking(null);
          void reload();
        }}
      />
      {asking === "correct" && (
        <CorrectSample
          sample={found}
          ws={ws}
          onClose={() => setAsking(null)}
          onDone={() => {
            setAsking(null);
            void reload();
          }}
        />
      )}
      <Ask
        asking={asking === "unlock" || asking === "cancel" ? asking : null}
        sample={found}
        busy={act.isPending}
        problem={act.isError ? <ProblemNotice problem={asProblem(act.error)} /> : null}
        onClose={() => {
          act.reset();
          setAsking(null);
        }}
        onDo={(name, body) => act.mutate({ name, body, version })}
      />
    </div>
  );
}

function Ask(props: {
  asking: "unlock" | "cancel" | null;
  sample: Sample;
  busy: boolean;
  problem: ReactNode;
  onClose: () => void;
  onDo: (name: string, body: unknown) => void;
}) {
  const [text, setText] = useState("");
  const titles = {
    unlock: `Unlock ${props.sample.number}`,
    cancel: `Cancel ${props.sample.number}`,
  };
  return (
    <Dialog
      open={props.asking !== null}
      onClose={props.onClose}
      title={props.asking === null ? "" : titles[props.asking]}
    >
      <form
        className={page.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim() === "") return;
          if (props.asking !== null) props.onDo(props.asking, { reason: text.trim() });
        }}
      >
        {props.problem}
        {props.asking === "unlock" && (
          <p className={page.muted}>
            Results can be changed again, each change with its own reason. What is locked now stays as a version, and
            verification starts anew.
          </p>
        )}
        <Field name="ask-text" label="Why" value={text} onChange={setText} />
        <div>
          <Act look="danger" size="form" submit busy={props.busy}>
            {props.asking === null ? "" : titles[props.asking]}
          </Act>
        </div>
      </form>
    </Dialog>
  );
}
