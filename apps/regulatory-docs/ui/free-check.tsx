import { Act } from "@probity/web/kit/act.tsx";
import { Choice } from "@probity/web/kit/field.tsx";
import { FileDrop } from "@probity/web/kit/file-drop.tsx";
import { Notice } from "@probity/web/kit/notice.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Progress } from "@probity/web/kit/progress.tsx";
import { useTitle } from "@probity/web/shell/place.tsx";
import { useInstance } from "@probity/web/shell/session.ts";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useState } from "react";
import { CheckFiles } from "./check-files.tsx";
import { CheckResult } from "./check-result.tsx";
import { accepted, useCheck } from "./use-check.ts";
import css from "./free-check.module.css";

/** The first page: drop procedures, read gaps with quotes. No account, nothing kept. */
export function FreeCheck() {
  useTitle("Gap check");
  const instance = useInstance();
  const [pack, setPack] = useState("");
  const check = useCheck();
  const packs = instance.data?.packs ?? [];
  const chosen = packs.find((item) => item.id === pack) ?? packs[0];

  if (check.state.step === "result")
    return <CheckResult run={check.state.run} files={check.state.files} onNew={check.reset} />;

  const off = instance.data !== undefined && !instance.data.freeCheck.on;
  return (
    <div className={css.page}>
      {instance.data?.setUp === false && (
        <Notice tone="partial">
          This instance is not set up yet. The gap check works already. To set it up, open the one-time link printed
          where it was started.
        </Notice>
      )}
      {instance.isError && (
        <ProblemNotice problem={asProblem(instance.error)} onRetry={() => void instance.refetch()} />
      )}
      <div className={css.intro}>
        <h1>What does the standard ask that your procedures do not say?</h1>
        <p>
          Drop them here. Seconds later each requirement stands beside the sentence that meets it, or beside nothing.
        </p>
      </div>
      {check.state.step === "checking" ? (
        <div className={css.busy}>
          <Progress {...check.state.progress} />
          <Act onAct={check.reset}>Stop the check</Act>
        </div>
      ) : (
        <FileDrop
          accept={accepted}
          refused={off ? "The free check is switched off on this instance." : undefined}
          onFiles={(files) => check.start(chosen?.id, files)}
        >
          <p>Drop a folder or files: PDF, Word, text or Markdown.</p>
          <div className={css.pack}>
            <Choice
              name="pack"
              label="Check against"
              quiet
              value={chosen?.id ?? ""}
              onChange={setPack}
              options={packs.map((item) => ({
                value: item.id,
                label:
                  item.requirementCount === undefined
                    ? item.title
                    : `${item.title}, ${item.requirementCount} requirements`,
              }))}
            />
          </div>
        </FileDrop>
      )}
      <p className={css.promise}>
        Read in memory, kept nowhere.
        {instance.data !== undefined && instance.data.freeCheck.perHour > 0 && (
          <>
            {" "}
            <span className={css.limit} title="Set by this instance's policy">
              {instance.data.freeCheck.perHour} checks an hour
            </span>
            .
          </>
        )}
      </p>
      {check.state.problem !== null && <ProblemNotice problem={check.state.problem} />}
      <CheckFiles files={check.state.files} />
      {check.state.files.length === 0 && <Specimen />}
    </div>
  );
}

/** What a finding looks like, drawn before there is one. */
function Specimen() {
  return (
    <section className={css.specimen} aria-labelledby="specimen-title">
      <h2 id="specimen-title">What you will read</h2>
      <dl>
        <div>
          <dt>
            <span style={{ color: "var(--p-covered)" }}>● covered</span>
          </dt>
          <dd>Every obligation of the requirement stands in a sentence you can open in its document.</dd>
        </div>
        <div>
          <dt>
            <span style={{ color: "var(--p-partial)" }}>◐ partial</span>
          </dt>
          <dd>Some obligations are seen. The ones that are not are named.</dd>
        </div>
        <div>
          <dt>
            <span style={{ color: "var(--p-gap)" }}>▲ gap</span>
          </dt>
          <dd>Nothing speaks of it, with the next step to close it.</dd>
        </div>
        <div>
          <dt>
            <span style={{ color: "var(--p-none)" }}>○ not assessable</span>
          </dt>
          <dd>A record or a visit would show it; a document cannot. It is never counted as met.</dd>
        </div>
      </dl>
    </section>
  );
}
