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
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { EditGrid } from "./edit-grid.tsx";
import { inspectApi } from "./inspect-path.ts";
import css from "./master.module.css";
import type { Limit } from "./master-types.ts";
import { limitRowFault } from "./typed-fault.ts";
import type { MethodVersion } from "./types.ts";

const ends = [
  { value: "", label: "with the end" },
  { value: "open", label: "without it" },
];
const compares = [
  { value: "entered", label: "as entered" },
  { value: "rounded", label: "as reported" },
];
const empty = {
  of: "",
  low: "",
  lowOpen: "",
  high: "",
  highOpen: "",
  warnLow: "",
  warnHigh: "",
  texts: "",
  compare: "entered",
  guard: "",
};
type Row = typeof empty;

/** Limits of a specification's next version, typed like a sheet. */
export function LimitEditor(props: {
  /** Null where the specification itself is to be made: then `make` sends it. */
  id: string | null;
  from: readonly Limit[];
  methods: readonly MethodVersion[];
  make?: (sent: { limits: Limit[]; reason: string; effectiveOn: string | null }) => Promise<unknown>;
  /** What is not said yet beside the limits. */
  missing?: string | undefined;
  onMade: () => void;
  onClose: () => void;
}) {
  const [rows, setRows] = useState<Row[]>(props.from.length === 0 ? [{ ...empty }] : props.from.map(rowOf));
  const [reason, setReason] = useState("");
  const [day, setDay] = useState("");
  const options = [
    { value: "", label: "Choose" },
    ...props.methods.flatMap((method) =>
      method.definition.analytes.map((analyte) => ({
        value: `${method.methodId} ${analyte.key}`,
        label: `${analyte.name} (${method.code})`,
      })),
    ),
  ];
  const save = useMutation({
    mutationFn: () => {
      const effectiveOn = day.trim() === "" ? null : day.trim();
      const sent = { limits: rows.map(limitOf), reason: reason.trim(), effectiveOn };
      return props.id === null && props.make !== undefined
        ? props.make(sent)
        : write("POST", inspectApi.versions("specifications", props.id ?? ""), sent);
    },
    onSuccess: props.onMade,
  });
  const fault = limitRowFault(rows);
  const missing = props.missing ?? fault;
  return (
    <form
      className={css.editor}
      onSubmit={(event) => {
        event.preventDefault();
        if (reason.trim() !== "" && missing === undefined) save.mutate();
      }}
    >
      {save.isError && <ProblemNotice problem={asProblem(save.error)} />}
      <EditGrid
        caption="Limits"
        words="Add a limit"
        rows={rows}
        empty={empty}
        onChange={setRows}
        columns={[
          { key: "of", title: "Determination", options, width: "210px" },
          { key: "low", title: "Low", decimal: true },
          { key: "lowOpen", title: "Low end", options: ends, width: "112px" },
          { key: "high", title: "High", decimal: true },
          { key: "highOpen", title: "High end", options: ends, width: "112px" },
          { key: "warnLow", title: "Warn below", decimal: true },
          { key: "warnHigh", title: "Warn above", decimal: true },
          { key: "texts", title: "Texts, by semicolon", width: "130px" },
          { key: "compare", title: "Compared", options: compares, width: "112px" },
          { key: "guard", title: "Guard, k · U", decimal: true, width: "92px" },
        ]}
      />
      <div className={css.short}>
        <DateField
          name="limit-day"
          label="In force from"
          hint="Empty: at once. The day begins at midnight UTC."
          min={utcToday()}
          value={day}
          onChange={setDay}
        />
        <Field name="limit-reason" label="Why a new version" value={reason} onChange={setReason} />
      </div>
      <Notice tone="none">
        A guard band keeps w = k · U clear inside each end of a limit, U being the expanded uncertainty of the result:
        write 1 for U, or another k up to 3. Empty is simple acceptance, w = 0. Within the band a result is a
        conditional pass or fail; one without an uncertainty passes nothing (ILAC-G8:09/2019, 4.2.3).
      </Notice>
      <Notice tone="none">
        New versions: <PolicyLimit name="lab.masterApproval" />. Samples that are registered keep the limits they have.
      </Notice>
      <p role="status" className={css.fault}>
        {rows.some((row) => row.of !== "" || row.low !== "" || row.high !== "") ? fault : ""}
      </p>
      <div className={page.row}>
        <Act
          look="main"
          size="form"
          submit
          busy={save.isPending}
          disabledReason={missing ?? (reason.trim() === "" ? "A new version says why." : undefined)}
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

function rowOf(limit: Limit): Row {
  return {
    of: `${limit.methodId} ${limit.analyte}`,
    low: limit.low ?? "",
    lowOpen: limit.lowOpen === true ? "open" : "",
    high: limit.high ?? "",
    highOpen: limit.highOpen === true ? "open" : "",
    warnLow: limit.warnLow ?? "",
    warnHigh: limit.warnHigh ?? "",
    texts: (limit.texts ?? []).join("; "),
    compare: limit.compare,
    guard: limit.decision?.factor ?? "",
  };
}
function limitOf(row: Row): Limit {
  const [methodId = "", analyte = ""] = row.of.split(" ");
  const texts = row.texts
    .split(";")
    .map((each) => each.trim())
    .filter((each) => each !== "");
  return {
    methodId,
    analyte,
    low: row.low.trim() || null,
    lowOpen: row.lowOpen === "open",
    high: row.high.trim() || null,
    highOpen: row.highOpen === "open",
    warnLow: row.warnLow.trim() || null,
    warnHigh: row.warnHigh.trim() || null,
    ...(texts.length === 0 ? {} : { texts }),
    compare: row.compare,
    ...(row.guard.trim() === "" ? {} : { decision: { rule: "guarded", factor: row.guard.trim() } }),
  };
}
