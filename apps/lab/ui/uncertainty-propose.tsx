import { Act } from "@probity/web/kit/act.tsx";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { Choice, Field } from "@probity/web/kit/field.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { write } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import css from "./lab.module.css";
import type { MethodVersion } from "./types.ts";
import { uncertaintyApi, type Distribution } from "./uncertainty-types.ts";

type Row = {
  key: number;
  name: string;
  type: "A" | "B";
  distribution: Distribution;
  value: string;
  relative: "absolute" | "relative";
  divisor: string;
  sensitivity: string;
  degrees: string;
};
const fresh = (key: number): Row => ({
  key,
  name: "",
  type: "B",
  distribution: "rectangular",
  value: "",
  relative: "absolute",
  divisor: "1",
  sensitivity: "1",
  degrees: "",
});
const decimal = /^-?\d+(\.\d+)?$/;

/** A new budget: one line a source. It states nothing before another person approved it. */
export function ProposeBudget(props: {
  open: boolean;
  methods: readonly MethodVersion[];
  onClose: () => void;
  onDone: () => void;
}) {
  const choices = props.methods.flatMap((method) =>
    method.definition.analytes
      .filter(({ kind }) => kind !== "text")
      .map(({ key, name }) => ({ value: `${method.id} ${key}`, label: `${method.code} v${method.number} ${name}` })),
  );
  const [chosen, setChosen] = useState("");
  const [rows, setRows] = useState<readonly Row[]>([
    { ...fresh(0), name: "Repeatability", type: "A", distribution: "normal" },
  ]);
  const [coverage, setCoverage] = useState("2");
  const [why, setWhy] = useState("");
  const what = chosen || (choices[0]?.value ?? "");
  const set = (key: number, change: Partial<Row>) =>
    setRows(rows.map((row) => (row.key === key ? { ...row, ...change } : row)));
  const propose = useMutation({
    mutationFn: () => {
      const [methodVersionId, analyte] = what.split(" ");
      return write("POST", uncertaintyApi.make(), {
        methodVersionId,
        analyte,
        coverage: Number(coverage),
        reason: why.trim(),
        components: rows.map((row) => ({
          name: row.name.trim(),
          type: row.type,
          distribution: row.distribution,
          value: Number(row.value),
          relative: row.relative === "relative",
          divisor: Number(row.divisor),
          sensitivity: Number(row.sensitivity),
          degrees: row.degrees.trim() === "" ? null : Number(row.degrees),
        })),
      });
    },
    onSuccess: () => {
      props.onDone();
      props.onClose();
    },
  });
  const bad = rows.find(
    (row) =>
      row.name.trim() === "" || ![row.value, row.divisor, row.sensitivity].every((each) => decimal.test(each.trim())),
  );
  const missing =
    bad !== undefined
      ? "Each source has a name and plain numbers."
      : !decimal.test(coverage)
        ? "The coverage factor is a number, such as 2."
        : why.trim() === ""
          ? "A proposal says why."
          : undefined;
  return (
    <Dialog open={props.open} onClose={props.onClose} title="New uncertainty budget" size={720}>
      <form
        className={page.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (missing === undefined) propose.mutate();
        }}
      >
        {propose.isError && <ProblemNotice problem={asProblem(propose.error)} />}
        <Choice name="budget-what" label="Of" value={what} options={choices} onChange={setChosen} />
        {rows.map((row, index) => (
          <fieldset key={row.key} className={page.sheet}>
            <legend className={page.meta}>Source {index + 1}</legend>
            <div className={css.map}>
              <Field
                name={`source-${row.key}`}
                label="Source"
                value={row.name}
                onChange={(name) => set(row.key, { name })}
              />
              <Choice
                name={`type-${row.key}`}
                label="Type"
                value={row.type}
                options={[
                  { value: "A", label: "A: from a series" },
                  { value: "B", label: "B: from elsewhere" },
                ]}
                onChange={(type) => set(row.key, { type })}
              />
              <Choice
                name={`shape-${row.key}`}
                label="Distribution"
                value={row.distribution}
                options={[
                  { value: "normal", label: "normal" },
                  { value: "rectangular", label: "rectangular, half width" },
                  { value: "triangular", label: "triangular, half width" },
                  { value: "u-shaped", label: "u-shaped, half width" },
                ]}
                onChange={(distribution) => set(row.key, { distribution })}
              />
              <Field
                name={`value-${row.key}`}
                label="Value"
                value={row.value}
                onChange={(value) => set(row.key, { value })}
              />
              <Choice
                name={`relative-${row.key}`}
                label="In"
                value={row.relative}
                options={[
                  { value: "absolute", label: "the result's unit" },
                  { value: "relative", label: "% of the result" },
                ]}
                onChange={(relative) => set(row.key, { relative })}
              />
              {row.distribution === "normal" && (
                <Field
                  name={`divisor-${row.key}`}
                  label="Divided by"
                  value={row.divisor}
                  onChange={(divisor) => set(row.key, { divisor })}
                  hint="1 of a deviation, k of an expanded value."
                />
              )}
              <Field
                name={`sensitivity-${row.key}`}
                label="Sensitivity"
                value={row.sensitivity}
                onChange={(sensitivity) => set(row.key, { sensitivity })}
              />
              <Field
                name={`degrees-${row.key}`}
                label="Degrees of freedom"
                value={row.degrees}
                onChange={(degrees) => set(row.key, { degrees })}
                hint="Empty: taken as known."
              />
            </div>
            {rows.length > 1 && (
              <span>
                <Act look="quiet" onAct={() => setRows(rows.filter(({ key }) => key !== row.key))}>
                  Remove source
                </Act>
              </span>
            )}
          </fieldset>
        ))}
        <span>
          <Act onAct={() => setRows([...rows, fresh(Math.max(...rows.map(({ key }) => key)) + 1)])}>Add source</Act>
        </span>
        <Field name="budget-coverage" label="Coverage factor k" value={coverage} onChange={setCoverage} />
        <Field name="budget-reason" label="Because" value={why} onChange={setWhy} />
        <div>
          <Act look="main" size="form" submit busy={propose.isPending} disabledReason={missing}>
            Propose budget
          </Act>
        </div>
      </form>
    </Dialog>
  );
}
