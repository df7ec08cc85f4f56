import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Act } from "../kit/act.tsx";
import { ErrorSummary, Field } from "../kit/field.tsx";
import { Notice } from "../kit/notice.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { Skeleton } from "../kit/skeleton.tsx";
import { readPublic, write } from "./api.ts";
import { api, page } from "./path.ts";
import { Go, usePlace, useTitle } from "./place.tsx";
import { type ApiProblem, asProblem } from "./problem.ts";
import { sessionKey } from "./session.ts";
import css from "./page.module.css";

/** Chooses a new password by the link of a mail; signing in with it comes after, with the second factor where there is one. */
export function Reset() {
  useTitle("Choose a new password");
  const token = usePlace().params.token ?? "";
  const queries = useQueryClient();
  const link = useQuery({
    queryKey: ["reset", token],
    queryFn: () => readPublic<{ email: string }>(api.reset(token)),
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const [password, setPassword] = useState("");
  const [error, setError] = useState<string>();
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [busy, setBusy] = useState(false);
  const [done, setDone] = useState(false);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setError(password === "" ? "Choose a password." : undefined);
    if (password === "") return;
    setBusy(true);
    setProblem(null);
    try {
      await write("POST", api.reset(token), { password }, { public: true });
      queries.removeQueries({ queryKey: sessionKey });
      setDone(true);
    } catch (failure) {
      setProblem(asProblem(failure));
    } finally {
      setBusy(false);
    }
  };
  if (link.isPending) return <Skeleton label="Checking the link" />;
  return (
    <div className={css.narrow}>
      <h1>Choose a new password</h1>
      {link.isError ? (
        <>
          <ProblemNotice problem={asProblem(link.error)} />
          <p>
            <Go to={page.forgot()}>Ask for a new link</Go>
          </p>
        </>
      ) : done ? (
        <>
          <Notice tone="covered">Your password is changed. Every session of yours was signed out.</Notice>
          <p>
            <Go to={page.signIn()}>Sign in</Go>
          </p>
        </>
      ) : (
        <form className={css.form} onSubmit={(event) => void submit(event)} noValidate>
          <p className={css.muted}>For {link.data.email}. Every session of yours will be signed out.</p>
          <ErrorSummary errors={error === undefined ? {} : { password: error }} />
          {problem !== null && <ProblemNotice problem={problem} />}
          <Field
            name="password"
            label="New password"
            kind="password"
            autoComplete="new-password"
            hint="At least 12 characters. A long sentence is best."
            value={password}
            onChange={setPassword}
            error={error}
          />
          <div>
            <Act look="main" size="form" submit busy={busy}>
              Change password
            </Act>
          </div>
        </form>
      )}
    </div>
  );
}
