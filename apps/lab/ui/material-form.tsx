import { Act } from "@probity/web/kit/act.tsx";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { Choice, Field } from "@probity/web/kit/field.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { write } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import css from "./instrument.module.css";
import { qualityApi, type Material } from "./instrument-types.ts";

const kinds = [
  { value: "reagent", label: "Reagent" },
  { value: "reference-standard", label: "Reference standard" },
  { value: "solution", label: "Solution or buffer" },
  { value: "medium", label: "Medium" },
  { value: "consumable", label: "Consumable" },
] as const;
type Kind = (typeof kinds)[number]["value"];

/** Defines a material, whatever lot of it. */
export function MaterialForm(props: { open: boolean; onClose: () => void; onDone: () => void }) {
  const [kind, setKind] = useState<Kind>("reagent");
  const [values, setValues] = useState({ code: "", name: "", unit: "mL", days: "", storage: "" });
  const send = useMutation({
    mutationFn: () =>
      write("POST", qualityApi.materials().replace(/\?.*$/, ""), {
        code: values.code.trim(),
        name: values.name.trim(),
        kind,
        unit: values.unit.trim(),
        afterOpeningDays: values.days.trim() === "" ? null : Number(values.days),
        storage: values.storage.trim() || null,
      }),
    onSuccess: props.onDone,
  });
  const field = (name: keyof typeof values, label: string, hint?: string) => (
    <Field
      name={`material-${name}`}
      label={label}
      value={values[name]}
      onChange={(value) => setValues((before) => ({ ...before, [name]: value }))}
      {...(hint === undefined ? {} : { hint })}
    />
  );
  const missing =
    values.code.trim() === "" || values.name.trim() === "" || values.unit.trim() === ""
      ? "Code, name and unit are needed."
      : undefined;
  return (
    <Dialog open={props.open} onClose={props.onClose} title="Define material" size={560}>
      <form
        className={page.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (missing === undefined) send.mutate();
        }}
      >
        {send.isError && <ProblemNotice problem={asProblem(send.error)} />}
        <div className={css.rows}>
          {field("code", "Code", "What methods ask for, such as BUF-7.")}
          {field("name", "Name")}
          <Choice name="material-kind" label="Kind" value={kind} options={kinds} onChange={setKind} />
          {field("unit", "Counted in", "Such as mL, g or plates.")}
          {field("days", "Days after opening", "Empty where only the label counts.")}
          {field("storage", "Storage")}
        </div>
        <p>
          <Act look="main" size="form" submit busy={send.isPending} disabledReason={missing}>
            Define material
          </Act>
        </p>
      </form>
    </Dialog>
  );
}

/** Receives a lot with its label and certificate. */
export function ReceiveLot(props: {
  open: boolean;
  materials: readonly Material[];
  onClose: () => void;
  onDone: (id: string) => void;
}) {
  const [chosen, setChosen] = useState("");
  const [values, setValues] = useState(() => ({
    number: "",
    supplier: "",
    certificate: "",
    receivedOn: new Date().toISOString().slice(0, 10),
    expiresOn: "",
    quantity: "",
    content: "",
  }));
  const materialId = chosen || (props.materials[0]?.id ?? "");
  const unit = props.materials.find((each) => each.id === materialId)?.unit ?? "";
  const send = useMutation({
    mutationFn: () =>
      write<{ id: string }>("POST", qualityApi.lots(), {
        materialId,
        ...values,
        content: values.content.trim() || null,
      }),
    onSuccess: (made) => props.onDone(made.id),
  });
  const field = (name: keyof typeof values, label: string, hint?: string) => (
    <Field
      name={`lot-${name}`}
      label={label}
      value={values[name]}
      onChange={(value) => setValues((before) => ({ ...before, [name]: value }))}
      {...(hint === undefined ? {} : { hint })}
    />
  );
  const missing = [values.number, values.supplier, values.certificate, values.expiresOn, values.quantity].some(
    (each) => each.trim() === "",
  )
    ? "Lot, supplier, certificate, last day and quantity are needed."
    : undefined;
  return (
    <Dialog open={props.open} onClose={props.onClose} title="Receive lot" size={560}>
      <form
        className={page.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (missing === undefined) send.mutate();
        }}
      >
        {send.isError && <ProblemNotice problem={asProblem(send.error)} />}
        <Choice
          name="lot-material"
          label="Material"
          value={materialId}
          options={props.materials.map((each) => ({ value: each.id, label: `${each.code}  ${each.name}` }))}
          onChange={setChosen}
        />
        <div className={css.rows}>
          {field("number", "Lot", "As on the label.")}
          {field("supplier", "Supplier")}
          {field("certificate", "Certificate")}
          {field("content", "Content", "Such as 99.8 % or 10 mg/mL.")}
          {field("receivedOn", "Received on", "Year-month-day.")}
          {field("expiresOn", "Last day", "Year-month-day.")}
          {field("quantity", unit === "" ? "Quantity" : `Quantity, ${unit}`)}
        </div>
        <p className={page.meta}>It is used once another person has released it.</p>
        <p>
          <Act look="main" size="form" submit busy={send.isPending} disabledReason={missing}>
            Receive lot
          </Act>
        </p>
      </form>
    </Dialog>
  );
}
