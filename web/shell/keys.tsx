import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Act } from "../kit/act.tsx";
import { Dialog } from "../kit/dialog.tsx";
import { EmptyState } from "../kit/empty-state.tsx";
import { LedgerTable } from "../kit/ledger-table.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { Skeleton } from "../kit/skeleton.tsx";
import { StatusMark } from "../kit/status-mark.tsx";
import { showAge, showTime } from "../kit/time.ts";
import { AccessTabs } from "./access-tabs.tsx";
import { read, write } from "./api.ts";
import { MakeKey } from "./key-make.tsx";
import type { ApiKey, KeyLimit, OwnKeys } from "./key-types.ts";
import { api } from "./path.ts";
import { usePlace, useTitle } from "./place.tsx";
import { PolicyLimit } from "./policy-limit.tsx";
import { asProblem } from "./problem.ts";
import { useSession } from "./session.ts";
import css from "./page.module.css";

/** Keys by which programs act for a person: one's own, and for admins everybody's. */
export function Keys() {
  useTitle("API keys");
  const { params } = usePlace();
  const ws = params.ws ?? "";
  const session = useSession();
  const queries = useQueryClient();
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<ApiKey | null>(null);
  const role = session.data?.workspaces.find((item) => item.slug === ws)?.role ?? "member";
  const manages = role === "owner" || role === "admin";
  const own = useQuery({ queryKey: ["keys", ws], queryFn: () => read<OwnKeys>(api.keys()) });
  const all = useQuery({
    queryKey: ["keys", ws, "all"],
    queryFn: () => read<{ items: ApiKey[] }>(api.allKeys()),
    enabled: manages,
  });
  const shown = (manages ? all.data?.items : own.data?.items) ?? [];
  const problem = own.error ?? all.error;
  const revoke = useMutation({
    mutationFn: (key: ApiKey) => write("DELETE", key.yours ? api.key(key.id) : api.keyOfOther(key.id)),
    onSuccess: () => {
      setRevoking(null);
      return queries.invalidateQueries({ queryKey: ["keys"] });
    },
  });
  return (
    <div className={css.page}>
      <div className={css.head}>
        <h1>API keys</h1>
        <Act look="main" size="form" onAct={() => setMaking(true)}>
          Make a key
        </Act>
      </div>
      <AccessTabs />
      <p className={css.lead}>
        A program with a key does what the key lists and its person may still do, and nothing else. It ends by itself,
        after <PolicyLimit name="key.maxDays" /> at the latest, and makes <PolicyLimit name="limit.apiPerSecond" /> at
        most.
      </p>
      {problem !== null && <ProblemNotice problem={asProblem(problem)} onRetry={() => void own.refetch()} />}
      {own.isPending && <Skeleton label="Reading the keys" />}
      {own.isSuccess && shown.length === 0 && <EmptyState>No key was made here yet.</EmptyState>}
      {shown.length > 0 && (
        <LedgerTable
          caption={manages ? "API keys of this workspace" : "Your API keys"}
          rows={shown}
          rowKey={(key) => key.id}
          tone={(key) => (key.state === "active" ? "covered" : "none")}
          columns={[
            {
              id: "name",
              title: "Key",
              lead: true,
              cell: (key) => (
                <>
                  <b>{key.name}</b>
                  {manages && (
                    <span className={css.muted}> {key.yours ? "yours" : (key.member.name ?? "somebody who left")}</span>
                  )}
                </>
              ),
            },
            {
              id: "may",
              title: "May",
              cell: (key) => (
                <span title={key.permissions.join("\n")}>
                  {key.permissions.length} {key.permissions.length === 1 ? "thing" : "things"}
                  {key.networks.length > 0 && <span className={css.muted}>, from {key.networks.join(", ")}</span>}
                  {key.limit !== null && <span className={css.muted}>, {sayLimit(key.limit)}</span>}
                </span>
              ),
            },
            {
              id: "state",
              title: "Status",
              width: "120px",
              cell: (key) => <StatusMark tone={key.state === "active" ? "covered" : "none"} word={key.state} />,
            },
            {
              id: "used",
              title: "Last used",
              width: "170px",
              cell: (key) =>
                key.lastUsedAt === null ? (
                  <span className={css.muted}>never</span>
                ) : (
                  <span title={showTime(key.lastUsedAt)}>
                    {showAge(key.lastUsedAt)}
                    {key.lastUsedFrom !== null && <span className={css.muted}> from {key.lastUsedFrom}</span>}
                  </span>
                ),
            },
            {
              id: "ends",
              title: "Ends",
              width: "190px",
              cell: (key) => <time dateTime={key.expiresAt}>{showTime(key.revokedAt ?? key.expiresAt)}</time>,
            },
            {
              id: "acts",
              title: "Acts",
              quiet: true,
              end: true,
              width: "100px",
              cell: (key) => (
                <Act
                  look="quiet"
                  label={`Revoke ${key.name}`}
                  disabledReason={key.state === "active" ? undefined : "This key has ended already."}
                  onAct={() => setRevoking(key)}
                >
                  Revoke
                </Act>
              ),
            },
          ]}
        />
      )}
      <MakeKey
        open={making}
        known={own.data}
        onClose={() => setMaking(false)}
        onMade={() => queries.invalidateQueries({ queryKey: ["keys"] })}
      />
      <Dialog open={revoking !== null} onClose={() => setRevoking(null)} title={`Revoke ${revoking?.name ?? ""}`}>
        <div className={css.form}>
          <p>Programs that use it, and tokens made from it, are refused from their next call on. It can’t be undone.</p>
          {revoke.isError && <ProblemNotice problem={asProblem(revoke.error)} />}
          <div className={css.row}>
            <Act size="form" onAct={() => setRevoking(null)}>
              Keep the key
            </Act>
            <Act look="danger" size="form" busy={revoke.isPending} onAct={() => revoking && revoke.mutate(revoking)}>
              Revoke the key
            </Act>
          </div>
        </div>
      </Dialog>
    </div>
  );
}

/** "on 2 records and what 1 person owns" */
function sayLimit({ records, members }: KeyLimit): string {
  const parts = [
    ...(records.length > 0 ? [`${records.length} ${records.length === 1 ? "record" : "records"}`] : []),
    ...(members.length > 0 ? [`what ${members.length} ${members.length === 1 ? "person owns" : "people own"}`] : []),
  ];
  return parts.length === 0 ? "on no records" : `on ${parts.join(" and ")} alone`;
}
