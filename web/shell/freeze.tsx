import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";
import { Act } from "../kit/act.tsx";
import { announce } from "../kit/announcer.tsx";
import { Dialog } from "../kit/dialog.tsx";
import { Field } from "../kit/field.tsx";
import { Notice } from "../kit/notice.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { showTime } from "../kit/time.ts";
import { read, write } from "./api.ts";
import type { FreezeState, WorkspaceMembership } from "./api-types.ts";
import { api, page } from "./path.ts";
import { Go, usePlace, useTitle } from "./place.tsx";
import { asProblem } from "./problem.ts";
import { sessionKey } from "./session.ts";
import css from "./page.module.css";

/** Stops everything of the workspace in one act; says first what that means and who undoes it. */
export function FreezeSection({ refused }: { refused: string | undefined }) {
  const queries = useQueryClient();
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState("");
  const [error, setError] = useState<string>();
  const freeze = useMutation({
    mutationFn: () => write<{ sessionsEnded: number }>("POST", api.freeze(), { reason: reason.trim() }),
    onSuccess: ({ sessionsEnded }) => {
      announce(`Workspace frozen. ${sessionsEnded} sessions ended.`);
      setOpen(false);
      return queries.invalidateQueries({ queryKey: sessionKey });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const wrong = reason.trim() === "" ? "Say why, so that whoever thaws it understands it." : undefined;
    setError(wrong);
    if (wrong === undefined) freeze.mutate();
  };
  return (
    <section className={css.form} aria-labelledby="freeze-title">
      <h2 id="freeze-title">Freeze</h2>
      <p className={css.muted}>
        When something is wrong: one act stops every session, key, link and job of this workspace. Two owners or admins
        thaw it.
      </p>
      <div>
        <Act look="danger" size="form" disabledReason={refused} onAct={() => setOpen(true)}>
          Freeze the workspace
        </Act>
      </div>
      <Dialog open={open} onClose={() => setOpen(false)} title="Freeze this workspace">
        <form className={css.form} onSubmit={submit} noValidate>
          <p>
            From this moment nobody reads or changes anything here: everybody is signed out, keys and links are refused,
            running jobs end. Nothing stored is lost. Two different owners or admins open it again.
          </p>
          {freeze.isError && <ProblemNotice problem={asProblem(freeze.error)} />}
          <Field name="freeze-reason" label="Reason" value={reason} onChange={setReason} error={error} />
          <div className={css.row}>
            <Act size="form" onAct={() => setOpen(false)}>
              Keep it open
            </Act>
            <Act look="danger" size="form" submit busy={freeze.isPending}>
              Freeze now
            </Act>
          </div>
        </form>
      </Dialog>
    </section>
  );
}

/** What a frozen workspace shows, whatever page was asked for. */
export function Frozen(props: { workspace: WorkspaceMembership; others: readonly WorkspaceMembership[] }) {
  useTitle("Workspace frozen");
  const { workspace } = props;
  const place = usePlace();
  const queries = useQueryClient();
  useEffect(() => {
    // The page opens by itself when somebody else has agreed to the thaw.
    const look = setInterval(() => void queries.invalidateQueries({ queryKey: sessionKey }), 10_000);
    return () => clearInterval(look);
  }, [queries]);
  const may = workspace.role === "owner" || workspace.role === "admin";
  const freeze = useQuery({
    queryKey: ["freeze", workspace.id],
    enabled: may,
    queryFn: () => read<FreezeState>(api.freeze()),
  });
  const thaw = useMutation({
    mutationFn: () => write<{ thawed: boolean }>("POST", api.thaw()),
    onSuccess: ({ thawed }) => {
      announce(thawed ? "Workspace thawed" : "Asked for the thaw");
      if (!thawed) void queries.invalidateQueries({ queryKey: ["freeze", workspace.id] });
      return queries.invalidateQueries({ queryKey: sessionKey });
    },
  });
  const leave = useMutation({
    mutationFn: () => write("DELETE", api.session()),
    onSuccess: () => {
      queries.clear();
      place.go(page.root());
    },
  });
  const state = freeze.data;
  return (
    <main id="main" className={css.narrow}>
      <h1>{workspace.name} is frozen</h1>
      <Notice tone="gap">Nobody reads or changes anything here for now. Everything in it is safe.</Notice>
      {freeze.isError && <ProblemNotice problem={asProblem(freeze.error)} onRetry={() => void freeze.refetch()} />}
      {thaw.isError && <ProblemNotice problem={asProblem(thaw.error)} />}
      {!may && <p>Two owners or admins can thaw it. Ask one of them.</p>}
      {state !== undefined && (
        <>
          <p>
            Frozen by {state.frozenBy}, {showTime(state.frozenAt)}: “{state.reason}”
          </p>
          <p>
            {state.thawAskedAt === null
              ? "Two different owners or admins thaw it: one asks, another agrees."
              : `${state.askedByYou ? "You" : state.thawAskedBy} asked for the thaw, ${showTime(state.thawAskedAt)}. ${state.askedByYou ? "Another owner or admin must agree." : "With your word it opens again."}`}
          </p>
          <div>
            <Act
              look="main"
              size="form"
              busy={thaw.isPending}
              disabledReason={state.askedByYou ? "You asked already; somebody else must agree." : undefined}
              onAct={() => thaw.mutate()}
            >
              {state.thawAskedAt === null || state.askedByYou ? "Ask for the thaw" : "Agree to the thaw"}
            </Act>
          </div>
        </>
      )}
      {props.others.length > 0 && (
        <ul>
          {props.others.map((other) => (
            <li key={other.id}>
              <Go to={page.home(other.slug)}>{other.name}</Go>
            </li>
          ))}
        </ul>
      )}
      <div>
        <Act look="quiet" busy={leave.isPending} onAct={() => leave.mutate()}>
          Sign out
        </Act>
      </div>
    </main>
  );
}
