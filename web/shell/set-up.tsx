import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Act } from "../kit/act.tsx";
import { ErrorSummary, Field } from "../kit/field.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { Skeleton } from "../kit/skeleton.tsx";
import { readPublic, write } from "./api.ts";
import type { Preset, SetUpRequest, SetUpResult, SetUpView } from "./api-types.ts";
import { missing, NewPassword, NewWorkspace, OwnName, SampleData } from "./new-workspace.tsx";
import { api, page } from "./path.ts";
import { usePlace, useTitle } from "./place.tsx";
import { type ApiProblem, asProblem } from "./problem.ts";
import { sessionKey } from "./session.ts";
import { Steps } from "./steps.tsx";
import css from "./page.module.css";

const steps = ["Owner", "Workspace", "Sample data"] as const;

/** Used when the link names none; their numbers are the server's to state. */
const known: Preset[] = [{ id: "regulatory-docs", title: "Regulatory documents", main: [] }];

/** First run: three steps, and nothing is created before the last button. */
export function SetUp() {
  useTitle("Set up");
  const place = usePlace();
  const queries = useQueryClient();
  const token = place.params.token ?? "";
  const link = useQuery({
    queryKey: ["set-up", token],
    queryFn: async () => (await readPublic<SetUpView | null>(api.setUp(token))) ?? {},
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const [step, setStep] = useState(0);
  const [form, setForm] = useState({ name: "", email: "", password: "", workspace: "", preset: "regulatory-docs" });
  const [sampleData, setSampleData] = useState(true);
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [busy, setBusy] = useState(false);
  const set = (name: keyof typeof form) => (value: string) => setForm((old) => ({ ...old, [name]: value }));
  const presets = link.data?.presets ?? known;
  const preset = presets.find((item) => item.id === form.preset) ?? presets[0];

  const check = (): boolean => {
    const found: Record<string, string> = {};
    if (step === 0) {
      if (form.name.trim() === "") found.name = missing.name;
      if (!/^\S+@\S+$/.test(form.email)) found.email = "Enter an e-mail address, such as ana@example.org.";
      if (form.password === "") found.password = missing.password;
    }
    if (step === 1 && form.workspace.trim() === "") found.workspace = missing.workspace;
    setErrors(found);
    return Object.keys(found).length === 0;
  };
  const onward = async (event: FormEvent) => {
    event.preventDefault();
    if (!check()) return;
    if (step < 2) {
      setStep(step + 1);
      return;
    }
    setBusy(true);
    setProblem(null);
    const body: SetUpRequest = {
      owner: { name: form.name.trim(), email: form.email.trim(), password: form.password },
      workspace: { name: form.workspace.trim(), preset: preset?.id ?? form.preset },
      sampleData,
    };
    try {
      const made = await write<SetUpResult>("POST", api.setUp(token), body, { public: true });
      queries.removeQueries({ queryKey: sessionKey });
      void queries.invalidateQueries({ queryKey: ["instance"] });
      place.go(page.home(made.slug));
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  };

  if (link.isPending) return <Skeleton label="Checking the link" />;
  if (link.isError) {
    return (
      <div className={css.narrow}>
        <h1>Set up this instance</h1>
        <ProblemNotice problem={asProblem(link.error)} />
      </div>
    );
  }
  return (
    <div className={css.narrow}>
      <h1>Set up this instance</h1>
      <Steps names={steps} at={step} />
      <form className={css.form} onSubmit={(event) => void onward(event)} noValidate>
        <ErrorSummary errors={{ ...errors, ...problem?.fields }} />
        {problem !== null && <ProblemNotice problem={problem} />}
        {step === 0 && (
          <>
            <OwnName value={form.name} onChange={set("name")} error={errors.name} />
            <Field
              name="email"
              label="E-mail"
              kind="email"
              autoComplete="username"
              value={form.email}
              onChange={set("email")}
              error={errors.email}
            />
            <NewPassword
              hint="The server checks it when you finish. A long sentence is best."
              value={form.password}
              onChange={set("password")}
              error={errors.password}
            />
          </>
        )}
        {step === 1 && (
          <NewWorkspace
            value={form.workspace}
            onChange={set("workspace")}
            error={errors.workspace}
            presets={presets}
            preset={form.preset}
            onPreset={set("preset")}
          />
        )}
        {step === 2 && (
          <>
            <SampleData checked={sampleData} onChange={setSampleData} />
            <p className={css.muted}>
              Owner {form.name}, {form.email}. Workspace {form.workspace}. Nothing has been created yet.
            </p>
          </>
        )}
        <div className={css.row}>
          {step > 0 && (
            <Act size="form" onAct={() => setStep(step - 1)}>
              Back
            </Act>
          )}
          <Act look="main" size="form" submit busy={busy}>
            {step < 2 ? `Go on to ${steps[step + 1]?.toLowerCase()}` : "Create owner and workspace"}
          </Act>
        </div>
      </form>
    </div>
  );
}
