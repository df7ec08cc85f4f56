import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { Act } from "../kit/act.tsx";
import { ErrorSummary, Field } from "../kit/field.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { readPublic, write } from "./api.ts";
import type { Awaits, Session } from "./api-types.ts";
import { FactorStep } from "./factor-step.tsx";
import { PasskeySignIn } from "./factor-passkey-sign-in.tsx";
import { api, ownPath, page } from "./path.ts";
import { usePlace, useTitle } from "./place.tsx";
import { type ApiProblem, asProblem } from "./problem.ts";
import { factorAwaited, sessionKey, useSession, useInstance } from "./session.ts";
import { SsoSignIn } from "./sso-sign-in.tsx";
import css from "./page.module.css";

/** E-mail and password in one column. An unknown address gets the same page in the same time: the server sees to it. */
export function SignInForm({ onSession }: { onSession: (session: Session) => void }) {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [busy, setBusy] = useState(false);
  const [awaits, setAwaits] = useState<Awaits | null>(null);
  const first = useRef<HTMLInputElement>(null);
  useEffect(() => first.current?.focus(), []);
  // Signed in half by another way, such as a provider's page: it goes on here.
  const half = useSession().data === null && factorAwaited();
  useEffect(() => {
    if (!half) return;
    void readPublic<{ awaits: Awaits }>(api.sessionFactor()).then(
      (answer) => setAwaits(answer.awaits),
      () => undefined,
    );
  }, [half]);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const found: Record<string, string> = {};
    if (!/^\S+@\S+$/.test(email)) found.email = "Enter an e-mail address, such as ana@example.org.";
    if (password === "") found.password = "Enter your password.";
    setErrors(found);
    if (Object.keys(found).length > 0) return;
    setBusy(true);
    setProblem(null);
    try {
      const answer = await write<Session | { awaits: Awaits }>(
        "POST",
        api.session(),
        { email, password },
        { public: true },
      );
      if ("awaits" in answer) setAwaits(answer.awaits);
      else onSession(answer);
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  };
  if (awaits !== null) return <FactorStep awaits={awaits} onSession={onSession} onBack={() => setAwaits(null)} />;
  return (
    <form className={css.form} onSubmit={(event) => void submit(event)} noValidate>
      <ErrorSummary errors={errors} />
      {problem !== null && <ProblemNotice problem={problem} />}
      <Field
        name="email"
        label="E-mail"
        kind="email"
        autoComplete="username"
        value={email}
        onChange={setEmail}
        error={errors.email}
        inputRef={first}
      />
      <Field
        name="password"
        label="Password"
        kind="password"
        autoComplete="current-password"
        value={password}
        onChange={setPassword}
        error={errors.password}
      />
      <div className={css.row}>
        <Act look="main" size="form" submit busy={busy}>
          Sign in
        </Act>
        <PasskeySignIn onSession={onSession} onProblem={setProblem} />
      </div>
    </form>
  );
}

/** The page of its own; after it the reader goes where they were going. */
export function SignInPage() {
  useTitle("Sign in");
  const place = usePlace();
  const queries = useQueryClient();
  const instance = useInstance();
  const wanted = typeof place.search.to === "string" ? place.search.to : undefined;
  return (
    <div className={css.narrow}>
      <h1>Sign in</h1>
      <SignInForm
        onSession={(session) => {
          queries.clear();
          queries.setQueryData(sessionKey, session);
          const home = session.workspaces[0];
          place.go(ownPath(wanted) ?? (home === undefined ? page.me() : page.home(home.slug)));
        }}
      />
      <SsoSignIn />
      {/* Loaded anew, not led to: these pages may let a configured check against robots in, this one does not. */}
      <p className={css.muted}>
        <a href={page.forgot()}>Forgot password</a>
      </p>
      {instance.data?.registration === true ? (
        <p className={css.muted}>
          No account? <a href={page.register()}>Open one</a>. The gap check needs none.
        </p>
      ) : (
        <p className={css.muted}>No account? Whoever runs this instance sends invitations. The gap check needs none.</p>
      )}
    </div>
  );
}
