import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Act } from "../kit/act.tsx";
import { ErrorSummary } from "../kit/field.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { Skeleton } from "../kit/skeleton.tsx";
import { readPublic, write } from "./api.ts";
import type { Preset, SetUpResult } from "./api-types.ts";
import { missing, NewPassword, NewWorkspace, OwnName, SampleData } from "./new-workspace.tsx";
import { api, page } from "./path.ts";
import { Go, usePlace, useTitle } from "./place.tsx";
import { type ApiProblem, asProblem } from "./problem.ts";
import { sessionKey } from "./session.ts";
import css from "./page.module.css";

/** Finishes a registration by the link of its mail: name, password, and a workspace of one's own. */
export function FinishRegistration() {
  useTitle("Open an account");
  const place = usePlace();
  const queries = useQueryClient();
  const token = place.params.token ?? "";
  const link = useQuery({
    queryKey: ["registration", token],
    queryFn: () => readPublic<{ email: string; presets: Preset[] }>(api.registration(token)),
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const [form, setForm] = useState({ name: "", password: "", workspace: "", preset: "regulatory-docs" });
  const [sampleData, setSampleData] = useState(true);
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [busy, setBusy] = useState(false);
  const set = (name: keyof typeof form) => (value: string) => setForm((old) => ({ ...old, [name]: value }));

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const found: Record<string, string> = {};
    if (form.name.trim() === "") found.name = missing.name;
    if (form.password === "") found.password = missing.password;
    if (form.workspace.trim() === "") found.workspace = missing.workspace;
    setErrors(found);
    if (Object.keys(found).length > 0) return;
    setBusy(true);
    setProblem(null);
    const workspace = { name: form.workspace.trim(), preset: form.preset };
    const body = { name: form.name.trim(), password: form.password, workspace, sampleData };
    try {
      const made = await write<SetUpResult>("POST", api.registration(token), body, { public: true });
      queries.removeQueries({ queryKey: sessionKey });
      place.go(page.home(made.slug));
    } catch (failure) {
      setProblem(asProblem(failure));
    } finally {
      setBusy(false);
    }
  };
  if (link.isPending) return <Skeleton label="Checking the link" />;
  if (link.isError) {
    return (
      <div className={css.narrow}>
        <h1>Open an account</h1>
        <ProblemNotice problem={asProblem(link.error)} />
        <p>
          <Go to={page.register()}>Ask for a new link</Go>
        </p>
      </div>
    );
  }
  return (
    <div className={css.narrow}>
      <h1>Open an account</h1>
      <form className={css.form} onSubmit={(event) => void submit(event)} noValidate>
        <p className={css.muted}>You will sign in as {link.data.email}. Nothing has been created yet.</p>
        <ErrorSummary errors={{ ...errors, ...problem?.fields }} />
        {problem !== null && <ProblemNotice problem={problem} />}
        <OwnName value={form.name} onChange={set("name")} error={errors.name} />
        <NewPassword
          hint="At least 12 characters. A long sentence is best."
          value={form.password}
          onChange={set("password")}
          error={errors.password}
        />
        <NewWorkspace
          value={form.workspace}
          onChange={set("workspace")}
          error={errors.workspace}
          presets={link.data.presets}
          preset={form.preset}
          onPreset={set("preset")}
        />
        <SampleData checked={sampleData} onChange={setSampleData} />
        <div>
          <Act look="main" size="form" submit busy={busy}>
            Open account and workspace
          </Act>
        </div>
      </form>
    </div>
  );
}
