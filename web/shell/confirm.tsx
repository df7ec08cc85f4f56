import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Act } from "../kit/act.tsx";
import { Notice } from "../kit/notice.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { Skeleton } from "../kit/skeleton.tsx";
import { write } from "./api.ts";
import { api, page } from "./path.ts";
import { Go, usePlace, useTitle } from "./place.tsx";
import { asProblem } from "./problem.ts";
import { sessionKey, useSession } from "./session.ts";
import { SignInForm } from "./sign-in.tsx";
import css from "./page.module.css";

/** Confirms an address: by its link, and by being signed in to the account it belongs to. */
export function Confirm() {
  useTitle("Confirm your address");
  const token = usePlace().params.token ?? "";
  const session = useSession();
  const queries = useQueryClient();
  const confirm = useMutation({
    mutationFn: () => write("POST", api.verification(token), undefined, { public: true }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["verification"] }),
  });
  if (session.isPending) return <Skeleton label="Looking who is signed in" />;
  return (
    <div className={css.narrow}>
      <h1>Confirm your address</h1>
      {confirm.isError && <ProblemNotice problem={asProblem(confirm.error)} />}
      {confirm.isSuccess ? (
        <>
          <Notice tone="covered">Your address is confirmed.</Notice>
          <p>
            <Go to={page.me()}>Back to your account</Go>
          </p>
        </>
      ) : session.data === null || session.data === undefined ? (
        <>
          <p className={css.muted}>Sign in first, so that nobody can have you confirm an account that is not yours.</p>
          <SignInForm onSession={(made) => queries.setQueryData(sessionKey, made)} />
        </>
      ) : (
        <>
          <p className={css.muted}>You are signed in as {session.data.user.email}.</p>
          <div>
            <Act look="main" size="form" busy={confirm.isPending} onAct={() => confirm.mutate()}>
              Confirm this address
            </Act>
          </div>
        </>
      )}
    </div>
  );
}
