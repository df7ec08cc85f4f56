import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Act } from "../kit/act.tsx";
import { announce } from "../kit/announcer.tsx";
import { Dialog } from "../kit/dialog.tsx";
import { EmptyState } from "../kit/empty-state.tsx";
import { Field } from "../kit/field.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { Skeleton } from "../kit/skeleton.tsx";
import { StatusMark } from "../kit/status-mark.tsx";
import { showTime } from "../kit/time.ts";
import { AccessTabs } from "./access-tabs.tsx";
import type { Alarm } from "./access-types.ts";
import { sayAlarm } from "./access-words.ts";
import { read, write } from "./api.ts";
import { api } from "./path.ts";
import { usePlace, useTitle } from "./place.tsx";
import { PolicyLimit } from "./policy-limit.tsx";
import { asProblem } from "./problem.ts";
import css from "./access.module.css";
import pageCss from "./page.module.css";

/** Alarms: what the events of this workspace show that somebody should look at. */
export function Anomalies() {
  useTitle("Alarms");
  const { params } = usePlace();
  const list = useQuery({
    queryKey: ["anomalies", params.ws],
    queryFn: () => read<{ items: Alarm[]; you: string }>(api.anomalies()),
    refetchInterval: 60_000,
  });
  const [releasing, setReleasing] = useState<Alarm | null>(null);
  const items = list.data?.items ?? [];
  return (
    <div className={pageCss.page}>
      <h1>Alarms</h1>
      <AccessTabs />
      <p className={pageCss.lead}>
        Found each minute in the events of the last hour. Locking the source of an alarm is{" "}
        <PolicyLimit name="anomaly.lockSource" />.
      </p>
      {list.isError && <ProblemNotice problem={asProblem(list.error)} onRetry={() => void list.refetch()} />}
      {list.isPending && <Skeleton label="Reading the alarms" />}
      {list.isSuccess && items.length === 0 && <EmptyState>No alarm so far.</EmptyState>}
      <ul className={css.list}>
        {items.map((alarm) => {
          const { title, text } = sayAlarm(alarm);
          return (
            <li key={alarm.id}>
              <div>
                <h3>
                  {title}
                  {alarm.member !== null && `: ${alarm.member.name ?? "somebody who left"}`}
                </h3>
                <p>{text}</p>
                <p className={pageCss.meta}>
                  {showTime(alarm.firstAt)} to {showTime(alarm.lastAt)}
                  {alarm.releasedAt !== null &&
                    ` · released by ${alarm.releasedBy?.name ?? "somebody"}, ${showTime(alarm.releasedAt)}: “${alarm.releaseReason ?? ""}”`}
                </p>
              </div>
              <div className={pageCss.row}>
                <StatusMark
                  tone={alarm.releasedAt === null ? "gap" : "none"}
                  word={alarm.releasedAt !== null ? "released" : alarm.locked ? "locked" : "open"}
                />
                {alarm.releasedAt === null && (
                  <Act
                    label={`Release: ${title}`}
                    disabledReason={
                      alarm.member?.id === list.data?.you ? "Nobody releases an alarm about themselves." : undefined
                    }
                    onAct={() => setReleasing(alarm)}
                  >
                    Release
                  </Act>
                )}
              </div>
            </li>
          );
        })}
      </ul>
      {releasing !== null && <Release alarm={releasing} onClose={() => setReleasing(null)} />}
    </div>
  );
}

function Release({ alarm, onClose }: { alarm: Alarm; onClose: () => void }) {
  const queries = useQueryClient();
  const [reason, setReason] = useState("");
  const [error, setError] = useState<string>();
  const release = useMutation({
    mutationFn: () => write("POST", api.releaseAnomaly(alarm.id), { reason: reason.trim() }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["anomalies"] });
      announce("Alarm released");
      onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const wrong = reason.trim() === "" ? "Say what you found, so that the next reader understands it." : undefined;
    setError(wrong);
    if (wrong === undefined) release.mutate();
  };
  return (
    <Dialog open onClose={onClose} title="Release this alarm">
      <form className={pageCss.form} noValidate onSubmit={submit}>
        <p>
          {alarm.locked ? "What it locked opens again. " : ""}What it counted is not counted again. Your reason stays in
          the audit trail.
        </p>
        {release.isError && <ProblemNotice problem={asProblem(release.error)} />}
        <Field name="release-reason" label="Reason" value={reason} onChange={setReason} error={error} />
        <div className={pageCss.row}>
          <Act look="main" size="form" submit busy={release.isPending}>
            Release the alarm
          </Act>
          <Act size="form" onAct={onClose}>
            Keep it open
          </Act>
        </div>
      </form>
    </Dialog>
  );
}
