import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Act } from "../kit/act.tsx";
import { ErrorSummary, Field } from "../kit/field.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { Skeleton } from "../kit/skeleton.tsx";
import { readPublic, write } from "./api.ts";
import type { InvitationView, Session } from "./api-types.ts";
import { guest, guestWords } from "./invite-words.ts";
import { InviteJoin } from "./invite-join.tsx";
import { api, page } from "./path.ts";
import { usePlace, useTitle } from "./place.tsx";
import { type ApiProblem, asProblem } from "./problem.ts";
import { sessionKey, useSession } from "./session.ts";
import css from "./page.module.css";

/** An invitation taken up: name and password, then straight in. */
export function Invite() {
  useTitle("Invitation");
  const place = usePlace();
  const queries = useQueryClient();
  const token = place.params.token ?? "";
  const session = useSession();
  const link = useQuery({
    queryKey: ["invitation", token],
    queryFn: () => readPublic<InvitationView>(api.invitation(token)),
    retry: false,
  });
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [busy, setBusy] = useState(false);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const found: Record<string, string> = {};
    if (name.trim() === "") found.name = "Enter your name as it shall stand beside your acts.";
    if (password === "") found.password = "Choose a password.";
    setErrors(found);
    if (Object.keys(found).length > 0) return;
    setBusy(true);
    setProblem(null);
    try {
      await write("POST", api.invitation(token), { name: name.trim(), password }, { public: true });
      queries.removeQueries({ queryKey: sessionKey });
      const session = await readPublic<Session>(api.session());
      const home = session.workspaces[0];
      place.go(home === undefined ? page.me() : page.home(home.slug));
    } catch (error) {
      const met = asProblem(error);
      // Joined, and half signed in: the second factor is asked for on the sign-in page.
      if (met.code === "factor.awaited") place.go(page.signIn());
      else setProblem(met);
    } finally {
      setBusy(false);
    }
  };

  if (link.isPending || session.isPending) return <Skeleton label="Checking the invitation" />;
  const workspace = link.data?.workspaceName;
  return (
    <div className={css.narrow}>
      <h1>{workspace === undefined ? "Your invitation" : `Join ${workspace}`}</h1>
      {link.isError ? (
        <ProblemNotice problem={asProblem(link.error)} />
      ) : session.data !== null && session.data !== undefined ? (
        <InviteJoin token={token} session={session.data} view={link.data} />
      ) : (
        <form className={css.form} onSubmit={(event) => void submit(event)} noValidate>
          {link.data.email !== undefined && (
            <p className={css.muted}>
              You sign in as {link.data.email}
              {link.data.role === undefined ? "." : link.data.role === guest ? guestWords : `, ${link.data.role}.`}
            </p>
          )}
          <ErrorSummary errors={{ ...errors, ...problem?.fields }} />
          {problem !== null && <ProblemNotice problem={problem} />}
          <Field
            name="name"
            label="Your name"
            autoComplete="name"
            value={name}
            onChange={setName}
            error={errors.name}
          />
          <Field
            name="password"
            label="Password"
            kind="password"
            autoComplete="new-password"
            value={password}
            onChange={setPassword}
            error={errors.password}
          />
          <div>
            <Act look="main" size="form" submit busy={busy}>
              Join workspace
            </Act>
          </div>
        </form>
      )}
    </div>
  );
}
