import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { Skeleton } from "../kit/skeleton.tsx";
import { showTime } from "../kit/time.ts";
import { read } from "./api.ts";
import type { PolicyItem, PolicyValue } from "./api-types.ts";
import { api } from "./path.ts";
import { usePlace } from "./place.tsx";
import { sayPolicy } from "./policy-value.ts";
import { asProblem } from "./problem.ts";
import css from "./policy.module.css";

interface Version {
  version: number;
  before: PolicyValue;
  value: PolicyValue;
  at: string;
  by: { id: string; name: string | null };
  reason: string | null;
}

/** What one number was before, and before that: who changed it, when and why. */
export function PolicyHistory({ item }: { item: PolicyItem }) {
  const ws = usePlace().params.ws ?? "";
  const [open, setOpen] = useState(false);
  const history = useQuery({
    queryKey: ["policy", ws, "history", item.name, item.version],
    queryFn: async () => (await read<{ items: Version[] }>(api.policyHistory(item.name))).items,
    enabled: open,
  });
  return (
    <details className={css.history} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        {item.version} {item.version === 1 ? "version" : "versions"}
        <span className="p-hidden"> of {item.title.toLowerCase()}</span>
      </summary>
      {history.isError && <ProblemNotice problem={asProblem(history.error)} onRetry={() => void history.refetch()} />}
      {open && history.isPending && <Skeleton rows={2} label="Reading the versions" />}
      {history.data !== undefined && (
        <ol>
          {history.data.map((each) => (
            <li key={each.version}>
              <span className={css.version}>v{each.version}</span>
              <span>
                <s>{sayPolicy(each.before, item)}</s> → <b>{sayPolicy(each.value, item)}</b>
                <br />
                {each.by.name ?? "the server"}, {showTime(each.at)}
                {each.reason !== null && <>: “{each.reason}”</>}
              </span>
            </li>
          ))}
        </ol>
      )}
    </details>
  );
}
