import { Act } from "@probity/web/kit/act.tsx";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { Field } from "@probity/web/kit/field.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { ProofLine } from "@probity/web/kit/proof-line.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { showTime } from "@probity/web/kit/time.ts";
import { read, write } from "@probity/web/shell/api.ts";
import { Go, usePlace } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Attachments } from "./attachments.tsx";
import { inspectPage } from "./inspect-path.ts";
import { ToldByMail } from "./notice-setting.tsx";
import { labApi } from "./path.ts";
import { MadeWith } from "./setup-correct.tsx";
import { StatedUncertainty, useStated } from "./stated.tsx";
import css from "./story.module.css";
import type { Story } from "./types.ts";
import { Investigate } from "./investigate.tsx";
import { refusedBecause, verdictLook } from "./words.ts";

/** Everything that ever was of one result: what was first entered, each change with its reason, and where the log holds it. */
export function StoryDialog(props: {
  id: string | null;
  may: readonly string[] | undefined;
  onClose: () => void;
  onChanged: () => void;
}) {
  const { id } = props;
  const ws = usePlace().params["ws"] ?? "";
  const story = useQuery({
    queryKey: ["lab-story", id],
    queryFn: () => read<Story>(labApi.story(id ?? "")),
    enabled: id !== null,
    staleTime: 0,
  });
  const [why, setWhy] = useState("");
  const retest = useMutation({
    mutationFn: (found: Story) =>
      write("POST", labApi.retest(found.id), { reason: why.trim() }, { version: found.version }),
    onSuccess: () => {
      setWhy("");
      props.onChanged();
      props.onClose();
    },
  });
  const found = story.data;
  const stated = useStated(found === undefined ? [] : [found.id]);
  const last = found?.versions.at(-1);
  return (
    <Dialog
      open={id !== null}
      onClose={props.onClose}
      title={found ? `${found.name}${found.sample ? `, ${found.sample}` : ""}` : "Result"}
      size={640}
    >
      {story.isPending && <Skeleton label="Reading its history" rows={4} />}
      {story.isError && <ProblemNotice problem={asProblem(story.error)} />}
      {found !== undefined && (
        <>
          <div className={css.head}>
            <span className={css.value}>
              {found.text ?? "–"} <span className={css.meta}>{found.unit}</span>
            </span>
            {found.verdict !== null && (
              <StatusMark tone={verdictLook[found.verdict].tone} word={verdictLook[found.verdict].word} tinted />
            )}
            <Go to={inspectPage.evidence(ws, found.id)}>By the nine principles</Go>
            <span className={css.meta}>
              reported {found.reported ?? "–"} · limit {found.limit || "none"} · {found.words}
              {stated.has(found.id) && (
                <>
                  <br />
                  states <StatedUncertainty of={stated.get(found.id)} />
                </>
              )}
              <br />
              {found.method.code} v{found.method.number}, {found.method.title}
              {found.worksheet !== null && ` · ${found.worksheet}`}
            </span>
          </div>
          {found.original !== null && found.original.text !== found.text && (
            <p className={css.meta}>
              First entered: <b className={css.mono}>{found.original.text}</b> by {found.original.by},{" "}
              {showTime(found.original.at)}.
            </p>
          )}
          {found.broughtIn && (
            <p className={css.meta}>
              Brought in from elsewhere: entered by {found.enteredBy}, {found.enteredAt && showTime(found.enteredAt)};
              verified by {found.verifiedBy ?? "nobody"}, as stated there.
            </p>
          )}
          <ToldByMail notices={found.notices} />
          <ol className={css.steps}>
            {found.versions.map((step) => (
              <li key={step.version} data-act={step.act}>
                <span className={css.act}>{step.act}</span>
                <span>
                  {step.act === "changed" && (
                    <>
                      <span className={css.struck}>{step.before}</span> →{" "}
                    </>
                  )}
                  {(step.act === "entered" || step.act === "changed") && <b className={css.mono}>{step.text} </b>}
                  {step.by} · <time dateTime={step.at}>{showTime(step.at)}</time>
                  {step.source === "import" && step.act === "entered" && " · from a file"}
                </span>
                {step.reason !== null &&
                  (step.act === "changed" || step.act === "retested" || step.act === "unlocked") && (
                    <span className={css.why}>“{step.reason}”</span>
                  )}
                {step.interim !== null && (step.act === "entered" || step.act === "changed") && (
                  <span className={`${css.why} ${css.meta}`}>
                    {found.fields.map((field) => `${field.name} ${step.interim?.[field.key] ?? ""}`).join(" · ")}
                  </span>
                )}
              </li>
            ))}
          </ol>
          {found.attempts.length > 1 && (
            <p className={css.meta}>
              Determined {found.attempts.length} times, all kept:{" "}
              {found.attempts.map((each) => `${each.attempt}. ${each.text ?? "open"} (${each.state})`).join(", ")}.
            </p>
          )}
          {found.file !== null && (
            <p className={css.hash}>
              {found.file.name} · sha-256 {found.file.sha256}
            </p>
          )}
          <Attachments
            level={3}
            filter={{ result: found.id }}
            beside={[
              {
                place: "results",
                id: found.id,
                title: found.name,
                closed:
                  found.state === "open" || found.state === "entered"
                    ? undefined
                    : `${found.name} is ${found.state}: its files stay as they are.`,
              },
            ]}
            may={props.may}
            empty="No file is beside this result."
          />
          <MadeWith ws={ws} result={found} may={props.may} onChanged={props.onChanged} />
          <ProofLine
            parts={[
              `v${found.version}`,
              last?.leaf === null || last?.leaf === undefined ? "its leaf waits for its place" : `leaf ${last.leaf}`,
              "server time throughout",
            ]}
          />
          {found.verdict === "out" && found.kind === "sample" && <Investigate story={found} may={props.may} />}
          {found.state === "entered" && found.sampleId !== null && (
            <form
              className={css.retest}
              onSubmit={(event) => {
                event.preventDefault();
                if (why.trim() !== "") retest.mutate(found);
              }}
            >
              {retest.isError && <ProblemNotice problem={asProblem(retest.error)} />}
              <Field
                name="retest-why"
                label="Retest, because"
                value={why}
                onChange={setWhy}
                hint="The original stays on the record and in what is published."
              />
              <p>
                <Act
                  submit
                  busy={retest.isPending}
                  disabledReason={
                    refusedBecause(props.may, "lab.result.retest", "reviewers") ??
                    (why.trim() === "" ? "A retest says why." : undefined)
                  }
                >
                  Order retest
                </Act>
              </p>
            </form>
          )}
        </>
      )}
    </Dialog>
  );
}
