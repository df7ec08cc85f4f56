import { Act } from "@probity/web/kit/act.tsx";
import { DateField } from "@probity/web/kit/date-field.tsx";
import { utcToday } from "@probity/web/kit/day.ts";
import { Field } from "@probity/web/kit/field.tsx";
import { Notice } from "@probity/web/kit/notice.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { write } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { PolicyLimit } from "@probity/web/shell/policy-limit.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { EditGrid } from "./edit-grid.tsx";
import { inspectApi } from "./inspect-path.ts";
import css from "./master.module.css";
import type { Definition } from "./master-types.ts";
import { duplicateFault, methodFault } from "./typed-fault.ts";
import { DemandFields } from "./method-demand-fields.tsx";
import { demandOf, withDemand } from "./method-demand.ts";

type Tried = {
  fault: string | null;
  items: {
    key: string;
    name: string;
    unit: string;
    value: string | null;
    reported: string | null;
    why: string | null;
  }[];
};
const kinds = [
  { value: "number", label: "number" },
  { value: "text", label: "text" },
  { value: "calculated", label: "calculated" },
];
const rules = [
  { value: "half-up", label: "half up" },
  { value: "half-even", label: "half even" },
];
const emptyAnalyte = {
  key: "",
  name: "",
  unit: "",
  kind: "number",
  decimals: "",
  rule: "half-up",
  quantification: "",
  detection: "",
  formula: "",
  choices: "",
};
type AnalyteRow = typeof emptyAnalyte;
const differences = [
  { value: "absolute", label: "in its unit" },
  { value: "relative", label: "% of their mean" },
];
const comparisons = [
  { value: "entered", label: "as entered" },
  { value: "rounded", label: "as reported" },
];
const emptyDuplicate = { analyte: "", difference: "absolute", limit: "", compare: "entered" };
type DuplicateRow = typeof emptyDuplicate;
const emptyField = { key: "", name: "", unit: "" };

/** The next version of a method, typed like a sheet, with its calculation tried beside it. */
export function MethodEditor(props: { id: string; from: Definition | null; onMade: () => void; onClose: () => void }) {
  const [reference, setReference] = useState(props.from?.reference ?? "");
  const [fields, setFields] = useState(props.from?.fields.map((each) => ({ ...each })) ?? []);
  const [rows, setRows] = useState<AnalyteRow[]>(props.from?.analytes.map(rowOf) ?? [{ ...emptyAnalyte }]);
  const [duplicates, setDuplicates] = useState(duplicatesOf(props.from));
  const [demand, setDemand] = useState(() => demandOf(props.from));
  const [reason, setReason] = useState("");
  const [day, setDay] = useState("");
  const definition = withDemand(definitionOf(props.from, reference, fields, rows, duplicates), demand);
  const fault = methodFault(rows, fields) ?? duplicateFault(duplicates);
  const begun = props.from !== null || rows.some((row) => row.key !== "" || row.name !== "");
  const save = useMutation({
    mutationFn: () =>
      write("POST", inspectApi.versions("methods", props.id), {
        definition,
        reason: reason.trim(),
        effectiveOn: day.trim() === "" ? null : day.trim(),
      }),
    onSuccess: props.onMade,
  });
  return (
    <form
      className={css.editor}
      onSubmit={(event) => {
        event.preventDefault();
        if (reason.trim() !== "" && fault === undefined) save.mutate();
      }}
    >
      {save.isError && <ProblemNotice problem={asProblem(save.error)} />}
      <section>
        <h2>Analytes</h2>
        <EditGrid
          caption="Analytes of the method"
          words="Add an analyte"
          rows={rows}
          empty={emptyAnalyte}
          onChange={setRows}
          columns={[
            { key: "key", title: "Key", width: "76px" },
            { key: "name", title: "Name", width: "190px" },
            { key: "unit", title: "Unit", width: "64px" },
            { key: "kind", title: "Kind", options: kinds, width: "94px" },
            { key: "decimals", title: "Decimals", decimal: true, width: "60px" },
            { key: "rule", title: "Rounding", options: rules, width: "88px" },
            { key: "quantification", title: "LOQ", decimal: true, width: "56px" },
            { key: "detection", title: "LOD", decimal: true, width: "56px" },
            { key: "formula", title: "Formula", width: "180px" },
            { key: "choices", title: "Texts, by semicolon", width: "130px" },
          ]}
        />
      </section>
      <section>
        <h2>Interim fields</h2>
        <EditGrid
          caption="What a calculation is made from"
          words="Add an interim field"
          rows={fields}
          empty={emptyField}
          onChange={setFields}
          columns={[
            { key: "key", title: "Key", width: "120px" },
            { key: "name", title: "Name" },
            { key: "unit", title: "Unit", width: "110px" },
          ]}
        />
      </section>
      <Try definition={definition} />
      <DemandFields demand={demand} onChange={setDemand} />
      <section>
        <h2>Duplicates</h2>
        <p className={page.muted}>
          {duplicates.length === 0
            ? "None is asked for. Of what stands here each run has a duplicate, and it lies no further from its original than said."
            : "Each run has a duplicate of these, no further from its original than said. A run without one is held."}
        </p>
        <EditGrid
          caption="How far duplicates may lie apart"
          words="Ask for a duplicate"
          rows={duplicates}
          empty={{ ...emptyDuplicate, analyte: rows.find((row) => row.kind !== "text")?.key ?? "" }}
          onChange={setDuplicates}
          columns={[
            {
              key: "analyte",
              title: "Analyte",
              options: [
                { value: "", label: "choose" },
                ...rows.flatMap((row) =>
                  row.kind === "text" || row.key === "" ? [] : [{ value: row.key, label: `${row.key}  ${row.name}` }],
                ),
              ],
            },
            { key: "limit", title: "At most apart", decimal: true, width: "120px" },
            { key: "difference", title: "Told", options: differences, width: "160px" },
            { key: "compare", title: "Values", options: comparisons, width: "140px" },
          ]}
        />
      </section>
      <div className={css.short}>
        <Field
          name="method-reference"
          label="Reference"
          hint="Ph. Eur. 2.2.3, SOP-12"
          value={reference}
          onChange={setReference}
        />
        <DateField
          name="method-day"
          label="In force from"
          hint="Empty: at once. The day begins at midnight UTC."
          min={utcToday()}
          value={day}
          onChange={setDay}
        />
        <Field name="method-reason" label="Why a new version" value={reason} onChange={setReason} />
      </div>
      <Notice tone="none">
        New versions: <PolicyLimit name="lab.masterApproval" />. Samples that are registered keep the version they have.
      </Notice>
      <p role="status" className={css.fault}>
        {begun ? fault : ""}
      </p>
      <div className={page.row}>
        <Act
          look="main"
          size="form"
          submit
          busy={save.isPending}
          disabledReason={fault ?? (reason.trim() === "" ? "A new version says why." : undefined)}
        >
          Make version
        </Act>
        <Act size="form" onAct={props.onClose}>
          Leave as it is
        </Act>
      </div>
    </form>
  );
}

