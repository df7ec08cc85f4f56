import { Act } from "./act.tsx";
import { Notice } from "./notice.tsx";
import css from "./notice.module.css";

/** What a problem must offer to be shown; the API's problems do. */
export interface Shown {
  title: string;
  detail: string;
  next: string;
  requestId: string;
}

/** What happened. What is safe. What to do. And the request id, for whoever runs the instance. */
export function ProblemNotice({ problem, onRetry }: { problem: Shown; onRetry?: (() => void) | undefined }) {
  return (
    <Notice tone="gap" urgent act={onRetry && <Act onAct={onRetry}>Try again</Act>}>
      <strong>{problem.title}</strong> {problem.detail} {problem.next}
      {problem.requestId !== "" && <span className={css.request}>request {problem.requestId}</span>}
    </Notice>
  );
}
