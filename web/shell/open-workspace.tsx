import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Act } from "../kit/act.tsx";
import { Dialog } from "../kit/dialog.tsx";
import { Field } from "../kit/field.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { write } from "./api.ts";
import type { SetUpResult } from "./api-types.ts";
import { api, page } from "./path.ts";
import { usePlace } from "./place.tsx";
import { asProblem } from "./problem.ts";
import { sessionKey, useInstance } from "./session.ts";
import css from "./page.module.css";

/** Opens another workspace of one's own, where the instance lets people do so. */
export function OpenWorkspace() {
  const place = usePlace();
  const queries = useQueryClient();
  const instance = useInstance();
  const [open, setOpen] = useState(false);
  const [name, setName] = useState("");
  const [error, setError] = useState<string>();
  const make = useMutation({
    mutationFn: () =>
      write<SetUpResult>(
        "POST",
        api.workspaces(),
        { name: name.trim(), preset: "regulatory-docs", sampleData: false },
        { public: true },
      ),
    onSuccess: async ({ slug }) => {
      await queries.invalidateQueries({ queryKey: sessionKey });
      place.go(page.home(slug));
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setError(name.trim() === "" ? "Name the workspace, such as your organisation." : undefined);
    if (name.trim() !== "") make.mutate();
  };
  if (instance.data?.registration !== true) return null;
  return (
    <div>
      <Act size="form" onAct={() => setOpen(true)}>
        Open another workspace
      </Act>
      <Dialog open={open} onClose={() => setOpen(false)} title="Open a workspace">
        <form className={css.form} onSubmit={submit} noValidate>
          {make.isError && <ProblemNotice problem={asProblem(make.error)} />}
          <Field
            name="workspace-name"
            label="Workspace"
            autoComplete="organization"
            hint="You will be its owner. Everything in it is kept apart from other workspaces."
            value={name}
            onChange={setName}
            error={error}
          />
          <div>
            <Act look="main" size="form" submit busy={make.isPending}>
              Open workspace
            </Act>
          </div>
        </form>
      </Dialog>
    </div>
  );
}
