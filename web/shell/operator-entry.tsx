import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Act } from "../kit/act.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { write } from "./api.ts";
import { api, page } from "./path.ts";
import { Go, usePlace, useTitle } from "./place.tsx";
import { asProblem } from "./problem.ts";
import { sessionKey, useSession } from "./session.ts";
import css from "./page.module.css";

/** Where an operator takes up the grant of a workspace's owner. */
export function OperatorEntry() {
  useTitle("Operator grant");
  const place = usePlace();
  const token = place.params.token ?? "";
  const session = useSession();
  const queries = useQueryClient();
  const enter = useMutation({
    mutationFn: () => write<{ workspace: string }>("POST", api.acceptOperatorGrant(), { token }),
    onSuccess: async ({ workspace }) => {
      await queries.invalidateQueries({ queryKey: sessionKey });
      place.go(page.home(workspace));
    },
  });
  return (
    <div className={css.narrow}>
      <h1>Operator grant</h1>
      <p>
        A workspace lets you in for a time, to look and not to change. Its people see that you are in. Everything you
        open is recorded under your name. You need a second factor.
      </p>
      {enter.isError && <ProblemNotice problem={asProblem(enter.error)} />}
      {session.isError ? (
        <p>
          <Go to={page.signIn(place.path)}>Sign in</Go> with the account the grant was made for.
        </p>
      ) : (
        <div>
          <Act look="main" size="form" busy={enter.isPending} onAct={() => enter.mutate()}>
            Enter the workspace
          </Act>
        </div>
      )}
    </div>
  );
}
