import { Checkbox } from "@mantine/core";
import { Choice, Field } from "../kit/field.tsx";
import type { Preset } from "./api-types.ts";
import css from "./page.module.css";

interface Text {
  value: string;
  error: string | undefined;
  onChange: (value: string) => void;
}

/** Who opens an account: as their acts will name them. */
export function OwnName(props: Text) {
  return <Field name="name" label="Your name" autoComplete="name" {...props} />;
}

/** The server alone judges it; `hint` says when. */
export function NewPassword(props: Text & { hint: string }) {
  return <Field name="password" label="Password" kind="password" autoComplete="new-password" {...props} />;
}

/** A workspace that will be made: its name, and the policies it begins with. */
export function NewWorkspace(
  props: Text & { presets: readonly Preset[]; preset: string; onPreset: (id: string) => void },
) {
  const { presets, preset, onPreset, ...name } = props;
  const chosen = presets.find(({ id }) => id === preset) ?? presets[0];
  return (
    <>
      <Field
        name="workspace"
        label="Workspace"
        autoComplete="organization"
        hint="Everything in it is kept apart from other workspaces."
        {...name}
      />
      <Choice
        name="preset"
        label="Policy preset"
        value={chosen?.id ?? ""}
        onChange={onPreset}
        options={presets.map((item) => ({ value: item.id, label: item.title }))}
      />
      {chosen !== undefined && chosen.main.length > 0 && (
        <dl className={css.numbers}>
          {chosen.main.map((number) => (
            <div key={number.title}>
              <dt>{number.title}</dt>
              <dd>{number.value}</dd>
            </div>
          ))}
        </dl>
      )}
    </>
  );
}

/** Whether sample documents are laid in. */
export function SampleData({ checked, onChange }: { checked: boolean; onChange: (checked: boolean) => void }) {
  return (
    <Checkbox
      label="Add sample documents with a finished gap result"
      description="A collection of its own, which you can delete whole."
      checked={checked}
      onChange={(event) => onChange(event.currentTarget.checked)}
    />
  );
}

/** What is missing of an owner and a workspace, by field. */
export const missing = {
  name: "Enter your name as it shall stand beside your acts.",
  password: "Choose a password.",
  workspace: "Name the workspace, such as your organisation.",
} as const;
