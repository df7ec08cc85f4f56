import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Act } from "../kit/act.tsx";
import { Notice } from "../kit/notice.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { rotate, write } from "./api.ts";
import type { InvitationView, Session } from "./api-types.ts";
import { guest, guestWords } from "./invite-words.ts";
import { api, page } from "./path.ts";
import { usePlace } from "./place.tsx";
import { asProblem } from "./problem.ts";
import { sessionKey } from "./session.ts";
import css from "./page.module.css";

/** An invitation for somebody who is signed in: nothing is asked again but whether they join. */
export function InviteJoin({ token, session, view }: { token: string; session: Session; view: InvitationView }) {
  const place = usePlace();
  const queries = useQueryClient();
  const before = new Set(session.workspaces.map((each) => each.id));
  const join = useMutation({
    mutationFn: () => rotate(() => write<Session>("POST", api.invitationJoin(token))),
    onSuccess: (made) => {
      queries.setQueryData(sessionKey, made);
      const joined = made.workspaces.find((each) => !before.has(each.id));
      place.go(joined === undefined ? page.me() : page.home(joined.slug));
    },
  });
  if (session.user.email !== view.email)
    return (
      <Notice tone="partial">
        This invitation is for {view.email}; you are signed in as {session.user.email}. Nothing was changed. Sign out,
        then open the link again.
      </Notice>
    );
  return (
    <div className={css.form}>
      <p className={css.muted}>
        You are signed in as {session.user.name}, {session.user.email}.{" "}
        {view.role === guest ? `You join${guestWords}` : `You join as ${view.role ?? "a member"}.`}
      </p>
      {join.isError && <ProblemNotice problem={asProblem(join.error)} />}
      <div>
        <Act look="main" size="form" busy={join.isPending} onAct={() => join.mutate()}>
          Join workspace
        </Act>
      </div>
    </div>
  );
}
