import { Act } from "@probity/web/kit/act.tsx";
import { CardChoice } from "@probity/web/kit/card-choice.tsx";
import { FileDrop } from "@probity/web/kit/file-drop.tsx";
import { Notice } from "@probity/web/kit/notice.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Progress } from "@probity/web/kit/progress.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { useTitle } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useInstance } from "@probity/web/shell/session.ts";
import { lazy, Suspense, useState } from "react";
import { CheckFiles } from "./check-files.tsx";
import { Legend, Specimen } from "./specimen.tsx";
import { accepted, useCheck } from "./use-check.ts";
import css from "./free-check.module.css";

const loadResult = () => import("./check-result.tsx");
const CheckResult = lazy(async () => ({ default: (await loadResult()).CheckResult }));

/** The first page: drop procedures, read gaps with quotes. No account, nothing kept. */
export function FreeCheck() {
  useTitle("Gap check");
  const instance = useInstance();
  const [pack, setPack] = useState("");
  const check = useCheck();
  const packs = instance.data?.packs ?? [];
  const chosen = packs.find((item) => item.id === pack) ?? packs[0];
  const start = (files: File[]) => {
    // Fetched while the server reads, so that the result opens at once.
    void loadResult();
    check.start(chosen?.id, files);
  };

  if (check.state.step === "result") {
    return (
      <Suspense fallback={<Skeleton rows={12} label="Opening the result" />}>
        <CheckResult
          run={check.state.run}
          files={check.state.files}
          leftOut={check.state.leftOut}
          onNew={check.reset}
        />
      </Suspense>
    );
  }
  const off = instance.data !== undefined && !instance.data.freeCheck.on;
  const refused = off ? "The free check is switched off on this instance." : undefined;
  const perHour = instance.data?.freeCheck.perHour ?? 0;
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
      <div className={css.sides}>
        <div className={css.side}>
          {check.state.step === "checking" ? (
            <div className={css.busy}>
              <Progress {...check.state.progress} />
              <Act onAct={check.reset}>Stop the check</Act>
            </div>
          ) : (
            <>
              {packs.length > 0 && (
                <CardChoice
                  name="pack"
                  legend="Check against"
                  value={chosen?.id ?? ""}
                  onChange={setPack}
                  options={packs.map((item) => ({
                    value: item.id,
                    title: item.title,
                    detail: item.requirementCount === undefined ? "" : `${item.requirementCount} requirements`,
                  }))}
                />
              )}
              <FileDrop
                accept={accepted}
                refused={refused}
                onFiles={start}
                more={
                  <Act
                    size="form"
                    disabledReason={refused}
                    onAct={() => void import("./sample-file.ts").then((sample) => start(sample.sampleFiles()))}
                  >
                    Take the sample procedures
                  </Act>
                }
              >
                <strong className={css.drop}>Drop your procedures here</strong>
                <span className={css.kinds}>Files or a whole folder. PDF, Word, text or Markdown.</span>
              </FileDrop>
            </>
          )}
          {check.state.problem !== null && <ProblemNotice problem={check.state.problem} />}
          <p className={css.promise}>
            Read in memory, kept nowhere. No account.
            {perHour > 0 && <span title="Set for this whole instance"> {perHour} checks an hour.</span>}
          </p>
        </div>
        {check.state.files.length === 0 ? <Specimen /> : <CheckFiles files={check.state.files} />}
      </div>
      <Legend />
    </div>
  );
}
