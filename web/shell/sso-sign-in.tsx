import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Act } from "../kit/act.tsx";
import { Field } from "../kit/field.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { readPublic, write } from "./api.ts";
import { api, ownPath } from "./path.ts";
import { usePlace } from "./place.tsx";
import { asProblem } from "./problem.ts";
import type { SsoOptions } from "./sso-types.ts";
import css from "./sso.module.css";
import pageCss from "./page.module.css";

/** The other ways in: an organisation's identity provider, found by the domain of an address, and what is configured. */
export function SsoSignIn() {
  const place = usePlace();
  const options = useQuery({ queryKey: ["sso-options"], queryFn: () => readPublic<SsoOptions>(api.ssoOptions()) });
  const [open, setOpen] = useState(false);
  const [email, setEmail] = useState("");
  const [error, setError] = useState<string>();
  const to = typeof place.search.to === "string" ? (ownPath(place.search.to) ?? undefined) : undefined;
  const code = typeof place.search.sso === "string" ? place.search.sso : undefined;
  const told = code === undefined ? undefined : options.data?.problems[code];
  const start = useMutation({
    mutationFn: (body: { email?: string; provider?: string }) =>
      write<{ url: string }>(
        "POST",
        api.ssoStart(),
        { ...body, ...(to === undefined ? {} : { to }) },
        { public: true },
      ),
    onSuccess: ({ url }) => location.assign(url),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const wrong = /^\S+@\S+$/.test(email) ? undefined : "Enter your work e-mail address, such as ana@example.org.";
    setError(wrong);
    if (wrong === undefined) start.mutate({ email: email.trim() });
  };
  return (
    <section className={css.ways} aria-label="Other ways to sign in">
      {told !== undefined && <ProblemNotice problem={{ ...told, next: "", requestId: "" }} />}
      {start.isError && <ProblemNotice problem={asProblem(start.error)} />}
      {(options.data?.providers ?? []).map((provider) => (
        <Act key={provider.id} size="form" onAct={() => start.mutate({ provider: provider.id })}>
          Continue with {provider.title}
        </Act>
      ))}
      {open ? (
        <form className={pageCss.form} onSubmit={submit} noValidate>
          <Field
            name="sso-email"
            label="Work e-mail"
            kind="email"
            autoComplete="email"
            hint="Its domain leads to your organisation’s own sign-in page."
            value={email}
            onChange={setEmail}
            error={error}
          />
          <div>
            <Act look="main" size="form" submit busy={start.isPending}>
              Go to single sign-on
            </Act>
          </div>
        </form>
      ) : (
        <Act size="form" onAct={() => setOpen(true)}>
          Continue with single sign-on
        </Act>
      )}
    </section>
  );
}
