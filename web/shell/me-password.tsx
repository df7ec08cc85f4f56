import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Act } from "../kit/act.tsx";
import { Dialog } from "../kit/dialog.tsx";
import { ErrorSummary, Field } from "../kit/field.tsx";
import { Notice } from "../kit/notice.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { readPublic, write } from "./api.ts";
import { api } from "./path.ts";
import { asProblem } from "./problem.ts";
import css from "./page.module.css";

/** One's own password and address: changed with the current one, confirmed by a mail. */
export function MePassword() {
  const [open, setOpen] = useState(false);
  const address = useQuery({
    queryKey: ["verification"],
    queryFn: () => readPublic<{ verified: boolean }>(api.verification()),
  });
  const ask = useMutation({ mutationFn: () => write("POST", api.verification(), undefined, { public: true }) });
  return (
    <section className={css.form} aria-labelledby="me-password">
      <h2 id="me-password">Password and address</h2>
      {ask.isError && <ProblemNotice problem={asProblem(ask.error)} />}
      <div className={css.row}>
        <Act size="form" onAct={() => setOpen(true)}>
          Change password
        </Act>
        {address.data?.verified === false && !ask.isSuccess && (
          <Act size="form" busy={ask.isPending} onAct={() => ask.mutate()}>
            Confirm address
          </Act>
        )}
        {address.data?.verified === true && <span className={css.muted}>Your address is confirmed.</span>}
      </div>
      {ask.isSuccess && address.data?.verified === false && (
        <Notice tone="none">A mail is on its way. Open its link while you are signed in. It works for 24 hours.</Notice>
      )}
      <ChangePassword open={open} onClose={() => setOpen(false)} />
    </section>
  );
}

function ChangePassword(props: { open: boolean; onClose: () => void }) {
  const queries = useQueryClient();
  const [form, setForm] = useState({ current: "", password: "" });
  const [errors, setErrors] = useState<Record<string, string>>({});
  const change = useMutation({
    mutationFn: () => write("PUT", api.password(), form, { public: true }),
    onSuccess: () => queries.invalidateQueries(),
  });
  const close = () => {
    setForm({ current: "", password: "" });
    setErrors({});
    change.reset();
    props.onClose();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const found: Record<string, string> = {};
    if (form.current === "") found["current-password"] = "Enter your current password.";
    if (form.password === "") found["new-password"] = "Choose a password.";
    setErrors(found);
    if (Object.keys(found).length === 0) change.mutate();
  };
  return (
    <Dialog open={props.open} onClose={close} title="Change password">
      {change.isSuccess ? (
        <div className={css.form}>
          <Notice tone="covered">Your password is changed. Your other sessions were signed out.</Notice>
          <div>
            <Act size="form" onAct={close}>
              Done
            </Act>
          </div>
        </div>
      ) : (
        <form className={css.form} onSubmit={submit} noValidate>
          <ErrorSummary errors={errors} />
          {change.isError && <ProblemNotice problem={asProblem(change.error)} />}
          <Field
            name="current-password"
            label="Current password"
            kind="password"
            autoComplete="current-password"
            value={form.current}
            onChange={(current) => setForm((old) => ({ ...old, current }))}
            error={errors["current-password"]}
          />
          <Field
            name="new-password"
            label="New password"
            kind="password"
            autoComplete="new-password"
            hint="At least 12 characters. A long sentence is best."
            value={form.password}
            onChange={(password) => setForm((old) => ({ ...old, password }))}
            error={errors["new-password"]}
          />
          <p className={css.muted}>Your other sessions will be signed out.</p>
          <div>
            <Act look="main" size="form" submit busy={change.isPending}>
              Change password
            </Act>
          </div>
        </form>
      )}
    </Dialog>
  );
}
