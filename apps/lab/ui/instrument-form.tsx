import { Act } from "@probity/web/kit/act.tsx";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { Field } from "@probity/web/kit/field.tsx";
import { read, write } from "@probity/web/shell/api.ts";
import { useEdited } from "@probity/web/shell/edited.tsx";
import page from "@probity/web/shell/page.module.css";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import css from "./instrument.module.css";
import { qualityApi, type Instrument } from "./instrument-types.ts";

const labels = {
  number: "Number",
  kind: "Kind",
  name: "Name",
  location: "Place",
  make: "Maker",
  model: "Model",
  serial: "Serial number",
  calibrationMonths: "Calibrated every, months",
  qualificationMonths: "Qualified every, months",
  maintenanceMonths: "Maintained every, months",
} as const;
const names = ["number", "kind", "name", "location", "make", "model", "serial"] as const;
const times = ["calibrationMonths", "qualificationMonths", "maintenanceMonths"] as const;
type Opened = Partial<Instrument> & { readonly version: number };

/** Registers an instrument, or corrects what the register says of one. */
export function InstrumentForm(props: {
  open: boolean;
  known?: Instrument;
  onClose: () => void;
  onDone: (id: string) => void;
}) {
  const { known } = props;
  const [values, setValues] = useState({
    number: known?.number ?? "",
    name: known?.name ?? "",
    kind: known?.kind ?? "",
    make: known?.make ?? "",
    model: known?.model ?? "",
    serial: known?.serial ?? "",
    location: known?.location ?? "",
    calibrationMonths: String(known?.calibrationMonths ?? (known === undefined ? 12 : "")),
    qualificationMonths: String(known?.qualificationMonths ?? ""),
    maintenanceMonths: String(known?.maintenanceMonths ?? ""),
  });
  const set = (name: keyof typeof values) => (value: string) => setValues((before) => ({ ...before, [name]: value }));
  const edited = useEdited<Opened>(
    known ?? { version: 0 },
    () => read<Instrument>(qualityApi.instrument(known?.id ?? "")),
    [...names, ...times].map((name) => ({
      label: labels[name],
      of: (each) => String(each[name] ?? ""),
      mine: values[name],
      take: set(name),
    })),
  );
  const send = useMutation({
    mutationFn: async () => {
      const months = (text: string) => (text.trim() === "" ? null : Number(text));
      const body = {
        number: values.number.trim(),
        name: values.name.trim(),
        kind: values.kind.trim().toLowerCase().replaceAll(/\s+/g, "-"),
        make: values.make.trim() || null,
        model: values.model.trim() || null,
        serial: values.serial.trim() || null,
        location: values.location.trim() || null,
        calibrationMonths: months(values.calibrationMonths),
        qualificationMonths: months(values.qualificationMonths),
        maintenanceMonths: months(values.maintenanceMonths),
      };
      if (known === undefined) return write<{ id: string }>("POST", qualityApi.instruments(), body);
      return write<{ id: string }>("POST", qualityApi.instrument(known.id, "change"), body, {
        version: edited.base.version,
      });
    },
    onError: edited.onError,
    onSuccess: (made) => props.onDone(made.id),
  });
  const field = (name: keyof typeof values, hint?: string) => (
    <Field
      name={name}
      label={labels[name]}
      value={values[name]}
      onChange={set(name)}
      {...(hint === undefined ? {} : { hint })}
    />
  );
  const missing =
    values.number.trim() === "" || values.name.trim() === "" || values.kind.trim() === ""
      ? "Number, name and kind are needed."
      : values.calibrationMonths.trim() === "" && values.qualificationMonths.trim() === ""
        ? "Say how often it is calibrated or qualified."
        : undefined;
  return (
    <Dialog
      open={props.open}
      onClose={props.onClose}
      title={known === undefined ? "Register instrument" : `Correct ${known.number}`}
      size={620}
    >
      <form
        className={page.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (missing === undefined) send.mutate();
        }}
      >
        {send.isError && edited.told(send.error)}
        <div className={css.rows}>
          {field("number", "As on its label, such as BAL-03.")}
          {field("kind", "What methods ask for, such as balance or ph-meter.")}
          {field("name")}
          {field("location")}
          {field("make")}
          {field("model")}
          {field("serial")}
          {field("calibrationMonths")}
          {field("qualificationMonths")}
          {field("maintenanceMonths")}
        </div>
        <p>
          <Act look="main" size="form" submit busy={send.isPending} disabledReason={missing}>
            {known === undefined ? "Register instrument" : "Save correction"}
          </Act>
        </p>
      </form>
    </Dialog>
  );
}
