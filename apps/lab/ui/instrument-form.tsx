import { Act } from "@probity/web/kit/act.tsx";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { Field } from "@probity/web/kit/field.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { write } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import css from "./instrument.module.css";
import { qualityApi, type Instrument } from "./instrument-types.ts";

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
      return write<{ id: string }>("POST", qualityApi.instrument(known.id, "change"), body, { version: known.version });
    },
    onSuccess: (made) => props.onDone(made.id),
  });
  const field = (name: keyof typeof values, label: string, hint?: string) => (
    <Field
      name={name}
      label={label}
      value={values[name]}
      onChange={(value) => setValues((before) => ({ ...before, [name]: value }))}
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
        {send.isError && <ProblemNotice problem={asProblem(send.error)} />}
        <div className={css.rows}>
          {field("number", "Number", "As on its label, such as BAL-03.")}
          {field("kind", "Kind", "What methods ask for, such as balance or ph-meter.")}
          {field("name", "Name")}
          {field("location", "Place")}
          {field("make", "Maker")}
          {field("model", "Model")}
          {field("serial", "Serial number")}
          {field("calibrationMonths", "Calibrated every, months")}
          {field("qualificationMonths", "Qualified every, months")}
          {field("maintenanceMonths", "Maintained every, months")}
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
