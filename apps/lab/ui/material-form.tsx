import { Act } from "@probity/web/kit/act.tsx";
import { DateField } from "@probity/web/kit/date-field.tsx";
import { utcToday } from "@probity/web/kit/day.ts";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { Choice, Field } from "@probity/web/kit/field.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { read, write } from "@probity/web/shell/api.ts";
import { useEdited } from "@probity/web/shell/edited.tsx";
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
const kindOf = (value: string | undefined): Kind => kinds.find((each) => each.value === value)?.value ?? "reagent";
const labels = {
  code: "Code",
  name: "Name",
  unit: "Counted in",
  storage: "Storage",
  afterOpeningDays: "Days after opening",
  reorderAt: "Order at",
} as const;
const names = ["code", "name", "unit", "storage", "afterOpeningDays", "reorderAt"] as const;
type Opened = Partial<Material> & { readonly version: number };

/** Defines a material, whatever lot of it; or changes what is kept of one, with the reason. */
export function MaterialForm(props: {
  open: boolean;
  known?: Material;
  /** Lots of it came in: methods and lots know it by its code and kind. */
  named?: boolean;
  onClose: () => void;
  onDone: () => void;
}) {
  const { known, named = false } = props;
  const [kind, setKind] = useState<Kind>(kindOf(known?.kind));
  const [values, setValues] = useState({
    code: known?.code ?? "",
    name: known?.name ?? "",
    unit: known?.unit ?? "mL",
    afterOpeningDays: String(known?.afterOpeningDays ?? ""),
    storage: known?.storage ?? "",
    reorderAt: String(known?.reorderAt ?? ""),
    reason: "",
  });
  const edited = useEdited<Opened>(known ?? { version: 0 }, () => read<Material>(qualityApi.material(known?.id)), [
    { label: "Kind", of: (each) => each.kind ?? "", mine: kind, take: (value) => setKind(kindOf(value)) },
    ...names.map((name) => ({
      label: labels[name],
      of: (each: Opened) => String(each[name] ?? ""),
      mine: values[name],
      take: (value: string) => setValues((before) => ({ ...before, [name]: value })),
    })),
  ]);
  const written = {
    code: values.code.trim(),
    name: values.name.trim(),
    kind,
    unit: values.unit.trim(),
    afterOpeningDays: values.afterOpeningDays.trim() === "" ? null : Number(values.afterOpeningDays),
    storage: values.storage.trim() || null,
    reorderAt: values.reorderAt.trim() === "" ? null : Number(values.reorderAt),
  };
  // What nobody touched is not sent.
  const touched = Object.fromEntries(
    Object.entries(written).filter(([name, value]) => known === undefined || Reflect.get(edited.base, name) !== value),
  );
  const send = useMutation({
    mutationFn: () =>
      known === undefined
        ? write("POST", qualityApi.material(), written)
        : write(
            "PATCH",
            qualityApi.material(known.id),
            { ...touched, reason: values.reason.trim() },
            { version: edited.base.version },
          ),
    onError: edited.onError,
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
  const number = (text: string, whole: boolean) =>
    text.trim() === "" || (Number(text) > 0 && (!whole || Number.isInteger(Number(text))));
  const missing =
    written.code === "" || written.name === "" || written.unit === ""
      ? "Code, name and unit are needed."
      : !number(values.afterOpeningDays, true)
        ? "Days after opening is a whole number, or empty."
        : !number(values.reorderAt, false)
          ? "Order at is a number above 0 with a point, or empty."
          : known === undefined
            ? undefined
            : Object.keys(touched).length === 0
              ? "Nothing is touched."
              : values.reason.trim() === ""
                ? "A change says why."
                : undefined;
  return (
    <Dialog
      open={props.open}
      onClose={props.onClose}
      title={known === undefined ? "Define material" : `Change ${known.code}`}
      size={560}
    >
      <form
        className={page.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (missing === undefined) send.mutate();
        }}
      >
        {send.isError && edited.told(send.error)}
        {named && (
          <p className={page.muted}>
            Lots of it came in, so it stays {known?.code},{" "}
            {kinds.find((each) => each.value === kind)?.label.toLowerCase()}: methods ask for it by that name. A lot
            keeps the unit it was received in.
          </p>
        )}
        <div className={css.rows}>
          {!named && field("code", labels.code, "What methods ask for, such as BUF-7.")}
          {field("name", labels.name)}
          {!named && <Choice name="material-kind" label="Kind" value={kind} options={kinds} onChange={setKind} />}
          {field("unit", labels.unit, "Such as mL, g or plates.")}
          {field("afterOpeningDays", labels.afterOpeningDays, "Empty where only the label counts.")}
          {field("storage", labels.storage)}
          {field(
            "reorderAt",
            `${labels.reorderAt}, ${values.unit.trim() || "in its unit"}`,
            "When less than this may be used.",
          )}
        </div>
        {known !== undefined && field("reason", "Why", "Such as: the supplier changed the bottle.")}
        <p>
          <Act look="main" size="form" submit busy={send.isPending} disabledReason={missing}>
            {known === undefined ? "Define material" : "Save change"}
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
    receivedOn: utcToday(),
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
  const day = (name: "receivedOn" | "expiresOn", label: string, bounds: { min?: string; max?: string }) => (
    <DateField
      name={`lot-${name}`}
      label={label}
      value={values[name]}
      onChange={(value) => setValues((before) => ({ ...before, [name]: value }))}
      {...bounds}
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
          {day("receivedOn", "Received on", { max: utcToday() })}
          {day("expiresOn", "Last day", { min: values.receivedOn })}
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
