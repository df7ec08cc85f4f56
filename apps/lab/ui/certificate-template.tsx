import { Act } from "@probity/web/kit/act.tsx";
import { Choice, Field } from "@probity/web/kit/field.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { showTime } from "@probity/web/kit/time.ts";
import { read, write, writeForBytes } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { useTitle } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { CertificatePreview } from "./certificate-preview.tsx";
import { certificateApi, type Column, type Template, type TemplateVersion } from "./certificate-types.ts";
import css from "./certificate.module.css";
import { refusedBecause } from "./words.ts";

type Answer = { items: TemplateVersion[]; standard: Template; may: string[] };
const columns: readonly { value: Column; label: string }[] = [
  { value: "method", label: "Method" },
  { value: "limit", label: "Limit" },
  { value: "unit", label: "Unit" },
  { value: "uncertainty", label: "Uncertainty" },
  { value: "verdict", label: "Conformity" },
];

/** How certificates look and read. Each saving is a new version; certificates keep the one they were made with. */
export function CertificateTemplates() {
  useTitle("Certificate templates");
  const list = useQuery({ queryKey: ["lab-templates"], queryFn: () => read<Answer>(certificateApi.templates()) });
  const [name, setName] = useState<string | null>(null);
  const items = list.data?.items ?? [];
  const names = [...new Set(items.map((each) => each.name))];
  const chosen = name ?? names[0] ?? "";
  const versions = items.filter((each) => each.name === chosen);
  return (
    <div className={page.page}>
      <div className={page.head}>
        <h1>Certificate templates</h1>
        {names.length > 0 && (
          <span className={page.row}>
            <Choice
              quiet
              name="template"
              label="Template"
              value={chosen}
              options={[...names.map((each) => ({ value: each, label: each })), { value: "", label: "New template" }]}
              onChange={setName}
            />
          </span>
        )}
      </div>
      <p className={page.lead}>
        What stands on a certificate beside its results. A certificate keeps the version it was made with; saving makes
        the next one.
      </p>
      {list.isPending && <Skeleton label="Reading the templates" />}
      {list.isError && <ProblemNotice problem={asProblem(list.error)} onRetry={() => void list.refetch()} />}
      {list.isSuccess && (
        <Editor
          key={`${chosen} ${versions[0]?.number ?? 0}`}
          name={chosen}
          from={versions[0]?.definition ?? list.data.standard}
          versions={versions}
          may={list.data.may}
          onSaved={setName}
        />
      )}
    </div>
  );
}

function Editor(props: {
  name: string;
  from: Template;
  versions: TemplateVersion[];
  may: string[];
  onSaved: (name: string) => void;
}) {
  const queries = useQueryClient();
  const [name, setName] = useState(props.name === "" ? "Standard" : props.name);
  const [draft, setDraft] = useState(props.from);
  const [shown, setShown] = useState(props.from);
  const [reason, setReason] = useState("");
  const set = <K extends keyof Template>(key: K, value: Template[K]) => setDraft({ ...draft, [key]: value });
  const save = useMutation({
    mutationFn: () =>
      write("POST", certificateApi.templates(), { name: name.trim(), reason: reason.trim(), definition: clean(draft) }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["lab-templates"] });
      props.onSaved(name.trim());
    },
  });
  const refused =
    refusedBecause(props.may, "lab.template.change", "admins") ??
    (reason.trim() === "" ? "Say why it changes." : undefined);
  return (
    <div className={css.two}>
      <form
        className={page.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (refused === undefined) save.mutate();
        }}
      >
        {save.isError && <ProblemNotice problem={asProblem(save.error)} />}
        {props.name === "" && <Field name="name" label="Name of the template" value={name} onChange={setName} />}
        <Field name="title" label="Title" value={draft.title} onChange={(value) => set("title", value)} />
        <Field
          name="laboratory"
          label="Laboratory"
          value={draft.laboratory}
          onChange={(value) => set("laboratory", value)}
        />
        <Area
          name="address"
          label="Address, a line each"
          value={draft.address}
          onChange={(value) => set("address", value)}
        />
        <fieldset className={css.checks}>
          <legend>Columns beside test and result</legend>
          {columns.map(({ value, label }) => (
            <label key={value}>
              <input
                type="checkbox"
                checked={draft.columns.includes(value)}
                onChange={(event) =>
                  set(
                    "columns",
                    event.currentTarget.checked
                      ? [...draft.columns, value]
                      : draft.columns.filter((each) => each !== value),
                  )
                }
              />
              {label}
            </label>
          ))}
        </fieldset>
        <Area
          name="statements"
          label="Statements, a line each"
          value={draft.statements}
          onChange={(value) => set("statements", value)}
        />
        <div className={page.row}>
          <Choice
            name="decimals"
            label="Decimals"
            value={draft.decimalMark}
            options={[
              { value: ".", label: "7.24" },
              { value: ",", label: "7,24" },
            ]}
            onChange={(value) => set("decimalMark", value)}
          />
          <Field name="zone" label="Time zone" value={draft.zone} onChange={(value) => set("zone", value)} />
        </div>
        <label className={css.check}>
          <input
            type="checkbox"
            checked={draft.fourEyes}
            onChange={(event) => set("fourEyes", event.currentTarget.checked)}
          />
          Four eyes: whoever verified all results alone does not sign
        </label>
        <Field name="reason" label="Why it changes" value={reason} onChange={setReason} />
        <div className={page.row}>
          <Act look="main" size="form" submit busy={save.isPending} disabledReason={refused}>
            {`Put version ${(props.versions[0]?.number ?? 0) + 1} in force`}
          </Act>
          <Act size="form" onAct={() => setShown(draft)}>
            Show specimen
          </Act>
        </div>
        {props.versions.length > 0 && (
          <ul className={css.lines}>
            {props.versions.map((each, index) => (
              <li key={each.id}>
                <span>
                  <b>v{each.number}</b> {index === 0 ? "in force" : <span className={page.muted}>earlier</span>} · “
                  {each.reason}”
                </span>
                <span className={page.meta}>
                  {each.by ?? "Probity"}, {showTime(each.at)}
                </span>
              </li>
            ))}
          </ul>
        )}
      </form>
      <section>
        <h2>Specimen</h2>
        <CertificatePreview
          of={JSON.stringify(shown)}
          load={() => writeForBytes(certificateApi.preview(), { definition: clean(shown) })}
        />
      </section>
    </div>
  );
}

function Area(props: { name: string; label: string; value: string[]; onChange: (value: string[]) => void }) {
  return (
    <label className={css.area} htmlFor={props.name}>
      <span>{props.label}</span>
      <textarea
        id={props.name}
        rows={Math.max(3, props.value.length + 1)}
        value={props.value.join("\n")}
        onChange={(event) => props.onChange(event.currentTarget.value.split("\n"))}
      />
    </label>
  );
}

/** Empty lines are typed on the way and say nothing. */
function clean(draft: Template): Template {
  const full = (lines: string[]) => lines.map((each) => each.trim()).filter((each) => each !== "");
  return { ...draft, address: full(draft.address), statements: full(draft.statements) };
}
