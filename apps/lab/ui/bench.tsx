import { Act } from "@probity/web/kit/act.tsx";
import { EmptyState } from "@probity/web/kit/empty-state.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { toneColour } from "@probity/web/kit/status.ts";
import { showAge, showDay } from "@probity/web/kit/time.ts";
import { read } from "@probity/web/shell/api.ts";
import { PageProblem } from "@probity/web/shell/page-problem.tsx";
import page from "@probity/web/shell/page.module.css";
import { Go, usePlace, useTitle } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { FirstSteps, useNextStep } from "./first-steps.tsx";
import css from "./lab.module.css";
import { labApi, labPage } from "./path.ts";
import { StoryDialog } from "./story.tsx";
import type { Bench } from "./types.ts";
import { useMay } from "./use-may.ts";
import { sampleTone, stateLook } from "./words.ts";

/** The bench in the morning: what is late or due, what came out of specification, which methods have work waiting. */
export function BenchPage() {
  useTitle("Bench");
  const place = usePlace();
  const ws = place.params["ws"] ?? "";
  const bench = useQuery({ queryKey: ["lab-bench", ws], queryFn: () => read<Bench>(labApi.bench()) });
  const may = useMay();
  const [story, setStory] = useState<string | null>(null);
  const found = bench.data;
  const idle = found !== undefined && found.counts.registered + found.counts.received + found.counts.tested === 0;
  const next = useNextStep(ws, idle);
  if (found === undefined)
    return bench.isError ? (
      <PageProblem title="Bench" error={bench.error} onRetry={() => void bench.refetch()} />
    ) : (
      <div className={page.page}>
        <Skeleton heading label="Reading the bench" />
      </div>
    );
  const { counts } = found;
  const count = (value: number, words: string, query: string, tone?: "gap" | "partial") => (
    <Go to={labPage.samples(ws, query)}>
      <b style={value > 0 && tone ? { color: toneColour(tone).ink } : {}}>{value}</b> <span>{words}</span>
    </Go>
  );
  const { today } = found;
  return (
    <div className={page.page}>
      <div className={page.head}>
        <h1>Bench</h1>
        <span className={page.row}>
          <Go to={labPage.samples(ws)}>All samples</Go> <Go to={labPage.worksheets(ws)}>Worksheets</Go>
        </span>
      </div>
      {bench.isError && <ProblemNotice problem={asProblem(bench.error)} onRetry={() => void bench.refetch()} />}
      {next !== null && <FirstSteps ws={ws} next={next} />}
      {next === null && (
        <nav className={css.counts} aria-label="Where samples stand">
          {count(counts.late, "late", "?due=late", "gap")}
          {count(counts.today, "due today", "?due=today", "partial")}
          {count(counts.out, "out, open", "?state=open&verdict=out", "gap")}
          {count(counts.registered, "to receive", "?state=registered")}
          {count(counts.received, "in testing", "?state=received")}
          {count(counts.tested, "to verify", "?state=tested")}
        </nav>
      )}
      {idle && next === null && (
        <EmptyState act={<Go to={labPage.samples(ws)}>Register samples</Go>}>
          Nothing is on the bench. Register samples, or import a file of them.
        </EmptyState>
      )}
      {next === null && (
        <div className={css.two}>
          <section>
            <h2>Due next</h2>
            <ul className={css.lines}>
              {found.due.map((item) => (
                <li key={item.id} style={{ boxShadow: `inset 4px 0 ${toneColour(sampleTone(item)).ink}` }}>
                  <span>
                    <Go to={labPage.sample(ws, item.id)} className={css.number}>
                      {item.number}
                    </Go>{" "}
                    {item.product} <span className={page.meta}>{item.point ?? ""}</span>{" "}
                    {item.priority === "urgent" && <span className={css.urgent}>urgent</span>}
                  </span>
                  <span className={page.row}>
                    <StatusMark tone={stateLook[item.state].tone} word={stateLook[item.state].word} />
                    <span className={item.dueOn !== null && item.dueOn < today ? css.late : page.meta}>
                      {item.dueOn === today
                        ? "today"
                        : item.dueOn === null
                          ? ""
                          : `${showDay(item.dueOn)}${item.dueOn < today ? " late" : ""}`}
                    </span>
                  </span>
                </li>
              ))}
              {found.due.length === 0 && <li className={page.muted}>Nothing is due within a week.</li>}
            </ul>
          </section>
          <section>
            <h2>Out of specification</h2>
            <ul className={css.lines}>
              {found.out.map((item) => (
                <li key={item.id} style={{ boxShadow: `inset 4px 0 ${toneColour("gap").ink}` }}>
                  <span>
                    <Go to={labPage.sample(ws, item.sampleId)} className={css.number}>
                      {item.number}
                    </Go>{" "}
                    {item.name} <b className={page.mono}>{item.text}</b> {item.unit}
                  </span>
                  <span className={page.meta}>
                    {item.enteredBy}, {item.enteredAt === null ? "" : showAge(item.enteredAt)}{" "}
                    <Act look="quiet" label={`History of ${item.name}, ${item.number}`} onAct={() => setStory(item.id)}>
                      History
                    </Act>
                  </span>
                </li>
              ))}
              {found.out.length === 0 && <li className={page.muted}>No open result is out of its limits.</li>}
            </ul>
            <h2>Waiting for a worksheet</h2>
            <ul className={css.lines}>
              {found.methods.map((item) => (
                <li key={item.id}>
                  <span>
                    <b className={page.mono}>{item.open}</b> {item.code} {item.title}
                  </span>
                  <Go to={`${labPage.worksheets(ws)}?method=${item.id}`} label={`New worksheet for ${item.title}`}>
                    New worksheet
                  </Go>
                </li>
              ))}
              {found.methods.length === 0 && (
                <li className={page.muted}>No method has work that is not on a worksheet.</li>
              )}
            </ul>
          </section>
        </div>
      )}
      <Weeks weeks={found.weeks} />
      <StoryDialog id={story} may={may} onClose={() => setStory(null)} onChanged={() => undefined} />
    </div>
  );
}

/** Samples received by week, those out of specification at the foot; the middle turnaround beneath. */
function Weeks({ weeks }: { weeks: Bench["weeks"] }) {
  const most = Math.max(...weeks.map((week) => week.samples), 1);
  const done = weeks.findLast((week) => week.hours !== null);
  if (weeks.length < 2) return null;
  return (
    <section>
      <h2>Thirteen weeks</h2>
      <div
        className={css.weeks}
        role="img"
        aria-label={weeks.map((week) => `week of ${week.week}: ${week.samples} samples, ${week.out} out`).join("; ")}
      >
        {weeks.map((week) => (
          <div
            key={week.week}
            className={css.week}
            title={`${showDay(week.week)}: ${week.samples} samples, ${week.out} out, ${days(week.hours)} to verify`}
          >
            <div className={css.bar} style={{ height: `${((week.samples - week.out) / most) * 100}%` }} />
            <div className={css.bad} style={{ height: `${(week.out / most) * 100}%` }} />
          </div>
        ))}
      </div>
      <p className={page.meta}>
        Samples a week, at most {most}; {weeks.reduce((sum, week) => sum + week.out, 0)} of{" "}
        {weeks.reduce((sum, week) => sum + week.samples, 0)} out of specification. From receipt to verification, the
        middle of the newest week: {days(done?.hours ?? null)}.
      </p>
    </section>
  );
}

function days(hours: number | null): string {
  return hours === null ? "–" : hours < 48 ? `${Math.round(hours)} h` : `${(hours / 24).toFixed(1)} d`;
}
