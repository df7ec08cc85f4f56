import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { LedgerTable } from "@probity/web/kit/ledger-table.tsx";
import { showTime } from "@probity/web/kit/time.ts";
import { read } from "@probity/web/shell/api.ts";
import css from "@probity/web/shell/page.module.css";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { docsApi } from "./path.ts";
import type { HistoryEntry } from "./types.ts";

function show(value: unknown): string {
  if (value === null || value === undefined || value === "") return "empty";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Versions of the record, field by field: before, after, who, why. */
export function CollectionHistory({ collectionId }: { collectionId: string }) {
  const [open, setOpen] = useState(false);
  const history = useQuery({
    queryKey: ["history", collectionId],
    queryFn: () => read<{ items: HistoryEntry[] }>(docsApi.history(collectionId)),
    enabled: open,
  });
  const lines = (history.data?.items ?? []).flatMap((entry) => entry.changes.map((change) => ({ ...entry, change })));
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <h2 style={{ display: "inline" }}>History</h2>
      </summary>
      {history.isError && <ProblemNotice problem={asProblem(history.error)} onRetry={() => void history.refetch()} />}
      {open && history.isPending && <Skeleton rows={3} label="Reading the history" />}
      {lines.length > 0 && (
        <LedgerTable
          caption="Changes of this collection"
          rows={lines}
          rowKey={(line) => `${line.version} ${line.change.field}`}
          columns={[
            {
              id: "version",
              title: "Version",
              width: "72px",
              cell: (line) => <span className={css.mono}>v{line.version}</span>,
            },
            { id: "field", title: "Field", lead: true, cell: (line) => line.change.field },
            { id: "before", title: "Before", cell: (line) => <s className={css.muted}>{show(line.change.before)}</s> },
            { id: "after", title: "After", cell: (line) => show(line.change.after) },
            { id: "who", title: "Who", cell: (line) => line.actor?.name ?? "system" },
            { id: "at", title: "When", cell: (line) => showTime(line.at) },
            { id: "reason", title: "Reason", cell: (line) => line.reason ?? "" },
          ]}
        />
      )}
    </details>
  );
}
