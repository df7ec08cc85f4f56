import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Act } from "../kit/act.tsx";
import { announce } from "../kit/announcer.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { Skeleton } from "../kit/skeleton.tsx";
import { showAge, showTime } from "../kit/time.ts";
import { read, write } from "./api.ts";
import type { OwnSession } from "./api-types.ts";
import { browserName } from "./browser-name.ts";
import { api, page } from "./path.ts";
import { Go } from "./place.tsx";
import { sayPolicy } from "./policy-value.ts";
import { asProblem } from "./problem.ts";
import { useSession } from "./session.ts";
import css from "./page.module.css";
import own from "./factor.module.css";
import limit from "./policy-limit.module.css";

/** Where one is signed in, and the way out of each. */
export function MeSessions() {
  const queries = useQueryClient();
  const sessions = useQuery({
    queryKey: ["own-sessions"],
    queryFn: async () => (await read<{ items: OwnSession[] }>(api.sessions())).items,
  });
  const reread = () => queries.invalidateQueries({ queryKey: ["own-sessions"] });
  const end = useMutation({
    mutationFn: (id: string) => write("DELETE", api.sessionOf(id)),
    onSuccess: () => {
      announce("Session ended");
      return reread();
    },
  });
  const endAll = useMutation({
    mutationFn: () => write<{ ended: number }>("DELETE", api.sessions()),
    onSuccess: ({ ended }) => {
      announce(ended === 1 ? "One session ended" : `${ended} sessions ended`);
      return reread();
    },
  });
  const items = sessions.data ?? [];
  return (
    <section className={css.form} aria-labelledby="me-sessions">
      <h2 id="me-sessions">Where you are signed in</h2>
      <SessionTimes />
      {sessions.isError && (
        <ProblemNotice problem={asProblem(sessions.error)} onRetry={() => void sessions.refetch()} />
      )}
      {end.isError && <ProblemNotice problem={asProblem(end.error)} />}
      {endAll.isError && <ProblemNotice problem={asProblem(endAll.error)} />}
      {sessions.isPending && <Skeleton label="Reading your sessions" />}
      <ul className={own.items} aria-label="Your sessions">
        {items.map((session) => (
          <li key={session.id} className={own.item}>
            <div>
              <b>{browserName(session.userAgent)}</b>
              {session.current && <span className={css.muted}> this one</span>}
              <p className={css.meta}>
                {session.address ?? "address unknown"} · since {showTime(session.createdAt)} · last seen{" "}
                {showAge(session.lastSeenAt)}
              </p>
            </div>
            {!session.current && (
              <Act
                label={`End session of ${browserName(session.userAgent)}`}
                busy={end.isPending}
                onAct={() => end.mutate(session.id)}
              >
                End session
              </Act>
            )}
          </li>
        ))}
      </ul>
      {items.length > 1 && (
        <div>
          <Act size="form" busy={endAll.isPending} onAct={() => endAll.mutate()}>
            End all other sessions
          </Act>
        </div>
      )}
    </section>
  );
}

/** When a session ends by itself, by the policy of each workspace. */
function SessionTimes() {
  const known = (useSession().data?.workspaces ?? []).flatMap(({ idleMinutes, absoluteHours, ...each }) =>
    typeof idleMinutes === "number" && typeof absoluteHours === "number"
      ? [{ ...each, idleMinutes, absoluteHours }]
      : [],
  );
  return known.map((each) => (
    <p key={each.id} className={css.muted}>
      In {each.name} a session ends{" "}
      <Go to={page.policy(each.slug, "session.idleMinutes")} className={limit.limit}>
        {sayPolicy(each.idleMinutes, { unit: "minutes" })}
      </Go>{" "}
      after its last request, and in any case{" "}
      <Go to={page.policy(each.slug, "session.absoluteHours")} className={limit.limit}>
        {sayPolicy(each.absoluteHours, { unit: "hours" })}
      </Go>{" "}
      after it began.
    </p>
  ));
}
