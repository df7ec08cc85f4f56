import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Act } from "../kit/act.tsx";
import { announce } from "../kit/announcer.tsx";
import { Notice } from "../kit/notice.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { showTime } from "../kit/time.ts";
import { read, write } from "./api.ts";
import { api } from "./path.ts";
import { asProblem } from "./problem.ts";

interface Declaration {
  id: string;
  openedAt: string;
  /** Logs of this instance that went back. */
  logs: number;
  /** What this workspace's log lost, where it did. */
  own: { from?: number; to?: number } | null;
  owners: number;
  confirmed: boolean;
}

/** After a restore: what was signed and is gone, and the confirmation that two owners give before the log goes on. */
export function LedgerResume() {
  const queries = useQueryClient();
  const open = useQuery({
    queryKey: ["ledger-resume"],
    queryFn: async () => (await read<{ open: Declaration | null }>(api.ledgerResume())).open,
    refetchInterval: 10_000,
  });
  const confirm = useMutation({
    mutationFn: (id: string) => write<{ owners: number }>("POST", api.ledgerResume(id)),
    onSuccess: async ({ owners }) => {
      announce(owners >= 2 ? "Declared. The log goes on." : "Confirmed. Another owner is to confirm.");
      await queries.invalidateQueries({ queryKey: ["ledger-resume"] });
      await queries.invalidateQueries({ queryKey: ["log-status"] });
    },
  });
  const found = open.data;
  if (found === null || found === undefined) return null;
  const { own } = found;
  return (
    <>
      <Notice
        tone="gap"
        urgent
        act={
          <Act
            busy={confirm.isPending}
            disabledReason={found.confirmed ? "You have confirmed. Another owner is to confirm." : undefined}
            onAct={() => confirm.mutate(found.id)}
          >
            Declare the restore
          </Act>
        }
      >
        <b>The database went back behind what was signed.</b>{" "}
        {own !== null && own.from !== undefined && own.to !== undefined
          ? `Entries ${own.from} to ${own.to - 1} of this log were signed and are gone. `
          : "This log lost nothing. "}
        {found.logs === 1 ? "One log" : `${found.logs} logs`} of the instance stand still since{" "}
        {showTime(found.openedAt)}. What happens is recorded all the while. If it was a restore, two owners declare it:
        what was lost stays named in the log for ever. {found.owners} of 2 have.
      </Notice>
      {confirm.isError && <ProblemNotice problem={asProblem(confirm.error)} />}
    </>
  );
}
