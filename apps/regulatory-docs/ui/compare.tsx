import { Dialog } from "@probity/web/kit/dialog.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { read } from "@probity/web/shell/api.ts";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useQuery } from "@tanstack/react-query";
import { statusLook } from "./finding-status.ts";
import { docsApi } from "./path.ts";
import { useRuns } from "./run-list.tsx";
import type { Comparison, Run, Status } from "./types.ts";
import css from "./compare.module.css";

interface Props {
  run: Run;
  other: string;
  onPick: (requirementId: string) => void;
  onClose: () => void;
}

function Mark({ status }: { status: Status | null }) {
  return status === null ? <span>not in it</span> : <StatusMark {...statusLook[status]} />;
}

/** A slope for each requirement that changed: coverage then, coverage now. */
export function Compare({ run, other, onPick, onClose }: Props) {
  const runs = useRuns(run.collectionId);
  const before = runs.data?.find((item) => item.id === other);
  const comparison = useQuery({
    queryKey: ["compare", run.id, other],
    queryFn: () => read<Comparison>(docsApi.compare(run.id, other)),
  });
  const changed = comparison.data?.changed ?? [];
  const name = before === undefined ? "the other run" : `run ${before.number}`;
  return (
    <Dialog open onClose={onClose} size={860} title={`Changed between ${name} and run ${run.number}`}>
      {comparison.isError && (
        <ProblemNotice problem={asProblem(comparison.error)} onRetry={() => void comparison.refetch()} />
      )}
      {comparison.isPending && <Skeleton label="Comparing" />}
      {comparison.isSuccess && changed.length === 0 && <p>Nothing changed between these runs.</p>}
      {changed.length > 0 && (
        <table className={css.table}>
          <caption className="p-hidden">Requirements whose result changed</caption>
          <thead>
            <tr>
              <th scope="col">Requirement</th>
              <th scope="col">{before === undefined ? "Before" : `Run ${before.number}`}</th>
              <th scope="col">
                <span className="p-hidden">Coverage</span>
              </th>
              <th scope="col">Run {run.number}</th>
            </tr>
          </thead>
          <tbody>
            {changed.map((item) => (
              <tr key={item.requirementId}>
                <th scope="row">
                  <button type="button" onClick={() => onPick(item.requirementId)}>
                    <span className={css.id}>{item.requirementId}</span> {item.title}
                  </button>
                </th>
                <td>
                  <Mark status={item.before} />
                </td>
                <td>
                  <Slope from={item.beforeCoverage} to={item.afterCoverage} />
                </td>
                <td>
                  <Mark status={item.after} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Dialog>
  );
}

function Slope(props: { from: number | null; to: number | null }) {
  const [from, to] = [props.from ?? 0, props.to ?? 0];
  const y = (coverage: number) => 22 - 18 * coverage;
  const colour = to >= from ? "var(--p-covered)" : "var(--p-gap)";
  return (
    <svg
      width="96"
      height="26"
      viewBox="0 0 96 26"
      role="img"
      aria-label={`coverage ${from.toFixed(2)} to ${to.toFixed(2)}`}
    >
      <path d="M8 2v22M88 2v22" style={{ stroke: "var(--p-line)" }} />
      <path d={`M8 ${y(from)} 88 ${y(to)}`} style={{ stroke: colour, strokeWidth: 2, fill: "none" }} />
      <circle cx="8" cy={y(from)} r="3" style={{ fill: colour }} />
      <circle cx="88" cy={y(to)} r="3" style={{ fill: colour }} />
    </svg>
  );
}