/** What the definition makes of values typed here, by the calculation that results go through. Nothing is kept. */
function Try({ definition }: { definition: Definition }) {
  const [values, setValues] = useState<Record<string, string>>({});
  const asked = useDeferredValue(JSON.stringify({ definition, values }));
  const inputs = [
    ...definition.fields.map((field) => ({ key: field.key, label: `${field.name} ${field.unit}`.trim() })),
    ...definition.analytes
      .filter((analyte) => analyte.kind !== "calculated")
      .map((analyte) => ({ key: analyte.key, label: `${analyte.name} ${analyte.unit}`.trim() })),
  ].filter((input) => input.key !== "");
  const tried = useQuery({
    queryKey: ["lab-try", asked],
    enabled: Object.values(values).some((value) => value !== ""),
    placeholderData: (before) => before,
    retry: false,
    queryFn: () => write<Tried>("POST", inspectApi.tryMethod(), { definition, interim: values, values }),
  });
  return (
    <section aria-labelledby="try">
      <h2 id="try">Try it</h2>
      <div className={css.tried}>
        {inputs.map((input) => (
          <Field
            key={input.key}
            name={`try-${input.key}`}
            label={input.label}
            value={values[input.key] ?? ""}
            onChange={(value) => setValues((before) => ({ ...before, [input.key]: value }))}
          />
        ))}
        <p className={css.answer} role="status">
          {tried.isError && <span>{asProblem(tried.error).detail}</span>}
          {tried.data?.fault}
          {tried.data?.items.map((item) => (
            <span key={item.key}>
              {item.name}{" "}
              {item.why === null ? (
                <>
                  <b>{item.reported}</b> {item.unit} <span className={page.meta}>unrounded {item.value}</span>
                </>
              ) : (
                <span className={page.meta}>{item.why}</span>
              )}
            </span>
          ))}
          {tried.data === undefined && !tried.isError && (
            <span className={page.muted}>Type values: the server answers with what would be kept and reported.</span>
          )}
        </p>
      </div>
    </section>
  );
}

function duplicatesOf(from: Definition | null): DuplicateRow[] {
  return (from?.analytes ?? []).flatMap(({ key, duplicate }) => (duplicate ? [{ analyte: key, ...duplicate }] : []));
}

function rowOf(analyte: Definition["analytes"][number]): AnalyteRow {
  return {
    ...emptyAnalyte,
    ...Object.fromEntries(
      Object.entries(analyte).flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])),
    ),
    decimals: analyte.decimals === null ? "" : String(analyte.decimals),
    choices: (analyte.choices ?? []).join("; "),
  };
}

/** What is typed, as the API takes it; what the editor has no field for stays as the version before had it. */
function definitionOf(
  from: Definition | null,
  reference: string,
  fields: readonly { key: string; name: string; unit: string }[],
  rows: readonly AnalyteRow[],
  duplicates: readonly DuplicateRow[],
): Definition {
  return {
    ...from,
    reference: reference.trim(),
    fields: fields.map((field) => ({ ...field })),
    analytes: rows.map((row) => {
      const choices = row.choices
        .split(";")
        .map((each) => each.trim())
        .filter((each) => each !== "");
      const known = from?.analytes.find((each) => each.key === row.key);
      return {
        ...known,
        key: row.key.trim(),
        name: row.name.trim(),
        unit: row.unit.trim(),
        kind: row.kind,
        decimals: row.decimals.trim() === "" ? null : Number(row.decimals),
        rule: row.rule,
        quantification: row.quantification.trim() || null,
        detection: row.detection.trim() || null,
        choices,
        formula: row.kind === "calculated" ? row.formula.trim() : null,
        duplicate: criterionOf(duplicates.find((each) => each.analyte === row.key.trim())),
      };
    }),
  };
}

function criterionOf(row: DuplicateRow | undefined): NonNullable<Definition["analytes"][number]["duplicate"]> | null {
  if (row === undefined) return null;
  return {
    difference: row.difference === "relative" ? "relative" : "absolute",
    limit: row.limit.trim(),
    compare: row.compare === "rounded" ? "rounded" : "entered",
  };
}
