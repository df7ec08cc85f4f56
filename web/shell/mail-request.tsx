import { type FormEvent, useEffect, useRef, useState } from "react";
import { Act } from "../kit/act.tsx";
import { ErrorSummary, Field } from "../kit/field.tsx";
import { Notice } from "../kit/notice.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { write } from "./api.ts";
import { type ApiProblem, asProblem } from "./problem.ts";
import { useRobotCheck } from "./robot-check.tsx";
import css from "./page.module.css";

/** An address and a button that sends it a mail, behind the check against robots. */
export function MailRequest(props: {
  act: "register" | "reset";
  path: string;
  lead: string;
  button: string;
  sent: (email: string) => string;
}) {
  const [email, setEmail] = useState("");
  const [error, setError] = useState<string>();
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [busy, setBusy] = useState(false);
  const [sent, setSent] = useState(false);
  const robot = useRobotCheck(props.act);
  const first = useRef<HTMLInputElement>(null);
  useEffect(() => first.current?.focus(), []);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const wrong = /^\S+@\S+$/.test(email.trim()) ? undefined : "Enter an e-mail address, such as ana@example.org.";
    setError(wrong);
    if (wrong !== undefined) return;
    setBusy(true);
    setProblem(null);
    try {
      const captcha = await robot.answer();
      await write("POST", props.path, { email: email.trim(), captcha }, { public: true });
      setSent(true);
    } catch (failure) {
      setProblem(asProblem(failure));
    } finally {
      setBusy(false);
    }
  };
  if (sent) return <Notice tone="covered">{props.sent(email.trim())}</Notice>;
  return (
    <form className={css.form} onSubmit={(event) => void submit(event)} noValidate>
      <p className={css.muted}>{props.lead}</p>
      <ErrorSummary errors={error === undefined ? {} : { email: error }} />
      {problem !== null && <ProblemNotice problem={problem} />}
      <Field
        name="email"
        label="E-mail"
        kind="email"
        autoComplete="username"
        value={email}
        onChange={setEmail}
        error={error}
        inputRef={first}
      />
      {robot.place}
      <div>
        <Act look="main" size="form" submit busy={busy}>
          {props.button}
        </Act>
      </div>
    </form>
  );
}
