import type { ReactNode } from "react";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import css from "./page.module.css";
import { asProblem } from "./problem.ts";

/** A page whose record could not be read: why, another try where one may help, and the way back. */
export function PageProblem(props: { title: string; error: unknown; onRetry: () => void; back?: ReactNode }) {
  const problem = asProblem(props.error);
  const settled = problem.status === 403 || problem.status === 404 || problem.status === 410;
  return (
    <div className={css.page}>
      <h1>{props.title}</h1>
      <ProblemNotice problem={problem} onRetry={settled ? undefined : props.onRetry} />
      {props.back !== undefined && <p>{props.back}</p>}
    </div>
  );
}
