import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Act } from "../kit/act.tsx";
import { announce } from "../kit/announcer.tsx";
import { LedgerTable } from "../kit/ledger-table.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { Skeleton } from "../kit/skeleton.tsx";
import { showAge, showTime } from "../kit/time.ts";
import { read, write } from "./api.ts";
import type { MemberSession } from "./api-types.ts";
import { browserName } from "./browser-name.ts";
import { api } from "./path.ts";
import { asProblem } from "./problem.ts";
import css from "./page.module.css";

/** The live sessions of the workspace's members, for owners and admins: each can be ended. */
export function MemberSessions(props: { ws: string | undefined; members: readonly { id: string; name: string }[] }) {
  const queries = useQueryClient();
  const sessions = useQuery({
    queryKey: ["people", "sessions", props.ws],
    queryFn: async () => (await read<{ items: MemberSession[] }>(api.memberSessions())).items,
  });
  const end = useMutation({
    mutationFn: (id: string) => write("DELETE", api.memberSession(id)),
    onSuccess: () => {
      announce("Session ended");
      return queries.invalidateQueries({ queryKey: ["people"] });
    },
  });
  const name = (session: MemberSession) =>
    props.members.find((member) => member.id === session.membershipId)?.name ?? "somebody";
  return (
    <section className={css.form} aria-labelledby="sessions-title">
      <h2 id="sessions-title">Signed in now</h2>
      {sessions.isError && (
        <ProblemNotice problem={asProblem(sessions.error)} onRetry={() => void sessions.refetch()} />
      )}
      {end.isError && <ProblemNotice problem={asProblem(end.error)} />}
      {sessions.isPending && <Skeleton label="Reading sessions" />}
      {sessions.data !== undefined && (
        <LedgerTable
          caption="Live sessions of members"
          rows={sessions.data}
          rowKey={(session) => session.id}
          tone={(session) => (session.secondFactor ? "covered" : "none")}
          columns={[
            {
              id: "name",
              title: "Person",
              lead: true,
              cell: (session) => (
                <>
                  <b>{name(session)}</b>
                  {session.current && <span className={css.muted}> this session</span>}
                </>
              ),
            },
            { id: "browser", title: "Browser", cell: (session) => browserName(session.userAgent) },
            {
              id: "address",
              title: "From",
              width: "160px",
              cell: (session) =>
                session.address ?? (
                  <span className={css.muted} title="They belong to another workspace too.">
                    not shown
                  </span>
                ),
            },
            {
              id: "factor",
              title: "Second factor",
              width: "130px",
              cell: (session) => (session.secondFactor ? "proved" : "none"),
            },
            {
              id: "seen",
              title: "Last seen",
              width: "130px",
              cell: (session) => (
                <time dateTime={session.lastSeenAt} title={showTime(session.lastSeenAt)}>
                  {showAge(session.lastSeenAt)}
                </time>
              ),
            },
            {
              id: "acts",
              title: "Acts",
              quiet: true,
              end: true,
              width: "120px",
              cell: (session) => (
                <Act
                  look="quiet"
                  label={`End session of ${name(session)}`}
                  disabledReason={session.current ? "This is the session you act in: sign out instead." : undefined}
                  onAct={() => end.mutate(session.id)}
                >
                  End session
                </Act>
              ),
            },
          ]}
        />
      )}
    </section>
  );
}
