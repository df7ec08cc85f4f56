import { Act } from "@probity/web/kit/act.tsx";
import { DateField } from "@probity/web/kit/date-field.tsx";
import { dayFault } from "@probity/web/kit/day.ts";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { Choice, ErrorSummary, Field } from "@probity/web/kit/field.tsx";
import { ownZone } from "@probity/web/kit/time.ts";
import { read, write } from "@probity/web/shell/api.ts";
import type { Page } from "@probity/web/shell/api-types.ts";
import { useEdited } from "@probity/web/shell/edited.tsx";
import page from "@probity/web/shell/page.module.css";
import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { labApi } from "./path.ts";
import type { Named, Sample } from "./types.ts";

/** As a field of day and time takes it: in the reader's own zone. */
function local(instant: string | null): string {
  if (instant === null) return "";
  const at = new Date(instant);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** What a sample was registered with, corrected: only what differs is sent, with the reason; both values stay on the record. */
export function CorrectSample({
  sample,
  ws,
  onClose,
  onDone,
}: {
  sample: Sample;
  ws: string;
  onClose: () => void;
  onDone: () => void;
}) {
  const points = useQuery({
    queryKey: ["lab-points", ws],
    queryFn: () => read<Page<Named>>(labApi.points()),
  });
  const [point, setPoint] = useState(sample.point ?? "");
  const [lot, setLot] = useState(sample.lot ?? "");
  const [sampled, setSampled] = useState(local(sample.sampledAt));
  const [by, setBy] = useState(sample.sampledBy ?? "");
  const [due, setDue] = useState(sample.dueOn ?? "");
  const [priority, setPriority] = useState(sample.priority);
  const [remark, setRemark] = useState(sample.remark ?? "");
  const [reason, setReason] = useState("");
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const edited = useEdited(sample, () => read<Sample>(labApi.sample(sample.id)), [
    { label: "Sampling point", of: (each) => each.point ?? "", mine: point, take: setPoint },
    { label: "Lot", of: (each) => each.lot ?? "", mine: lot, take: setLot },
    { label: "Sampled at", of: (each) => local(each.sampledAt), mine: sampled, take: setSampled },
    { label: "Sampled by", of: (each) => each.sampledBy ?? "", mine: by, take: setBy },
    { label: "Due on", of: (each) => each.dueOn ?? "", mine: due, take: setDue },
    {
      label: "Priority",
      of: (each) => each.priority,
      mine: priority,
      take: (value) => setPriority(value === "urgent" ? "urgent" : "routine"),
    },
    { label: "Remark", of: (each) => each.remark ?? "", mine: remark, take: setRemark },
  ]);
  const said = {
    ...(point === (edited.base.point ?? "")
      ? {}
      : { samplingPointId: points.data?.items.find(({ code }) => code === point)?.id ?? null }),
    ...(lot.trim() === (edited.base.lot ?? "") ? {} : { lot: lot.trim() || null }),
    ...(sampled === local(edited.base.sampledAt) ? {} : { sampledAt: sampled === "" ? null : sampled }),
    ...(by.trim() === (edited.base.sampledBy ?? "") ? {} : { sampledBy: by.trim() || null }),
    ...(due === (edited.base.dueOn ?? "") ? {} : { dueOn: due || null }),
    ...(priority === edited.base.priority ? {} : { priority }),
    ...(remark.trim() === (edited.base.remark ?? "") ? {} : { remark: remark.trim() || null }),
  };
  const correct = useMutation({
    mutationFn: () =>
      write(
        "POST",
        labApi.sample(sample.id, "correct"),
        {
          ...said,
          ...(said.sampledAt ? { sampledAt: new Date(said.sampledAt).toISOString() } : {}),
          reason: reason.trim(),
        },
        { version: edited.base.version },
      ),
    onError: edited.onError,
    onSuccess: onDone,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const [noTime, noDay] = [dayFault(sampled, { time: true }), dayFault(due)];
    const found = {
      ...(noTime === undefined ? {} : { "correct-sampled": noTime }),
      ...(noDay === undefined ? {} : { "correct-due": noDay }),
      ...(reason.trim() === "" ? { "correct-why": "Say why it is corrected." } : {}),
    };
    setWrong(found);
    if (Object.keys(found).length === 0) correct.mutate();
  };
  return (
    <Dialog open onClose={onClose} title={`Correct ${sample.number}`}>
      <form className={page.form} onSubmit={submit} noValidate>
        {correct.isError && edited.told(correct.error)}
        <ErrorSummary errors={wrong} focus />
        <p className={page.muted}>
          What it was stays on the record beside what it becomes. Product, limits and number stay.
        </p>
        <Choice
          name="correct-point"
          label="Sampling point"
          value={point}
          options={[
            { value: "", label: "none" },
            ...(points.data?.items ?? []).map((item) => ({ value: item.code, label: `${item.code}  ${item.name}` })),
          ]}
          onChange={setPoint}
        />
        <Field name="correct-lot" label="Lot" value={lot} onChange={setLot} />
        <DateField
          name="correct-sampled"
          label="Sampled at"
          time
          hint={`Your time, ${ownZone}.`}
          value={sampled}
          onChange={setSampled}
          error={wrong["correct-sampled"]}
        />
        <Field name="correct-by" label="Sampled by" value={by} onChange={setBy} />
        <DateField name="correct-due" label="Due on" value={due} onChange={setDue} error={wrong["correct-due"]} />
        <Choice
          name="correct-priority"
          label="Priority"
          value={priority}
          options={[
            { value: "routine", label: "routine" },
            { value: "urgent", label: "urgent" },
          ]}
          onChange={setPriority}
        />
        <Field name="correct-remark" label="Remark" value={remark} onChange={setRemark} />
        <Field
          name="correct-why"
          label="Why"
          value={reason}
          onChange={setReason}
          hint="Such as: lot typed wrong on the request."
          error={wrong["correct-why"]}
        />
        <div>
          <Act
            look="main"
            size="form"
            submit
            busy={correct.isPending}
            disabledReason={Object.keys(said).length === 0 ? "Nothing is different yet." : undefined}
          >
            Save correction
          </Act>
        </div>
      </form>
    </Dialog>
  );
}
